//! Facts on the data that metas exclude a template by (`outcome.binary`, `rows.lt30` …), computed from the
//! draft's roles and the profile of the columns. Facts that need the rows themselves are not known here.

use crate::domain::dataset::{Column, Dataset};
use crate::domain::draft::Statement;
use crate::domain::profile::{KINDS, primary_kind, serves_as};

/// Facts of the data for the selection.
#[derive(Debug, Clone, Copy)]
pub struct Data<'a> {
    /// Roles and parameters of the draft.
    pub statement: &'a Statement,
    /// Primary data set; without one only the statement is known.
    pub dataset: Option<&'a Dataset>,
}

impl<'a> Data<'a> {
    /// Returns the columns of the main data.
    pub fn columns(&self) -> &'a [Column] {
        self.dataset.map_or(&[], |d| d.columns.as_slice())
    }

    /// Returns the first column that a role names, if it exists.
    pub fn role(&self, role: &str) -> Option<&'a Column> {
        let name = self.statement.roles.get(role)?.first()?;
        self.dataset?.column(name)
    }

    /// True if the draft states the role.
    pub fn states(&self, role: &str) -> bool {
        self.statement.roles.get(role).is_some_and(|columns| !columns.is_empty())
    }
}

/// Subject of a fact → role whose column it checks.
const SUBJECTS: [(&str, &str); 4] = [
    ("outcome", "outcome_var"),
    ("treatment", "treatment_var"),
    ("group", "group_var"),
    ("focal", "focal_var"),
];

/// Splits `gt2` or `lt30` into its comparison and number.
fn bound(text: &str) -> Option<(bool, u64)> {
    if let Some(number) = text.strip_prefix("gt") {
        return Some((true, number.parse().ok()?));
    }
    Some((false, text.strip_prefix("lt")?.parse().ok()?))
}

/// True for facts that the contract knows.
pub fn is_known(fact: &str) -> bool {
    match fact.split_once('.') {
        Some(("panel" | "time", "declared" | "absent")) | Some(("treatment", "staggered")) => true,
        Some(("rows" | "groups" | "clusters", limit)) => bound(limit).is_some(),
        Some((subject, kind)) => SUBJECTS.iter().any(|(s, _)| *s == subject) && KINDS.contains(&kind),
        None => false,
    }
}

/// Returns why a fact holds, in words; `None` if it does not hold or is not known.
pub fn reason(fact: &str, data: &Data<'_>) -> Option<String> {
    let (subject, what) = fact.split_once('.')?;
    match (subject, what) {
        ("panel", "declared") => {
            (data.states("entity_var") && data.states("time_var")).then(|| "the data are a panel".to_owned())
        }
        ("panel", "absent") => (!data.states("entity_var")).then(|| "no panel unit is stated".to_owned()),
        ("time", "declared") => data.states("time_var").then(|| "a time variable is stated".to_owned()),
        ("time", "absent") => (!data.states("time_var")).then(|| "no time variable is stated".to_owned()),
        // needs the rows; the body checks it
        ("treatment", "staggered") => None,
        ("rows", limit) => {
            let rows = data.dataset?.row_count;
            exceeds(rows, limit).then(|| format!("the data have {rows} rows"))
        }
        ("groups" | "clusters", limit) => {
            let column = data.role(if subject == "groups" { "group_var" } else { "cluster_var" })?;
            let levels = column.distinct;
            exceeds(levels, limit).then(|| format!("`{}` has {levels} levels", column.name))
        }
        (subject, kind) => {
            let (_, role) = SUBJECTS.iter().find(|(s, _)| *s == subject)?;
            let column = data.role(role)?;
            let holds = match kind {
                // narrow kinds: the column is nothing else
                "binary" => serves_as(column, "binary"),
                kind => primary_kind(column) == kind,
            };
            holds.then(|| format!("`{}` is {kind}", column.name))
        }
    }
}

fn exceeds(value: u64, limit: &str) -> bool {
    match bound(limit) {
        Some((true, number)) => value > number,
        Some((false, number)) => value < number,
        None => false,
    }
}
