//! Intervals and tests of means, proportions, totals and ranks, and sample sizes.

mod ameans;
mod bitest;
mod ci;
mod esize;
mod ksmirnov;
pub(in crate::commands) mod means;
mod power;
mod power_correlation;
mod power_groups;
mod power_paired;
mod power_request;
mod power_survival;
mod power_text;
mod prtest;
mod sampsi;
mod signed;
mod ttesti;

use super::CommandSpec;

/// Commands of this family.
pub(super) const TABLE: &[CommandSpec] = &[
    ameans::SPEC,
    bitest::SPEC,
    bitest::SPEC_IMMEDIATE,
    ci::SPEC,
    ci::SPEC_IMMEDIATE,
    ksmirnov::SPEC,
    means::SPEC,
    means::SPEC_PROPORTION,
    means::SPEC_TOTAL,
    means::SPEC_RATIO,
    power::SPEC,
    prtest::SPEC,
    prtest::SPEC_IMMEDIATE,
    esize::SPEC,
    sampsi::SPEC,
    signed::SPEC,
    signed::SPEC_SIGNTEST,
    ttesti::SPEC,
];

use crate::error::{Result, StataError};
use crate::session::Session;
use crate::syntax::options::parse_number;
use crate::syntax::split::ParsedCommand;

/// The numbers of an immediate command; r(198) for anything else.
fn numbers(text: &str) -> Result<Vec<f64>> {
    text.split_whitespace().map(|w| parse_number(w).ok_or_else(StataError::syntax)).collect()
}

/// Rows of a command with values of numeric variables; r(2000) without any.
fn sample(s: &Session, cmd: &ParsedCommand, variables: &[usize]) -> Result<Vec<usize>> {
    if variables.iter().any(|v| s.frame.var(*v).is_string()) {
        return Err(StataError::type_mismatch());
    }
    let mut touse = s.rows(cmd)?;
    s.markout(variables, &mut touse, true)?;
    let rows: Vec<usize> = (0..touse.len()).filter(|&i| touse[i]).collect();
    if rows.is_empty() { Err(StataError::no_observations()) } else { Ok(rows) }
}

/// Values of a variable on rows.
fn values(s: &Session, variable: usize, rows: &[usize]) -> Vec<f64> {
    rows.iter().map(|&r| s.frame.num_at(variable, r)).collect()
}
