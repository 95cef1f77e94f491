//! Fractionally integrated autoregressive moving averages by exact maximum likelihood.
//!
//! Formulas: Sowell (1992), Journal of Econometrics 53: 165-188; Hosking (1981), Biometrika 68; the autocovariances by
//! splitting the process (Bertelli and Caporin 2002, Journal of Time Series Analysis 23); innovations by the recursion of
//! Durbin and Levinson; Beran (1994), Statistics for Long-Memory Processes, chapter 5.

use super::arima::{start, stationary};
use super::combination_scales::Scales;
use super::distributions::ln_gamma;
use super::matrix::Mat;
use super::ols::{self, Request};
use super::optimise::{self, Objective, Technique, Tolerances};
use super::real::stable_sum;
use std::convert::Infallible;

/// A regression whose errors have long memory.
pub struct Arfima<'a> {
    /// Outcome, without gaps.
    pub y: &'a [f64],
    /// Regressors with the constant among them.
    pub x: Vec<&'a [f64]>,
    /// Lags of the autoregression.
    pub ar: Vec<usize>,
    /// Lags of the moving average.
    pub ma: Vec<usize>,
    /// Whether the degree of integration is zero instead of estimated.
    pub short: bool,
}

/// A fitted model. Parameters: regressors, autoregression, moving average, degree of integration, variance.
pub struct ArfimaFit {
    /// Parameters.
    pub b: Vec<f64>,
    /// Inverse of the negative second derivatives of the log likelihood.
    pub v: Mat,
    /// Log likelihood.
    pub ll: f64,
    /// Steps of the search.
    pub iterations: usize,
    /// Whether the search ended at a maximum.
    pub converged: bool,
}

/// What the innovations say at given dynamics: coefficients of the regressors, variance, log likelihood.
struct Profile {
    beta: Vec<f64>,
    variance: f64,
    ll: f64,
}

/// Longest autocovariances of the short memory that count.
const LONGEST: usize = 20_000;

impl Arfima<'_> {
    /// Number of parameters of the dynamics.
    fn dynamics(&self) -> usize {
        self.ar.len() + self.ma.len() + usize::from(!self.short)
    }

    /// Coefficients by lag, and the degree of integration.
    fn parts(&self, p: &[f64]) -> (Vec<f64>, Vec<f64>, f64) {
        let spread = |lags: &[usize], values: &[f64]| {
            let mut out = vec![0.0; lags.iter().copied().max().unwrap_or(0)];
            lags.iter().zip(values).for_each(|(l, v)| out[l - 1] = *v);
            out
        };
        let (a, m) = (self.ar.len(), self.ma.len());
        let d = if self.short { 0.0 } else { p[a + m] };
        (spread(&self.ar, &p[..a]), spread(&self.ma, &p[a..a + m]), d)
    }

    /// Autocovariances for innovations of variance one; nothing outside the stationary and invertible region.
    fn autocovariances(&self, p: &[f64]) -> Option<Vec<f64>> {
        let n = self.y.len();
        let (ar, ma, d) = self.parts(p);
        let inverted: Vec<f64> = ma.iter().map(|m| -m).collect();
        if !stationary(&ar) || !stationary(&inverted) || d.abs() >= 0.5 {
            return None;
        }
        let short = short_memory(&ar, &ma, n)?;
        if d == 0.0 {
            return Some((0..n).map(|k| short.get(k).copied().unwrap_or(0.0)).collect());
        }
        let reach = short.len() - 1;
        let mut long = Vec::with_capacity(n + reach);
        long.push((ln_gamma(1.0 - 2.0 * d) - 2.0 * ln_gamma(1.0 - d)).exp());
        for k in 1..n + reach {
            let k = k as f64;
            long.push(long[long.len() - 1] * (k - 1.0 + d) / (k - d));
        }
        let at = |k: isize| long[k.unsigned_abs()];
        let sum = |k: usize| {
            let k = k as isize;
            let sides = (1..=reach as isize).map(|j| short[j as usize] * (at(k - j) + at(k + j)));
            stable_sum(sides.chain([short[0] * at(k)]))
        };
        Some((0..n).map(sum).collect())
    }

    /// Innovations of columns and the logs of their variances.
    fn innovations(&self, p: &[f64], columns: &[&[f64]]) -> Option<(Vec<Vec<f64>>, Vec<f64>)> {
        let gamma = self.autocovariances(p)?;
        let n = self.y.len();
        let mut phi: Vec<f64> = Vec::with_capacity(n);
        let mut variance = gamma[0];
        let mut out = vec![Vec::with_capacity(n); columns.len()];
        let mut logs = Vec::with_capacity(n);
        for t in 0..n {
            if t > 0 {
                let known: f64 = phi.iter().enumerate().map(|(j, f)| f * gamma[t - 1 - j]).sum();
                let partial = (gamma[t] - known) / variance;
                let before = phi.clone();
                let back = before.iter().rev();
                phi.iter_mut().zip(back).for_each(|(f, b)| *f -= partial * b);
                phi.push(partial);
                variance *= 1.0 - partial * partial;
            }
            if variance.is_nan() || variance <= 0.0 {
                return None;
            }
            let root = variance.sqrt();
            logs.push(variance.ln());
            for (column, own) in columns.iter().zip(&mut out) {
                let expected: f64 = phi.iter().enumerate().map(|(j, f)| f * column[t - 1 - j]).sum();
                own.push((column[t] - expected) / root);
            }
        }
        Some((out, logs))
    }

    /// The likelihood at dynamics, maximised over the other parameters.
    fn profile(&self, p: &[f64]) -> Option<Profile> {
        let all: Vec<&[f64]> = std::iter::once(self.y).chain(self.x.iter().copied()).collect();
        let (mut turned, logs) = self.innovations(p, &all)?;
        let y = turned.remove(0);
        let views: Vec<&[f64]> = turned.iter().map(Vec::as_slice).collect();
        let request = Request { constant: false, chosen: true, ..Request::new(&y, &views) };
        let (beta, rss) = if views.is_empty() {
            (Vec::new(), y.iter().map(|e| e * e).sum())
        } else {
            let fit = ols::fit(&request).ok()?;
            (fit.b, fit.rss)
        };
        let n = y.len() as f64;
        let variance: f64 = rss / n;
        let unit = (2.0 * std::f64::consts::PI).ln() + 1.0;
        let ll = -0.5 * (n * (unit + variance.ln()) + stable_sum(logs));
        (variance > 0.0).then_some(Profile { beta, variance, ll })
    }

    /// The log likelihood at all parameters.
    fn total(&self, b: &[f64]) -> Option<f64> {
        let k = self.x.len();
        let variance = b[b.len() - 1];
        if variance.is_nan() || variance <= 0.0 {
            return None;
        }
        let errors = self.errors(b);
        let (turned, logs) = self.innovations(&b[k..k + self.dynamics()], &[&errors])?;
        let n = errors.len() as f64;
        let squares = stable_sum(turned[0].iter().map(|e| e * e));
        let scale = (2.0 * std::f64::consts::PI * variance).ln();
        Some(-0.5 * (n * scale + stable_sum(logs) + squares / variance))
    }

    /// Innovations of the outcome at all parameters, each the distance to its best linear prediction from all values
    /// before it, and the same divided by their standard deviations. Nothing outside the stationary and invertible region.
    pub fn one_step(&self, b: &[f64]) -> Option<(Vec<f64>, Vec<f64>)> {
        let k = self.x.len();
        let errors = self.errors(b);
        let (turned, logs) = self.innovations(&b[k..k + self.dynamics()], &[&errors])?;
        let deviation = b[b.len() - 1].sqrt();
        let raw = turned[0].iter().zip(&logs).map(|(e, log)| e * (0.5 * log).exp()).collect();
        Some((raw, turned[0].iter().map(|e| e / deviation).collect()))
    }

    /// The outcome less the regression.
    fn errors(&self, b: &[f64]) -> Vec<f64> {
        let regression = |t: usize| self.x.iter().zip(b).map(|(c, b)| c[t] * b).sum::<f64>();
        (0..self.y.len()).map(|t| self.y[t] - regression(t)).collect()
    }

    /// Maximises the likelihood; nothing without a start.
    pub fn maximise(&self, iterations: usize) -> Option<ArfimaFit> {
        let size = self.x.len() + self.dynamics() + 1;
        let scales = Scales::of(size, &[self.x.iter().copied().enumerate().collect()]);
        let columns = scales.columns(&self.x);
        let x = columns.iter().map(Vec::as_slice).collect();
        let inner = Arfima { x, ar: self.ar.clone(), ma: self.ma.clone(), ..*self };
        let fit = inner.search(iterations)?;
        let (b, v) = scales.raw(&fit.b, &fit.v);
        Some(ArfimaFit { b, v, ..fit })
    }

    /// [`Self::maximise`] on the columns as they are.
    fn search(&self, iterations: usize) -> Option<ArfimaFit> {
        let size = self.dynamics();
        let mut starts: Vec<(Vec<f64>, f64)> =
            self.starts().into_iter().filter_map(|p| self.profile(&p).map(|found| (p, found.ll))).collect();
        starts.sort_by(|a, b| b.1.total_cmp(&a.1));
        starts.truncate(2);
        let limits = Tolerances { parameters: 1e-10, value: 1e-13, newton: 1e-12, iterations };
        let mut best: Option<optimise::Optimum> = None;
        for (from, _) in starts {
            let found = match size {
                0 => optimise::Optimum { p: from, value: 0.0, first: 0.0, iterations: 0, converged: true },
                _ => {
                    let mut search = Search(self);
                    let turns = [(Technique::Newton, 0)];
                    match optimise::maximise(&mut search, &from, &turns, limits, &vec![0.05; size]) {
                        Ok(found) => found,
                        Err(_) => continue,
                    }
                }
            };
            if best.as_ref().is_none_or(|b| found.value > b.value) {
                best = Some(found);
            }
        }
        let found = best?;
        let profile = self.profile(&found.p)?;
        let mut b = profile.beta;
        b.extend(&found.p);
        b.push(profile.variance);
        let v = self.covariance(&b)?;
        Some(ArfimaFit { b, v, ll: profile.ll, iterations: found.iterations, converged: found.converged })
    }

    fn starts(&self) -> Vec<Vec<f64>> {
        let (a, m) = (self.ar.len(), self.ma.len());
        let mut out = Vec::new();
        for (ar, ma) in
            [(0.0, 0.0), (0.4, 0.0), (-0.4, 0.0), (0.0, 0.4), (0.0, -0.4), (0.7, -0.4), (0.7, 0.3)]
        {
            for d in [-0.2, 0.05, 0.2, 0.35] {
                let mut p = vec![0.0; a + m];
                if a > 0 {
                    p[0] = ar;
                }
                if m > 0 {
                    p[a] = ma;
                }
                p.extend((!self.short).then_some(d));
                out.push(p);
            }
        }
        out
    }

    /// The inverse information, by differences of fourth order of the log likelihood.
    fn covariance(&self, b: &[f64]) -> Option<Mat> {
        let mut steps = vec![1e-3; b.len()];
        for (j, c) in self.x.iter().enumerate() {
            let size = (stable_sum(c.iter().map(|x| x * x)) / c.len() as f64).sqrt();
            steps[j] = 0.1 * b[b.len() - 1].sqrt() / size.max(f64::MIN_POSITIVE);
        }
        steps[b.len() - 1] = 0.01 * b[b.len() - 1];
        second_differences(&|p: &[f64]| self.total(p), b, &steps)?.scaled(-1.0).inverse_definite()
    }
}

/// Autocovariances of an autoregressive moving average with innovations of variance one, until they vanish.
fn short_memory(ar: &[f64], ma: &[f64], n: usize) -> Option<Vec<f64>> {
    let m = ar.len().max(ma.len() + 1);
    let phi: Vec<f64> = (0..m).map(|j| ar.get(j).copied().unwrap_or(0.0)).collect();
    let r: Vec<f64> =
        (0..m).map(|j| if j == 0 { 1.0 } else { ma.get(j - 1).copied().unwrap_or(0.0) }).collect();
    let p = start(&phi, &r)?;
    let mut state: Vec<f64> = (0..m).map(|i| p[i * m]).collect();
    let mut out = Vec::new();
    let mut quiet = 0;
    while quiet < m && out.len() < LONGEST.max(n) {
        let first = state[0];
        out.push(first);
        quiet = if first.abs() <= 1e-18 * out[0] { quiet + 1 } else { 0 };
        state = (0..m).map(|i| phi[i] * first + state.get(i + 1).copied().unwrap_or(0.0)).collect();
    }
    Some(out)
}

/// Second derivatives from values at four points on each side of every parameter and pair of parameters.
pub(super) fn second_differences(f: &dyn Fn(&[f64]) -> Option<f64>, b: &[f64], steps: &[f64]) -> Option<Mat> {
    const WEIGHTS: [(f64, f64); 4] = [(-2.0, 1.0), (-1.0, -8.0), (1.0, 8.0), (2.0, -1.0)];
    let at = |moves: &[(usize, f64)]| {
        let mut p = b.to_vec();
        moves.iter().for_each(|(j, by)| p[*j] += by * steps[*j]);
        f(&p)
    };
    let centre = f(b)?;
    let mut out = Mat::zeros(b.len(), b.len());
    for i in 0..b.len() {
        let (far, near) = (at(&[(i, 2.0)])? + at(&[(i, -2.0)])?, at(&[(i, 1.0)])? + at(&[(i, -1.0)])?);
        out[(i, i)] = (16.0 * near - far - 30.0 * centre) / (12.0 * steps[i] * steps[i]);
        for j in 0..i {
            let mut sum = 0.0;
            for (a, u) in WEIGHTS {
                for (c, w) in WEIGHTS {
                    sum += u * w * at(&[(i, a), (j, c)])?;
                }
            }
            out[(i, j)] = sum / (144.0 * steps[i] * steps[j]);
            out[(j, i)] = out[(i, j)];
        }
    }
    Some(out)
}

/// The profile likelihood as a function of the dynamics.
struct Search<'a, 'b>(&'a Arfima<'b>);

impl Search<'_, '_> {
    fn at(&self, p: &[f64]) -> Option<f64> {
        self.0.profile(p).map(|found| found.ll)
    }
}

/// Step of the differences; it shrinks at the border of the region.
const STEPS: [f64; 4] = [1e-3, 1e-4, 1e-5, 1e-6];

impl Objective for Search<'_, '_> {
    type Error = Infallible;

    fn value(&mut self, p: &[f64]) -> Result<Option<f64>, Infallible> {
        Ok(self.at(p))
    }

    fn gradient(&mut self, p: &[f64]) -> Result<Option<Vec<f64>>, Infallible> {
        let slope = |j: usize| {
            STEPS.into_iter().find_map(|h| {
                let at = |by: f64| {
                    let mut moved = p.to_vec();
                    moved[j] += by * h;
                    self.at(&moved)
                };
                Some((at(-2.0)? - 8.0 * at(-1.0)? + 8.0 * at(1.0)? - at(2.0)?) / (12.0 * h))
            })
        };
        Ok((0..p.len()).map(slope).collect())
    }

    fn hessian(&mut self, p: &[f64]) -> Result<Option<Mat>, Infallible> {
        Ok(STEPS.into_iter().find_map(|h| second_differences(&|p: &[f64]| self.at(p), p, &vec![h; p.len()])))
    }

    fn outer_products(&mut self, _: &[f64]) -> Result<Option<Mat>, Infallible> {
        Ok(None)
    }

    fn report(&mut self, _: usize, _: &[f64], _: f64, _: &'static str) {}
}
