//! The main results of series: the effects of a change at once and in the long run, breaks, estimates in windows, and unit
//! roots in panels.

use super::evidence::p_words;
use super::number::{spoken, whole_or_fixed};
use super::sentences::{Estimate, Finding, USUAL, plain, row_of, said, said_estimate, said_of, table_of};
use super::style::Style;
use super::table::Table;

/// Reads the tables of distributed lags, of a test of breaks, of windows or of a panel's unit roots; nothing where a run has none.
pub(super) fn findings(tables: &[Table], style: &Style<'_>) -> Vec<Finding> {
    let lags = table_of(tables, "table_effects.csv").filter(|t| t.position("cumulative_effect").is_some());
    if let Some(lags) = lags {
        return of_lags(lags, style).unwrap_or_default();
    }
    if let (Some(tests), Some(parts)) =
        (table_of(tables, "table_tests.csv"), table_of(tables, "table_parts.csv"))
    {
        return of_break(tests, parts, style).unwrap_or_default();
    }
    let roots = table_of(tables, "table_tests.csv").map(|tests| of_roots(tests, style)).unwrap_or_default();
    if !roots.is_empty() {
        return roots;
    }
    match (table_of(tables, "table_rolling.csv"), table_of(tables, "table_summary.csv")) {
        (Some(windows), Some(summary)) => of_windows(windows, summary, style),
        _ => Vec::new(),
    }
}

/// For the level of each series of a panel the test of Im, Pesaran and Shin, or Fisher's where there is none.
fn of_roots(tests: &Table, style: &Style<'_>) -> Vec<Finding> {
    let cell = |row: usize, column: &str| tests.cell(row, column).text();
    let levels: Vec<usize> = (0..tests.rows.len()).filter(|row| cell(*row, "series") == "level").collect();
    let mut variables: Vec<&str> = levels.iter().map(|row| cell(*row, "variable")).collect();
    variables.dedup();
    let one = |variable: &str| {
        let of = |test: &str| {
            levels.iter().copied().find(|r| cell(*r, "variable") == variable && cell(*r, "test") == test)
        };
        let row = of("im_pesaran_shin").or_else(|| of("fisher_normal"))?;
        let p = tests.cell(row, "p_value").number()?;
        let (y, test) = (style.variable(variable), style.cell("test", cell(row, "test")));
        let values = [("y", y.as_str()), ("test", &test), ("evidence", &p_words(p, style))];
        Some(tests.says(said(style, "panel_unit_root", p < style.alpha(), &values)))
    };
    variables.into_iter().filter_map(one).collect()
}

/// The sum of the coefficients of all lags, and that of the same period.
fn of_lags(table: &Table, style: &Style<'_>) -> Option<Vec<Finding>> {
    let named = |name: Option<&String>| Some(style.variable(name?));
    let (x, y) = (named(style.design.focal.first())?, named(style.design.outcome.as_ref())?);
    let last = table.rows.len().checked_sub(1)?;
    let lags = whole_or_fixed(table.cell(last, "lag").number()?, 0);
    let total = Estimate::of(table, last, ["cumulative_effect", "ci_low", "ci_high", "cumulative_p"])?;
    let values = [("x", x.as_str()), ("y", &y), ("n", &lags)];
    // at lag 0 the sum is the coefficient itself, so that its interval is that of the row
    let at_once = said_of(style, "at_once", (table, 0), &values)?;
    if last == 0 {
        return Some(vec![at_once]);
    }
    let long_run = table.says(said_estimate(style, "long_run", (&total, 0.0), &values));
    Some(vec![long_run, at_once])
}

/// The largest F over all periods, and the coefficients before and after.
fn of_break(tests: &Table, parts: &Table, style: &Style<'_>) -> Option<Vec<Finding>> {
    let row = row_of(tests, "test", "sup_f")?;
    let y = style.variable(style.design.outcome.as_deref()?);
    let digits = |x: f64| spoken(x, style.options.decimals);
    let value = tests.cell(row, "statistic").number()?;
    let time = tests.cell(row, "period").text();
    let mut all = Vec::new();
    if let Some(critical) = tests.cell(row, "critical_5").number() {
        let (shown, limit) = (digits(value), digits(critical));
        let values = [("y", y.as_str()), ("time", time), ("value", &shown), ("critical", &limit)];
        all.push(tests.says(said(style, "break", value > critical, &values)));
    }
    if let Some(row) = row_of(tests, "test", "chow") {
        let (time, p) = (tests.cell(row, "period").text(), tests.cell(row, "p_value").number()?);
        let values = [("y", y.as_str()), ("time", time), ("evidence", &p_words(p, style))];
        all.push(tests.says(said(style, "break_at", p < style.alpha(), &values)));
    }
    all.extend(before_and_after(parts, style));
    Some(all)
}

/// The coefficients before and after a break, that which moves most against its error first: the constant may be all that does.
fn before_and_after(parts: &Table, style: &Style<'_>) -> Vec<Finding> {
    let term = |row: usize| parts.cell(row, "term").text();
    let number = |row: usize, name: &str| parts.cell(row, name).number();
    let is_said = |row: &usize| style.design.is_focal(term(*row)) || term(*row) == "_cons";
    let rows =
        |part: &'static str| (0..parts.rows.len()).filter(move |r| parts.cell(*r, "part").text() == part);
    let pair = |before: usize| {
        let after = rows("after").find(|row| term(*row) == term(before))?;
        let gap = number(after, "estimate")? - number(before, "estimate")?;
        let error = number(after, "std_error")?.hypot(number(before, "std_error")?);
        Some((before, after, (gap / error).abs()))
    };
    let mut pairs: Vec<(usize, usize, f64)> = rows("before").filter(is_said).filter_map(pair).collect();
    pairs.sort_by(|a, b| b.2.total_cmp(&a.2));
    let said = |(before, after, _): (usize, usize, f64)| {
        let words = |row: usize| Some(Estimate::of(parts, row, USUAL)?.words(style));
        let ((a, of_a), (b, of_b)) = (words(before)?, words(after)?);
        let x = style.term(term(before));
        let kind = if term(before) == "_cons" { "parts.level" } else { "parts" };
        let spans =
            [("from", parts.cell(before, "period").text()), ("to", parts.cell(after, "period").text())];
        let values = [("x", x.as_str()), ("a", &a), ("b", &b), ("of_a", &of_a), ("of_b", &of_b)];
        Some(parts.says(plain(style, kind, &[&values[..], &spans].concat())))
    };
    pairs.into_iter().filter_map(said).collect()
}

/// How far the estimates of the windows lie apart.
fn of_windows(windows: &Table, summary: &Table, style: &Style<'_>) -> Vec<Finding> {
    let focal = |row: &usize| style.design.is_focal(summary.cell(*row, "term").text());
    let sentence = |row: usize| {
        let term = summary.cell(row, "term").text();
        let count = (0..windows.rows.len()).filter(|r| windows.cell(*r, "term").text() == term).count();
        let digits = |name: &str| Some(spoken(summary.cell(row, name).number()?, style.options.decimals));
        let share = whole_or_fixed((100.0 * summary.cell(row, "share_significant").number()?).round(), 0);
        let (x, n) = (style.term(term), count.to_string());
        let (low, high, mean, all) =
            (digits("min")?, digits("max")?, digits("mean")?, digits("estimate_all")?);
        let values = [
            ("x", x.as_str()),
            ("n", &n),
            ("low", &low),
            ("high", &high),
            ("mean", &mean),
            ("value", &all),
            ("share", &share),
        ];
        Some(summary.says(plain(style, "windows", &values)))
    };
    (0..summary.rows.len()).filter(focal).filter_map(sentence).collect()
}
