//! Autocovariances that the parameters of an ARMA process imply, and their standard errors by the delta method
//! ([TS] estat acplot, Methods and formulas; Hamilton 1994, Time Series Analysis, chapter 3).

use super::arima::{Arima, start};
use super::matrix::Mat;

/// Autocovariances of the errors of a model from lag 0 on; nothing outside the stationary region.
pub fn autocovariances(model: &Arima<'_>, b: &[f64], lags: usize) -> Option<Vec<f64>> {
    let (ar, ma) = model.polynomials(b);
    if !super::arima::stationary(&ar) {
        return None;
    }
    let sigma = b.last()?;
    let m = ar.len().max(ma.len() + 1);
    let phi: Vec<f64> = (0..m).map(|j| ar.get(j).copied().unwrap_or(0.0)).collect();
    let r: Vec<f64> =
        (0..m).map(|j| if j == 0 { 1.0 } else { ma.get(j - 1).copied().unwrap_or(0.0) }).collect();
    let p = start(&phi, &r)?;
    // covariances of the state so many periods later with the error
    let mut state: Vec<f64> = (0..m).map(|i| p[i * m]).collect();
    let mut out = Vec::with_capacity(lags + 1);
    for _ in 0..=lags {
        out.push(sigma * sigma * state[0]);
        let first = state[0];
        state = (0..m).map(|i| phi[i] * first + state.get(i + 1).copied().unwrap_or(0.0)).collect();
    }
    Some(out)
}

/// Autocovariances, or autocorrelations, at lags 1 to `lags` (autocovariances from lag 0 on) with their standard errors.
pub fn with_errors(
    model: &Arima<'_>,
    b: &[f64],
    v: &Mat,
    lags: usize,
    covariances: bool,
) -> Option<Vec<(f64, f64)>> {
    let at = |b: &[f64]| {
        let all = autocovariances(model, b, lags)?;
        let first = all[0];
        Some(if covariances { all } else { all[1..].iter().map(|c| c / first).collect() })
    };
    let values = at(b)?;
    let mut slopes = Mat::zeros(values.len(), b.len());
    for j in model.x.len()..b.len() {
        // next to the border of the stationary region there is less room
        let (h, around) = [1e-3, 1e-4, 1e-5, 1e-6].into_iter().find_map(|shrink| {
            let h = shrink * (1.0 + b[j].abs());
            let moved = |step: f64| {
                let mut b = b.to_vec();
                b[j] += step;
                at(&b)
            };
            Some((h, [moved(-2.0 * h)?, moved(-h)?, moved(h)?, moved(2.0 * h)?]))
        })?;
        let [p, q, r, s] = around;
        for i in 0..values.len() {
            slopes[(i, j)] = (p[i] - 8.0 * q[i] + 8.0 * r[i] - s[i]) / (12.0 * h);
        }
    }
    let variances = slopes.sandwich(v);
    Some(
        values.into_iter().enumerate().map(|(i, value)| (value, variances[(i, i)].max(0.0).sqrt())).collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arima::Factor;

    fn model(ar: usize, ma: usize) -> Arima<'static> {
        let factor = Factor { season: 1, ar: (1..=ar).collect(), ma: (1..=ma).collect() };
        Arima { y: &[], x: Vec::new(), factors: vec![factor], conditional: false }
    }

    /// `rho_k = phi^k` with the slope `k phi^(k-1)`; the variance is `sigma^2 / (1 - phi^2)`.
    #[test]
    fn an_autoregression_has_its_closed_form() {
        let v = Mat::from_fn(2, 2, |i, j| if i == j { [0.01, 0.04][i] } else { 0.003 });
        let found = with_errors(&model(1, 0), &[0.6, 1.5], &v, 4, false).expect("stationary");
        for (k, (value, error)) in found.iter().enumerate() {
            let k = k as i32 + 1;
            assert!((value - 0.6_f64.powi(k)).abs() < 1e-14);
            assert!((error - f64::from(k) * 0.6_f64.powi(k - 1) * 0.1).abs() < 1e-9, "{k} {error}");
        }
        let found = with_errors(&model(1, 0), &[0.6, 1.5], &v, 1, true).expect("stationary");
        let (by_phi, by_sigma) = (2.0 * 0.6 * 2.25 / (0.64 * 0.64), 3.0 / 0.64);
        let variance = by_phi * by_phi * 0.01 + by_sigma * by_sigma * 0.04 + 2.0 * by_phi * by_sigma * 0.003;
        assert!((found[0].0 - 2.25 / 0.64).abs() < 1e-12 && (found[0].1 - f64::sqrt(variance)).abs() < 1e-7);
    }

    /// An ARMA(1,1) by the formulas of Hamilton (1994), section 3.6.
    #[test]
    fn a_mixed_process_has_its_closed_form() {
        let (phi, theta, s2) = (0.7, -0.4, 4.0);
        let found = autocovariances(&model(1, 1), &[phi, theta, 2.0], 3).expect("stationary");
        let zero = s2 * (1.0 + 2.0 * phi * theta + theta * theta) / (1.0 - phi * phi);
        let one = phi * zero + s2 * theta;
        for (found, expected) in found.iter().zip([zero, one, phi * one, phi * phi * one]) {
            assert!((found - expected).abs() < 1e-12);
        }
    }
}
