//! The main results of data preparation, figures and filters: what became of rows and values, where a figure is highest.

use super::findings_descriptions::{but_rounding, ends, group, number, shown, variable};
use super::number::{brief, short_of_all, spoken, whole_or_spoken};
use super::sentences::{Finding, plain, row_of, table_of};
use super::style::Style;
use super::table::Table;

/// Reads one table; nothing where it is that of another analysis.
type Reader = fn(&Table, &Style<'_>) -> Option<Vec<String>>;

/// Tables with their readers.
const READERS: [(&str, Reader); 14] = [
    ("table_append_report.csv", append),
    ("table_duplicates.csv", duplicates),
    ("table_derive_report.csv", derived),
    ("table_merge_report.csv", merge),
    ("table_outliers.csv", outliers),
    ("table_balance.csv", balance),
    ("table_group_bounds.csv", quantile_groups),
    ("table_reshape_report.csv", reshape),
    ("table_winsor_report.csv", winsorize),
    ("table_bars.csv", bars),
    ("table_five_numbers.csv", boxes),
    ("table_bins.csv", histogram),
    ("table_points_summary.csv", points),
    ("table_moments.csv", cycles),
];

/// Reads the table of one of these analyses; nothing for others.
pub(super) fn findings(tables: &[Table], style: &Style<'_>) -> Vec<Finding> {
    let read = |(file, read): &(&str, Reader)| {
        let table = table_of(tables, file)?;
        let said = read(table, style)?.into_iter().map(|text| table.says(text));
        Some(said.collect::<Vec<_>>())
    };
    let lines = || table_of(tables, "table_series.csv").and_then(|table| line(table, style));
    READERS.iter().find_map(read).or_else(lines).unwrap_or_default()
}

fn rows(table: &Table) -> std::ops::Range<usize> {
    0..table.rows.len()
}

/// A sentence whose blanks are texts of their own.
fn filled<const N: usize>(style: &Style<'_>, kind: &str, values: [(&str, String); N]) -> String {
    plain(style, kind, &values.each_ref().map(|(name, text)| (*name, text.as_str())))
}

/// A number as the tables of reports print it.
fn digits(table: &Table, row: usize, column: &str, style: &Style<'_>) -> Option<String> {
    number(table, row, column).map(|x| spoken(x, style.options.decimals))
}

/// A whole number of the row that names it in the first column.
fn whole(table: &Table, name: &str, column: &str, style: &Style<'_>) -> Option<String> {
    let first = table.columns.first()?.name.clone();
    Some(shown(table, row_of(table, &first, name)?, column, style))
}

fn sum(table: &Table, column: &str) -> f64 {
    rows(table).filter_map(|row| number(table, row, column)).sum()
}

/// The result of appending: its last rows and variables, and rows that are there twice.
fn append(table: &Table, style: &Style<'_>) -> Option<Vec<String>> {
    let of_result = |item: &str| {
        let is_row = |row: &usize| {
            table.cell(*row, "item").text() == item && table.cell(*row, "file").text() == "result"
        };
        Some(shown(table, rows(table).find(is_row)?, "value", style))
    };
    let values =
        [("n", of_result("rows")?), ("of", of_result("variables")?), ("k", of_result("repeated_rows")?)];
    Some(vec![filled(style, "appended", values)])
}

fn duplicates(table: &Table, style: &Style<'_>) -> Option<Vec<String>> {
    table.position("rows_removed")?;
    let count = |column: &str| format!("{:.0}", sum(table, column));
    let values = [("n", count("rows")), ("k", count("rows_removed")), ("of", count("conflicting_keys"))];
    Some(vec![filled(style, "deduplicated", values)])
}

fn derived(table: &Table, style: &Style<'_>) -> Option<Vec<String>> {
    let one = |row: usize| {
        let (mean, sd) = (number(table, row, "mean")?, number(table, row, "sd")?);
        let values = [
            ("y", variable(table, row, "new_variable", style)),
            ("mean", spoken(but_rounding(mean, sd), style.options.decimals)),
            ("sd", digits(table, row, "sd", style)?),
            ("n", shown(table, row, "n", style)),
            ("missing", shown(table, row, "missing", style)),
        ];
        Some(filled(style, "described", values))
    };
    Some(rows(table).filter_map(one).collect())
}

fn merge(table: &Table, style: &Style<'_>) -> Option<Vec<String>> {
    let of = |name: &str| whole(table, name, "value", style);
    let values = [
        ("n", of("rows_main")?),
        ("k", of("matched")?),
        ("alone", of("second_only")?),
        ("of", of("rows_second")?),
        ("rows", of("rows_result")?),
    ];
    Some(vec![filled(style, "merged", values)])
}

fn outliers(table: &Table, style: &Style<'_>) -> Option<Vec<String>> {
    let one = |row: usize| {
        let outside = number(table, row, "low_count")? + number(table, row, "high_count")?;
        let values = [
            ("y", variable(table, row, "variable", style)),
            ("k", format!("{outside:.0}")),
            ("n", shown(table, row, "n", style)),
            ("low", digits(table, row, "low_bound", style)?),
            ("high", digits(table, row, "high_bound", style)?),
        ];
        Some(filled(style, "outliers", values))
    };
    Some(rows(table).filter(|row| is_whole(table, *row, "part")).filter_map(one).collect())
}

/// True for the row of all values of a variable, where a table may have parts.
fn is_whole(table: &Table, row: usize, column: &str) -> bool {
    matches!(table.cell(row, column).text(), "all" | "")
}

fn balance(table: &Table, style: &Style<'_>) -> Option<Vec<String>> {
    let of = |name: &str| whole(table, name, "value", style);
    let rows = |name: &str| number(table, row_of(table, &table.columns.first()?.name, name)?, "value");
    let added = format!("{:.0}", rows("rows_after")? - rows("rows_before")?);
    let values = [
        ("k", of("units_after")?),
        ("n", of("units_before")?),
        ("periods", of("periods")?),
        ("rows", of("rows_after")?),
        ("of", of("rows_before")?),
        ("added", added),
    ];
    // filling adds the rows that are missing, and no unit is left out
    let is_filled = style.design.value("method").as_deref() == Some("fill");
    Some(vec![filled(style, if is_filled { "balanced.filled" } else { "balanced" }, values)])
}

/// The upper bound of the lowest group and the lower bound of the highest.
fn quantile_groups(table: &Table, style: &Style<'_>) -> Option<Vec<String>> {
    let all = rows(table).filter(|row| is_whole(table, *row, "part")).collect::<Vec<_>>();
    let mut names: Vec<&str> = all.iter().map(|row| table.cell(*row, "variable").text()).collect();
    names.dedup();
    let one = |name: &str| {
        let own: Vec<usize> =
            all.iter().copied().filter(|row| table.cell(*row, "variable").text() == name).collect();
        let values = [
            ("y", style.variable(name)),
            ("n", own.len().to_string()),
            ("low", digits(table, *own.first()?, "max", style)?),
            ("high", digits(table, *own.last()?, "min", style)?),
        ];
        Some(filled(style, "quantile_groups", values))
    };
    Some(names.into_iter().filter_map(one).collect())
}

fn reshape(table: &Table, style: &Style<'_>) -> Option<Vec<String>> {
    let of = |name: &str| whole(table, name, "value", style);
    let values = [
        ("a", of("rows_before")?),
        ("of_a", of("columns_before")?),
        ("b", of("rows_after")?),
        ("of_b", of("columns_after")?),
        ("n", of("units")?),
    ];
    Some(vec![filled(style, "reshaped", values)])
}

fn winsorize(table: &Table, style: &Style<'_>) -> Option<Vec<String>> {
    let one = |row: usize| {
        let changed = number(table, row, "low_count")? + number(table, row, "high_count")?;
        let of = |column: &str| digits(table, row, column, style);
        let values = [
            ("y", variable(table, row, "variable", style)),
            ("k", format!("{changed:.0}")),
            ("n", shown(table, row, "n", style)),
            ("low", of("low_bound")?),
            ("high", of("high_bound")?),
            ("mean_a", of("mean_before")?),
            ("mean_b", of("mean_after")?),
        ];
        Some(filled(style, "winsorized", values))
    };
    Some(rows(table).filter(|row| is_whole(table, *row, "group")).filter_map(one).collect())
}

/// The group of a bar, with that of the second factor.
fn bar(table: &Table, row: usize, style: &Style<'_>) -> String {
    let (first, second) = (group(table, row, "group", style), shown(table, row, "over2", style));
    if second.is_empty() { first } else { format!("{first}, {second}") }
}

fn bars(table: &Table, style: &Style<'_>) -> Option<Vec<String>> {
    let (most, least) = ends(table, rows(table), "value")?;
    let value = |row: usize| {
        let x = number(table, row, "value")?;
        Some(match style.design.value("stat").as_deref() {
            Some("share") => plain(style, "percent", &[("n", &short_of_all(x, brief(x)))]),
            Some("count") => whole_or_spoken(x, style.options.decimals),
            _ => spoken(x, style.options.decimals),
        })
    };
    let values = [
        ("a", bar(table, most, style)),
        ("b", bar(table, least, style)),
        ("of_a", value(most)?),
        ("of_b", value(least)?),
    ];
    Some(vec![filled(style, "bars", values)])
}

fn boxes(table: &Table, style: &Style<'_>) -> Option<Vec<String>> {
    let by = style.design.group.as_deref().map(|name| style.variable(name)).unwrap_or_default();
    let mut names: Vec<&str> = rows(table).map(|row| table.cell(row, "variable").text()).collect();
    names.dedup();
    let one = |name: &str| {
        let own: Vec<usize> = rows(table).filter(|r| table.cell(*r, "variable").text() == name).collect();
        let median = |row: usize| digits(table, row, "median", style);
        let Some((most, least)) = ends(table, own.iter().copied(), "median") else {
            let row = *own.first()?;
            let (low, high) = (digits(table, row, "q1", style)?, digits(table, row, "q3", style)?);
            let values = [("y", style.variable(name)), ("value", median(row)?), ("low", low), ("high", high)];
            return Some(filled(style, "box", values));
        };
        let values = [
            ("y", style.variable(name)),
            ("x", by.clone()),
            ("a", group(table, most, "group", style)),
            ("b", group(table, least, "group", style)),
            ("of_a", median(most)?),
            ("of_b", median(least)?),
        ];
        Some(filled(style, "boxes", values))
    };
    Some(names.into_iter().filter_map(one).collect())
}

/// The fullest bin of each group.
fn histogram(table: &Table, style: &Style<'_>) -> Option<Vec<String>> {
    let y = style.variable(style.design.outcome.as_deref()?);
    let mut names: Vec<String> = rows(table).map(|row| shown(table, row, "group", style)).collect();
    names.dedup();
    let one = |name: &String| {
        let own = rows(table).filter(|row| shown(table, *row, "group", style) == *name);
        let (most, _) = ends(table, own, "percent")?;
        let values = [
            ("y", y.clone()),
            ("group", group(table, most, "group", style)),
            ("low", digits(table, most, "low", style)?),
            ("high", digits(table, most, "high", style)?),
            ("share", brief(number(table, most, "percent")?)),
        ];
        Some(filled(style, if name == "all" { "histogram" } else { "histogram.of" }, values))
    };
    Some(names.iter().filter_map(one).collect())
}

fn points(table: &Table, style: &Style<'_>) -> Option<Vec<String>> {
    let (x, y) = (style.design.focal.first()?, style.design.outcome.as_ref()?);
    let one = |row: usize| {
        let values = [
            ("x", style.variable(x)),
            ("y", style.variable(y)),
            ("group", group(table, row, "group", style)),
            ("value", digits(table, row, "correlation", style)?),
            ("slope", digits(table, row, "slope", style)?),
        ];
        Some(filled(style, if is_whole(table, row, "group") { "scatter" } else { "scatter.of" }, values))
    };
    Some(rows(table).filter_map(one).collect())
}

/// How far the cycles go from their trends, and how they go with the first one.
fn cycles(table: &Table, style: &Style<'_>) -> Option<Vec<String>> {
    table.position("relative_sd")?;
    let first = variable(table, 0, "variable", style);
    let one = |row: usize| {
        let values = [
            ("y", variable(table, row, "variable", style)),
            ("x", first.clone()),
            ("sd", digits(table, row, "sd", style)?),
            ("value", digits(table, row, "correlation", style)?),
        ];
        Some(filled(style, if row == 0 { "cycle" } else { "cycle.with" }, values))
    };
    Some(rows(table).filter_map(one).collect())
}

/// The first and the last value of a line, and its highest.
fn line(table: &Table, style: &Style<'_>) -> Option<Vec<Finding>> {
    table.position("group")?;
    let y = style.variable(style.design.outcome.as_deref()?);
    let mut names: Vec<String> = rows(table).map(|row| shown(table, row, "group", style)).collect();
    names.dedup();
    let one = |name: &String| {
        let own: Vec<usize> = rows(table).filter(|row| shown(table, *row, "group", style) == *name).collect();
        let (first, last) = (*own.first()?, *own.last()?);
        let (most, _) = ends(table, own.iter().copied(), "value")?;
        let of = |row: usize| digits(table, row, "value", style);
        let date = |row: usize| style.code("time", number(table, row, "time")?);
        let time = |row: usize| date(row).unwrap_or_else(|| shown(table, row, "time", style));
        let values = [
            ("y", y.clone()),
            ("group", group(table, first, "group", style)),
            ("from", time(first)),
            ("to", time(last)),
            ("of_a", of(first)?),
            ("of_b", of(last)?),
            ("time", time(most)),
            ("value", of(most)?),
        ];
        Some(table.says(filled(style, if name == "all" { "line" } else { "line.of" }, values)))
    };
    Some(names.iter().filter_map(one).collect())
}

#[cfg(test)]
#[path = "findings_tests_of_data.rs"]
mod tests;
