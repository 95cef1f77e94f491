//! Roles of analyses that need no direction: how rows divide among categories, how often two judges say yes, what a test is
//! held against, and returns of sorted shares.

use std::collections::BTreeSet;

use serde_json::json;

use super::columns::Place;
use super::roles::{Filled, Filler};
use crate::domain::profile::is_binary;

/// Names of columns that hold what is true, against which a test is held.
const TRUTH: [&str; 17] = [
    "gold",
    "gold_standard",
    "goldstandard",
    "truth",
    "true",
    "reference",
    "biopsy",
    "histology",
    "pathology",
    "autopsy",
    "pcr",
    "culture",
    "angiography",
    "金标准",
    "病理",
    "活检",
    "确诊",
];

/// Categories that are never names of the rows.
const FEW: u64 = 12;

impl Filler<'_> {
    /// The categories that a question names, where it names nothing else; what numbers the rows is none.
    pub(super) fn sorted_only(&self) -> Vec<usize> {
        // a text with a value for each row names it
        let most = self.columns.iter().map(|c| c.column.distinct).max().unwrap_or_default();
        let names_rows = |c: usize| {
            let distinct = self.columns[c].column.distinct;
            self.is_unit(c) || distinct > FEW && distinct.saturating_mul(2) > most
        };
        let named = self.named().into_iter().filter(|c| !names_rows(*c)).collect::<Vec<_>>();
        let sorts = named.iter().all(|c| self.columns[*c].is_group());
        if sorts && self.parsed.controls.is_empty() && named.len() <= 2 { named } else { Vec::new() }
    }

    /// How the rows divide: a table of one column, or of two.
    pub(super) fn composition(&self, out: &mut Filled) {
        match self.sorted_only()[..] {
            [a, b] => {
                out.methods.clear();
                self.categories(a, b, out);
            }
            ref one => {
                out.roles.insert("item_vars", one.to_vec());
            }
        }
    }

    /// Two judgements of yes or no about the same thing, where the question names nothing else.
    pub(super) fn two_judges(&self) -> Option<(usize, usize)> {
        let [first, second] = self.raters()[..] else { return None };
        let judged = [first, second].iter().all(|c| is_binary(self.columns[*c].column) && self.judges(*c));
        let alone =
            self.named().iter().all(|c| [first, second].contains(c)) && self.parsed.controls.is_empty();
        (judged && alone && !self.named().is_empty()).then_some((first, second))
    }

    /// How often each of two judges says yes.
    pub(super) fn judged_twice(&self, out: &mut Filled) {
        let Some((first, second)) = self.two_judges() else { return };
        out.settled = true;
        out.roles.insert("outcome_var", vec![first]);
        out.parameters.insert("second".to_owned(), json!(self.columns[second].name()));
    }

    pub(super) fn is_truth(&self, column: usize) -> bool {
        is_binary(self.columns[column].column) && self.columns[column].word(&TRUTH)
    }

    /// The only column of what is true that a question about accuracy need not name, besides these: by its name, else the only
    /// other one with the words of the test, `positive` and `negative`.
    pub(super) fn truth_besides(&self, others: &[usize]) -> Option<usize> {
        let only = |fits: &dyn Fn(usize) -> bool| {
            let mut all = (0..self.columns.len()).filter(|c| !others.contains(c) && fits(*c));
            all.next().filter(|_| all.next().is_none())
        };
        let says_the_same = |column: usize| {
            let own = self.words_of(column);
            is_binary(self.columns[column].column)
                && !own.is_empty()
                && others.iter().all(|test| self.words_of(*test) == own)
        };
        only(&|column| self.is_truth(column)).or_else(|| only(&says_the_same))
    }

    /// The words that the values of a column stand for.
    fn words_of(&self, column: usize) -> BTreeSet<&str> {
        let values = self.columns[column].aliases.iter().filter(|alias| alias.place == Place::Value);
        values.map(|alias| alias.text.as_str()).collect()
    }

    /// Returns by what shares are sorted by.
    pub(super) fn portfolios(&self, out: &mut Filled) {
        let returns = (0..self.columns.len()).find(|c| self.columns[*c].is_return());
        let sorts = |c: &usize| self.columns[*c].is_measure() && !self.columns[*c].is_return();
        let by: Vec<usize> = self.named().into_iter().find(sorts).into_iter().collect();
        self.open_if_empty(&by, "focal_var", out);
        out.settled = !by.is_empty();
        out.roles.insert("outcome_var", returns.into_iter().collect());
        out.roles.insert("focal_var", by);
        self.panel(out);
    }
}
