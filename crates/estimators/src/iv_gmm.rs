//! Steps of the generalised method of moments with instruments: weight matrix, coefficients, iterations, and moments that
//! are correlated over time. Formulas: [R] ivregress, Methods and formulas.

use super::hac::{self, Hac};
use super::iv::{Coordinates, IvRequest, Point, all_instruments, meat, residuals, variance};
use super::matrix::Mat;
use super::ols::FitError;
use super::qr::Basis;
use super::vce::Vce;

/// When iterated GMM ends.
#[derive(Clone, Copy, Debug)]
pub struct Iterated {
    /// Largest relative change of the coefficients.
    pub eps: f64,
    /// Largest relative change of the weight matrix.
    pub weps: f64,
    /// Most steps.
    pub limit: usize,
}

/// The estimate in coordinates, from two-stage least squares `first`.
pub(super) fn point(
    request: &IvRequest<'_>,
    at: &Coordinates,
    inside: &Mat,
    weights: Option<&[f64]>,
    first: &[f64],
) -> Result<Point, FitError> {
    let mut found = gmm_step(request, at, inside, weights, first)?;
    let Some(stop) = request.iterated else { return Ok(found) };
    for step in 2..=stop.limit {
        let next = gmm_step(request, at, inside, weights, &found.standardised)?;
        let raw = |p: &Point| at.raw(&p.standardised, request.constant);
        let weight = |p: &Point| p.weight.as_ref().map_or_else(Vec::new, |w| w.data().to_vec());
        let settled = relative_change(&raw(&next), &raw(&found)) < stop.eps
            && relative_change(&weight(&next), &weight(&found)) < stop.weps;
        found = Point { steps: Some((step, settled)), ..next };
        if settled {
            break;
        }
    }
    Ok(found)
}

/// The largest change of an element, relative to its size plus one.
fn relative_change(new: &[f64], old: &[f64]) -> f64 {
    new.iter().zip(old).map(|(a, b)| (a - b).abs() / (b.abs() + 1.0)).fold(0.0, f64::max)
}

/// A step of GMM: the weight matrix from the residuals at `from`, then the coefficients.
fn gmm_step(
    request: &IvRequest<'_>,
    at: &Coordinates,
    inside: &Mat,
    weights: Option<&[f64]>,
    from: &[f64],
) -> Result<Point, FitError> {
    let residuals = residuals(request, &at.raw(from, request.constant));
    let moments = match (request.hac_weight, request.weight_matrix) {
        (Some(hac), _) => hac_meat(request, &at.basis, &residuals, weights, hac),
        (None, Vce::Classical) => Mat::identity(at.instruments).scaled(variance(&residuals, weights)),
        (None, vce) => meat(request, &at.basis, &residuals, weights, vce),
    };
    let weight = moments.inverse_definite().ok_or(FitError::Insufficient)?;
    let left = inside.transpose().times(&weight);
    let bread = left.times(inside).symmetrised().inverse_definite().ok_or(FitError::Insufficient)?;
    let projector = bread.times(&left);
    let standardised = projector.times_vector(&at.y[..at.instruments]);
    Ok(Point { standardised, bread, projector, kappa: None, weight: Some(weight), steps: None })
}

/// [`meat`] with autocorrelation.
pub(super) fn hac_meat(
    request: &IvRequest<'_>,
    basis: &Basis,
    residuals: &[f64],
    weights: Option<&[f64]>,
    hac: Hac<'_>,
) -> Mat {
    let all = all_instruments(request);
    let scores: Vec<f64> =
        residuals.iter().enumerate().map(|(i, e)| e * weights.map_or(1.0, |w| w[i])).collect();
    hac::meat(basis, &all, &scores, hac)
}
