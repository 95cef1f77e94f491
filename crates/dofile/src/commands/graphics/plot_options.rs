//! Options of one plot: colours, markers, lines, and what a plot type takes besides.

mod look;

use crate::error::{Result, StataError};
use crate::ops::graphs::no_effect;
use crate::ops::graphs::text::{self, RawOption};
use crate::session::Session;
use crate::syntax::options::{abbreviates, parse_number};
use crate::syntax::split::{unquote, words};
use figure::{self, Color, Symbol};

/// Options of one plot. Lists hold one entry per y variable; `.` leaves the default.
#[derive(Debug, Clone, Default)]
pub(super) struct PlotOptions {
    marker_color: Vec<Option<Color>>,
    marker_fill: Vec<Option<Color>>,
    marker_line: Vec<Option<Color>>,
    line_color: Vec<Option<Color>>,
    fill_color: Vec<Option<Color>>,
    symbol: Vec<Option<(Symbol, bool)>>,
    size: Vec<Option<f64>>,
    width: Vec<Option<f64>>,
    dash: Vec<Option<&'static str>>,
    /// Opacities without a colour (`mcolor(%40)`) of markers, lines and fills: the usual colour shines through.
    opacity: [Option<f64>; 3],
    pstyle: Vec<Option<usize>>,
    /// `yaxis(2)`.
    pub(super) second: bool,
    /// Variables of `mlabel()`.
    pub(super) labels: Vec<usize>,
    pub(super) label_color: Option<Color>,
    pub(super) label_size: Option<f64>,
    pub(super) label_clock: Option<u8>,
    /// `sort`, or the variables of `sort()`.
    pub(super) sort: Option<Vec<usize>>,
    /// `connect(J)` draws stairs, `connect(i)` nothing.
    /// `connect()` of each y variable; the type of the plot decides about the others.
    pub(super) connect: Vec<Option<Connect>>,
    /// `cmissing(n)`: missing values break the line.
    pub(super) break_at_missing: bool,
    /// `recast()` of a plot that keeps its type.
    pub(super) recast: Option<super::plots::Kind>,
    pub(super) horizontal: bool,
    pub(super) base: f64,
    pub(super) bar_width: Option<f64>,
    pub(super) range: Option<(f64, f64)>,
    pub(super) points: Option<usize>,
    pub(super) level: Option<f64>,
    pub(super) forecast: bool,
    pub(super) no_fit: bool,
    pub(super) bandwidth: Option<f64>,
    /// Noise in percent of the drawn range, and its seed.
    pub(super) jitter: f64,
    pub(super) jitter_seed: f64,
    pub(super) running_mean: bool,
    pub(super) unweighted: bool,
    pub(super) kernel: Option<String>,
    pub(super) bins: Option<usize>,
    pub(super) bin_start: Option<f64>,
    pub(super) bin_width: Option<f64>,
    pub(super) discrete: bool,
    pub(super) height: Option<Height>,
    /// The options that were given, with the group that decides which plots take them.
    given: Vec<(&'static str, Group)>,
}

/// Groups of options that plot types take together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Group {
    Marker,
    Line,
    Fill,
    Connect,
    Sort,
    Bar,
    Horizontal,
    Base,
    Range,
    Interval,
    Lowess,
    Kernel,
    Bins,
    Width,
}

/// How points are connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Connect {
    Direct,
    Stairs,
    Nothing,
}

/// Quantity shown by the bars of a histogram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Height {
    Density,
    Fraction,
    Percent,
    Frequency,
}

/// Options that Stata has for plots and this engine does not.
const UNSUPPORTED: &[&str] = &[
    "YAXis",
    "XAXis",
    "MLABVPosition",
    "MLABFormat",
    "RECAST",
    "ESTOPTs",
    "PREDopts",
    "DEGree",
    "PLOTS",
    "CIPlot",
    "COLORVar",
    "VLABels",
    "BLABel",
    "DRopline",
    "YVARLabel",
    "XVARLabel",
    "ADJust",
    "LOGit",
    "ATOBs",
    "BOUNDary",
];

/// Options with an argument.
const WITH_ARGUMENT: &[(&str, Group)] = &[
    ("MColor", Group::Marker),
    ("MFColor", Group::Marker),
    ("MLColor", Group::Marker),
    ("MSymbol", Group::Marker),
    ("Symbol", Group::Marker),
    ("MSIZe", Group::Marker),
    ("MLWidth", Group::Marker),
    ("MLABel", Group::Marker),
    ("MLABColor", Group::Marker),
    ("MLABSize", Group::Marker),
    ("MLABPosition", Group::Marker),
    ("COLor", Group::Line),
    ("PSTYle", Group::Line),
    ("LColor", Group::Line),
    ("CLColor", Group::Line),
    ("LWidth", Group::Line),
    ("CLWidth", Group::Line),
    ("LPattern", Group::Line),
    ("CLPattern", Group::Line),
    ("FColor", Group::Fill),
    ("BFColor", Group::Fill),
    ("BLColor", Group::Fill),
    ("BLWidth", Group::Fill),
    ("SOrt", Group::Sort),
    ("Connect", Group::Connect),
    ("CMISsing", Group::Connect),
    ("BASE", Group::Base),
    ("BARWidth", Group::Bar),
    ("RAnge", Group::Range),
    ("N", Group::Range),
    ("Level", Group::Interval),
    ("JITter", Group::Marker),
    ("JITTERSeed", Group::Marker),
    ("BWidth", Group::Lowess),
    ("Kernel", Group::Kernel),
    ("BIN", Group::Bins),
    ("STart", Group::Bins),
    ("Width", Group::Width),
];

/// Options without an argument.
const FLAGS: &[(&str, Group)] = &[
    ("SOrt", Group::Sort),
    ("HORizontal", Group::Horizontal),
    ("VERTical", Group::Horizontal),
    ("STDF", Group::Interval),
    ("STDP", Group::Interval),
    ("NOFIT", Group::Interval),
    ("MEan", Group::Lowess),
    ("noWEIGHT", Group::Lowess),
    ("DISCrete", Group::Bins),
    ("DENsity", Group::Bins),
    ("FRACtion", Group::Bins),
    ("PERcent", Group::Bins),
    ("FREQuency", Group::Bins),
];

fn plot_style(word: &str) -> Result<usize> {
    let digits = word.trim_start_matches('p').trim_end_matches(|c: char| c.is_alphabetic());
    let number = digits.parse::<usize>().ok().filter(|n| (1..=15).contains(n));
    number.map(|n| n - 1).ok_or_else(|| StataError::invalid(format!("{word} is not a plot style")))
}

fn connect(word: &str) -> Result<Connect> {
    Ok(match word {
        "l" | "direct" | "L" => Connect::Direct,
        "J" | "stairstep" => Connect::Stairs,
        "i" | "none" => Connect::Nothing,
        other => return Err(StataError::invalid(format!("{other} is not a connect style"))),
    })
}

/// A list of styles ([G-4] stylelists): `.` is the default, `=` the one before, `...` that one for all others.
fn each<T: Clone>(argument: &str, read: impl Fn(&str) -> Result<T>) -> Result<Vec<Option<T>>> {
    let mut out: Vec<Option<T>> = Vec::new();
    for word in words(argument) {
        let before = out.last().cloned().flatten();
        match word {
            "." => out.push(None),
            "=" => out.push(before),
            ".." => break,
            "..." => {
                out.resize(super::plots::Kind::Scatter.variables().1, before);
                break;
            }
            word => out.push(Some(read(word)?)),
        }
    }
    Ok(out)
}

/// A list of colours; `mcolor(0 114 178)` without quotes is one colour of three numbers.
fn colors(argument: &str) -> Result<Vec<Option<Color>>> {
    match text::known_color(argument) {
        Some(color) => Ok(vec![Some(color)]),
        None => each(argument, text::color),
    }
}

fn number(option: &str, argument: &str) -> Result<f64> {
    parse_number(argument)
        .filter(|v| !crate::value::is_missing(*v))
        .ok_or_else(|| StataError::invalid(format!("option {option}() incorrectly specified")))
}

fn count(option: &str, argument: &str, most: f64) -> Result<usize> {
    let value = number(option, argument)?;
    if value.fract() != 0.0 || !(1.0..=most).contains(&value) {
        return Err(StataError::invalid(format!("option {option}() incorrectly specified")));
    }
    Ok(value as usize)
}

impl PlotOptions {
    /// Takes an option if it is one of a plot; `false` leaves it for the figure.
    pub(super) fn take(&mut self, session: &Session, (typed, argument): &RawOption) -> Result<bool> {
        let table = if argument.is_some() { WITH_ARGUMENT } else { FLAGS };
        let Some(&(name, group)) = table.iter().find(|(declared, _)| abbreviates(typed, declared)) else {
            return if no_effect::of_plot(typed) { Ok(true) } else { self.refuse(typed) };
        };
        self.given.push((name, group));
        match argument {
            None => self.take_flag(name),
            Some(argument) => {
                if !self.take_look(name, argument)? {
                    self.take_more(session, name, argument)?;
                }
            }
        }
        Ok(true)
    }

    /// Refuses what a plot type does not take.
    pub(super) fn check(&self, taken: &[Group]) -> Result<()> {
        match self.given.iter().find(|(_, group)| !taken.contains(group)) {
            Some((name, _)) => Err(StataError::option_not_allowed(&name.to_lowercase())),
            None => Ok(()),
        }
    }

    fn take_flag(&mut self, name: &str) {
        match name {
            "SOrt" => self.sort = Some(Vec::new()),
            "HORizontal" => self.horizontal = true,
            "VERTical" => self.horizontal = false,
            "STDF" => self.forecast = true,
            "STDP" => self.forecast = false,
            "NOFIT" => self.no_fit = true,
            "MEan" => self.running_mean = true,
            "noWEIGHT" => self.unweighted = true,
            "DISCrete" => self.discrete = true,
            "DENsity" => self.height = Some(Height::Density),
            "FRACtion" => self.height = Some(Height::Fraction),
            "PERcent" => self.height = Some(Height::Percent),
            _ => self.height = Some(Height::Frequency),
        }
    }

    /// Options of the look.
    fn take_look(&mut self, name: &str, argument: &str) -> Result<bool> {
        if let Some(opacity) = text::opacity(argument) {
            let parts: &[usize] = match name {
                "MColor" => &[0],
                "LColor" | "BLColor" | "CLColor" => &[1],
                "FColor" | "BFColor" => &[2],
                "COLor" => &[0, 1, 2],
                _ => return Ok(false),
            };
            parts.iter().for_each(|part| self.opacity[*part] = Some(opacity));
            return Ok(true);
        }
        match name {
            "MColor" => self.marker_color = colors(argument)?,
            "COLor" => {
                self.marker_color = colors(argument)?;
                self.line_color.clone_from(&self.marker_color);
                self.fill_color.clone_from(&self.marker_color);
            }
            "MFColor" => self.marker_fill = colors(argument)?,
            "MLColor" => self.marker_line = colors(argument)?,
            "LColor" | "BLColor" | "CLColor" => self.line_color = colors(argument)?,
            "FColor" | "BFColor" => self.fill_color = colors(argument)?,
            "MSymbol" | "Symbol" => {
                self.symbol = each(argument, |word| {
                    Ok(figure::symbol(unquote(word)).unwrap_or_else(|| {
                        text::not_found("symbol", unquote(word));
                        (Symbol::Circle, false)
                    }))
                })?;
            }
            "MSIZe" => self.size = each(argument, text::marker_size)?,
            "LWidth" | "BLWidth" | "MLWidth" | "CLWidth" => self.width = each(argument, text::line_width)?,
            "LPattern" | "CLPattern" => self.dash = each(argument, text::pattern)?,
            "PSTYle" => self.pstyle = each(argument, plot_style)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn take_more(&mut self, session: &Session, name: &str, argument: &str) -> Result<()> {
        let positive = |option: &str| {
            let value = number(option, argument)?;
            let bad = || StataError::invalid(format!("{option}() must be positive"));
            Some(value).filter(|v| *v > 0.0).ok_or_else(bad).map(Some)
        };
        match name {
            "MLABel" => self.labels = session.varlist(argument)?,
            "MLABColor" => self.label_color = Some(text::color(argument)?),
            "MLABSize" => self.label_size = Some(text::text_size(argument)?),
            "MLABPosition" => self.label_clock = Some(text::clock(argument)?),
            "SOrt" => self.sort = Some(session.varlist(argument)?),
            "Connect" => self.connect = each(argument, |word| connect(unquote(word)))?,
            "CMISsing" => {
                self.break_at_missing = match argument {
                    "n" => true,
                    "y" => false,
                    _ => return Err(StataError::invalid("option cmissing() incorrectly specified")),
                }
            }
            "BASE" => self.base = number("base", argument)?,
            "BARWidth" => self.bar_width = positive("barwidth")?,
            "RAnge" => self.range = Some(range(session, argument)?),
            "N" => self.points = Some(count("n", argument, 100_000.0)?),
            "Level" => {
                let level = number("level", argument)?;
                if !(10.0..=99.99).contains(&level) {
                    return Err(StataError::invalid("level() must be between 10 and 99.99 inclusive"));
                }
                self.level = Some(level);
            }
            "BWidth" => self.bandwidth = positive("bwidth")?,
            "JITter" => self.jitter = number("jitter", argument)?.max(0.0),
            "JITTERSeed" => self.jitter_seed = number("jitterseed", argument)?,
            "Kernel" => self.kernel = Some(argument.to_owned()),
            "BIN" => self.bins = Some(count("bin", argument, 100_000.0)?),
            "STart" => self.bin_start = Some(number("start", argument)?),
            _ => self.bin_width = positive("width")?,
        }
        Ok(())
    }

    fn refuse(&self, name: &str) -> Result<bool> {
        match UNSUPPORTED.iter().find(|declared| abbreviates(name, declared)) {
            Some(known) => Err(StataError::unsupported_option("twoway", &known.to_lowercase())),
            None => Ok(false),
        }
    }
}

/// `range(0 10)`, or `range(varname)`: from its smallest to its largest value.
fn range(session: &Session, argument: &str) -> Result<(f64, f64)> {
    let parts = words(argument);
    if let [name] = parts[..]
        && parse_number(name).is_none()
    {
        let values = session.frame.numeric(session.numeric_variable(name)?)?;
        let known = values.iter().copied().filter(|v| !crate::value::is_missing(*v));
        let (low, high) = known.fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), v| (a.min(v), b.max(v)));
        return if low <= high { Ok((low, high)) } else { Err(StataError::no_observations()) };
    }
    match parts[..] {
        [low, high] => {
            let (low, high) = (number("range", low)?, number("range", high)?);
            if low < high { Ok((low, high)) } else { Err(StataError::standard(124)) }
        }
        _ => Err(StataError::invalid("option range() incorrectly specified")),
    }
}
