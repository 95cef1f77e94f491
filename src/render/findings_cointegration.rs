//! Long-run relations of several series: how many there are, the only one in words, and how fast deviations from it close.

use super::number::spoken;
use super::sentences::{Estimate, Finding, USUAL, plain, row_of, said_estimate, table_of};
use super::style::Style;
use super::table::Table;

/// Reads the tables of a cointegration analysis; nothing where a run has none.
pub(super) fn findings(tables: &[Table], style: &Style<'_>) -> Vec<Finding> {
    let table = |file: &str| table_of(tables, file);
    let Some(ranks) = table("table_rank.csv").filter(|t| t.position("trace_5").is_some()) else {
        return Vec::new();
    };
    let mut said = vec![of_rank(ranks, style)];
    let relations = table("table_relations.csv").filter(|t| row_of(t, "relation", "_ce2").is_none());
    if let Some(relations) = relations {
        said.extend(of_relation(relations, style));
        let adjusts = table("table_coefficients.csv").and_then(|t| of_adjustment(relations, t, style));
        said.push(adjusts);
    }
    said.into_iter().flatten().collect()
}

/// The first number of relations that the trace test does not reject.
fn of_rank(ranks: &Table, style: &Style<'_>) -> Option<Finding> {
    let number = |row: usize, name: &str| ranks.cell(row, name).number();
    let kept = |row: &usize| number(*row, "trace").zip(number(*row, "trace_5")).is_none_or(|(t, c)| t <= c);
    let row = (0..ranks.rows.len()).find(kept)?;
    let count = number(row, "rank")?;
    let series = number(ranks.rows.len() - 1, "rank")?;
    let key = match count {
        0.0 => "no_relation",
        n if n == series => "all_stationary",
        1.0 => "one_relation",
        _ => "several_relations",
    };
    let (n, k) = (spoken(count, 0), spoken(series, 0));
    let statistic =
        |name: &str| number(row.saturating_sub(usize::from(count > 0.0)), name).map(|v| spoken(v, 2));
    let (value, limit) = (statistic("trace")?, statistic("trace_5")?);
    Some(ranks.says(plain(style, key, &[("n", &n), ("k", &k), ("value", &value), ("limit", &limit)])))
}

/// What the first series does in the long run where another is higher by one: its coefficient with the sign turned.
fn of_relation(relations: &Table, style: &Style<'_>) -> Vec<Option<Finding>> {
    let y = style.variable(relations.cell(0, "term").text());
    let others = (0..relations.rows.len()).skip(1).filter(|row| {
        relations.cell(*row, "std_error").number().is_some()
            && !relations.cell(*row, "term").text().starts_with('_')
    });
    let sentence = |row: usize| {
        let x = style.variable(relations.cell(row, "term").text());
        let turned = Estimate::of(relations, row, USUAL)?.scaled(-1.0);
        let values = [("y", y.as_str()), ("x", &x)];
        Some(relations.says(said_estimate(style, "long_run_relation", (&turned, 0.0), &values)))
    };
    others.map(sentence).collect()
}

/// The share of a deviation that the first series closes in the next period.
fn of_adjustment(relations: &Table, coefficients: &Table, style: &Style<'_>) -> Option<Finding> {
    let name = relations.cell(0, "term").text();
    let equation = format!("D_{name}");
    let row = (0..coefficients.rows.len()).find(|row| {
        coefficients.cell(*row, "equation").text() == equation
            && coefficients.cell(*row, "term").text() == "L._ce1"
    })?;
    let speed = coefficients.cell(row, "estimate").number()?;
    let share = spoken(-100.0 * speed, 0);
    let y = style.variable(name);
    let closes = speed < 0.0 && speed > -1.0;
    closes.then(|| coefficients.says(plain(style, "adjustment", &[("y", &y), ("value", &share)])))
}
