//! Measures of spatial autocorrelation: Moran's I, Geary's c, and the test of residuals (Cliff and Ord 1981, Spatial
//! Processes, 1.5; Kelejian and Prucha 2001, Journal of Econometrics 104: 219-257).

use super::dot;
use crate::matrix::Mat;

/// A measure with its moments when the values are assigned to the units at random.
#[derive(Debug, Clone, Copy)]
pub struct Measure {
    /// The measure.
    pub value: f64,
    /// Its mean without autocorrelation.
    pub mean: f64,
    /// Its standard deviation without autocorrelation.
    pub sd: f64,
}

/// Sums of weights: all of them, half the squares of symmetric pairs, squares of row and column sums together.
fn sums(w: &Mat) -> (f64, f64, f64) {
    let n = w.rows();
    let (mut all, mut pairs, mut squares) = (0.0, 0.0, 0.0);
    let t = w.transpose();
    for i in 0..n {
        let (row, column): (f64, f64) = (w.row(i).iter().sum(), t.row(i).iter().sum());
        all += row;
        squares += (row + column).powi(2);
        pairs += w.row(i).iter().zip(t.row(i)).map(|(a, b)| (a + b).powi(2)).sum::<f64>();
    }
    (all, pairs / 2.0, squares)
}

fn deviations(x: &[f64]) -> Vec<f64> {
    let mean = x.iter().sum::<f64>() / x.len() as f64;
    x.iter().map(|v| v - mean).collect()
}

/// What both measures of a variable are made of.
struct Facts {
    n: f64,
    /// Deviations from the mean, their variance (divisor `n`) and kurtosis.
    z: Vec<f64>,
    m2: f64,
    kurtosis: f64,
    /// The sums of weights.
    s0: f64,
    s1: f64,
    s2: f64,
}

impl Facts {
    /// Nothing for fewer than four values, a constant variable or a matrix of zeros.
    fn of(x: &[f64], w: &Mat) -> Option<Self> {
        let n = x.len() as f64;
        let z = deviations(x);
        let (s0, s1, s2) = sums(w);
        let m2 = dot(&z, &z) / n;
        if n < 4.0 || m2 <= 0.0 || s0 == 0.0 {
            return None;
        }
        let kurtosis = z.iter().map(|v| v.powi(4)).sum::<f64>() / n / (m2 * m2);
        Some(Self { n, z, m2, kurtosis, s0, s1, s2 })
    }
}

/// Moran's I of a variable; nothing for a constant one or a matrix of zeros.
pub fn moran(x: &[f64], w: &Mat) -> Option<Measure> {
    let Facts { n, z, m2, kurtosis, s0, s1, s2 } = Facts::of(x, w)?;
    let value = dot(&z, &w.times_vector(&z)) / (s0 * m2);
    let mean = -1.0 / (n - 1.0);
    let s02 = s0 * s0;
    let first = n * ((n * n - 3.0 * n + 3.0) * s1 - n * s2 + 3.0 * s02);
    let second = kurtosis * ((n * n - n) * s1 - 2.0 * n * s2 + 6.0 * s02);
    let square = (first - second) / ((n - 1.0) * (n - 2.0) * (n - 3.0) * s02);
    Some(Measure { value, mean, sd: (square - mean * mean).sqrt() })
}

/// Geary's c of a variable; nothing for a constant one or a matrix of zeros.
pub fn geary(x: &[f64], w: &Mat) -> Option<Measure> {
    let Facts { n, z, m2, kurtosis, s0, s1, s2 } = Facts::of(x, w)?;
    let mut apart = 0.0;
    for (i, a) in z.iter().enumerate() {
        apart += w.row(i).iter().zip(&z).map(|(w, b)| w * (a - b).powi(2)).sum::<f64>();
    }
    let value = (n - 1.0) * apart / (2.0 * s0 * n * m2);
    let s02 = s0 * s0;
    let first = (n - 1.0) * s1 * (n * n - 3.0 * n + 3.0 - (n - 1.0) * kurtosis);
    let second = (n - 1.0) * s2 * (n * n + 3.0 * n - 6.0 - (n * n - n + 2.0) * kurtosis) / 4.0;
    let third = s02 * (n * n - 3.0 - (n - 1.0).powi(2) * kurtosis);
    let variance = (first - second + third) / (n * (n - 2.0) * (n - 3.0) * s02);
    Some(Measure { value, mean: 1.0, sd: variance.sqrt() })
}

/// The statistic of residuals against lags by several matrices, chi-squared with their number of degrees of freedom:
/// `q' P^-1 q` with `q_r = e'W_r e / s2` and `P_rs = tr((W_r + W_r')(W_s + W_s')) / 2`, `s2 = e'e / n`.
pub fn residual_test(e: &[f64], matrices: &[&Mat]) -> Option<f64> {
    let sigma2 = dot(e, e) / e.len() as f64;
    let q: Vec<f64> = matrices.iter().map(|w| dot(e, &w.times_vector(e)) / sigma2).collect();
    let both: Vec<Mat> = matrices.iter().map(|w| w.plus(&w.transpose())).collect();
    let p = Mat::from_fn(q.len(), q.len(), |r, s| dot(both[r].data(), both[s].data()) / 2.0);
    (sigma2 > 0.0).then_some(())?;
    Some(p.inverse_definite()?.quadratic(&q))
}
