//! The sentences of the main results: their words with what fills the blanks.

use std::sync::LazyLock;

use super::evidence::{evidence_of, p_words};
use super::number::{places_of, spoken_within};
use super::style::Style;
use super::table::Table;
use super::words::{File, file, key_of, pick};

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

    /// What interval and p say about this value.
    pub(super) fn verdict(&self, nothing: f64, style: &Style<'_>) -> Verdict {
        let outside = self.interval.map(|(low, high)| low > nothing || high < nothing);
        match (outside, self.p.map(|p| p < style.alpha())) {
            (None, None) => Verdict::Untested,
            (Some(true), Some(false)) => Verdict::IntervalAlone,
            (Some(false), Some(true)) => Verdict::PAlone,
            (Some(true), _) | (None, Some(true)) => Verdict::Sure,
            (Some(false), _) | (None, Some(false)) => Verdict::Open,
        }
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
        self.interval.map_or(decimals, |(low, high)| places_of(low, high, decimals))
    }

    /// Value, interval and p in words.
    pub(super) fn words(&self, style: &Style<'_>) -> (String, String) {
        let (low, high) = self.interval.unwrap_or((self.value, self.value));
        let largest = self.value.abs().max(low.abs()).max(high.abs());
        let value = spoken_within(self.value, self.places(style), largest);
        (value, evidence_of(self.interval, self.p, style))
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

/// What an interval and a p-value say about a value that an estimate is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The data exclude it.
    Sure,
    /// The data are compatible with it.
    Open,
    /// The interval excludes it, but the p-value, which is of another method, does not.
    IntervalAlone,
    /// The p-value excludes it, but the interval, which is of another method, does not.
    PAlone,
    /// There is neither an interval nor a p-value.
    Untested,
}

impl Verdict {
    /// True for a sentence without a caveat.
    pub(super) fn is_plain(self) -> bool {
        matches!(self, Self::Sure | Self::Untested)
    }

    /// What follows the sentence where interval and p do not agree; empty elsewhere.
    pub(super) fn remark(self, style: &Style<'_>) -> String {
        let key = match self {
            Self::IntervalAlone => "split.interval",
            Self::PAlone => "split.p",
            Self::Sure | Self::Open | Self::Untested => return String::new(),
        };
        let said = plain(style, key, &[("alpha", &alpha_words(style))]);
        pick(style.options.language, &format!(" {said}"), &said)
    }
}

/// The p-value below which a test rejects, as text: 0.05.
pub(super) fn alpha_words(style: &Style<'_>) -> String {
    let text = format!("{:.4}", style.alpha());
    let digits = text.trim_end_matches('0');
    if digits.len() < 4 { text[..4].to_owned() } else { digits.to_owned() }
}

/// Sentences that state a result even without its number: without a test nothing of them holds.
const STATED: [&str; 6] = ["kappa", "kappa_below", "density", "gap", "calibration_slope", "auc_differ"];

/// The sentence of an estimate whose blanks are filled, by what its interval and p say about `nothing`.
pub(super) fn judged(
    style: &Style<'_>,
    kind: &str,
    (estimate, nothing): (&Estimate, f64),
    values: &[(&str, &str)],
) -> String {
    let verdict = estimate.verdict(nothing, style);
    if verdict == Verdict::Untested && STATED.contains(&kind) {
        return plain(style, "untested", &[]);
    }
    let untested = plain(style, "no_test", &[]);
    let none = [("evidence", untested.as_str())];
    let evidence = if verdict == Verdict::Untested { &none[..] } else { &[] };
    // the first text for a blank fills it
    let text = said(style, kind, verdict.is_plain(), &[evidence, values].concat());
    format!("{text}{}", verdict.remark(style))
}

/// The size of an estimate that is said with `more` or `less`, and this word.
pub(super) fn more_or_less(estimate: &Estimate, style: &Style<'_>) -> (String, String) {
    let size = Estimate { value: estimate.value.abs(), ..*estimate };
    let way = plain(style, if estimate.value < 0.0 { "less" } else { "more" }, &[]);
    (size.words(style).0, way)
}

/// The sentence of an estimate: sure where the data exclude `nothing`.
pub(super) fn said_estimate(
    style: &Style<'_>,
    kind: &str,
    (estimate, nothing): (&Estimate, f64),
    values: &[(&str, &str)],
) -> String {
    let (value, evidence) = estimate.words(style);
    let own = [("value", value.as_str()), ("evidence", evidence.as_str())];
    judged(style, kind, (estimate, nothing), &[values, &own].concat())
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
    Some(table.says(said(style, kind, p < style.alpha(), &values)))
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
            "kappa_below",
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

#[cfg(test)]
#[path = "findings_tests_of_claims.rs"]
mod tests_of_claims;

#[cfg(test)]
#[path = "findings_tests_of_statements.rs"]
mod tests_of_statements;

#[cfg(test)]
#[path = "findings_tests_of_numbers.rs"]
mod tests_of_numbers;
