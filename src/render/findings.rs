//! The main results as sentences: one for each variable of the question, with interval and p, from the first table of
//! estimates; for tests of groups those of `findings_tests`, for effects by period those of `findings_periods`, for
//! units with places those of `findings_spatial`.

use super::number::{fixed, p_value};
use super::regression::{RATIOS, is_coefficients};
use super::sentences::said_of;
use super::style::Style;
use super::table::Table;
use super::words::{name, pick};
use super::{findings_periods, findings_spatial, findings_tests};

/// Most sentences of a report.
const MOST: usize = 6;

/// Tables of estimates that describe another equation than that of the outcome.
const OTHERS: [&str; 4] = [
    "table_first_stage_coefficients.csv",
    "table_selection.csv",
    "table_cutpoints.csv",
    "table_event_coefficients.csv",
];

/// Reads the variables of the question from the first table of estimates, or the results of a test.
pub(super) fn findings(tables: &[Table], style: &Style<'_>) -> Vec<String> {
    let is_main =
        |t: &&Table| is_coefficients(t) && t.position("term").is_some() && !OTHERS.contains(&t.file.as_str());
    let margins = tables.iter().find(|t| t.file == "table_margins.csv");
    // effects on the probability say more than log odds
    let margins = margins.filter(|_| style.design.on_probability);
    if let Some(margins) = margins {
        return of_terms(margins, Reading::Probability, style);
    }
    // with lags a coefficient alone is no effect
    let spatial = findings_spatial::findings(tables, style);
    if !spatial.is_empty() {
        return spatial.into_iter().take(MOST).collect();
    }
    if let Some(table) = tables.iter().find(is_main) {
        return of_terms(table, Reading::Estimate, style);
    }
    let tests = findings_tests::findings(tables, style);
    if tests.is_empty() { findings_periods::findings(tables, style) } else { tests }
}

/// What the estimates of a table are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    Estimate,
    Probability,
}

/// One sentence for each variable of the question; in a difference in differences one for the effect. Of several models
/// the last one counts: it is the fullest.
fn of_terms(table: &Table, reading: Reading, style: &Style<'_>) -> Vec<String> {
    let model =
        table.position("model").and_then(|_| Some(table.cell(table.rows.len().checked_sub(1)?, "model")));
    let of_model = |row: &usize| model.is_none_or(|m| table.cell(*row, "model") == m);
    let both = |row: &usize| style.design.is_both(table.cell(*row, "term").text());
    let rows: Vec<usize> = (0..table.rows.len()).filter(of_model).collect();
    if let Some(row) = rows.iter().copied().find(|row| both(row)) {
        return effect(table, row, style).into_iter().collect();
    }
    let focal = rows.into_iter().filter(|row| style.design.is_focal(table.cell(*row, "term").text()));
    focal.filter_map(|row| sentence(table, row, reading, style)).take(MOST).collect()
}

/// The difference in differences.
fn effect(table: &Table, row: usize, style: &Style<'_>) -> Option<String> {
    let named = |name: Option<&String>| Some(style.variable(name?));
    let (x, y) = (named(style.design.focal.first())?, named(style.design.outcome.as_ref())?);
    said_of(style, "did", (table, row), &[("x", &x), ("y", &y)])
}

fn sentence(table: &Table, row: usize, reading: Reading, style: &Style<'_>) -> Option<String> {
    let language = style.options.language;
    let ratio = RATIOS.into_iter().find(|r| table.cell(row, r).number().is_some());
    let (column, low, high, nothing) = match ratio {
        Some(r) => (r, format!("{r}_low"), format!("{r}_high"), 1.0),
        None => ("estimate", "ci_low".to_owned(), "ci_high".to_owned(), 0.0),
    };
    table.cell(row, "std_error").number()?;
    let value = fixed(table.cell(row, column).number()?, style.options.decimals);
    let what = match reading {
        Reading::Estimate => name(column, language),
        Reading::Probability => pick(language, "Average effect on the probability", "对概率的平均影响"),
    };
    let (evidence, interval) = evidence(table, row, &low, &high, style);
    let term = style.term(table.cell(row, "term").text());
    let open = interval.is_some_and(|(low, high)| low <= nothing && nothing <= high);
    let remark = remark(open, style);
    Some(pick(
        language,
        &format!("{term}: {} {value} ({evidence}).{remark}", what.to_lowercase()),
        &format!("{term}：{what} {value}（{evidence}）。{remark}"),
    ))
}

/// Interval and p of a row as words, and the interval.
pub(super) fn evidence(
    table: &Table,
    row: usize,
    low: &str,
    high: &str,
    style: &Style<'_>,
) -> (String, Option<(f64, f64)>) {
    let language = style.options.language;
    let digits = |x: f64| fixed(x, style.options.decimals);
    let interval = table.cell(row, low).number().zip(table.cell(row, high).number());
    let mut parts = Vec::new();
    if let Some((low, high)) = interval {
        let words = style.interval_words();
        parts.push(pick(
            language,
            &format!("{words} {} to {}", digits(low), digits(high)),
            &format!("{words} {} 至 {}", digits(low), digits(high)),
        ));
    }
    parts.extend(table.cell(row, "p_value").number().map(|p| p_words(p, style)));
    (parts.join(&pick(language, "; ", "；")), interval)
}

/// A p-value as words: `p = 0.031`, `p < 0.001`.
pub(super) fn p_words(p: f64, style: &Style<'_>) -> String {
    let text = p_value(p, style.options.decimals);
    match text.strip_prefix('<') {
        Some(rest) => format!("p < {rest}"),
        None => format!("p = {text}"),
    }
}

/// The sentence that follows an interval that includes no difference.
pub(super) fn remark(open: bool, style: &Style<'_>) -> String {
    match open {
        true => pick(style.options.language, " The interval includes no difference.", "区间包含“无差异”。"),
        false => String::new(),
    }
}
