//! `predict, scores` after `streg`: derivatives of the log likelihood of each record in the index, in the ancillary parameter
//! and in the log of the variance of a frailty or kappa ([ST] streg postestimation).

use super::streg::distribution;
use super::streg_frailty::{with_ancillary, without_ancillary};
use super::streg_post::indices;
use crate::error::{Result, StataError};
use crate::estimation::linear::Parameters;
use crate::estimation::post::stata;
use crate::estimation::survival::{Records, Settings};
use crate::ops::predict::Prediction;
use crate::session::Session;
use crate::value::{MISSING, is_missing};
use estimators::ml::Likelihood;
use estimators::ml_frailty::{Frailty, Model};
use estimators::ml_generalized_gamma::GeneralizedGamma;
use estimators::ml_survival::{Distribution, Parametric};

/// The scores of the records of the estimation sample, one variable for each equation and free parameter.
///
/// # Errors
/// r(199) after a shared frailty, whose likelihood is not a product over records.
pub(super) fn predict(s: &Session, rows: &[usize]) -> Result<Vec<Prediction>> {
    let e = &s.e.results;
    let text = |name: &str| e.get_text(name).unwrap_or("");
    if e.get_text("shared").is_some() {
        return Err(StataError::unsupported_option("predict", "scores after streg with shared()"));
    }
    let settings = Settings::of(&s.frame)?;
    let records = Records::read(s, &settings, &mut s.required_estimation_sample()?.to_vec())?;
    let Records { t0, t, d, .. } = &records;
    let (eta, ancillary) = indices(s, &records.rows)?;
    let last = Parameters::of(&s.e)?.b.last().copied();
    if e.get_scalar("kappa").is_some() {
        return Ok(scores(s, &GeneralizedGamma { t0, t, d }, &records, [eta, ancillary], last, rows));
    }
    let (law, aft) = (distribution(text("distribution"))?, text("frm2") == "time");
    let indices = if law == Distribution::Exponential { vec![eta] } else { vec![eta, ancillary] };
    if e.get_scalar("theta").is_none() {
        let kernel = Parametric { distribution: law, aft, t0, t, d };
        return Ok(scores(s, &kernel, &records, indices, None, rows));
    }
    let frailty = if text("frailty") == "gamma" { Frailty::Gamma } else { Frailty::InverseGaussian };
    let model = Model { distribution: law, aft, frailty };
    Ok(if law == Distribution::Exponential {
        scores(s, &without_ancillary(model, &records), &records, indices, last, rows)
    } else {
        scores(s, &with_ancillary(model, &records), &records, indices, last, rows)
    })
}

/// The gradient of each record at its indices, followed by a free parameter where there is one.
fn scores(
    s: &Session,
    kernel: &dyn Likelihood,
    records: &Records,
    indices: impl IntoIterator<Item = Vec<f64>>,
    free: Option<f64>,
    rows: &[usize],
) -> Vec<Prediction> {
    let indices: Vec<Vec<f64>> = indices.into_iter().collect();
    let m = kernel.equations();
    let mut all = vec![vec![MISSING; s.frame.n_rows()]; m];
    let (mut gradient, mut hessian) = (vec![0.0; m], vec![0.0; m * m]);
    for (i, row) in records.rows.iter().enumerate() {
        let at: Vec<f64> = indices.iter().map(|index| index[i]).chain(free).collect();
        if at.iter().any(|x| is_missing(*x)) {
            continue;
        }
        kernel.row(i, &at, &mut gradient, &mut hessian);
        all.iter_mut().zip(&gradient).for_each(|(values, g)| values[*row] = stata(*g));
    }
    let label = || "Equation-level score".to_string();
    let picked = |values: Vec<f64>| rows.iter().map(|r| values[*r]).collect();
    all.into_iter().map(|values| Prediction { values: picked(values), label: label() }).collect()
}
