//! The main results of medical designs: areas under curves, accuracy of a test, agreement of methods and raters, matched
//! pairs, risks of the exposed, pooled studies, predicted risks, doses.

use super::evidence::p_words;
use super::findings_descriptions::percent;
use super::number::{spoken, whole_or_fixed};
use super::sentences::{Estimate, Finding, USUAL, by_p, plain, row_of, said_estimate, said_of, table_of};
use super::style::Style;
use super::table::Table;

type Reader = fn(&Table, &Style<'_>) -> Option<Vec<Finding>>;

/// Tables of medical designs with their readers.
const READERS: [(&str, Reader); 10] = [
    ("table_auc.csv", areas),
    ("table_accuracy.csv", accuracy),
    ("table_agreement.csv", agreement),
    ("table_kappa.csv", kappa),
    ("table_icc.csv", correlation),
    ("table_mcnemar.csv", pairs),
    ("table_measures.csv", risks),
    ("table_pooled.csv", pooled),
    ("table_calibration.csv", calibration),
    ("table_doses.csv", doses),
];

/// Reads the first of these tables; nothing where a run has none.
pub(super) fn findings(tables: &[Table], style: &Style<'_>) -> Vec<Finding> {
    let found = READERS.iter().find_map(|(file, read)| Some((table_of(tables, file)?, read)));
    let mut all = found.and_then(|(table, read)| read(table, style)).unwrap_or_default();
    if !all.is_empty() && found.is_some_and(|(table, _)| table.file == "table_pooled.csv") {
        all.extend(heterogeneity(tables, style));
    }
    if found.is_some_and(|(table, _)| table.file == "table_calibration.csv") {
        all.extend(rows_with_logit(tables, style));
    }
    if found.is_some_and(|(table, _)| table.file == "table_doses.csv") {
        all.extend(curve_of_doses(tables, style));
    }
    all
}

/// On how many rows slope and intercept rest: a risk of 0 or 1 has no logit.
fn rows_with_logit(tables: &[Table], style: &Style<'_>) -> Option<Finding> {
    let fit = table_of(tables, "table_fit.csv")?;
    let number = |name: &str| fit.cell(row_of(fit, "metric", name)?, "value").number();
    let (known, all) = (number("n_logit")?, number("N")?);
    let (n, of) = (whole_or_fixed(known, 0), whole_or_fixed(all, 0));
    (known < all).then(|| fit.says(plain(style, "rows_with_logit", &[("n", &n), ("of", &of)])))
}

/// That the curve does not describe the shares at the doses, which makes the limits of a dose too narrow.
fn curve_of_doses(tables: &[Table], style: &Style<'_>) -> Option<Finding> {
    let fit = table_of(tables, "table_fit.csv")?;
    let p = fit.cell(row_of(fit, "metric", "dose_p")?, "value").number().filter(|p| *p < style.alpha())?;
    Some(fit.says(plain(style, "dose_fit", &[("evidence", &p_words(p, style))])))
}

/// How much the studies differ beyond chance (Higgins and Thompson 2002, Statistics in Medicine 21).
fn heterogeneity(tables: &[Table], style: &Style<'_>) -> Option<Finding> {
    let tests = table_of(tables, "table_tests.csv")?;
    let share = tests.cell(row_of(tests, "test", "i_squared")?, "statistic").number()?;
    let row = row_of(tests, "test", "cochran_q")?;
    by_p(tests, row, "p_value", "heterogeneity", &[("share", &percent(share))], style)
}

/// The words of an estimate in the row of a measure.
fn measured(table: &Table, name: &str, style: &Style<'_>) -> Option<(String, String)> {
    Some(Estimate::of(table, row_of(table, "measure", name)?, USUAL)?.words(style))
}

/// A number of the row of a measure.
fn number(table: &Table, name: &str, style: &Style<'_>) -> Option<String> {
    let value = table.cell(row_of(table, "measure", name)?, "estimate").number()?;
    Some(spoken(value, style.options.decimals))
}

fn areas(table: &Table, style: &Style<'_>) -> Option<Vec<Finding>> {
    let area = |row: usize| {
        let estimate = Estimate::of(table, row, ["auc", "ci_low", "ci_high", "p_value"])?;
        let (value, evidence) = estimate.words(style);
        let x = style.variable(table.cell(row, "marker").text());
        let values = [("x", x.as_str()), ("value", &value), ("evidence", &evidence)];
        let is_below = estimate.interval.is_some_and(|(_, high)| high < 0.5);
        Some(table.says(plain(style, if is_below { "auc.below" } else { "auc" }, &values)))
    };
    let mut all: Vec<Finding> = (0..table.rows.len()).filter_map(area).collect();
    if let Some(row) = row_of(table, "marker", "difference") {
        let p = table.cell(row, "p_value").number();
        let equal = Estimate { value: 0.0, interval: None, p };
        all.push(table.says(said_estimate(style, "auc_differ", (&equal, 0.0), &[])));
    }
    Some(all)
}

fn accuracy(table: &Table, style: &Style<'_>) -> Option<Vec<Finding>> {
    let (found, of_found) = measured(table, "sensitivity", style)?;
    let (cleared, of_cleared) = measured(table, "specificity", style)?;
    let share = number(table, "prevalence", style)?;
    let values = [
        ("found", found.as_str()),
        ("of_found", &of_found),
        ("cleared", &cleared),
        ("of_cleared", &of_cleared),
    ];
    let mut all = vec![table.says(plain(style, "accuracy", &values))];
    let (positive, negative) =
        (number(table, "positive_predictive", style), number(table, "negative_predictive", style));
    if let (Some(positive), Some(negative)) = (positive, negative) {
        let values = [("positive", positive.as_str()), ("negative", &negative), ("share", &share)];
        all.push(table.says(plain(style, "predictive", &values)));
    }
    Some(all)
}

fn agreement(table: &Table, style: &Style<'_>) -> Option<Vec<Finding>> {
    let a = style.variable(style.design.outcome.as_deref()?);
    let b = style.variable(&style.design.value("second")?);
    let bias = (table, row_of(table, "measure", "bias")?);
    let values = [("a", a.as_str()), ("b", &b)];
    let (low, high) = (number(table, "lower_limit", style)?, number(table, "upper_limit", style)?);
    let limits = table.says(plain(style, "limits_of_agreement", &[("low", &low), ("high", &high)]));
    Some(vec![said_of(style, "bias", bias, &values)?, limits])
}

fn kappa(table: &Table, style: &Style<'_>) -> Option<Vec<Finding>> {
    let (seen, expected) =
        (number(table, "observed_agreement", style)?, number(table, "expected_agreement", style)?);
    let row = row_of(table, "measure", "kappa")?;
    let estimate = Estimate::of(table, row, USUAL)?;
    // agreement below that of chance is no agreement
    let kind = if estimate.value < 0.0 { "kappa_below" } else { "kappa" };
    let values = [("seen", seen.as_str()), ("expected", &expected)];
    Some(vec![table.says(said_estimate(style, kind, (&estimate, 0.0), &values))])
}

/// The agreement of single ratings by raters who are a sample of raters.
fn correlation(table: &Table, style: &Style<'_>) -> Option<Vec<Finding>> {
    let is_row = |row: &usize| {
        table.cell(*row, "model").text() == "random" && table.cell(*row, "unit").text() == "single"
    };
    let row = (0..table.rows.len()).find(is_row)?;
    // the p-value is that of no agreement at all, which nobody asks
    let estimate = Estimate { p: None, ..Estimate::of(table, row, ["icc", "ci_low", "ci_high", "p_value"])? };
    let (value, evidence) = estimate.words(style);
    Some(vec![table.says(plain(style, "icc", &[("value", &value), ("evidence", &evidence)]))])
}

fn pairs(table: &Table, style: &Style<'_>) -> Option<Vec<Finding>> {
    let a = style.variable(style.design.outcome.as_deref()?);
    let b = style.variable(&style.design.value("second")?);
    let share = |name: &str| table.cell(row_of(table, "measure", name)?, "estimate").number().map(percent);
    let (mean_a, mean_b) = (share("share_first")?, share("share_second")?);
    let gap = Estimate::of(table, row_of(table, "measure", "difference")?, USUAL)?;
    let p = row_of(table, "measure", "mcnemar_exact").and_then(|row| table.cell(row, "p_value").number());
    let values = [("a", a.as_str()), ("b", &b), ("mean_a", &mean_a), ("mean_b", &mean_b)];
    let gap = Estimate { p, ..gap }.scaled(100.0);
    Some(vec![table.says(said_estimate(style, "change_share", (&gap, 0.0), &values))])
}

/// The first ratio of the design: of risks, of rates, or of odds where cases were chosen.
fn risks(table: &Table, style: &Style<'_>) -> Option<Vec<Finding>> {
    let (row, kind) = ["risk_ratio", "rate_ratio", "odds_ratio"]
        .into_iter()
        .find_map(|name| Some((row_of(table, "measure", name)?, name)))?;
    let named = |name: Option<&String>| Some(style.variable(name?));
    let (x, y) = (style.having(style.design.focal.first()?), named(style.design.outcome.as_ref())?);
    let what = plain(style, kind, &[("y", &y)]);
    let values = [("x", x.as_str()), ("what", &what)];
    let estimate = Estimate::of(table, row, USUAL)?;
    let mut all = vec![table.says(said_estimate(style, "risk", (&estimate, 1.0), &values))];
    // the crude ratio alone would hide what the strata change
    let adjusted = row_of(table, "measure", &format!("{kind}_adjusted"));
    let adjusted = adjusted.and_then(|row| Estimate::of(table, row, USUAL));
    let strata = style.design.value("strata_var").map(|name| style.variable(&name));
    if let Some((adjusted, z)) = adjusted.zip(strata) {
        let values = [("z", z.as_str())];
        all.push(table.says(said_estimate(style, "risk_adjusted", (&adjusted, 1.0), &values)));
    }
    Some(all)
}

/// The pooled effect of the model that the plan chose, and how much the studies differ.
fn pooled(table: &Table, style: &Style<'_>) -> Option<Vec<Finding>> {
    let chosen = style.design.value("model").unwrap_or_else(|| "random".to_owned());
    let row = row_of(table, "model", &chosen)?;
    let is_ratio = table.cell(row, "ratio").number().is_some();
    let columns = if is_ratio { ["ratio", "ratio_low", "ratio_high", "p_value"] } else { USUAL };
    let model = style.cell("model", &chosen).to_lowercase();
    let estimate = Estimate::of(table, row, columns)?;
    let nothing = f64::from(u8::from(is_ratio));
    let said = said_estimate(style, "pooled", (&estimate, nothing), &[("model", &model)]);
    let mut all = vec![table.says(said)];
    // where studies differ, the mean effect is not that of a new study (Higgins, Thompson and Spiegelhalter 2009)
    let place = row_of(table, "model", "prediction_interval").filter(|_| chosen == "random");
    all.extend(place.and_then(|row| {
        let (low, high) = Estimate::of(table, row, columns)?.interval?;
        let digits = |x: f64| spoken(x, style.options.decimals);
        let values = [("low", digits(low)), ("high", digits(high)), ("level", style.level.to_string())];
        let values = values.each_ref().map(|(name, text)| (*name, text.as_str()));
        Some(table.says(plain(style, "new_study", &values)))
    }));
    Some(all)
}

/// Events against predicted risks, the spread of the risks, and how well they order the rows.
fn calibration(table: &Table, style: &Style<'_>) -> Option<Vec<Finding>> {
    let named = |name: Option<&String>| Some(style.variable(name?));
    let (x, y) = (named(style.design.focal.first())?, named(style.design.outcome.as_ref())?);
    let values = [("x", x.as_str()), ("y", &y)];
    let of = |name: &str| Estimate::of(table, row_of(table, "measure", name)?, USUAL);
    let count = said_estimate(style, "observed_expected", (&of("observed_expected")?, 1.0), &values);
    let slope = said_estimate(style, "calibration_slope", (&of("calibration_slope")?, 1.0), &values);
    let (value, evidence) = measured(table, "c_statistic", style)?;
    let order = [("x", x.as_str()), ("y", &y), ("value", &value), ("evidence", &evidence)];
    let said = [count, slope, plain(style, "c_statistic", &order)];
    Some(said.map(|text| table.says(text)).into())
}

/// The dose of each share with Fieller's limits, where the data set any.
fn doses(table: &Table, style: &Style<'_>) -> Option<Vec<Finding>> {
    let named = |name: Option<&String>| Some(style.variable(name?));
    let (x, y) = (named(style.design.focal.first())?, named(style.design.outcome.as_ref())?);
    let one = |row: usize| {
        let share = whole_or_fixed(table.cell(row, "share_percent").number()?, 1);
        let dose = Estimate::of(table, row, ["dose", "fieller_low", "fieller_high", "p_value"])?;
        let (value, evidence) = dose.words(style);
        let values =
            [("x", x.as_str()), ("y", &y), ("share", &share), ("value", &value), ("evidence", &evidence)];
        let kind = if dose.interval.is_some() { "dose" } else { "dose_unlimited" };
        Some(table.says(plain(style, kind, &values)))
    };
    Some((0..table.rows.len()).filter_map(one).collect())
}
