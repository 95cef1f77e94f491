//! The shapes that the rows of the data give for each plot type of `twoway`.

use super::numbers;
use super::plot_options::{Connect, Height};
use super::plots::{Kind, Plot, height_title, kernel};
use crate::error::{Result, StataError};
use crate::session::Session;
use crate::syntax::WeightKind;
use crate::value::is_missing;
use estimators::smoothing::lowess;
use figure::{Bar, Range, Series, Shape, TextMark};

/// Drawing of a plot in one panel.
#[derive(Debug, Default)]
pub(super) struct Drawn {
    pub(super) series: Vec<Series>,
    pub(super) texts: Vec<TextMark>,
}

impl Drawn {
    /// Adds a series with the look of the `at`-th y variable.
    fn push(&mut self, plot: &Plot, at: usize, number: usize, label: String, filled: bool, shape: Shape) {
        let (style, number) = plot.options.look(at, filled, number);
        self.series.push(Series { label, number, shape, style });
    }
}

impl Plot {
    /// Draws the rows of a panel; `number` is that of the plot's first series.
    pub(super) fn draw(&self, session: &Session, panel: &[bool], number: usize) -> Result<Drawn> {
        let mut drawn = Drawn::default();
        match self.kind {
            Kind::Scatter | Kind::Line | Kind::Connected | Kind::TsLine => {
                self.draw_points(session, panel, number, &mut drawn)?;
            }
            Kind::Area | Kind::Bar | Kind::Spike | Kind::Dropline => {
                self.draw_based(session, panel, number, &mut drawn)?
            }
            Kind::RArea
            | Kind::RBar
            | Kind::RCap
            | Kind::RSpike
            | Kind::RLine
            | Kind::RScatter
            | Kind::RConnected => {
                self.draw_ranges(session, panel, number, &mut drawn)?;
            }
            Kind::Function => {
                let points = self.curve.clone();
                let area = self.options.recast == Some(Kind::Area);
                let shape = match area {
                    true => Shape::Area { points, base: self.options.base },
                    false => Shape::Line { points, step: false },
                };
                drawn.push(self, 0, number, self.curve_name.clone(), area, shape);
            }
            Kind::Fit(degree, interval) => {
                self.draw_fit(session, panel, number, degree, interval, &mut drawn)?
            }
            Kind::Lowess => {
                let mut points = self.points(session, panel)?;
                points.sort_by(|a, b| a.0.total_cmp(&b.0));
                let width = self.options.bandwidth.unwrap_or(0.8);
                let smooth = lowess(&points, width, self.options.running_mean, self.options.unweighted);
                let name = |v: usize| session.frame.var(v).name.clone();
                let label = format!("lowess {} {}", name(self.vars[0]), name(self.vars[1]));
                drawn.push(self, 0, number, label, false, Shape::Line { points: smooth, step: false });
            }
            Kind::KDensity => self.draw_density(session, panel, number, &mut drawn)?,
            Kind::Histogram => self.draw_histogram(session, panel, number, &mut drawn)?,
            Kind::ScatterI => {
                let points = self.immediate.iter().map(|m| (m.x, m.y)).collect();
                let shape = match self.options.recast {
                    Some(Kind::Line) => Shape::Line { points, step: false },
                    Some(Kind::Connected) => Shape::Connected { points },
                    _ => Shape::Points { points },
                };
                drawn.push(self, 0, number, String::new(), false, shape);
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
        let x = self
            .x(session)
            .ok_or_else(|| StataError::new(459, "time variable not set, use tsset varname ..."))?;
        for at in 0..self.y_count() {
            let y = self.vars[at];
            let (xs, ys) = (session.frame.numeric(x)?, session.frame.numeric(y)?);
            let mut rows: Vec<usize> = (0..session.frame.n_rows())
                .filter(|&r| self.rows[r] && panel[r] && !is_missing(xs[r]))
                .filter(|&r| self.options.break_at_missing || !is_missing(ys[r]))
                .collect();
            self.sort_rows(session, x, &mut rows);
            let value = |r: usize| if is_missing(ys[r]) { f64::NAN } else { ys[r] };
            let mut points: Vec<(f64, f64)> = rows.iter().map(|&r| (xs[r], value(r))).collect();
            numbers::jitter(&mut points, self.options.jitter, self.options.jitter_seed);
            let label = Self::label(session, y);
            let connect = self.options.connect.get(at).copied().flatten();
            let (step, joined) = (connect == Some(Connect::Stairs), connect != Some(Connect::Nothing));
            let shape = match self.kind {
                Kind::Scatter if connect.is_none() || !joined => Shape::Points { points },
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
            if let (Some(weights), Some(last)) = (&self.weights, drawn.series.last_mut()) {
                let used: Vec<f64> =
                    weights.values.iter().zip(&self.rows).filter(|w| *w.1).map(|w| *w.0).collect();
                let mean = used.iter().sum::<f64>() / used.len() as f64;
                // the areas are as the weights, the mean one is of the usual size
                last.style.sizes = rows.iter().map(|&r| (weights.values[r] / mean).sqrt()).collect();
            }
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
                color: color.or(Some(figure::palette(number))),
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
        let ends = || {
            [ranges.iter().map(|r| (r.at, r.low)).collect(), ranges.iter().map(|r| (r.at, r.high)).collect()]
        };
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
            return if points.is_empty() { Ok(()) } else { Err(StataError::insufficient_observations()) };
        };
        let ends =
            points.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), p| (a.min(p.0), b.max(p.0)));
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
            let label = format!("{}% CI", figure::ticks::texts(&[level])[0]);
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

    fn draw_density(
        &self,
        session: &Session,
        panel: &[bool],
        number: usize,
        drawn: &mut Drawn,
    ) -> Result<()> {
        let values = self.sorted_values(session, panel)?;
        if values.len() < 2 {
            return Ok(());
        }
        let kernel = kernel(self.options.kernel.as_deref())?;
        // width() is the older name of bwidth()
        let width = self.options.bandwidth.or(self.options.bin_width);
        let width = width.unwrap_or_else(|| numbers::bandwidth(&values));
        let n = self.options.points.unwrap_or(values.len().min(300));
        let at = match self.options.range {
            Some((low, high)) => {
                (0..n).map(|i| low + (high - low) * i as f64 / (n - 1).max(1) as f64).collect()
            }
            None => numbers::density_grid(&values, n, width),
        };
        let points = at.iter().copied().zip(numbers::density(&values, &at, width, kernel)).collect();
        let label = format!("kdensity {}", session.frame.var(self.vars[0]).name);
        drawn.push(self, 0, number, label, false, Shape::Line { points, step: false });
        Ok(())
    }

    fn draw_histogram(
        &self,
        session: &Session,
        panel: &[bool],
        number: usize,
        drawn: &mut Drawn,
    ) -> Result<()> {
        let values = self.sorted_values(session, panel)?;
        let Some(bins) = super::histogram::Bins::of(&values, &self.options)? else { return Ok(()) };
        let bars = bins.bars(&values, self.options.height.unwrap_or(Height::Density));
        let label = height_title(self.options.height).to_owned();
        let shape = Shape::Bars { bars, horizontal: self.options.horizontal };
        drawn.push(self, 0, number, label, true, shape);
        Ok(())
    }
}
