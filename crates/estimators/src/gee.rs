//! Generalised estimating equations for panels: population-averaged coefficients with a working correlation.
//! Families and links are in `ml_glm`; names and output are the caller's.
//!
//! Formulas: [XT] xtgee, Methods and formulas; Liang and Zeger (1986), Biometrika 73.

use super::jet::Jet;
use super::matrix::Mat;
use super::ml_glm::{Family, GlmLink};
use std::collections::HashMap;

/// The working correlation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Working {
    /// No correlation.
    Independent,
    /// One correlation for all pairs.
    Exchangeable,
    /// Autoregressive of an order.
    Autoregressive(usize),
    /// By distance in time up to a largest one, zero beyond.
    Stationary(usize),
    /// One correlation for each pair of periods.
    Unstructured,
}

/// Model to be estimated.
pub struct Request<'a> {
    /// Outcome.
    pub y: &'a [f64],
    /// Regressors with the constant, independent of each other.
    pub columns: &'a [&'a [f64]],
    /// A term with coefficient one.
    pub offset: Option<&'a [f64]>,
    /// Family.
    pub family: Family,
    /// Link.
    pub link: GlmLink,
    /// Rows of each unit in the order of time.
    pub units: &'a [Vec<usize>],
    /// A weight of each unit: copies of it, or a sampling weight.
    pub weights: Option<UnitWeights<'a>>,
    /// Period of each row, from zero; rows of a unit are one period apart where it matters.
    pub period: &'a [usize],
    /// Working correlation.
    pub working: Working,
    /// Dispersion with divisor N less the number of parameters.
    pub adjusted: bool,
    /// A dispersion that is not estimated.
    pub scale: Option<f64>,
    /// Most iterations.
    pub iterations: usize,
}

/// Weights of units.
#[derive(Clone, Copy)]
pub struct UnitWeights<'a> {
    /// One per unit.
    pub values: &'a [f64],
    /// Copies of units; otherwise the inverse of the probability to be sampled.
    pub copies: bool,
}

/// A solution of the estimating equations.
pub struct GeeFit {
    /// Coefficients.
    pub b: Vec<f64>,
    /// Covariance from the working model.
    pub v_model: Mat,
    /// Sandwich over units, with the factor `G/(G-1)`.
    pub v_robust: Mat,
    /// Dispersion in use.
    pub phi: f64,
    /// Pearson statistic.
    pub pearson: f64,
    /// Working correlation of the longest unit.
    pub correlation: Mat,
    /// Iterations.
    pub iterations: usize,
    /// Whether the coefficients settled.
    pub converged: bool,
}

/// Mean, its derivative in the index, and variance function of every row.
struct Moments {
    mu: Vec<f64>,
    slope: Vec<f64>,
    root: Vec<f64>,
}

impl Request<'_> {
    /// Weight of a unit.
    fn weight(&self, unit: usize) -> f64 {
        self.weights.map_or(1.0, |w| w.values[unit])
    }

    /// Weighted sum over units of a sum over their rows.
    fn total(&self, of_unit: impl Fn(&[usize]) -> f64) -> f64 {
        self.units.iter().enumerate().map(|(u, rows)| self.weight(u) * of_unit(rows)).sum()
    }

    fn moments(&self, b: &[f64]) -> Moments {
        let n = self.y.len();
        let mut out =
            Moments { mu: Vec::with_capacity(n), slope: Vec::with_capacity(n), root: Vec::with_capacity(n) };
        for i in 0..n {
            let eta: f64 = self.columns.iter().zip(b).map(|(c, b)| c[i] * b).sum::<f64>()
                + self.offset.map_or(0.0, |o| o[i]);
            let mean = self.link.mean(Jet::<1>::variable(eta, 0));
            out.mu.push(mean.v);
            out.slope.push(mean.g[0]);
            out.root.push(self.family.variance(mean.v, 1.0).sqrt());
        }
        out
    }

    /// Coefficients at which the means are the overall mean.
    fn start(&self) -> Vec<f64> {
        let mean =
            self.total(|rows| rows.iter().map(|i| self.y[*i]).sum()) / self.total(|rows| rows.len() as f64);
        let mut b = vec![0.0; self.columns.len()];
        // With a constant the other coefficients start at zero.
        if let Some(j) = self.columns.iter().position(|c| c.iter().all(|x| *x == 1.0)) {
            let shift = self.offset.map_or(0.0, |o| o.iter().sum::<f64>() / o.len() as f64);
            b[j] = self.link.index(mean) - shift;
        }
        b
    }
}

/// Correlations of the working model.
struct Correlations {
    working: Working,
    /// Exchangeable: one number. By distance: lags 1, 2, ... Otherwise unused.
    lags: Vec<f64>,
    /// Unstructured: by pair of periods.
    pairs: Mat,
    inverses: HashMap<Vec<usize>, Mat>,
}

impl Correlations {
    fn new(working: Working) -> Self {
        Self { working, lags: Vec::new(), pairs: Mat::zeros(0, 0), inverses: HashMap::new() }
    }

    /// Moments of the standardised residuals ([XT] xtgee); sums of a unit are divided by its size.
    fn update(&mut self, request: &Request<'_>, r: &[f64]) {
        self.inverses.clear();
        let total = request.total(|rows| rows.iter().map(|i| r[*i] * r[*i]).sum::<f64>() / rows.len() as f64);
        // The divisor is the number of pairs of a unit, as Stata's stationary correlations show.
        let at_lag = |v: usize| -> f64 {
            let mean = |rows: &[usize]| match rows.len().saturating_sub(v) {
                0 => 0.0,
                count => (0..count).map(|j| r[rows[j]] * r[rows[j + v]]).sum::<f64>() / count as f64,
            };
            request.total(mean) / total
        };
        match self.working {
            Working::Independent => {}
            Working::Exchangeable => {
                let pairs = |rows: &[usize]| {
                    let n = rows.len() as f64;
                    let s: f64 = rows.iter().map(|i| r[*i]).sum();
                    let own: f64 = rows.iter().map(|i| r[*i] * r[*i]).sum();
                    if n > 1.0 { (s * s - own) / (n * (n - 1.0)) } else { 0.0 }
                };
                self.lags = vec![request.total(pairs) / total];
            }
            Working::Stationary(order) => self.lags = (1..=order).map(at_lag).collect(),
            Working::Autoregressive(order) => {
                let longest = request.units.iter().map(Vec::len).max().unwrap_or(1);
                let first: Vec<f64> = (1..=order).map(at_lag).collect();
                self.lags = extend_autoregression(&first, longest);
            }
            Working::Unstructured => {
                let periods = request.period.iter().max().map_or(0, |p| p + 1);
                let mut sums = Mat::zeros(periods, periods);
                let mut counts = Mat::zeros(periods, periods);
                for (unit, rows) in request.units.iter().enumerate() {
                    let w = request.weight(unit);
                    for i in rows {
                        for j in rows {
                            let (p, q) = (request.period[*i], request.period[*j]);
                            sums[(p, q)] += w * r[*i] * r[*j];
                            counts[(p, q)] += w;
                        }
                    }
                }
                let all = request.total(|rows| rows.iter().map(|i| r[*i] * r[*i]).sum())
                    / request.total(|rows| rows.len() as f64);
                self.pairs = Mat::from_fn(periods, periods, |p, q| {
                    if p == q {
                        1.0
                    } else if counts[(p, q)] > 0.0 {
                        sums[(p, q)] / counts[(p, q)] / all
                    } else {
                        0.0
                    }
                });
            }
        }
    }

    fn matrix(&self, periods: &[usize]) -> Mat {
        Mat::from_fn(periods.len(), periods.len(), |i, j| {
            let distance = i.abs_diff(j);
            match self.working {
                _ if i == j => 1.0,
                Working::Independent => 0.0,
                Working::Exchangeable => self.lags[0],
                Working::Autoregressive(_) | Working::Stationary(_) => {
                    self.lags.get(distance - 1).copied().unwrap_or(0.0)
                }
                Working::Unstructured => self.pairs[(periods[i], periods[j])],
            }
        })
    }

    /// `R^-1 v`, or nothing when the working correlation is not definite.
    fn solve(&mut self, periods: &[usize], v: &[f64]) -> Option<Vec<f64>> {
        match self.working {
            Working::Independent => Some(v.to_vec()),
            Working::Exchangeable => {
                let (a, n) = (self.lags[0], v.len() as f64);
                let shared = a * v.iter().sum::<f64>() / (1.0 + (n - 1.0) * a);
                ((1.0 - a) > 0.0 && 1.0 + (n - 1.0) * a > 0.0)
                    .then(|| v.iter().map(|x| (x - shared) / (1.0 - a)).collect())
            }
            _ => {
                let key = if self.working == Working::Unstructured {
                    periods.to_vec()
                } else {
                    vec![periods.len()]
                };
                if !self.inverses.contains_key(&key) {
                    self.inverses.insert(key.clone(), self.matrix(periods).inverse()?);
                }
                Some(self.inverses[&key].times_vector(v))
            }
        }
    }
}

/// Autocorrelations up to a length from the first ones: Yule-Walker coefficients carried forward.
fn extend_autoregression(first: &[f64], length: usize) -> Vec<f64> {
    let order = first.len();
    let toeplitz = Mat::from_fn(order, order, |i, j| if i == j { 1.0 } else { first[i.abs_diff(j) - 1] });
    let phi = toeplitz.inverse().map_or_else(|| vec![0.0; order], |m| m.times_vector(first));
    let mut out = first.to_vec();
    while out.len() < length {
        let next = (0..order).map(|k| phi[k] * out[out.len() - 1 - k]).sum();
        out.push(next);
    }
    out
}

/// Sums over units: information, score, and outer products of the units' scores.
struct Sums {
    information: Mat,
    score: Vec<f64>,
    meat: Mat,
}

fn sums(request: &Request<'_>, moments: &Moments, correlations: &mut Correlations) -> Option<Sums> {
    let p = request.columns.len();
    let mut out = Sums { information: Mat::zeros(p, p), score: vec![0.0; p], meat: Mat::zeros(p, p) };
    let copies = request.weights.is_none_or(|w| w.copies);
    for (unit, rows) in request.units.iter().enumerate() {
        let w = request.weight(unit);
        let outer = if copies { w } else { w * w };
        let periods: Vec<usize> = rows.iter().map(|i| request.period[*i]).collect();
        let residual: Vec<f64> =
            rows.iter().map(|i| (request.y[*i] - moments.mu[*i]) / moments.root[*i]).collect();
        let scaled: Vec<Vec<f64>> = request
            .columns
            .iter()
            .map(|c| rows.iter().map(|i| c[*i] * moments.slope[*i] / moments.root[*i]).collect())
            .collect();
        let solved: Option<Vec<Vec<f64>>> = scaled.iter().map(|c| correlations.solve(&periods, c)).collect();
        let solved = solved?;
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>();
        let own: Vec<f64> = solved.iter().map(|c| dot(c, &residual)).collect();
        for i in 0..p {
            out.score[i] += w * own[i];
            for j in 0..p {
                out.information[(i, j)] += w * dot(&solved[i], &scaled[j]);
                out.meat[(i, j)] += outer * own[i] * own[j];
            }
        }
    }
    Some(out)
}

/// Solves the estimating equations; nothing when the working correlation or information is not definite.
pub fn fit(request: &Request<'_>) -> Option<GeeFit> {
    let mut b = request.start();
    let mut correlations = Correlations::new(Working::Independent);
    let (mut iterations, mut converged) = (0, false);
    // First the pooled model, then with the working correlation.
    for stage in 0..2 {
        if stage == 1 {
            correlations = Correlations::new(request.working);
        }
        for _ in 0..request.iterations {
            let moments = request.moments(&b);
            let r: Vec<f64> =
                (0..request.y.len()).map(|i| (request.y[i] - moments.mu[i]) / moments.root[i]).collect();
            correlations.update(request, &r);
            let sums = sums(request, &moments, &mut correlations)?;
            let step = sums.information.inverse_definite()?.times_vector(&sums.score);
            let moved = b.iter().zip(&step).map(|(b, s)| s.abs() / (b.abs() + 1e-3)).fold(0.0, f64::max);
            b.iter_mut().zip(&step).for_each(|(b, s)| *b += s);
            if b.iter().any(|x| !x.is_finite()) {
                return None;
            }
            iterations += stage;
            converged = moved < 1e-12;
            if converged {
                break;
            }
        }
    }
    let moments = request.moments(&b);
    let r: Vec<f64> =
        (0..request.y.len()).map(|i| (request.y[i] - moments.mu[i]) / moments.root[i]).collect();
    correlations.update(request, &r);
    let sums = sums(request, &moments, &mut correlations)?;
    let inverse = sums.information.inverse_definite()?;
    let pearson = request.total(|rows| rows.iter().map(|i| r[*i] * r[*i]).sum());
    let divisor =
        request.total(|rows| rows.len() as f64) - if request.adjusted { b.len() as f64 } else { 0.0 };
    let phi = request.scale.unwrap_or(pearson / divisor);
    let g = match request.weights {
        Some(w) if w.copies => w.values.iter().sum(),
        _ => request.units.len() as f64,
    };
    let longest = request.units.iter().max_by_key(|u| u.len()).cloned().unwrap_or_default();
    let periods: Vec<usize> = longest.iter().map(|i| request.period[*i]).collect();
    Some(GeeFit {
        v_robust: inverse.sandwich(&sums.meat).scaled(g / (g - 1.0)),
        v_model: inverse.scaled(phi),
        correlation: correlations.matrix(&periods),
        b,
        phi,
        pearson,
        iterations,
        converged,
    })
}
