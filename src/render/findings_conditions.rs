//! What the tests and measures beside a model say about its conditions: the strength of instruments and their validity, equal
//! changes of both groups without a treatment, hazards that stay proportional, the efficiency behind a frontier, selection.

use super::findings_descriptions::{metric, number};
use super::number::spoken;
use super::sentences::{Finding, by_p, plain, row_of, said, table_of};
use super::style::Style;
use super::table::Table;
use super::words::pick;

/// A first-stage F above which instruments count as strong (Staiger and Stock 1997, Econometrica 65).
const STRONG: f64 = 10.0;
/// Tests whose null hypothesis is that the instruments are valid.
const OVERIDENTIFIED: [&str; 5] = ["score", "sargan", "basmann", "hansen_j", "overid"];

/// Makes sentences of tables.
type Reader = fn(&[Table], &Style<'_>) -> Vec<Finding>;

/// Reads the conditions of a model with coefficients; nothing for a model without such tests.
pub(super) fn findings(tables: &[Table], style: &Style<'_>) -> Vec<Finding> {
    let readers: [Reader; 6] = [instruments, dynamic, equal_changes, proportional, frontier, selection];
    readers.into_iter().flat_map(|read| read(tables, style)).collect()
}

/// The caveat of instruments, the weakest first stage, and the test of overidentifying restrictions.
fn instruments(tables: &[Table], style: &Style<'_>) -> Vec<Finding> {
    let Some(table) = table_of(tables, "table_first_stage.csv") else { return Vec::new() };
    let mut all = Vec::new();
    let comma = pick(style.options.language, ", ", "、");
    let joined = |names: Vec<String>| names.join(&comma);
    let x = joined(style.design.focal.iter().map(|name| style.variable(name)).collect());
    let z = joined(style.design.list("instruments").iter().map(|name| style.variable(name)).collect());
    if !z.is_empty() {
        all.push(table.says(plain(style, "iv.caveat", &[("x", &x), ("z", &z)])));
    }
    let strengths = (0..table.rows.len()).filter_map(|row| Some((row, number(table, row, "f_stat")?)));
    if let Some((row, f)) = strengths.min_by(|a, b| a.1.total_cmp(&b.1)) {
        let x = style.variable(table.cell(row, "endogenous").text());
        let value = spoken(f, style.options.decimals.min(1));
        all.push(table.says(said(style, "first_stage", f >= STRONG, &[("x", &x), ("value", &value)])));
    }
    all.extend(table_of(tables, "table_tests.csv").and_then(|tests| overidentified(tests, style)));
    all
}

fn overidentified(tests: &Table, style: &Style<'_>) -> Option<Finding> {
    let row = OVERIDENTIFIED.iter().find_map(|test| row_of(tests, "test", test))?;
    let y = style.variable(style.design.outcome.as_deref()?);
    by_p(tests, row, "p_value", "overidentified", &[("y", &y)], style)
}

/// What a model with its own lag holds equal, and the tests of its instruments (Arellano and Bond 1991, Review of Economic Studies 58).
fn dynamic(tables: &[Table], style: &Style<'_>) -> Vec<Finding> {
    let tests = table_of(tables, "table_tests.csv").filter(|_| style.design.uses(&["xtabond"]));
    let Some((tests, y)) = tests.zip(style.design.outcome.as_deref()) else { return Vec::new() };
    let held = tests.says(plain(style, "within_period", &[("y", &style.variable(y))]));
    let serial =
        row_of(tests, "test", "ar2").and_then(|row| by_p(tests, row, "p_value", "second_order", &[], style));
    [Some(held), serial, overidentified(tests, style)].into_iter().flatten().collect()
}

/// The caveat of a difference in differences: a treatment beside periods, in two periods or within units.
fn equal_changes(tables: &[Table], style: &Style<'_>) -> Vec<Finding> {
    let design = style.design;
    let within = design.uses(&["xtreg"]) && design.time.is_some();
    let of = design.treatments.first().zip(design.outcome.as_ref());
    let Some((x, y)) = of.filter(|_| design.post.is_some() || within) else { return Vec::new() };
    let Some(table) = table_of(tables, "table_coefficients.csv") else { return Vec::new() };
    let (x, y) = (style.variable(x), style.variable(y));
    let third = design.value("third").map(|name| style.variable(&name));
    let text = match third {
        Some(z) => plain(style, "equal_gaps", &[("x", &x), ("y", &y), ("z", &z)]),
        None => plain(style, "equal_changes", &[("x", &x), ("y", &y)]),
    };
    vec![table.says(text)]
}

/// The test of proportional hazards of all regressors together (Grambsch and Therneau 1994, Biometrika 81).
fn proportional(tables: &[Table], style: &Style<'_>) -> Vec<Finding> {
    let test = table_of(tables, "table_ph_test.csv").and_then(|table| {
        by_p(table, row_of(table, "test", "global")?, "p_value", "proportional", &[], style)
    });
    test.into_iter().collect()
}

/// The mean efficiency with its range, and the test whether there is inefficiency at all.
fn frontier(tables: &[Table], style: &Style<'_>) -> Vec<Finding> {
    let Some(table) = table_of(tables, "table_efficiency.csv") else { return Vec::new() };
    let digits = |column: &str| number(table, 0, column).map(|x| spoken(x, style.options.decimals));
    let Some(((value, low), high)) = digits("mean").zip(digits("min")).zip(digits("max")) else {
        return Vec::new();
    };
    let is_cost = style.design.is_on("cost");
    let key = if is_cost { "efficiency_of_cost" } else { "efficiency" };
    let values = [("value", value.as_str()), ("low", &low), ("high", &high)];
    let mut all = vec![table.says(plain(style, key, &values))];
    all.extend(table_of(tables, "table_components.csv").and_then(|parts| {
        by_p(parts, row_of(parts, "component", "lr_test")?, "p_value", "inefficiency", &[], style)
    }));
    all
}

/// Whether the errors of selection and outcome are related.
fn selection(tables: &[Table], style: &Style<'_>) -> Vec<Finding> {
    let fit = table_of(tables, "table_fit.csv").filter(|_| table_of(tables, "table_selection.csv").is_some());
    let test = fit.and_then(|fit| {
        let value = spoken(metric(fit, "rho")?, style.options.decimals);
        let row = row_of(fit, "metric", "independence_p")?;
        by_p(fit, row, "value", "selection", &[("value", &value)], style)
    });
    test.into_iter().collect()
}

#[cfg(test)]
#[path = "findings_tests_of_conditions.rs"]
mod tests;
