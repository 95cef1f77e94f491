//! Likelihoods that are sums of likelihoods, over the nodes of a quadrature or over classes.

use super::matrix::Mat;
use super::ml_group::GroupPoint;

/// `ln sum exp`.
pub(crate) fn ln_sum(values: impl Iterator<Item = f64> + Clone) -> f64 {
    let top = values.clone().fold(f64::NEG_INFINITY, f64::max);
    top + values.map(|v| (v - top).exp()).sum::<f64>().ln()
}

/// Log likelihood and derivatives of a sum of likelihoods, over nodes or classes, from those of their logarithms; only the lower
/// triangles of the Hessians are read.
pub(crate) fn mixture(parts: &[(f64, Vec<f64>, Mat)], size: usize) -> GroupPoint {
    let total = ln_sum(parts.iter().map(|p| p.0));
    let mut out = GroupPoint { ll: total, gradient: vec![0.0; size], hessian: Mat::zeros(size, size) };
    for (ll, g, h) in parts {
        let share = (ll - total).exp();
        for a in 0..size {
            out.gradient[a] += share * g[a];
            for c in 0..=a {
                out.hessian[(a, c)] += share * (h[(a, c)] + g[a] * g[c]);
            }
        }
    }
    for a in 0..size {
        for c in 0..=a {
            let value = out.hessian[(a, c)] - out.gradient[a] * out.gradient[c];
            out.hessian[(a, c)] = value;
            out.hessian[(c, a)] = value;
        }
    }
    out
}
