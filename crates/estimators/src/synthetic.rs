//! Synthetic controls (Abadie, Diamond and Hainmueller 2010): weights of control units that bring their weighted mean of
//! the predictors closest to the treated unit, and importances of the predictors.

use super::matrix::Mat;
use super::optimise::{Objective, Technique, Tolerances, maximise};
use std::convert::Infallible;

/// Predictors (rows) by unit (columns) of a treated unit and its controls, and outcomes before the treatment.
pub struct Problem {
    /// Predictors of the treated unit.
    pub treated: Vec<f64>,
    /// Predictors of the controls: one column for each.
    pub controls: Mat,
    /// Outcomes of the treated unit in the periods of the fit.
    pub outcome: Vec<f64>,
    /// Outcomes of the controls: one row for each period.
    pub outcomes: Mat,
}

/// The point of least length in the convex hull of points (columns), as weights (Wolfe 1976, Mathematical Programming 11).
///
/// The method ends after finitely many steps and gives positive weights to affinely independent points only, so that the
/// result is exact up to rounding, and sparse where several weights are optimal.
pub fn nearest_point(points: &Mat) -> Vec<f64> {
    let (size, count) = (points.rows(), points.cols());
    let column = |j: usize| -> Vec<f64> { (0..size).map(|i| points[(i, j)]).collect() };
    let columns: Vec<Vec<f64>> = (0..count).map(column).collect();
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>();
    let lengths: Vec<f64> = columns.iter().map(|c| dot(c, c)).collect();
    let largest = lengths.iter().copied().fold(0.0, f64::max);
    let mut out = vec![0.0; count];
    let Some(start) = (0..count).min_by(|a, b| lengths[*a].total_cmp(&lengths[*b])) else { return out };
    let (mut active, mut weights) = (vec![start], vec![1.0]);
    // every step shortens the point; the bound only guards against rounding
    for _ in 0..50 * (count + 10) {
        let point: Vec<f64> =
            (0..size).map(|i| active.iter().zip(&weights).map(|(j, w)| w * columns[*j][i]).sum()).collect();
        let own = dot(&point, &point);
        let next = (0..count).map(|j| (j, dot(&columns[j], &point))).min_by(|a, b| a.1.total_cmp(&b.1));
        let Some((next, along)) = next else { break };
        if along >= own - 1e-14 * largest || active.contains(&next) {
            break;
        }
        active.push(next);
        weights.push(0.0);
        while let Some(affine) = affine_nearest(&columns, &active) {
            if affine.iter().all(|a| *a > 1e-13) {
                weights = affine;
                break;
            }
            // as far towards the affine point as the weights stay positive
            let step = weights
                .iter()
                .zip(&affine)
                .filter(|(_, a)| **a <= 1e-13)
                .map(|(w, a)| if w - a > 0.0 { w / (w - a) } else { 0.0 })
                .fold(1.0, f64::min);
            weights.iter_mut().zip(&affine).for_each(|(w, a)| *w += step * (a - *w));
            let keep: Vec<bool> = {
                let least = weights.iter().copied().fold(f64::INFINITY, f64::min);
                weights.iter().map(|w| *w > 1e-13 && *w > least).collect()
            };
            let kept = |values: &mut Vec<_>| {
                let mut at = keep.iter();
                values.retain(|_| at.next().copied().unwrap_or(false));
            };
            kept(&mut weights);
            active = active.iter().zip(&keep).filter(|k| *k.1).map(|k| *k.0).collect();
            if active.is_empty() {
                break;
            }
        }
    }
    let total: f64 = weights.iter().sum();
    active.iter().zip(&weights).for_each(|(j, w)| out[*j] = w / total);
    out
}

/// Weights of the point of least length in the affine hull of some columns; nothing where they are dependent.
fn affine_nearest(columns: &[Vec<f64>], active: &[usize]) -> Option<Vec<f64>> {
    let (first, rest) = active.split_first()?;
    if rest.is_empty() {
        return Some(vec![1.0]);
    }
    let base = &columns[*first];
    if rest.len() > base.len() {
        return None;
    }
    // least squares of the first point on its differences to the others
    let edges = Mat::from_fn(base.len(), rest.len(), |i, j| base[i] - columns[rest[j]][i]);
    let (q, r) = edges.thin_qr();
    let scale = r.diagonal().iter().copied().fold(0.0, f64::max);
    if r.diagonal().iter().any(|d| *d <= 1e-12 * scale) {
        return None;
    }
    let shares = r.inverse_upper().times_vector(&q.transpose().times_vector(base));
    let mut out = vec![1.0 - shares.iter().sum::<f64>()];
    out.extend(shares);
    Some(out)
}

impl Problem {
    /// Divides predictors by their standard deviation over all units; gives the first predictor that does not vary.
    ///
    /// # Errors
    /// The position of a predictor without variation.
    pub fn standardise(&mut self) -> Result<(), usize> {
        let n = self.controls.cols() as f64 + 1.0;
        for i in 0..self.treated.len() {
            let values: Vec<f64> = self.controls.row(i).iter().copied().chain([self.treated[i]]).collect();
            let mean = values.iter().sum::<f64>() / n;
            let sd = (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
            if sd <= 1e-12 * mean.abs() || sd == 0.0 {
                return Err(i);
            }
            self.treated[i] /= sd;
            for j in 0..self.controls.cols() {
                self.controls[(i, j)] /= sd;
            }
        }
        Ok(())
    }

    /// Weights of the controls for importances of the predictors.
    pub fn weights(&self, importance: &[f64]) -> Vec<f64> {
        let points = Mat::from_fn(self.treated.len(), self.controls.cols(), |i, j| {
            importance[i].sqrt() * (self.controls[(i, j)] - self.treated[i])
        });
        nearest_point(&points)
    }

    /// Mean squared difference of the outcomes for weights of the controls.
    pub fn error(&self, weights: &[f64]) -> f64 {
        let synthetic = self.outcomes.times_vector(weights);
        let sum: f64 = self.outcome.iter().zip(&synthetic).map(|(y, s)| (y - s).powi(2)).sum();
        sum / self.outcome.len() as f64
    }

    /// Importances by regressions of the outcomes before the treatment on all predictors over all units: sums of squared
    /// coefficients, with sum one. Nothing where there are too few units or dependent predictors.
    pub fn regression_importance(&self) -> Option<Vec<f64>> {
        let (k, units) = (self.treated.len(), self.controls.cols() + 1);
        if units < k + 1 {
            return None;
        }
        let last = units - 1;
        let x = Mat::from_fn(units, k + 1, |unit, i| match i {
            0 => 1.0,
            _ if unit == last => self.treated[i - 1],
            _ => self.controls[(i - 1, unit)],
        });
        let (q, r) = x.thin_qr();
        if r.diagonal().iter().any(|d| *d <= 1e-9 * (units as f64).sqrt()) {
            return None;
        }
        let solve = r.inverse_upper();
        let mut sums = vec![0.0; k];
        for (t, own) in self.outcome.iter().enumerate() {
            let y: Vec<f64> = self.outcomes.row(t).iter().copied().chain([*own]).collect();
            let b = solve.times_vector(&q.transpose().times_vector(&y));
            sums.iter_mut().zip(&b[1..]).for_each(|(s, b)| *s += b * b);
        }
        normalised(&sums)
    }

    /// Importances that minimise the error of the outcomes, by the simplex of Nelder and Mead from each start, begun
    /// again from its end until it gains nothing. Gives the importances of the least error.
    pub fn nested_importance(&self, starts: &[Vec<f64>]) -> Vec<f64> {
        let limits = Tolerances {
            parameters: 1e-8,
            value: 1e-9,
            newton: f64::NAN,
            iterations: 400 * self.treated.len(),
        };
        let mut best: Option<(f64, Vec<f64>)> = None;
        let scale = self.error(&vec![1.0 / self.controls.cols() as f64; self.controls.cols()]).max(1e-300);
        for start in starts {
            let mut at: Vec<f64> = start.clone();
            let mut error = self.error(&self.weights(&at));
            for round in 0..20 {
                let deltas: Vec<f64> =
                    at.iter().map(|v| if round % 2 == 0 { 0.1 } else { 0.5 * v.abs() + 0.01 }).collect();
                let mut fit = Fit { problem: self, scale };
                let Ok(found) = maximise(&mut fit, &at, &[(Technique::Simplex, 0)], limits, &deltas) else {
                    break;
                };
                let Some(importance) = normalised(&absolute(&found.p)) else { break };
                let reached = self.error(&self.weights(&importance));
                let gain = error - reached;
                if gain > 0.0 {
                    (at, error) = (importance, reached);
                }
                if round > 0 && gain <= 1e-9 * error.max(1e-12 * scale) {
                    break;
                }
            }
            if best.as_ref().is_none_or(|b| error < b.0) {
                best = Some((error, at));
            }
        }
        best.map(|b| b.1).unwrap_or_default()
    }
}

/// Values divided by their sum, which must be positive.
pub fn normalised(values: &[f64]) -> Option<Vec<f64>> {
    let total: f64 = values.iter().sum();
    (total > 0.0 && total.is_finite()).then(|| values.iter().map(|v| v / total).collect())
}

fn absolute(values: &[f64]) -> Vec<f64> {
    values.iter().map(|v| v.abs()).collect()
}

/// The error as a function of importances of any sign and sum.
struct Fit<'a> {
    problem: &'a Problem,
    scale: f64,
}

impl Objective for Fit<'_> {
    type Error = Infallible;

    fn value(&mut self, p: &[f64]) -> Result<Option<f64>, Infallible> {
        let found = normalised(&absolute(p));
        Ok(found.map(|v| -self.problem.error(&self.problem.weights(&v)) / self.scale))
    }

    fn gradient(&mut self, _: &[f64]) -> Result<Option<Vec<f64>>, Infallible> {
        Ok(None)
    }

    fn hessian(&mut self, _: &[f64]) -> Result<Option<Mat>, Infallible> {
        Ok(None)
    }

    fn outer_products(&mut self, _: &[f64]) -> Result<Option<Mat>, Infallible> {
        Ok(None)
    }

    fn report(&mut self, _: usize, _: &[f64], _: f64, _: &'static str) {}
}
