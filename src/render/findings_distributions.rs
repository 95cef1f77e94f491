//! How the values of variables are distributed: percentiles, the most frequent values, inequality.

use super::findings_descriptions::{group, number, percent, shown, variable};
use super::number::{brief, spoken};
use super::sentences::{Estimate, plain};
use super::style::Style;
use super::table::Table;
use super::words::pick;

/// Most values that are named where several are equally frequent.
const MOST_NAMED: usize = 4;

fn rows(table: &Table) -> std::ops::Range<usize> {
    0..table.rows.len()
}

/// The median of each variable, or the first percentile that was asked for.
pub(super) fn percentiles(table: &Table, style: &Style<'_>) -> Vec<String> {
    let is_median = |row: &usize| number(table, *row, "percentile") == Some(50.0);
    let medians: Vec<usize> = rows(table).filter(is_median).collect();
    let chosen = if medians.is_empty() { rows(table).collect() } else { medians };
    let one = |row: usize| {
        let columns = ["value", "ci_low", "ci_high", "p_value"];
        let (value, evidence) = Estimate::of(table, row, columns)?.words(style);
        let (y, p) = (variable(table, row, "variable", style), shown(table, row, "percentile", style));
        let values = [("y", y.as_str()), ("p", &p), ("value", &value), ("evidence", &evidence)];
        Some(plain(style, "percentile", &values))
    };
    chosen.into_iter().filter_map(one).collect()
}

pub(super) fn frequencies(table: &Table, style: &Style<'_>) -> Vec<String> {
    let mut names: Vec<&str> = rows(table).map(|row| table.cell(row, "variable").text()).collect();
    names.dedup();
    let one = |name: &str| {
        let own = |row: &usize| {
            table.cell(*row, "variable").text() == name && number(table, *row, "cumulative_percent").is_some()
        };
        let share = |row: &usize| number(table, *row, "valid_percent").unwrap_or(0.0);
        let most = rows(table).filter(own).max_by(|a, b| share(a).total_cmp(&share(b)))?;
        let level = |row: usize| {
            let label = shown(table, row, "label", style);
            if label.is_empty() { shown(table, row, "value", style) } else { label }
        };
        let as_many =
            rows(table).filter(own).filter(|row| number(table, *row, "n") == number(table, most, "n"));
        let levels: Vec<String> = as_many.map(level).collect();
        let kind = if levels.len() > 1 { "most_frequent.several" } else { "most_frequent" };
        let quoted = pick(style.options.language, "”, “", "”、“");
        let level = if levels.len() <= MOST_NAMED { levels.join(&quoted) } else { String::new() };
        let kind = if level.is_empty() && levels.len() > 1 { "most_frequent.many" } else { kind };
        let ties = levels.len().to_string();
        let (y, values) = (style.variable(name), rows(table).filter(own).count().to_string());
        let (n, share) = (shown(table, most, "n", style), brief(share(&most)));
        let blanks = [("y", y.as_str()), ("a", &level), ("share", &share), ("n", &n), ("values", &values)];
        Some(plain(style, kind, &[&blanks[..], &[("ties", ties.as_str())]].concat()))
    };
    names.into_iter().filter_map(one).collect()
}

pub(super) fn inequality(table: &Table, style: &Style<'_>) -> Vec<String> {
    let outcome = style.design.outcome.as_deref().map(|name| style.variable(name)).unwrap_or_default();
    let by = style.design.group.as_deref().map(|name| style.variable(name)).unwrap_or_default();
    let one = |row: usize| {
        let is_all = table.cell(row, "group").text() == "all";
        let (gini, top) = (number(table, row, "gini")?, number(table, row, "share_top10")?);
        let (value, share) = (spoken(gini, style.options.decimals), percent(top));
        let of = group(table, row, "group", style);
        let values = [("y", outcome.as_str()), ("x", &by), ("a", &of), ("value", &value), ("share", &share)];
        Some(plain(style, if is_all { "gini" } else { "gini.of" }, &values))
    };
    rows(table).filter_map(one).collect()
}
