//! Relations of which the question names only one side, and policies that hold in some units and periods.

use std::sync::LazyLock;

use regex::Regex;

use super::roles::{Filled, Filler};
use crate::domain::profile::is_binary;

impl Filler<'_> {
    /// True for groups that are compared in something that no column was found for.
    pub(super) fn asks_contrast(&self, column: usize) -> bool {
        let than =
            ["than", "differ", "higher", "lower", "better", "worse", "更", "比", "差异", "差别", "不同"];
        self.columns[column].is_group() && than.iter().any(|word| self.parsed.text.contains(word))
    }

    /// A relation of which only one side is known: the other is asked for, not guessed.
    pub(super) fn half(&self, column: usize, out: &mut Filled) {
        let mut turned = self.parsed.clone();
        turned.rest.clear();
        if self.columns[column].outcome() >= 0.0 && !self.asks_contrast(column) {
            turned.outcome = vec![column];
        } else {
            turned.causes = vec![column];
        }
        Filler { parsed: &turned, columns: self.columns, structure: self.structure }.model(out);
    }

    /// A policy that holds in some units and periods: a binary column that the question names, or that is named after one.
    pub(super) fn policy(&self) -> Option<usize> {
        let says = ["@programme", "@law", "@gun", "@reform", "@ban", "@minwage", "@carbon_market"];
        let is_policy = |c: &usize| {
            let column = &self.columns[*c];
            is_binary(column.column) && !column.is_after() && says.iter().any(|concept| column.has(concept))
        };
        self.named().into_iter().find(is_policy).or_else(|| self.binary_with("@programme"))
    }
}

/// True for a question about a relation between columns, not about one column.
pub(super) fn asks_relation(text: &str) -> bool {
    static RELATION: LazyLock<Regex> = LazyLock::new(|| {
        let words = "affect|effect|impact|influenc|caus|depend|relat|associat|correlat|explain|predict|driv|determin|contribut|matter|versus|\\bvs\\b|影响|作用|效应|关系|有关|相关|导致|决定|关联|而异";
        Regex::new(words).expect("a pattern")
    });
    RELATION.is_match(text)
}
