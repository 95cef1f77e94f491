//! The log likelihoods of the models that a fit is compared with: the saturated one, and the baseline of [SEM] estat gof, in
//! which only observed exogenous variables are correlated.

use super::Model;
use super::likelihood::Problem;
use super::sample::Sample;
use crate::matrix::Mat;
use crate::missing::is_missing;
use crate::ml::Limits;
use std::ops::Range;

/// The unrestricted normal distribution of some variables.
pub struct Unrestricted {
    /// Log likelihood.
    pub ll: f64,
    /// Means of the variables.
    pub mean: Vec<f64>,
    /// Covariances.
    pub covariance: Mat,
}

/// Log likelihood at sample moments.
fn closed(covariance: &Mat, weight: f64) -> Option<f64> {
    let p = covariance.rows();
    let sd: Vec<f64> = covariance.diagonal().iter().map(|d| d.sqrt()).collect();
    if sd.iter().any(|s| *s == 0.0 || !s.is_finite()) {
        return None;
    }
    let unit = Mat::from_fn(p, p, |i, j| covariance[(i, j)] / (sd[i] * sd[j]));
    let diagonal = unit.cholesky()?.diagonal();
    let determinant: f64 = diagonal.iter().zip(&sd).map(|(d, s)| d.ln() + s.ln()).sum::<f64>() * 2.0;
    let constant = p as f64 * (1.0 + (2.0 * std::f64::consts::PI).ln());
    Some(-0.5 * weight * (constant + determinant))
}

/// Maximum likelihood of some variables without restrictions; nothing where their covariance is singular.
pub fn unrestricted(sample: &Sample, variables: &[usize]) -> Option<Unrestricted> {
    if sample.is_complete() {
        let covariance = sample.patterns[0].covariance.select(variables, variables);
        let mean = variables.iter().map(|v| sample.centre[*v]).collect();
        return Some(Unrestricted { ll: closed(&covariance, sample.total)?, mean, covariance });
    }
    let known = |i: &usize| variables.iter().any(|v| !is_missing(sample.columns[*v][*i]));
    let rows: Vec<usize> = (0..sample.of_row.len()).filter(known).collect();
    let columns: Vec<Vec<f64>> =
        variables.iter().map(|v| rows.iter().map(|i| sample.columns[*v][*i]).collect()).collect();
    let weights: Option<Vec<f64>> = sample.weights.as_ref().map(|w| rows.iter().map(|i| w[*i]).collect());
    let own = Sample::new(&columns, weights.as_deref());
    let centre: Vec<f64> = variables.iter().zip(&own.centre).map(|(v, c)| sample.centre[*v] + c).collect();
    if own.is_complete() {
        let covariance = own.patterns[0].covariance.clone();
        return Some(Unrestricted { ll: closed(&covariance, own.total)?, mean: centre, covariance });
    }
    let model = Model::saturated(variables.len());
    let problem = Problem::new(&model, &own);
    let found = problem.maximise(Limits::default()).ok().filter(|f| f.converged)?;
    let implied = problem.implied(&found.parameters)?;
    let mean = centre.iter().zip(&implied.mean).map(|(c, m)| c + m).collect();
    Some(Unrestricted { ll: found.ll, mean, covariance: implied.sigma })
}

/// Log likelihood of the baseline of some variables: those outside `together` are uncorrelated with all others.
pub fn baseline(sample: &Sample, variables: Range<usize>, together: &[usize]) -> Option<f64> {
    let mut ll = if together.is_empty() { 0.0 } else { unrestricted(sample, together)?.ll };
    for v in variables.filter(|v| !together.contains(v)) {
        ll += unrestricted(sample, &[v])?.ll;
    }
    Some(ll)
}
