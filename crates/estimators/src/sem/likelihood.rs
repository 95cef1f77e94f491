//! The normal log likelihood of a model over patterns of missing values, with analytic derivatives. Formulas: Bollen (1989,
//! appendix 4A); Arbuckle (1996, in Marcoulides and Schumacker, Advanced structural equation modeling) for missing values.

use super::implied::Implied;
use super::information;
use super::sample::{Pattern, Sample};
use super::{Cell, Means, Model, Value};
use crate::matrix::Mat;
use crate::real::stable_sum;

/// A model and its sample.
pub struct Problem<'a> {
    /// The model.
    pub model: &'a Model,
    /// The sample.
    pub sample: &'a Sample,
    /// How the means take part.
    pub means: Means,
}

/// Log likelihood and derivatives at a point.
pub struct Derivatives {
    /// Log likelihood.
    pub ll: f64,
    /// By the parameters.
    pub gradient: Vec<f64>,
    /// Second derivatives with the sign reversed.
    pub information: Mat,
}

/// A pattern at implied moments. Matrices have the size of all variables and zeros where a variable is not observed.
pub(super) struct Stage {
    /// Inverse of the implied covariance, `K`.
    pub inverse: Mat,
    /// `K T K` with the second moments `T` about the implied means.
    pub moments: Mat,
    /// `K` times the distance from the implied means.
    pub distance: Vec<f64>,
    /// Log likelihood.
    pub ll: f64,
    /// Weight of the rows.
    pub weight: f64,
}

/// Puts a small matrix into one of all variables.
fn embed(small: &Mat, at: &[usize], size: usize) -> Mat {
    let mut out = Mat::zeros(size, size);
    for (i, row) in at.iter().enumerate() {
        for (j, column) in at.iter().enumerate() {
            out[(*row, *column)] = small[(i, j)];
        }
    }
    out
}

pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

impl<'a> Problem<'a> {
    /// A model on a sample.
    pub fn new(model: &'a Model, sample: &'a Sample) -> Self {
        Self { model, sample, means: model.means() }
    }

    /// Moments at parameters.
    pub fn implied(&self, parameters: &[f64]) -> Option<Implied> {
        Implied::at(self.model, self.means, parameters)
    }

    /// Inverse of the implied covariance of the observed variables of a pattern, and its log determinant.
    fn inverse(implied: &Implied, present: &[usize]) -> Option<(Mat, f64)> {
        let sigma = implied.sigma.select(present, present);
        let scale: Vec<f64> = sigma.diagonal().iter().map(|d| d.sqrt()).collect();
        if scale.iter().any(|s| !(s.is_finite() && *s > 0.0)) {
            return None;
        }
        let size = present.len();
        let unit = Mat::from_fn(size, size, |i, j| sigma[(i, j)] / (scale[i] * scale[j]));
        let factor = unit.cholesky()?;
        let halves = factor.diagonal().into_iter().zip(&scale).map(|(d, s)| d.ln() + s.ln());
        Some((sigma.inverse_definite()?, 2.0 * halves.sum::<f64>()))
    }

    /// Distance of means of a pattern, or of a row, from the implied ones.
    pub(super) fn distance(&self, implied: &Implied, present: &[usize], values: &[f64]) -> Vec<f64> {
        let of = |(j, x): (&usize, &f64)| match self.means {
            Means::Absent => 0.0,
            Means::Saturated => x - implied.mean[*j],
            Means::Cells => x + (self.sample.centre[*j] - implied.mean[*j]),
        };
        present.iter().zip(values).map(of).collect()
    }

    pub(super) fn stage(&self, implied: &Implied, pattern: &Pattern) -> Option<Stage> {
        let (inverse, determinant) = Self::inverse(implied, &pattern.present)?;
        let away = self.distance(implied, &pattern.present, &pattern.mean);
        let distance = inverse.times_vector(&away);
        let (size, n) = (pattern.present.len() as f64, pattern.weight);
        let product = inverse.times(&pattern.covariance);
        let trace: f64 = product.diagonal().iter().sum();
        let constant = size * (2.0 * std::f64::consts::PI).ln();
        let ll = -0.5 * n * (constant + determinant + trace + dot(&away, &distance));
        let k = pattern.present.len();
        let cross = product.times(&inverse);
        let moments =
            Mat::from_fn(k, k, |i, j| 0.5 * (cross[(i, j)] + cross[(j, i)]) + distance[i] * distance[j]);
        let all = self.model.variables;
        let mut spread = vec![0.0; all];
        pattern.present.iter().zip(&distance).for_each(|(j, u)| spread[*j] = *u);
        Some(Stage {
            inverse: embed(&inverse, &pattern.present, all),
            moments: embed(&moments, &pattern.present, all),
            distance: spread,
            ll,
            weight: n,
        })
    }

    /// Log likelihood; nothing where the implied covariance is not positive definite.
    pub fn value(&self, parameters: &[f64]) -> Option<f64> {
        let implied = self.implied(parameters)?;
        let parts: Option<Vec<f64>> =
            self.sample.patterns.iter().map(|p| self.stage(&implied, p).map(|s| s.ll)).collect();
        Some(stable_sum(parts?)).filter(|ll| ll.is_finite())
    }

    /// Free cells with their parameters.
    pub(super) fn free(&self) -> Vec<(Cell, usize)> {
        let free = |(cell, value): &(Cell, Value)| match value {
            Value::Free(k) => Some((*cell, *k)),
            Value::Fixed(_) => None,
        };
        self.model.cells.iter().filter_map(free).collect()
    }

    /// The gradient of a pattern, cell by cell.
    fn gradient(&self, implied: &Implied, stage: &Stage, free: &[(Cell, usize)], out: &mut [f64]) {
        let transposed = implied.total.transpose();
        let left = transposed.times(&stage.inverse.minus(&stage.moments));
        let by_path = left.times(&implied.sigma);
        let by_covariance = left.times(&implied.total);
        let reach = transposed.times_vector(&stage.distance);
        for (cell, k) in free {
            out[*k] += stage.weight
                * match *cell {
                    Cell::Path { to, from } => {
                        let mean = if self.means == Means::Cells { implied.mean[from] } else { 0.0 };
                        reach[to] * mean - by_path[(to, from)]
                    }
                    Cell::Covariance(r, c) if r == c => -0.5 * by_covariance[(r, r)],
                    Cell::Covariance(r, c) => -by_covariance[(r, c)],
                    Cell::Mean(r) if self.means == Means::Cells => reach[r],
                    Cell::Mean(r) => stage.distance[r],
                };
        }
    }

    /// Log likelihood, gradient and observed information.
    pub fn derivatives(&self, parameters: &[f64]) -> Option<Derivatives> {
        let implied = self.implied(parameters)?;
        let free = self.free();
        let size = self.model.parameters;
        let (mut gradient, mut information) = (vec![0.0; size], Mat::zeros(size, size));
        let mut parts = Vec::new();
        for pattern in &self.sample.patterns {
            let stage = self.stage(&implied, pattern)?;
            self.gradient(&implied, &stage, &free, &mut gradient);
            information::observed(self.means, &implied, &stage, &free, &mut information);
            parts.push(stage.ll);
        }
        let ll = stable_sum(parts);
        ll.is_finite().then(|| Derivatives { ll, gradient, information: information.symmetrised() })
    }

    /// Expected information at the patterns of the sample.
    pub fn expected(&self, parameters: &[f64]) -> Option<Mat> {
        let implied = self.implied(parameters)?;
        let free = self.free();
        let mut out = Mat::zeros(self.model.parameters, self.model.parameters);
        for pattern in &self.sample.patterns {
            let stage = self.stage(&implied, pattern)?;
            information::expected(self.means, &implied, &stage, &free, &mut out);
        }
        Some(out.symmetrised())
    }

    /// Derivatives of the log likelihood of each row without its weight.
    pub fn scores(&self, parameters: &[f64]) -> Option<Vec<Vec<f64>>> {
        let implied = self.implied(parameters)?;
        let free = self.free();
        let transposed = implied.total.transpose();
        let mut constants = Vec::new();
        for pattern in &self.sample.patterns {
            let (inverse, _) = Self::inverse(&implied, &pattern.present)?;
            let full = embed(&inverse, &pattern.present, self.model.variables);
            let left = transposed.times(&full);
            constants.push((inverse, left.times(&implied.sigma), left.times(&implied.total)));
        }
        let of_row = |row: usize| {
            let at = self.sample.of_row[row];
            let (inverse, by_path, by_covariance) = &constants[at];
            let present = &self.sample.patterns[at].present;
            let values: Vec<f64> = present.iter().map(|j| self.sample.columns[*j][row]).collect();
            // without means the distance is that from the sample's centre
            let away = match self.means {
                Means::Absent => values,
                _ => self.distance(&implied, present, &values),
            };
            let mut u = vec![0.0; self.model.variables];
            present.iter().zip(inverse.times_vector(&away)).for_each(|(j, x)| u[*j] = x);
            let (reach, spread) = (transposed.times_vector(&u), implied.sigma.times_vector(&u));
            let mut out = vec![0.0; self.model.parameters];
            for (cell, k) in &free {
                out[*k] += match *cell {
                    Cell::Path { to, from } => {
                        let mean = if self.means == Means::Cells { implied.mean[from] } else { 0.0 };
                        reach[to] * (spread[from] + mean) - by_path[(to, from)]
                    }
                    Cell::Covariance(r, c) if r == c => 0.5 * (reach[r] * reach[r] - by_covariance[(r, r)]),
                    Cell::Covariance(r, c) => reach[r] * reach[c] - by_covariance[(r, c)],
                    Cell::Mean(r) if self.means == Means::Cells => reach[r],
                    Cell::Mean(r) => u[r],
                };
            }
            out
        };
        Some((0..self.sample.of_row.len()).map(of_row).collect())
    }
}
