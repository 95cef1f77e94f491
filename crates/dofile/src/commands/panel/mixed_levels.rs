//! The equations of `mixed` and the groups of their levels.

use super::clogit::group_rows;
use super::mixed::{OPTIONS, UNSUPPORTED};
use crate::error::{Result, StataError};
use crate::estimation::model::{Model, number_groups};
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::{ParsedCommand, top_level_comma};

/// The parts of the command line.
pub(super) struct Line {
    pub(super) cmd: ParsedCommand,
    pub(super) levels: Vec<LevelText>,
}

/// Random effects of a level as written.
pub(super) struct LevelText {
    group: String,
    slopes: String,
    pub(super) intercept: bool,
    covariance: String,
}

/// Options of a level.
const LEVEL_OPTIONS: &[OptSpec] = &[OptSpec::text("COVariance"), OptSpec::flag("noCONstant")];

pub(super) fn parse(raw: &str) -> Result<Line> {
    let parts: Vec<&str> = raw.split("||").collect();
    if parts.len() == 1 {
        return Err(StataError::unsupported_option("mixed", "a model without random effects; use regress"));
    }
    if parts.len() > 3 {
        return Err(StataError::unsupported_option("mixed", "more than two levels of random effects"));
    }
    let mut levels = Vec::new();
    let mut last = String::new();
    for (at, part) in parts.iter().enumerate().skip(1) {
        let (effects, options) = match top_level_comma(part) {
            Some(comma) => (&part[..comma], &part[comma + 1..]),
            None => (*part, ""),
        };
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
            covariance: own.options.text("covariance").unwrap_or("independent").trim().to_string(),
        });
    }
    let mut cmd = ParsedCommand::split("mixed", &format!("{}, {last}", parts[0].trim()), false)?;
    cmd.check_options(OPTIONS, UNSUPPORTED)?;
    Ok(Line { cmd, levels })
}

/// Random effects of a level.
pub(super) struct Level {
    pub(super) unit: usize,
    pub(super) slopes: Vec<usize>,
    pub(super) intercept: bool,
    pub(super) unstructured: bool,
}

impl Level {
    /// Reads the effects of a level; none are allowed where `residuals` have a structure of their own.
    pub(super) fn read(session: &Session, text: &LevelText, residuals: bool) -> Result<Self> {
        let is = |full: &str| text.covariance.len() >= 2 && full.starts_with(text.covariance.as_str());
        if !["unstructured", "independent", "identity"].into_iter().any(is) {
            return Err(StataError::unsupported_option("mixed", &format!("covariance({})", text.covariance)));
        }
        if text.group == "_all" {
            return Err(StataError::unsupported_option("mixed", "_all:"));
        }
        let unit = session.variable(&text.group)?;
        let slopes = if text.slopes.is_empty() { Vec::new() } else { session.varlist(&text.slopes)? };
        let count = slopes.len() + usize::from(text.intercept);
        if count == 0 && !residuals {
            return Err(StataError::new(198, "no random effects specified"));
        }
        if is("identity") && count > 1 {
            return Err(StataError::unsupported_option("mixed", "covariance(identity) with several effects"));
        }
        Ok(Self { unit, slopes, intercept: text.intercept, unstructured: is("unstructured") })
    }

    /// Names of the effects.
    pub(super) fn names(&self, session: &Session) -> Vec<String> {
        let own = self.slopes.iter().map(|v| session.frame.var(*v).name.clone());
        own.chain(self.intercept.then(|| "_cons".to_string())).collect()
    }

    pub(super) fn form(&self) -> &'static str {
        match self.slopes.len() + usize::from(self.intercept) {
            0 => "(empty)",
            1 => "Identity",
            _ if self.unstructured => "Unstructured",
            _ => "Independent",
        }
    }
}

pub(super) fn values(session: &Session, variable: usize, rows: &[usize]) -> Vec<f64> {
    rows.iter().map(|r| session.frame.num_at(variable, *r)).collect()
}

/// Rows of the groups of each level; those of the second lie within those of the first.
pub(super) fn level_rows(session: &Session, levels: &[Level], model: &Model) -> Vec<Vec<Vec<usize>>> {
    let first = group_rows(session, levels[0].unit, model);
    let Some(second) = levels.get(1) else { return vec![first] };
    let (of_row, count) = number_groups(&session.frame, second.unit, &model.design.rows);
    let mut within = Vec::new();
    for group in &first {
        let mut own: Vec<Vec<usize>> = vec![Vec::new(); count];
        group.iter().for_each(|row| own[of_row[*row] as usize].push(*row));
        within.extend(own.into_iter().filter(|rows| !rows.is_empty()));
    }
    vec![first, within]
}
