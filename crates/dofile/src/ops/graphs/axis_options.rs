//! Options of one axis, and the axis that follows from them and from the variable it shows.

use std::sync::Arc;

use super::date_ticks;
use super::no_effect;
use super::text::{self, Rule, Words};
use crate::error::{Result, StataError};
use crate::format::Format;
use crate::session::Session;
use crate::syntax::options::{abbreviates, split_options};
use figure::{Axis, TickText, Ticks};

/// Options of one axis.
#[derive(Debug, Clone, Default)]
pub(crate) struct AxisOptions {
    pub(crate) title: Option<Words>,
    pub(crate) rule: Rule,
    pub(crate) grid: Option<bool>,
    angle: Option<f64>,
    format: Option<String>,
    label_size: Option<f64>,
    value_labels: bool,
    range: Option<(f64, f64)>,
    log: bool,
    reverse: bool,
    off: bool,
}

impl AxisOptions {
    /// Takes `title`, `label`, `scale` (the axis letter is already removed).
    pub(crate) fn take(&mut self, session: &Session, name: &str, argument: &str) -> Result<bool> {
        let is = |declared: &str| abbreviates(name, declared);
        if is("TItle") {
            self.title = Some(text::words_of("title", argument)?);
        } else if is("LAbel") {
            self.take_labels(argument)?;
        } else if is("SCale") {
            self.take_scale(session, argument)?;
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    fn take_labels(&mut self, argument: &str) -> Result<()> {
        let (front, options) = text::suboptions(argument)?;
        let rule = text::rule(front)?;
        if rule != Rule::Auto {
            self.rule = rule;
        }
        for (name, argument) in options {
            let is = |declared: &str| abbreviates(&name, declared);
            match argument {
                None if is("GRID") => self.grid = Some(true),
                None if is("NOGRID") => self.grid = Some(false),
                None if is("VALuelabel") => self.value_labels = true,
                None if is("NOLABels") => self.rule = Rule::None,
                Some(a) if is("ANGle") => self.angle = Some(angle(&a)?),
                Some(a) if is("FORmat") => {
                    Format::parse(&a).ok_or_else(|| StataError::new(120, format!("{a} is not a format")))?;
                    self.format = Some(a);
                }
                Some(a) if is("LABSize") => self.label_size = Some(text::text_size(&a)?),
                Some(a) if is("AXis") && a.trim() == "1" => {}
                _ if no_effect::of_label(&name) => {}
                _ => return Err(text::suboption("label", &name)),
            }
        }
        Ok(())
    }

    fn take_scale(&mut self, session: &Session, argument: &str) -> Result<()> {
        for (name, argument) in split_options(argument)? {
            let is = |declared: &str| abbreviates(&name, declared);
            match argument {
                None if is("LOG") => self.log = true,
                None if is("NOLOG") => self.log = false,
                None if is("REVerse") => self.reverse = true,
                None if is("OFF") => self.off = true,
                None if is("ON") => self.off = false,
                Some(a) if is("Range") => {
                    let ends = a
                        .split_whitespace()
                        .map(|word| session.eval_num(word))
                        .collect::<Result<Vec<f64>>>()?
                        .into_iter()
                        .filter(|v| !crate::value::is_missing(*v));
                    let (low, high) =
                        ends.fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), v| (a.min(v), b.max(v)));
                    if low > high {
                        return Err(StataError::invalid("range() incorrectly specified"));
                    }
                    self.range = Some((low, high));
                }
                Some(a) if is("AXis") && a.trim() == "1" => {}
                _ if no_effect::of_scale(&name) => {}
                _ => return Err(text::suboption("scale", &name)),
            }
        }
        Ok(())
    }

    /// The axis for values between `low` and `high` of a variable (none for computed values).
    pub(crate) fn axis(
        &self,
        session: &Session,
        variable: Option<usize>,
        ends: (f64, f64),
        title: &str,
    ) -> Axis {
        let own = variable.map(|v| session.frame.var(v).format.clone());
        let format = self.format.clone().or(own).unwrap_or_default();
        let parsed = Format::parse(&format);
        let fixed = self.format.is_some() || format.contains('f') || format.contains("gc");
        let dated = parsed.as_ref().filter(|f| f.is_date());
        let (low, high) = self.range.map_or(ends, |(a, b)| (a.min(ends.0), b.max(ends.1)));
        let labels = if self.value_labels { variable.and_then(|v| session.frame.labels_of(v)) } else { None };
        let write = |at: f64| -> String {
            let label = labels.and_then(|set| set.get(at)).map(str::to_owned);
            label.unwrap_or_else(|| tick_text(parsed.as_ref(), fixed, at))
        };
        let ticks = match &self.rule {
            Rule::None => Ticks::None,
            Rule::Ends => Ticks::At(vec![low, high]),
            Rule::At(at) if at.iter().all(|(_, text)| text.is_none()) && labels.is_none() => {
                Ticks::At(at.iter().map(|v| v.0).collect())
            }
            Rule::At(at) => {
                let text =
                    |(v, text): &(f64, Option<String>)| (*v, text.clone().unwrap_or_else(|| write(*v)));
                Ticks::Labelled(at.iter().map(text).collect())
            }
            Rule::Auto | Rule::About(_) => {
                let wanted = if let Rule::About(n) = self.rule { n } else { 5 };
                match dated
                    .and_then(|f| f.date_kind())
                    .and_then(|kind| date_ticks::ticks(kind, low, high, wanted))
                {
                    Some(at) => Ticks::Labelled(at.into_iter().map(|v| (v, write(v))).collect()),
                    None if labels.is_some() => {
                        let at = figure::ticks::nice(low, high, wanted);
                        Ticks::Labelled(at.into_iter().map(|v| (v, write(v))).collect())
                    }
                    None if matches!(self.rule, Rule::About(_)) => Ticks::About(wanted),
                    None => Ticks::Auto,
                }
            }
        };
        let text: Option<TickText> = (fixed || dated.is_some()).then(|| {
            let parsed = parsed.clone();
            TickText(Arc::new(move |at| tick_text(parsed.as_ref(), true, at)))
        });
        Axis {
            title: self.title.as_ref().map_or(title, |t| t.text.as_str()).to_owned(),
            title_size: self.title.as_ref().and_then(|t| t.size),
            label_size: self.label_size,
            range: self.range,
            exact: None,
            log: self.log,
            reverse: self.reverse,
            ticks,
            text,
            angle: self.angle,
            grid: self.grid.unwrap_or(true),
            hidden: self.off,
        }
    }
}

fn tick_text(format: Option<&Format>, use_format: bool, at: f64) -> String {
    match format {
        Some(format) if use_format || format.is_date() => format.bare(at),
        _ => figure::ticks::texts(&[at]).remove(0),
    }
}

/// Degrees of a label's text; the names of [G-4] anglestyle.
fn angle(text: &str) -> Result<f64> {
    // the names of styles may be shortened: ang(h), angle(vert)
    let short = |full: &str, least: usize| text.len() >= least && full.starts_with(text);
    Ok(match text {
        _ if short("horizontal", 1) || short("rhorizontal", 2) || short("default", 3) => 0.0,
        _ if short("vertical", 1) || short("rvertical", 2) => 90.0,
        "stdarrow" => 0.0,
        "forty_five" | "315" => 45.0,
        "270" => 90.0,
        other => match other.parse::<f64>() {
            Ok(a) if a.abs() < 20.0 => 0.0,
            Ok(a) if a.abs() <= 60.0 => 45.0,
            Ok(a) if a.abs() <= 90.0 => 90.0,
            _ => return Err(StataError::invalid(format!("{text} is not an angle"))),
        },
    })
}
