//! Observed and expected information of one pattern. A derivative of the implied covariances by a cell is `v w' + w v'`, so
//! that every term is a sum of outer products and no matrix is multiplied for each parameter.

use super::implied::{Implied, Slope};
use super::likelihood::{Stage, dot};
use super::{Cell, Means};
use crate::matrix::Mat;

/// `sum_i left_i right_i'`, of which single elements are read.
type Outer = Vec<(Vec<f64>, Vec<f64>)>;

fn element(sum: &Outer, row: usize, column: usize) -> f64 {
    sum.iter().map(|(left, right)| left[row] * right[column]).sum()
}

/// Matrices of a pattern that all cells share.
struct Shared<'a> {
    implied: &'a Implied,
    stage: &'a Stage,
    transposed: Mat,
    weight: Mat,
    /// `A' u`.
    reach: Vec<f64>,
}

/// Derivatives of the gradient by one cell.
struct Turn {
    path: Outer,
    covariance: Outer,
    /// Of `A' u`.
    reach: Vec<f64>,
    /// Of `u`.
    distance: Vec<f64>,
    /// Of the implied means.
    mean: Option<Vec<f64>>,
}

fn minus(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(x, y)| x - y).collect()
}

impl Shared<'_> {
    fn turn(&self, cell: Cell, slope: Slope) -> Turn {
        let Slope { v, w, mean } = slope;
        let (k, g, u) = (&self.stage.inverse, &self.stage.moments, &self.stage.distance);
        let (kv, kw, gv, gw) =
            (k.times_vector(&v), k.times_vector(&w), g.times_vector(&v), g.times_vector(&w));
        let of_mean = mean.as_ref().map(|m| k.times_vector(m));
        // the derivative of W = K - K T K is the sum of x y' + y x' over these pairs
        let mut pairs = vec![(kv.clone(), minus(&gw, &kw)), (kw.clone(), gv)];
        pairs.extend(of_mean.clone().map(|m| (m, u.clone())));
        let (by_w, by_v) = (dot(&w, u), dot(&v, u));
        let distance: Vec<f64> = (0..u.len())
            .map(|i| -of_mean.as_ref().map_or(0.0, |m| m[i]) - kv[i] * by_w - kw[i] * by_v)
            .collect();
        let mut reach = self.transposed.times_vector(&distance);
        let project = |x: &[f64]| self.transposed.times_vector(x);
        let spread = |x: &[f64]| self.implied.sigma.times_vector(x);
        let (wv, ww) = (self.weight.times_vector(&v), self.weight.times_vector(&w));
        let (awv, aww) = (project(&wv), project(&ww));
        let (mut path, mut covariance): (Outer, Outer) = (Vec::new(), Vec::new());
        for (x, y) in &pairs {
            let (ax, ay) = (project(x), project(y));
            path.push((ax.clone(), spread(y)));
            path.push((ay.clone(), spread(x)));
            covariance.push((ax.clone(), ay.clone()));
            covariance.push((ay, ax));
        }
        if let Cell::Path { from, .. } = cell {
            // the path also changes (I - B)^-1
            let row = self.implied.total.row(from).to_vec();
            reach.iter_mut().zip(&row).for_each(|(r, a)| *r += a * by_v);
            path.push((row.clone(), spread(&wv)));
            covariance.push((row.clone(), awv.clone()));
            covariance.push((awv.clone(), row));
        }
        path.push((awv, w));
        path.push((aww, v));
        Turn { path, covariance, reach, distance, mean }
    }
}

/// Adds the observed information of a pattern.
pub(super) fn observed(
    means: Means,
    implied: &Implied,
    stage: &Stage,
    free: &[(Cell, usize)],
    out: &mut Mat,
) {
    let transposed = implied.total.transpose();
    let reach = transposed.times_vector(&stage.distance);
    let weight = stage.inverse.minus(&stage.moments);
    let shared = Shared { implied, stage, transposed, weight, reach };
    for (cell, j) in free {
        let turn = shared.turn(*cell, implied.slope(*cell, means));
        for (other, i) in free {
            let change = match *other {
                Cell::Path { to, from } => {
                    let moved = match means {
                        Means::Cells => {
                            turn.reach[to] * implied.mean[from]
                                + shared.reach[to] * turn.mean.as_ref().map_or(0.0, |m| m[from])
                        }
                        _ => 0.0,
                    };
                    moved - element(&turn.path, to, from)
                }
                Cell::Covariance(r, c) if r == c => -0.5 * element(&turn.covariance, r, r),
                Cell::Covariance(r, c) => -element(&turn.covariance, r, c),
                Cell::Mean(r) if means == Means::Cells => turn.reach[r],
                Cell::Mean(r) => turn.distance[r],
            };
            out[(*i, *j)] -= stage.weight * change;
        }
    }
}

/// Adds the expected information of a pattern.
pub(super) fn expected(
    means: Means,
    implied: &Implied,
    stage: &Stage,
    free: &[(Cell, usize)],
    out: &mut Mat,
) {
    let k = &stage.inverse;
    let slopes: Vec<Slope> = free.iter().map(|(cell, _)| implied.slope(*cell, means)).collect();
    let times = |x: &Vec<f64>| k.times_vector(x);
    let weighted: Vec<Slope> = slopes
        .iter()
        .map(|s| Slope { v: times(&s.v), w: times(&s.w), mean: s.mean.as_ref().map(times) })
        .collect();
    for (a, slope) in slopes.iter().enumerate() {
        for (b, other) in weighted.iter().enumerate() {
            let (v, w) = (&slope.v, &slope.w);
            let trace = dot(w, &other.v) * dot(v, &other.w) + dot(w, &other.w) * dot(v, &other.v);
            let means = match (&slope.mean, &other.mean) {
                (Some(m), Some(k)) => dot(m, k),
                _ => 0.0,
            };
            out[(free[a].1, free[b].1)] += stage.weight * (trace + means);
        }
    }
}
