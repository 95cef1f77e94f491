//! What the partial likelihoods of hazards and of subhazards share: sums over risk sets, linear indices, and the search for
//! the maximum.

use super::matrix::Mat;
use super::ml::{Iteration, Limits};

/// Sums over records of risks, and of risks times regressors; of the second moments the lower triangle is filled, and they
/// are empty when they are not asked for.
#[derive(Clone)]
pub(crate) struct Sums {
    pub zero: f64,
    pub first: Vec<f64>,
    pub second: Vec<f64>,
}

impl Sums {
    pub(crate) fn new(k: usize, second: bool) -> Self {
        Self { zero: 0.0, first: vec![0.0; k], second: vec![0.0; if second { k * k } else { 0 }] }
    }

    pub(crate) fn clear(&mut self) {
        self.zero = 0.0;
        self.first.fill(0.0);
        self.second.fill(0.0);
    }

    pub(crate) fn add(&mut self, columns: &[Vec<f64>], i: usize, weight: f64) {
        self.zero += weight;
        let k = columns.len();
        for a in 0..k {
            let left = weight * columns[a][i];
            self.first[a] += left;
            if !self.second.is_empty() {
                for (cell, column) in self.second[a * k..].iter_mut().zip(&columns[..=a]) {
                    *cell += left * column[i];
                }
            }
        }
    }

    pub(crate) fn add_scaled(&mut self, other: &Self, factor: f64) {
        self.zero += factor * other.zero;
        self.first.iter_mut().zip(&other.first).for_each(|(a, b)| *a += factor * b);
        self.second.iter_mut().zip(&other.second).for_each(|(a, b)| *a += factor * b);
    }
}

/// A log likelihood with its derivatives.
pub(crate) struct Point {
    pub ll: f64,
    pub gradient: Vec<f64>,
    pub information: Mat,
}

impl Point {
    pub(crate) fn zero(k: usize) -> Self {
        Self { ll: 0.0, gradient: vec![0.0; k], information: Mat::zeros(k, k) }
    }

    /// Fills the upper triangle of the information with the lower one.
    pub(crate) fn mirror(&mut self) {
        for a in 0..self.gradient.len() {
            for b in 0..a {
                self.information[(b, a)] = self.information[(a, b)];
            }
        }
    }
}

/// Linear indices of `n` records with their offset, the largest of them, and their exponentials relative to it.
pub(crate) fn indices(
    columns: &[Vec<f64>],
    b: &[f64],
    n: usize,
    offset: Option<&[f64]>,
) -> (Vec<f64>, f64, Vec<f64>) {
    let mut eta = offset.map_or_else(|| vec![0.0; n], <[f64]>::to_vec);
    for (column, b) in columns.iter().zip(b) {
        eta.iter_mut().zip(column).for_each(|(e, x)| *e += b * x);
    }
    let top = eta.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let risk = eta.iter().map(|e| (e - top).exp()).collect();
    (eta, top, risk)
}

/// The end of a search.
pub(crate) struct Maximum {
    pub b: Vec<f64>,
    /// Inverse of the information.
    pub v: Mat,
    pub ll: f64,
    /// The search; its first line is the likelihood without regressors.
    pub log: Vec<Iteration>,
    pub converged: bool,
}

/// Maximises by Newton's method with step halving, from zeros; `None` when the information cannot be inverted.
pub(crate) fn maximise(k: usize, limits: Limits, evaluate: impl Fn(&[f64]) -> Point) -> Option<Maximum> {
    let mut b = vec![0.0; k];
    let mut point = evaluate(&b);
    let mut log = vec![Iteration { ll: point.ll, remark: "" }];
    let (mut converged, mut polish) = (k == 0, 0);
    for _ in 0..limits.iterations {
        if k == 0 || polish > 4 {
            break;
        }
        let step = point.information.inverse_definite()?.times_vector(&point.gradient);
        let size: f64 = step.iter().zip(&point.gradient).map(|(s, g)| s * g).sum();
        if converged && size.abs() < 1e-20 * (1.0 + point.ll.abs()) {
            break;
        }
        let mut length = 1.0;
        let (next_b, next) = loop {
            let trial: Vec<f64> = b.iter().zip(&step).map(|(b, s)| b + length * s).collect();
            let at = evaluate(&trial);
            if at.ll.is_finite() && at.ll >= point.ll - 1e-12 * point.ll.abs() {
                break (trial, at);
            }
            length *= 0.5;
            if length < 1e-10 {
                break (b.clone(), evaluate(&b));
            }
        };
        let gained = (next.ll - point.ll).abs() / (point.ll.abs() + 1.0);
        let moved = b.iter().zip(&next_b).map(|(o, n)| (n - o).abs() / (o.abs() + 1.0)).fold(0.0, f64::max);
        (b, point) = (next_b, next);
        if converged {
            polish += 1;
        } else {
            log.push(Iteration { ll: point.ll, remark: if length < 1.0 { "backed up" } else { "" } });
            converged = moved <= limits.tolerance || gained <= limits.likelihood_tolerance;
        }
    }
    let v = if k == 0 { Mat::zeros(0, 0) } else { point.information.inverse_definite()? };
    Some(Maximum { b, v, ll: point.ll, log, converged })
}
