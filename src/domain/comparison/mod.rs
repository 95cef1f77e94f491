//! Comparisons: the estimates of several runs side by side, one of them over all specifications, and what that curve says in
//! numbers. Pure over the results that the runs recorded; a specification without estimates keeps its column with the reason.

mod curve;
mod specification;

use std::collections::BTreeMap;

use serde::Serialize;

use super::ids::{JobId, PlanId, RunId, TemplateId};
use super::job::cell::CellChoice;
use super::run::ResultRow;

pub use curve::{Point, Summary, points, summary};
pub use specification::{Choice, Fact, Said, specification};

/// Term of the constant.
pub const CONSTANT: &str = "_cons";

/// One specification with its results, or with the reason why it has none.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Column {
    /// Position in the comparison, from 1; in a batch the index of the cell.
    pub index: u32,
    /// What sets it apart in words: the labels of its choices, or the title of its job.
    pub name: String,
    /// What sets a cell of a batch apart, one entry for each axis; empty for other runs.
    pub choices: Vec<CellChoice>,
    /// Job with the results; null where the specification could not be frozen.
    #[schema(value_type = Option<String>)]
    pub job_id: Option<JobId>,
    /// The run whose results are shown; null where there is none.
    #[schema(value_type = Option<String>)]
    pub run_id: Option<RunId>,
    /// Plan of the run.
    #[schema(value_type = Option<String>)]
    pub plan_id: Option<PlanId>,
    /// Template of the plan; null where none could be chosen.
    #[schema(value_type = Option<String>)]
    pub template_id: Option<TemplateId>,
    /// `succeeded`, `failed`, `cancelled`, `running`, `queued` or `refused`.
    pub status: String,
    /// Why the column has no estimates; null where it has some.
    pub reason: Option<String>,
    /// Dependent variable of the plan; null where the analysis has none.
    pub outcome: Option<String>,
    /// Condition on the rows; null for all.
    pub sample: Option<String>,
    /// Standard errors as the run states them; null where it states none.
    pub std_errors: Option<String>,
    /// Rows that the model used.
    pub observations: Option<f64>,
    /// Measures of the fit by name.
    pub fit: BTreeMap<String, f64>,
    /// SHA-256 that identifies the data of the plan.
    pub input_fingerprint: Option<String>,
    /// Choices of the plan; empty where there is none.
    #[serde(skip)]
    pub specification: Vec<Choice>,
    /// Coefficients of the main table, as the run recorded them.
    #[serde(skip)]
    pub results: Vec<ResultRow>,
}

impl Column {
    /// Returns the first result of a term.
    pub fn result(&self, key: &str) -> Option<&ResultRow> {
        self.results.iter().find(|row| key_of(row) == key)
    }

    /// True if the column has the term more than once, as models side by side in one run have.
    pub fn repeats(&self, key: &str) -> bool {
        self.results.iter().filter(|row| key_of(row) == key).count() > 1
    }
}

/// Returns what makes terms of runs the same: the name, or for a level of a text column its words, since the numbers of levels
/// depend on the rows.
pub fn key_of(row: &ResultRow) -> &str {
    let is_level = row.term.contains('#')
        || row.term.split_once('.').is_some_and(|(level, _)| level.starts_with(|c: char| c.is_ascii_digit()));
    match &row.label {
        Some(label) if is_level => label,
        _ => &row.term,
    }
}

/// Returns the terms of all columns in the order in which they first occur, `first` before and the constant behind them.
pub fn terms_of<'a>(columns: &'a [Column], first: Option<&str>) -> Vec<&'a str> {
    let mut terms: Vec<&str> = Vec::new();
    for key in columns.iter().flat_map(|column| column.results.iter().map(key_of)) {
        if !terms.contains(&key) {
            terms.push(key);
        }
    }
    // a stable sort keeps the order of the others
    terms.sort_by_key(|key| match *key {
        key if Some(key) == first => 0,
        CONSTANT => 2,
        _ => 1,
    });
    terms
}

/// Returns the term whose estimates are compared: the wanted term, or the term of the wanted column alone (`1.treated` of
/// `treated`), or else the one that most columns estimate. `None` where no column has an estimate.
pub fn focus_of<'a>(columns: &'a [Column], wanted: Option<&str>) -> Option<&'a str> {
    let terms = terms_of(columns, None);
    let count = |key: &str| {
        columns.iter().filter(|c| c.result(key).is_some_and(|row| row.estimate.is_some())).count()
    };
    let most = |keys: &mut dyn Iterator<Item = &'a str>| {
        // of several the earliest
        keys.filter(|key| count(key) > 0)
            .reduce(|best, key| if count(key) > count(best) { key } else { best })
    };
    let of_column = |key: &&str, name: &str| {
        let rows = columns.iter().flat_map(|column| &column.results).filter(|row| key_of(row) == *key);
        rows.take(1).any(|row| {
            !row.term.contains('#') && row.term.rsplit_once('.').is_some_and(|(_, own)| own == name)
        })
    };
    wanted
        .and_then(|wanted| terms.iter().copied().find(|key| *key == wanted && count(key) > 0))
        .or_else(|| {
            wanted.and_then(|name| most(&mut terms.iter().copied().filter(|key| of_column(key, name))))
        })
        .or_else(|| most(&mut terms.iter().copied().filter(|key| *key != CONSTANT)))
        .or_else(|| most(&mut terms.iter().copied()))
}

/// What differs between columns so that their estimates may measure different things.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Difference {
    /// Other dependent variables, perhaps in other units.
    Outcome,
    /// Other templates: a coefficient of one is no coefficient of another.
    Template,
    /// Other data.
    Data,
}

/// Returns what differs between the columns with results.
pub fn differences(columns: &[Column]) -> Vec<Difference> {
    let with: Vec<&Column> = columns.iter().filter(|column| !column.results.is_empty()).collect();
    let differs = |same: &dyn Fn(&Column, &Column) -> bool| with.iter().any(|column| !same(column, with[0]));
    let mut found = Vec::new();
    found.extend(differs(&|a, b| a.outcome == b.outcome).then_some(Difference::Outcome));
    found.extend(differs(&|a, b| a.template_id == b.template_id).then_some(Difference::Template));
    found.extend(differs(&|a, b| a.input_fingerprint == b.input_fingerprint).then_some(Difference::Data));
    found
}

#[cfg(test)]
mod tests;
