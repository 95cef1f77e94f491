//! The test of Kwiatkowski, Phillips, Schmidt and Shin (1992, Journal of Econometrics 54) for stationarity, and the lags
//! that Hobijn, Franses and Ooms (2004, Statistica Neerlandica 58) choose from the data.

use super::hac::Kernel;
use super::ols::{self, FitError, Request};

/// A series less its mean, or less its trend.
pub struct Detrended {
    residuals: Vec<f64>,
}

impl Detrended {
    /// Residuals of the regression on a constant, and on the time where a trend is asked for.
    pub fn new(x: &[f64], trend: bool) -> Result<Self, FitError> {
        if x.len() < 3 {
            return Err(FitError::Insufficient);
        }
        let time: Vec<f64> = (1..=x.len()).map(|t| t as f64).collect();
        let columns: Vec<&[f64]> = if trend { vec![&time] } else { Vec::new() };
        let fit = ols::fit(&Request::new(x, &columns))?;
        Ok(Self { residuals: fit.residuals })
    }

    fn autocovariance(&self, lag: usize) -> f64 {
        let e = &self.residuals;
        e[lag..].iter().zip(e).map(|(a, b)| a * b).sum::<f64>() / e.len() as f64
    }

    /// The sum of squared partial sums over the long-run variance of `lags` autocovariances with Bartlett's weights.
    pub fn statistic(&self, lags: usize) -> f64 {
        let n = self.residuals.len() as f64;
        let sums = self.residuals.iter().scan(0.0, |sum, e| {
            *sum += e;
            Some(*sum)
        });
        let above = sums.map(|s| s * s).sum::<f64>() / (n * n);
        let weighted: f64 = (1..=lags.min(self.residuals.len() - 1))
            .map(|lag| 2.0 * Kernel::Bartlett.weight(lag, lags as f64) * self.autocovariance(lag))
            .sum();
        above / (self.autocovariance(0) + weighted)
    }

    /// Lags by the rule of Hobijn, Franses and Ooms for Bartlett's weights.
    pub fn automatic_lags(&self) -> usize {
        let n = self.residuals.len() as f64;
        let first = (n.powf(2.0 / 9.0) as usize).min(self.residuals.len() - 1);
        let own: Vec<f64> = (1..=first).map(|lag| 2.0 * self.autocovariance(lag)).collect();
        let level = self.autocovariance(0) + own.iter().sum::<f64>();
        let slope: f64 = own.iter().zip(1..).map(|(c, lag)| c * f64::from(lag)).sum();
        let lags = (1.1447 * ((slope / level).powi(2) * n).cbrt()).floor();
        if lags.is_finite() { (lags as usize).min(self.residuals.len() - 1) } else { 0 }
    }
}

/// Critical values at 10, 5, 2.5 and 1 % (table 1 of the article).
pub fn critical_values(trend: bool) -> [f64; 4] {
    if trend { [0.119, 0.146, 0.176, 0.216] } else { [0.347, 0.463, 0.574, 0.739] }
}
