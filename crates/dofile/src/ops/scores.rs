//! Scores of models with one linear index: derivatives of the log likelihood of each row in the index, and offsets.

use crate::error::Result;
use crate::ops::predict;
use crate::session::Session;
use estimators::distributions::inverse_mills;
use estimators::ml_binary::logistic;

/// Derivative of the log likelihood in the linear index, row by row.
pub(crate) fn score(name: &str, y: f64, xb: f64) -> f64 {
    match name {
        "logit" | "logistic" => f64::from(u8::from(y != 0.0)) - logistic(xb),
        "probit" if y != 0.0 => inverse_mills(xb),
        "probit" => -inverse_mills(-xb),
        "cloglog" if y != 0.0 => xb.exp() / xb.exp().exp_m1(),
        "cloglog" => -xb.exp(),
        "poisson" => y - xb.exp(),
        _ => y - xb,
    }
}

/// Minus the second derivative of the log likelihood in the linear index, row by row.
pub(crate) fn curvature(name: &str, y: f64, xb: f64) -> f64 {
    match name {
        "logit" | "logistic" => logistic(xb) * logistic(-xb),
        "probit" if y != 0.0 => inverse_mills(xb) * (inverse_mills(xb) + xb),
        "probit" => inverse_mills(-xb) * (inverse_mills(-xb) - xb),
        "cloglog" if y != 0.0 => {
            let own = score(name, y, xb);
            // the derivative of ln(h/(e^h - 1)) in ln h, with h = exp(xb)
            own * (xb.exp() / -(-xb.exp()).exp_m1() - 1.0)
        }
        "cloglog" | "poisson" => xb.exp(),
        _ => 1.0,
    }
}

/// Offset or log exposure of the fitted model.
pub(crate) fn offset(s: &Session, rows: &[usize]) -> Result<Vec<f64>> {
    let e = &s.e.results;
    if let Some(name) = e.get_text("exposure_var") {
        return Ok(predict::map(predict::column(&s.frame, name, rows)?, f64::ln));
    }
    if let Some(name) = e.get_text("offset_var") {
        return predict::column(&s.frame, name, rows);
    }
    match e.get_text("offset") {
        Some(text) => {
            let compiled = s.compile(text)?;
            let ctx = s.ctx();
            Ok(rows.iter().map(|r| compiled.num(&ctx, *r)).collect())
        }
        None => Ok(vec![0.0; rows.len()]),
    }
}
