//! The t-tilde of Im, Pesaran and Shin (2003, Journal of Econometrics 115, section 3): the t of the Dickey-Fuller regression with the
//! variance of the model in which the unit root is imposed, and its moments under a random walk.

use super::super::ols::FitError;
use super::super::timeseries::Deterministic;
use super::{differences, dot, without};

/// Coefficients of 1, 1/T, 1/T^2, ... in the mean and the variance, T being the number of differences: least squares on moments that
/// were simulated with two million random walks for each of 18 lengths (`scripts/oracles/engine/simulate_ips.py`).
const MEAN_CONSTANT: [f64; 6] = [-1.53352, 2.91957, -3.3771, -3.63638, 60.4361, -129.721];
const VARIANCE_CONSTANT: [f64; 6] = [0.706792, -2.85585, 14.9666, -49.2681, 127.844, -154.248];
const MEAN_TREND: [f64; 6] = [-2.18205, 6.25966, -14.4143, 57.2538, -170.672, 261.532];
const VARIANCE_TREND: [f64; 6] = [0.562168, -4.99611, 32.399, -123.061, 298.478, -256.264];

/// Mean and variance for panels with `differences` differences, from four on.
pub fn t_tilde_moments(differences: usize, trend: bool) -> Option<(f64, f64)> {
    if differences < 4 {
        return None;
    }
    let x = 1.0 / differences as f64;
    let at = |c: &[f64; 6]| c.iter().rev().fold(0.0, |sum, c| sum * x + c);
    let (mean, variance) =
        if trend { (&MEAN_TREND, &VARIANCE_TREND) } else { (&MEAN_CONSTANT, &VARIANCE_CONSTANT) };
    Some((at(mean), at(variance)))
}

/// The statistic of one panel.
///
/// # Errors
/// [`FitError`] for a panel that is too short.
pub fn t_tilde(y: &[f64], parts: Deterministic) -> Result<f64, FitError> {
    let change = without(&differences(y), &[], parts)?;
    let level = without(&y[..y.len() - 1], &[], parts)?;
    let removed = if parts == Deterministic::Trend { 2 } else { 1 };
    let degrees = change.len().checked_sub(removed).filter(|d| *d > 0).ok_or(FitError::Insufficient)?;
    Ok((degrees as f64).sqrt() * dot(&change, &level) / (dot(&change, &change) * dot(&level, &level)).sqrt())
}
