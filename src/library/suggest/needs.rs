//! What the data and the statement must have for a kind of analysis that words of the question ask for.

use super::columns::Named;
use super::decisions::{RELATION, asks};
use super::periods::period_in;
use super::phrases::Frame;
use super::roles::Filler;
use super::times::over_time;
use crate::domain::profile::is_binary;

/// Words that ask for a share of those who died, or for how well something finds them: no time until death.
const SHARES: &[&str] = &[
    "predict",
    "probab",
    "odds",
    "risk ratio",
    "relative risk",
    "risk difference",
    "proportion",
    "percentage",
    "share of",
    "how well",
    "how accurate",
    "sensitivity",
    "discriminat",
    "distinguish",
    "tell survivors",
    "概率",
    "比例",
];

impl Filler<'_> {
    /// True if the data have what a frame needs.
    pub(super) fn has(&self, frame: &Frame) -> bool {
        let (p, s) = (self.parsed, self.structure);
        match frame.needs.as_str() {
            "survival" => s.duration.is_some() && !s.competing,
            // a probability of death is none of a time until death
            "survival by death" => {
                s.duration.is_some() && !s.competing && !SHARES.iter().any(|w| p.text.contains(w))
            }
            "competing" => s.competing,
            "series" => s.series,
            // "did the new limit of July 2019 reduce crashes"
            "series with one date" => {
                let time = s.time.map(|time| self.columns[time].column);
                s.series && p.causes.is_empty() && time.is_some_and(|t| period_in(&p.text, t).is_some())
            }
            // the period in which units began stands for the treatment itself
            "adoption alone" => self.asks_adoption(),
            "adoption" => s.panel && s.start.is_some() && !p.says_fixed_effects(),
            "two periods" => self.columns.iter().any(|c| is_binary(c.column) && c.is_after()),
            "treated and after" => {
                let after = self.columns.iter().any(|c| is_binary(c.column) && c.is_after());
                after && self.binary_with("@treatment").is_some()
            }
            "panel" => s.panel,
            "time" => s.time.is_some(),
            "several occasions" => self.asks_occasions(),
            "two measures" => self.before_and_after().is_some(),
            "no controls" => p.controls.is_empty(),
            "measures only" => {
                let named = self.named();
                named.len() >= 2
                    && named.iter().all(|c| self.columns[*c].is_measure())
                    && p.controls.is_empty()
            }
            // "charges are skewed. What drives them?" asks for a model, "describe them by region" for a table
            "no model" => {
                p.kind != "model" && !["describe", "summar", "描述"].iter().any(|w| p.text.contains(w))
            }
            // "production function with farm fixed effects" is a regression
            "no fixed effects" => !p.says_fixed_effects(),
            // "along the distribution with schooling": a measure forms no groups
            "no groups" => {
                let alone = self.named().len() == 1 && p.controls.is_empty() && !asks(RELATION, &p.text);
                !alone && (p.kind != "group" || p.groups.iter().all(|c| self.columns[*c].is_measure()))
            }
            "one column" => self.is_about_one_column(),
            // "how did life expectancy evolve by region": a line for each group
            "one column over time" => {
                let named = self.named();
                let measured =
                    named.iter().filter(|c| !p.groups.contains(c) || !self.columns[**c].is_group());
                measured.count() == 1 && named.len() <= 2 && s.time.is_some() && p.controls.is_empty()
            }
            "two measures only" => {
                let pair = self.before_and_after();
                pair.is_some_and(|(a, b)| self.named().iter().all(|c| *c == a || *c == b))
            }
            // "after therapy" is a time, also where a column has the therapy
            "two measures alone" => {
                let own = |c: &usize| self.before_and_after_of(*c).is_some();
                let measured = self.named().into_iter().filter(|c| self.columns[*c].is_measure());
                self.before_and_after().is_some()
                    && p.controls.is_empty()
                    && measured.into_iter().all(|c| own(&c))
            }
            "two alike" => self.two_alike().is_some(),
            "one value" => self.compared_with().is_some(),
            "two years" => self.two_years().is_some(),
            "no panel" => !over_time(&p.text) && !p.says_fixed_effects(),
            "treated panel" => s.panel && self.policy().is_some(),
            _ => self.has_columns(frame),
        }
    }

    /// True if the question names the columns that a frame needs, or the data have them.
    fn has_columns(&self, frame: &Frame) -> bool {
        let (p, s) = (self.parsed, self.structure);
        match frame.needs.as_str() {
            "no columns" => p.rest.is_empty(),
            // a gap between two groups, and what may be a part of it
            "parts of a gap" => {
                let two = |c: &usize| self.columns[*c].is_group() && self.columns[*c].column.distinct == 2;
                let parts =
                    self.named().into_iter().filter(|c| !p.outcome.contains(c) && !p.groups.contains(c));
                let gap = matches!(p.groups[..], [ref only] if two(only)) && p.outcome.len() == 1;
                p.id == "gap" && gap && parts.count() > 0
            }
            "weights" => self.weights().is_some(),
            "two judges" => self.two_judges().is_some(),
            "categories only" => !self.sorted_only().is_empty(),
            "measures" => self.named().iter().all(|c| self.columns[*c].is_measure() || self.numbers_rows(*c)),
            "groups" => {
                let sorts = |c: &usize| self.columns[*c].is_group() && !self.is_unit(*c);
                self.named().iter().chain(&p.groups).any(sorts)
            }
            "one measure" => {
                let named = self.named();
                matches!(named[..], [only] if self.columns[only].is_measure()) && p.groups.is_empty()
            }
            "returns" => self.columns.iter().any(Named::is_return),
            "returns of units" => s.panel && self.columns.iter().any(Named::is_return),
            "effects of studies" => self.effects_of_studies().is_some(),
            "raters" => self.raters().len() >= 2,
            "alternatives" => self.chosen().is_some() && s.entity.is_some(),
            "one group" => matches!(self.named()[..], [only] if self.columns[only].is_group()),
            "repeated" => !self.repeated().is_empty(),
            other => self.is_available(other),
        }
    }

    /// True for a question about one column; groups that differ differ in something else.
    fn is_about_one_column(&self) -> bool {
        match self.named()[..] {
            [] => true,
            [only] => !(self.columns[only].is_group() && contrasts(&self.parsed.text)),
            _ => false,
        }
    }
}

/// True for words that compare groups.
fn contrasts(text: &str) -> bool {
    ["differ", "compar", "差异", "差别", "不同"].iter().any(|word| text.contains(word))
}
