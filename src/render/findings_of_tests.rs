//! The main results of tests of one sample, of ordered or repeated measurements, of distributions, of equivalence and of a
//! unit root: a sentence for each, with what the test cannot show where it does not reject.

use super::evidence::{p_of_test, p_words};
use super::number::{spoken, spoken_within, whole_or_spoken};
use super::sentences::{Estimate, Finding, USUAL, judged, row_of, said, said_of, table_of};
use super::style::Style;
use super::table::Table;
use super::words::pick;

type Reader = fn(&Table, &Style<'_>) -> Option<Finding>;

/// Tables of tests with their readers; a table of another test gives no sentence.
const READERS: [(&str, Reader); 11] = [
    ("table_ttest.csv", one_mean),
    ("table_signrank.csv", one_change),
    ("table_share.csv", one_share),
    ("table_tost.csv", equivalence),
    ("table_trend.csv", trend),
    ("table_friedman.csv", |t, s| differ(t, "friedman", "measurements", s)),
    ("table_tests.csv", |t, s| differ(t, "brown_forsythe", "spread", s)),
    ("table_tests.csv", |t, s| {
        let kind = if s.design.value("expected_shares").is_some() { "stated_shares" } else { "equal_shares" };
        row_of(t, "test", "cohen_w").and_then(|_| differ(t, "pearson_chi2", kind, s))
    }),
    ("table_test.csv", |t, s| differ(t, "combined", "distributions", s)),
    ("table_test.csv", |t, s| {
        row_of(t, "test", "hotelling_t2").and_then(|_| differ(t, "f", "several_means", s))
    }),
    ("table_tests.csv", unit_root),
];

/// Reads the first of these tables that has its test.
pub(super) fn findings(tables: &[Table], style: &Style<'_>) -> Vec<Finding> {
    READERS.iter().find_map(|(file, read)| read(table_of(tables, file)?, style)).into_iter().collect()
}

fn estimate(table: &Table, test: &str) -> Option<f64> {
    table.cell(row_of(table, "test", test)?, "estimate").number()
}

fn p_of(table: &Table, test: &str) -> Option<f64> {
    table.cell(row_of(table, "test", test)?, "p_value").number()
}

/// The p-value of the exact test, where the table has one, or that of another, and which of them it is.
fn exact_or<'a>(table: &Table, test: &'a str) -> Option<(f64, &'a str)> {
    p_of(table, "exact").map(|p| (p, "exact")).or_else(|| Some((p_of(table, test)?, test)))
}

fn outcome(style: &Style<'_>) -> Option<String> {
    Some(style.variable(style.design.outcome.as_deref()?))
}

/// The value of the null hypothesis as the plan has it.
fn null(style: &Style<'_>) -> Option<String> {
    let x: f64 = style.design.value("null_value")?.parse().ok()?;
    Some(whole_or_spoken(x, style.options.decimals))
}

fn one_mean(table: &Table, style: &Style<'_>) -> Option<Finding> {
    let test = row_of(table, "test", "t_difference")?;
    let (mean, difference) = (estimate(table, "mean")?, Estimate::of(table, test, USUAL)?);
    // both have the same decimals and the same notation
    let mean = spoken_within(mean, difference.places(style), mean.abs().max(difference.value.abs()));
    let null = null(style).unwrap_or_else(|| "0".to_owned());
    let y = outcome(style)?;
    said_of(style, "one_mean", (table, test), &[("y", &y), ("mean", &mean), ("null", &null)])
}

fn one_change(table: &Table, style: &Style<'_>) -> Option<Finding> {
    let (a, b) = (outcome(style)?, style.variable(&style.design.value("second")?));
    let (p, test) = exact_or(table, "signed_rank")?;
    let value = spoken(estimate(table, "median_change")?, style.options.decimals);
    let values = [("a", a.as_str()), ("b", &b), ("value", &value), ("evidence", &p_of_test(p, test, style))];
    Some(table.says(said(style, "one_change", p < style.alpha(), &values)))
}

fn one_share(table: &Table, style: &Style<'_>) -> Option<Finding> {
    let row = row_of(table, "test", "binomial_exact")?;
    let share = Estimate::of(table, row, ["estimate", "ci_low", "ci_high", "p_value"])?;
    let stated: f64 = style.design.value("null_value")?.parse().ok()?;
    let (value, evidence) = share.words(style);
    let (y, null) = (outcome(style)?, null(style)?);
    let values = [("y", y.as_str()), ("null", &null), ("value", &value), ("evidence", &evidence)];
    Some(table.says(judged(style, "one_share", (&share, stated), &values)))
}

fn equivalence(table: &Table, style: &Style<'_>) -> Option<Finding> {
    let (p, value) =
        (p_of(table, "equivalence")?, spoken(estimate(table, "difference")?, style.options.decimals));
    let level = style.design.value("alpha").and_then(|text| text.parse().ok()).unwrap_or(style.alpha());
    let margin: f64 = style.design.value("margin")?.parse().ok()?;
    let margin = whole_or_spoken(margin, style.options.decimals);
    let (y, evidence) = (outcome(style)?, p_words(p, style));
    // a difference says nothing without what is subtracted from what
    let note = table.cell(row_of(table, "test", "difference")?, "note").text();
    // the level of the interval follows the last semicolon; words of a group may have some
    let pair = note.rsplit_once(';').map_or(note, |(pair, _)| pair);
    let language = style.options.language;
    let pair = match pair.split_once(" minus ") {
        Some((a, b)) => pick(language, &format!(" ({pair})"), &format!("（{a} 减 {b}）")),
        None => String::new(),
    };
    let values =
        [("y", y.as_str()), ("margin", &margin), ("value", &value), ("evidence", &evidence), ("pair", &pair)];
    Some(table.says(said(style, "equivalence", p < level, &values)))
}

fn trend(table: &Table, style: &Style<'_>) -> Option<Finding> {
    let row = row_of(table, "test", "cuzick")?;
    let (p, up) = (p_of(table, "cuzick")?, table.cell(row, "statistic").number()? > 0.0);
    let language = style.options.language;
    let way = if up { pick(language, "rises", "上升") } else { pick(language, "falls", "下降") };
    let (y, x) = (outcome(style)?, style.variable(style.design.group.as_deref()?));
    let values = [("x", x.as_str()), ("y", &y), ("way", &way), ("evidence", &p_words(p, style))];
    Some(table.says(said(style, "trend", p < style.alpha(), &values)))
}

/// A test whose sentence needs its p-value alone.
fn differ(table: &Table, test: &str, kind: &str, style: &Style<'_>) -> Option<Finding> {
    p_of(table, test)?;
    let (p, test) = exact_or(table, test)?;
    let group = style.design.group.as_deref().map(|name| style.variable(name)).unwrap_or_default();
    let y = outcome(style).unwrap_or_default();
    let values = [("x", group.as_str()), ("y", &y), ("evidence", &p_of_test(p, test, style))];
    Some(table.says(said(style, kind, p < style.alpha(), &values)))
}

/// The Dickey-Fuller test of the level of a series.
fn unit_root(table: &Table, style: &Style<'_>) -> Option<Finding> {
    let is_row = |row: &usize| {
        table.cell(*row, "series").text() == "level" && table.cell(*row, "test").text() == "dickey_fuller"
    };
    let p = table.cell((0..table.rows.len()).find(is_row)?, "p_value").number()?;
    let y = outcome(style)?;
    Some(table.says(said(
        style,
        "unit_root",
        p < style.alpha(),
        &[("y", &y), ("evidence", &p_words(p, style))],
    )))
}
