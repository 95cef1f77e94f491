//! The main results of tests: means of two groups or of two measurements, and tests that only have a p-value.

use super::evidence::p_of_test;
use super::findings_descriptions::{ends, group, percent};
use super::number::{short_of_all, spoken};
use super::sentences::{Estimate, Finding, USUAL, judged, plain, row_of, said, said_of, table_of};
use super::style::Style;
use super::table::Table;
use super::words::{name, pick};

/// Tables of tests of groups, with the row of the test: of ranks the one that is corrected for ties, as in the summary.
const GROUPS: [(&str, &str, &str); 4] = [
    ("table_kwallis.csv", "test", "kruskal_wallis_ties"),
    ("table_ranksum.csv", "test", "exact"),
    ("table_ranksum.csv", "test", "ranksum_z"),
    ("table_anova.csv", "source", "between"),
];

/// Reads the first table of a test; nothing where a run has none.
pub(super) fn findings(tables: &[Table], style: &Style<'_>) -> Vec<Finding> {
    let means = table_of(tables, "table_ttest.csv").and_then(|t| means(t, style));
    let shares = || table_of(tables, "table_shares.csv").and_then(|t| shares(t, style));
    let of_two = means.or_else(shares);
    let of_groups = of_two.map(|said| vec![said]).or_else(|| {
        let said = groups(tables, style)?;
        Some(std::iter::once(said).chain(group_ends(tables, style)).collect())
    });
    match of_groups {
        Some(said) => said,
        None => related(tables, style).into_iter().chain(row_shares(tables, style)).collect(),
    }
}

/// Most rows of a cross table whose shares are read.
const MOST_ROWS: usize = 6;

/// Of a cross table with two columns the share of the second one in each row: which group has more of it.
fn row_shares(tables: &[Table], style: &Style<'_>) -> Option<Finding> {
    let table = table_of(tables, "table_counts.csv").filter(|t| t.position("row_percent").is_some())?;
    let (x, y) = (style.design.value("row")?, style.design.value("column")?);
    let text = |row: usize, name: &str| table.cell(row, name).text().to_owned();
    let mut columns: Vec<String> = Vec::new();
    for row in 0..table.rows.len() {
        let column = text(row, "column");
        if !columns.contains(&column) {
            columns.push(column);
        }
    }
    let [_, second] = &columns[..] else { return None };
    let level =
        |text: &str, of: &str| style.level(&format!("{text}.{of}")).unwrap_or_else(|| text.to_owned());
    let shares: Vec<String> = (0..table.rows.len())
        .filter(|row| text(*row, "column") == *second)
        .filter_map(|row| {
            let percent = table.cell(row, "row_percent").number()?;
            let share = short_of_all(percent, spoken(percent, 1));
            Some(format!("{} {share}%", level(&text(row, "row"), &x)))
        })
        .collect();
    let fits = (2..=MOST_ROWS).contains(&shares.len()) && shares.len() * 2 == table.rows.len();
    let list = shares.join(&pick(style.options.language, ", ", "，"));
    let (y_words, level) = (style.variable(&y), level(second, &y));
    let values = [("y", y_words.as_str()), ("level", &level), ("list", &list)];
    fits.then(|| table.says(plain(style, "row_shares", &values)))
}

/// The shares of two groups.
fn shares(table: &Table, style: &Style<'_>) -> Option<Finding> {
    let row = |name: &str| row_of(table, "test", name);
    let (first, second, test) = (row("share_group1")?, row("share_group2")?, row("difference")?);
    let group = style.design.group.as_deref()?;
    // the remark of a share is its group and the kind of its limits
    let level = |row| {
        let text = table.cell(row, "note").text();
        let name = text.rsplit_once(", ").map_or(text, |(name, _)| name);
        style.level(&format!("{name}.{group}")).unwrap_or_else(|| name.to_owned())
    };
    let share = |row: usize| table.cell(row, "estimate").number().map(percent);
    let (x, y) = (style.variable(group), style.event(style.design.outcome.as_deref()?));
    let (a, b, mean_a, mean_b) = (level(first), level(second), share(first)?, share(second)?);
    let values =
        [("x", x.as_str()), ("y", &y), ("a", &a), ("b", &b), ("mean_a", &mean_a), ("mean_b", &mean_b)];
    points_of(style, "shares", (table, test), &values)
}

/// Tables of tests that two columns are independent, with the row of the test.
const RELATED: [(&str, &str); 4] = [
    ("table_test.csv", "fisher_exact"),
    ("table_test.csv", "pearson_chi2"),
    ("table_test.csv", "pearson_f"),
    ("table_fisher.csv", "fisher_exact"),
];

/// A test that two columns are independent, with the strength of their relation where the table has it.
fn related(tables: &[Table], style: &Style<'_>) -> Option<Finding> {
    let column = |name: &str| Some(style.variable(&style.design.value(name)?));
    let (x, y) = (column("row")?, column("column")?);
    let (table, p, test) = RELATED.iter().find_map(|(file, name)| {
        let table = table_of(tables, file)?;
        Some((table, table.cell(row_of(table, "test", name)?, "p_value").number()?, *name))
    })?;
    let strength = row_of(table, "test", "cramers_v").and_then(|row| table.cell(row, "statistic").number());
    let mut evidence = p_of_test(p, test, style);
    if let Some(strength) = strength {
        let language = style.options.language;
        let words = format!("{} {}", name("cramers_v", language), spoken(strength, style.options.decimals));
        evidence = format!("{words}{}{evidence}", pick(language, "; ", "；"));
    }
    let values = [("x", x.as_str()), ("y", &y), ("evidence", &evidence)];
    Some(table.says(said(style, "related", p < style.alpha(), &values)))
}

fn means(table: &Table, style: &Style<'_>) -> Option<Finding> {
    let row = |name: &str| row_of(table, "test", name);
    let mean = |row: usize| Some(spoken(table.cell(row, "estimate").number()?, style.options.decimals));
    let note = |row: usize| table.cell(row, "note").text();
    if let (Some(first), Some(second)) = (row("mean_group1"), row("mean_group2")) {
        let is_test = |row: &usize| table.cell(*row, "test").text().starts_with("t_");
        let mut tests = (0..table.rows.len()).filter(is_test);
        let test = tests.clone().find(|row| note(*row) == "chosen").or_else(|| tests.next())?;
        let group = style.design.group.as_deref()?;
        let level =
            |row| style.level(&format!("{}.{group}", note(row))).unwrap_or_else(|| note(row).to_owned());
        let (x, y) = (style.variable(group), style.variable(style.design.outcome.as_deref()?));
        let (a, b) = (level(first), level(second));
        let outcome = style.design.outcome.as_deref()?;
        if style.is_share(outcome) {
            let share = |row: usize| Some(percent(table.cell(row, "estimate").number()?));
            let (of_a, of_b, y) = (share(first)?, share(second)?, style.event(outcome));
            let values =
                [("x", x.as_str()), ("y", &y), ("a", &a), ("b", &b), ("mean_a", &of_a), ("mean_b", &of_b)];
            return points_of(style, "share_points", (table, test), &values);
        }
        let (mean_a, mean_b) = (mean(first)?, mean(second)?);
        let values =
            [("x", x.as_str()), ("y", &y), ("a", &a), ("b", &b), ("mean_a", &mean_a), ("mean_b", &mean_b)];
        return said_of(style, "means", (table, test), &values);
    }
    let (first, second, test) = (row("mean_first")?, row("mean_second")?, row("t_paired")?);
    let (a, b) = (style.variable(note(first)), style.variable(note(second)));
    let (mean_a, mean_b) = (mean(first)?, mean(second)?);
    let values = [("a", a.as_str()), ("b", &b), ("mean_a", &mean_a), ("mean_b", &mean_b)];
    said_of(style, "change", (table, test), &values)
}

/// The sentence of a difference of shares, in percentage points.
fn points_of(
    style: &Style<'_>,
    kind: &str,
    (table, row): (&Table, usize),
    values: &[(&str, &str)],
) -> Option<Finding> {
    let points = Estimate::of(table, row, USUAL)?.scaled(100.0);
    let (value, evidence) = points.words(style);
    let own = [("value", value.as_str()), ("evidence", evidence.as_str())];
    Some(table.says(judged(style, kind, (&points, 0.0), &[values, &own].concat())))
}

/// The groups with the highest and the lowest mean, of the analysis of variance: a test says only that they differ.
fn group_ends(tables: &[Table], style: &Style<'_>) -> Option<Finding> {
    table_of(tables, "table_anova.csv")?;
    let table = table_of(tables, "table_groups.csv")?;
    let (most, least) = ends(table, 0..table.rows.len(), "mean")?;
    let by = style.design.group.as_deref()?;
    let level = |row: usize| group(table, row, "group", style);
    let outcome = style.design.outcome.as_deref()?;
    let mean = |row: usize| Some(style.average(outcome, table.cell(row, "mean").number()?));
    let (x, y) = (style.variable(by), style.averaged(outcome));
    let kind = if style.is_share(outcome) { "share_ends" } else { "mean_ends" };
    let (a, b, of_a, of_b) = (level(most), level(least), mean(most)?, mean(least)?);
    let values = [("x", x.as_str()), ("y", &y), ("a", &a), ("b", &b), ("mean_a", &of_a), ("mean_b", &of_b)];
    Some(table.says(plain(style, kind, &values)))
}

/// A test that groups are equal.
fn groups(tables: &[Table], style: &Style<'_>) -> Option<Finding> {
    let (table, p, test) = GROUPS.iter().find_map(|(file, column, name)| {
        let table = table_of(tables, file)?;
        Some((table, table.cell(row_of(table, column, name)?, "p_value").number()?, *name))
    })?;
    let design = style.design;
    let until = |name: &String| {
        let words = style.variable(name);
        pick(
            style.options.language,
            &format!("The time until the event ({words})"),
            &format!("事件发生前的时间（{words}）"),
        )
    };
    let y =
        design.outcome.as_deref().map(|name| style.variable(name)).or(design.duration.as_ref().map(until))?;
    let x = style.variable(design.group.as_deref()?);
    let evidence = p_of_test(p, test, style);
    let values = [("x", x.as_str()), ("y", &y), ("evidence", &evidence)];
    Some(table.says(said(style, "groups", p < style.alpha(), &values)))
}
