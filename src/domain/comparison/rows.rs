//! Which rows of several runs stand side by side: those of the same term, and where a run has the term several times of the same
//! model; a level of a category only next to levels with the same reference category.

use std::collections::{BTreeMap, BTreeSet};

use super::{Column, key_of};
use crate::domain::run::ResultRow;

/// The name of a row among those of other columns.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RowName {
    /// Equal for rows that stand side by side: the term with what follows, in English.
    pub key: String,
    /// Model and equation, where a column has the term several times.
    pub of: Option<String>,
    /// The categories that the row compares with, where they differ between the columns.
    pub against: Option<String>,
}

impl RowName {
    fn new(term: &str, of: Option<String>, against: Option<String>) -> Self {
        let model = of.iter().map(|of| format!(" [{of}]"));
        let base = against.iter().map(|base| format!(" (against {base})"));
        let key = std::iter::once(term.to_owned()).chain(model).chain(base).collect();
        Self { key, of, against }
    }
}

/// Returns the columns of categories whose reference category differs between columns with results, each with the categories and
/// the numbers of the columns that have them.
pub fn references(columns: &[Column]) -> BTreeMap<&str, BTreeMap<&str, Vec<u32>>> {
    let mut found: BTreeMap<&str, BTreeMap<&str, Vec<u32>>> = BTreeMap::new();
    for column in columns.iter().filter(|column| !column.results.is_empty()) {
        for level in column.levels.iter().filter(|level| level.base) {
            let of_factor = found.entry(&level.column).or_default();
            of_factor.entry(&level.label).or_default().push(column.index);
        }
    }
    found.retain(|_, bases| bases.len() > 1);
    found
}

/// The factors among the parts of a term: `sector` of `2.sector#c.age`.
fn factors(term: &str) -> impl Iterator<Item = &str> {
    term.split('#').filter_map(|part| {
        let (level, name) = part.rsplit_once('.')?;
        level.starts_with(|c: char| c.is_ascii_digit()).then_some(name)
    })
}

/// The variables among the parts of a term, without levels and operators.
fn variables(term: &str) -> BTreeSet<&str> {
    term.split('#').map(|part| part.rsplit_once('.').map_or(part, |(_, name)| name)).collect()
}

/// The factors whose reference category a row is an effect at or against: its own, and those that its variables interact with.
fn factors_of<'a>(row: &ResultRow, interactions: &[&'a str], own: &'a str) -> BTreeSet<&'a str> {
    let variables_of_row = variables(&row.term);
    let with = |term: &&&str| variables_of_row.is_subset(&variables(term));
    factors(own).chain(interactions.iter().filter(with).flat_map(|term| factors(term))).collect()
}

/// Names the rows of all columns.
pub fn name_rows(columns: &mut [Column]) {
    let mut repeated: BTreeSet<String> = BTreeSet::new();
    for column in columns.iter() {
        let mut seen = BTreeSet::new();
        let twice = column.results.iter().map(key_of).filter(|key| !seen.insert(*key));
        repeated.extend(twice.map(str::to_owned));
    }
    let differing: BTreeSet<String> = references(columns).into_keys().map(str::to_owned).collect();
    for column in columns {
        column.names = names(column, &repeated, &differing);
    }
}

fn names(column: &Column, repeated: &BTreeSet<String>, differing: &BTreeSet<String>) -> Vec<RowName> {
    let interactions: Vec<&str> =
        column.results.iter().map(|row| row.term.as_str()).filter(|term| term.contains('#')).collect();
    let base = |factor: &str| {
        let level = column.levels.iter().find(|level| level.base && level.column == factor)?;
        Some(level.label.as_str()).filter(|_| differing.contains(factor))
    };
    let name = |row: &ResultRow| {
        let key = key_of(row);
        let parts = [row.model.as_deref(), row.equation.as_deref()];
        let of: Vec<&str> = parts.into_iter().flatten().filter(|_| repeated.contains(key)).collect();
        let against: Vec<&str> = match differing.is_empty() {
            true => Vec::new(),
            false => factors_of(row, &interactions, &row.term).into_iter().filter_map(base).collect(),
        };
        let joined = |texts: &[&str], by: &str| (!texts.is_empty()).then(|| texts.join(by));
        RowName::new(key, joined(&of, ", "), joined(&against, ", "))
    };
    column.results.iter().map(name).collect()
}
