//! Breitung's test of a common unit root (2000, in Baltagi, Nonstationary panels, panel cointegration, and dynamic panels; Breitung and
//! Das 2005, Statistica Neerlandica 59): a pooled t statistic that needs no correction of its bias.

use super::super::ols::{self, FitError, Request};
use super::super::timeseries::Deterministic;
use super::{differences, dot};

/// Differences and lagged levels of a panel without what `lags` lagged differences explain of them. With a trend the regressions have
/// a constant, which stays in the series.
fn prewhitened(y: &[f64], lags: usize, parts: Deterministic) -> Result<(Vec<f64>, Vec<f64>), FitError> {
    let d = differences(y);
    let n = d.len().saturating_sub(lags);
    if n < 3 {
        return Err(FitError::Insufficient);
    }
    let (change, level) = (d[lags..].to_vec(), y[lags..y.len() - 1].to_vec());
    if lags == 0 {
        return Ok((change, level));
    }
    let columns: Vec<&[f64]> = (1..=lags).map(|j| &d[lags - j..d.len() - j]).collect();
    let rest = |x: &[f64]| -> Result<Vec<f64>, FitError> {
        let constant = parts == Deterministic::Trend;
        let fit = ols::fit(&Request { constant, ..Request::new(x, &columns) })?;
        let intercept = if constant { fit.b.last().copied().unwrap_or(0.0) } else { 0.0 };
        Ok(fit.residuals.iter().map(|e| e + intercept).collect())
    };
    Ok((rest(&change)?, rest(&level)?))
}

/// Sums of a panel: the products of transformed differences and levels, and the squared levels, both over the variance.
fn sums(y: &[f64], lags: usize, parts: Deterministic) -> Result<(f64, f64), FitError> {
    let (change, level) = prewhitened(y, lags, parts)?;
    let n = change.len();
    let mean = change.iter().sum::<f64>() / n as f64;
    let variance = change.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / (n - 1) as f64;
    if variance <= 0.0 {
        return Err(FitError::Insufficient);
    }
    let origin = if parts == Deterministic::None { 0.0 } else { level[0] };
    let (mut left, mut right) = (Vec::with_capacity(n), Vec::with_capacity(n));
    if parts == Deterministic::Trend {
        let mut later = change[n - 1];
        // forward orthogonal deviations from the last difference but one backwards
        for s in (0..n - 1).rev() {
            let rest = (n - 1 - s) as f64;
            left.push((rest / (rest + 1.0)).sqrt() * (change[s] - later / rest));
            right.push(level[s] - origin - s as f64 * mean);
            later += change[s];
        }
    } else {
        left.clone_from(&change);
        right.extend(level.iter().map(|u| u - origin));
    }
    Ok((dot(&left, &right) / variance, dot(&right, &right) / variance))
}

/// The statistic lambda, standard normal where all panels have a unit root and negative where they are stationary.
///
/// # Errors
/// [`FitError`] for panels that are too short, constant or collinear.
pub fn breitung(panels: &[Vec<f64>], lags: usize, parts: Deterministic) -> Result<f64, FitError> {
    let (mut product, mut square) = (0.0, 0.0);
    for panel in panels {
        let own = sums(panel, lags, parts)?;
        product += own.0;
        square += own.1;
    }
    Ok(product / square.sqrt())
}
