//! The plot types of `twoway`: their syntax, and the shapes that the rows of the data give.

use super::numbers::{self, Kernel};
use super::plot_options::{Connect, Group, Height, PlotOptions};
use crate::error::{Result, StataError};
use crate::graph::{Bar, Range, Series, Shape, TextMark};
use crate::session::{Session, Weights};
use crate::syntax::WeightKind;
use crate::value::is_missing;

/// A plot type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Scatter,
    Line,
    Connected,
    Area,
    Bar,
    Spike,
    Dropline,
    RArea,
    RBar,
    RCap,
    RSpike,
    RLine,
    RScatter,
    RConnected,
    Function,
    /// Degree, and whether the interval is drawn too.
    Fit(usize, bool),
    Lowess,
    KDensity,
    Histogram,
    ScatterI,
    TsLine,
}

/// Names with their shortest abbreviations.
const NAMES: &[(&str, usize, Kind)] = &[
    ("scatter", 2, Kind::Scatter),
    ("line", 4, Kind::Line),
    ("connected", 3, Kind::Connected),
    ("area", 4, Kind::Area),
    ("bar", 3, Kind::Bar),
    ("spike", 5, Kind::Spike),
    ("dropline", 5, Kind::Dropline),
    ("rarea", 5, Kind::RArea),
    ("rbar", 4, Kind::RBar),
    ("rcap", 4, Kind::RCap),
    ("rspike", 6, Kind::RSpike),
    ("rline", 5, Kind::RLine),
    ("rscatter", 8, Kind::RScatter),
    ("rconnected", 4, Kind::RConnected),
    ("function", 4, Kind::Function),
    ("lfit", 4, Kind::Fit(1, false)),
    ("lfitci", 6, Kind::Fit(1, true)),
    ("qfit", 4, Kind::Fit(2, false)),
    ("qfitci", 6, Kind::Fit(2, true)),
    ("lowess", 6, Kind::Lowess),
    ("kdensity", 4, Kind::KDensity),
    ("histogram", 4, Kind::Histogram),
    ("scatteri", 8, Kind::ScatterI),
    ("tsline", 6, Kind::TsLine),
];

/// Plot types of Stata that this engine does not have.
const UNSUPPORTED: &[&str] = &[
    "dot", "rcapsym", "pcspike", "pccapsym", "pcarrow", "pcbarrow", "pcscatter", "pci", "pcarrowi", "tsrline",
    "contour", "contourline", "heatmap", "mband", "mspline", "fpfit", "fpfitci", "lpoly", "lpolyci", "mrspline",
];

/// Finds a plot type; r(199) for those that Stata has and this engine has not.
pub(super) fn find(word: &str) -> Result<Kind> {
    let exact = NAMES.iter().find(|(name, _, _)| *name == word);
    let found = exact.or_else(|| NAMES.iter().find(|(name, least, _)| word.len() >= *least && name.starts_with(word)));
    match found {
        Some((_, _, kind)) => Ok(*kind),
        None if UNSUPPORTED.contains(&word) => {
            Err(StataError::new(199, format!("plot type {word} is not supported by the open engine")))
        }
        None => Err(StataError::invalid(format!("{word} is not a twoway plot type"))),
    }
}

impl Kind {
    /// Option groups that the type takes.
    pub(super) fn options(self) -> &'static [Group] {
        use Group::{Bar, Base, Bins, Connect, Fill, Horizontal, Interval, Kernel, Line, Lowess, Marker, Range, Sort};
        match self {
            Self::Scatter => &[Marker, Line, Connect, Sort],
            Self::Line | Self::TsLine => &[Line, Connect, Sort],
            Self::Connected => &[Marker, Line, Connect, Sort],
            Self::Area => &[Line, Fill, Sort, Base],
            Self::Bar => &[Line, Fill, Bar, Base, Horizontal],
            Self::Spike => &[Line, Base, Horizontal],
            Self::Dropline => &[Marker, Line, Base, Horizontal],
            Self::RArea => &[Line, Fill, Sort],
            Self::RBar => &[Line, Fill, Bar, Horizontal],
            Self::RCap | Self::RSpike => &[Line, Horizontal],
            Self::RLine => &[Line, Sort],
            Self::RScatter => &[Marker, Line],
            Self::RConnected => &[Marker, Line, Sort],
            Self::Function => &[Line, Range],
            Self::Fit(_, false) => &[Line, Range],
            Self::Fit(_, true) => &[Line, Fill, Range, Interval],
            Self::Lowess => &[Line, Lowess],
            Self::KDensity => &[Line, Range, Lowess, Kernel],
            Self::Histogram => &[Line, Fill, Bins, Horizontal],
            Self::ScatterI => &[Marker, Line],
        }
    }

    /// Least and most number of variables.
    pub(super) fn variables(self) -> (usize, usize) {
        match self {
            Self::Scatter | Self::Line | Self::Connected => (2, 100),
            Self::TsLine => (1, 100),
            Self::Area | Self::Bar | Self::Spike | Self::Dropline | Self::Fit(..) | Self::Lowess => (2, 2),
            Self::RArea | Self::RBar | Self::RCap | Self::RSpike => (3, 3),
            Self::RLine | Self::RScatter | Self::RConnected => (3, 3),
            Self::KDensity | Self::Histogram => (1, 1),
            Self::Function | Self::ScatterI => (0, 0),
        }
    }
}

/// One plot as it was asked for.
#[derive(Debug, Clone)]
pub(super) struct Plot {
    pub(super) kind: Kind,
    /// y variables then x.
    pub(super) vars: Vec<usize>,
    /// The curve of `function`.
    pub(super) curve: Vec<(f64, f64)>,
    /// Points of `scatteri`.
    pub(super) immediate: Vec<TextMark>,
    /// Rows selected by `if` and `in`.
    pub(super) rows: Vec<bool>,
    pub(super) weights: Option<Weights>,
    pub(super) options: PlotOptions,
}

/// What a plot draws in one panel.
#[derive(Debug, Default)]
pub(super) struct Drawn {
    pub(super) series: Vec<Series>,
    pub(super) texts: Vec<TextMark>,
}

impl Drawn {
    /// Adds a series with the look of the `at`-th y variable.
    fn push(&mut self, plot: &Plot, at: usize, number: usize, label: String, filled: bool, shape: Shape) {
        let (style, pstyle) = plot.options.style(at, filled);
        self.series.push(Series { label, number: pstyle.unwrap_or(number), shape, style });
    }
}

impl Plot {
    /// Name of a variable for titles and legends: its label or its name.
    pub(super) fn label(session: &Session, variable: usize) -> String {
        let v = session.frame.var(variable);
        if v.label.is_empty() { v.name.clone() } else { v.label.clone() }
    }

    /// The y title that this plot asks for.
    pub(super) fn y_title(&self, session: &Session) -> Option<String> {
        match self.kind {
            Kind::Function => Some("y".into()),
            Kind::ScatterI => None,
            Kind::KDensity => Some("Density".into()),
            Kind::Histogram => Some(height_title(self.options.height).into()),
            Kind::TsLine => Some(Self::label(session, self.vars[0])).filter(|_| self.vars.len() == 1),
            Kind::Scatter | Kind::Line | Kind::Connected if self.vars.len() != 2 => None,
            _ if self.vars.len() == 3 => {
                Some(format!("{}/{}", Self::label(session, self.vars[0]), Self::label(session, self.vars[1])))
            }
            _ => Some(Self::label(session, self.vars[0])),
        }
    }

    /// The x variable.
    pub(super) fn x(&self, session: &Session) -> Option<usize> {
        match self.kind {
            Kind::TsLine => crate::tsset::Panel::of(&session.frame).ok().and_then(|p| p.time),
            _ => self.vars.last().copied(),
        }
    }

    /// True when categories lie on the vertical axis.
    pub(super) fn horizontal(&self) -> bool {
        self.options.horizontal
    }

    /// Rows of a panel that have all numbers, with their values by variable and their weight.
    fn values(&self, session: &Session, vars: &[usize], panel: &[bool]) -> Result<Vec<(Vec<f64>, f64, usize)>> {
        let columns = vars.iter().map(|&v| session.frame.numeric(v)).collect::<Result<Vec<_>>>()?;
        let mut out = Vec::new();
        for row in (0..session.frame.n_rows()).filter(|&r| self.rows[r] && panel[r]) {
            let values: Vec<f64> = columns.iter().map(|c| c[row]).collect();
            if values.iter().all(|v| !is_missing(*v)) {
                let weight = self.weights.as_ref().map_or(1.0, |w| w.values[row]);
                out.push((values, weight, row));
            }
        }
        Ok(out)
    }

    /// Marks the rows that the plot uses.
    pub(super) fn mark_used(&self, session: &Session, used: &mut [bool]) -> Result<()> {
        let all = vec![true; used.len()];
        let x = self.x(session);
        let lists: Vec<Vec<usize>> = match self.kind {
            Kind::Function | Kind::ScatterI => Vec::new(),
            Kind::Scatter | Kind::Line | Kind::Connected | Kind::TsLine => {
                let ys = &self.vars[..self.y_count()];
                ys.iter().map(|&y| [Some(y), x].into_iter().flatten().collect()).collect()
            }
            _ => vec![self.vars.clone()],
        };
        for vars in lists {
            for (_, _, row) in self.values(session, &vars, &all)? {
                used[row] = true;
            }
        }
        Ok(())
    }

    fn y_count(&self) -> usize {
        match self.kind {
            Kind::TsLine => self.vars.len(),
            _ => self.vars.len().saturating_sub(1),
        }
    }

    /// Draws the rows of a panel; `number` is that of the plot's first series.
    pub(super) fn draw(&self, session: &Session, panel: &[bool], number: usize) -> Result<Drawn> {
        let mut drawn = Drawn::default();
        match self.kind {
            Kind::Scatter | Kind::Line | Kind::Connected | Kind::TsLine => {
                self.draw_points(session, panel, number, &mut drawn)?;
            }
            Kind::Area | Kind::Bar | Kind::Spike | Kind::Dropline => self.draw_based(session, panel, number, &mut drawn)?,
            Kind::RArea | Kind::RBar | Kind::RCap | Kind::RSpike | Kind::RLine | Kind::RScatter | Kind::RConnected => {
                self.draw_ranges(session, panel, number, &mut drawn)?;
            }
            Kind::Function => {
                let points = self.curve.clone();
                drawn.push(self, 0, number, "y".into(), false, Shape::Line { points, step: false });
            }
            Kind::Fit(degree, interval) => self.draw_fit(session, panel, number, degree, interval, &mut drawn)?,
            Kind::Lowess => {
                let mut points = self.points(session, panel)?;
                points.sort_by(|a, b| a.0.total_cmp(&b.0));
                let width = self.options.bandwidth.unwrap_or(0.8);
                let smooth = numbers::lowess(&points, width, self.options.running_mean, self.options.unweighted);
                let name = |v: usize| session.frame.var(v).name.clone();
                let label = format!("lowess {} {}", name(self.vars[0]), name(self.vars[1]));
                drawn.push(self, 0, number, label, false, Shape::Line { points: smooth, step: false });
            }
            Kind::KDensity => self.draw_density(session, panel, number, &mut drawn)?,
            Kind::Histogram => self.draw_histogram(session, panel, number, &mut drawn)?,
            Kind::ScatterI => {
                let points = self.immediate.iter().map(|m| (m.x, m.y)).collect();
                drawn.push(self, 0, number, String::new(), false, Shape::Points { points });
                drawn.texts.extend(self.immediate.iter().filter(|m| !m.text.is_empty()).cloned());
            }
        }
        Ok(drawn)
    }

    /// x and y of the complete rows of a two-variable plot.
    fn points(&self, session: &Session, panel: &[bool]) -> Result<Vec<(f64, f64)>> {
        let rows = self.values(session, &self.vars, panel)?;
        Ok(rows.into_iter().map(|(v, _, _)| (v[1], v[0])).collect())
    }

    fn draw_points(&self, session: &Session, panel: &[bool], number: usize, drawn: &mut Drawn) -> Result<()> {
        let x = self.x(session).ok_or_else(|| StataError::new(459, "time variable not set, use tsset varname ..."))?;
        for at in 0..self.y_count() {
            let y = self.vars[at];
            let (xs, ys) = (session.frame.numeric(x)?, session.frame.numeric(y)?);
            let mut rows: Vec<usize> = (0..session.frame.n_rows())
                .filter(|&r| self.rows[r] && panel[r] && !is_missing(xs[r]))
                .filter(|&r| self.options.break_at_missing || !is_missing(ys[r]))
                .collect();
            self.sort_rows(session, x, &mut rows);
            let value = |r: usize| if is_missing(ys[r]) { f64::NAN } else { ys[r] };
            let points: Vec<(f64, f64)> = rows.iter().map(|&r| (xs[r], value(r))).collect();
            let label = Self::label(session, y);
            let step = self.options.connect == Some(Connect::Stairs);
            let joined = self.options.connect != Some(Connect::Nothing);
            let shape = match self.kind {
                Kind::Scatter if self.options.connect.is_none() || !joined => Shape::Points { points },
                Kind::Line | Kind::TsLine if joined => Shape::Line { points, step },
                Kind::Line | Kind::TsLine => Shape::Points { points },
                _ if !joined => Shape::Points { points },
                _ if step => {
                    let line = Shape::Line { points: points.clone(), step };
                    drawn.push(self, at, number + at, String::new(), false, line);
                    Shape::Points { points }
                }
                _ => Shape::Connected { points },
            };
            drawn.push(self, at, number + at, label, false, shape);
            if let Some(&variable) = self.options.labels.get(at).or(self.options.labels.last()) {
                self.label_points(session, variable, &rows, (&xs, &ys), number + at, drawn);
            }
        }
        Ok(())
    }

    fn label_points(
        &self,
        session: &Session,
        variable: usize,
        rows: &[usize],
        (xs, ys): (&[f64], &[f64]),
        number: usize,
        drawn: &mut Drawn,
    ) {
        let color = self.options.label_color.or(drawn.series.last().and_then(|s| s.style.color));
        for &row in rows.iter().filter(|&&r| !is_missing(ys[r])) {
            drawn.texts.push(TextMark {
                x: xs[row],
                y: ys[row],
                text: super::groups::value_text(session, variable, row),
                clock: self.options.label_clock.unwrap_or(3),
                color: color.or(Some(crate::graph::palette(number))),
                size: self.options.label_size,
            });
        }
    }

    /// Sorts rows by x with `sort`, by the given variables with `sort()`; rows keep their order otherwise.
    fn sort_rows(&self, session: &Session, x: usize, rows: &mut [usize]) {
        if let Some(by) = &self.options.sort {
            let keys = if by.is_empty() { vec![x] } else { by.clone() };
            rows.sort_by(|&a, &b| {
                let orders = keys.iter().map(|&k| session.frame.compare(k, a, b));
                orders.fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then)
            });
        } else if self.kind == Kind::TsLine {
            rows.sort_by(|&a, &b| session.frame.compare(x, a, b));
        }
    }

    fn draw_based(&self, session: &Session, panel: &[bool], number: usize, drawn: &mut Drawn) -> Result<()> {
        let mut points = self.points(session, panel)?;
        let label = Self::label(session, self.vars[0]);
        let (base, horizontal) = (self.options.base, self.options.horizontal);
        let width = self.options.bar_width.unwrap_or(1.0);
        let spikes = |points: &[(f64, f64)]| {
            let range = |&(at, to): &(f64, f64)| Range { at, low: base.min(to), high: base.max(to) };
            Shape::Ranges { ranges: points.iter().map(range).collect(), caps: false, horizontal }
        };
        match self.kind {
            Kind::Area => {
                if self.options.sort.is_some() {
                    points.sort_by(|a, b| a.0.total_cmp(&b.0));
                }
                drawn.push(self, 0, number, label, true, Shape::Area { points, base });
            }
            Kind::Bar => {
                let bars = points.iter().map(|&(at, to)| Bar { at, from: base, to, width }).collect();
                drawn.push(self, 0, number, label, true, Shape::Bars { bars, horizontal });
            }
            Kind::Spike => drawn.push(self, 0, number, label, false, spikes(&points)),
            _ => {
                drawn.push(self, 0, number, String::new(), false, spikes(&points));
                let flipped = |&(a, b): &(f64, f64)| if horizontal { (b, a) } else { (a, b) };
                let points = points.iter().map(flipped).collect();
                drawn.push(self, 0, number, label, false, Shape::Points { points });
            }
        }
        Ok(())
    }

    fn draw_ranges(&self, session: &Session, panel: &[bool], number: usize, drawn: &mut Drawn) -> Result<()> {
        let rows = self.values(session, &self.vars, panel)?;
        let mut ranges: Vec<Range> = rows
            .into_iter()
            .map(|(v, _, _)| Range { at: v[2], low: v[0].min(v[1]), high: v[0].max(v[1]) })
            .collect();
        if self.options.sort.is_some() {
            ranges.sort_by(|a, b| a.at.total_cmp(&b.at));
        }
        let names = [self.vars[0], self.vars[1]].map(|v| Self::label(session, v));
        let label = names.join("/");
        let horizontal = self.options.horizontal;
        let ends = || [ranges.iter().map(|r| (r.at, r.low)).collect(), ranges.iter().map(|r| (r.at, r.high)).collect()];
        match self.kind {
            Kind::RArea => drawn.push(self, 0, number, label, true, Shape::Band { ranges }),
            Kind::RBar => {
                let width = self.options.bar_width.unwrap_or(1.0);
                let bars = ranges.iter().map(|r| Bar { at: r.at, from: r.low, to: r.high, width }).collect();
                drawn.push(self, 0, number, label, true, Shape::Bars { bars, horizontal });
            }
            Kind::RCap | Kind::RSpike => {
                let caps = self.kind == Kind::RCap;
                drawn.push(self, 0, number, label, false, Shape::Ranges { ranges, caps, horizontal });
            }
            _ => {
                for (at, points) in ends().into_iter().enumerate() {
                    let shape = match self.kind {
                        Kind::RLine => Shape::Line { points, step: false },
                        Kind::RScatter => Shape::Points { points },
                        _ => Shape::Connected { points },
                    };
                    let label = if at == 0 { label.clone() } else { String::new() };
                    drawn.push(self, 0, number, label, false, shape);
                }
            }
        }
        Ok(())
    }

    fn draw_fit(
        &self,
        session: &Session,
        panel: &[bool],
        number: usize,
        degree: usize,
        interval: bool,
        drawn: &mut Drawn,
    ) -> Result<()> {
        let rows = self.values(session, &self.vars, panel)?;
        let points: Vec<_> = rows.iter().map(|(v, _, _)| (v[1], v[0])).collect();
        let weights: Vec<f64> = rows.iter().map(|r| r.1).collect();
        let frequency = self.weights.as_ref().is_some_and(|w| w.kind == WeightKind::Frequency);
        let Some(fit) = numbers::Polynomial::fit(&points, &weights, frequency, degree) else {
            return if points.is_empty() { Ok(()) } else { Err(StataError::standard(2001)) };
        };
        let ends = points.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), p| (a.min(p.0), b.max(p.0)));
        let (low, high) = self.options.range.unwrap_or(ends);
        let n = self.options.points.unwrap_or(if degree == 1 && !interval { 3 } else { 100 }).max(2);
        let xs: Vec<f64> = (0..n).map(|i| low + (high - low) * i as f64 / (n - 1) as f64).collect();
        if interval {
            let level = self.options.level.unwrap_or(session.settings.level);
            let half = |x: f64| fit.half_width(x, level, self.options.forecast);
            let ranges = xs
                .iter()
                .map(|&at| Range { at, low: fit.at(at) - half(at), high: fit.at(at) + half(at) })
                .collect();
            let label = format!("{}% CI", crate::graph::ticks::texts(&[level])[0]);
            drawn.push(self, 0, number, label, true, Shape::Band { ranges });
        }
        if !self.options.no_fit {
            let points = xs.iter().map(|&x| (x, fit.at(x))).collect();
            drawn.push(self, 0, number, "Fitted values".into(), false, Shape::Line { points, step: false });
        }
        Ok(())
    }

    /// Sorted values of one variable with their weights.
    pub(super) fn sorted_values(&self, session: &Session, panel: &[bool]) -> Result<Vec<(f64, f64)>> {
        let rows = self.values(session, &self.vars[..1], panel)?;
        let mut values: Vec<(f64, f64)> = rows.into_iter().map(|(v, w, _)| (v[0], w)).collect();
        values.sort_by(|a, b| a.0.total_cmp(&b.0));
        Ok(values)
    }

    fn draw_density(&self, session: &Session, panel: &[bool], number: usize, drawn: &mut Drawn) -> Result<()> {
        let values = self.sorted_values(session, panel)?;
        if values.len() < 2 {
            return Ok(());
        }
        let kernel = kernel(self.options.kernel.as_deref())?;
        let width = self.options.bandwidth.unwrap_or_else(|| numbers::bandwidth(&values));
        let n = self.options.points.unwrap_or(values.len().min(300));
        let at = match self.options.range {
            Some((low, high)) => (0..n).map(|i| low + (high - low) * i as f64 / (n - 1).max(1) as f64).collect(),
            None => numbers::density_grid(&values, n, width),
        };
        let points = at.iter().copied().zip(numbers::density(&values, &at, width, kernel)).collect();
        let label = format!("kdensity {}", session.frame.var(self.vars[0]).name);
        drawn.push(self, 0, number, label, false, Shape::Line { points, step: false });
        Ok(())
    }

    fn draw_histogram(&self, session: &Session, panel: &[bool], number: usize, drawn: &mut Drawn) -> Result<()> {
        let values = self.sorted_values(session, panel)?;
        let Some(bins) = super::histogram::Bins::of(&values, &self.options)? else { return Ok(()) };
        let bars = bins.bars(&values, self.options.height.unwrap_or(Height::Density));
        let label = height_title(self.options.height).to_owned();
        let shape = Shape::Bars { bars, horizontal: self.options.horizontal };
        drawn.push(self, 0, number, label, true, shape);
        Ok(())
    }
}

/// The kernel of an option, Epanechnikov without one.
pub(super) fn kernel(name: Option<&str>) -> Result<Kernel> {
    match name {
        None => Ok(Kernel::Epanechnikov),
        Some(name) => Kernel::parse(name).ok_or_else(|| StataError::invalid(format!("{name} is not a kernel"))),
    }
}

/// Title of the axis of a histogram's heights.
pub(super) fn height_title(height: Option<Height>) -> &'static str {
    match height {
        None | Some(Height::Density) => "Density",
        Some(Height::Fraction) => "Fraction",
        Some(Height::Percent) => "Percent",
        Some(Height::Frequency) => "Frequency",
    }
}
