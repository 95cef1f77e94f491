//! Poisson pseudo maximum likelihood with the effects of several sets absorbed (Correia, Guimarães and Zylkin 2020,
//! Stata Journal 20): iteratively reweighted least squares on columns without the effects, and the search for
//! separated rows by their iterative rectifier (Correia, Guimarães and Zylkin 2019, arXiv:1903.01633).

use super::absorb::{Absorber, NotConverged};
use super::absorb_fit::intersection;
use super::distributions::ln_gamma;
use super::matrix::Mat;
use super::ols::FitError;
use super::panel::Units;
use super::qr::{self, Design};
use super::real::stable_sum;

/// The sample. All slices have one entry per row.
pub struct Ppml<'a> {
    /// Outcome, not negative.
    pub y: &'a [f64],
    /// Regressors.
    pub columns: &'a [&'a [f64]],
    /// Absorbed sets, at least one.
    pub sets: &'a [Units],
    /// Weights as they are used; absent means ones.
    pub weights: Option<&'a [f64]>,
    /// Whether the weights are numbers of identical rows.
    pub frequency: bool,
    /// A term with coefficient one.
    pub offset: Option<&'a [f64]>,
    /// Number of observations that the rows stand for.
    pub n: f64,
}

/// A fitted model. Parameters: kept columns in order, then the constant.
pub struct PpmlFit {
    /// Coefficients.
    pub b: Vec<f64>,
    /// Robust covariance.
    pub v: Mat,
    /// Positions of the columns that are not explained by the others and the effects.
    pub kept: Vec<usize>,
    /// Linear predictor with effects and offset.
    pub eta: Vec<f64>,
    /// Log likelihood, and that of the model with a constant and the offset alone.
    pub ll: (f64, f64),
    /// Deviance.
    pub deviance: f64,
    /// Iterations.
    pub iterations: usize,
    /// Whether the deviance settled.
    pub converged: bool,
    /// Whether negative eigenvalues of the covariance were set to zero.
    pub repaired: bool,
}

/// Most iterations of the weighted regressions, and of the rectifier.
const MOST: usize = 1000;
/// Relative change of the deviance that ends the iteration.
const SETTLED: f64 = 1e-12;
/// Weight of rows whose outcome is positive in the rectifier, and what counts as zero there.
const PINNED: f64 = 1e8;
const ZERO: f64 = 1e-5;

/// Columns without the effects, and what is left of a target regressed on them.
struct Step {
    cleaned: Vec<Vec<f64>>,
    kept: Vec<usize>,
    b: Vec<f64>,
    residuals: Vec<f64>,
}

/// Rows with a zero outcome in a group whose outcomes are all zero, found again until none is left.
pub fn separated_by_groups(y: &[f64], sets: &[Units]) -> Vec<usize> {
    let mut out = vec![false; y.len()];
    loop {
        let mut found = false;
        for set in sets {
            let mut positive = vec![false; set.count()];
            for (row, y) in y.iter().enumerate() {
                positive[set.of_row[row] as usize] |= !out[row] && *y > 0.0;
            }
            for (row, gone) in out.iter_mut().enumerate() {
                if !*gone && !positive[set.of_row[row] as usize] {
                    (*gone, found) = (true, true);
                }
            }
        }
        if !found {
            return (0..y.len()).filter(|r| out[*r]).collect();
        }
    }
}

impl Ppml<'_> {
    fn weight(&self, row: usize) -> f64 {
        self.weights.map_or(1.0, |w| w[row])
    }

    /// The weighted regression of a target on the columns and all effects.
    fn regress(&self, target: &[f64], weights: &[f64], columns: &[&[f64]]) -> Result<Step, FitError> {
        let mut sorted: Vec<Units> =
            self.sets.iter().map(|s| Units { of_row: s.of_row.clone(), sizes: s.sizes.clone() }).collect();
        sorted.sort_by_key(|s| std::cmp::Reverse(s.count()));
        let absorber = Absorber::new(&sorted, Some(weights));
        let all: Vec<&[f64]> = columns.iter().copied().chain([target]).collect();
        let mut cleaned =
            absorber.clean(&all, Some(weights)).map_err(|NotConverged| FitError::NotConverged)?;
        let outcome = cleaned.pop().unwrap_or_default();
        let slices: Vec<&[f64]> = cleaned.iter().map(Vec::as_slice).collect();
        let solution =
            qr::solve(Design { columns: &slices, weights: Some(weights), constant: true }, &outcome);
        let kept = solution.basis.kept.clone();
        let fitted = match slices.is_empty() {
            // without regressors the prediction has no rows to go by
            true => vec![solution.b.first().copied().unwrap_or(0.0); outcome.len()],
            false => qr::predict(&slices, &kept, true, &solution.b),
        };
        let residuals = outcome.iter().zip(&fitted).map(|(y, f)| y - f).collect();
        Ok(Step { kept, b: solution.b, residuals, cleaned })
    }

    /// Rows with a zero outcome that a combination of regressors and effects separates from all others: their means go
    /// to zero at the maximum, so that they say nothing about the other parameters. The groups alone are checked by
    /// [`separated_by_groups`].
    ///
    /// # Errors
    /// [`FitError::NotConverged`] when the effects cannot be removed or the rectifier does not end.
    pub fn separated(&self) -> Result<Vec<usize>, FitError> {
        let zero: Vec<bool> = self.y.iter().map(|y| *y == 0.0).collect();
        if !zero.contains(&true) {
            return Ok(Vec::new());
        }
        let weights: Vec<f64> = zero.iter().map(|z| if *z { 1.0 } else { PINNED }).collect();
        let mut target: Vec<f64> = zero.iter().map(|z| f64::from(u8::from(*z))).collect();
        for _ in 0..MOST {
            let step = self.regress(&target, &weights, self.columns)?;
            let fitted: Vec<f64> = target
                .iter()
                .zip(&step.residuals)
                .map(|(t, e)| if (t - e).abs() < ZERO { 0.0 } else { t - e })
                .collect();
            let apart = |row: usize| zero[row] && fitted[row] > 0.0;
            if !(0..fitted.len()).any(|r| zero[r] && fitted[r] < 0.0) {
                return Ok((0..fitted.len()).filter(|r| apart(*r)).collect());
            }
            for (row, target) in target.iter_mut().enumerate() {
                *target = if apart(row) { fitted[row] } else { 0.0 };
            }
            if target.iter().all(|t| *t == 0.0) {
                return Ok(Vec::new());
            }
        }
        Err(FitError::NotConverged)
    }

    /// Fits the model; covariances by rows without clusters, otherwise by one or several sets of clusters.
    ///
    /// # Errors
    /// [`FitError::Insufficient`] without a positive outcome, [`FitError::OneCluster`],
    /// [`FitError::NotConverged`] when the effects cannot be removed.
    pub fn fit(&self, clusters: &[Units]) -> Result<PpmlFit, FitError> {
        let rows = self.y.len();
        let total = stable_sum((0..rows).map(|i| self.weight(i)));
        let mean = stable_sum((0..rows).map(|i| self.weight(i) * self.y[i])) / total;
        if rows == 0 || mean <= 0.0 {
            return Err(FitError::Insufficient);
        }
        if clusters.iter().any(|c| c.count() < 2) {
            return Err(FitError::OneCluster);
        }
        let offset = |i: usize| self.offset.map_or(0.0, |o| o[i]);
        let mut mu: Vec<f64> = self.y.iter().map(|y| (y + mean) / 2.0).collect();
        let mut eta: Vec<f64> = mu.iter().map(|m| m.ln()).collect();
        let mut deviance = f64::INFINITY;
        let (mut columns, mut kept): (Vec<&[f64]>, Option<Vec<usize>>) = (self.columns.to_vec(), None);
        let (mut iterations, mut converged) = (0, false);
        let mut before = eta.clone();
        let mut last;
        loop {
            let weights: Vec<f64> = (0..rows).map(|i| self.weight(i) * mu[i]).collect();
            let target: Vec<f64> =
                (0..rows).map(|i| eta[i] - offset(i) + (self.y[i] - mu[i]) / mu[i]).collect();
            last = self.regress(&target, &weights, &columns)?;
            if kept.is_none() {
                columns = last.kept.iter().map(|k| self.columns[*k]).collect();
                kept = Some(last.kept.clone());
                if columns.len() < self.columns.len() {
                    last = self.regress(&target, &weights, &columns)?;
                }
            }
            if converged || iterations == MOST {
                break;
            }
            iterations += 1;
            before.clone_from(&eta);
            eta = (0..rows).map(|i| target[i] - last.residuals[i] + offset(i)).collect();
            let mut now = self.deviance(&eta);
            let mut halvings = 0;
            while !(now.is_finite() && now <= deviance * (1.0 + 1e-9) || iterations == 1) && halvings < 30 {
                eta.iter_mut().zip(&before).for_each(|(e, b)| *e = (*e + b) / 2.0);
                now = self.deviance(&eta);
                halvings += 1;
            }
            mu = eta.iter().map(|e| e.exp()).collect();
            converged = (deviance - now).abs() <= SETTLED * now.abs().max(0.1);
            deviance = now;
            if !now.is_finite() {
                return Err(FitError::NotConverged);
            }
        }
        let (v, repaired) = self.covariance(&last, &mu, clusters)?;
        Ok(PpmlFit {
            b: self.coefficients(&last, &columns, &eta, &mu),
            v,
            kept: kept.unwrap_or_default(),
            ll: (self.likelihood(&eta), self.null_likelihood(total, mean)),
            eta,
            deviance,
            iterations,
            converged,
            repaired,
        })
    }

    /// Slopes, and the constant that makes the absorbed effects zero on average.
    fn coefficients(&self, step: &Step, columns: &[&[f64]], eta: &[f64], mu: &[f64]) -> Vec<f64> {
        let mut b = step.b.clone();
        let slopes = columns.len();
        let weight = |i: usize| self.weight(i) * mu[i];
        let all = stable_sum((0..eta.len()).map(weight));
        let average = |f: &dyn Fn(usize) -> f64| stable_sum((0..eta.len()).map(|i| weight(i) * f(i))) / all;
        let level = average(&|i| eta[i] - self.offset.map_or(0.0, |o| o[i]) + (self.y[i] - mu[i]) / mu[i]);
        let explained: f64 = (0..slopes).map(|j| b[j] * average(&|i| columns[j][i])).sum();
        if let Some(constant) = b.get_mut(slopes) {
            *constant = level - explained;
        }
        b
    }

    fn deviance(&self, eta: &[f64]) -> f64 {
        2.0 * stable_sum(eta.iter().enumerate().map(|(i, eta)| {
            let (y, mu) = (self.y[i], eta.exp());
            self.weight(i) * if y > 0.0 { y * (y.ln() - eta) - (y - mu) } else { mu }
        }))
    }

    fn likelihood(&self, eta: &[f64]) -> f64 {
        stable_sum(
            eta.iter()
                .enumerate()
                .map(|(i, eta)| self.weight(i) * (self.y[i] * eta - eta.exp() - ln_gamma(self.y[i] + 1.0))),
        )
    }

    fn null_likelihood(&self, total: f64, mean: f64) -> f64 {
        let offset = |i: usize| self.offset.map_or(0.0, |o| o[i]);
        let rows = self.y.len();
        let exposure = stable_sum((0..rows).map(|i| self.weight(i) * offset(i).exp()));
        let constant = (total * mean / exposure).ln();
        self.likelihood(&(0..rows).map(|i| constant + offset(i)).collect::<Vec<_>>())
    }

    /// The sandwich: factor N/(N-1) by rows; by clusters G/(G-1) with the fewest clusters of all sets, the sums of every
    /// combination of sets added or subtracted (Cameron, Gelbach and Miller 2011).
    fn covariance(&self, step: &Step, mu: &[f64], clusters: &[Units]) -> Result<(Mat, bool), FitError> {
        let p = step.cleaned.len() + 1;
        let cell = |j: usize, i: usize| if j + 1 < p { step.cleaned[j][i] } else { 1.0 };
        let rows = mu.len();
        let mut information = Mat::zeros(p, p);
        let mut scores = Mat::zeros(rows, p);
        for i in 0..rows {
            let w = self.weight(i);
            for a in 0..p {
                scores[(i, a)] = w * (self.y[i] - mu[i]) * cell(a, i);
                for b in 0..=a {
                    information[(a, b)] += w * mu[i] * cell(a, i) * cell(b, i);
                }
            }
        }
        let information = Mat::from_fn(p, p, |a, b| information[(a.max(b), a.min(b))]);
        let bread = information.inverse_definite().ok_or(FitError::Insufficient)?;
        if clusters.is_empty() {
            let mut meat = Mat::zeros(p, p);
            for i in 0..rows {
                // a row that stands for several has its score that often
                let repeat = if self.frequency { self.weight(i).max(f64::MIN_POSITIVE) } else { 1.0 };
                for a in 0..p {
                    for b in 0..p {
                        meat[(a, b)] += scores[(i, a)] * scores[(i, b)] / repeat;
                    }
                }
            }
            return Ok((bread.sandwich(&meat).scaled(self.n / (self.n - 1.0)), false));
        }
        let smallest = clusters.iter().map(Units::count).min().unwrap_or(2) as f64;
        let mut v = Mat::zeros(p, p);
        for choice in 1..1_u32 << clusters.len() {
            let chosen: Vec<&Units> =
                (0..clusters.len()).filter(|k| choice & (1 << k) != 0).map(|k| &clusters[k]).collect();
            let both = intersection(&chosen);
            let mut sums = Mat::zeros(both.count(), p);
            for i in 0..rows {
                for a in 0..p {
                    sums[(both.of_row[i] as usize, a)] += scores[(i, a)];
                }
            }
            let sign = if chosen.len() % 2 == 1 { 1.0 } else { -1.0 };
            v = v.plus(&bread.sandwich(&sums.transpose().times(&sums)).scaled(sign));
        }
        let v = v.scaled(smallest / (smallest - 1.0));
        Ok(if clusters.len() > 1 { super::absorb_fit::semidefinite(&v) } else { (v, false) })
    }
}
