//! Covariances of the parameters, and the parameters as the user reads them: intercepts instead of means.

use super::implied::matrices;
use super::likelihood::Problem;
use super::maximise::Optimum;
use super::{Cell, Means};
use crate::latent::patterns::{Robust, sandwich};
use crate::matrix::Mat;

/// How the covariance is formed.
#[derive(Debug, Clone, Copy)]
pub enum Kind<'a> {
    /// Inverse of the observed information.
    Observed,
    /// Inverse of the expected information.
    Expected,
    /// Inverse of the sum of outer products of scores.
    OuterProducts,
    /// Sandwich of the observed information.
    Robust(Robust<'a>),
}

/// Parameters with their covariance.
pub struct Estimates {
    /// Parameters, intercepts as such.
    pub b: Vec<f64>,
    /// Their covariance of the requested kind.
    pub v: Mat,
    /// That of the information matrix.
    pub v_model: Mat,
}

impl Problem<'_> {
    /// Means of all variables, those of latent ones from the model.
    fn full_means(&self, parameters: &[f64]) -> Option<(Vec<f64>, Mat, Mat)> {
        let (b, _, a) = matrices(self.model, parameters);
        let (p, n) = (self.model.observed, self.model.variables);
        let seen: Vec<usize> = (0..p).collect();
        let latent: Vec<usize> = (p..n).collect();
        let mut mean: Vec<f64> = (0..p).map(|i| self.sample.centre[i] + a[i]).collect();
        let own = Mat::identity(n - p).minus(&b.select(&latent, &latent)).inverse()?;
        let from = b.select(&latent, &seen).times_vector(&mean);
        let right: Vec<f64> = latent.iter().zip(&from).map(|(l, x)| a[*l] + x).collect();
        mean.extend(own.times_vector(&right));
        Some((mean, b, own))
    }

    /// Intercepts from means, and the derivatives of all parameters by those of the problem.
    fn intercepts(&self, parameters: &[f64]) -> Option<(Vec<f64>, Mat)> {
        let size = parameters.len();
        let (mut out, mut slope) = (parameters.to_vec(), Mat::identity(size));
        if self.means != Means::Saturated {
            return Some((out, slope));
        }
        let (mean, b, own) = self.full_means(parameters)?;
        let (p, n) = (self.model.observed, self.model.variables);
        let seen: Vec<usize> = (0..p).collect();
        let latent: Vec<usize> = (p..n).collect();
        // effects of the means of observed variables on those of latent ones, and on the intercepts
        let on_latent = own.times(&b.select(&latent, &seen));
        let through = b.select(&seen, &latent);
        let by_mean = Mat::identity(p).minus(&b.select(&seen, &seen)).minus(&through.times(&on_latent));
        let by_latent = through.times(&own);
        let free = self.free();
        for (cell, k) in &free {
            let Cell::Mean(r) = *cell else { continue };
            out[*k] = mean[r] - (0..n).map(|c| b[(r, c)] * mean[c]).sum::<f64>();
            for (other, j) in &free {
                slope[(*k, *j)] = match *other {
                    Cell::Mean(s) => by_mean[(r, s)],
                    Cell::Path { to, from } if to < p && to == r => slope[(*k, *j)] - mean[from],
                    Cell::Path { to, from } if to >= p => {
                        slope[(*k, *j)] - by_latent[(r, to - p)] * mean[from]
                    }
                    _ => slope[(*k, *j)],
                };
            }
        }
        Some((out, slope))
    }

    /// Estimates with their covariance; nothing where the information has no inverse.
    pub fn estimates(&self, optimum: &Optimum, kind: Kind<'_>) -> Option<Estimates> {
        let at = &optimum.parameters;
        let expected = || self.expected(at)?.inverse_definite();
        let inverse = match kind {
            Kind::Expected => expected()?,
            _ => optimum.information.inverse_definite()?,
        };
        let v = match kind {
            Kind::Observed | Kind::Expected => inverse.clone(),
            Kind::OuterProducts => self.outer_products(at)?.inverse_definite()?,
            Kind::Robust(robust) => {
                let rows: Vec<usize> = (0..self.sample.of_row.len()).collect();
                sandwich(&inverse, &self.scores(at)?, &rows, self.sample.weights.as_deref(), robust)
            }
        };
        let (b, slope) = self.intercepts(at)?;
        Some(Estimates { b, v: slope.sandwich(&v), v_model: slope.sandwich(&inverse) })
    }

    fn outer_products(&self, at: &[f64]) -> Option<Mat> {
        let size = at.len();
        let mut out = Mat::zeros(size, size);
        for (row, score) in self.scores(at)?.iter().enumerate() {
            for i in 0..size {
                for j in 0..size {
                    out[(i, j)] += self.sample.weight(row) * score[i] * score[j];
                }
            }
        }
        Some(out)
    }
}
