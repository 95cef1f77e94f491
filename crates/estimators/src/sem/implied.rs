//! The moments that a model implies at given parameters, and their derivatives by its cells.

use super::{Cell, Means, Model, Value};
use crate::lu::Lu;
use crate::matrix::Mat;

/// Implied moments of all variables.
#[derive(Debug, Clone)]
pub struct Implied {
    /// Direct effects.
    pub b: Mat,
    /// `(I - B)^-1`.
    pub total: Mat,
    /// Covariances of errors and exogenous variables.
    pub psi: Mat,
    /// `(I - B)^-1 Psi (I - B)^-1'`.
    pub sigma: Mat,
    /// Means of all variables; with [`Means::Saturated`] those of the observed variables less the centre of the sample, and
    /// zero for latent ones.
    pub mean: Vec<f64>,
}

/// `D = v w' + w v'`, the derivative of the covariances by a cell, and that of the means.
pub(super) struct Slope {
    pub v: Vec<f64>,
    pub w: Vec<f64>,
    pub mean: Option<Vec<f64>>,
}

fn value_of(value: Value, parameters: &[f64]) -> f64 {
    match value {
        Value::Fixed(x) => x,
        Value::Free(k) => parameters[k],
    }
}

/// Direct effects, covariances and intercepts.
pub fn matrices(model: &Model, parameters: &[f64]) -> (Mat, Mat, Vec<f64>) {
    let n = model.variables;
    let (mut b, mut psi, mut a) = (Mat::zeros(n, n), Mat::zeros(n, n), vec![0.0; n]);
    for (cell, value) in &model.cells {
        let x = value_of(*value, parameters);
        match *cell {
            Cell::Path { to, from } => b[(to, from)] = x,
            Cell::Covariance(r, c) => {
                psi[(r, c)] = x;
                psi[(c, r)] = x;
            }
            Cell::Mean(v) => a[v] = x,
        }
    }
    (b, psi, a)
}

impl Implied {
    /// Moments at parameters; nothing where `I - B` is singular.
    pub fn at(model: &Model, means: Means, parameters: &[f64]) -> Option<Self> {
        let (b, psi, a) = matrices(model, parameters);
        let n = model.variables;
        let system = Mat::identity(n).minus(&b);
        let total = if b.data().iter().all(|x| *x == 0.0) {
            system
        } else {
            let size = Lu::new(&system).determinant().abs();
            if size < 1e-10 || !size.is_finite() {
                return None;
            }
            system.inverse()?
        };
        let sigma = total.sandwich(&psi);
        let mean = match means {
            Means::Absent => vec![0.0; n],
            Means::Saturated => (0..n).map(|i| if i < model.observed { a[i] } else { 0.0 }).collect(),
            Means::Cells => total.times_vector(&a),
        };
        sigma.data().iter().all(|x| x.is_finite()).then_some(Self { b, total, psi, sigma, mean })
    }

    fn column(&self, j: usize) -> Vec<f64> {
        (0..self.total.rows()).map(|i| self.total[(i, j)]).collect()
    }

    /// The derivative by a cell.
    pub(super) fn slope(&self, cell: Cell, means: Means) -> Slope {
        let n = self.total.rows();
        match cell {
            Cell::Path { to, from } => {
                let v = self.column(to);
                let mean = (means == Means::Cells).then(|| v.iter().map(|x| x * self.mean[from]).collect());
                Slope { w: self.sigma.row(from).to_vec(), v, mean }
            }
            Cell::Covariance(r, c) if r == c => {
                let v = self.column(r);
                Slope { w: v.iter().map(|x| 0.5 * x).collect(), v, mean: None }
            }
            Cell::Covariance(r, c) => Slope { v: self.column(r), w: self.column(c), mean: None },
            Cell::Mean(r) => {
                let mean = match means {
                    Means::Cells => self.column(r),
                    _ => (0..n).map(|i| f64::from(u8::from(i == r))).collect(),
                };
                Slope { v: vec![0.0; n], w: vec![0.0; n], mean: Some(mean) }
            }
        }
    }
}
