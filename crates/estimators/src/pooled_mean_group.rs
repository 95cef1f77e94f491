//! Pooled mean group estimator: Pesaran, Shin and Smith (1999, Journal of the American Statistical Association 94, 621-634).
//! In each group `D.y = phi (L.y - x'theta) + w'k + e`; `theta` is the same in all groups, the rest is each group's own.

use super::matrix::Mat;
use super::ols::{self, FitError, Request};
use super::optimise::{Objective, Optimum, Technique, Tolerances, maximise};
use std::convert::Infallible;

/// The rows of a group.
pub struct Group {
    /// Change of the outcome.
    pub change: Vec<f64>,
    /// Level whose long-run coefficient is one.
    pub level: Vec<f64>,
    /// Further variables of the long run.
    pub long: Vec<Vec<f64>>,
    /// Variables of the short run.
    pub short: Vec<Vec<f64>>,
}

impl Group {
    /// Least squares of the change on columns and the short run; nothing where not all coefficients are identified.
    fn fit(&self, columns: &[&[f64]], constant: bool) -> Option<Vec<f64>> {
        let all: Vec<&[f64]> = columns.iter().copied().chain(self.short.iter().map(Vec::as_slice)).collect();
        let fit = ols::fit(&Request { constant, ..Request::new(&self.change, &all) }).ok()?;
        (fit.basis.omitted.is_empty() && fit.df_residual > 0.0).then_some(fit.b)
    }

    /// The error correction term at long-run coefficients.
    pub fn correction(&self, theta: &[f64]) -> Vec<f64> {
        let away = |t: usize| self.long.iter().zip(theta).map(|(x, b)| x[t] * b).sum::<f64>();
        self.level.iter().enumerate().map(|(t, y)| y - away(t)).collect()
    }

    /// Adjustment, short run and constant at long-run coefficients.
    pub fn short_run(&self, theta: &[f64], constant: bool) -> Option<Vec<f64>> {
        self.fit(&[&self.correction(theta)], constant)
    }

    /// Long run, adjustment, short run and constant of the group alone.
    pub fn alone(&self, constant: bool) -> Option<Vec<f64>> {
        let mut columns = vec![self.level.as_slice()];
        columns.extend(self.long.iter().map(Vec::as_slice));
        let b = self.fit(&columns, constant)?;
        let k = self.long.len();
        let theta = b[1..=k].iter().map(|x| -x / b[0]);
        Some(theta.chain([b[0]]).chain(b[k + 1..].iter().copied()).collect())
    }
}

/// Products of a group after its short run is taken out. With `xi = level - long theta`: `xi'change` is
/// `change_level - long_change'theta` and `xi'xi` is `level_level - 2 long_level'theta + theta'long_long theta`.
struct Products {
    n: f64,
    change: f64,
    change_level: f64,
    level: f64,
    long_change: Vec<f64>,
    long_level: Vec<f64>,
    long: Mat,
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

impl Products {
    fn of(group: &Group, constant: bool) -> Result<Self, FitError> {
        let short: Vec<&[f64]> = group.short.iter().map(Vec::as_slice).collect();
        let left = |y: &[f64]| {
            if short.is_empty() && !constant {
                return Ok(y.to_vec());
            }
            ols::fit(&Request { constant, ..Request::new(y, &short) }).map(|fit| fit.residuals)
        };
        let (change, level) = (left(&group.change)?, left(&group.level)?);
        let long = group.long.iter().map(|x| left(x)).collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            n: change.len() as f64,
            change: dot(&change, &change),
            change_level: dot(&change, &level),
            level: dot(&level, &level),
            long_change: long.iter().map(|x| dot(x, &change)).collect(),
            long_level: long.iter().map(|x| dot(x, &level)).collect(),
            long: Mat::from_fn(long.len(), long.len(), |i, j| dot(&long[i], &long[j])),
        })
    }

    /// `xi'change`, `xi'xi` and the derivative of the latter.
    fn at(&self, theta: &[f64]) -> (f64, f64, Vec<f64>) {
        let by = self.long.times_vector(theta);
        let c = self.change_level - dot(&self.long_change, theta);
        let d = self.level - 2.0 * dot(&self.long_level, theta) + dot(&by, theta);
        (c, d, by.iter().zip(&self.long_level).map(|(b, l)| 2.0 * (b - l)).collect())
    }
}

/// The likelihood with all but the long run at its maximum: `-n/2 (ln(2 pi s2) + 1)` of each group, `s2` the mean squared
/// residual of its regression.
struct Concentrated {
    groups: Vec<Products>,
    log: Vec<(f64, &'static str)>,
}

impl Concentrated {
    /// Sum of squared residuals of a group with its derivatives.
    fn squares(group: &Products, theta: &[f64]) -> (f64, Vec<f64>, Mat) {
        let (c, d, dd) = group.at(theta);
        let dc: Vec<f64> = group.long_change.iter().map(|x| -x).collect();
        let k = theta.len();
        let first = (0..k).map(|i| (c * c / d * dd[i] - 2.0 * c * dc[i]) / d).collect();
        let second = Mat::from_fn(k, k, |i, j| {
            let crossed = dc[i] * dd[j] + dd[i] * dc[j];
            -2.0 * dc[i] * dc[j] / d + 2.0 * c * crossed / (d * d) - 2.0 * c * c * dd[i] * dd[j] / (d * d * d)
                + 2.0 * c * c * group.long[(i, j)] / (d * d)
        });
        (group.change - c * c / d, first, second)
    }
}

impl Objective for Concentrated {
    type Error = Infallible;

    fn value(&mut self, theta: &[f64]) -> Result<Option<f64>, Infallible> {
        let one = |g: &Products| {
            let s = Self::squares(g, theta).0 / g.n;
            -0.5 * g.n * ((2.0 * std::f64::consts::PI * s).ln() + 1.0)
        };
        let total: f64 = self.groups.iter().map(one).sum();
        Ok(total.is_finite().then_some(total))
    }

    fn gradient(&mut self, theta: &[f64]) -> Result<Option<Vec<f64>>, Infallible> {
        let mut out = vec![0.0; theta.len()];
        for group in &self.groups {
            let (s, first, _) = Self::squares(group, theta);
            out.iter_mut().zip(&first).for_each(|(o, f)| *o -= 0.5 * group.n * f / s);
        }
        Ok(Some(out))
    }

    fn hessian(&mut self, theta: &[f64]) -> Result<Option<Mat>, Infallible> {
        let k = theta.len();
        let mut out = Mat::zeros(k, k);
        for group in &self.groups {
            let (s, first, second) = Self::squares(group, theta);
            out = out.plus(&Mat::from_fn(k, k, |i, j| {
                -0.5 * group.n * (second[(i, j)] / s - first[i] * first[j] / (s * s))
            }));
        }
        Ok(Some(out))
    }

    fn outer_products(&mut self, _: &[f64]) -> Result<Option<Mat>, Infallible> {
        Ok(None)
    }

    fn report(&mut self, _: usize, _: &[f64], value: f64, remark: &'static str) {
        self.log.push((value, remark));
    }
}

/// The long run of all groups.
pub struct LongRun {
    /// Coefficients.
    pub theta: Vec<f64>,
    /// Their covariance, from the second derivatives of the concentrated likelihood.
    pub v: Mat,
    /// Log likelihood.
    pub ll: f64,
    /// Log likelihoods of the iterations with remarks.
    pub log: Vec<(f64, &'static str)>,
    /// Whether the search converged.
    pub converged: bool,
}

/// Maximises the concentrated likelihood from a start by Newton's method. `None` where it cannot be computed, or is flat at
/// the end.
///
/// # Errors
/// `Insufficient` where a group has too few rows for its short run.
pub fn long_run(groups: &[Group], constant: bool, start: &[f64]) -> Result<Option<LongRun>, FitError> {
    let products = groups.iter().map(|g| Products::of(g, constant)).collect::<Result<Vec<_>, _>>()?;
    let mut objective = Concentrated { groups: products, log: Vec::new() };
    let limits = Tolerances { parameters: 1e-6, value: 1e-7, newton: 1e-5, iterations: 300 };
    let found = maximise(&mut objective, start, &[(Technique::Newton, 0)], limits, &[]);
    let Ok(Optimum { p, value, converged, .. }) = found else { return Ok(None) };
    let Ok(Some(hessian)) = objective.hessian(&p) else { return Ok(None) };
    Ok(hessian.scaled(-1.0).inverse_definite().map(|v| LongRun {
        theta: p,
        v,
        ll: value,
        log: objective.log,
        converged,
    }))
}

/// Means of the groups' coefficients with their covariance, the spread over `N (N - 1)` (Pesaran and Smith 1995).
pub fn mean_group(all: &[Vec<f64>]) -> (Vec<f64>, Mat) {
    let n = all.len() as f64;
    let k = all.first().map_or(0, Vec::len);
    let mean: Vec<f64> = (0..k).map(|j| all.iter().map(|b| b[j]).sum::<f64>() / n).collect();
    let v = Mat::from_fn(k, k, |i, j| {
        all.iter().map(|b| (b[i] - mean[i]) * (b[j] - mean[j])).sum::<f64>() / (n * (n - 1.0))
    });
    (mean, v)
}
