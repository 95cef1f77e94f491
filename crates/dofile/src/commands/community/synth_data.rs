//! Predictors and panel data of `synth`.

use crate::error::{Result, StataError};
use crate::format;
use crate::session::Session;
use crate::syntax::numlist;
use crate::syntax::split::ParsedCommand;
use crate::tsset::Panel;
use crate::value::is_missing;
use std::collections::BTreeMap;

/// A predictor: its name as typed, its variable and the periods of its mean.
pub(super) struct Predictor {
    pub name: String,
    pub variable: usize,
    pub periods: Option<Vec<f64>>,
}

/// Words of a list; text in parentheses belongs to the word before it.
pub(super) fn words(list: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let (mut depth, mut open) = (0usize, false);
    for c in list.chars() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if c.is_whitespace() && depth == 0 {
            open = false;
        } else if open {
            if let Some(last) = out.last_mut() {
                last.push(c);
            }
        } else {
            out.push(c.to_string());
            open = true;
        }
    }
    out
}

pub(super) fn predictors(session: &Session, list: &[String]) -> Result<Vec<Predictor>> {
    let mut out = Vec::new();
    for word in list {
        let (name, periods) = match word.split_once('(') {
            Some((name, rest)) => {
                let text = rest.strip_suffix(')').ok_or_else(StataError::syntax)?.replace('&', " ");
                (name, Some(numlist::expand(&text)?))
            }
            None => (word.as_str(), None),
        };
        for variable in session.varlist(name)? {
            if session.frame.var(variable).is_string() {
                return Err(StataError::type_mismatch());
            }
            let own = &session.frame.var(variable).name;
            let name = word.split_once('(').map_or(own.clone(), |(_, rest)| format!("{own}({rest}"));
            out.push(Predictor { name, variable, periods: periods.clone() });
        }
    }
    if out.is_empty() { Err(StataError::standard(102)) } else { Ok(out) }
}

/// Numbers as keys of maps, in their order.
pub(super) fn key(x: f64) -> i64 {
    let bits = (x + 0.0).to_bits() as i64;
    bits ^ (((bits >> 63) as u64) >> 1) as i64
}

/// Rows of the data by unit and period.
pub(super) struct Data {
    pub rows: BTreeMap<(i64, i64), usize>,
    pub units: Vec<f64>,
    pub times: Vec<f64>,
}

impl Data {
    /// Rows of the sample by the declared unit and period.
    ///
    /// # Errors
    /// r(459) without a declaration of both, r(2000) without rows.
    pub(super) fn read(session: &Session, cmd: &ParsedCommand) -> Result<Self> {
        let declared = Panel::of(&session.frame)?;
        let (panel, time) = declared.unit_and_time()?;
        let mut touse = session.rows(cmd)?;
        session.markout(&[panel, time], &mut touse, false)?;
        let at = |variable: usize, row: usize| session.frame.num_at(variable, row);
        let rows: BTreeMap<(i64, i64), usize> = (0..touse.len())
            .filter(|i| touse[*i])
            .map(|i| ((key(at(panel, i)), key(at(time, i))), i))
            .collect();
        if rows.is_empty() {
            return Err(StataError::no_observations());
        }
        let distinct = |variable: usize| -> Vec<f64> {
            let mut values: Vec<f64> = rows.values().map(|r| at(variable, *r)).collect();
            values.sort_by(f64::total_cmp);
            values.dedup();
            values
        };
        Ok(Self { units: distinct(panel), times: distinct(time), rows })
    }

    /// A value, unless it or its row is missing.
    pub(super) fn value(&self, session: &Session, variable: usize, unit: f64, time: f64) -> Option<f64> {
        let row = *self.rows.get(&(key(unit), key(time)))?;
        Some(session.frame.num_at(variable, row)).filter(|v| !is_missing(*v))
    }

    /// The periods of an option, or the default; each must occur.
    pub(super) fn periods(
        &self,
        cmd: &ParsedCommand,
        option: &str,
        default: impl Fn(f64) -> bool,
    ) -> Result<Vec<f64>> {
        let Some(text) = cmd.options.text(option) else {
            return Ok(self.times.iter().copied().filter(|t| default(*t)).collect());
        };
        self.known(numlist::expand(text)?, option)
    }

    /// The periods themselves, or r(198) for one that does not occur.
    pub(super) fn known(&self, periods: Vec<f64>, place: &str) -> Result<Vec<f64>> {
        match periods.iter().find(|p| !self.times.contains(p)) {
            Some(p) => {
                let p = number(*p);
                Err(StataError::new(198, format!("{place}: period {p} is not found in the data")))
            }
            None => Ok(periods),
        }
    }
}

/// A number as names of rows have it.
pub(super) fn number(x: f64) -> String {
    format::bare("%12.0g", x).trim().to_string()
}
