//! Tests of normality: Shapiro and Wilk, Shapiro and Francia, skewness and kurtosis.
//! Formulas: Royston (1992, 1993, 1995 algorithm AS R94), D'Agostino, Belanger and D'Agostino (1990), Royston (1991).

use super::distributions::{chi2_tail, normal_quantile, normal_tail, normal_two_sided};
use super::means::ranks;
use super::real::stable_sum;

/// A statistic of the Shapiro family with its normal approximation.
#[derive(Debug, Clone, Copy)]
pub struct Shapiro {
    /// Number of values.
    pub n: f64,
    /// W (or W' of Shapiro and Francia).
    pub w: f64,
    /// V: the departure from normality; its median is one under normality (Royston 1991).
    pub v: f64,
    /// Approximate standard normal statistic.
    pub z: f64,
    /// `P(Z > z)`.
    pub p: f64,
}

/// Polynomial with coefficients from the constant upwards.
fn polynomial(coefficients: &[f64], x: f64) -> f64 {
    coefficients.iter().rev().fold(0.0, |sum, c| sum * x + c)
}

/// Blom's approximate normal scores `Phi^-1((rank - 3/8) / (n + 1/4))`; equal values have their average rank with `ties`.
fn scores(sorted: &[f64], ties: bool) -> Vec<f64> {
    let n = sorted.len() as f64;
    let ranks = if ties { ranks(sorted) } else { (1..=sorted.len()).map(|i| i as f64).collect() };
    ranks.into_iter().map(|rank| normal_quantile((rank - 0.375) / (n + 0.25))).collect()
}

/// Squared correlation of sorted values with weights (whose mean is zero unless ties were averaged).
fn squared_correlation(sorted: &[f64], weights: &[f64]) -> f64 {
    let n = sorted.len() as f64;
    let mean = stable_sum(sorted.iter().copied()) / n;
    let cross = stable_sum(sorted.iter().zip(weights).map(|(x, a)| (x - mean) * a));
    let xx = stable_sum(sorted.iter().map(|x| (x - mean).powi(2)));
    let centre = stable_sum(weights.iter().copied()) / n;
    let aa = stable_sum(weights.iter().map(|a| (a - centre).powi(2)));
    // 1 - W is what the approximation needs; the values must not exceed one by rounding.
    (cross * cross / (xx * aa)).min(1.0)
}

/// Shapiro and Wilk's W of sorted values (4 to 2,000 of them), Royston's weights and normal approximation.
/// With `ties` equal values share their average rank, as `swilk` does unless told otherwise.
pub fn shapiro_wilk(sorted: &[f64], ties: bool) -> Shapiro {
    const FIRST: [f64; 6] = [0.0, 0.221_157, -0.147_981, -2.071_190, 4.434_685, -2.706_056];
    const SECOND: [f64; 6] = [0.0, 0.042_981, -0.293_762, -1.752_461, 5.682_633, -3.582_633];
    let size = sorted.len();
    let n = size as f64;
    let m = scores(sorted, ties);
    let squares = stable_sum(m.iter().map(|v| v * v));
    let root = 1.0 / n.sqrt();
    let last = polynomial(&FIRST, root) + m[size - 1] / squares.sqrt();
    let mut a = vec![0.0; size];
    let inner = if size > 5 {
        let next = polynomial(&SECOND, root) + m[size - 2] / squares.sqrt();
        a[size - 2] = next;
        a[1] = -next;
        let rest = squares - 2.0 * m[size - 1].powi(2) - 2.0 * m[size - 2].powi(2);
        (2, (rest / (1.0 - 2.0 * last * last - 2.0 * next * next)).sqrt())
    } else {
        (1, ((squares - 2.0 * m[size - 1].powi(2)) / (1.0 - 2.0 * last * last)).sqrt())
    };
    a[size - 1] = last;
    a[0] = -last;
    (inner.0..size - inner.0).for_each(|i| a[i] = m[i] / inner.1);
    let w = squared_correlation(sorted, &a);
    let gap = 1.0 - w;
    let ln = n.ln();
    let (v, z) = if size <= 11 {
        let gamma = 0.459 * n - 2.273;
        let mean = polynomial(&[0.5440, -0.399_78, 0.025_054, -0.000_671_4], n);
        let sd = polynomial(&[1.3822, -0.778_57, 0.062_767, -0.002_032_2], n).exp();
        // W so far from one that the logarithm has no argument is as far from normal as can be measured.
        let y = if gap.ln() < gamma { -(gamma - gap.ln()).ln() } else { f64::INFINITY };
        ((gap.ln() - (gamma - (-mean).exp())).exp(), (y - mean) / sd)
    } else {
        let mean = polynomial(&[-1.5861, -0.310_82, -0.083_751, 0.003_891_5], ln);
        let sd = polynomial(&[-0.4803, -0.082_676, 0.003_030_2], ln).exp();
        ((gap.ln() - mean).exp(), (gap.ln() - mean) / sd)
    };
    Shapiro { n, w, v, z, p: normal_tail(z) }
}

/// Shapiro and Francia's W' of sorted values (5 to 5,000 of them), Royston (1993); `ties` as for [`shapiro_wilk`].
pub fn shapiro_francia(sorted: &[f64], ties: bool) -> Shapiro {
    let n = sorted.len() as f64;
    let w = squared_correlation(sorted, &scores(sorted, ties));
    let u = n.ln();
    let v = u.ln();
    let mean = -1.2725 + 1.0521 * (v - u);
    let sd = 1.0308 - 0.267_58 * (v + 2.0 / u);
    let gap = (1.0 - w).ln() - mean;
    Shapiro { n, w, v: gap.exp(), z: gap / sd, p: normal_tail(gap / sd) }
}

/// Skewness and kurtosis test.
#[derive(Debug, Clone, Copy)]
pub struct SkewKurtosis {
    /// Number of values.
    pub n: f64,
    /// p-value of the skewness.
    pub p_skewness: f64,
    /// p-value of the kurtosis.
    pub p_kurtosis: f64,
    /// Joint chi-squared with two degrees of freedom.
    pub chi2: f64,
    /// Its p-value.
    pub p: f64,
}

/// Test of skewness and kurtosis (at least eight values); `adjust` applies Royston's (1991) correction of the joint test.
pub fn skewness_kurtosis(values: &[f64], adjust: bool) -> SkewKurtosis {
    let n = values.len() as f64;
    let mean = stable_sum(values.iter().copied()) / n;
    let moment = |k: i32| stable_sum(values.iter().map(|x| (x - mean).powi(k))) / n;
    let m2 = moment(2);
    let (skewness, kurtosis) = (moment(3) / m2.powf(1.5), moment(4) / (m2 * m2));
    let (z1, z2) = (skewness_score(skewness, n), kurtosis_score(kurtosis, n));
    let joint = z1 * z1 + z2 * z2;
    let plain = chi2_tail(2.0, joint);
    let p = if adjust { adjusted(joint, n) } else { plain };
    SkewKurtosis {
        n,
        p_skewness: normal_two_sided(z1),
        p_kurtosis: normal_two_sided(z2),
        chi2: if adjust { -2.0 * p.ln() } else { joint },
        p,
    }
}

/// D'Agostino's (1970) normal score of a skewness.
fn skewness_score(skewness: f64, n: f64) -> f64 {
    let y = skewness * ((n + 1.0) * (n + 3.0) / (6.0 * (n - 2.0))).sqrt();
    let b2 = 3.0 * (n * n + 27.0 * n - 70.0) * (n + 1.0) * (n + 3.0)
        / ((n - 2.0) * (n + 5.0) * (n + 7.0) * (n + 9.0));
    let w2 = -1.0 + (2.0 * (b2 - 1.0)).sqrt();
    let delta = 1.0 / (0.5 * w2.ln()).sqrt();
    let alpha = (2.0 / (w2 - 1.0)).sqrt();
    delta * (y / alpha).asinh()
}

/// Anscombe and Glynn's (1983) normal score of a kurtosis.
fn kurtosis_score(kurtosis: f64, n: f64) -> f64 {
    let mean = 3.0 * (n - 1.0) / (n + 1.0);
    let variance = 24.0 * n * (n - 2.0) * (n - 3.0) / ((n + 1.0).powi(2) * (n + 3.0) * (n + 5.0));
    let x = (kurtosis - mean) / variance.sqrt();
    let beta = 6.0 * (n * n - 5.0 * n + 2.0) / ((n + 7.0) * (n + 9.0))
        * (6.0 * (n + 3.0) * (n + 5.0) / (n * (n - 2.0) * (n - 3.0))).sqrt();
    let a = 6.0 + 8.0 / beta * (2.0 / beta + (1.0 + 4.0 / (beta * beta)).sqrt());
    let inner = (1.0 - 2.0 / a) / (1.0 + x * (2.0 / (a - 4.0)).sqrt());
    (1.0 - 2.0 / (9.0 * a) - inner.cbrt()) / (2.0 / (9.0 * a)).sqrt()
}

/// p-value of the joint statistic by Royston's (1991) empirical correction ([R] sktest, Methods and formulas).
fn adjusted(joint: f64, n: f64) -> f64 {
    let ln = n.ln();
    let z = -normal_quantile((-joint / 2.0).exp());
    let turn = 0.55 * n.powf(0.2) - 0.21;
    let a1 = (-5.0 + 3.46 * ln) * (-1.37 * ln).exp();
    let b1 = 1.0 + (0.854 - 0.148 * ln) * (-0.55 * ln).exp();
    let bend = 2.13 / (1.0 - 2.37 * ln);
    let corrected = if z < -1.0 {
        z
    } else if z < turn {
        a1 + b1 * z
    } else {
        a1 - bend * turn + (b1 + bend) * z
    };
    normal_tail(corrected)
}
