//! Panels with a column for each year: an analysis of units over time needs a row for each year, and the years of one measure do
//! not explain each other.

use std::collections::BTreeSet;

use super::names::{numbered, trunk};
use super::{BLOCKED, OpenQuestion, Suggestion};
use crate::domain::dataset::Dataset;
use crate::domain::template::Bilingual;

/// Fewest years of a measure that make a table a wide one.
const FEWEST: usize = 3;
/// Numbers that are years.
const YEARS: std::ops::RangeInclusive<u32> = 1900..=2100;
/// Families of analyses of units over time.
const OVER_TIME: [&str; 2] = ["panel.", "did."];

/// Asks for the long form where an analysis over time has a column for each year, and where the draft has chosen a year that the
/// question does not name; takes the other years of the outcome out of its causes.
pub(super) fn asked(question: &str, mut suggestion: Suggestion, dataset: &Dataset) -> Suggestion {
    let is_panel = suggestion
        .template_id
        .as_ref()
        .is_some_and(|id| OVER_TIME.iter().any(|family| id.as_str().starts_with(family)));
    let measures: BTreeSet<String> = numbered(dataset)
        .into_iter()
        .filter(|(name, numbers)| {
            !name.is_empty() && numbers.len() >= FEWEST && numbers.iter().all(|n| YEARS.contains(n))
        })
        .map(|(name, _)| name)
        .collect();
    let outcome = suggestion.statement.roles.get("outcome_var").and_then(|names| names.first());
    let Some(outcome) = outcome.map(|name| trunk(name).to_lowercase()) else { return suggestion };
    let is_of_a_year = measures.len() > 1 && !names_a_year(question) && one_year(&suggestion, &outcome);
    if !(is_panel || is_of_a_year) || !measures.contains(&outcome) {
        return suggestion;
    }
    for role in ["regressors", "controls"] {
        if let Some(names) = suggestion.statement.roles.get_mut(role) {
            names.retain(|name| trunk(name).to_lowercase() != outcome);
        }
    }
    suggestion.statement.roles.retain(|_, names| !names.is_empty());
    suggestion.choices.retain(|choice| {
        let role = choice.field.strip_prefix("roles.");
        role.is_none_or(|role| suggestion.statement.roles.contains_key(role))
    });
    let names: Vec<&str> = measures.iter().map(|name| name.trim_end_matches('_')).collect();
    let (en, zh) = (names.join(", "), names.join("、"));
    suggestion.open_questions.push(OpenQuestion {
        field: "requirement".to_owned(),
        question: Bilingual {
            en: format!(
                "The table has a column for each year of {en}. An analysis of units over time needs a row for each unit and year: \
                 bring it into that form first, by the analysis prep.reshape or in the file, and ask again."
            ),
            zh: Some(format!(
                "表中 {zh} 每年一列（宽表）。对个体随时间的分析需要每个个体每年一行：请先用 prep.reshape 或在文件中转为长表，再重新提问。"
            )),
        },
        blocking: true,
        candidates: Vec::new(),
    });
    suggestion.confidence *= BLOCKED;
    suggestion
}

/// True if the draft has one or two columns of a measure, no series of them.
fn one_year(suggestion: &Suggestion, measure: &str) -> bool {
    let used = suggestion.statement.roles.values().flatten();
    used.filter(|name| trunk(name).to_lowercase() == measure).count() < FEWEST
}

/// True if a question has the number of a year.
fn names_a_year(question: &str) -> bool {
    let numbers = question.split(|c: char| !c.is_ascii_digit());
    numbers.filter_map(|number| number.parse().ok()).any(|number| YEARS.contains(&number))
}
