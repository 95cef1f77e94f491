//! What only some data have: a risk that was predicted, two bounds of a range, places, a unit of a panel that
//! the question names; and the roles of the analyses that need them.

use serde_json::json;

use super::super::tokens::is_han;
use super::columns::{Named, Place};
use super::complete::{DEGREES, PLANE};
use super::families::lettered;
use super::periods::{period_in, year_in};
use super::roles::{Filled, Filler};
use super::said::names_value;
use crate::domain::profile::is_binary;

/// Words of columns that hold a predicted probability.
const PREDICTED: [&str; 12] = [
    "predicted",
    "pred",
    "prediction",
    "risk",
    "prob",
    "probability",
    "phat",
    "forecast",
    "expected",
    "预测",
    "风险",
    "概率",
];

/// What a column with the lower bound of a range has in its name, and the column with the upper one in the same place.
const BOUNDS: [[&str; 2]; 6] =
    [["low", "high"], ["lower", "upper"], ["min", "max"], ["lo", "hi"], ["from", "to"], ["下限", "上限"]];

/// Fewest units of a panel of which one is compared with the others.
const FEWEST_UNITS: u64 = 5;

impl Filler<'_> {
    /// True if the data have what a frame needs; frames without needs always fit.
    pub(super) fn is_available(&self, needs: &str) -> bool {
        let (p, s) = (self.parsed, self.structure);
        let yes_or_no = || self.named().into_iter().any(|c| is_binary(self.columns[c].column));
        let measured = || self.named().into_iter().filter(|c| self.columns[*c].is_measure()).count();
        match needs {
            "yes or no items" => self.is_sorted_by_categories(),
            "two devices" => self.two_devices().is_some(),
            "readings" => self.asks_agreement(),
            "two readings" => self.asks_agreement() && self.two_methods().is_some(),
            "no adjustment" => {
                !["adjust", "controlling", "allowing for", "校正", "调整"].iter().any(|w| p.text.contains(w))
            }
            // a ratio of risks holds others constant in a model alone
            "an event and controls" => {
                !p.controls.is_empty() && self.outcome().is_some_and(|y| is_binary(self.columns[y].column))
            }
            "returns and traits" => {
                let traits = self
                    .named()
                    .into_iter()
                    .any(|c| !self.columns[c].is_return() && self.columns[c].is_measure());
                traits && s.panel && self.columns.iter().any(Named::is_return) && !p.says_fixed_effects()
            }
            "items" => !self.families().is_empty(),
            "places" => [DEGREES, PLANE].iter().any(|pair| pair.iter().all(|words| self.has_word(words))),
            "a predicted risk" => self.predicted_risk().is_some() && self.what_happened().is_some(),
            "two markers" => yes_or_no() && measured() > 0,
            "two measures named" => measured() >= 2,
            "bounds" => self.bounds().is_some(),
            "two named" => self.named().len() >= 2,
            "accounts" => self.has_accounts(),
            "accruals" => self.has_accruals(),
            "several series" => s.series && measured() >= 2,
            "people who were treated" => {
                yes_or_no() && measured() > 0 && !s.panel && !self.columns.iter().any(Named::is_after)
            }
            "one unit of a panel" => self.is_about_one_unit(),
            "one amount" => {
                measured() == 1
                    && self
                        .named()
                        .iter()
                        .all(|c| self.columns[*c].is_measure() || self.columns[*c].is_group())
            }
            _ => true,
        }
    }

    /// The roles of analyses that only some data allow.
    pub(super) fn slots_of_data(&self, slots: &str, out: &mut Filled) {
        match slots {
            "calibration" => self.calibration(out),
            "two_devices" => self.devices(out),
            "readings" => self.methods_agree(out),
            "bounds" => self.within_bounds(out),
            "premia" => self.premia(out),
            "accounts" => self.distress(out),
            "accruals" => self.accruals(out),
            "unit_policy" => self.one_unit(out),
            "spread" => self.spread(out),
            _ => {}
        }
    }

    fn has_word(&self, words: &[&str]) -> bool {
        self.columns.iter().any(|c| c.word(words))
    }

    /// The column of predicted probabilities.
    fn predicted_risk(&self) -> Option<usize> {
        let is_share = |c: &Named<'_>| {
            c.is_measure()
                && c.column.min.is_some_and(|min| min >= 0.0)
                && c.column.max.is_some_and(|max| max <= 1.0)
        };
        let is_predicted = |c: &Named<'_>| c.parts().iter().any(|part| PREDICTED.contains(&part.as_str()));
        self.columns.iter().position(|c| is_share(c) && is_predicted(c))
    }

    /// The event that a risk was predicted for: the yes or no that the question names, else the only event.
    fn what_happened(&self) -> Option<usize> {
        let yes_or_no = |c: &usize| is_binary(self.columns[*c].column);
        let named = self.named().into_iter().find(yes_or_no);
        let mut events = (0..self.columns.len()).filter(|c| yes_or_no(c) && self.columns[*c].is_event());
        named.or_else(|| events.next().filter(|_| events.next().is_none()))
    }

    fn calibration(&self, out: &mut Filled) {
        out.settled = true;
        out.roles.insert("outcome_var", self.what_happened().into_iter().collect());
        out.roles.insert("focal_var", self.predicted_risk().into_iter().collect());
    }

    /// Two measurements of the same thing whose names differ in a letter: those that the question names, else the only pair.
    fn two_devices(&self) -> Option<(usize, usize)> {
        let stem = |c: usize| lettered(self.columns[c].name());
        let named = self.named();
        let measures = |c: &usize| self.columns[*c].is_measure() && stem(*c).is_some();
        let pool: Vec<usize> = (0..self.columns.len()).filter(measures).collect();
        let pairs = pool.iter().flat_map(|a| pool.iter().map(move |b| (*a, *b)));
        let mut pairs = pairs.filter(|(a, b)| a < b && stem(*a) == stem(*b));
        let said = pairs.clone().find(|(a, b)| named.contains(a) || named.contains(b));
        said.or_else(|| pairs.next().filter(|_| pairs.next().is_none()))
    }

    fn devices(&self, out: &mut Filled) {
        let Some((first, second)) = self.two_devices() else { return };
        out.settled = true;
        out.roles.insert("outcome_var", vec![first]);
        out.parameters.insert("second".to_owned(), json!(self.columns[second].name()));
    }

    /// The only measure of a question about a series that something changed: what changed it is no outcome.
    pub(super) fn series_that_changed(&self, out: &mut Filled) -> Option<usize> {
        if out.frame != "interrupted" {
            return None;
        }
        let named: Vec<usize> = self.named().into_iter().filter(|c| self.columns[*c].is_measure()).collect();
        let [only] = named[..] else { return None };
        out.settled = true;
        Some(only)
    }

    /// The lower and the upper bound of a range.
    fn bounds(&self) -> Option<(usize, usize)> {
        let upper = |name: &str| {
            BOUNDS.iter().find_map(|[low, high]| {
                let parts: Vec<&str> =
                    name.split('_').map(|part| if part == *low { *high } else { part }).collect();
                let other = if is_han_word(low) { name.replace(low, high) } else { parts.join("_") };
                self.columns.iter().position(|c| other != name && c.name().to_lowercase() == other)
            })
        };
        let measured = |c: usize| !self.columns[c].column.is_text();
        let pairs = (0..self.columns.len()).filter(|c| measured(*c));
        let mut pairs = pairs.filter_map(|c| Some((c, upper(&self.columns[c].name().to_lowercase())?)));
        pairs.find(|(_, high)| measured(*high))
    }

    /// An outcome that is known within two bounds, and what explains it.
    fn within_bounds(&self, out: &mut Filled) {
        let Some((low, high)) = self.bounds() else { return };
        self.model(out);
        let is_bound = |c: &usize| *c == low || *c == high;
        out.roles.values_mut().for_each(|columns| columns.retain(|c| !is_bound(c)));
        out.roles.insert("outcome_var", vec![low]);
        out.open.retain(|role| *role != "outcome_var");
        out.parameters.insert("high".to_owned(), json!(self.columns[high].name()));
    }

    /// Returns of shares explained by what differs between them.
    fn premia(&self, out: &mut Filled) {
        let returns = self.columns.iter().position(Named::is_return);
        let mut causes = self.named();
        causes.retain(|c| Some(*c) != returns && self.columns[*c].is_measure() && !self.is_unit(*c));
        self.open_if_empty(&causes, "regressors", out);
        out.settled = returns.is_some();
        out.roles.insert("outcome_var", returns.into_iter().collect());
        out.roles.insert("regressors", causes);
        self.panel(out);
    }

    /// How unequally an amount is distributed, and between which groups.
    fn spread(&self, out: &mut Filled) {
        let named = self.named();
        let amount = named.iter().copied().find(|c| self.columns[*c].is_measure());
        let mut groups = named.iter().chain(&self.parsed.groups).chain(&self.parsed.units).copied();
        let group = groups.find(|c| Some(*c) != amount && !self.columns[*c].is_measure());
        out.roles.insert("outcome_var", amount.into_iter().collect());
        out.roles.insert("group_var", group.into_iter().collect());
    }

    /// True where a question names one unit of a panel by its value, and the period in which something began there.
    fn is_about_one_unit(&self) -> bool {
        let (p, s) = (self.parsed, self.structure);
        let (true, Some(entity), Some(time)) = (s.panel, s.entity, s.time) else { return false };
        let units = &self.columns[entity];
        let time = self.columns[time].column;
        let begins = period_in(&p.text, time).or_else(|| year_in(&p.text, time)).is_some();
        begins
            && units.column.distinct >= FEWEST_UNITS
            && self.units_said(units) == 1
            && self.outcome().is_some()
    }

    /// How many values of a column the question names.
    fn units_said(&self, units: &Named<'_>) -> usize {
        let values = units.aliases.iter().filter(|alias| alias.place == Place::Value);
        values.filter(|alias| names_value(&self.parsed.text, &alias.text)).count()
    }

    /// The outcome of one unit of a panel, whose treatment began in a period.
    fn one_unit(&self, out: &mut Filled) {
        out.roles.insert("outcome_var", self.outcome().into_iter().collect());
        out.roles.insert("controls", self.parsed.controls.clone());
        self.panel(out);
    }
}

fn is_han_word(word: &str) -> bool {
    word.chars().all(is_han)
}
