//! Degrees of freedom of tests of fixed effects in linear mixed models by restricted maximum likelihood: Satterthwaite's
//! (for several rows Fai and Cornelius 1996) and those of Kenward and Roger (1997) with their covariance.
//! The parameters are the variances and covariances themselves, in which the covariance of the outcome is linear.

use super::matrix::Mat;
use super::mixed::{Effects, Form};

/// Rows of a group of the highest level above which its covariance matrix is not made.
pub const LARGEST_GROUP: usize = 1500;

/// What is known of a fitted model.
pub struct Fitted<'a> {
    /// Outcome.
    pub y: &'a [f64],
    /// Columns of the fixed effects.
    pub x: &'a [&'a [f64]],
    /// Random effects by level, the higher first.
    pub effects: &'a [Effects<'a>],
    /// Roots of the covariances of the effects of each level.
    pub roots: &'a [Mat],
    /// Which variance parameters of [`super::mixed::Mixed`] are not at zero.
    pub free: &'a [bool],
    /// Residual variance.
    pub s2: f64,
}

/// Statistics of the variance parameters that the tests need.
pub struct SmallSample {
    /// `R^-1` of `X = Q R`: all matrices belong to the columns of `Q`.
    back: Mat,
    /// `(X'V^-1 X)^-1`.
    phi: Mat,
    /// `-X'V^-1 V_r V^-1 X` of each parameter.
    p: Vec<Mat>,
    /// `X'V^-1 V_r V^-1 V_s V^-1 X`, parameter by parameter.
    q: Vec<Mat>,
    /// Covariance of the parameters.
    w: Mat,
}

/// A variance or covariance: a level and two of its columns, or all columns of a block with one variance.
enum Parameter {
    Pair(usize, usize, usize),
    Same(usize, std::ops::Range<usize>),
    Residual,
}

/// The parameters that are not at zero, in the order of the kernel.
fn parameters(fitted: &Fitted<'_>) -> Vec<Parameter> {
    let mut out = Vec::new();
    let mut at = 0;
    let mut next = || {
        at += 1;
        fitted.free.get(at - 1).copied().unwrap_or(true)
    };
    for (level, effects) in fitted.effects.iter().enumerate() {
        let mut from = 0;
        for block in effects.blocks {
            let columns = from..from + block.effects;
            if block.form == Form::Identity {
                if block.effects > 0 && next() {
                    out.push(Parameter::Same(level, columns.clone()));
                }
            } else {
                out.extend(columns.clone().filter(|_| next()).map(|i| Parameter::Pair(level, i, i)));
            }
            if block.form == Form::Unstructured {
                let pairs = columns.clone().flat_map(|i| (i + 1..columns.end).map(move |j| (i, j)));
                out.extend(pairs.filter(|_| next()).map(|(i, j)| Parameter::Pair(level, i, j)));
            }
            from = columns.end;
        }
    }
    out.push(Parameter::Residual);
    out
}

/// Rows of a group of the highest level, with the group of each level that every row belongs to.
struct Rows<'a> {
    rows: &'a [usize],
    of_row: &'a [Vec<usize>],
}

impl Rows<'_> {
    fn together(&self, level: usize, a: usize, b: usize) -> bool {
        self.of_row[level][self.rows[a]] == self.of_row[level][self.rows[b]]
    }

    /// The derivative of the covariance of the rows by a parameter.
    fn derivative(&self, fitted: &Fitted<'_>, parameter: &Parameter) -> Mat {
        let n = self.rows.len();
        let z = |level: usize, column: usize, a: usize| fitted.effects[level].z[column][self.rows[a]];
        Mat::from_fn(n, n, |a, b| match parameter {
            Parameter::Residual => f64::from(u8::from(a == b)),
            Parameter::Pair(level, ..) | Parameter::Same(level, _) if !self.together(*level, a, b) => 0.0,
            Parameter::Pair(level, i, j) if i == j => z(*level, *i, a) * z(*level, *i, b),
            Parameter::Pair(level, i, j) => {
                z(*level, *i, a) * z(*level, *j, b) + z(*level, *j, a) * z(*level, *i, b)
            }
            Parameter::Same(level, columns) => {
                columns.clone().map(|i| z(*level, i, a) * z(*level, i, b)).sum()
            }
        })
    }

    /// The covariance of the rows.
    fn covariance(&self, fitted: &Fitted<'_>) -> Mat {
        let n = self.rows.len();
        let mut v = Mat::identity(n).scaled(fitted.s2);
        for (level, (effects, root)) in fitted.effects.iter().zip(fitted.roots).enumerate() {
            let z = Mat::from_fn(n, effects.z.len(), |a, i| effects.z[i][self.rows[a]]);
            let own = z.times(root);
            let shared = own.times(&own.transpose());
            v = v.plus(&Mat::from_fn(
                n,
                n,
                |a, b| {
                    if self.together(level, a, b) { shared[(a, b)] } else { 0.0 }
                },
            ));
        }
        v
    }
}

fn trace_of_product(a: &Mat, b: &Mat) -> f64 {
    (0..a.rows()).map(|i| (0..a.cols()).map(|j| a[(i, j)] * b[(j, i)]).sum::<f64>()).sum()
}

/// For each level the group of every row.
fn groups_of_rows(fitted: &Fitted<'_>) -> Vec<Vec<usize>> {
    let of_level = |effects: &Effects<'_>| {
        let mut out = vec![0; fitted.y.len()];
        for (at, rows) in effects.rows.iter().enumerate() {
            rows.iter().for_each(|row| out[*row] = at);
        }
        out
    };
    fitted.effects.iter().map(of_level).collect()
}

/// Products of a group: `V^-1 X`, `V^-1`, and `V^-1 V_r` of each parameter.
struct Products {
    vx: Mat,
    inverse: Mat,
    ratios: Vec<Mat>,
}

impl SmallSample {
    /// From the expected information of the restricted likelihood, or from the observed one.
    ///
    /// Nothing where a group has more than [`LARGEST_GROUP`] rows or a matrix is singular.
    pub fn of(fitted: &Fitted<'_>, expected: bool) -> Option<Self> {
        let effects = &fitted.effects[0];
        if effects.rows.iter().any(|rows| rows.len() > LARGEST_GROUP) {
            return None;
        }
        let (basis, triangle) = Mat::from_fn(fitted.y.len(), fitted.x.len(), |i, j| fitted.x[j][i]).thin_qr();
        let every: Vec<usize> = (0..fitted.x.len()).collect();
        let parameters = parameters(fitted);
        let k = parameters.len();
        let of_row = groups_of_rows(fitted);
        let size = fitted.x.len();
        let mut xvx = Mat::zeros(size, size);
        let mut xvy = vec![0.0; size];
        let mut p = vec![Mat::zeros(size, size); k];
        let mut q = vec![Mat::zeros(size, size); k * k];
        let mut traces = Mat::zeros(k, k);
        let mut kept = Vec::new();
        for rows in effects.rows {
            let own = Rows { rows, of_row: &of_row };
            let inverse = own.covariance(fitted).inverse_definite()?;
            let x = basis.select(rows, &every);
            let vx = inverse.times(&x);
            let ratios: Vec<Mat> =
                parameters.iter().map(|part| inverse.times(&own.derivative(fitted, part))).collect();
            xvx = xvx.plus(&vx.transpose().times(&x));
            let y: Vec<f64> = rows.iter().map(|i| fitted.y[*i]).collect();
            let part = vx.transpose().times_vector(&y);
            xvy.iter_mut().zip(&part).for_each(|(sum, add)| *sum += add);
            let turned: Vec<Mat> = ratios.iter().map(|r| r.times(&vx)).collect();
            for r in 0..k {
                p[r] = p[r].minus(&x.transpose().times(&turned[r]));
                for s in 0..k {
                    // X'V^-1 V_r (V^-1 V_s V^-1 X)
                    let left = ratios[r].transpose().times(&x);
                    q[r * k + s] = q[r * k + s].plus(&left.transpose().times(&turned[s]));
                    traces[(r, s)] += trace_of_product(&ratios[r], &ratios[s]);
                }
            }
            kept.push(Products { vx, inverse, ratios });
        }
        let phi = xvx.inverse_definite()?;
        let b = phi.times_vector(&xvy);
        let projected = Mat::from_fn(k, k, |r, s| {
            traces[(r, s)] - 2.0 * trace_of_product(&phi, &q[r * k + s])
                + trace_of_product(&phi.times(&p[r]), &phi.times(&p[s]))
        });
        let information = if expected {
            projected.scaled(0.5)
        } else {
            curvature(fitted, &basis, &b, &phi, &kept).minus(&projected.scaled(0.5))
        };
        let w = information.symmetrised().inverse()?;
        Some(Self { back: triangle.inverse_upper(), phi, p, q, w })
    }

    /// Rows of a test in the columns of `Q`.
    fn turned(&self, rows: &Mat) -> Mat {
        rows.times(&self.back)
    }

    /// Degrees of freedom of one row `l` (in the columns of `Q`): `2 (l'Phi l)^2 / var(l'Phi l)`.
    fn of_row(&self, row: &[f64]) -> f64 {
        let along = self.phi.times_vector(row);
        let variance: f64 = row.iter().zip(&along).map(|(a, b)| a * b).sum();
        // the derivative of Phi is -Phi P_r Phi
        let slopes: Vec<f64> = self.p.iter().map(|p| -p.quadratic(&along)).collect();
        2.0 * variance * variance / self.w.quadratic(&slopes)
    }

    /// Satterthwaite's denominator degrees of freedom of the test that all rows are zero (rows by fixed effects).
    /// For several rows they are those of an F whose mean is the mean of the squared t of independent rows.
    pub fn satterthwaite(&self, rows: &Mat) -> Option<f64> {
        let rows = self.turned(rows);
        if rows.rows() == 1 {
            return Some(self.of_row(rows.row(0)));
        }
        let (values, vectors) = rows.sandwich(&self.phi).symmetric_eigen();
        let top = values.iter().fold(0.0_f64, |m, v| m.max(*v));
        let independent: Vec<usize> = (0..values.len()).filter(|i| values[*i] > 1e-10 * top).collect();
        let every: Vec<usize> = (0..values.len()).collect();
        let turned = vectors.select(&every, &independent).transpose().times(&rows);
        let count = independent.len() as f64;
        let degrees: Vec<f64> = (0..independent.len()).map(|i| self.of_row(turned.row(i))).collect();
        let mean: f64 = degrees.iter().filter(|v| **v > 2.0).map(|v| v / (v - 2.0)).sum();
        (mean > count).then(|| 2.0 * mean / (mean - count))
    }

    /// `sum_rs W_rs (Q_rs - P_r Phi P_s)`.
    fn correction(&self) -> Mat {
        let k = self.p.len();
        let mut out = Mat::zeros(self.phi.rows(), self.phi.rows());
        for r in 0..k {
            for s in 0..k {
                let part = self.q[r * k + s].minus(&self.p[r].times(&self.phi).times(&self.p[s]));
                out = out.plus(&part.scaled(self.w[(r, s)]));
            }
        }
        out
    }

    /// The covariance of the fixed effects of Kenward and Roger (1997).
    pub fn adjusted(&self) -> Mat {
        let inner = self.phi.plus(&self.phi.sandwich(&self.correction()).scaled(2.0));
        self.back.sandwich(&inner).symmetrised()
    }

    /// Denominator degrees of freedom and the factor of the F of Kenward and Roger (1997) for the test that all
    /// (independent) rows are zero.
    pub fn kenward_roger(&self, rows: &Mat) -> Option<(f64, f64)> {
        let rows = self.turned(rows);
        let l = rows.rows() as f64;
        let middle = rows.sandwich(&self.phi).inverse_definite()?;
        // Theta Phi P_r Phi, of which the traces are taken
        let theta = rows.transpose().sandwich(&middle);
        let parts: Vec<Mat> =
            self.p.iter().map(|p| theta.times(&self.phi).times(p).times(&self.phi)).collect();
        let trace = |m: &Mat| m.diagonal().iter().sum::<f64>();
        let (mut a1, mut a2) = (0.0, 0.0);
        for (r, left) in parts.iter().enumerate() {
            for (s, right) in parts.iter().enumerate() {
                a1 += self.w[(r, s)] * trace(left) * trace(right);
                a2 += self.w[(r, s)] * trace_of_product(left, right);
            }
        }
        let g = ((l + 1.0) * a1 - (l + 4.0) * a2) / ((l + 2.0) * a2);
        let below = 3.0 * l + 2.0 * (1.0 - g);
        let (c1, c2, c3) = (g / below, (l - g) / below, (l + 2.0 - g) / below);
        let b = (a1 + 6.0 * a2) / (2.0 * l);
        let mean = 1.0 / (1.0 - a2 / l);
        let variance = 2.0 / l * (1.0 + c1 * b) / ((1.0 - c2 * b).powi(2) * (1.0 - c3 * b));
        let ratio = variance / (2.0 * mean * mean);
        let degrees = 4.0 + (l + 2.0) / (l * ratio - 1.0);
        Some((degrees, degrees / (mean * (degrees - 2.0))))
    }
}

/// `y'P V_r P V_s P y` of the parameters, where `P = V^-1 - V^-1 X Phi X'V^-1`.
fn curvature(fitted: &Fitted<'_>, basis: &Mat, b: &[f64], phi: &Mat, groups: &[Products]) -> Mat {
    let k = groups[0].ratios.len();
    let mut inner = Mat::zeros(k, k);
    let mut along = vec![vec![0.0; b.len()]; k];
    for (rows, own) in fitted.effects[0].rows.iter().zip(groups) {
        let rest: Vec<f64> = rows
            .iter()
            .map(|i| fitted.y[*i] - basis.row(*i).iter().zip(b).map(|(x, b)| x * b).sum::<f64>())
            .collect();
        // V_r P y = (V^-1 V_r)' V P y' with P y = V^-1 e, so that (V^-1 V_r)' e is V_r V^-1 e
        let moved: Vec<Vec<f64>> = own.ratios.iter().map(|r| r.transpose().times_vector(&rest)).collect();
        for r in 0..k {
            let weighted = own.inverse.times_vector(&moved[r]);
            for s in 0..k {
                inner[(r, s)] += weighted.iter().zip(&moved[s]).map(|(a, b)| a * b).sum::<f64>();
            }
            let part = own.vx.transpose().times_vector(&moved[r]);
            along[r].iter_mut().zip(&part).for_each(|(sum, add)| *sum += add);
        }
    }
    Mat::from_fn(k, k, |r, s| {
        let other = phi.times_vector(&along[s]);
        inner[(r, s)] - along[r].iter().zip(&other).map(|(a, b)| a * b).sum::<f64>()
    })
}
