//! Correlations of the normal variables behind ordered categories, in two steps: thresholds from the margins, then the
//! correlation by maximum likelihood (Olsson 1979, Psychometrika 44; Olsson, Drasgow and Dorans 1982, Psychometrika 47).

use super::binormal::binormal;
use super::distributions::{normal, normal_quantile};

/// A correlation with its standard error, both from the likelihood with the thresholds held.
#[derive(Debug, Clone, Copy)]
pub struct Correlation {
    /// The correlation.
    pub rho: f64,
    /// Its standard error.
    pub se: f64,
    /// The log likelihood.
    pub ll: f64,
    /// The log likelihood without correlation.
    pub ll_0: f64,
}

/// Largest correlation that is looked at.
const LIMIT: f64 = 0.9999;

/// The maximum of a likelihood in the correlation: golden sections, then Newton steps on numerical derivatives.
fn maximise(ll: impl Fn(f64) -> f64) -> Correlation {
    let golden = (5.0_f64.sqrt() - 1.0) / 2.0;
    let (mut a, mut b) = (-LIMIT, LIMIT);
    let (mut c, mut d) = (b - golden * (b - a), a + golden * (b - a));
    let (mut fc, mut fd) = (ll(c), ll(d));
    while b - a > 1e-6 {
        if fc > fd {
            (b, d, fd) = (d, c, fc);
            c = b - golden * (b - a);
            fc = ll(c);
        } else {
            (a, c, fc) = (c, d, fd);
            d = a + golden * (b - a);
            fd = ll(d);
        }
    }
    let mut rho = (a + b) / 2.0;
    let curvature = |rho: f64| {
        let h = 1e-3_f64.min((1.0 - rho.abs()) / 4.0);
        let f = [-2.0, -1.0, 0.0, 1.0, 2.0].map(|k| ll(rho + k * h));
        let first = (f[0] - 8.0 * f[1] + 8.0 * f[3] - f[4]) / (12.0 * h);
        let second = (-f[0] + 16.0 * f[1] - 30.0 * f[2] + 16.0 * f[3] - f[4]) / (12.0 * h * h);
        (first, second)
    };
    for _ in 0..4 {
        let (first, second) = curvature(rho);
        if second >= 0.0 {
            break;
        }
        rho = (rho - first / second).clamp(-LIMIT, LIMIT);
    }
    let second = curvature(rho).1;
    let se = if second < 0.0 { (-1.0 / second).sqrt() } else { f64::NAN };
    Correlation { rho, se, ll: ll(rho), ll_0: ll(0.0) }
}

/// Thresholds of categories by their weights, from minus to plus infinity.
fn thresholds(weights: &[f64]) -> Vec<f64> {
    let total: f64 = weights.iter().sum();
    let mut sum = 0.0;
    let mut out = vec![f64::NEG_INFINITY];
    for w in &weights[..weights.len() - 1] {
        sum += w;
        out.push(normal_quantile(sum / total));
    }
    out.push(f64::INFINITY);
    out
}

/// Probability below both limits.
fn below(a: f64, b: f64, rho: f64) -> f64 {
    match (a, b) {
        (a, b) if a == f64::NEG_INFINITY || b == f64::NEG_INFINITY => 0.0,
        (a, b) if a == f64::INFINITY => normal(b),
        (a, b) if b == f64::INFINITY => normal(a),
        (a, b) => binormal(a, b, rho),
    }
}

/// The correlation behind a table of two ordered variables.
pub fn polychoric(table: &[Vec<f64>]) -> Correlation {
    let rows: Vec<f64> = table.iter().map(|r| r.iter().sum()).collect();
    let columns: Vec<f64> = (0..table[0].len()).map(|j| table.iter().map(|r| r[j]).sum()).collect();
    let (a, b) = (thresholds(&rows), thresholds(&columns));
    maximise(|rho| {
        let corner: Vec<Vec<f64>> =
            a.iter().map(|x| b.iter().map(|y| below(*x, *y, rho)).collect()).collect();
        let mut ll = 0.0;
        for (i, row) in table.iter().enumerate() {
            for (j, n) in row.iter().enumerate().filter(|(_, n)| **n > 0.0) {
                let p = corner[i + 1][j + 1] - corner[i][j + 1] - corner[i + 1][j] + corner[i][j];
                ll += n * p.max(1e-300).ln();
            }
        }
        ll
    })
}

/// The correlation of a standardised variable and the one behind ordered categories (numbered from zero).
pub fn polyserial(z: &[f64], category: &[usize], weights: &[f64]) -> Correlation {
    let count = category.iter().max().map_or(1, |k| k + 1);
    let mut margin = vec![0.0; count];
    category.iter().zip(weights).for_each(|(k, w)| margin[*k] += w);
    let cut = thresholds(&margin);
    maximise(|rho| {
        let scale = (1.0 - rho * rho).sqrt();
        z.iter()
            .zip(category)
            .zip(weights)
            .map(|((z, k), w)| {
                let at = |t: f64| {
                    if t.is_finite() { normal((t - rho * z) / scale) } else { f64::from(u8::from(t > 0.0)) }
                };
                w * (at(cut[k + 1]) - at(cut[*k])).max(1e-300).ln()
            })
            .sum()
    })
}
