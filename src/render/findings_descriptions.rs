//! The main results of descriptions: variables and groups, missing values, panels, scales, components, clusters, series.

use super::evidence::p_words;
use super::findings_distributions;
use super::number::{brief, short_of_all, spoken, whole_or_fixed};
use super::sentences::{Estimate, Finding, plain, row_of, said, said_estimate, table_of};
use super::style::Style;
use super::table::{Cell, Table};
use super::words::pick;

/// A standardised mean difference above which groups are usually called unbalanced (Austin 2009, Statistics in Medicine 28).
const UNBALANCED: f64 = 0.1;

/// Reads one table; nothing where it is that of another analysis.
type Reader = fn(&Table, &Style<'_>) -> Vec<String>;

/// Tables with their readers.
const READERS: [(&str, Reader); 13] = [
    ("table_descriptives.csv", overall),
    ("table_by_group.csv", by_group),
    ("table_correlation.csv", correlations),
    ("table_partial.csv", partial_correlations),
    ("table_centiles.csv", findings_distributions::percentiles),
    ("table_frequencies.csv", findings_distributions::frequencies),
    ("table_inequality.csv", findings_distributions::inequality),
    ("table_baseline.csv", balance),
    ("table_structure.csv", panel),
    ("table_issues.csv", issues),
    ("table_corrgram.csv", series),
    ("table_scores.csv", distress),
    ("table_summary.csv", accruals),
];

/// Reads the tables of a description; nothing for other analyses.
pub(super) fn findings(tables: &[Table], style: &Style<'_>) -> Vec<Finding> {
    let several = [missing, alpha, components, clusters];
    let found = several.into_iter().find_map(|read| read(tables, style));
    let of_one = || {
        let read = |(file, read): &(&str, Reader)| {
            let table = table_of(tables, file)?;
            Some(read(table, style).into_iter().map(|text| table.says(text)).collect::<Vec<_>>())
        };
        READERS.iter().filter_map(read).find(|said| !said.is_empty())
    };
    found.or_else(of_one).unwrap_or_default()
}

fn rows(table: &Table) -> std::ops::Range<usize> {
    0..table.rows.len()
}

pub(super) fn number(table: &Table, row: usize, column: &str) -> Option<f64> {
    table.cell(row, column).number()
}

/// A number of a table of names and values.
pub(super) fn metric(table: &Table, name: &str) -> Option<f64> {
    number(table, row_of(table, "metric", name)?, "value")
}

/// A cell as it is printed: a text, or a number without needless decimals.
pub(super) fn shown(table: &Table, row: usize, column: &str, style: &Style<'_>) -> String {
    match table.cell(row, column) {
        Cell::Number(x) => whole_or_fixed(*x, style.options.decimals),
        Cell::Text(text) => text.clone(),
        Cell::Missing => String::new(),
    }
}

/// A group by the label of its level.
pub(super) fn group(table: &Table, row: usize, column: &str, style: &Style<'_>) -> String {
    let code = shown(table, row, column, style);
    let label = style.design.group.as_deref().and_then(|of| style.level(&format!("{code}.{of}")));
    label.unwrap_or(code)
}

pub(super) fn percent(share: f64) -> String {
    short_of_all(100.0 * share, brief(100.0 * share))
}

/// A mean without the errors of rounding: 0 where it is a vanishing part of the spread.
pub(super) fn but_rounding(mean: f64, spread: f64) -> f64 {
    if mean.abs() < 1e-9 * spread { 0.0 } else { mean }
}

/// The rows with the largest and the smallest value of a column, where they differ.
pub(super) fn ends(table: &Table, rows: impl Iterator<Item = usize>, column: &str) -> Option<(usize, usize)> {
    let mut known: Vec<(usize, f64)> =
        rows.filter_map(|row| Some((row, number(table, row, column)?))).collect();
    known.sort_by(|a, b| b.1.total_cmp(&a.1));
    let (most, least) = (known.first()?, known.last()?);
    (most.1 > least.1).then_some((most.0, least.0))
}

pub(super) fn variable(table: &Table, row: usize, column: &str, style: &Style<'_>) -> String {
    style.variable(table.cell(row, column).text())
}

fn overall(table: &Table, style: &Style<'_>) -> Vec<String> {
    let one = |row: usize| {
        let (y, mean, sd) = (
            variable(table, row, "variable", style),
            spoken(number(table, row, "mean")?, style.options.decimals),
            spoken(number(table, row, "sd")?, style.options.decimals),
        );
        let (n, missing) = (shown(table, row, "n", style), shown(table, row, "missing", style));
        let values = [("y", y.as_str()), ("mean", &mean), ("sd", &sd), ("n", &n), ("missing", &missing)];
        Some(plain(style, "described", &values))
    };
    rows(table).filter_map(one).collect()
}

fn by_group(table: &Table, style: &Style<'_>) -> Vec<String> {
    let by = style.design.group.as_deref().map(|name| style.variable(name)).unwrap_or_default();
    let mut names: Vec<&str> = rows(table).map(|row| table.cell(row, "variable").text()).collect();
    names.dedup();
    let one = |name: &str| {
        let of = |row: &usize| table.cell(*row, "variable").text() == name;
        let all = rows(table).find(|row| of(row) && table.cell(*row, "group").text() == "all")?;
        let groups = rows(table).filter(|row| of(row) && table.cell(*row, "group").text() != "all");
        let (most, least) = ends(table, groups, "mean")?;
        let mean = |row: usize| Some(style.average(name, number(table, row, "mean")?));
        let kind = if style.is_share(name) { "highest_share" } else { "highest_mean" };
        let values = [
            ("y", style.averaged(name)),
            ("x", by.clone()),
            ("a", group(table, most, "group", style)),
            ("b", group(table, least, "group", style)),
            ("mean_a", mean(most)?),
            ("mean_b", mean(least)?),
            ("value", mean(all)?),
        ];
        Some(plain(style, kind, &values.each_ref().map(|(key, text)| (*key, text.as_str()))))
    };
    names.into_iter().filter_map(one).collect()
}

/// The pairs, those that go together most first.
fn correlations(table: &Table, style: &Style<'_>) -> Vec<String> {
    let mut pairs: Vec<usize> = rows(table)
        .filter(|row| table.cell(*row, "row") != table.cell(*row, "column"))
        .filter(|row| number(table, *row, "correlation").is_some())
        .collect();
    pairs.sort_by(|a, b| {
        let size = |row: &usize| number(table, *row, "correlation").unwrap_or(0.0).abs();
        size(b).total_cmp(&size(a))
    });
    let one = |row: usize| {
        let columns = ["correlation", "ci_low", "ci_high", "p_value"];
        let (value, evidence) = Estimate::of(table, row, columns)?.words(style);
        let (x, y) = (variable(table, row, "row", style), variable(table, row, "column", style));
        let what = kind_of_correlation("value_correlation", style);
        let values = [("x", x.as_str()), ("y", &y), ("value", &value), ("evidence", &evidence)];
        let values = [&values[..], &[("what", what.as_str())]].concat();
        let kind = if evidence.is_empty() { "correlation.alone" } else { "correlation" };
        Some(plain(style, kind, &values))
    };
    pairs.into_iter().filter_map(one).collect()
}

/// The words for the correlations of an analysis: of ranks where the plan asks for them, else those of this key.
fn kind_of_correlation(of_values: &str, style: &Style<'_>) -> String {
    let of_ranks = style.design.value("method").as_deref() == Some("spearman");
    plain(style, if of_ranks { "rank_correlation" } else { of_values }, &[])
}

fn partial_correlations(table: &Table, style: &Style<'_>) -> Vec<String> {
    let one = |row: usize| {
        let estimate = Estimate::of(table, row, ["partial", "ci_low", "ci_high", "p_value"])?;
        let alone = spoken(number(table, row, "correlation")?, style.options.decimals);
        let (x, y) = (variable(table, row, "first", style), variable(table, row, "second", style));
        let what = kind_of_correlation("plain_correlation", style);
        let values = [("x", x.as_str()), ("y", &y), ("alone", &alone), ("what", &what)];
        Some(said_estimate(style, "partial", (&estimate, 0.0), &values))
    };
    rows(table).filter_map(one).collect()
}

fn balance(table: &Table, style: &Style<'_>) -> Vec<String> {
    let compared: Vec<usize> = rows(table).filter(|row| number(table, *row, "smd").is_some()).collect();
    let size = |row: &usize| number(table, *row, "smd").unwrap_or(0.0).abs();
    let Some(most) = compared.iter().copied().max_by(|a, b| size(a).total_cmp(&size(b))) else {
        return Vec::new();
    };
    let apart = compared.iter().filter(|row| size(row) > UNBALANCED).count().to_string();
    let (x, y) = (
        style.design.group.as_deref().map(|name| style.variable(name)).unwrap_or_default(),
        variable(table, most, "variable", style),
    );
    let (n, value) = (compared.len().to_string(), spoken(size(&most), style.options.decimals));
    vec![plain(style, "balance", &[("n", &n), ("k", &apart), ("x", &x), ("y", &y), ("value", &value)])]
}

fn panel(table: &Table, style: &Style<'_>) -> Vec<String> {
    let whole = |name: &str| metric(table, name).map(|x| whole_or_fixed(x, style.options.decimals));
    let said = || {
        let key = if metric(table, "balanced")? == 1.0 { "panel.whole" } else { "panel" };
        let (units, periods, rows) = (whole("n_units")?, whole("n_periods")?, whole("n_rows")?);
        let (least, most, share) = (
            whole("rows_per_unit_min")?,
            whole("rows_per_unit_max")?,
            percent(metric(table, "share_filled")?),
        );
        let values = [
            ("units", units.as_str()),
            ("periods", &periods),
            ("n", &rows),
            ("least", &least),
            ("most", &most),
            ("share", &share),
        ];
        Some(plain(style, key, &values))
    };
    said().into_iter().collect()
}

fn missing(tables: &[Table], style: &Style<'_>) -> Option<Vec<Finding>> {
    let (columns, patterns) =
        (table_of(tables, "table_missing.csv")?, table_of(tables, "table_patterns.csv")?);
    let share = |row: &usize| number(columns, *row, "missing_share").unwrap_or(0.0);
    let with = rows(columns).filter(|row| share(row) > 0.0).count();
    if with == 0 {
        return Some(vec![columns.says(plain(
            style,
            "missing.none",
            &[("n", &columns.rows.len().to_string())],
        ))]);
    }
    let most = rows(columns).max_by(|a, b| share(a).total_cmp(&share(b)))?;
    let whole = rows(patterns).find(|row| number(patterns, *row, "n_missing") == Some(0.0));
    let complete = whole.and_then(|row| number(patterns, row, "share")).unwrap_or(0.0);
    let values = [
        ("k", with.to_string()),
        ("n", columns.rows.len().to_string()),
        ("x", variable(columns, most, "variable", style)),
        ("share", percent(share(&most))),
        ("complete", percent(complete)),
    ];
    let values = values.each_ref().map(|(key, text)| (*key, text.as_str()));
    Some(vec![columns.says(plain(style, "missing", &values))])
}

fn issues(table: &Table, style: &Style<'_>) -> Vec<String> {
    // the last row counts the rows that were looked at: it is no remark
    let remarks = rows(table).filter(|row| table.cell(*row, "issue").text() != "checked");
    let mut names: Vec<&str> = remarks.map(|row| table.cell(row, "variable").text()).collect();
    let n = names.len();
    names.sort_unstable();
    names.dedup();
    let key = match n {
        0 => "issues.none",
        1 => "issues.one",
        _ => "issues",
    };
    vec![plain(style, key, &[("n", &n.to_string()), ("k", &names.len().to_string())])]
}

/// Reliability, and the item without which it would be highest where that is above the whole scale's.
fn alpha(tables: &[Table], style: &Style<'_>) -> Option<Vec<Finding>> {
    let (scale, items) = (table_of(tables, "table_alpha.csv")?, table_of(tables, "table_items.csv")?);
    let (whole, n) = (metric(scale, "alpha")?, metric(scale, "items")?.to_string());
    let value = spoken(whole, style.options.decimals);
    let mut all = vec![scale.says(plain(style, "alpha", &[("n", &n), ("value", &value)]))];
    let without = |row: &usize| number(items, *row, "alpha_without").unwrap_or(f64::NEG_INFINITY);
    let best = rows(items).max_by(|a, b| without(a).total_cmp(&without(b)))?;
    if without(&best) > whole {
        let (x, value) =
            (variable(items, best, "variable", style), spoken(without(&best), style.options.decimals));
        all.push(items.says(plain(style, "alpha.without", &[("x", &x), ("value", &value)])));
    }
    Some(all)
}

fn components(tables: &[Table], style: &Style<'_>) -> Option<Vec<Finding>> {
    let table = table_of(tables, "table_eigenvalues.csv")?;
    let retained = table
        .position("retained")
        .map(|_| rows(table).filter(|row| table.cell(*row, "retained").text() == "yes").count());
    let factors = table_of(tables, "table_fit.csv").and_then(|fit| metric(fit, "factors"));
    let kept = match retained {
        Some(kept) => kept,
        None => rows(table).take_while(|row| number(table, *row, "component") <= factors).count(),
    };
    let last = kept.checked_sub(1)?;
    let (first, together) =
        (percent(number(table, 0, "share")?), percent(number(table, last, "cumulative")?));
    let values = [("n", kept.to_string()), ("of", table.rows.len().to_string())];
    let own = [("first", first.as_str()), ("share", &together)];
    let values: Vec<(&str, &str)> =
        values.iter().map(|(key, text)| (*key, text.as_str())).chain(own).collect();
    let kind = if retained.is_some() { "components" } else { "factors" };
    Some(vec![table.says(plain(style, kind, &values))])
}

fn clusters(tables: &[Table], style: &Style<'_>) -> Option<Vec<Finding>> {
    let (sizes, fit) = (table_of(tables, "table_sizes.csv")?, table_of(tables, "table_fit.csv")?);
    let (most, least) = ends(sizes, rows(sizes), "n").unwrap_or((0, 0));
    let values = [
        ("n", sizes.rows.len().to_string()),
        ("most", shown(sizes, most, "n", style)),
        ("least", shown(sizes, least, "n", style)),
        ("share", percent(metric(fit, "explained")?)),
    ];
    let values = values.each_ref().map(|(key, text)| (*key, text.as_str()));
    Some(vec![sizes.says(plain(style, "clusters", &values))])
}

/// The correlation with the period before, and the test of all lags.
fn series(table: &Table, style: &Style<'_>) -> Vec<String> {
    let said_so = || {
        let y = style.variable(style.design.outcome.as_deref()?);
        let first = spoken(number(table, 0, "autocorrelation")?, style.options.decimals);
        let last = table.rows.len().checked_sub(1)?;
        let (lags, p) = (shown(table, last, "lag", style), number(table, last, "p_value")?);
        let evidence = p_words(p, style);
        let values = [("y", y.as_str()), ("value", &first), ("n", &lags), ("evidence", &evidence)];
        Some(said(style, "autocorrelation", p < style.alpha(), &values))
    };
    said_so().into_iter().collect()
}

fn distress(table: &Table, style: &Style<'_>) -> Vec<String> {
    let said = || {
        let row = row_of(table, "group", "all")?;
        let share = |name: &str| number(table, row, name).map(percent);
        let (low, grey, safe) = (share("share_distress")?, share("share_grey")?, share("share_safe")?);
        Some(plain(style, "distress", &[("low", &low), ("grey", &grey), ("safe", &safe)]))
    };
    said().into_iter().collect()
}

fn accruals(table: &Table, style: &Style<'_>) -> Vec<String> {
    let said = || {
        let mean = |name: &str| number(table, row_of(table, "variable", name)?, "mean");
        let size = mean("accruals_absolute")?;
        let signed = spoken(but_rounding(mean("accruals_discretionary")?, size), style.options.decimals);
        let size = spoken(size, style.options.decimals);
        Some(plain(style, "accruals", &[("value", &signed), ("size", &size)]))
    };
    let caveat = pick(
        style.options.language,
        "Discretionary accruals are what the model leaves over; they include its errors.",
        "可操纵性应计是模型未能解释的部分，其中包含模型误差。",
    );
    said().map(|said| vec![said, caveat]).unwrap_or_default()
}

#[cfg(test)]
#[path = "findings_tests_of_descriptions.rs"]
mod tests;
