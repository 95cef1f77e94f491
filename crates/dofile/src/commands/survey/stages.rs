//! Sampling stages after the first. They add to the variance where every stage before them has a finite population
//! ([SVY] Variance estimation, "Multistage designs").

use super::design::Declaration;
use crate::error::{Result, StataError};
use crate::estimation::model::number_groups;
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand};
use estimators::survey::Units;
use std::collections::HashMap;

/// One stage; names of variables, empty if there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stage {
    /// The sampling units, `_n` when every row is one.
    pub unit: String,
    /// The strata within the units of the stage before.
    pub strata: String,
    /// Sampled shares or numbers of units in the population.
    pub fpc: String,
}

impl Stage {
    /// The variables of the stage.
    pub(super) fn names(&self) -> [&String; 3] {
        [&self.unit, &self.strata, &self.fpc]
    }
}

/// The stages in the text behind the first `||`.
pub(super) fn read(s: &Session, text: &str) -> Result<Vec<Stage>> {
    let name = |text: &str| -> Result<String> { Ok(s.frame.var(s.variable(text.trim())?).name.clone()) };
    let mut out = Vec::new();
    for part in text.split("||").filter(|_| !text.is_empty()) {
        let mut parsed = ParsedCommand::split("svyset", part, false)?;
        parsed.check_options(&[OptSpec::text("STRata"), OptSpec::text("fpc")], &[])?;
        let option = |key: &str| parsed.options.text(key).map(name).transpose();
        out.push(Stage {
            unit: match parsed.list.trim() {
                "" | "_n" => "_n".to_string(),
                unit => name(unit)?,
            },
            strata: option("strata")?.unwrap_or_default(),
            fpc: option("fpc")?.unwrap_or_default(),
        });
    }
    Ok(out)
}

/// The stages that count: those whose stages before all have a finite population.
pub(super) fn counted(s: &Session, declared: &Declaration) -> Result<Vec<Stage>> {
    let mut out = Vec::new();
    let mut finite = !declared.fpc.is_empty();
    for stage in read(s, &declared.later)? {
        if !finite {
            break;
        }
        finite = !stage.fpc.is_empty();
        out.push(stage);
    }
    Ok(out)
}

/// Units of each stage within those of the stage before.
pub(super) fn units(s: &Session, stages: &[Stage], first: &Units, rows: &[usize]) -> Result<Vec<Units>> {
    let mut out: Vec<Units> = Vec::new();
    for stage in stages {
        let group = |name: &str| -> Result<Vec<u32>> {
            match name {
                "" => Ok(vec![0; rows.len()]),
                "_n" => Ok((0..rows.len() as u32).collect()),
                name => Ok(number_groups(&s.frame, s.variable(name)?, rows).0),
            }
        };
        let (strata, unit) = (group(&stage.strata)?, group(&stage.unit)?);
        let above = out.last().unwrap_or(first);
        let strata = above.strata_within(&strata);
        let (rate, population) = finite(s, &stage.fpc, rows, &strata)?;
        let inner = checked(above.within(&strata, &unit, &rate, population))?;
        out.push(inner);
    }
    Ok(out)
}

/// Refuses a finite population smaller than its sample.
pub(super) fn checked(units: Units) -> Result<Units> {
    if units.largest_rate() > 1.0 + 1e-12 {
        return Err(StataError::new(462, "fpc must be >= 1 or the number of sampled units"));
    }
    Ok(units)
}

/// The finite population of each row's stratum, and whether it is a number of units rather than a share.
pub(super) fn finite(s: &Session, name: &str, rows: &[usize], strata: &[u32]) -> Result<(Vec<f64>, bool)> {
    if name.is_empty() {
        return Ok((vec![0.0; rows.len()], false));
    }
    let v = s.numeric_variable(name)?;
    let values: Vec<f64> = rows.iter().map(|r| s.frame.num_at(v, *r)).collect();
    let mut first: HashMap<u32, f64> = HashMap::new();
    for (h, x) in strata.iter().zip(&values) {
        if *x < 0.0 || *first.entry(*h).or_insert(*x) != *x {
            return Err(StataError::new(
                464,
                "fpc for all observations within a stratum must be the same and not negative",
            ));
        }
    }
    let population = values.iter().any(|x| *x > 1.0);
    Ok((values, population))
}
