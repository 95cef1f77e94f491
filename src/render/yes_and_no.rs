//! The words for 1 and 0 of columns that were texts of two values: of the data, and in sentences.

use std::collections::BTreeMap;

use super::findings_descriptions::percent;
use super::number::spoken;
use super::sentences::{Estimate, Finding, USUAL, judged, more_or_less, plain, said_estimate};
use super::style::Style;
use super::table::Table;
use super::units::without_unit;
use super::{Labels, Language};
use crate::domain::data_step::{ConvertTo, DataStep};
use crate::domain::dataset::Column;

impl Labels {
    /// Notes the words of columns that a step reads as 1 and 0: of the original column, whose texts these were.
    pub fn name_yes_and_no(&mut self, steps: &[DataStep], original: &[Column]) {
        for step in steps.iter().filter(|step| step.to == Some(ConvertTo::YesNo)) {
            let (Some(name), Some(one)) = (&step.column, &step.one) else { continue };
            let levels = original.iter().find(|c| c.name == *name).map_or(&[][..], |c| &c.levels);
            let is_one = |level: &&String| level.to_lowercase() == one.to_lowercase();
            let zero = levels.iter().find(|level| !is_one(level) && !step.missing.contains(level));
            let Some(zero) = zero.filter(|_| levels.iter().any(|level| is_one(&level))) else { continue };
            let words = BTreeMap::from([(0, zero.clone()), (1, one.clone())]);
            self.levels.insert(name.clone(), words);
        }
    }

    /// Returns the words for a term in a row of estimates: a column of 0 and 1 whose values have words has the one that its
    /// coefficient is for, `Sex: female`.
    pub fn row(&self, term: &str, language: Language) -> String {
        let words = self.term(term, language);
        let own = self.own(term);
        let levels = self.levels.get(own).filter(|l| self.binary.contains(own) && l.contains_key(&0));
        levels.and_then(|l| l.get(&1)).map_or_else(|| words.clone(), |one| format!("{words}: {one}"))
    }
}

impl Style<'_> {
    /// Returns the words for 1 and 0 of a column of these values, where the data have some.
    pub(super) fn yes_and_no(&self, name: &str) -> Option<(String, String)> {
        let own = self.labels.own(name);
        Some((self.level(&format!("1.{own}"))?, self.level(&format!("0.{own}"))?))
    }

    /// Returns the words of a term in a table of estimates; of a column of 0 and 1 with the word that its coefficient is for:
    /// `smoker: yes`.
    pub(super) fn row_of_term(&self, term: &str) -> String {
        let words = self.term(term);
        let one = self.yes_and_no(term).filter(|_| self.is_share(term));
        one.map_or_else(|| words.clone(), |(one, _)| format!("{words}: {one}"))
    }

    /// Returns the condition that a column of 0 and 1 has the one value instead of the other, in the words of the data.
    pub(super) fn instead(&self, name: &str, label: &str) -> String {
        match self.yes_and_no(name) {
            Some((one, zero)) => plain(self, "if.words", &[("x", label), ("one", &one), ("zero", &zero)]),
            None => plain(self, "if.binary", &[("x", label)]),
        }
    }

    /// Returns the words for the rows in which an outcome of 0 and 1 is 1: `visited = yes`.
    pub(super) fn event(&self, name: &str) -> String {
        let one = self.yes_and_no(name).map_or_else(|| "1".to_owned(), |(one, _)| one);
        format!("{} = {one}", without_unit(&self.variable(name)))
    }

    /// Returns the words for having a treatment or an exposure: its name, or where its values have words `sex = female`.
    pub(super) fn having(&self, name: &str) -> String {
        if self.yes_and_no(name).is_some() { self.event(name) } else { self.variable(name) }
    }

    /// True for an outcome of 0 and 1, whose mean is a share.
    pub(super) fn is_share(&self, name: &str) -> bool {
        self.labels.binary.contains(self.labels.own(name))
    }

    /// Returns the words for what a mean of an outcome is of: the outcome, or the rows in which it is 1.
    pub(super) fn averaged(&self, name: &str) -> String {
        if self.is_share(name) { self.event(name) } else { self.variable(name) }
    }

    /// Returns the words for a mean of an outcome: as a percentage where it is a share.
    pub(super) fn average(&self, name: &str, mean: f64) -> String {
        if self.is_share(name) { percent(mean) } else { spoken(mean, self.options.decimals) }
    }
}

/// The difference in differences: of an outcome of 0 and 1 in percentage points.
pub(super) fn did_effect(table: &Table, row: usize, style: &Style<'_>) -> Option<Finding> {
    let (x, outcome) = (style.design.focal.first()?, style.design.outcome.as_deref()?);
    let (one, zero) = style.yes_and_no(x).unwrap_or_else(|| ("1".to_owned(), "0".to_owned()));
    let estimate = Estimate::of(table, row, USUAL)?;
    let x = style.variable(x);
    let groups = [("x", x.as_str()), ("one", &one), ("zero", &zero)];
    if !style.is_share(outcome) {
        let y = style.variable(outcome);
        let (value, way) = more_or_less(&estimate, style);
        let values = [&groups[..], &[("y", y.as_str()), ("value", &value), ("way", &way)]].concat();
        return Some(table.says(said_estimate(style, "did", (&estimate, 0.0), &values)));
    }
    let points = estimate.scaled(100.0);
    let ((n, way), (_, evidence)) = (more_or_less(&points, style), points.words(style));
    let value = plain(style, "points", &[("n", &n)]);
    let y = plain(style, "share_of", &[("y", &style.event(outcome))]);
    let own = [("y", y.as_str()), ("value", &value), ("way", &way), ("evidence", &evidence)];
    Some(table.says(judged(style, "did", (&points, 0.0), &[&groups[..], &own].concat())))
}
