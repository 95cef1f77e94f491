//! Penalised regression by coordinate descent: lasso and elastic net for linear, logistic and Poisson models.
//! Formulas: [LASSO] lasso, Methods and formulas; Friedman, Hastie and Tibshirani (2010).

use super::ml_binary::logistic;

/// The model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Model {
    /// Least squares.
    Linear,
    /// 0/1 outcome.
    Logit,
    /// Counts.
    Poisson,
}

impl Model {
    /// Mean at a linear index.
    pub fn mean(self, eta: f64) -> f64 {
        match self {
            Self::Linear => eta,
            Self::Logit => logistic(eta),
            Self::Poisson => eta.exp(),
        }
    }

    /// Deviance of one row ([LASSO] lassogof): squared error, or minus twice the log likelihood ratio.
    pub fn deviance(self, y: f64, mean: f64) -> f64 {
        let part = |y: f64, m: f64| if y > 0.0 { y * (y / m).ln() } else { 0.0 };
        match self {
            Self::Linear => (y - mean).powi(2),
            Self::Logit => 2.0 * (part(y, mean) + part(1.0 - y, 1.0 - mean)),
            Self::Poisson => 2.0 * (part(y, mean) - (y - mean)),
        }
    }
}

/// A problem: rows may be a part of the columns.
pub struct Shrinkage<'a> {
    /// The model.
    pub model: Model,
    /// Outcome.
    pub y: &'a [f64],
    /// Standardised candidates (mean zero, mean square one over the whole sample).
    pub x: &'a [Vec<f64>],
    /// Rows that are used.
    pub rows: &'a [usize],
    /// Penalty of each candidate; infinite leaves it out, zero never shrinks it.
    pub penalty: &'a [f64],
    /// Share of the absolute penalty; the rest is on squares.
    pub alpha: f64,
}

/// Coefficients on standardised candidates.
#[derive(Clone, Debug)]
pub struct Point {
    /// Constant.
    pub constant: f64,
    /// Slopes.
    pub b: Vec<f64>,
}

const PRECISION: f64 = 1e-11;

impl Shrinkage<'_> {
    /// The point without any slope that is penalised.
    pub fn empty(&self) -> Point {
        let mean = self.rows.iter().map(|i| self.y[*i]).sum::<f64>() / self.rows.len() as f64;
        let constant = match self.model {
            Model::Linear => mean,
            Model::Logit => (mean / (1.0 - mean)).ln(),
            Model::Poisson => mean.ln(),
        };
        Point { constant, b: vec![0.0; self.x.len()] }
    }

    /// The linear index of a row.
    pub fn index(&self, point: &Point, row: usize) -> f64 {
        point.constant
            + self.x.iter().zip(&point.b).filter(|(_, b)| **b != 0.0).map(|(c, b)| c[row] * b).sum::<f64>()
    }

    /// The smallest penalty at which every penalised slope is zero.
    pub fn largest(&self) -> f64 {
        let point = self.empty();
        let n = self.rows.len() as f64;
        let residual: Vec<f64> =
            self.rows.iter().map(|i| self.y[*i] - self.model.mean(point.constant)).collect();
        let alpha = self.alpha.max(1e-3);
        self.x
            .iter()
            .zip(self.penalty)
            .filter(|(_, p)| p.is_finite() && **p > 0.0)
            .map(|(c, p)| {
                let score: f64 = self.rows.iter().zip(&residual).map(|(i, r)| c[*i] * r).sum();
                (score / n).abs() / (alpha * p)
            })
            .fold(0.0, f64::max)
    }

    /// Minimises the penalised loss from a point: repeated weighted least squares, coordinate by coordinate.
    pub fn fit(&self, lambda: f64, start: &Point) -> Point {
        let n = self.rows.len() as f64;
        let mut point = start.clone();
        let rounds = if self.model == Model::Linear { 1 } else { 200 };
        for _ in 0..rounds {
            let eta: Vec<f64> = self.rows.iter().map(|i| self.index(&point, *i)).collect();
            let mut weight = vec![1.0; eta.len()];
            let mut residual = vec![0.0; eta.len()];
            for (k, i) in self.rows.iter().enumerate() {
                let mean = self.model.mean(eta[k]);
                weight[k] = match self.model {
                    Model::Linear => 1.0,
                    Model::Logit => (mean * (1.0 - mean)).max(1e-9),
                    Model::Poisson => mean.max(1e-9),
                };
                residual[k] = (self.y[*i] - mean) / weight[k];
            }
            let before = point.clone();
            self.descend(lambda, n, &weight, &mut residual, &mut point);
            let moved = before
                .b
                .iter()
                .zip(&point.b)
                .map(|(a, b)| (a - b).abs())
                .fold((before.constant - point.constant).abs(), f64::max);
            if moved < PRECISION * (1.0 + point.constant.abs()) {
                break;
            }
        }
        point
    }

    /// Coordinate descent on the weighted squares; active slopes are cycled before all are tried again.
    fn descend(&self, lambda: f64, n: f64, weight: &[f64], residual: &mut [f64], point: &mut Point) {
        let total: f64 = weight.iter().sum();
        let size: Vec<f64> = self
            .x
            .iter()
            .map(|c| self.rows.iter().zip(weight).map(|(i, w)| w * c[*i] * c[*i]).sum::<f64>() / n)
            .collect();
        let scale = (residual.iter().map(|r| r * r).sum::<f64>() / n).sqrt().max(1e-300);
        let mut only_active = false;
        for _ in 0..20_000 {
            let mut moved = 0.0_f64;
            let shift = residual.iter().zip(weight).map(|(r, w)| r * w).sum::<f64>() / total;
            point.constant += shift;
            residual.iter_mut().for_each(|r| *r -= shift);
            moved = moved.max(shift.abs());
            for (j, column) in self.x.iter().enumerate() {
                if !self.penalty[j].is_finite() || size[j] == 0.0 || (only_active && point.b[j] == 0.0) {
                    continue;
                }
                let inner: f64 = self
                    .rows
                    .iter()
                    .zip(residual.iter().zip(weight))
                    .map(|(i, (r, w))| w * r * column[*i])
                    .sum();
                let raw = inner / n + size[j] * point.b[j];
                let threshold = lambda * self.alpha * self.penalty[j];
                let shrunk = raw.signum() * (raw.abs() - threshold).max(0.0);
                let next = shrunk / (size[j] + lambda * (1.0 - self.alpha) * self.penalty[j]);
                let step = next - point.b[j];
                if step != 0.0 {
                    point.b[j] = next;
                    self.rows.iter().zip(residual.iter_mut()).for_each(|(i, r)| *r -= step * column[*i]);
                    moved = moved.max(step.abs() * size[j].sqrt());
                }
            }
            if moved < PRECISION * scale {
                if !only_active {
                    break;
                }
                only_active = false;
            } else {
                only_active = true;
            }
        }
    }

    /// Mean deviance over rows.
    pub fn loss(&self, point: &Point, rows: &[usize]) -> f64 {
        let sum: f64 = rows
            .iter()
            .map(|i| self.model.deviance(self.y[*i], self.model.mean(self.index(point, *i))))
            .sum();
        sum / rows.len() as f64
    }
}

/// A grid of penalties from the largest downwards, evenly spaced in logs.
pub fn grid(largest: f64, count: usize, ratio: f64) -> Vec<f64> {
    let steps = (count.max(2) - 1) as f64;
    (0..count).map(|k| largest * ratio.powf(k as f64 / steps)).collect()
}
