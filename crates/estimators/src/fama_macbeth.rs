//! Averages of cross-sectional regressions over periods. Fama and MacBeth (1973), Journal of Political Economy 81; with
//! autocorrelation Newey and West (1987), Econometrica 55.

use super::hac::Kernel;
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
    let mut sums = Mat::zeros(size, size);
    for lag in 0..=lags.min(periods - 1) {
        let weight = Kernel::Bartlett.weight(lag, lags as f64);
        for (early, late) in deviations.iter().zip(&deviations[lag..]) {
            for i in 0..size {
                for j in 0..size {
                    let both = late[i] * early[j] + if lag > 0 { early[i] * late[j] } else { 0.0 };
                    sums[(i, j)] += weight * both;
                }
            }
        }
    }
    let t = periods as f64;
    Some(Averages { b, v: sums.scaled(1.0 / (t * (t - 1.0))) })
}
