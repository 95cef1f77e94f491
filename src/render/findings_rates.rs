//! The main results of events per time at risk and of hazard ratios by period of follow-up.

use super::evidence::p_words;
use super::number::{spoken, whole_or_fixed};
use super::sentences::{Estimate, Finding, plain, row_of, said, said_estimate, table_of};
use super::style::Style;
use super::table::Table;

/// Reads the rates of groups or the hazard ratios of periods; nothing where a run has neither.
pub(super) fn findings(tables: &[Table], style: &Style<'_>) -> Vec<Finding> {
    if let Some(rates) = table_of(tables, "table_rates.csv").filter(|t| t.position("time_at_risk").is_some())
    {
        let ratios = table_of(tables, "table_ratios.csv");
        return of_rates(rates, ratios, style).unwrap_or_default();
    }
    match (table_of(tables, "table_periods.csv"), table_of(tables, "table_tests.csv")) {
        (Some(periods), Some(tests)) if periods.position("hazard_ratio").is_some() => {
            of_periods(periods, tests, style).unwrap_or_default()
        }
        _ => Vec::new(),
    }
}

/// The rate of all rows, and the ratio of each group's rate to that of the first group.
fn of_rates(rates: &Table, ratios: Option<&Table>, style: &Style<'_>) -> Option<Vec<Finding>> {
    let (y, time) = (style.variable(&style.design.value("failure")?), style.design.duration.as_deref()?);
    let (time, per) = (style.variable(time), style.design.value("per").unwrap_or_else(|| "1".to_owned()));
    let all = row_of(rates, "group", "all")?;
    let (value, evidence) = Estimate::of(rates, all, ["rate", "ci_low", "ci_high", "p_value"])?.words(style);
    let values =
        [("y", y.as_str()), ("time", &time), ("per", &per), ("value", &value), ("evidence", &evidence)];
    let mut said = vec![rates.says(plain(style, "event_rate", &values))];
    let Some((ratios, x)) = ratios.zip(style.design.group.as_deref()) else { return Some(said) };
    let name = |row: usize, column: &str| ratios.cell(row, column).text().to_owned();
    for row in 0..ratios.rows.len() {
        let (a, b, x) = (name(row, "group"), name(row, "against"), style.variable(x));
        let values = [("y", y.as_str()), ("x", &x), ("a", &a), ("b", &b)];
        let Some(ratio) = Estimate::of(ratios, row, ["rate_ratio", "ci_low", "ci_high", "p_value"]) else {
            said.extend(endless(ratios, row, &values, style));
            continue;
        };
        said.push(ratios.says(said_estimate(style, "group_rates", (&ratio, 1.0), &values)));
    }
    Some(said)
}

/// A ratio to a group without an event, which has a lower limit alone.
fn endless(ratios: &Table, row: usize, values: &[(&str, &str)], style: &Style<'_>) -> Option<Finding> {
    let number = |column: &str| ratios.cell(row, column).number();
    let (low, p) = (number("ci_low")?, number("p_value")?);
    let (low, level) = (spoken(low, style.options.decimals), style.level.to_string());
    let own = [("low", low.as_str()), ("level", &level), ("evidence", &p_words(p, style))];
    let kind = if p < style.alpha() { "group_rates.endless" } else { "group_rates.endless_open" };
    Some(ratios.says(plain(style, kind, &[values, &own].concat())))
}

/// The hazard ratio of each period, after the test that they are equal.
fn of_periods(periods: &Table, tests: &Table, style: &Style<'_>) -> Option<Vec<Finding>> {
    let x = style.variable(style.design.focal.first()?);
    let p = tests.cell(row_of(tests, "test", "likelihood_ratio")?, "p_value").number()?;
    let evidence = p_words(p, style);
    let values = [("x", x.as_str()), ("evidence", &evidence)];
    let mut all = vec![tests.says(said(style, "changing_ratio", p < style.alpha(), &values))];
    for row in 0..periods.rows.len() {
        let Some(ratio) = Estimate::of(periods, row, ["hazard_ratio", "ci_low", "ci_high", "p_value"]) else {
            continue;
        };
        let time =
            |name: &str| Some(whole_or_fixed(periods.cell(row, name).number()?, style.options.decimals));
        let Some(from) = time("from") else { continue };
        let how = if style.is_binary(style.design.focal.first()?) { ".binary" } else { "" };
        all.push(periods.says(match time("to") {
            Some(to) => {
                let values = [("x", x.as_str()), ("from", &from), ("to", &to)];
                said_estimate(style, &format!("hazard_between{how}"), (&ratio, 1.0), &values)
            }
            None => said_estimate(
                style,
                &format!("hazard_after{how}"),
                (&ratio, 1.0),
                &[("x", &x), ("from", &from)],
            ),
        }));
    }
    Some(all)
}
