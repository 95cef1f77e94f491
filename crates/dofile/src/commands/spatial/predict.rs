//! `predict` after `spregress` ([SP] spregress postestimation): with `S = (I - lambda W)^-1`, the reduced-form mean is `S`
//! times the linear prediction; its part by a unit's own regressors is the direct mean, the rest the indirect mean.

use super::spregress_model::Units;
use crate::commands::StandardSyntax;
use crate::error::{Result, StataError};
use crate::ops::predict::{Prediction, add, chosen, column, new_names};
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use crate::value::is_missing;
use estimators::lu::Lu;
use estimators::matrix::Mat;
use estimators::spatial::impacts::{diagonal_of_product, filter, multiplier};
use std::collections::HashMap;
use std::sync::Arc;

/// Options.
pub(super) const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::flag("RForm"),
    OptSpec::flag("direct"),
    OptSpec::flag("indirect"),
    OptSpec::flag("NAive"),
    OptSpec::flag("xb"),
    OptSpec::flag("Residuals"),
    OptSpec::flag("UCResiduals"),
])
.unsupported(&["LImited", "full", "SCores", "stdp"]);

/// A regressor with its parameters: the position in `e(b)` and the matrix of a lag.
#[derive(Debug, Clone)]
pub(super) struct Effect {
    /// The regressor, or `_cons`.
    pub name: String,
    /// Its parameters.
    pub parameters: Vec<(usize, Option<String>)>,
}

/// Units and matrices of the active estimates.
pub(super) fn units(s: &Session) -> Result<Arc<Units>> {
    let held = s.e.extra.clone().and_then(|e| e.downcast::<Units>().ok());
    held.ok_or_else(StataError::no_estimates)
}

/// Regressors of the active estimates in the order of their first appearance, omitted ones left out.
pub(super) fn effects(s: &Session) -> Vec<Effect> {
    let depvar = s.e.results.get_text("depvar").unwrap_or("");
    let own = format!("e.{depvar}");
    let mut out: Vec<Effect> = Vec::new();
    let Some(b) = s.e.b() else { return out };
    for (i, c) in b.col_names.iter().enumerate() {
        let lagged = c.eq != depvar;
        if c.eq == "/" || (lagged && (c.name == depvar || c.name == own)) || left_out(&c.name) {
            continue;
        }
        let parameter = (i, lagged.then(|| c.eq.clone()));
        match out.iter_mut().find(|e| e.name == c.name) {
            Some(e) => e.parameters.push(parameter),
            None => out.push(Effect { name: c.name.clone(), parameters: vec![parameter] }),
        }
    }
    out
}

fn left_out(name: &str) -> bool {
    name != "_cons" && crate::syntax::Term::parse(name).is_ok_and(|t| t.is_omitted() || t.is_base())
}

/// The lag of the outcome, or of the errors.
pub(super) fn lag(s: &Session, errors: bool) -> Option<f64> {
    let depvar = s.e.results.get_text("depvar").unwrap_or("");
    let name = if errors { format!("e.{depvar}") } else { depvar.to_string() };
    let b = s.e.b()?;
    let at = b.col_names.iter().position(|c| c.eq != depvar && c.eq != "/" && c.name == name)?;
    Some(b.get(0, at))
}

/// Rows of the data that hold the units of the estimates, in the order of these.
pub(super) fn rows_of_units(s: &Session, units: &Units) -> Result<Vec<usize>> {
    let v = s.numeric_variable("_ID")?;
    let touse = s.required_estimation_sample()?;
    let place: HashMap<u64, usize> =
        (0..touse.len()).filter(|r| touse[*r]).map(|r| ((s.frame.num_at(v, r) + 0.0).to_bits(), r)).collect();
    let rows: Option<Vec<usize>> =
        units.ids.iter().map(|id| place.get(&(id + 0.0).to_bits()).copied()).collect();
    rows.ok_or_else(|| {
        StataError::new(459, "observations of the estimation sample are no longer in the data")
    })
}

/// Linear prediction, and the mean of the outcome that a unit's own regressors make.
fn means(s: &Session, units: &Units, rows: &[usize], s_matrix: Option<&Mat>) -> Result<(Vec<f64>, Vec<f64>)> {
    let n = rows.len();
    let (mut xb, mut direct) = (vec![0.0; n], vec![0.0; n]);
    let b = s.e.b().cloned().unwrap_or_default();
    for effect in effects(s) {
        let x = if effect.name == "_cons" { vec![1.0; n] } else { column(&s.frame, &effect.name, rows)? };
        if x.iter().any(|v| is_missing(*v)) {
            return Err(StataError::new(
                416,
                format!("{} has missing values in the estimation sample", effect.name),
            ));
        }
        for (position, matrix) in &effect.parameters {
            let slope = b.get(0, *position);
            let part = matrix.as_ref().map(|m| &units.matrices[m].w);
            let lagged = part.map_or_else(|| x.clone(), |m| m.times_vector(&x));
            let own = match (s_matrix, part) {
                (None, _) => vec![0.0; n],
                (Some(s), None) => s.diagonal(),
                (Some(s), Some(m)) => diagonal_of_product(s, m),
            };
            for i in 0..n {
                xb[i] += slope * lagged[i];
                direct[i] += slope * own[i] * x[i];
            }
        }
    }
    Ok((xb, direct))
}

fn singular() -> StataError {
    StataError::new(504, "the reduced form does not exist: I - lambda W is singular")
}

/// One new variable.
pub(super) fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let units = units(s)?;
    let statistic = chosen(cmd)?.map(str::to_string);
    let (kind, names) = new_names(s, cmd)?;
    let [(name, false)] = &names[..] else { return Err(StataError::standard(103)) };
    let rows = rows_of_units(s, &units)?;
    let w = units.outcome.as_ref().map(|m| &units.matrices[m].w).zip(lag(s, false));
    let statistic = statistic.as_deref().unwrap_or_else(|| {
        s.print("(option rform assumed; reduced-form mean)");
        "rform"
    });
    let split = matches!(statistic, "direct" | "indirect");
    let inverse = match w.filter(|_| split) {
        Some((w, lag)) => multiplier(w, lag).ok_or_else(singular)?,
        None if split => Mat::identity(rows.len()),
        None => Mat::zeros(0, 0),
    };
    let (xb, direct) = means(s, &units, &rows, split.then_some(&inverse))?;
    let reduced = |xb: &[f64]| -> Vec<f64> {
        match w {
            Some((w, lag)) => {
                let right = Mat::from_fn(xb.len(), 1, |i, _| xb[i]);
                Lu::new(&filter(w, lag)).solve(&right).data().to_vec()
            }
            None => xb.to_vec(),
        }
    };
    let (values, label) = match statistic {
        "rform" => (reduced(&xb), "Reduced-form mean"),
        "direct" => (direct, "Direct mean"),
        "indirect" => {
            let all = reduced(&xb);
            (all.iter().zip(&direct).map(|(a, d)| a - d).collect(), "Indirect mean")
        }
        "xb" => (xb, "Linear prediction"),
        _ => {
            let depvar = s.e.results.get_text("depvar").unwrap_or("").to_string();
            let y = column(&s.frame, &depvar, &rows)?;
            with_outcome(s, &units, statistic, &y, &xb)
        }
    };
    let touse = s.rows(cmd)?;
    let wanted: Vec<usize> = (0..rows.len()).filter(|i| touse[rows[*i]]).collect();
    let picked: Vec<usize> = wanted.iter().map(|i| rows[*i]).collect();
    let values = wanted.iter().map(|i| values[*i]).collect();
    add(s, name, kind, &picked, Prediction { values, label: label.to_string() })
}

/// Statistics that use the outcome.
fn with_outcome(
    s: &Session,
    units: &Units,
    statistic: &str,
    y: &[f64],
    xb: &[f64],
) -> (Vec<f64>, &'static str) {
    let lagged = |matrix: &Option<String>, lag: Option<f64>, v: &[f64]| -> Vec<f64> {
        match matrix.as_ref().zip(lag) {
            Some((m, lag)) => units.matrices[m].w.times_vector(v).iter().map(|x| lag * x).collect(),
            None => vec![0.0; v.len()],
        }
    };
    let own = lagged(&units.outcome, lag(s, false), y);
    let naive: Vec<f64> = xb.iter().zip(&own).map(|(a, b)| a + b).collect();
    if statistic == "naive" {
        return (naive, "Naive-form prediction");
    }
    let u: Vec<f64> = y.iter().zip(&naive).map(|(a, b)| a - b).collect();
    if statistic == "residuals" {
        return (u, "Residuals");
    }
    let correlated = lagged(&units.errors, lag(s, true), &u);
    (u.iter().zip(&correlated).map(|(a, b)| a - b).collect(), "Uncorrelated residuals")
}
