//! Options of the second vertical axis: those with `axis(2)` ([G-3] axis_options).

use super::axis_options::AxisOptions;
use super::figure_options::ref_lines;
use super::text::RawOption;
use crate::error::{Result, StataError};
use crate::session::Session;
use crate::syntax::options::{abbreviates, parse_number, split_options};
use crate::syntax::split::{top_level_comma, words};
use figure::RefLine;

/// What was asked of the second axis.
#[derive(Debug, Clone, Default)]
pub(crate) struct SecondAxis {
    pub(crate) axis: AxisOptions,
    pub(crate) lines: Vec<RefLine>,
    /// Whether an option named it.
    pub(crate) named: bool,
}

impl SecondAxis {
    /// Takes an option of the vertical axis with `axis(2)`. With `axis(1)` it returns the option without that.
    pub(crate) fn take(&mut self, session: &Session, option: &RawOption) -> Result<Taken> {
        let (name, Some(argument)) = option else { return Ok(Taken::Other) };
        let Some(rest) = name.strip_prefix('y') else { return Ok(Taken::Other) };
        let known = ["TItle", "LAbel", "SCale", "LIne"].into_iter().find(|d| abbreviates(rest, d));
        let Some(known) = known else { return Ok(Taken::Other) };
        // The options of a scale have nothing before them.
        let (front, options) = match (known, top_level_comma(argument)) {
            ("SCale", _) => ("", argument.as_str()),
            (_, Some(at)) => (&argument[..at], &argument[at + 1..]),
            (_, None) => return Ok(Taken::Other),
        };
        let mut axes = Vec::new();
        let mut kept = Vec::new();
        for (name, argument) in split_options(options)? {
            match argument {
                Some(a) if name == "axis" => axes = numbers(&a)?,
                Some(a) => kept.push(format!("{name}({a})")),
                None => kept.push(name),
            }
        }
        if axes.is_empty() {
            return Ok(Taken::Other);
        }
        let kept = kept.join(" ");
        let text = match (known, kept.is_empty()) {
            ("SCale", _) => kept,
            (_, true) => front.to_string(),
            (_, false) => format!("{front}, {kept}"),
        };
        if axes.contains(&2) {
            self.named = true;
            if known == "LIne" {
                self.lines.extend(ref_lines(name, &text)?);
            } else {
                self.axis.take(session, rest, &text)?;
            }
        }
        Ok(if axes.contains(&1) { Taken::First((name.clone(), Some(text))) } else { Taken::Second })
    }
}

/// What became of an option.
pub(crate) enum Taken {
    /// It belongs to the second axis alone.
    Second,
    /// It belongs to the first axis (too), as written here.
    First(RawOption),
    /// It names no axis.
    Other,
}

/// The axes of `yaxis(1)`, `yaxis(2)` or `axis(1 2)`; r(199) beyond the second.
pub(crate) fn numbers(argument: &str) -> Result<Vec<usize>> {
    let number = |word: &str| match parse_number(word) {
        Some(1.0) => Ok(1),
        Some(2.0) => Ok(2),
        Some(n) if n > 2.0 && n.fract() == 0.0 && n < 10.0 => {
            Err(StataError::unsupported_option("graph", "more than two axes"))
        }
        _ => Err(StataError::invalid("an axis is a whole number from 1 to 9")),
    };
    words(argument).into_iter().map(number).collect()
}
