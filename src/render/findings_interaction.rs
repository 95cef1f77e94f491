//! What an interaction says: by how much a difference changes, or whether it does at all.

use super::sentences::{Finding, by_p, plain, row_of, said_of, table_of};
use super::style::Style;
use super::table::Table;

/// By how much the difference at a value of the moderator changes with it; of categories, which have a term for each level, whether
/// all of them together change it.
pub(super) fn interaction(
    tables: &[Table],
    coefficients: Option<&Table>,
    style: &Style<'_>,
) -> Option<Finding> {
    coefficients.and_then(|table| of_term(table, style)).or_else(|| of_levels(tables, style))
}

fn of_term(table: &Table, style: &Style<'_>) -> Option<Finding> {
    let (focal, moderator) = (style.design.focal.first()?, style.design.value("moderator")?);
    let term = |row: &usize| table.cell(*row, "term").text();
    let meets = |row: &usize| {
        term(row).split('#').count() == 2
            && style.design.is_joint(term(row), focal)
            && style.design.is_joint(term(row), &moderator)
    };
    let mut rows = (0..table.rows.len()).filter(meets);
    // categories have a term for each level, which no single sentence says
    let row = rows.next().filter(|_| rows.next().is_none())?;
    let label = style.variable(&moderator);
    let when = match style.is_binary(&moderator) {
        true => style.instead(&moderator, &label),
        false => plain(style, "if.number", &[("x", &label), ("step", "1")]),
    };
    said_of(style, "interaction_term", (table, row), &[("when", &when)])
}

/// The joint test of the terms of all levels.
fn of_levels(tables: &[Table], style: &Style<'_>) -> Option<Finding> {
    let (focal, moderator) = (style.design.focal.first()?, style.design.value("moderator")?);
    let fit = table_of(tables, "table_fit.csv")?;
    let row = row_of(fit, "metric", "interaction_p")?;
    let (x, z, y) =
        (style.variable(focal), style.variable(&moderator), style.variable(style.design.outcome.as_ref()?));
    by_p(fit, row, "value", "interaction_joint", &[("x", &x), ("z", &z), ("y", &y)], style)
}
