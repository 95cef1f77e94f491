//! Where the curve of a quadratic relation turns, and whether the data show a turn: both ends of the observed range have to slope
//! away from it (Lind and Mehlum 2010, With or without U?, Oxford Bulletin of Economics and Statistics 72).

use super::evidence::{evidence_of, p_words};
use super::number::whole_or_fixed;
use super::sentences::{Estimate, Finding, USUAL, plain, row_of, said, table_of};
use super::style::Style;
use super::table::Table;

/// Reads the slopes at both ends of the range and the turning point; nothing for a curve of the third degree.
pub(super) fn findings(tables: &[Table], style: &Style<'_>) -> Vec<Finding> {
    table_of(tables, "table_turning_point.csv").and_then(|table| turn(table, style)).into_iter().collect()
}

fn turn(table: &Table, style: &Style<'_>) -> Option<Finding> {
    // a curve of the third degree may turn twice
    if style.design.value("degree").as_deref() == Some("3") {
        return None;
    }
    let (low, high) = (row_of(table, "item", "slope_at_low")?, row_of(table, "item", "slope_at_high")?);
    let number = |row: usize, column: &str| table.cell(row, column).number();
    let (first, last) = (number(low, "estimate")?, number(high, "estimate")?);
    let x = style.variable(&style.design.value("focal")?);
    let y = style.variable(style.design.outcome.as_deref()?);
    let at = |x: f64| whole_or_fixed(x, style.options.decimals);
    let ends = (at(number(low, "at")?), at(number(high, "at")?));
    let point = Estimate::of(table, row_of(table, "item", "turning_point1")?, USUAL);
    let place = point.map(|point| at(point.value)).unwrap_or_default();
    let mut values = vec![("x", x.as_str()), ("y", &y), ("from", &ends.0), ("to", &ends.1), ("at", &place)];
    if first * last >= 0.0 {
        let way = if first + last < 0.0 { "falls" } else { "rises" };
        return Some(table.says(plain(style, &format!("no_turn.{way}"), &values)));
    }
    let range = evidence_of(point?.interval, None, style);
    // one-sided, for each end has its direction; the weaker one decides
    let p = 0.5 * number(low, "p_value")?.max(number(high, "p_value")?);
    let evidence = p_words(p, style);
    values.extend([("range", range.as_str()), ("evidence", &evidence)]);
    let shape = if first < 0.0 { "u" } else { "inverted_u" };
    Some(table.says(said(style, &format!("turn.{shape}"), p < style.alpha(), &values)))
}
