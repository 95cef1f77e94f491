//! What a run says of the levels of its models: more than the data and the plan can say before it.

use std::collections::{BTreeSet, HashMap};

use super::Language;
use super::labels::{Labels, level};
use super::words::{name, named};
use crate::domain::plan::CategoricalMark;
use crate::domain::run_level::RunLevel;

impl Labels {
    /// Takes in the levels that the models of a run have: a condition, missing values or a merge may have left out a level, and
    /// with it the one that a plan compares with.
    pub fn take_run(&mut self, marks: &[CategoricalMark], levels: &[RunLevel]) {
        let mut present: HashMap<String, BTreeSet<i64>> = HashMap::new();
        // the periods of an effect of time are no categories of the plan
        let is_marked = |level: &&RunLevel| {
            marks.iter().any(|mark| *mark.companion.as_ref().unwrap_or(&mark.column) == level.column)
        };
        for level in levels.iter().filter(is_marked) {
            let column = self.own(&level.column).to_owned();
            present.entry(column.clone()).or_default().insert(level.number);
            let known = self.levels.entry(column.clone()).or_default();
            let words = known.entry(level.number).or_insert_with(|| level.label.clone());
            // the log has no quotes, and a long label is cut
            let printed = words.replace(['"', '`', '$'], "");
            if !printed.starts_with(&level.label) {
                words.clone_from(&level.label);
            }
            if level.base {
                let words = words.clone();
                self.bases.insert(column, words);
            }
        }
        self.present.extend(present);
    }

    /// Returns the words for a row of estimates that a column of their table names: a term of a model, a parameter or effect that
    /// a template names, or a period relative to an event.
    pub fn estimate(&self, column: &str, term: &str, language: Language) -> String {
        if column == "relative_period" {
            return format!("{}: {term}", name(column, language));
        }
        let is_name = !term.contains(['.', '#', ' ']) && !self.has(term) && !self.terms.contains_key(term);
        let own = is_name.then(|| named(term.trim_start_matches('/'), language)).flatten();
        own.unwrap_or_else(|| self.row(term, language))
    }

    /// Returns the reference category of each marked column among the terms of a model: the one level of the data that no
    /// term stands for. A column where this is not certain, because the model left out rows with a level, has none.
    pub fn references<'a>(&self, terms: impl Iterator<Item = &'a str>) -> Vec<(String, i64)> {
        let mut rest: Vec<(&str, BTreeSet<i64>)> = Vec::new();
        for (level, name) in terms.filter_map(level_of) {
            let own = self.own(name);
            let Some(present) = self.present.get(own) else { continue };
            let at = rest.iter().position(|(column, _)| *column == own).unwrap_or_else(|| {
                rest.push((own, present.clone()));
                rest.len() - 1
            });
            rest[at].1.remove(&level);
        }
        let single = rest.into_iter().filter(|(_, levels)| levels.len() == 1);
        single.filter_map(|(column, levels)| Some((column.to_owned(), *levels.first()?))).collect()
    }
}

/// The level and the column of a term such as `2.sector`; none for other terms and for interactions.
fn level_of(term: &str) -> Option<(i64, &str)> {
    let (operator, name) = term.split_once('.').filter(|_| !term.contains('#'))?;
    Some((level(operator)?, name))
}
