//! Influence of each row on the estimates of a model with one linear index: the inverse information times the row's
//! weighted score. Its outer products are the robust covariance ([P] _robust).

use super::scores::{curvature, offset, score};
use crate::error::{Result, StataError};
use crate::estimation::linear::{Grid, Parameters, predict as linear_prediction};
use crate::ops::predict::outcome;
use crate::session::Session;
use estimators::matrix::Mat;

/// Commands whose scores are known.
const KNOWN: [&str; 6] = ["regress", "logit", "logistic", "probit", "cloglog", "poisson"];

/// Influence of rows of the estimation sample on all parameters of the active model, one row of the matrix for each
/// of them; zero for omitted parameters. `weights` has the weight of each row.
///
/// # Errors
/// Not supported after another command; r(506) for an information matrix that has no inverse.
pub(crate) fn influence(
    s: &Session,
    parameters: &Parameters,
    rows: &[usize],
    weights: &[f64],
) -> Result<Mat> {
    let cmd = s.e.cmd();
    if !KNOWN.contains(&cmd) {
        return Err(StataError::unsupported_option("margins", &format!("vce(unconditional) after {cmd}")));
    }
    let places: Vec<usize> = (0..parameters.b.len()).filter(|i| parameters.v[(*i, *i)] > 0.0).collect();
    let equation = parameters.stripe.first().map(|p| p.eq.clone()).unwrap_or_default();
    let y = outcome(s, rows)?;
    let shift = offset(s, rows)?;
    let xb = linear_prediction(&s.frame, parameters, &equation, rows)?;
    let mut grid = Grid::new(&s.frame, rows.to_vec());
    grid.load(places.iter().filter_map(|p| parameters.terms[*p].as_ref()))?;
    let design = grid.design(parameters, &places);
    let curves: Vec<f64> =
        (0..rows.len()).map(|i| weights[i] * curvature(cmd, y[i], xb[i] + shift[i])).collect();
    let k = places.len();
    let mut information = Mat::zeros(k, k);
    for a in 0..k {
        for b in a..k {
            let sum = (0..rows.len()).map(|i| curves[i] * design[a][i] * design[b][i]).sum();
            information[(a, b)] = sum;
            information[(b, a)] = sum;
        }
    }
    let inverse =
        information.inverse().ok_or_else(|| StataError::new(506, "the information matrix is singular"))?;
    let mut out = Mat::zeros(rows.len(), parameters.b.len());
    for i in 0..rows.len() {
        let own = weights[i] * score(cmd, y[i], xb[i] + shift[i]);
        for (a, p) in places.iter().enumerate() {
            out[(i, *p)] = own * (0..k).map(|b| inverse[(a, b)] * design[b][i]).sum::<f64>();
        }
    }
    Ok(out)
}
