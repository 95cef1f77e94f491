//! Linear regression with regressors that are measured with error of known reliability ([R] eivreg, Methods and
//! formulas).

use super::matrix::Mat;
use super::real::stable_sum;

/// A fitted regression; the constant comes last.
pub struct Fit {
    /// Coefficients.
    pub b: Vec<f64>,
    /// Their covariance, `s^2 A^-1 X'X A^-1`.
    pub v: Mat,
    /// Residual sum of squares `y'y - b'Ab`.
    pub rss: f64,
    /// Total sum of squares, around the mean.
    pub tss: f64,
}

/// Fits `A b = X'y` with `A = X'X - S`, `S` diagonal with `N (1 - reliability) variance` of each regressor, divisor N.
/// `weights` sum to the number of observations. Nothing when the reliabilities are too small for the data (`A` is not
/// positive definite, or the residual variance is not positive).
pub fn fit(y: &[f64], columns: &[&[f64]], reliability: &[f64], weights: Option<&[f64]>) -> Option<Fit> {
    let rows = y.len();
    let weight = |i: usize| weights.map_or(1.0, |w| w[i]);
    let n = stable_sum((0..rows).map(weight));
    let k = columns.len() + 1;
    let mean = |c: &[f64]| stable_sum((0..rows).map(|i| weight(i) * c[i])) / n;
    let means: Vec<f64> = columns.iter().map(|c| mean(c)).collect();
    let middle = mean(y);
    // deviations from the means: the constant follows from them
    let product = |a: &[f64], am: f64, b: &[f64], bm: f64| {
        stable_sum((0..rows).map(|i| weight(i) * (a[i] - am) * (b[i] - bm)))
    };
    let cross = Mat::from_fn(k - 1, k - 1, |i, j| product(columns[i], means[i], columns[j], means[j]));
    let with_y: Vec<f64> = (0..k - 1).map(|i| product(columns[i], means[i], y, middle)).collect();
    let corrected =
        Mat::from_fn(
            k - 1,
            k - 1,
            |i, j| {
                if i == j { cross[(i, i)] * reliability[i] } else { cross[(i, j)] }
            },
        );
    let inverse = corrected.inverse_definite()?;
    let slopes = inverse.times_vector(&with_y);
    let tss = product(y, middle, y, middle);
    let rss = tss - slopes.iter().zip(&with_y).map(|(b, c)| b * c).sum::<f64>();
    let df = n - k as f64;
    if rss <= 0.0 || df <= 0.0 {
        return None;
    }
    let s2 = rss / df;
    let inner = inverse.sandwich(&cross).scaled(s2);
    // back to raw regressors: constant = mean(y) - b'mean(x), whose own variance is s^2/N
    let back = Mat::from_fn(k, k - 1, |i, j| match i {
        _ if i == j => 1.0,
        _ if i == k - 1 => -means[j],
        _ => 0.0,
    });
    let mut v = back.times(&inner).times(&back.transpose());
    v[(k - 1, k - 1)] += s2 / n;
    let mut b = slopes;
    b.push(middle - b.iter().zip(&means).map(|(b, m)| b * m).sum::<f64>());
    Some(Fit { b, v, rss, tss })
}
