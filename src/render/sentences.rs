//! The sentences of the main results: their words with what fills the blanks.

use std::sync::LazyLock;

use super::style::Style;
use super::words::{File, file, key_of, pick};
use super::{evidence::evidence_of, evidence::p_words, number::places_apart, number::spoken, table::Table};

static WORDS: LazyLock<File> = LazyLock::new(|| file(include_str!("../../assets/report/findings.json")));

/// A sentence on the results.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The sentence.
    pub text: String,
    /// Name of the table that has its numbers.
    pub file: String,
}

impl Table {
    /// Makes a finding of a sentence on this table.
    pub(super) fn says(&self, text: String) -> Finding {
        Finding { text, file: self.file.clone() }
    }
}

/// Returns the sentence `findings.KIND.sure` or `.open` with its placeholders filled; empty for an unknown kind.
pub(super) fn said(style: &Style<'_>, kind: &str, sure: bool, values: &[(&str, &str)]) -> String {
    filled(style, &format!("findings.{kind}.{}", if sure { "sure" } else { "open" }), values)
}

/// Cuts sentences off after the first ones; returns what is said of the others, if there are some.
pub(super) fn cut(said: &mut Vec<Finding>, most: usize, style: &Style<'_>) -> Option<String> {
    let more = said.len().saturating_sub(most);
    said.truncate(most);
    match more {
        0 => None,
        1 => Some(plain(style, "more.one", &[])),
        more => Some(plain(style, "more.many", &[("n", &more.to_string())])),
    }
}

/// Returns the text `findings.KEY` with its placeholders filled; for sentences that leave nothing open.
pub(super) fn plain(style: &Style<'_>, key: &str, values: &[(&str, &str)]) -> String {
    filled(style, &format!("findings.{key}"), values)
}

fn filled(style: &Style<'_>, key: &str, values: &[(&str, &str)]) -> String {
    let words = WORDS.get(key_of(style.options.language));
    let mut text = words.and_then(|words| words.get(key)).cloned().unwrap_or_default();
    debug_assert!(!text.is_empty(), "{key} has no words");
    for (name, value) in values {
        text = text.replace(&format!("{{{name}}}"), value);
    }
    text
}

/// An estimate, its interval and its p-value.
#[derive(Debug, Clone, Copy)]
pub(super) struct Estimate {
    pub(super) value: f64,
    pub(super) interval: Option<(f64, f64)>,
    pub(super) p: Option<f64>,
}

impl Estimate {
    /// Reads a row by the columns of value, lower and upper limit, and p.
    pub(super) fn of(table: &Table, row: usize, columns: [&str; 4]) -> Option<Self> {
        let [value, low, high, p] = columns.map(|name| table.cell(row, name).number());
        Some(Self { value: value?, interval: low.zip(high), p })
    }

    /// True where the data exclude this value.
    pub(super) fn excludes(&self, nothing: f64) -> bool {
        let outside = |(low, high): (f64, f64)| low > nothing || high < nothing;
        self.interval.map_or(self.p.is_some_and(|p| p < REJECTS), outside)
    }

    /// The same in another unit, or with the other sign.
    pub(super) fn scaled(&self, by: f64) -> Self {
        let turned = |(low, high): (f64, f64)| if by < 0.0 { (high, low) } else { (low, high) };
        let interval = self.interval.map(turned).map(|(low, high)| (by * low, by * high));
        Self { value: by * self.value, interval, p: self.p }
    }

    /// A ratio for several steps at once.
    pub(super) fn raised(&self, steps: f64) -> Self {
        let interval = self.interval.map(|(low, high)| (low.powf(steps), high.powf(steps)));
        Self { value: self.value.powf(steps), interval, p: self.p }
    }

    /// The decimals of its value: those with which the ends of its interval print apart.
    pub(super) fn places(&self, style: &Style<'_>) -> u8 {
        let decimals = style.options.decimals;
        self.interval.map_or(decimals, |(low, high)| places_apart(low, high, decimals))
    }

    /// Value, interval and p in words.
    pub(super) fn words(&self, style: &Style<'_>) -> (String, String) {
        (spoken(self.value, self.places(style)), evidence_of(self.interval, self.p, style))
    }
}

/// The beginning of a sentence, which names a model, as its heading.
pub(super) fn heading(whose: &str, style: &Style<'_>) -> String {
    let of = whose.trim_end_matches("; ").trim_end_matches('；');
    if of.is_empty() {
        return String::new();
    }
    pick(style.options.language, &format!("{of}: "), &format!("{of}："))
}

/// The columns of an estimate in most tables.
pub(super) const USUAL: [&str; 4] = ["estimate", "ci_low", "ci_high", "p_value"];

/// The sentence of an estimate: sure where the data exclude `nothing`.
pub(super) fn said_estimate(
    style: &Style<'_>,
    kind: &str,
    (estimate, nothing): (&Estimate, f64),
    values: &[(&str, &str)],
) -> String {
    let (value, evidence) = estimate.words(style);
    let own = [("value", value.as_str()), ("evidence", evidence.as_str())];
    said(style, kind, estimate.excludes(nothing), &[values, &own].concat())
}

/// The sentence of an estimate with its interval: sure where the interval excludes no difference.
pub(super) fn said_of(
    style: &Style<'_>,
    kind: &str,
    (table, row): (&Table, usize),
    values: &[(&str, &str)],
) -> Option<Finding> {
    Some(table.says(said_estimate(style, kind, (&Estimate::of(table, row, USUAL)?, 0.0), values)))
}

/// The first row that names this in a column.
pub(super) fn row_of(table: &Table, column: &str, name: &str) -> Option<usize> {
    (0..table.rows.len()).find(|row| table.cell(*row, column).text() == name)
}

/// The table of this file.
pub(super) fn table_of<'a>(tables: &'a [Table], file: &str) -> Option<&'a Table> {
    tables.iter().find(|t| t.file == file)
}

/// A p-value below which a test speaks against equality.
pub(super) const REJECTS: f64 = 0.05;

/// A sentence that needs the p-value of a row alone.
pub(super) fn by_p(
    table: &Table,
    row: usize,
    column: &str,
    kind: &str,
    values: &[(&str, &str)],
    style: &Style<'_>,
) -> Option<Finding> {
    let p = table.cell(row, column).number()?;
    let evidence = p_words(p, style);
    let values = [values, &[("evidence", evidence.as_str())]].concat();
    Some(table.says(said(style, kind, p < REJECTS, &values)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_sentences_in_both_languages() {
        for kind in [
            "did",
            "means",
            "change",
            "groups",
            "event_mean",
            "event_peak",
            "event_before",
            "impact",
            "alike",
            "unlike",
            "hard_item",
            "sharp_item",
            "class_sizes",
            "class_answer",
            "effect",
            "effect_moved",
            "effect_treated",
            "change_share",
            "jump",
            "density",
            "gap",
            "long_run",
            "at_once",
            "break_at",
            "hausman",
            "longer",
            "bias",
            "kappa",
            "risk",
            "pooled",
            "shares",
            "related",
            "auc_differ",
            "level_change",
            "slope_change",
            "effect_at_end",
            "variance_changes",
            "variance_left",
            "predicts",
            "group_rates",
            "changing_ratio",
            "hazard_between",
            "hazard_after",
            "observed_expected",
            "calibration_slope",
            "one_mean",
            "one_change",
            "one_share",
            "equivalence",
            "trend",
            "measurements",
            "spread",
            "stated_shares",
            "distributions",
            "several_means",
            "unit_root",
            "panel_unit_root",
            "indirect",
            "direct",
            "triple",
            "risk_adjusted",
            "interaction_term",
            "interaction_joint",
        ] {
            for (language, end) in [("en", "sure"), ("en", "open"), ("zh", "sure"), ("zh", "open")] {
                let text = WORDS[language].get(&format!("findings.{kind}.{end}"));
                assert!(text.is_some_and(|text| text.contains("{evidence}")), "{language} {kind} {end}");
            }
        }
    }
}
