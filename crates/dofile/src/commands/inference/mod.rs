//! Intervals and tests of means, proportions, totals and ranks, and sample sizes.

mod ameans;
mod bitest;
mod ci;
mod ciwidth;
mod ciwidth_show;
mod esize;
mod ksmirnov;
mod mean_tests;
pub(in crate::commands) mod means;
mod means_show;
mod power;
mod power_association;
mod power_cluster;
mod power_correlation;
mod power_groups;
mod power_methods;
mod power_paired;
mod power_regression;
mod power_request;
mod power_show;
mod power_sizes;
mod power_survival;
mod power_table;
mod power_text;
mod power_twoway;
mod power_variances;
mod prtest;
mod sampsi;
mod sdtest;
mod signed;
mod standardised;
mod ttest;
mod ttesti;
mod ztest;

use super::CommandSpec;

/// Commands of this family.
pub(super) const TABLE: &[CommandSpec] = &[
    ameans::SPEC,
    bitest::SPEC,
    bitest::SPEC_IMMEDIATE,
    ci::SPEC,
    ci::SPEC_IMMEDIATE,
    ciwidth::SPEC,
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
    sdtest::SPEC,
    sdtest::SPEC_IMMEDIATE,
    signed::SPEC,
    signed::SPEC_SIGNTEST,
    ttest::SPEC,
    ttesti::SPEC,
    ztest::SPEC,
    ztest::SPEC_IMMEDIATE,
];

use crate::error::{Result, StataError};
use crate::session::Session;
use crate::syntax::options::parse_number;
use crate::syntax::split::ParsedCommand;

/// The numbers of an immediate command; r(198) for anything else.
fn numbers(text: &str) -> Result<Vec<f64>> {
    text.split_whitespace().map(|w| parse_number(w).ok_or_else(StataError::syntax)).collect()
}

/// The same with `.` for a number that is not known.
fn numbers_or_missing(text: &str) -> Result<Vec<f64>> {
    let number = |w: &str| if w == "." { Some(f64::NAN) } else { parse_number(w) };
    text.split_whitespace().map(|w| number(w).ok_or_else(StataError::syntax)).collect()
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

/// The two sides of `v == #` or `v1 == v2`.
fn sides(list: &str) -> (&str, Option<&str>) {
    match list.split_once("==").or_else(|| list.split_once('=')) {
        Some((left, right)) => (left.trim(), Some(right.trim())),
        None => (list.trim(), None),
    }
}

/// Values of a variable on the rows of a sample that are not missing.
fn nonmissing(s: &Session, variable: usize, touse: &[bool]) -> Vec<f64> {
    let column = &s.frame.var(variable).data;
    let used = (0..touse.len()).filter(|i| touse[*i]);
    used.map(|i| column.num(i)).filter(|v| !crate::value::is_missing(*v)).collect()
}
