//! Filters that split a series into trend and cycle. Formulas: [TS] tsfilter hp, bk, cf; Hodrick and Prescott (1997),
//! Baxter and King (1999), Christiano and Fitzgerald (2003).

use crate::missing::MISSING;
use std::f64::consts::PI;

/// Trend of Hodrick and Prescott: solves `(I + lambda D'D) trend = x`, D the second differences.
pub fn hodrick_prescott(x: &[f64], lambda: f64) -> Vec<f64> {
    let n = x.len();
    if n < 3 {
        return x.to_vec();
    }
    // bands of the symmetric matrix: diagonal, first and second one above it
    let mut band = vec![[1.0, 0.0, 0.0]; n];
    for t in 0..n - 2 {
        for (i, j, v) in [(0, 0, 1.0), (0, 1, -2.0), (0, 2, 1.0), (1, 1, 4.0), (1, 2, -2.0), (2, 2, 1.0)] {
            band[t + i][j - i] += lambda * v;
        }
    }
    // LDL' within the bands; after it a row holds d and the two multipliers below the diagonal
    for t in 0..n {
        let [d, first, second] = band[t];
        if t + 1 < n {
            band[t + 1][0] -= first * first / d;
            band[t + 1][1] -= first * second / d;
        }
        if t + 2 < n {
            band[t + 2][0] -= second * second / d;
        }
        band[t] = [d, first / d, second / d];
    }
    let mut out = x.to_vec();
    for t in 0..n {
        let here = out[t];
        if t + 1 < n {
            out[t + 1] -= band[t][1] * here;
        }
        if t + 2 < n {
            out[t + 2] -= band[t][2] * here;
        }
    }
    for t in (0..n).rev() {
        out[t] /= band[t][0];
        if t + 1 < n {
            out[t] -= band[t][1] * out[t + 1];
        }
        if t + 2 < n {
            out[t] -= band[t][2] * out[t + 2];
        }
    }
    out
}

/// Weight of the ideal band-pass filter at a lag for frequencies between `low` and `high` (radians).
fn ideal(lag: usize, low: f64, high: f64) -> f64 {
    if lag == 0 {
        (high - low) / PI
    } else {
        let j = lag as f64;
        ((j * high).sin() - (j * low).sin()) / (PI * j)
    }
}

/// Cycle of Baxter and King with `order` values on each side, missing at the ends. The weights add to zero, which takes
/// out a trend, unless the series is `stationary`.
pub fn baxter_king(x: &[f64], shortest: f64, longest: f64, order: usize, stationary: bool) -> Vec<f64> {
    let (low, high) = (2.0 * PI / longest, 2.0 * PI / shortest);
    let mut weights: Vec<f64> = (0..=order).map(|j| ideal(j, low, high)).collect();
    let sum = weights[0] + 2.0 * weights[1..].iter().sum::<f64>();
    let shift = if stationary { 0.0 } else { sum / (2 * order + 1) as f64 };
    weights.iter_mut().for_each(|w| *w -= shift);
    symmetric(x, &weights)
}

/// Cycle of Christiano and Fitzgerald with `order` values on each side, missing at the ends: the last weights take what
/// the others leave out of zero.
pub fn christiano_fitzgerald_fixed(
    x: &[f64],
    shortest: f64,
    longest: f64,
    order: usize,
    drift: bool,
) -> Vec<f64> {
    let (low, high) = (2.0 * PI / longest, 2.0 * PI / shortest);
    let mut weights: Vec<f64> = (0..=order).map(|j| ideal(j, low, high)).collect();
    weights[order] = -0.5 * (weights[0] + 2.0 * weights[1..order].iter().sum::<f64>());
    let n = x.len();
    let growth = if drift && n > 1 { (x[n - 1] - x[0]) / (n - 1) as f64 } else { 0.0 };
    let y: Vec<f64> = x.iter().enumerate().map(|(t, v)| v - growth * t as f64).collect();
    symmetric(&y, &weights)
}

/// Cycle of the Butterworth high-pass filter of an order that keeps cycles shorter than `longest`: with `D` the
/// differences of that order and `M` the autocovariances of `(1 + z)^order`, `k D' (M + k D D')^-1 D x`, where
/// `k = tan(pi / longest)^(-2 order)` (Pollock 2000, Journal of Econometrics 99).
pub fn butterworth(x: &[f64], longest: f64, order: usize) -> Option<Vec<f64>> {
    let n = x.len();
    if n <= order {
        return None;
    }
    let k = (PI / longest).tan().powi(-2 * order as i32);
    // coefficients of (1 - z)^order and of (1 + z)^order
    let mut minus = vec![1.0];
    let mut plus = vec![1.0];
    for _ in 0..order {
        for (polynomial, sign) in [(&mut minus, -1.0), (&mut plus, 1.0)] {
            let before = polynomial.clone();
            polynomial.push(0.0);
            before.iter().enumerate().for_each(|(i, c)| polynomial[i + 1] += sign * c);
        }
    }
    let lagged = |c: &[f64], lag: usize| c[lag..].iter().zip(c).map(|(a, b)| a * b).sum::<f64>();
    let band: Vec<f64> = (0..=order).map(|lag| lagged(&plus, lag) + k * lagged(&minus, lag)).collect();
    let differences: Vec<f64> =
        (order..n).map(|t| minus.iter().enumerate().map(|(j, c)| c * x[t - j]).sum()).collect();
    let solved = solve_band(&band, differences)?;
    let rows = solved.len();
    let cycle = (0..n).map(|t| {
        let own = (0..=order).filter(|j| t + j >= order && t + j - order < rows);
        k * own.map(|j| minus[j] * solved[t + j - order]).sum::<f64>()
    });
    Some(cycle.collect())
}

/// Solves the equations of a symmetric Toeplitz matrix of few diagonals (`band`, the main one first) by Cholesky's
/// decomposition; nothing where it is not positive definite.
fn solve_band(band: &[f64], mut right: Vec<f64>) -> Option<Vec<f64>> {
    let (n, width) = (right.len(), band.len() - 1);
    // row i has its elements at the distances 0 ... width before the diagonal
    let mut lower = vec![vec![0.0; width + 1]; n];
    for i in 0..n {
        for distance in (0..=width.min(i)).rev() {
            let j = i - distance;
            let from = i.saturating_sub(width).max(j.saturating_sub(width));
            let sum: f64 = (from..j).map(|m| lower[i][i - m] * lower[j][j - m]).sum();
            let value = band[distance] - sum;
            lower[i][distance] = if distance > 0 {
                value / lower[j][0]
            } else if value > 0.0 {
                value.sqrt()
            } else {
                return None;
            };
        }
    }
    for i in 0..n {
        let sum: f64 = (i.saturating_sub(width)..i).map(|m| lower[i][i - m] * right[m]).sum();
        right[i] = (right[i] - sum) / lower[i][0];
    }
    for i in (0..n).rev() {
        let sum: f64 = (i + 1..(i + width + 1).min(n)).map(|m| lower[m][m - i] * right[m]).sum();
        right[i] = (right[i] - sum) / lower[i][0];
    }
    Some(right)
}

/// A moving average with the same weights on both sides, missing at the ends.
fn symmetric(x: &[f64], weights: &[f64]) -> Vec<f64> {
    let (n, order) = (x.len(), weights.len() - 1);
    (0..n)
        .map(|t| {
            if t < order || t + order >= n {
                return MISSING;
            }
            weights[0] * x[t] + (1..=order).map(|j| weights[j] * (x[t - j] + x[t + j])).sum::<f64>()
        })
        .collect()
}

/// Cycle of Christiano and Fitzgerald: the asymmetric filter that is best for a random walk; `drift` takes the mean
/// growth out first.
pub fn christiano_fitzgerald(x: &[f64], shortest: f64, longest: f64, drift: bool) -> Vec<f64> {
    let (low, high) = (2.0 * PI / longest, 2.0 * PI / shortest);
    let n = x.len();
    let growth = if drift && n > 1 { (x[n - 1] - x[0]) / (n - 1) as f64 } else { 0.0 };
    let y: Vec<f64> = x.iter().enumerate().map(|(t, v)| v - growth * t as f64).collect();
    let b: Vec<f64> = (0..n).map(|j| ideal(j, low, high)).collect();
    let mut sums = vec![0.0; n + 1];
    for j in 1..n {
        sums[j + 1] = sums[j] + b[j];
    }
    // weights of the ends take what the finite sum leaves out, so that all weights add to zero on each side
    (0..n)
        .map(|t| {
            if n == 1 {
                return 0.0;
            }
            let ahead = n - 1 - t;
            let end = |k: usize| -b[0] / 2.0 - sums[k.max(1)];
            let mut value = b[0] * y[t];
            value += (1..ahead).map(|j| b[j] * y[t + j]).sum::<f64>();
            value += (1..t).map(|j| b[j] * y[t - j]).sum::<f64>();
            match (t, ahead) {
                (0, _) => b[0] / 2.0 * y[0] + value - b[0] * y[0] + end(ahead) * y[n - 1],
                (_, 0) => b[0] / 2.0 * y[t] + value - b[0] * y[t] + end(t) * y[0],
                _ => value + end(ahead) * y[n - 1] + end(t) * y[0],
            }
        })
        .collect()
}
