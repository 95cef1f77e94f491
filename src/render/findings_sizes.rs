//! The main results of a plan of sizes: how many units find the difference, and what those at hand can show.

use super::number::{spoken, whole_or_fixed, whole_or_spoken};
use super::sentences::{Finding, plain, row_of, said, table_of};
use super::style::Style;
use super::table::Table;

/// Reads the table of sizes; nothing where a run has none.
pub(super) fn findings(tables: &[Table], style: &Style<'_>) -> Vec<Finding> {
    let Some(sizes) = table_of(tables, "table_sample_size.csv") else { return Vec::new() };
    let facts = table_of(tables, "table_assumptions.csv");
    let needed = needed(sizes, facts, style);
    let available = facts.and_then(|facts| available(sizes, facts, style));
    needed.into_iter().flatten().chain(available).collect()
}

/// A value of the table of assumptions.
fn fact(facts: &Table, name: &str) -> Option<f64> {
    facts.cell(row_of(facts, "quantity", name)?, "value").number()
}

/// The size that was asked for, which is in the first row, and how many to recruit where some are lost.
fn needed(sizes: &Table, facts: Option<&Table>, style: &Style<'_>) -> [Option<Finding>; 2] {
    let number = |column: &str| sizes.cell(0, column).number();
    let whole = |column: &str| number(column).map(|x| whole_or_fixed(x, 0));
    let power = number("target_power").map(|x| whole_or_fixed(x, 2));
    let difference = facts.and_then(|facts| fact(facts, "difference"));
    let difference = difference.map(|x| whole_or_spoken(x, style.options.decimals));
    let outcome = style.design.outcome.as_ref().map(|name| style.variable(name));
    let (Some(total), Some(first), Some(power), Some(difference), Some(y)) =
        (whole("n_total"), whole("n_group1"), power, difference, outcome)
    else {
        return [None, None];
    };
    let second = whole("n_group2");
    let key = if second.is_some() { "size_two" } else { "size_one" };
    let second = second.unwrap_or_default();
    let values = [("difference", &difference), ("y", &y), ("power", &power), ("total", &total)];
    let values = [&values[..], &[("first", &first), ("second", &second)]].concat();
    let values: Vec<(&str, &str)> = values.into_iter().map(|(name, value)| (name, value.as_str())).collect();
    let recruited = whole("n_recruited").filter(|recruited| *recruited != total);
    let recruited = recruited.map(|n| plain(style, "size_recruited", &[("recruited", &n)]));
    [Some(sizes.says(plain(style, key, &values))), recruited.map(|text| sizes.says(text))]
}

/// What the units at hand can show; enough where their power is that asked for.
fn available(sizes: &Table, facts: &Table, style: &Style<'_>) -> Option<Finding> {
    let power = fact(facts, "available_power")?;
    let (n, value) = (style.design.value("available")?, spoken(power, 2));
    // of few units no share, which ends at 0 and 1, may be far enough away
    let Some(least) = fact(facts, "available_difference") else {
        return Some(facts.says(plain(style, "size_available.none", &[("n", &n), ("value", &value)])));
    };
    let shown = spoken(least, style.options.decimals);
    let is_enough = power >= sizes.cell(0, "target_power").number()?;
    let values = [("n", n.as_str()), ("value", &value), ("least", &shown)];
    Some(facts.says(said(style, "size_available", is_enough, &values)))
}
