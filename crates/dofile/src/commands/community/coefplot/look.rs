//! Colours, symbols, lines and shapes of a coefficient plot.

use crate::error::{Result, StataError};
use crate::ops::graphs::text;
use crate::syntax::options::{abbreviates, parse_number, split_options};
use crate::syntax::split::{unquote, words};
use figure::{Color, Style};

/// How the coefficients of a plot are drawn (`recast()`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Drawn {
    Scatter,
    Connected,
    Line,
    Bar,
    Area,
}

/// How the intervals of a plot are drawn (`ciopts(recast())`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Interval {
    Spike,
    Cap,
    Area,
    Line,
    Bar,
}

/// Shapes and styles; what is not given is taken from a more general place.
#[derive(Debug, Clone, Default)]
pub(super) struct Look {
    pub(super) drawn: Option<Drawn>,
    pub(super) marker: Style,
    /// The number of a `pstyle()`, which decides colour and symbol.
    pub(super) number: Option<usize>,
    pub(super) bar_width: Option<f64>,
    /// Shapes and styles of the intervals, one for each level; the last one serves the further levels.
    pub(super) shapes: Vec<Interval>,
    pub(super) intervals: Vec<Style>,
    /// Intervals lie over the coefficients.
    pub(super) intervals_on_top: bool,
    /// The place of texts at markers as on a clock, their size and colour.
    pub(super) text_clock: Option<u8>,
    pub(super) text_size: Option<f64>,
    pub(super) text_color: Option<Color>,
}

impl Look {
    /// This look, completed by a more general one.
    pub(super) fn over(&self, general: &Self) -> Self {
        let style =
            |own: &Style, all: &Style| if *own == Style::default() { all.clone() } else { own.clone() };
        fn list<T: Clone>(own: &[T], general: &[T]) -> Vec<T> {
            if own.is_empty() { general.to_vec() } else { own.to_vec() }
        }
        Self {
            drawn: self.drawn.or(general.drawn),
            marker: style(&self.marker, &general.marker),
            number: self.number.or(general.number),
            bar_width: self.bar_width.or(general.bar_width),
            shapes: list(&self.shapes, &general.shapes),
            intervals: list(&self.intervals, &general.intervals),
            intervals_on_top: self.intervals_on_top || general.intervals_on_top,
            text_clock: self.text_clock.or(general.text_clock),
            text_size: self.text_size.or(general.text_size),
            text_color: self.text_color.or(general.text_color),
        }
    }

    /// Takes an option of the look; `false` leaves it to others.
    pub(super) fn take(&mut self, name: &str, argument: Option<&str>) -> Result<bool> {
        let is = |declared: &str| abbreviates(name, declared);
        let Some(argument) = argument.map(str::trim) else {
            self.intervals_on_top |= name == "citop";
            return Ok(name == "citop");
        };
        match name {
            "recast" => self.drawn = Some(drawn(argument)?),
            "ciopts" | "cipts" => self.take_intervals(argument)?,
            "cirecast" => self.shapes = shapes(argument)?,
            _ if is("Connect") => self.drawn = Some(connected(argument)),
            _ if is("BARWidth") => self.bar_width = Some(number("barwidth", argument)?),
            _ if is("PSTYle") => self.number = Some(plot_style(argument)?),
            _ if is("MLABPosition") => self.text_clock = Some(text::clock(argument)?),
            _ if is("MLABSize") => self.text_size = Some(text::text_size(argument)?),
            _ if is("MLABColor") => self.text_color = Some(text::color(argument)?),
            // texts stand at a fixed distance, upright
            _ if is("MLABGap") || is("MLABANGle") || is("MLABSTYle") => {}
            _ => return take(&mut self.marker, name, argument),
        }
        Ok(true)
    }

    fn take_intervals(&mut self, argument: &str) -> Result<()> {
        for (name, value) in split_options(argument)? {
            let unsupported = || StataError::unsupported_option("coefplot", &format!("ciopts({name})"));
            let value = value.as_deref().map(str::trim).ok_or_else(unsupported)?;
            match name.as_str() {
                "recast" => self.shapes = shapes(value)?,
                // ends of intervals have one size, bars the width of their line
                name if ["MSIZe", "BARWidth", "Msymbol"].iter().any(|d| abbreviates(name, d)) => {}
                name if abbreviates(name, "PSTYle") => {
                    plot_style(value)?;
                }
                _ => self.take_interval_style(&name, value)?,
            }
        }
        Ok(())
    }

    /// One value for all levels, or one for each.
    fn take_interval_style(&mut self, name: &str, value: &str) -> Result<()> {
        let unsupported = || StataError::unsupported_option("coefplot", &format!("ciopts({name})"));
        let mut probe = Style::default();
        let values = match take(&mut probe, name, value) {
            Ok(true) => vec![value],
            Ok(false) => return Err(unsupported()),
            Err(error) => {
                let each = words(value);
                if each.len() < 2 {
                    return Err(error);
                }
                each
            }
        };
        let last = self.intervals.last().cloned().unwrap_or_default();
        let levels = self.intervals.len().max(values.len());
        self.intervals.resize(levels, last);
        for (i, style) in self.intervals.iter_mut().enumerate() {
            take(style, name, values.get(i).or(values.last()).copied().unwrap_or(value))?;
        }
        Ok(())
    }
}

/// Shapes and options that do not go together; r(198).
pub(super) fn check(look: &Look) -> Result<()> {
    if look.bar_width.is_some_and(|w| w <= 0.0) {
        return Err(StataError::invalid("option barwidth() incorrectly specified"));
    }
    Ok(())
}

fn drawn(kind: &str) -> Result<Drawn> {
    Ok(match kind {
        "scatter" | "sc" | "dot" => Drawn::Scatter,
        "connected" | "connect" | "con" => Drawn::Connected,
        "line" => Drawn::Line,
        "bar" => Drawn::Bar,
        "area" => Drawn::Area,
        other => return Err(StataError::unsupported_option("coefplot", &format!("recast({other})"))),
    })
}

/// `connect(i)` leaves the markers alone; every other style joins them.
fn connected(style: &str) -> Drawn {
    if matches!(style, "i" | "none") { Drawn::Scatter } else { Drawn::Connected }
}

fn shapes(kinds: &str) -> Result<Vec<Interval>> {
    let shape = |kind: &str| {
        Ok(match kind {
            "rspike" | ".." => Interval::Spike,
            "rcap" | "rcapsym" => Interval::Cap,
            "rarea" => Interval::Area,
            "rline" | "rconnected" => Interval::Line,
            "rbar" => Interval::Bar,
            other => {
                return Err(StataError::unsupported_option("coefplot", &format!("ciopts(recast({other}))")));
            }
        })
    };
    words(kinds).into_iter().map(shape).collect()
}

/// The number of `p3`, `p3line` and the like, from zero.
fn plot_style(text: &str) -> Result<usize> {
    let digits: String = text.trim_start_matches('p').chars().take_while(char::is_ascii_digit).collect();
    let number = digits.parse::<usize>().ok().filter(|n| *n > 0);
    number
        .map(|n| n - 1)
        .ok_or_else(|| StataError::invalid(format!("option pstyle() incorrectly specified: {text}")))
}

fn number(option: &str, text: &str) -> Result<f64> {
    parse_number(text).ok_or_else(|| StataError::invalid(format!("option {option}() incorrectly specified")))
}

/// Takes an option of markers or lines into a style; `false` leaves it to others.
fn take(style: &mut Style, name: &str, argument: &str) -> Result<bool> {
    let is = |declared: &str| abbreviates(name, declared);
    // *.5 changes the intensity of the colour that the plot has anyway
    let is_color = ["MColor", "COLor", "LColor", "MFColor", "FColor", "MLColor"].iter().any(|d| is(d));
    if is_color && unquote(argument).starts_with('*') {
        return Ok(true);
    }
    if is("MColor") || is("COLor") || is("LColor") {
        style.color = Some(text::color(argument)?);
    } else if is("MFColor") || is("FColor") {
        style.fill = Some(text::color(argument)?);
    } else if is("MLColor") || is("LCOlor") {
        style.outline = Some(text::color(argument)?);
    } else if is("MSIZe") {
        style.size = Some(text::marker_size(argument)?);
    } else if is("LWidth") || is("MLWidth") {
        style.line_width = Some(text::line_width(argument)?);
    } else if is("LPattern") {
        style.dash = Some(text::pattern(argument)?);
    } else if is("Msymbol") {
        let word = unquote(argument);
        let known = figure::symbol(word);
        let (symbol, hollow) =
            known.ok_or_else(|| StataError::invalid(format!("{word} is not a marker symbol")))?;
        (style.symbol, style.hollow) = (Some(symbol), hollow);
    } else {
        return Ok(false);
    }
    Ok(true)
}
