//! The words for how sure an estimate is: interval, p, and that the interval includes no difference.

use super::MOST_DECIMALS;
use super::number::{p_value, places_of, spoken_within};
use super::sentences::{Estimate, plain};
use super::style::Style;
use super::table::Table;
use super::words::pick;

/// Interval and p of a row as words, and the interval.
pub(super) fn evidence(
    table: &Table,
    row: usize,
    low: &str,
    high: &str,
    style: &Style<'_>,
) -> (String, Option<(f64, f64)>) {
    let interval = table.cell(row, low).number().zip(table.cell(row, high).number());
    (evidence_of(interval, table.cell(row, "p_value").number(), style), interval)
}

/// An interval and a p-value as words.
pub(super) fn evidence_of(interval: Option<(f64, f64)>, p: Option<f64>, style: &Style<'_>) -> String {
    let language = style.options.language;
    let mut parts = Vec::new();
    if let Some((low, high)) = interval {
        let places = places_of(low, high, style.options.decimals);
        let digits = |x: f64| spoken_within(x, places, low.abs().max(high.abs()));
        let words = style.interval_words();
        parts.push(pick(
            language,
            &format!("{words} {} to {}", digits(low), digits(high)),
            &format!("{words} {} 至 {}", digits(low), digits(high)),
        ));
    }
    parts.extend(p.map(|p| p_words(p, style)));
    parts.join(&pick(language, "; ", "；"))
}

/// Interval and p of an estimate, or that there is neither.
pub(super) fn proof(estimate: &Estimate, style: &Style<'_>) -> String {
    let words = evidence_of(estimate.interval, estimate.p, style);
    if words.is_empty() { plain(style, "no_test", &[]) } else { words }
}

/// A p-value as words: `p = 0.031`, `p < 0.001`. One below the limit of a test does not print as the limit.
pub(super) fn p_words(p: f64, style: &Style<'_>) -> String {
    let decimals = style.options.decimals.max(3);
    let is_clear = |places: &u8| {
        p >= style.alpha() || !p_value(p, *places).parse::<f64>().is_ok_and(|shown| shown >= style.alpha())
    };
    let places = (decimals..=MOST_DECIMALS.max(decimals)).find(is_clear).unwrap_or(decimals);
    let text = p_value(p, places);
    match text.strip_prefix('<') {
        Some(rest) => format!("p < {rest}"),
        None => format!("p = {text}"),
    }
}

/// A p-value as words, with the remark that it is that of an exact test where the name of its row says so.
pub(super) fn p_of_test(p: f64, test: &str, style: &Style<'_>) -> String {
    let words = p_words(p, style);
    if test.ends_with("exact") { plain(style, "exact_test", &[("evidence", &words)]) } else { words }
}

/// The sentence that follows an interval that includes no difference.
pub(super) fn remark(open: bool, style: &Style<'_>) -> String {
    match open {
        true => pick(style.options.language, " The interval includes no difference.", "区间包含“无差异”。"),
        false => String::new(),
    }
}
