//! What counts are relative to, where a question does not call it an exposure: "falls per patient day", "given how long each
//! lift was observed".

use std::sync::LazyLock;

use regex::Regex;

use super::columns::Named;
use super::complete::IDENTIFIERS;
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

/// Words behind a name, and before it, that call a column an exposure.
const CALLED_BEHIND: [&str; 9] = [
    "as exposure",
    "as the exposure",
    "as an exposure",
    "as offset",
    "as the offset",
    "as an offset",
    "作为暴露",
    "为暴露",
    "作为偏移",
];
const CALLED_BEFORE: [&str; 8] = [
    "exposure:",
    "exposure is",
    "exposure variable",
    "exposure variable is",
    "offset",
    "offset:",
    "offset is",
    "offset variable",
];

impl Filler<'_> {
    /// The column that the question calls an exposure: the one of its phrase, or one whose name the question has in words that
    /// phrases read otherwise, such as `person years`.
    pub(super) fn stated_exposure(&self) -> Option<usize> {
        let fits = |c: &usize| can_be_relative_to(&self.columns[*c]);
        if let Some(named) = self.parsed.exposure.iter().copied().find(fits) {
            return Some(named);
        }
        let is_called = |c: &usize| {
            let column = &self.columns[*c];
            let names = [column.parts().join(" "), column.name().to_lowercase()];
            names.iter().any(|name| calls_exposure(&self.parsed.text, name))
        };
        let mut found = (0..self.columns.len()).filter(fits).filter(is_called);
        found.next().filter(|_| found.next().is_none())
    }

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
    said && can_be_relative_to(column)
}

/// True where a text calls a name an exposure.
fn calls_exposure(text: &str, name: &str) -> bool {
    !name.is_empty()
        && text.match_indices(name).any(|(at, found)| {
            let (before, behind) = (text[..at].trim_end(), text[at + found.len()..].trim_start());
            CALLED_BEHIND.iter().any(|words| behind.starts_with(words))
                || CALLED_BEFORE.iter().any(|words| before.ends_with(words))
        })
}

/// True for positive numbers that number no rows.
fn can_be_relative_to(column: &Named<'_>) -> bool {
    let c = column.column;
    !c.is_text() && c.distinct > 2 && c.min.is_some_and(|least| least > 0.0) && !column.word(&IDENTIFIERS)
}
