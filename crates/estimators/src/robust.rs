//! Robust regression by Huber weights, then biweights (Li 1985, in Exploring Data Tables, Trends, and Shapes), with the
//! covariance of the regression of pseudovalues (Street, Carroll and Ruppert 1988, American Statistician 42).
//!
//! The factor of the pseudovalues divides by the number of observations with a weight above zero: that reproduces the
//! published standard errors of `rreg mpg weight foreign` ([R] rreg), where three weights are zero, and those that Stata
//! printed for the stack loss data, where none is.

use super::descriptive::Sample;
use super::ols::{self, FitError, OlsFit, Request, leverage};
use super::qr;
use super::weights::{WeightKind, Weights};

/// Residuals beyond this many median absolute deviations get a Huber weight below one.
const HUBER: f64 = 2.0;
/// The biweight constant in standard deviations for the default tuning constant, 7.
const BIWEIGHT: f64 = 4.685;
/// Median absolute deviation of a standard normal variable.
const NORMAL_MAD: f64 = 0.6745;
/// Huber's steps end at this many times the tolerance.
const LOOSE: f64 = 5.0;

/// Settings of the iterations.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Biweight tuning constant, 7 by default.
    pub tune: f64,
    /// Largest change of a weight at the end.
    pub tolerance: f64,
    /// Most iterations.
    pub iterations: usize,
}

/// One iteration: whether it had biweights, and the largest change of a weight.
pub type Step = (bool, f64);

/// A robust regression.
pub struct RobustFit {
    /// The regression of the pseudovalues: its coefficients are those of the last weighted regression.
    pub regression: OlsFit,
    /// Weights of the rows.
    pub weights: Vec<f64>,
    /// The iterations.
    pub steps: Vec<Step>,
    /// Whether the weights settled.
    pub converged: bool,
}

/// Rows whose Cook's distance from the regression with equal weights exceeds one.
///
/// # Errors
///
/// There are too few rows.
pub fn gross_outliers(y: &[f64], columns: &[&[f64]]) -> Result<Vec<usize>, FitError> {
    let fit = ols::fit(&Request::new(y, columns))?;
    let h = leverage(&fit.basis, columns, y.len());
    let size = fit.b.len() as f64;
    let distance = |i: usize| (fit.residuals[i] / fit.rmse).powi(2) * h[i] / ((1.0 - h[i]).powi(2) * size);
    Ok((0..y.len()).filter(|i| distance(*i) > 1.0).collect())
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    Sample::plain(values).percentile(50.0)
}

/// Median absolute deviation of the residuals from their median.
fn deviation(residuals: &[f64]) -> f64 {
    let middle = median(residuals.iter().copied());
    median(residuals.iter().map(|r| (r - middle).abs()))
}

/// Fits the regression on columns that are not collinear.
///
/// # Errors
///
/// There are too few rows, or every row is an outlier of the last step.
pub fn fit(y: &[f64], columns: &[&[f64]], settings: Settings) -> Result<RobustFit, FitError> {
    let mut weights = vec![1.0; y.len()];
    let mut residuals = ols::fit(&Request { chosen: true, ..Request::new(y, columns) })?.residuals;
    let (mut steps, mut biweights, mut converged) = (Vec::new(), false, false);
    let mut scale = deviation(&residuals);
    let limit = BIWEIGHT * settings.tune / 7.0;
    while steps.len() < settings.iterations && scale > 0.0 {
        let next: Vec<f64> = residuals
            .iter()
            .map(|r| {
                let share = (r / scale).abs();
                if biweights {
                    let v = share * NORMAL_MAD / limit;
                    if v <= 1.0 { (1.0 - v * v).powi(2) } else { 0.0 }
                } else {
                    (HUBER / share).min(1.0)
                }
            })
            .collect();
        let moved = weights.iter().zip(&next).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        if next.iter().all(|w| *w == 0.0) {
            return Err(FitError::NotConverged);
        }
        weights = next;
        residuals = weighted(y, columns, &weights)?;
        steps.push((biweights, moved));
        let settled = moved <= settings.tolerance * if biweights { 1.0 } else { LOOSE };
        if settled && biweights {
            converged = true;
            break;
        }
        biweights |= settled;
        scale = deviation(&residuals);
    }
    // the pseudovalues refer to the scale of the last weights
    let regression = pseudovalues(y, columns, &weights, &residuals, scale / NORMAL_MAD * limit)?;
    Ok(RobustFit { regression, weights, steps, converged })
}

/// Residuals of the weighted regression.
fn weighted(y: &[f64], columns: &[&[f64]], weights: &[f64]) -> Result<Vec<f64>, FitError> {
    let kind = Weights { kind: WeightKind::Analytic, values: weights.to_vec() };
    let fit = ols::fit(&Request { chosen: true, weights: Some(&kind), ..Request::new(y, columns) })?;
    let fitted = if columns.is_empty() {
        vec![fit.b[0]; y.len()]
    } else {
        qr::predict(columns, &fit.basis.kept, true, &fit.b)
    };
    Ok(y.iter().zip(&fitted).map(|(y, f)| y - f).collect())
}

/// Least squares of `xb + (a/m) w r`, with `m` the mean derivative of the influence function and
/// `a = 1 + k/q (1-m)/m`, where `q` observations have a weight above zero.
fn pseudovalues(
    y: &[f64],
    columns: &[&[f64]],
    weights: &[f64],
    residuals: &[f64],
    limit: f64,
) -> Result<OlsFit, FitError> {
    let (n, k) = (y.len() as f64, columns.len() as f64 + 1.0);
    let slope = |r: &f64| {
        let v = (r / limit).powi(2);
        if v <= 1.0 { (1.0 - v) * (1.0 - 5.0 * v) } else { 0.0 }
    };
    let mean = if limit > 0.0 { residuals.iter().map(slope).sum::<f64>() / n } else { 1.0 };
    let used = weights.iter().filter(|w| **w > 0.0).count() as f64;
    let factor = (1.0 + k / used * (1.0 - mean) / mean) / mean;
    let values: Vec<f64> =
        (0..y.len()).map(|i| y[i] - residuals[i] + factor * weights[i] * residuals[i]).collect();
    ols::fit(&Request { chosen: true, ..Request::new(&values, columns) })
}
