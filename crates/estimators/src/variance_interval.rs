//! Limits of a variance that hold for distributions that are not normal. Formulas: Bonett (2006), Approximate confidence
//! interval for standard deviation of nonnormal distributions, Computational Statistics & Data Analysis 50; [R] ci.

use crate::distributions::normal_quantile;
use crate::real::stable_sum;

/// Kurtosis of counted values around their trimmed mean, from which 1 / (2 sqrt(n - 4)) of the values at either end are
/// left out; nothing below five values.
pub fn trimmed_kurtosis(values: &[(f64, f64)]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    let n = stable_sum(sorted.iter().map(|v| v.1));
    if n <= 4.0 {
        return None;
    }
    let cut = (n * 0.5 / (n - 4.0).sqrt()).floor().min(((n - 1.0) / 2.0).floor());
    let mut below = 0.0_f64;
    let mut kept = Vec::with_capacity(sorted.len());
    for (x, count) in &sorted {
        let (from, to) = (below.max(cut), (below + count).min(n - cut));
        kept.push((*x, (to - from).max(0.0)));
        below += count;
    }
    let middle = stable_sum(kept.iter().map(|k| k.0 * k.1)) / (n - 2.0 * cut);
    let mean = stable_sum(sorted.iter().map(|v| v.0 * v.1)) / n;
    let power = |centre: f64, k: i32| stable_sum(sorted.iter().map(|v| v.1 * (v.0 - centre).powi(k)));
    Some(n * power(middle, 4) / power(mean, 2).powi(2))
}

/// Limits of a variance from its estimate and the kurtosis at a level in percent.
pub fn bonett(n: f64, variance: f64, kurtosis: f64, level: f64) -> (f64, f64) {
    let z = normal_quantile(0.5 + level / 200.0);
    let scale = n / (n - z);
    let se = scale * ((kurtosis - (n - 3.0) / n) / (n - 1.0)).max(0.0).sqrt();
    (scale * variance * (-z * se).exp(), scale * variance * (z * se).exp())
}
