//! Predictions after `fmlogit` (shares of several outcomes), `twopm` (the product of a probability and a mean) and `oglm`
//! (ordered categories with a scale), as formulas of their linear indices.

use crate::error::{Result, StataError};
use crate::estimation::linear::{Grid, Parameters};
use crate::estimation::response::{Derivatives, Response};
use crate::estimation::response_models::{Models, link_of};
use crate::session::Session;
use crate::value::{MISSING, is_missing};
use estimators::jet::Jet;
use estimators::ml_choice::Multinomial;
use estimators::ml_glm::GlmLink;
use estimators::ml_ordered_scale::ScaledLink;

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

/// The probability of a category of `oglm`, of the first one without `outcome()`; `xb` and `sigma`.
pub(super) fn scaled_order(model: &Models<'_>) -> Result<Response> {
    let results = &model.session.e.results;
    let scaled = results.get_text("scale_eq").is_some();
    let (index, scale) = (model.positions(0), if scaled { model.positions(1) } else { Vec::new() });
    let asked = model.asked.trim();
    match asked {
        "xb" => return model.linear(),
        "sigma" => return Ok(Response::formula("Sigma", asked, [scale], |[s]: [Jet<1>; 1]| s.exp())),
        _ => {}
    }
    let asked = asked.strip_prefix("pr").map_or(asked, str::trim);
    let named = ["outcome(", "o("].iter().find_map(|p| asked.strip_prefix(p)?.strip_suffix(')'));
    let values = results.matrices.get("cat").map_or(&[][..], |m| m.values());
    let unknown = |text: &str| StataError::new(111, format!("outcome {text} not found"));
    let category = match (asked, named.map(str::trim)) {
        ("", _) => 0,
        (_, Some(text)) => match text.strip_prefix('#') {
            Some(number) => {
                let at = number.parse::<usize>().ok().and_then(|n| n.checked_sub(1));
                at.filter(|at| *at < values.len()).ok_or_else(|| unknown(text))?
            }
            None => {
                let value = text.parse::<f64>().map_err(|_| unknown(text))?;
                values.iter().position(|v| *v == value).ok_or_else(|| unknown(text))?
            }
        },
        _ => return Err(model.refuse()),
    };
    let link = match results.get_text("link").unwrap_or("") {
        "logit" => ScaledLink::Logit,
        "probit" => ScaledLink::Probit,
        "cloglog" => ScaledLink::Cloglog,
        "loglog" => ScaledLink::Loglog,
        _ => ScaledLink::Cauchit,
    };
    let cut = |number: usize| model.ancillary(&format!("cut{number}"));
    let indices = [index, scale, cut(category), cut(category + 1)];
    let label = format!("Pr({}=={})", model.depvar(), values.get(category).copied().unwrap_or(f64::NAN));
    let count = values.len();
    Ok(Response::formula(&label, model.asked, indices, move |at: [Jet<4>; 4]| {
        link.category(category, count, at)
    }))
}

/// Values of a response row by row, missing where a regressor is missing.
pub fn values(
    session: &Session,
    parameters: &Parameters,
    response: &Response,
    rows: &[usize],
) -> Result<Vec<f64>> {
    let mut grid = Grid::new(&session.frame, rows.to_vec());
    let used = |p: &usize| parameters.terms[*p].as_ref().filter(|t| !t.is_omitted());
    grid.load(response.indices.iter().flatten().filter_map(used))?;
    let designs: Vec<Vec<Vec<f64>>> = response.indices.iter().map(|p| grid.design(parameters, p)).collect();
    let index = |row: usize, (positions, columns): (&Vec<usize>, &Vec<Vec<f64>>)| {
        positions.iter().zip(columns).try_fold(0.0, |sum, (position, column)| {
            (!is_missing(column[row])).then(|| sum + parameters.b[*position] * column[row])
        })
    };
    let value = |row: usize| {
        let eta: Option<Vec<f64>> =
            response.indices.iter().zip(&designs).map(|part| index(row, part)).collect();
        eta.map_or(MISSING, |eta| response.at(&eta).value)
    };
    Ok((0..rows.len()).map(value).collect())
}
