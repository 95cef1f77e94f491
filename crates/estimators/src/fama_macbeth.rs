//! Averages of cross-sectional regressions over periods. Fama and MacBeth (1973), Journal of Political Economy 81; with
//! autocorrelation Newey and West (1987), Econometrica 55.

use super::hac;
use super::matrix::Mat;

/// Averages of estimates with their covariance.
#[derive(Clone, Debug)]
pub struct Averages {
    /// The mean over the periods of each coefficient.
    pub b: Vec<f64>,
    /// Its covariance: that of the estimates over time, with the factor `1/(T(T-1))`.
    pub v: Mat,
}

/// Averages `estimates`, one vector per period in the order of time. `lags` autocovariances count with the weights of Bartlett,
/// as `newey` does for a constant. `None` for fewer than two periods.
pub fn average(estimates: &[Vec<f64>], lags: usize) -> Option<Averages> {
    let periods = estimates.len();
    if periods < 2 {
        return None;
    }
    let size = estimates[0].len();
    let mean = |j: usize| estimates.iter().map(|b| b[j]).sum::<f64>() / periods as f64;
    let b: Vec<f64> = (0..size).map(mean).collect();
    let deviations: Vec<Vec<f64>> =
        estimates.iter().map(|e| e.iter().zip(&b).map(|(x, m)| x - m).collect()).collect();
    let t = periods as f64;
    Some(Averages { b, v: hac::sums(&deviations, lags).scaled(1.0 / (t * (t - 1.0))) })
}
