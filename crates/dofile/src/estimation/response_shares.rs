//! Predictions after `fmlogit` (shares of several outcomes) and `twopm` (the product of a probability and a mean), as
//! formulas of their linear indices.

use crate::error::{Result, StataError};
use crate::estimation::response::{Derivatives, Response};
use crate::estimation::response_models::{Models, link_of};
use estimators::jet::Jet;
use estimators::ml_choice::Multinomial;
use estimators::ml_glm::GlmLink;

/// The share of the outcome asked for, of the first one without `outcome()`.
pub(super) fn share(model: &Models<'_>) -> Result<Response> {
    let outcomes: Vec<&str> = model.depvar().split_whitespace().collect();
    let asked = model.asked.trim();
    let asked = asked.strip_prefix("pr").map_or(asked, str::trim);
    let named = ["outcome(", "o("].iter().find_map(|p| asked.strip_prefix(p)?.strip_suffix(')'));
    let position = match (asked, named) {
        ("", _) => 0,
        (_, Some(name)) => outcomes
            .iter()
            .position(|y| *y == name.trim())
            .ok_or_else(|| StataError::new(111, format!("outcome {} not found", name.trim())))?,
        _ => return Err(model.refuse()),
    };
    let indices: Vec<Vec<usize>> = (0..outcomes.len() - 1).map(|e| model.positions(e)).collect();
    let label = format!("predicted proportion {}", outcomes[position]);
    Ok(Response::evaluated(&label, model.asked, indices, move |eta| softmax(eta, position)))
}

/// The probability of an outcome; the first one is the base.
fn softmax(eta: &[f64], position: usize) -> Derivatives {
    let n = eta.len();
    let p = Multinomial::probabilities(eta);
    let own = if position == 0 { p[n] } else { p[position - 1] };
    let is = |i: usize| f64::from(u8::from(position == i + 1));
    let first: Vec<f64> = (0..n).map(|i| own * (is(i) - p[i])).collect();
    let mut second = vec![0.0; n * n];
    for i in 0..n {
        for j in 0..n {
            let same = f64::from(u8::from(i == j));
            second[i * n + j] = own * ((is(i) - p[i]) * (is(j) - p[j]) - p[i] * (same - p[j]));
        }
    }
    Derivatives { value: own, first, second }
}

/// The mean of an outcome in two parts.
pub(super) fn two_parts(model: &Models<'_>) -> Result<Response> {
    let results = &model.session.e.results;
    let first = results.get_text("firstpart").unwrap_or("").to_string();
    let second = results.get_text("secondpart").unwrap_or("");
    let asked = model.asked.trim();
    let (link, factor) = match (second, asked) {
        ("regress_log", "duan") => (GlmLink::Log, results.get_scalar("smear").unwrap_or(f64::NAN)),
        ("regress_log", "normal") => {
            (GlmLink::Log, (results.get_scalar("rmse_regress_log").unwrap_or(f64::NAN).powi(2) / 2.0).exp())
        }
        ("regress_log", _) => {
            return Err(StataError::invalid(
                "either normal or duan must be specified after a regression of the log",
            ));
        }
        ("regress", "") => (GlmLink::Identity, 1.0),
        ("glm", "") => {
            let text = results.get_text("link_glm").unwrap_or("");
            (link_of(text).ok_or_else(|| model.refuse())?, 1.0)
        }
        _ => return Err(model.refuse()),
    };
    let indices = [model.positions(0), model.positions(1)];
    let label = format!("twopm combined expected values {}", model.depvar());
    Ok(Response::formula(&label, model.asked, indices, move |[a, b]: [Jet<2>; 2]| {
        let positive = if first == "logit" { a.logistic() } else { a.normal() };
        positive * link.mean(b) * factor
    }))
}
