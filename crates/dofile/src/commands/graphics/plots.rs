//! The plot types of `twoway`: their names, options and variables. What they draw is in `draw_plots`.

use super::numbers::Kernel;
use super::plot_options::{Group, Height, PlotOptions};
use crate::error::{Result, StataError};
use crate::session::{Session, Weights};
use crate::value::is_missing;
use figure::TextMark;

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
    "dot",
    "rcapsym",
    "pcspike",
    "pccapsym",
    "pcarrow",
    "pcbarrow",
    "pcscatter",
    "pcarrowi",
    "contour",
    "contourline",
    "heatmap",
    "mband",
    "mspline",
    "fpfit",
    "fpfitci",
    "lpoly",
    "lpolyci",
    "mrspline",
];

/// Finds a plot type; r(199) for those that Stata has and this engine has not.
pub(super) fn find(word: &str) -> Result<Kind> {
    let exact = NAMES.iter().find(|(name, _, _)| *name == word);
    let found = exact
        .or_else(|| NAMES.iter().find(|(name, least, _)| word.len() >= *least && name.starts_with(word)));
    match found {
        Some((_, _, kind)) => Ok(*kind),
        None if UNSUPPORTED.contains(&word) => {
            Err(StataError::new(199, format!("plot type {word} is not supported by the open engine")))
        }
        None => Err(StataError::invalid(format!("{word} is not a twoway plot type"))),
    }
}

impl Kind {
    /// The type that `recast()` names, where it draws the same variables ([G-3] advanced_options).
    fn recast(self, word: &str) -> Result<Option<Self>> {
        let new = find(word)?;
        let points = [Self::Scatter, Self::Line, Self::Connected];
        let ranges = [
            Self::RArea,
            Self::RBar,
            Self::RCap,
            Self::RSpike,
            Self::RLine,
            Self::RScatter,
            Self::RConnected,
        ];
        let based = [Self::Area, Self::Bar, Self::Spike, Self::Dropline];
        let two = |kind: &Self| points.contains(kind) || based.contains(kind);
        let allowed = match self {
            Self::TsLine => two(&new),
            Self::ScatterI => points.contains(&new),
            Self::Function => [Self::Line, Self::Area].contains(&new),
            _ => self == new || two(&self) && two(&new) || ranges.contains(&self) && ranges.contains(&new),
        };
        Ok(allowed.then_some(new))
    }

    /// Option groups that the type takes.
    pub(super) fn options(self) -> &'static [Group] {
        use Group::{
            Bar, Base, Bins, Connect, Fill, Horizontal, Interval, Kernel, Line, Lowess, Marker, Range, Sort,
            Width,
        };
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
            // msize() is the size of the caps
            Self::RCap | Self::RSpike => &[Line, Marker, Horizontal],
            Self::RLine => &[Line, Sort],
            Self::RScatter => &[Marker, Line],
            Self::RConnected => &[Marker, Line, Sort],
            Self::Function => &[Line, Range],
            Self::Fit(_, false) => &[Line, Range],
            Self::Fit(_, true) => &[Line, Fill, Range, Interval],
            Self::Lowess => &[Line, Lowess],
            Self::KDensity => &[Line, Range, Lowess, Kernel, Width],
            Self::Histogram => &[Line, Fill, Bins, Width, Horizontal],
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

/// One plot as it was requested.
#[derive(Debug, Clone)]
pub(super) struct Plot {
    pub(super) kind: Kind,
    /// y variables then x.
    pub(super) vars: Vec<usize>,
    /// The curve of `function`.
    pub(super) curve: Vec<(f64, f64)>,
    /// The name of its values.
    pub(super) curve_name: String,
    /// Points of `scatteri`.
    pub(super) immediate: Vec<TextMark>,
    /// Rows selected by `if` and `in`.
    pub(super) rows: Vec<bool>,
    pub(super) weights: Option<Weights>,
    pub(super) options: PlotOptions,
}

impl Plot {
    /// A plot without options.
    pub(super) fn new(kind: Kind, vars: Vec<usize>, rows: Vec<bool>) -> Self {
        Self {
            kind,
            vars,
            curve: Vec::new(),
            curve_name: "y".to_string(),
            immediate: Vec::new(),
            rows,
            weights: None,
            options: PlotOptions::default(),
        }
    }

    /// Name of a variable for titles and legends: its label or its name.
    pub(super) fn label(session: &Session, variable: usize) -> String {
        let v = session.frame.var(variable);
        if v.label.is_empty() { v.name.clone() } else { v.label.clone() }
    }

    /// The y title that this plot asks for.
    pub(super) fn y_title(&self, session: &Session) -> Option<String> {
        match self.kind {
            Kind::Function => Some(self.curve_name.clone()),
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

    /// `recast(newplottype)`: the same data drawn in another way.
    pub(super) fn recast(&mut self, session: &Session, word: &str) -> Result<()> {
        let new = self.kind.recast(word)?;
        let time = (self.kind == Kind::TsLine).then(|| self.x(session)).flatten();
        let count = self.vars.len() + usize::from(self.kind == Kind::TsLine);
        let Some(new) = new.filter(|new| count <= new.variables().1) else {
            let text = format!("recast({word}) of this plot is not supported by the open engine");
            return Err(StataError::new(199, text));
        };
        match self.kind {
            Kind::ScatterI | Kind::Function => self.options.recast = Some(new),
            Kind::TsLine if new == Kind::Line => {}
            Kind::TsLine => {
                let unset = || StataError::new(459, "time variable not set, use tsset varname ...");
                self.vars.push(time.ok_or_else(unset)?);
                self.options.sort.get_or_insert_with(Vec::new);
                self.kind = new;
            }
            _ => self.kind = new,
        }
        Ok(())
    }

    /// True when categories lie on the vertical axis.
    pub(super) fn horizontal(&self) -> bool {
        self.options.horizontal
    }

    /// Rows of a panel that have all numbers, with their values by variable and their weight.
    pub(super) fn values(
        &self,
        session: &Session,
        vars: &[usize],
        panel: &[bool],
    ) -> Result<Vec<(Vec<f64>, f64, usize)>> {
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

    pub(super) fn y_count(&self) -> usize {
        match self.kind {
            Kind::TsLine => self.vars.len(),
            _ => self.vars.len().saturating_sub(1),
        }
    }
}

/// The kernel of an option, Epanechnikov without one.
pub(super) fn kernel(name: Option<&str>) -> Result<Kernel> {
    match name {
        None => Ok(Kernel::Epanechnikov),
        Some(name) => {
            Kernel::parse(name).ok_or_else(|| StataError::invalid(format!("{name} is not a kernel")))
        }
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
