//! How the numbers and names of a report are printed: labels of the data, words of codes and remarks.

use super::Options;
use super::design::Design;
use super::labels::Labels;
use super::made_terms;
use super::number::whole_or_fixed;
use super::table::Table;
use super::words::{named, pick, remark};
use crate::domain::periods;

/// Columns of codes, among which names of variables may stand.
const CODED: [&str; 24] = [
    "assumption",
    "impact",
    "quadrant",
    "test",
    "metric",
    "measure",
    "effect",
    "source",
    "issue",
    "part",
    "kind",
    "component",
    "rule",
    "estimator",
    "prediction",
    "side",
    "method",
    "selected",
    "turned",
    "retained",
    "portfolio",
    "item",
    "ratio",
    "model",
];

/// Columns whose texts name columns of the data, among which codes may stand.
pub(super) const NAMING: [&str; 10] = [
    "variable",
    "new_variable",
    "endogenous",
    "marker",
    "series",
    "impulse",
    "response",
    "excluded",
    "equation",
    "missing_variables",
];

/// The level of a column that its other levels are compared with.
pub(super) struct Reference {
    /// The column of the data.
    pub(super) column: String,
    /// Its words.
    pub(super) variable: String,
    /// The words of the level.
    pub(super) level: String,
}

/// How numbers and names are printed.
pub(super) struct Style<'a> {
    pub options: &'a Options,
    pub(super) labels: &'a Labels,
    /// Confidence level in percent.
    pub(super) level: f64,
    /// Columns by their role.
    pub design: &'a Design,
}

impl Style<'_> {
    /// Returns the words for a term of a model.
    pub(super) fn term(&self, term: &str) -> String {
        if let Some(words) = made_terms::made(term, self) {
            return words;
        }
        if !self.options.labels && term != "_cons" {
            return term.to_owned();
        }
        // a parameter or an effect that a template names; columns of the data have their labels
        let language = self.options.language;
        let is_name =
            !term.contains(['.', '#']) && !self.labels.has(term) && !self.labels.terms.contains_key(term);
        let own = is_name.then(|| named(term.trim_start_matches('/'), language)).flatten();
        own.unwrap_or_else(|| self.labels.term(term, language))
    }

    /// Returns the words for a column of the data.
    pub(super) fn variable(&self, name: &str) -> String {
        if self.options.labels { self.labels.variable(name) } else { self.labels.own(name).to_owned() }
    }

    /// True for a column whose values are 0 and 1, which a treatment has by the checks of its analyses.
    pub(super) fn is_binary(&self, name: &str) -> bool {
        let own = self.labels.own(name);
        self.labels.binary.contains(own) || self.design.treatments.iter().any(|x| x == own)
    }

    /// Returns the words for a level of the outcome.
    pub(super) fn outcome_level(&self, level: &str) -> String {
        match &self.design.outcome {
            Some(outcome) => {
                let term = format!("{level}.{outcome}");
                self.level(&term).unwrap_or_else(|| self.term(&term))
            }
            None => level.to_owned(),
        }
    }

    /// Returns the label of a level, `2.sector`.
    pub(super) fn level(&self, term: &str) -> Option<String> {
        let (level, name) = term.split_once('.')?;
        let own = self.labels.companions.get(name).map_or(name, String::as_str);
        self.labels.levels.get(own)?.get(&level.parse().ok()?).cloned().filter(|_| self.options.labels)
    }

    /// Returns a time of the data as people write it, where its numbers are counted from 1960: 700 is 2018-05 of months.
    pub(super) fn period(&self, x: f64) -> Option<String> {
        let format = self.labels.formats.get(self.labels.own(self.design.time.as_deref()?))?;
        periods::written(x, format)
    }

    /// Returns a period as the run numbers those of its series.
    pub(super) fn numbered_period(&self, x: f64) -> Option<String> {
        let name = self.labels.own(self.design.time.as_deref()?);
        match self.labels.times.get(name) {
            Some(times) => times.period(x),
            // a run over dates may count months or years: without them its number says more than a wrong day
            None => self.period(x).filter(|_| !self.labels.formats[name].starts_with("%td")),
        }
    }

    /// Returns the words for a number of a table that stands for something: a level of the moderator, a period.
    pub(super) fn code(&self, column: &str, x: f64) -> Option<String> {
        match column {
            "period" | "time" | "start" | "end" => self.period(x),
            "moderator" => self.level(&format!("{}.{}", self.number(x), self.design.value("moderator")?)),
            _ => None,
        }
    }

    /// Returns the reference category of each column of categories in a table of terms: the column and words for both.
    pub(super) fn references(&self, table: &Table) -> Vec<Reference> {
        let terms = (0..table.rows.len()).map(|row| table.cell(row, "term").text());
        let words = |(column, level): (String, i64)| {
            let level = self.level(&format!("{level}.{column}")).unwrap_or_else(|| level.to_string());
            Reference { variable: self.variable(&column), level, column }
        };
        self.labels.references(terms).into_iter().map(words).collect()
    }

    /// Returns the heading of a model's column: the label of an outcome, or `Model 1` of `model1`.
    pub(super) fn model(&self, model: &str) -> String {
        if let Some(n) = model.strip_prefix("model").filter(|n| n.parse::<u32>().is_ok()) {
            return pick(self.options.language, &format!("({n})"), &format!("({n})"));
        }
        // effects of units as a plan chooses them
        let model = match model {
            "re" => "random",
            "fe" => "fixed",
            other => other,
        };
        self.cell("model", model)
    }

    /// Returns the words of a cell: of a variable of the data, of a code, or a remark.
    pub(super) fn cell(&self, column: &str, text: &str) -> String {
        let language = self.options.language;
        let of_data = self.labels.has(text);
        let (coded, naming) = (CODED.contains(&column), NAMING.contains(&column));
        match column {
            "note" | "detail" if of_data => self.variable(text),
            "note" | "detail" => remark(text, language),
            _ if !coded && !naming => text.to_owned(),
            _ if of_data => self.variable(text),
            _ => named(text, language).unwrap_or_else(|| match text.rsplit_once('.') {
                // a level or a lag of a variable
                Some((_, name)) if !name.is_empty() && !name.contains(' ') => self.term(text),
                _ if coded => remark(text, language).replace('_', " "),
                _ => self.variable(text),
            }),
        }
    }

    /// Returns the p-value below which a test rejects: that whose intervals have the level of the run.
    pub(super) fn alpha(&self) -> f64 {
        // 100 - 90 is exact, a hundredth of it is the number nearest to 0.1
        (100.0 - self.level) / 100.0
    }

    /// Returns a number without decimals where it is whole.
    pub(super) fn number(&self, x: f64) -> String {
        whole_or_fixed(x, self.options.decimals)
    }

    /// Returns the heading of intervals.
    pub(super) fn interval_words(&self) -> String {
        let level = self.level.to_string();
        pick(self.options.language, &format!("{level}% CI"), &format!("{level}% 置信区间"))
    }
}
