//! Comparisons: the estimates of several runs side by side, one of them over all specifications, and what that curve says in
//! numbers. Pure over the results that the runs recorded; a specification without estimates keeps its column with the reason.

mod curve;
mod differences;
mod rows;
mod specification;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::ids::{JobId, PlanId, RunId, TemplateId};
use super::job::cell::CellChoice;
use super::run::{ResultRow, RunCheck};
use super::run_level::RunLevel;

pub use curve::{Point, Summary, points, summary};
pub use differences::{Difference, caption, differences, unshared};
pub use rows::{RowName, name_rows, references};
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
    /// Choices of its plan that the other columns with results do not share, in English; empty where nothing differs.
    pub caption: String,
    /// Checks of the run that warn.
    pub warnings: Vec<RunCheck>,
    /// Levels of the categories of the run's models.
    #[serde(skip)]
    pub levels: Vec<RunLevel>,
    /// Choices of the plan; empty where there is none.
    #[serde(skip)]
    pub specification: Vec<Choice>,
    /// Estimates of the run, as it recorded them.
    #[serde(skip)]
    pub results: Vec<ResultRow>,
    /// Name of each of the results among those of the other columns; see [`name_rows`].
    #[serde(skip)]
    pub names: Vec<RowName>,
}

impl Column {
    /// Returns the results with the keys of their rows.
    pub fn rows(&self) -> impl Iterator<Item = (&str, &ResultRow)> {
        self.results
            .iter()
            .enumerate()
            .map(|(at, row)| (self.names.get(at).map_or_else(|| key_of(row), |name| name.key.as_str()), row))
    }

    /// Returns the first result of a row.
    pub fn result(&self, key: &str) -> Option<&ResultRow> {
        self.rows().find(|(own, _)| *own == key).map(|(_, row)| row)
    }

    /// True if the column has the row more than once.
    pub fn repeats(&self, key: &str) -> bool {
        self.rows().filter(|(own, _)| *own == key).count() > 1
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

/// Returns the rows of all columns in the order in which they first occur, `first` before and those of constants behind them.
pub fn terms_of<'a>(columns: &'a [Column], first: Option<&str>) -> Vec<&'a str> {
    let mut rows = distinct(columns);
    // a stable sort keeps the order of the others
    rows.sort_by_key(|(key, row)| match *key {
        key if Some(key) == first => 0,
        _ if row.term == CONSTANT => 2,
        _ => 1,
    });
    rows.into_iter().map(|(key, _)| key).collect()
}

/// The rows of all columns, each with its first result.
fn distinct(columns: &[Column]) -> Vec<(&str, &ResultRow)> {
    let mut rows: Vec<(&str, &ResultRow)> = Vec::new();
    let mut seen = BTreeSet::new();
    for (key, row) in columns.iter().flat_map(Column::rows) {
        if seen.insert(key) {
            rows.push((key, row));
        }
    }
    rows
}

/// Returns the row whose estimates are compared: the wanted one, or of the rows of the wanted term, or of the wanted column alone
/// (`1.treated` of `treated`), or else of all, the one that most columns estimate; one that is tested before a mere description.
/// `None` where no column has an estimate.
pub fn focus_of<'a>(columns: &'a [Column], wanted: Option<&str>) -> Option<&'a str> {
    let rows = distinct(columns);
    let count = |key: &str, holds: &dyn Fn(&ResultRow) -> bool| {
        columns
            .iter()
            .filter(|c| c.result(key).is_some_and(|row| row.estimate.is_some() && holds(row)))
            .count()
    };
    let most = |is_meant: &dyn Fn(&str, &ResultRow) -> bool| {
        let rank = |key: &str| (count(key, &|row| row.p_value.is_some()), count(key, &|_| true));
        // of several the earliest
        rows.iter()
            .filter(|(key, row)| is_meant(key, row))
            .map(|(key, _)| (rank(key), *key))
            .filter(|((_, estimates), _)| *estimates > 0)
            .reduce(|best, next| if next.0 > best.0 { next } else { best })
            .map(|(_, key)| key)
    };
    let of_column = |row: &ResultRow, name: &str| {
        !row.term.contains('#') && row.term.rsplit_once('.').is_some_and(|(_, own)| own == name)
    };
    wanted
        .and_then(|wanted| most(&|key, _| key == wanted))
        .or_else(|| wanted.and_then(|wanted| most(&|_, row| row.term == wanted || key_of(row) == wanted)))
        .or_else(|| wanted.and_then(|wanted| most(&|_, row| of_column(row, wanted))))
        .or_else(|| most(&|_, row| row.term != CONSTANT))
        .or_else(|| most(&|_, _| true))
}

#[cfg(test)]
mod tests;
