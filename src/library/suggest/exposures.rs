//! What counts are relative to, where a question does not call it an exposure: "falls per patient day", "given how long each
//! lift was observed".

use std::sync::LazyLock;

use regex::Regex;

use super::columns::Named;
use super::roles::Filler;
use crate::domain::profile::serves_as;

/// Words of a question for events in a time, or among units at risk.
static RELATIVE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"\bper [a-z]|\brates?\b|\bhow long\b[^.?]*\b(?:observed|followed|watched|at risk)|\b(?:observed|followed)\b[^.?]*\b(?:different|unequal|longer|how long)|\b(?:different|unequal|varying) (?:length|period|time|follow|observation)|person[- ]?(?:years?|time)|follow-?up time|at risk|(?:观测|观察|随访|暴露)[^。？]{0,8}(?:不同|不一|不一样|长短|不等)|发生率|每(?:千|百|万|人|个)|率(?:$|[^先领])",
    )
    .expect("a pattern")
});
/// Parts of names of a time at risk.
const AT_RISK: [&str; 10] = [
    "observed",
    "exposure",
    "followup",
    "followed",
    "pyears",
    "pyrs",
    "persontime",
    "offset",
    "atrisk",
    "futime",
];
/// Those of what is at risk, and of time: together they name a time at risk, as `patient_days`.
const UNITS: [&str; 16] = [
    "person",
    "patient",
    "bed",
    "device",
    "vehicle",
    "machine",
    "member",
    "animal",
    "cow",
    "catheter",
    "nurse",
    "worker",
    "inmate",
    "resident",
    "ship",
    "household",
];
const TIMES: [&str; 8] = ["days", "day", "years", "year", "months", "month", "hours", "weeks"];
const HAN: [&str; 8] = ["人年", "人时", "人月", "床日", "观测月", "观察时间", "随访时间", "暴露"];

impl Filler<'_> {
    /// The column that holds the time at risk of a count.
    pub(super) fn at_risk(&self, outcome: Option<usize>) -> Option<usize> {
        let outcome = outcome.filter(|y| {
            let c = self.columns[*y].column;
            serves_as(c, "count") && c.min == Some(0.0)
        })?;
        if !self.parsed.text.fits(&RELATIVE) {
            return None;
        }
        let mut found =
            (0..self.columns.len()).filter(|c| *c != outcome && is_time_at_risk(&self.columns[*c]));
        found.next().filter(|_| found.next().is_none())
    }
}

fn is_time_at_risk(column: &Named<'_>) -> bool {
    let c = column.column;
    let parts = column.parts();
    let has = |words: &[&str]| parts.iter().any(|part| words.contains(&part.as_str()));
    let said = has(&AT_RISK) || has(&UNITS) && has(&TIMES) || HAN.iter().any(|word| c.name.contains(word));
    said && !c.is_text() && c.distinct > 2 && c.min.is_some_and(|least| least > 0.0)
}
