//! Dynamic forecasts of vector autoregressions and their asymptotic covariances. Formulas: Luetkepohl (2005), New
//! Introduction to Multiple Time Series Analysis, section 3.5; [TS] fcast compute.

use super::matrix::Mat;
use super::var::{VarFit, responses};

impl VarFit {
    fn has_constant(&self) -> bool {
        self.k > self.regressors.len()
    }

    /// Regressors of the next period, the constant included, from the values of each series until now.
    fn next_regressors(&self, history: &[Vec<f64>], lags: &[usize]) -> Vec<f64> {
        let mut out: Vec<f64> =
            history.iter().flat_map(|s| lags.iter().map(|lag| s[s.len() - lag])).collect();
        if self.has_constant() {
            out.push(1.0);
        }
        out
    }

    /// Forecasts by step and series, and the regressors of each step. `history` holds at least as many values of each
    /// series as the longest lag; the model has no regressors besides the lags and the constant.
    fn walk(&self, history: &[Vec<f64>], lags: &[usize], steps: usize) -> (Vec<Vec<f64>>, Vec<Vec<f64>>) {
        let mut values = history.to_vec();
        let (mut forecasts, mut regressors) = (Vec::new(), Vec::new());
        for _ in 0..steps {
            let z = self.next_regressors(&values, lags);
            let next = self.b.times_vector(&z);
            values.iter_mut().zip(&next).for_each(|(series, value)| series.push(*value));
            forecasts.push(next);
            regressors.push(z);
        }
        (forecasts, regressors)
    }

    /// Forecasts by step and series from the values before the first of them.
    pub fn forecast(&self, history: &[Vec<f64>], lags: &[usize], steps: usize) -> Vec<Vec<f64>> {
        self.walk(history, lags, steps).0
    }

    /// Values of the series before row `t` of the sample, as far back as the longest lag; `y` holds the series with
    /// the rows that supply lags.
    fn before(&self, y: &[Vec<f64>], t: usize) -> Vec<Vec<f64>> {
        let from = y.first().map_or(0, Vec::len) - self.n;
        y.iter().map(|s| s[t..t + from].to_vec()).collect()
    }

    /// Covariances of the forecast errors by step: those of the future errors, with covariance `sigma`, and those of
    /// the parameters, with covariance `v` (equation by equation), averaged over the forecasts from each row of the
    /// sample. `y` holds the series with the rows that supply lags.
    pub fn forecast_covariances(
        &self,
        y: &[Vec<f64>],
        lags: &[usize],
        sigma: &Mat,
        v: &Mat,
        steps: usize,
    ) -> Vec<Mat> {
        let (m, k) = (sigma.rows(), self.k);
        let phi = responses(&self.lag_matrices(lags), m, steps);
        let mut out = Vec::with_capacity(steps);
        let mut errors = Mat::zeros(m, m);
        for response in &phi[..steps] {
            errors = errors.plus(&response.sandwich(sigma));
            out.push(errors.clone());
        }
        for t in 0..self.n {
            let (_, z) = self.walk(&self.before(y, t), lags, steps);
            // derivatives of the forecast of step h + 1: the response to the parameters at step s is carried on
            for (h, total) in out.iter_mut().enumerate() {
                let derivative = Mat::from_fn(m, m * k, |j, at| {
                    (0..=h).map(|s| phi[h - s][(j, at / k)] * z[s][at % k]).sum()
                });
                *total = total.plus(&derivative.sandwich(v).scaled(1.0 / self.n as f64));
            }
        }
        out
    }
}
