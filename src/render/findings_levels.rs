//! How the variance of a two-level linear model divides: the share that lies between groups.

use super::evidence::p_words;
use super::number::spoken;
use super::sentences::{Finding, plain, row_of, table_of};
use super::style::Style;
use super::table::Table;

/// Reads the intraclass correlation; nothing for a run without variances of two levels.
pub(super) fn findings(tables: &[Table], style: &Style<'_>) -> Vec<Finding> {
    table_of(tables, "table_variance.csv").and_then(|table| between(table, style)).into_iter().collect()
}

fn between(table: &Table, style: &Style<'_>) -> Option<Finding> {
    let row = |component: &str| row_of(table, "component", component);
    // without a residual the share is one on the scale of the linear predictor
    row("var(Residual)")?;
    let share = spoken(100.0 * table.cell(row("icc")?, "estimate").number()?, 1);
    let evidence = p_words(table.cell(row("lr_test")?, "p_value").number()?, style);
    let y = style.variable(style.design.outcome.as_deref()?);
    let g = style.variable(&style.design.value("level2_id")?);
    let terms = style.design.focal.len() + style.design.controls.len();
    let key = if terms == 0 { "between_groups" } else { "between_groups_left" };
    let values = [("y", y.as_str()), ("g", &g), ("share", &share), ("evidence", &evidence)];
    Some(table.says(plain(style, key, &values)))
}
