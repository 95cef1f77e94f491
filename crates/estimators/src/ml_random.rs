//! Maximum likelihood with normal random effects of one grouping level, integrated by mean-variance adaptive
//! Gauss-Hermite quadrature ([ME] meglm, Methods and formulas; Naylor and Smith 1982, Applied Statistics 31).
//!
//! The effects of a group are `L z` with standard normal `z`. Parameters: regressors (a constant is a column), the
//! further parameters of the outcome, the logs of the diagonal of `L`, and the free elements below it, row by row.

use super::distributions::LN_SQRT_TWO_PI;
use super::matrix::Mat;
use super::ml_group::{GroupLikelihood, GroupPoint, Grouped, Total};
use super::ml_mixture::{ln_sum, mixture};
use super::quadrature::gauss_hermite;

/// Log likelihood of one outcome given its linear index.
pub trait Outcome {
    /// Number of further parameters, such as cutpoints.
    fn further(&self) -> usize;

    /// Log likelihood of row `row` at `at`, the index followed by the further parameters; fills the gradient and the
    /// Hessian (row-major) in them.
    fn row(&self, row: usize, at: &[f64], gradient: &mut [f64], hessian: &mut [f64]) -> f64;

    /// Log likelihood of row `row` at `at` alone.
    fn value(&self, row: usize, at: &[f64]) -> f64 {
        self.row(row, at, &mut vec![0.0; at.len()], &mut vec![0.0; at.len() * at.len()])
    }
}

/// A model with random effects.
pub struct RandomEffects<'a, O> {
    rows: Grouped<'a>,
    outcome: O,
    /// Columns of the random effects.
    effects: Vec<&'a [f64]>,
    /// Whether the effects are correlated.
    correlated: bool,
    /// Standardised nodes, and the logs of their weights with `exp(x^2)`.
    grid: Vec<(Vec<f64>, f64)>,
    /// Posterior mean and the lower root of the posterior covariance of `z` by group.
    place: Vec<(Vec<f64>, Mat)>,
    /// Columns of the regressors that are not zero in all rows of a group: of many indicators a group has few.
    active: Vec<Vec<usize>>,
}

/// Positions of the free elements of `L`: the diagonal, then those below it.
pub fn elements(effects: usize, correlated: bool) -> Vec<(usize, usize)> {
    let mut out: Vec<(usize, usize)> = (0..effects).map(|i| (i, i)).collect();
    if correlated {
        for i in 1..effects {
            out.extend((0..i).map(|j| (i, j)));
        }
    }
    out
}

/// The root `L` of the covariance of the effects at its parameters.
pub fn root(theta: &[f64], effects: usize, correlated: bool) -> Mat {
    let mut out = Mat::zeros(effects, effects);
    for (value, (i, j)) in theta.iter().zip(elements(effects, correlated)) {
        out[(i, j)] = if i == j { value.exp() } else { *value };
    }
    out
}

impl<'a, O: Outcome> RandomEffects<'a, O> {
    /// A model; `effects` are the columns of the random effects, `points` the nodes in each dimension.
    pub fn new(
        rows: Grouped<'a>,
        outcome: O,
        effects: Vec<&'a [f64]>,
        correlated: bool,
        points: usize,
    ) -> Self {
        let (nodes, weights) = gauss_hermite(points);
        let q = effects.len();
        let mut grid: Vec<(Vec<f64>, f64)> = vec![(Vec::new(), 0.0)];
        for _ in 0..q {
            let longer = |(at, log): &(Vec<f64>, f64)| -> Vec<(Vec<f64>, f64)> {
                let step = |(x, w): (&f64, &f64)| {
                    let mut next = at.clone();
                    next.push(*x);
                    (next, log + w.ln() + x * x)
                };
                nodes.iter().zip(&weights).map(step).collect()
            };
            grid = grid.iter().flat_map(longer).collect();
        }
        let place = vec![(vec![0.0; q], Mat::identity(q)); rows.rows.len()];
        let used = |own: &Vec<usize>| -> Vec<usize> {
            let some = |j: &usize| own.iter().any(|row| rows.columns[*j][*row] != 0.0);
            (0..rows.columns.len()).filter(some).collect()
        };
        let active = rows.rows.iter().map(used).collect();
        Self { rows, outcome, effects, correlated, grid, place, active }
    }

    /// Number of parameters of the covariance of the effects.
    pub fn spread(&self) -> usize {
        elements(self.effects.len(), self.correlated).len()
    }

    /// Posterior means of the effects by group, at parameters to which the quadrature has been adapted.
    pub fn posterior(&self, b: &[f64]) -> Vec<Vec<f64>> {
        let root = self.root(b);
        self.place.iter().map(|(mean, _)| root.times_vector(mean)).collect()
    }

    fn root(&self, b: &[f64]) -> Mat {
        root(&b[b.len() - self.spread()..], self.effects.len(), self.correlated)
    }

    /// Nodes of a group: `z` and the log of its weight with the density of `z`.
    fn nodes(&self, group: usize) -> Vec<(Vec<f64>, f64)> {
        let (mean, scale) = &self.place[group];
        let q = mean.len();
        let ln_det: f64 = (0..q).map(|i| scale[(i, i)].ln()).sum();
        let place = |(x, log): &(Vec<f64>, f64)| {
            let moved = scale.times_vector(x);
            let z: Vec<f64> =
                mean.iter().zip(&moved).map(|(m, s)| m + std::f64::consts::SQRT_2 * s).collect();
            let size: f64 = z.iter().map(|v| v * v).sum();
            let density = -0.5 * size - q as f64 * LN_SQRT_TWO_PI;
            (z, log + 0.5 * q as f64 * std::f64::consts::LN_2 + ln_det + density)
        };
        self.grid.iter().map(place).collect()
    }

    /// Fixed parts of the indices of a group's rows, and the columns of its effects multiplied by the root.
    fn indices(&self, group: usize, b: &[f64]) -> (Vec<f64>, Vec<Vec<f64>>) {
        let root = self.root(b);
        let rows = &self.rows.rows[group];
        let offset = |r: usize| self.rows.offset.map_or(0.0, |o| o[r]);
        let index =
            |r: usize| self.active[group].iter().map(|j| self.rows.columns[*j][r] * b[*j]).sum::<f64>();
        let fixed = rows.iter().map(|r| index(*r) + offset(*r)).collect();
        let by_z = |r: &usize| -> Vec<f64> {
            let w: Vec<f64> = self.effects.iter().map(|c| c[*r]).collect();
            (0..w.len()).map(|k| (k..w.len()).map(|j| w[j] * root[(j, k)]).sum()).collect()
        };
        (fixed, rows.iter().map(by_z).collect())
    }

    /// Nodes with the logs of their contributions.
    fn contributions(&self, group: usize, b: &[f64]) -> Vec<(Vec<f64>, f64)> {
        let (fixed, by_z) = self.indices(group, b);
        let k = self.rows.columns.len();
        let m = 1 + self.outcome.further();
        let mut at = vec![0.0; m];
        at[1..].copy_from_slice(&b[k..k + m - 1]);
        let rows = &self.rows.rows[group];
        self.nodes(group)
            .into_iter()
            .map(|(z, log)| {
                let mut total = log;
                for (i, row) in rows.iter().enumerate() {
                    at[0] = fixed[i] + by_z[i].iter().zip(&z).map(|(w, z)| w * z).sum::<f64>();
                    total += self.outcome.value(*row, &at);
                }
                (z, total)
            })
            .collect()
    }

    /// Posterior mean and root of the posterior covariance from weighted nodes.
    fn moments(parts: &[(Vec<f64>, f64)], q: usize) -> Option<(Vec<f64>, Mat)> {
        let total = ln_sum(parts.iter().map(|p| p.1));
        let mut mean = vec![0.0; q];
        for (z, log) in parts {
            let share = (log - total).exp();
            mean.iter_mut().zip(z).for_each(|(m, z)| *m += share * z);
        }
        let mut covariance = Mat::zeros(q, q);
        for (z, log) in parts {
            let share = (log - total).exp();
            for i in 0..q {
                for j in 0..q {
                    covariance[(i, j)] += share * (z[i] - mean[i]) * (z[j] - mean[j]);
                }
            }
        }
        let finite = mean.iter().chain(covariance.data()).all(|v| v.is_finite());
        for i in 0..q {
            covariance[(i, i)] = covariance[(i, i)].max(1e-24);
        }
        covariance.cholesky().filter(|_| finite).map(|root| (mean, root))
    }
}

impl<O: Outcome> GroupLikelihood for RandomEffects<'_, O> {
    fn parameters(&self) -> usize {
        self.rows.columns.len() + self.outcome.further() + self.spread()
    }

    fn groups(&self) -> usize {
        self.rows.rows.len()
    }

    fn adapt(&mut self, b: &[f64]) {
        let q = self.effects.len();
        for group in 0..self.place.len() {
            self.place[group] = (vec![0.0; q], Mat::identity(q));
            for _ in 0..50 {
                let Some(next) = Self::moments(&self.contributions(group, b), q) else { break };
                let old = std::mem::replace(&mut self.place[group], next);
                let now = &self.place[group];
                let moved = |a: &[f64], b: &[f64]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-10);
                if moved(&old.0, &now.0) && moved(old.1.data(), now.1.data()) {
                    break;
                }
            }
        }
    }

    fn group(&self, group: usize, b: &[f64]) -> GroupPoint {
        let (own, places) = self.own(group, b);
        let size = b.len();
        let mut out = GroupPoint { ll: own.ll, gradient: vec![0.0; size], hessian: Mat::zeros(size, size) };
        for (a, at) in places.iter().enumerate() {
            out.gradient[*at] = own.gradient[a];
            for (c, other) in places.iter().enumerate() {
                out.hessian[(*at, *other)] = own.hessian[(a, c)];
            }
        }
        out
    }

    fn add(&self, group: usize, b: &[f64], sample: &mut Total) -> f64 {
        let (own, places) = self.own(group, b);
        sample.add(&own, &places);
        own.ll
    }
}

impl<O: Outcome> RandomEffects<'_, O> {
    /// The likelihood of a group with its derivatives in the parameters that it depends on, and their places.
    fn own(&self, group: usize, b: &[f64]) -> (GroupPoint, Vec<usize>) {
        let (fixed, by_z) = self.indices(group, b);
        let (active, rows) = (&self.active[group], &self.rows.rows[group]);
        let (all, further) = (self.rows.columns.len(), self.outcome.further());
        let places: Vec<usize> = active.iter().copied().chain(all..b.len()).collect();
        let (k, m, size) = (active.len(), 1 + further, places.len());
        let mut at = vec![0.0; m];
        at[1..].copy_from_slice(&b[all..all + further]);
        let (mut g, mut h) = (vec![0.0; m], vec![0.0; m * m]);
        let mut parts = Vec::with_capacity(self.grid.len());
        // second derivatives in the index, by node and row: those in the regressors follow from their means over the nodes
        let mut curvature = Vec::with_capacity(self.grid.len());
        let mut slope = vec![0.0; size];
        for (z, log) in self.nodes(group) {
            let (mut ll, mut gradient, mut hessian) = (log, vec![0.0; size], Mat::zeros(size, size));
            let mut curves = Vec::with_capacity(rows.len());
            for (i, row) in rows.iter().enumerate() {
                at[0] = fixed[i] + by_z[i].iter().zip(&z).map(|(w, z)| w * z).sum::<f64>();
                ll += self.outcome.row(*row, &at, &mut g, &mut h);
                active.iter().enumerate().for_each(|(a, j)| slope[a] = self.rows.columns[*j][*row]);
                self.of_effects(*row, &z, b, &mut slope[k + further..]);
                self.in_index((&g, &h), &slope, k, &mut gradient, &mut hessian);
                further_derivatives((&g, &h), &slope, k, &mut gradient, &mut hessian);
                curves.push(h[0]);
            }
            curvature.push((ll, curves));
            parts.push((ll, gradient, hessian));
        }
        let mut out = mixture(&parts, size);
        for (i, row) in rows.iter().enumerate() {
            let mean: f64 = curvature.iter().map(|(ll, curves)| (ll - out.ll).exp() * curves[i]).sum();
            for (a, first) in active.iter().enumerate() {
                let x = mean * self.rows.columns[*first][*row];
                for (c, second) in active.iter().enumerate() {
                    out.hessian[(a, c)] += x * self.rows.columns[*second][*row];
                }
            }
        }
        (out, places)
    }

    /// Derivatives of the index of a row in the parameters of the effects.
    fn of_effects(&self, row: usize, z: &[f64], b: &[f64], out: &mut [f64]) {
        let first = b.len() - out.len();
        for (e, (r, c)) in elements(self.effects.len(), self.correlated).into_iter().enumerate() {
            // the diagonal is in logs
            let scale = if r == c { b[first + e].exp() } else { 1.0 };
            out[e] = self.effects[r][row] * z[c] * scale;
        }
    }

    /// Adds the derivatives of a row through its index: the second ones where a parameter of the effects takes part, whose
    /// second derivative of the index is not zero on the diagonal.
    fn in_index(
        &self,
        (g, h): (&[f64], &[f64]),
        slope: &[f64],
        k: usize,
        gradient: &mut [f64],
        hessian: &mut Mat,
    ) {
        let first = k + self.outcome.further();
        for (a, own) in slope.iter().enumerate() {
            gradient[a] += g[0] * own;
        }
        for (a, own) in slope.iter().enumerate().skip(first) {
            for c in (0..k).chain(first..=a) {
                hessian[(a, c)] += h[0] * own * slope[c];
            }
        }
        for (a, own) in slope.iter().enumerate().skip(first).take(self.effects.len()) {
            hessian[(a, a)] += g[0] * own;
        }
    }
}

/// Adds the derivatives of a row in the further parameters of its outcome, which stand after `k` regressors; few of many
/// cutpoints are next to its category.
fn further_derivatives(
    (g, h): (&[f64], &[f64]),
    slope: &[f64],
    k: usize,
    gradient: &mut [f64],
    hessian: &mut Mat,
) {
    let m = g.len();
    let further = m - 1;
    let matters = |p: &usize| g[1 + p] != 0.0 || h[1 + p] != 0.0 || h[(1 + p) * m + 1 + p] != 0.0;
    for p in (0..further).filter(matters) {
        gradient[k + p] += g[1 + p];
        for (a, own) in slope.iter().enumerate().take(k) {
            hessian[(k + p, a)] += h[1 + p] * own;
        }
        for (a, own) in slope.iter().enumerate().skip(k + further) {
            hessian[(a, k + p)] += h[1 + p] * own;
        }
        for q in 0..=p {
            hessian[(k + p, k + q)] += h[(1 + p) * m + 1 + q];
        }
    }
}
