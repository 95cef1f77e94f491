//! The sentences of the main results in the words of the console: both read `assets/console/i18n/findings.js`, so that a
//! result is said in one way.

use std::sync::LazyLock;

use super::style::Style;
use super::words::{File, file, key_of};
use super::{findings::evidence, number::fixed, table::Table};

static WORDS: LazyLock<File> = LazyLock::new(|| file(include_str!("../../assets/console/i18n/findings.js")));

/// Returns the sentence `findings.KIND.sure` or `.open` with its placeholders filled; empty for an unknown kind.
pub(super) fn said(style: &Style<'_>, kind: &str, sure: bool, values: &[(&str, &str)]) -> String {
    let language = key_of(style.options.language);
    let key = format!("findings.{kind}.{}", if sure { "sure" } else { "open" });
    let mut text = WORDS.get(language).and_then(|words| words.get(&key)).cloned().unwrap_or_default();
    for (name, value) in values {
        text = text.replace(&format!("{{{name}}}"), value);
    }
    text
}

/// The sentence of an estimate with its interval: sure where the interval excludes no difference.
pub(super) fn said_of(
    style: &Style<'_>,
    kind: &str,
    (table, row): (&Table, usize),
    values: &[(&str, &str)],
) -> Option<String> {
    let value = fixed(table.cell(row, "estimate").number()?, style.options.decimals);
    let (evidence, interval) = evidence(table, row, "ci_low", "ci_high", style);
    let p = table.cell(row, "p_value").number();
    let sure = interval.map_or(p.is_some_and(|p| p < REJECTS), |(low, high)| low > 0.0 || high < 0.0);
    let own = [("value", value.as_str()), ("evidence", evidence.as_str())];
    Some(said(style, kind, sure, &[values, &own].concat()))
}

/// A p-value below which a test speaks against equality.
pub(super) const REJECTS: f64 = 0.05;

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
        ] {
            for (language, end) in [("en", "sure"), ("en", "open"), ("zh", "sure"), ("zh", "open")] {
                let text = WORDS[language].get(&format!("findings.{kind}.{end}"));
                assert!(text.is_some_and(|text| text.contains("{evidence}")), "{language} {kind} {end}");
            }
        }
    }
}
