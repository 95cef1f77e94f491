//! The equations of `mixed` and the groups of their levels.

use super::mixed::{OPTIONS, UNSUPPORTED};
use crate::error::{Result, StataError};
use crate::estimation::model::{Model, number_groups};
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::{ParsedCommand, front_and_options};
use std::collections::HashMap;

/// The parts of the command line.
pub(super) struct Line {
    pub(super) cmd: ParsedCommand,
    pub(super) levels: Vec<LevelText>,
}

/// Random effects of a level as written.
pub(super) struct LevelText {
    group: String,
    slopes: String,
    intercept: bool,
    /// As written.
    covariance: Option<String>,
}

/// Options of a level.
const LEVEL_OPTIONS: &[OptSpec] = &[OptSpec::text("COVariance"), OptSpec::flag("noCONstant")];

pub(super) fn parse(raw: &str) -> Result<Line> {
    let mut parts: Vec<&str> = raw.split("||").collect();
    // nothing follows the last bars of an author
    parts.pop_if(|last| last.trim().is_empty());
    if parts.len() == 1 {
        return Err(StataError::unsupported_option("mixed", "a model without random effects; use regress"));
    }
    let mut levels = Vec::new();
    let mut last = String::new();
    for (at, part) in parts.iter().enumerate().skip(1) {
        let (effects, options) = front_and_options(part);
        let (group, slopes) = effects
            .split_once(':')
            .ok_or_else(|| StataError::new(198, "invalid syntax: levelvar: expected after ||"))?;
        let mut own = ParsedCommand::split("mixed", &format!(", {options}"), false)?;
        if at + 1 == parts.len() {
            own.check_options(OPTIONS, UNSUPPORTED)?;
            last = options.to_string();
        } else {
            own.check_options(LEVEL_OPTIONS, UNSUPPORTED)?;
        }
        levels.push(LevelText {
            group: group.trim().to_string(),
            slopes: slopes.trim().to_string(),
            intercept: !own.has("noconstant"),
            covariance: own.options.text("covariance").map(|c| c.trim().to_string()),
        });
    }
    let mut cmd = ParsedCommand::split("mixed", &format!("{}, {last}", parts[0].trim()), false)?;
    cmd.check_weighted_options(OPTIONS, UNSUPPORTED)?;
    Ok(Line { cmd, levels })
}

/// Random effects of a level.
pub(super) struct Level {
    /// The group variable as written, or `_all`.
    pub(super) group: String,
    /// The group variable; none for `_all`, the one group of all observations.
    pub(super) unit: Option<usize>,
    /// Its effects: a level that is written several times has several independent blocks.
    pub(super) parts: Vec<Part>,
}

/// A block of effects: those of variables and the constant, or one of each level of a factor.
pub(super) struct Part {
    /// The variable of `R.varname`.
    pub(super) factor: Option<usize>,
    pub(super) slopes: Vec<usize>,
    pub(super) intercept: bool,
    pub(super) unstructured: bool,
}

impl Level {
    /// Reads the levels; a level without effects is allowed alone and where `residuals` have a structure of their own.
    pub(super) fn read_all(session: &Session, texts: &[LevelText], residuals: bool) -> Result<Vec<Self>> {
        let mut out: Vec<Self> = Vec::new();
        for text in texts {
            let part = Part::read(session, text, residuals)?;
            let unit = if text.group == "_all" { None } else { Some(session.variable(&text.group)?) };
            match out.last_mut().filter(|last| last.unit == unit) {
                Some(last) => last.parts.push(part),
                None => {
                    let group = unit.map_or("_all".to_string(), |v| session.frame.var(v).name.clone());
                    out.push(Self { group, unit, parts: vec![part] });
                }
            }
        }
        if out.iter().skip(1).any(|level| level.unit.is_none()) {
            return Err(StataError::new(198, "_all must be the first level"));
        }
        if out.iter().filter(|level| level.unit.is_some()).count() > 2 {
            return Err(StataError::unsupported_option("mixed", "more than two levels of random effects"));
        }
        if residuals
            && out.iter().any(|l| l.unit.is_none() || l.parts.len() > 1 || l.parts[0].factor.is_some())
        {
            return Err(StataError::unsupported_option("mixed", "residuals() with R. or several blocks"));
        }
        Ok(out)
    }
}

impl Part {
    fn read(session: &Session, text: &LevelText, residuals: bool) -> Result<Self> {
        let written = text.covariance.as_deref();
        let covariance = written.unwrap_or("independent");
        let is = |full: &str| covariance.len() >= 2 && full.starts_with(covariance);
        if !["unstructured", "independent", "identity"].into_iter().any(is) {
            return Err(StataError::unsupported_option("mixed", &format!("covariance({covariance})")));
        }
        if let Some(name) = text.slopes.strip_prefix("R.") {
            if written.is_some() && !is("identity") {
                return Err(StataError::new(
                    198,
                    "covariance() not allowed with R.varname; identity is implied",
                ));
            }
            let factor = Some(session.variable(name.trim())?);
            return Ok(Self { factor, slopes: Vec::new(), intercept: false, unstructured: false });
        }
        let slopes = if text.slopes.is_empty() { Vec::new() } else { session.varlist(&text.slopes)? };
        let count = slopes.len() + usize::from(text.intercept);
        if count == 0 && !residuals {
            return Err(StataError::new(198, "no random effects specified"));
        }
        if is("identity") && count > 1 {
            return Err(StataError::unsupported_option("mixed", "covariance(identity) with several effects"));
        }
        Ok(Self { factor: None, slopes, intercept: text.intercept, unstructured: is("unstructured") })
    }

    /// Names of the effects.
    pub(super) fn names(&self, session: &Session) -> Vec<String> {
        let name = |v: &usize| session.frame.var(*v).name.clone();
        let factor = self.factor.iter().map(|v| format!("R.{}", name(v)));
        let own = factor.chain(self.slopes.iter().map(name));
        own.chain(self.intercept.then(|| "_cons".to_string())).collect()
    }

    pub(super) fn form(&self) -> &'static str {
        match self.effects() {
            0 => "(empty)",
            1 => "Identity",
            _ if self.unstructured => "Unstructured",
            _ => "Independent",
        }
    }

    /// Number of standard deviations.
    pub(super) fn effects(&self) -> usize {
        usize::from(self.factor.is_some()) + self.slopes.len() + usize::from(self.intercept)
    }

    /// Number of variance parameters.
    pub(super) fn parameters(&self) -> usize {
        let q = self.effects();
        q + if self.unstructured { q * q.saturating_sub(1) / 2 } else { 0 }
    }

    /// Whether it is an intercept alone.
    pub(super) fn is_intercept(&self) -> bool {
        self.intercept && self.slopes.is_empty()
    }
}

pub(super) fn values(session: &Session, variable: usize, rows: &[usize]) -> Vec<f64> {
    rows.iter().map(|r| session.frame.num_at(variable, *r)).collect()
}

/// Number of the group of each row, groups being those of all `units` together, and the number of groups.
pub(super) fn groups_of(session: &Session, units: &[usize], rows: &[usize]) -> (Vec<u32>, usize) {
    let mut out = (vec![0; rows.len()], 1);
    for unit in units {
        let (of_row, _) = number_groups(&session.frame, *unit, rows);
        let mut numbers = HashMap::new();
        let number = |(above, own): (&u32, &u32)| {
            let next = numbers.len() as u32;
            *numbers.entry((*above, *own)).or_insert(next)
        };
        let pairs: Vec<u32> = out.0.iter().zip(&of_row).map(number).collect();
        out = (pairs, numbers.len());
    }
    out
}

/// Rows of each group of all `units` together.
pub(super) fn rows_of(session: &Session, units: &[usize], model: &Model) -> Vec<Vec<usize>> {
    let (of_row, count) = groups_of(session, units, &model.design.rows);
    let mut rows = vec![Vec::new(); count];
    of_row.iter().enumerate().for_each(|(i, g)| rows[*g as usize].push(i));
    rows
}

/// Rows of the groups of each level; those of the second lie within those of the first.
pub(super) fn level_rows(session: &Session, levels: &[Level], model: &Model) -> Vec<Vec<Vec<usize>>> {
    let mut units = Vec::new();
    let of_level = |level: &Level| {
        units.extend(level.unit);
        rows_of(session, &units, model)
    };
    levels.iter().map(of_level).collect()
}
