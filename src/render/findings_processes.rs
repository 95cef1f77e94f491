//! The main results of single series and systems of series: what changed at a start, forecasts, how long a shock to the
//! variance lasts, which series help to predict which.

use super::evidence::p_words;
use super::number::{spoken, whole_or_fixed};
use super::sentences::{
    Estimate, Finding, USUAL, alpha_words, more_or_less, plain, row_of, said, said_estimate, table_of,
};
use super::style::Style;
use super::table::Table;

/// Most pairs of series that get a sentence of their own.
const PAIRS: usize = 5;

/// Reads the tables of one of these analyses; nothing where a run has none.
pub(super) fn findings(tables: &[Table], style: &Style<'_>) -> Vec<Finding> {
    let table = |file: &str| table_of(tables, file);
    if let Some(effects) = table("table_effects.csv") {
        return of_start(effects, style).unwrap_or_default();
    }
    if let Some(forecast) = table("table_forecast.csv") {
        return of_forecast(forecast, style);
    }
    if let Some(pairs) = table("table_granger.csv") {
        return of_pairs(pairs, style);
    }
    match (table("table_tests.csv"), table("table_fit.csv")) {
        (Some(tests), Some(fit)) => of_variance(tests, fit, style).unwrap_or_default(),
        _ => Vec::new(),
    }
}

/// Level and slope at the start, and the distance from the continued trend in the last period.
fn of_start(table: &Table, style: &Style<'_>) -> Option<Vec<Finding>> {
    let y = style.variable(style.design.outcome.as_deref()?);
    let values = [("y", y.as_str())];
    row_of(table, "effect", "level_change")?;
    let one = |name: &str| {
        let estimate = Estimate::of(table, row_of(table, "effect", name)?, USUAL)?;
        let (size, way) = more_or_less(&estimate, style);
        let own = [("value", size.as_str()), ("way", &way)];
        // of the three the change of the slope alone is one against another change
        let own = if name == "slope_change" { &own[..] } else { &[] };
        let said = said_estimate(style, name, (&estimate, 0.0), &[&values[..], own].concat());
        Some(table.says(said))
    };
    let mut all: Vec<Finding> =
        ["level_change", "slope_change", "effect_at_end"].into_iter().filter_map(one).collect();
    all.push(table.says(plain(style, "continued_trend", &[])));
    Some(all)
}

/// The first and the last forecast with the limits between which they are expected.
fn of_forecast(table: &Table, style: &Style<'_>) -> Vec<Finding> {
    let Some(y) = style.design.outcome.as_deref().map(|name| style.variable(name)) else { return Vec::new() };
    let level = style.level.to_string();
    let sentence = |row: usize| {
        let digits = |name: &str| Some(spoken(table.cell(row, name).number()?, style.options.decimals));
        let (value, low, high) = (digits("forecast")?, digits("low")?, digits("high")?);
        let n = whole_or_fixed(table.cell(row, "step").number()?, 0);
        let values = [
            ("y", y.as_str()),
            ("n", &n),
            ("value", &value),
            ("low", &low),
            ("high", &high),
            ("level", &level),
        ];
        Some(table.says(plain(style, "forecast", &values)))
    };
    let last = table.rows.len().saturating_sub(1);
    let rows = if last == 0 { vec![0] } else { vec![0, last] };
    rows.into_iter().filter(|row| *row < table.rows.len()).filter_map(sentence).collect()
}

/// Whether the variance changes, how long a shock to it lasts, and what the model leaves unexplained.
fn of_variance(tests: &Table, fit: &Table, style: &Style<'_>) -> Option<Vec<Finding>> {
    let y = style.variable(style.design.outcome.as_deref()?);
    let tested = |test: &str, kind: &str| {
        let p = tests.cell(row_of(tests, "test", test)?, "p_value").number()?;
        let values = [("y", y.as_str()), ("evidence", &p_words(p, style))];
        Some(tests.says(said(style, kind, p < style.alpha(), &values)))
    };
    let first = tested("arch_lm", "variance_changes")?;
    let persistence = fit.cell(row_of(fit, "metric", "persistence")?, "value").number()?;
    let value = spoken(persistence, style.options.decimals);
    let lasting = if persistence > 0.0 && persistence < 1.0 {
        // p^n = 1/2
        let half = spoken(0.5_f64.ln() / persistence.ln(), 1);
        Some(plain(style, "half_life", &[("y", &y), ("value", &value), ("n", &half)]))
    } else if persistence >= 1.0 {
        Some(plain(style, "no_half_life", &[("y", &y), ("value", &value)]))
    } else {
        None
    };
    let rest = tested("portmanteau_squares", "variance_left");
    Some([Some(first), lasting.map(|text| fit.says(text)), rest].into_iter().flatten().collect())
}

/// Which series help to predict which, the clearest first, and how many tests chance alone would let pass.
fn of_pairs(table: &Table, style: &Style<'_>) -> Vec<Finding> {
    let p = |row: usize| table.cell(row, "p_value").number();
    let mut pairs: Vec<(usize, f64)> = (0..table.rows.len())
        .filter(|row| table.cell(*row, "excluded").text() != "ALL")
        .filter_map(|row| Some((row, p(row)?)))
        .collect();
    pairs.sort_by(|a, b| a.1.total_cmp(&b.1));
    let sentence = |(row, p): &(usize, f64)| {
        let (x, y) = (
            style.variable(table.cell(*row, "excluded").text()),
            style.variable(table.cell(*row, "equation").text()),
        );
        let values = [("x", x.as_str()), ("y", &y), ("evidence", &p_words(*p, style))];
        table.says(said(style, "predicts", *p < style.alpha(), &values))
    };
    let mut all: Vec<Finding> = pairs.iter().take(PAIRS).map(sentence).collect();
    if pairs.len() > 1 {
        let (n, chance) = (pairs.len().to_string(), spoken(style.alpha() * pairs.len() as f64, 1));
        let values = [("n", n.as_str()), ("value", &chance), ("alpha", &alpha_words(style))];
        all.push(table.says(plain(style, "many_tests", &values)));
    }
    all
}
