//! Reading of what the figures of distributions share: their own options beside those of a graph, and the values of
//! each variable or group.

use crate::error::{Result, StataError};
use crate::ops::graphs::plain::RawOption;
use crate::ops::groups::{grouped, level_name};
use crate::session::Session;
use crate::syntax::options::{abbreviates, parse_number, split_options};
use crate::syntax::{ParsedCommand, WeightKind};
use crate::value::is_missing;

/// The options of a command: those that it knows, and the rest for the graph.
pub(super) struct Request {
    pub(super) cmd: ParsedCommand,
    own: Vec<(&'static str, Option<String>)>,
    pub(super) rest: Vec<RawOption>,
}

impl Request {
    /// Splits a command. `known` are options with their shortest abbreviation in capitals, `refused` those of the
    /// original that are not built.
    pub(super) fn read(
        name: &str,
        cmd: &ParsedCommand,
        known: &[&'static str],
        refused: &[&'static str],
    ) -> Result<Self> {
        let cmd = ParsedCommand::split(name, &cmd.raw, false)?;
        let (mut own, mut rest) = (Vec::new(), Vec::new());
        for option in split_options(&cmd.option_text)? {
            if let Some(found) = known.iter().find(|k| abbreviates(&option.0, k)) {
                own.push((*found, option.1));
            } else if let Some(found) = refused.iter().find(|k| abbreviates(&option.0, k)) {
                return Err(StataError::unsupported_option(name, &found.to_lowercase()));
            } else {
                rest.push(option);
            }
        }
        Ok(Self { cmd, own, rest })
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.own.iter().any(|o| o.0 == name)
    }

    /// Argument of an option.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.own.iter().find(|o| o.0 == name).and_then(|o| o.1.as_deref())
    }

    /// Number of an option; r(198) if its argument is none.
    pub(super) fn number(&self, name: &str) -> Result<Option<f64>> {
        if !self.has(name) {
            return Ok(None);
        }
        let found = self.text(name).and_then(parse_number);
        found.map(Some).ok_or_else(|| {
            StataError::invalid(format!("option {}() incorrectly specified", name.to_lowercase()))
        })
    }
}

/// Values with weights under the name of a variable or group.
pub(super) struct Part {
    pub(super) name: String,
    /// Sorted by value.
    pub(super) values: Vec<(f64, f64)>,
}

/// The parts of a figure: one for each variable, or one for each group of a single variable.
pub(super) fn parts(s: &Session, cmd: &ParsedCommand, over: Option<&str>) -> Result<Vec<Part>> {
    let variables = s.varlist(&cmd.list)?;
    if variables.is_empty() {
        return Err(StataError::standard(100));
    }
    let mut touse = s.rows(cmd)?;
    let weights = s.weights(cmd, WeightKind::Frequency, &mut touse)?;
    let weight = |r: usize| weights.as_ref().map_or(1.0, |w| w.values[r]);
    let mut out = Vec::new();
    for v in variables {
        if s.frame.var(v).is_string() {
            return Err(StataError::type_mismatch());
        }
        let rows: Vec<usize> =
            (0..touse.len()).filter(|r| touse[*r] && !is_missing(s.frame.num_at(v, *r))).collect();
        let mut add = |name: String, rows: &[usize]| {
            let mut values: Vec<(f64, f64)> =
                rows.iter().map(|r| (s.frame.num_at(v, *r), weight(*r))).collect();
            values.sort_by(|a, b| a.0.total_cmp(&b.0));
            out.push(Part { name, values });
        };
        match over {
            None => add(title(s, v), &rows),
            Some(name) => {
                let by = s.variable(name.trim())?;
                let known = |r: &usize| {
                    let data = &s.frame.var(by).data;
                    if data.is_string() { !data.str(*r).is_empty() } else { !is_missing(data.num(*r)) }
                };
                for group in grouped(s, &[by], rows.into_iter().filter(known).collect()) {
                    add(level_name(s, by, group[0]), &group);
                }
            }
        }
    }
    out.retain(|p| !p.values.is_empty());
    if out.is_empty() { Err(StataError::no_observations()) } else { Ok(out) }
}

/// Label of a variable, or its name.
pub(super) fn title(s: &Session, v: usize) -> String {
    let variable = s.frame.var(v);
    if variable.label.is_empty() { variable.name.clone() } else { variable.label.clone() }
}

/// Title of the axis of values: that of the variable if it is one only.
pub(super) fn axis(s: &Session, cmd: &ParsedCommand) -> Result<String> {
    let variables = s.varlist(&cmd.list)?;
    Ok(if variables.len() == 1 { title(s, variables[0]) } else { String::new() })
}

/// Number of values of all parts.
pub(super) fn used(parts: &[Part]) -> usize {
    parts.iter().map(|p| p.values.len()).sum()
}
