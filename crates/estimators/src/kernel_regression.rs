//! Local constant and local linear regression on continuous and discrete regressors, by products of kernels. The choice of
//! the bandwidths is in `kernel_bandwidth`.
//!
//! # Source
//! Li and Racine (2007), Nonparametric Econometrics, chapters 2 and 4; Racine and Li (2004) for discrete regressors;
//! [R] npregress kernel.

use super::matrix::Mat;
use super::quantile_variance::Kernel;

/// How the outcome is approximated near a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Local {
    /// By a constant (Nadaraya and Watson).
    Constant,
    /// By a plane.
    Linear,
}

/// Kernel of discrete regressors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DiscreteKernel {
    /// 1 for equal levels, the bandwidth (0 to 1) for others (Li and Racine).
    LiRacine,
    /// 1 for equal levels, 0 for others.
    CellProbability,
}

/// Bandwidths: one for each regressor.
#[derive(Debug, Clone, PartialEq)]
pub struct Widths {
    /// Of the continuous regressors, positive.
    pub continuous: Vec<f64>,
    /// Of the discrete regressors, 0 to 1.
    pub discrete: Vec<f64>,
}

/// Data with the kernels.
#[derive(Debug, Clone)]
pub struct KernelRegression {
    /// Outcome of n observations.
    pub y: Vec<f64>,
    /// Continuous regressors, one column of n values each.
    pub continuous: Vec<Vec<f64>>,
    /// Discrete regressors.
    pub discrete: Vec<Vec<f64>>,
    /// How often each observation counts; empty for once.
    pub counts: Vec<f64>,
    /// Kernel of the continuous regressors.
    pub kernel: Kernel,
    /// Kernel of the discrete regressors.
    pub discrete_kernel: DiscreteKernel,
    /// Local constant or local linear.
    pub local: Local,
}

/// The fit at a point.
#[derive(Debug, Clone)]
pub struct PointFit {
    /// Conditional mean.
    pub mean: f64,
    /// The same less the mean of the outcome, with all its digits where the outcome is far from zero.
    pub deviation: f64,
    /// Its derivatives in the continuous regressors.
    pub gradient: Vec<f64>,
    /// Weight in the mean of one observation at the point itself.
    pub own: f64,
}

/// Cross products are singular where a pivot falls below this share of its diagonal element.
const SINGULAR: f64 = 1e-11;

/// The observations near a point.
struct Near {
    /// Positions.
    at: Vec<usize>,
    /// Weights with counts.
    weight: Vec<f64>,
    /// Distances in bandwidths, `at.len()` times the number of continuous regressors.
    distance: Vec<f64>,
}

impl KernelRegression {
    /// Number of observations, with counts.
    pub fn total(&self) -> f64 {
        if self.counts.is_empty() { self.y.len() as f64 } else { self.counts.iter().sum() }
    }

    /// How often an observation counts.
    pub fn count(&self, row: usize) -> f64 {
        self.counts.get(row).copied().unwrap_or(1.0)
    }

    /// Mean of the outcome.
    pub fn centre(&self) -> f64 {
        (0..self.y.len()).map(|i| self.count(i) * self.y[i]).sum::<f64>() / self.total()
    }

    /// Values of the regressors of an observation.
    pub fn point(&self, row: usize) -> (Vec<f64>, Vec<f64>) {
        let of = |columns: &[Vec<f64>]| columns.iter().map(|c| c[row]).collect();
        (of(&self.continuous), of(&self.discrete))
    }

    fn discrete_weight(&self, widths: &Widths, z: &[f64], row: usize) -> f64 {
        let mut weight = 1.0;
        for ((column, value), width) in self.discrete.iter().zip(z).zip(&widths.discrete) {
            if column[row] != *value {
                match self.discrete_kernel {
                    DiscreteKernel::LiRacine => weight *= width,
                    DiscreteKernel::CellProbability => return 0.0,
                }
            }
        }
        weight
    }

    /// Observations with weight at a point; `left` counts once less.
    fn near(&self, widths: &Widths, x: &[f64], z: &[f64], left: Option<usize>) -> Near {
        let mut out = Near { at: Vec::new(), weight: Vec::new(), distance: Vec::new() };
        let mut distance = vec![0.0; x.len()];
        for row in 0..self.y.len() {
            let mut weight = self.count(row) - f64::from(u8::from(left == Some(row)));
            for (k, cell) in distance.iter_mut().enumerate() {
                if weight == 0.0 {
                    break;
                }
                *cell = (self.continuous[k][row] - x[k]) / widths.continuous[k];
                weight *= self.kernel.at(*cell);
            }
            if weight > 0.0 {
                weight *= self.discrete_weight(widths, z, row);
            }
            if weight > 0.0 {
                out.at.push(row);
                out.weight.push(weight);
                out.distance.extend_from_slice(&distance);
            }
        }
        out
    }

    /// Coefficients of weighted least squares of the outcome, less `centre`, on `basis` of the distances, and the weight of
    /// a unit observation at the point in the first of them. Nothing where the cross products are singular.
    fn solve(
        &self,
        near: &Near,
        centre: f64,
        size: usize,
        basis: impl Fn(&[f64], &mut [f64]),
    ) -> Option<(Vec<f64>, f64)> {
        let q = self.continuous.len();
        let (mut cross, mut right) = (Mat::zeros(size, size), vec![0.0; size]);
        let mut row = vec![0.0; size];
        for (i, (at, weight)) in near.at.iter().zip(&near.weight).enumerate() {
            basis(&near.distance[i * q..(i + 1) * q], &mut row);
            for a in 0..size {
                let weighted = weight * row[a];
                right[a] += weighted * (self.y[*at] - centre);
                for b in 0..=a {
                    cross[(a, b)] += weighted * row[b];
                }
            }
        }
        let factor = factored(&cross)?;
        let mut first = vec![0.0; size];
        first[0] = 1.0;
        substitute(&factor, &mut right);
        substitute(&factor, &mut first);
        Some((right, first[0]))
    }

    /// The fit at a point; `centre` is the mean of the outcome. Nothing where it is not identified.
    pub fn at(&self, widths: &Widths, centre: f64, x: &[f64], z: &[f64]) -> Option<PointFit> {
        self.fit(widths, centre, x, z, None)
    }

    /// The mean at an observation from the others, less that of the outcome.
    pub fn without(&self, widths: &Widths, centre: f64, row: usize) -> Option<f64> {
        let (x, z) = self.point(row);
        self.fit(widths, centre, &x, &z, Some(row)).map(|f| f.deviation)
    }

    fn fit(
        &self,
        widths: &Widths,
        centre: f64,
        x: &[f64],
        z: &[f64],
        left: Option<usize>,
    ) -> Option<PointFit> {
        let near = self.near(widths, x, z, left);
        let q = x.len();
        let size = if self.local == Local::Linear { q + 1 } else { 1 };
        let (b, unit) = self.solve(&near, centre, size, |v, row| {
            row[0] = 1.0;
            row[1..].iter_mut().zip(v).for_each(|(cell, v)| *cell = *v);
        })?;
        let own = unit * self.kernel.at(0.0).powi(q as i32);
        let gradient = match self.local {
            Local::Linear => b[1..].iter().zip(&widths.continuous).map(|(b, h)| b / h).collect(),
            Local::Constant => self.constant_gradient(widths, &near, [centre, b[0]], unit),
        };
        Some(PointFit { mean: centre + b[0], deviation: b[0], gradient, own })
    }

    /// Derivatives of the local constant mean, given as the sum of two parts: those of the kernels are `-K'(v)/h`.
    fn constant_gradient(&self, widths: &Widths, near: &Near, mean: [f64; 2], unit: f64) -> Vec<f64> {
        let q = self.continuous.len();
        (0..q)
            .map(|k| {
                let terms = near.at.iter().zip(&near.weight).enumerate().map(|(i, (row, weight))| {
                    let v = near.distance[i * q + k];
                    -weight * slope(self.kernel, v) / self.kernel.at(v) * (self.y[*row] - mean[0] - mean[1])
                });
                unit * terms.sum::<f64>() / widths.continuous[k]
            })
            .collect()
    }

    /// The derivatives at a point of a local polynomial of the third degree with all its products.
    pub fn cubic_gradient(&self, widths: &Widths, centre: f64, x: &[f64], z: &[f64]) -> Option<Vec<f64>> {
        let q = x.len();
        let size = cubic_size(q);
        let near = self.near(widths, x, z, None);
        let (b, _) = self.solve(&near, centre, size, cubic)?;
        Some(b[1..=q].iter().zip(&widths.continuous).map(|(b, h)| b / h).collect())
    }
}

/// Number of monomials up to the third degree in `q` variables.
fn cubic_size(q: usize) -> usize {
    (q + 1) * (q + 2) * (q + 3) / 6
}

/// The monomials: constant, variables, products of two, products of three.
fn cubic(v: &[f64], row: &mut [f64]) {
    row[0] = 1.0;
    let mut place = 1;
    for a in v {
        row[place] = *a;
        place += 1;
    }
    for (i, a) in v.iter().enumerate() {
        for (j, b) in v.iter().enumerate().skip(i) {
            row[place] = a * b;
            place += 1;
            for c in &v[j..] {
                row[place] = a * b * c;
                place += 1;
            }
        }
    }
}

/// Derivative of a kernel; zero where it has a corner.
fn slope(kernel: Kernel, u: f64) -> f64 {
    let a = u.abs();
    match kernel {
        Kernel::Epanechnikov => -0.3 * u / 5f64.sqrt(),
        Kernel::Epan2 => -1.5 * u,
        Kernel::Biweight => -3.75 * u * (1.0 - u * u),
        Kernel::Cosine => -2.0 * std::f64::consts::PI * (2.0 * std::f64::consts::PI * u).sin(),
        Kernel::Gaussian => -u * kernel.at(u),
        Kernel::Parzen if a <= 0.5 => -16.0 * u + 24.0 * u * a,
        Kernel::Parzen => -8.0 * u.signum() * (1.0 - a).powi(2),
        Kernel::Rectangle => 0.0,
        Kernel::Triangle if u == 0.0 => 0.0,
        Kernel::Triangle => -u.signum(),
    }
}

/// Lower factor of Cholesky of a matrix of which only the lower half is filled; nothing where it is singular.
fn factored(cross: &Mat) -> Option<Mat> {
    let size = cross.rows();
    let mut out = Mat::zeros(size, size);
    for a in 0..size {
        for b in 0..=a {
            let sum: f64 = (0..b).map(|c| out[(a, c)] * out[(b, c)]).sum();
            let rest = cross[(a, b)] - sum;
            if a == b {
                if !(rest > SINGULAR * cross[(a, a)] && rest > 0.0) {
                    return None;
                }
                out[(a, a)] = rest.sqrt();
            } else {
                out[(a, b)] = rest / out[(b, b)];
            }
        }
    }
    Some(out)
}

/// Solves with a factor of [`factored`] in place.
fn substitute(factor: &Mat, right: &mut [f64]) {
    let size = right.len();
    for a in 0..size {
        let sum: f64 = (0..a).map(|c| factor[(a, c)] * right[c]).sum();
        right[a] = (right[a] - sum) / factor[(a, a)];
    }
    for a in (0..size).rev() {
        let sum: f64 = (a + 1..size).map(|c| factor[(c, a)] * right[c]).sum();
        right[a] = (right[a] - sum) / factor[(a, a)];
    }
}
