//! The main results of units with places: the total impacts of regressors with their direct and indirect parts, and
//! whether units near each other are alike.

use super::evidence::p_words;
use super::number::spoken;
use super::sentences::{Finding, said, said_of};
use super::style::Style;
use super::table::Table;

/// Reads the impacts of a regression with a lag of the outcome or of regressors, or Moran's I; nothing where a run has
/// neither. Without such lags no unit acts on another, and the coefficients say it all.
pub(super) fn findings(tables: &[Table], style: &Style<'_>) -> Vec<Finding> {
    let table = |file: &str| tables.iter().find(|t| t.file == file);
    if let Some(impacts) = table("table_impacts.csv") {
        let total = |row: &usize| impacts.cell(*row, "impact").text() == "total";
        let rows = (0..impacts.rows.len()).filter(total);
        return rows.filter_map(|row| impact(impacts, row, style)).collect();
    }
    table("table_autocorrelation.csv").and_then(|t| alike(t, style)).into_iter().collect()
}

/// The total impact in a row, where it belongs to a variable of the question.
fn impact(table: &Table, total: usize, style: &Style<'_>) -> Option<Finding> {
    let term = table.cell(total, "term").text();
    if !style.design.is_focal(term) {
        return None;
    }
    let part = |kind: &str| {
        let is_part = |row: &usize| {
            table.cell(*row, "impact").text() == kind && table.cell(*row, "term").text() == term
        };
        (0..table.rows.len()).find(is_part)
    };
    let digits = |row: usize| Some(spoken(table.cell(row, "estimate").number()?, style.options.decimals));
    let indirect = part("indirect")?;
    // no statistic: the model has no way from one unit to another
    table.cell(indirect, "statistic").number()?;
    let (x, y) = (style.term(term), style.variable(style.design.outcome.as_deref()?));
    let (direct, indirect) = (digits(part("direct")?)?, digits(indirect)?);
    let values = [("x", x.as_str()), ("y", &y), ("direct", &direct), ("indirect", &indirect)];
    said_of(style, "impact", (table, total), &values)
}

/// Moran's I with the test that places values at random.
fn alike(table: &Table, style: &Style<'_>) -> Option<Finding> {
    let is_test = |row: &usize| {
        table.cell(*row, "measure").text() == "moran"
            && table.cell(*row, "assumption").text() == "randomisation"
    };
    let row = (0..table.rows.len()).find(is_test)?;
    let (value, expected) = (table.cell(row, "estimate").number()?, table.cell(row, "expected").number()?);
    let p = table.cell(row, "p_value").number()?;
    let y = style.variable(style.design.outcome.as_deref()?);
    let (shown, evidence) = (spoken(value, style.options.decimals), p_words(p, style));
    let kind = if value >= expected { "alike" } else { "unlike" };
    let values = [("y", y.as_str()), ("value", &shown), ("evidence", &evidence)];
    Some(table.says(said(style, kind, p < style.alpha(), &values)))
}
