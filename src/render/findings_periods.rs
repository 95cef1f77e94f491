//! The main results of effects by period: the mean from the event on, the largest one, and the joint test of the periods
//! before it.

use super::evidence::p_words;
use super::number::spoken;
use super::sentences::{Finding, plain, said, said_of};
use super::style::Style;
use super::table::Table;
use super::words::pick;

/// Tables with a row for each period relative to the event.
const PERIODS: [&str; 2] = ["table_event_coefficients.csv", "table_dynamic.csv"];

/// Reads the tables of effects by period; nothing where a run has none.
pub(super) fn findings(tables: &[Table], style: &Style<'_>) -> Vec<Finding> {
    let Some(periods) = tables.iter().find(|t| PERIODS.contains(&t.file.as_str())) else { return Vec::new() };
    let sentences = [mean(tables, style), largest(periods, style), before(tables, style)];
    sentences.into_iter().flatten().collect()
}

/// A row of the first table that names it in this column.
fn row_of<'a>(tables: &'a [Table], column: &str, name: &str) -> Option<(&'a Table, usize)> {
    tables.iter().find_map(|table| {
        let row = (0..table.rows.len()).find(|row| table.cell(*row, column).text() == name)?;
        Some((table, row))
    })
}

fn mean(tables: &[Table], style: &Style<'_>) -> Option<Finding> {
    let y = style.variable(style.design.outcome.as_deref()?);
    if let Some(att) = row_of(tables, "effect", "att") {
        return said_of(style, "event_mean", att, &[("y", &y)]);
    }
    let (fit, _) = row_of(tables, "metric", "mean_after")?;
    let metric =
        |name: &str| row_of(tables, "metric", name).and_then(|(t, row)| t.cell(row, "value").number());
    let digits = |x: f64| spoken(x, style.options.decimals);
    let (value, se, p) =
        (digits(metric("mean_after")?), digits(metric("mean_after_se")?), metric("mean_after_p")?);
    let words = p_words(p, style);
    let evidence = pick(
        style.options.language,
        &format!("standard error {se}; {words}"),
        &format!("标准误 {se}；{words}"),
    );
    let values = [("y", y.as_str()), ("value", &value), ("evidence", &evidence)];
    Some(fit.says(said(style, "event_mean", p < style.alpha(), &values)))
}

/// The effect from the event on that is farthest from zero.
fn largest(table: &Table, style: &Style<'_>) -> Option<Finding> {
    let effect = |row: usize| {
        let period = table.cell(row, "relative_period").number().filter(|period| *period >= 0.0)?;
        table.cell(row, "std_error").number()?;
        Some((period, table.cell(row, "estimate").number()?, row))
    };
    let effects = (0..table.rows.len()).filter_map(effect);
    let (period, _, row) = effects.max_by(|a, b| a.1.abs().total_cmp(&b.1.abs()))?;
    // designs that bind a last period put all later ones into it
    let is_last = style.design.value("lags").and_then(|text| text.parse().ok()) == Some(period);
    let key = if is_last { "event_period.last" } else { "event_period" };
    let when = plain(style, key, &[("period", &period.to_string())]);
    said_of(style, "event_peak", (table, row), &[("when", &when)])
}

fn before(tables: &[Table], style: &Style<'_>) -> Option<Finding> {
    // where there are two, the one that allows for few units
    let found = row_of(tables, "effect", "pre_trend_f").or_else(|| row_of(tables, "effect", "pre_trend"));
    let (table, row) = row_of(tables, "test", "pre_trend").or(found)?;
    let p = table.cell(row, "p_value").number()?;
    Some(table.says(said(style, "event_before", p < style.alpha(), &[("evidence", &p_words(p, style))])))
}
