//! Residuals and influence after `logit` and `logistic`. Rows with the same regressors are one pattern, as in Hosmer and
//! Lemeshow. Formulas: [R] logistic postestimation, Methods and formulas.

use crate::error::{Result, StataError};
use crate::estimation::linear::{Parameters, predict as linear_prediction};
use crate::ops::predict::{Prediction, design, outcome};
use crate::session::Session;
use crate::value::{MISSING, is_missing};
use estimators::ml_binary::Link;
use std::collections::HashMap;

/// A pattern of regressors in the estimation sample.
struct Pattern {
    /// Number of observations.
    count: f64,
    /// Number of positive outcomes.
    positive: f64,
    /// Predicted probability.
    p: f64,
    /// `m p (1 - p) x V x'`.
    leverage: f64,
}

impl Pattern {
    /// Pearson residual.
    fn pearson(&self) -> f64 {
        (self.positive - self.count * self.p) / (self.count * self.p * (1.0 - self.p)).sqrt()
    }

    /// Deviance residual.
    fn deviance(&self) -> f64 {
        let (m, y, p) = (self.count, self.positive, self.p);
        let part = |seen: f64, expected: f64| if seen > 0.0 { seen * (seen / expected).ln() } else { 0.0 };
        let square = 2.0 * (part(y, m * p) + part(m - y, m * (1.0 - p)));
        square.max(0.0).sqrt().copysign(y - m * p)
    }

    fn statistic(&self, name: &str) -> f64 {
        let (r, h) = (self.pearson(), self.leverage);
        match name {
            "residuals" => r,
            "deviance" => self.deviance(),
            "hat" => h,
            "rstandard" => r / (1.0 - h).sqrt(),
            "dx2" => r * r / (1.0 - h),
            "ddeviance" => self.deviance().powi(2) / (1.0 - h),
            "dbeta" => r * r * h / (1.0 - h).powi(2),
            _ => MISSING,
        }
    }
}

/// The label of a statistic; nothing for statistics that these commands do not have.
fn label(statistic: &str) -> Option<&'static str> {
    Some(match statistic {
        "residuals" => "Pearson residual",
        "deviance" => "Deviance residual",
        "hat" => "Leverage",
        "rstandard" => "Standardized Pearson residual",
        "dx2" => "H-L dX^2",
        "ddeviance" => "H-L dD",
        "dbeta" => "Pregibon's dbeta",
        "number" => "Covariate pattern",
        _ => return None,
    })
}

/// Whether `statistic` is one of this file.
pub(super) fn is_pattern_statistic(statistic: &str) -> bool {
    label(statistic).is_some()
}

/// One statistic on rows of the data; missing outside the estimation sample.
pub(super) fn compute(
    session: &Session,
    parameters: &Parameters,
    equation: &str,
    statistic: &str,
    rows: &[usize],
) -> Result<Prediction> {
    let results = &session.e.results;
    let needs_variance = !matches!(statistic, "residuals" | "deviance" | "number");
    if needs_variance && results.get_text("vcetype").is_some() {
        return Err(StataError::new(198, format!("option {statistic} not possible after robust estimation")));
    }
    let sample = session.required_estimation_sample()?;
    let used: Vec<usize> = (0..sample.len()).filter(|i| sample[*i]).collect();
    let weights = weights(session, &used)?;
    let positions = parameters.positions(equation);
    let columns = design(&session.frame, parameters, &positions, &used)?;
    let variance = parameters.v.select(&positions, &positions);
    let xb = linear_prediction(&session.frame, parameters, equation, &used)?;
    let y = outcome(session, &used)?;
    let mut seen: HashMap<Vec<u64>, usize> = HashMap::new();
    let mut patterns: Vec<Pattern> = Vec::new();
    let mut of_row: HashMap<usize, usize> = HashMap::new();
    for (i, row) in used.iter().enumerate() {
        let x: Vec<f64> = columns.iter().map(|c| c[i]).collect();
        if is_missing(xb[i]) || is_missing(y[i]) {
            continue;
        }
        // Adding zero makes -0 and 0 one value.
        let key = x.iter().map(|v| (v + 0.0).to_bits()).collect();
        let next = patterns.len();
        let at = *seen.entry(key).or_insert(next);
        if at == next {
            let p = Link::Logit.probability(xb[i]);
            patterns.push(Pattern { count: 0.0, positive: 0.0, p, leverage: variance.quadratic(&x) });
        }
        let weight = weights.as_ref().map_or(1.0, |w| w[i]);
        patterns[at].count += weight;
        patterns[at].positive += if y[i] == 0.0 { 0.0 } else { weight };
        of_row.insert(*row, at);
    }
    let numbers = if statistic == "number" { in_order(&seen) } else { Vec::new() };
    for pattern in &mut patterns {
        pattern.leverage *= pattern.count * pattern.p * (1.0 - pattern.p);
    }
    let value = |row: &usize| match of_row.get(row) {
        Some(at) if statistic == "number" => numbers[*at],
        Some(at) => patterns[*at].statistic(statistic),
        None => MISSING,
    };
    Ok(Prediction {
        values: rows.iter().map(value).collect(),
        label: label(statistic).unwrap_or_default().to_string(),
    })
}

/// Numbers of the patterns, from one, in the order of their regressors.
fn in_order(seen: &HashMap<Vec<u64>, usize>) -> Vec<f64> {
    let values = |key: &Vec<u64>| key.iter().map(|bits| f64::from_bits(*bits)).collect::<Vec<f64>>();
    let mut order: Vec<(Vec<f64>, usize)> = seen.iter().map(|(key, at)| (values(key), *at)).collect();
    order.sort_by(|a, b| {
        let first = a.0.iter().zip(&b.0).map(|(x, y)| x.total_cmp(y)).find(|o| o.is_ne());
        first.unwrap_or(std::cmp::Ordering::Equal)
    });
    let mut out = vec![0.0; order.len()];
    order.iter().enumerate().for_each(|(k, (_, at))| out[*at] = k as f64 + 1.0);
    out
}

/// Frequency weights of rows; r(198) after other weights, for which patterns have no numbers of observations.
fn weights(session: &Session, rows: &[usize]) -> Result<Option<Vec<f64>>> {
    let results = &session.e.results;
    match (results.get_text("wtype"), results.get_text("wexp")) {
        (None, _) | (_, None) => Ok(None),
        (Some("fweight"), Some(text)) => {
            let compiled = session.compile(text.trim_start_matches('=').trim())?;
            let ctx = session.ctx();
            Ok(Some(rows.iter().map(|r| compiled.num(&ctx, *r)).collect()))
        }
        (Some(kind), _) => Err(StataError::new(198, format!("option not allowed after {kind}s"))),
    }
}
