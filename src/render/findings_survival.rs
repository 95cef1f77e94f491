//! The main results of groups with times until an event: which group lasts longer, up to a time that every group reaches.

use super::evidence::p_words;
use super::number::{spoken, whole_or_fixed};
use super::sentences::{Estimate, Finding, USUAL, plain, row_of, said, said_estimate, table_of};
use super::style::Style;
use super::table::Table;
use super::words::pick;

/// Reads the mean times of groups; nothing where a run has none, or a single group.
pub(super) fn findings(tables: &[Table], style: &Style<'_>) -> Vec<Finding> {
    let Some(fit) = table_of(tables, "table_fit.csv") else { return Vec::new() };
    let limit = row_of(fit, "metric", "limit").and_then(|row| fit.cell(row, "value").number());
    let Some(group) = style.design.group.as_deref() else {
        return table_of(tables, "table_medians.csv")
            .and_then(|table| median(table, style))
            .into_iter()
            .collect();
    };
    let Some(limit) = limit else { return Vec::new() };
    let limit = whole_or_fixed(limit, style.options.decimals);
    if let (Some(means), Some(differences)) =
        (table_of(tables, "table_rmst.csv"), table_of(tables, "table_differences.csv"))
    {
        let said = |row: usize| difference(means, (differences, row), (group, &limit), style);
        return (0..differences.rows.len()).filter_map(said).collect();
    }
    let curves = table_of(tables, "table_medians.csv");
    let longer = curves.and_then(|table| longest(table, (group, &limit), style));
    logrank(tables, group, style).into_iter().chain(longer).collect()
}

/// The median time of all rows, or that the curve does not fall so far.
fn median(table: &Table, style: &Style<'_>) -> Option<Finding> {
    let event = style.variable(style.design.failure.as_deref()?);
    let y = style.variable(style.design.duration.as_deref()?);
    let values = [("x", event.as_str()), ("y", &y)];
    let Some(median) = Estimate::of(table, 0, ["median", "ci_low", "ci_high", "p_value"]) else {
        return Some(table.says(plain(style, "median_time.none", &values)));
    };
    let (value, evidence) = median.words(style);
    // beyond the upper limit the curve may not fall to one half: the interval has a lower end alone
    let proof = match evidence.is_empty() {
        true => String::new(),
        false => pick(style.options.language, &format!(" ({evidence})"), &format!("（{evidence}）")),
    };
    let values = [&values[..], &[("value", value.as_str()), ("evidence", &proof)]].concat();
    Some(table.says(plain(style, "median_time", &values)))
}

/// The test that the curves of the groups are equal.
fn logrank(tables: &[Table], group: &str, style: &Style<'_>) -> Option<Finding> {
    let table = table_of(tables, "table_logrank.csv")?;
    let p = table.cell(row_of(table, "test", "logrank")?, "p_value").number()?;
    let (x, y) = (style.variable(group), style.variable(style.design.duration.as_deref()?));
    let evidence = p_words(p, style);
    let values = [("x", x.as_str()), ("y", &y), ("evidence", &evidence)];
    Some(table.says(said(style, "survival_times", p < style.alpha(), &values)))
}

/// The words of a group.
fn level(text: &str, group: &str, style: &Style<'_>) -> String {
    style.level(&format!("{text}.{group}")).unwrap_or_else(|| text.to_owned())
}

/// The groups with the longest and the shortest mean time; with two groups also the error of their difference, which are
/// independent samples.
fn longest(table: &Table, (group, limit): (&str, &str), style: &Style<'_>) -> Option<Finding> {
    let read = |row: usize| {
        let number = |name: &str| table.cell(row, name).number();
        Some((row, number("restricted_mean")?, number("restricted_mean_se")?))
    };
    let mut known: Vec<(usize, f64, f64)> = (0..table.rows.len()).filter_map(read).collect();
    known.sort_by(|a, b| b.1.total_cmp(&a.1));
    let ((first, high, of_high), (last, low, of_low)) = (*known.first()?, *known.last()?);
    if first == last {
        return None;
    }
    let name = |row: usize| level(table.cell(row, "group").text(), group, style);
    let digits = |x: f64| spoken(x, style.options.decimals);
    let (a, b, mean_a, mean_b) = (name(first), name(last), digits(high), digits(low));
    let (x, y) = (style.variable(group), style.variable(style.design.duration.as_deref()?));
    let (value, error) = (digits(high - low), digits(of_high.hypot(of_low)));
    let evidence = plain(style, "se", &[("se", &error)]);
    let values = [
        ("x", x.as_str()),
        ("y", &y),
        ("a", &a),
        ("b", &b),
        ("mean_a", &mean_a),
        ("mean_b", &mean_b),
        ("limit", limit),
        ("value", &value),
        ("evidence", &evidence),
    ];
    let kind = if known.len() == 2 { "longer_of_two" } else { "longest" };
    Some(table.says(plain(style, kind, &values)))
}

/// The difference of a group from the first one, told from the group that lasts longer.
fn difference(
    means: &Table,
    (table, row): (&Table, usize),
    (group, limit): (&str, &str),
    style: &Style<'_>,
) -> Option<Finding> {
    let mut gap = Estimate::of(table, row, ["difference", USUAL[1], USUAL[2], USUAL[3]])?;
    let (mut one, mut other) = (table.cell(row, "group").text(), table.cell(row, "against").text());
    if gap.value < 0.0 {
        std::mem::swap(&mut one, &mut other);
        let turned = gap.interval.map(|(low, high)| (-high, -low));
        gap = Estimate { value: -gap.value, interval: turned, ..gap };
    }
    let mean = |name: &str| {
        let value = means.cell(row_of(means, "group", name)?, "rmst").number()?;
        Some(spoken(value, style.options.decimals))
    };
    let (a, b, mean_a, mean_b) =
        (level(one, group, style), level(other, group, style), mean(one)?, mean(other)?);
    let (x, y) = (style.variable(group), style.variable(style.design.duration.as_deref()?));
    let values = [
        ("x", x.as_str()),
        ("y", &y),
        ("a", &a),
        ("b", &b),
        ("mean_a", &mean_a),
        ("mean_b", &mean_b),
        ("limit", limit),
    ];
    Some(table.says(said_estimate(style, "longer", (&gap, 0.0), &values)))
}
