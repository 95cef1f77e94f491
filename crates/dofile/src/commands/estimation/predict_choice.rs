//! Predicted probabilities after models with several outcomes (`ologit`, `oprobit`, `mlogit`).
//! One outcome at a time with `outcome()`, or all of them into a list of new variables.

use super::predict_models::evaluate;
use crate::error::{Result, StataError};
use crate::estimation::linear::{Parameters, predict as linear_prediction};
use crate::estimation::response_outcomes;
use crate::ops::predict::Prediction;
use crate::session::Session;
use crate::value::{MISSING, is_missing};
use estimators::ml_binary::Link;
use estimators::ml_choice::{Multinomial, Ordered};

/// Whether a command's predictions are made here.
pub(crate) fn handles(cmd: &str) -> bool {
    matches!(cmd, "ologit" | "oprobit" | "mlogit") || response_outcomes::handles(cmd)
}

/// Outcome values of the active estimates, ascending.
pub(crate) fn outcomes(session: &Session) -> Vec<f64> {
    response_outcomes::outcome_values(&session.e)
}

/// Position of an outcome written as its value or as `#1`, `#2`.
pub(crate) fn position(session: &Session, text: &str) -> Result<usize> {
    let all = outcomes(session);
    let text = text.trim();
    let found = match text.strip_prefix('#') {
        Some(number) => number.parse::<usize>().ok().filter(|n| (1..=all.len()).contains(n)).map(|n| n - 1),
        None => crate::syntax::options::parse_number(text).and_then(|v| all.iter().position(|a| *a == v)),
    };
    found.ok_or_else(|| StataError::new(111, format!("outcome {text} not found")))
}

/// Probabilities of all outcomes on rows: `result[row][outcome]`, nothing where a regressor is missing.
pub(crate) fn probabilities(
    session: &Session,
    parameters: &Parameters,
    rows: &[usize],
) -> Result<Vec<Option<Vec<f64>>>> {
    let all = outcomes(session);
    let cmd = session.e.cmd();
    if cmd == "mlogit" {
        let base = session.e.results.get_scalar("ibaseout").map_or(0, |b| b as usize - 1);
        let equations = parameters.equations();
        let columns: Result<Vec<Vec<f64>>> =
            equations.iter().map(|e| linear_prediction(&session.frame, parameters, e, rows)).collect();
        let columns = columns?;
        return Ok((0..rows.len())
            .map(|i| {
                let eta: Vec<f64> = (0..all.len()).filter(|o| *o != base).map(|o| columns[o][i]).collect();
                if eta.iter().any(|e| is_missing(*e)) {
                    return None;
                }
                let mut p = Multinomial::probabilities(&eta);
                let last = p.pop().unwrap_or(MISSING);
                p.insert(base, last);
                Some(p)
            })
            .collect());
    }
    let link = if cmd == "oprobit" { Link::Probit } else { Link::Logit };
    let equation = parameters.stripe.first().map(|s| s.eq.clone()).unwrap_or_default();
    let cuts: Vec<f64> = cut_points(parameters);
    let xb = if equation.starts_with('/') {
        vec![0.0; rows.len()]
    } else {
        linear_prediction(&session.frame, parameters, &equation, rows)?
    };
    let shift = crate::ops::scores::offset(session, rows)?;
    Ok(xb
        .iter()
        .zip(&shift)
        .map(|(e, shift)| {
            if is_missing(*e) || is_missing(*shift) {
                return None;
            }
            Some((0..all.len()).map(|j| Ordered::probability(link, j, *e + shift, &cuts)).collect())
        })
        .collect())
}

/// Cut points of an ordered model.
pub(crate) fn cut_points(parameters: &Parameters) -> Vec<f64> {
    let is_cut = |i: &usize| {
        parameters.stripe[*i].eq.starts_with('/') || parameters.stripe[*i].name.starts_with("/cut")
    };
    (0..parameters.b.len()).filter(is_cut).map(|i| parameters.b[i]).collect()
}

/// One outcome's probability, or the linear prediction.
pub(crate) fn one(
    session: &mut Session,
    statistic: Option<&str>,
    outcome: Option<&str>,
    rows: &[usize],
) -> Result<Prediction> {
    let parameters = Parameters::of(&session.e)?;
    if response_outcomes::handles(session.e.cmd()) {
        return kernel_one(session, &parameters, statistic, outcome, rows);
    }
    match statistic {
        Some("xb") => {
            let equations = parameters.equations();
            let wanted = match (session.e.cmd() == "mlogit", outcome) {
                (true, Some(text)) => position(session, text)?,
                _ => 0,
            };
            let equation = equations.get(wanted).cloned().unwrap_or_default();
            let mut values = linear_prediction(&session.frame, &parameters, &equation, rows)?;
            let shift = crate::ops::scores::offset(session, rows)?;
            for (value, shift) in values.iter_mut().zip(&shift) {
                *value = if is_missing(*value) || is_missing(*shift) { MISSING } else { *value + shift };
            }
            return Ok(Prediction { values, label: "Linear prediction".to_string() });
        }
        None | Some("pr") => {}
        Some(other) => {
            return Err(StataError::new(
                198,
                format!("option {other} not allowed after {}", session.e.cmd()),
            ));
        }
    }
    let depvar = session.e.results.get_text("depvar").unwrap_or("").to_string();
    if statistic.is_none() {
        session.print("(option pr assumed; predicted probability)");
    }
    let wanted = match outcome {
        Some(text) => position(session, text)?,
        None => 0,
    };
    let value = outcomes(session).get(wanted).copied().unwrap_or(MISSING);
    let values = probabilities(session, &parameters, rows)?
        .into_iter()
        .map(|p| p.map_or(MISSING, |p| p[wanted]))
        .collect();
    Ok(Prediction { values, label: format!("Pr({depvar}=={value})") })
}

/// One prediction of a model whose probabilities are kernels; the first outcome where none is named.
fn kernel_one(
    session: &mut Session,
    parameters: &Parameters,
    statistic: Option<&str>,
    outcome: Option<&str>,
    rows: &[usize],
) -> Result<Prediction> {
    let asked = match outcome {
        Some(outcome) => format!("{} outcome({})", statistic.unwrap_or(""), outcome.trim()),
        None => statistic.unwrap_or("").to_string(),
    };
    let found = response_outcomes::of(session, parameters, asked.trim())?;
    let response = found.into_iter().next().ok_or_else(StataError::syntax)?;
    if statistic.is_none() {
        let name = if response_outcomes::participates(session.e.cmd()) { "pmargin" } else { "pr" };
        session.print(format!("(option {name} assumed; predicted probability)"));
    }
    let cmd = session.e.cmd().to_string();
    let values = evaluate(session, parameters, &response, &cmd, rows)?;
    Ok(Prediction { values, label: response.label })
}

/// All outcomes' probabilities for a list of names or a stub.
pub(crate) fn all_outcomes(
    session: &mut Session,
    names: &[(String, bool)],
    statistic: Option<&str>,
    rows: &[usize],
) -> Result<Vec<Prediction>> {
    let assumed = if response_outcomes::participates(session.e.cmd()) { "pmargin" } else { "pr" };
    if !handles(session.e.cmd()) || statistic.is_some_and(|s| s != assumed) {
        return Err(StataError::standard(103));
    }
    let all = outcomes(session);
    if !names[0].1 && names.len() != all.len() {
        return Err(StataError::new(
            if names.len() < all.len() { 102 } else { 103 },
            format!(
                "{} has {} outcomes and so you must specify {} new variables",
                session.e.cmd(),
                all.len(),
                all.len()
            ),
        ));
    }
    if statistic.is_none() {
        session.print(format!("(option {assumed} assumed; predicted probabilities)"));
    }
    let parameters = Parameters::of(&session.e)?;
    if response_outcomes::handles(session.e.cmd()) {
        let cmd = session.e.cmd().to_string();
        let made = response_outcomes::of(session, &parameters, "")?.into_iter().map(|response| {
            let values = evaluate(session, &parameters, &response, &cmd, rows)?;
            Ok::<_, StataError>(Prediction { values, label: response.label })
        });
        return made.collect();
    }
    let p = probabilities(session, &parameters, rows)?;
    let depvar = session.e.results.get_text("depvar").unwrap_or("").to_string();
    Ok(all
        .iter()
        .enumerate()
        .map(|(j, value)| Prediction {
            values: p.iter().map(|row| row.as_ref().map_or(MISSING, |r| r[j])).collect(),
            label: format!("Pr({depvar}=={value})"),
        })
        .collect())
}
