//! The main results of designs for an effect: matching and weighting, jumps at a threshold, a synthetic control. Each is
//! followed by the condition on which it is an effect.

use super::number::whole_or_fixed;
use super::sentences::{Estimate, Finding, USUAL, judged, plain, row_of, said_estimate, said_of, table_of};
use super::style::Style;
use super::table::Table;

/// Terms of an average effect of a treatment: of all rows, of the treated ones.
const TREATMENT: [&str; 2] = ["ate", "atet"];

/// Reads the table of effects, or the test of a density at a threshold; nothing where a run has neither.
pub(super) fn findings(tables: &[Table], style: &Style<'_>) -> Vec<Finding> {
    if let Some(effects) = table_of(tables, "table_effects.csv") {
        return of_threshold(effects, style)
            .or_else(|| of_treatment(effects, style))
            .or_else(|| of_synthetic(effects, table_of(tables, "table_fit.csv"), style))
            .or_else(|| of_mediation(effects, table_of(tables, "table_bootstrap.csv"), style))
            .unwrap_or_default();
    }
    let density = table_of(tables, "table_test.csv").filter(|t| t.position("density_below").is_some());
    density.and_then(|t| of_density(t, style)).into_iter().collect()
}

/// The running variable and the threshold in words.
fn threshold(style: &Style<'_>) -> Option<(String, String)> {
    let cutoff = style.design.value("cutoff").and_then(|text| text.parse().ok()).unwrap_or(0.0);
    Some((style.variable(&style.design.value("running")?), whole_or_fixed(cutoff, style.options.decimals)))
}

/// The jump of a sharp design, with the interval that allows for the bias where there is one, or the effect of a fuzzy one.
fn of_threshold(table: &Table, style: &Style<'_>) -> Option<Vec<Finding>> {
    let (x, cutoff) = threshold(style)?;
    let y = style.variable(style.design.outcome.as_deref()?);
    let term = |name: &str| row_of(table, "term", name);
    let values = [("x", x.as_str()), ("y", &y), ("cutoff", &cutoff)];
    let said = match term("robust").or_else(|| term("jump")) {
        Some(row) => said_effect(style, "jump", (table, row), &values),
        None => {
            let treatment = style.variable(style.design.focal.first()?);
            let own = [("x", treatment.as_str()), ("y", &y), ("cutoff", &cutoff)];
            // the bandwidth is too wide for the plain interval; the other one has no controls
            let robust = term("effect_robust").filter(|_| style.design.controls.is_empty());
            said_effect(style, "effect_moved", (table, robust.or_else(|| term("effect"))?), &own)
        }
    };
    Some(vec![said?, table.says(plain(style, "jump.caveat", &values))])
}

/// The sentence of an effect on the outcome, in percentage points where its mean is a share.
fn said_effect(
    style: &Style<'_>,
    kind: &str,
    (table, row): (&Table, usize),
    values: &[(&str, &str)],
) -> Option<Finding> {
    let outcome = style.design.outcome.as_deref()?;
    if !style.is_share(outcome) {
        return said_of(style, kind, (table, row), values);
    }
    let share = plain(style, "share_of", &[("y", &style.event(outcome))]);
    let points = Estimate::of(table, row, USUAL)?.scaled(100.0);
    let (value, evidence) = points.words(style);
    let value = plain(style, "points", &[("n", &value)]);
    // the first text for a blank fills it
    let own = [("y", share.as_str()), ("value", &value), ("evidence", &evidence)];
    Some(table.says(judged(style, kind, (&points, 0.0), &[&own[..], values].concat())))
}

fn of_treatment(table: &Table, style: &Style<'_>) -> Option<Vec<Finding>> {
    let row = TREATMENT.iter().find_map(|name| row_of(table, "term", name))?;
    let named = |name: Option<&String>| Some(style.variable(name?));
    let (x, y) = (named(style.design.focal.first())?, named(style.design.outcome.as_ref())?);
    let (values, having) = ([("x", x.as_str()), ("y", &y)], style.having(style.design.focal.first()?));
    let kind = if table.cell(row, "term").text() == "atet" { "effect_treated" } else { "effect" };
    let caveat = table.says(plain(style, "effect.caveat", &values));
    let values = [&values[..], &[("having", having.as_str())]].concat();
    Some(vec![said_effect(style, kind, (table, row), &values)?, caveat])
}

/// The mean gap between the treated unit and its synthetic control. The p-value is a rank among the units: the first rank is
/// the most that so many units can show, however large it is.
fn of_synthetic(table: &Table, fit: Option<&Table>, style: &Style<'_>) -> Option<Vec<Finding>> {
    let row = row_of(table, "effect", "average_gap")?;
    let y = style.variable(style.design.outcome.as_deref()?);
    let estimate = Estimate::of(table, row, USUAL)?;
    let units = fit.and_then(|fit| fit.cell(row_of(fit, "metric", "N_units")?, "value").number());
    let first = units.zip(estimate.p).filter(|(units, p)| units * p < 1.5 && *p >= style.alpha());
    let Some((units, _)) = first else {
        return Some(vec![said_of(style, "gap", (table, row), &[("y", &y)])?]);
    };
    let (value, evidence) = estimate.words(style);
    let n = whole_or_fixed(units, 0);
    let values = [("y", y.as_str()), ("value", &value), ("evidence", &evidence), ("n", &n)];
    Some(vec![table.says(plain(style, "gap.first", &values))])
}

/// The parts of an effect through a mediator and apart from it, with their condition. The limits of resampled rows, where the plan
/// asks for them, come before those of a normal distribution, which a product of two estimates does not have.
fn of_mediation(table: &Table, resampled: Option<&Table>, style: &Style<'_>) -> Option<Vec<Finding>> {
    let named = |name: Option<&String>| Some(style.variable(name?));
    let (x, y) = (named(style.design.focal.first())?, named(style.design.outcome.as_ref())?);
    let m = style.variable(&style.design.value("mediator")?);
    let values = [("x", x.as_str()), ("y", &y), ("m", &m)];
    let part = |name: &str| {
        let limits = resampled.and_then(|limits| {
            let row = row_of(limits, "effect", name)?;
            let columns = ["estimate", "percentile_low", "percentile_high", "p_value"];
            let estimate = Estimate::of(limits, row, columns).filter(|of| of.interval.is_some())?;
            let (value, evidence) = estimate.words(style);
            let evidence = plain(style, "resampled", &[("evidence", &evidence)]);
            let own = [("value", value.as_str()), ("evidence", &evidence)];
            Some(limits.says(judged(style, name, (&estimate, 0.0), &[&values[..], &own].concat())))
        });
        limits.or_else(|| said_of(style, name, (table, row_of(table, "effect", name)?), &values))
    };
    let caveat = table.says(plain(style, "mediation.caveat", &values));
    Some(vec![part("indirect")?, part("direct")?, caveat])
}

/// The test whether the density of the running variable jumps.
fn of_density(table: &Table, style: &Style<'_>) -> Option<Finding> {
    let (x, cutoff) = threshold(style)?;
    let row = row_of(table, "method", "robust")?;
    // the statement is about the test, whose interval of a density says nothing to a reader
    let estimate = Estimate { interval: None, ..Estimate::of(table, row, USUAL)? };
    let values = [("x", x.as_str()), ("cutoff", &cutoff)];
    Some(table.says(said_estimate(style, "density", (&estimate, 0.0), &values)))
}
