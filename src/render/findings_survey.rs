//! The main results of samples with weights: means, totals and ratios of a population.

use super::sentences::{Estimate, Finding, plain, table_of};
use super::style::Style;
use super::table::Table;

/// Reads the table of means and totals, or that of ratios; nothing where a run has neither.
pub(super) fn findings(tables: &[Table], style: &Style<'_>) -> Vec<Finding> {
    let of_population = |file| table_of(tables, file).filter(|t| t.position("population").is_some());
    if let Some(table) = of_population("table_estimates.csv") {
        let total = style.design.value("statistic").as_deref() == Some("total");
        let kind = if total { "total" } else { "mean" };
        let said = |row: &usize| {
            let y = style.variable(table.cell(*row, "variable").text());
            sentence(table, *row, ("estimate", kind), ("", &y), style)
        };
        return rows(table).iter().filter_map(said).collect();
    }
    let ratios = of_population("table_ratios.csv");
    ratios.and_then(|table| of_ratios(table, style)).unwrap_or_default()
}

fn of_ratios(table: &Table, style: &Style<'_>) -> Option<Vec<Finding>> {
    let x = style.variable(&style.design.value("numerator")?);
    let y = style.variable(&style.design.value("denominator")?);
    let said = |row: &usize| sentence(table, *row, ("ratio", "ratio"), (&x, &y), style);
    Some(rows(table).iter().filter_map(said).collect())
}

/// The rows of all, then those of groups.
fn rows(table: &Table) -> Vec<usize> {
    let mut rows: Vec<usize> = (0..table.rows.len()).collect();
    rows.sort_by_key(|row| table.cell(*row, "group").text() != "all");
    rows
}

fn sentence(
    table: &Table,
    row: usize,
    (column, kind): (&str, &str),
    (x, y): (&str, &str),
    style: &Style<'_>,
) -> Option<Finding> {
    let (value, evidence) = Estimate::of(table, row, [column, "ci_low", "ci_high", "p_value"])?.words(style);
    let values = [("x", x), ("y", y), ("value", value.as_str()), ("evidence", &evidence)];
    let group = table.cell(row, "group").text();
    let Some(column) = style.design.group.as_deref().filter(|_| group != "all") else {
        return Some(table.says(plain(style, &format!("population_{kind}"), &values)));
    };
    let level = style.level(&format!("{group}.{column}")).unwrap_or_else(|| group.to_owned());
    let by = style.variable(column);
    let own = [("by", by.as_str()), ("group", &level)];
    let values = [&values[..], &own].concat();
    Some(table.says(plain(style, &format!("population_{kind}.of"), &values)))
}
