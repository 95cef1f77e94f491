//! Bandwidths of a kernel regression by least squares: cross-validation or the improved criterion of Akaike for the mean, and
//! a comparison of gradients for the derivatives.
//!
//! # Source
//! Li and Racine (2004), Statistica Sinica 14, for cross-validation with continuous and discrete regressors; Hurvich, Simonoff
//! and Tsai (1998) for the improved criterion; Henderson, Li, Parmeter and Yao (2015), Journal of Econometrics 184, for the
//! idea to choose the bandwidth of the gradient by its own loss.

use super::kernel_regression::{DiscreteKernel, KernelRegression, Widths};
use super::matrix::Mat;
use super::optimise::{Failure, Found, Objective, Tolerances};
use super::simplex::simplex;
use std::convert::Infallible;

/// What the bandwidths make small.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Criterion {
    /// Mean of the squared differences between outcomes and means from the other observations.
    CrossValidation,
    /// The improved criterion of Akaike.
    ImprovedAkaike,
    /// Mean squared difference between the gradient and that of a local polynomial of the third degree with the same
    /// bandwidths, in standard deviations of the regressors.
    Gradient,
}

/// Chosen bandwidths.
#[derive(Debug, Clone)]
pub struct Chosen {
    /// The bandwidths.
    pub widths: Widths,
    /// Values of the criterion during the search: the start, then the best so far.
    pub log: Vec<f64>,
    /// Whether the search met its tolerances.
    pub converged: bool,
}

/// Observations whose weight in their own mean is nearer to one than this are left out directly.
const NEAR_ONE: f64 = 1e-6;
/// Limits of the logarithm of a bandwidth in standard deviations of its regressor.
const WIDEST: f64 = 7.0;
/// Share of the variance of the outcome below which a mean square is rounding.
const ROUNDING: f64 = 1e-24;

/// Differences of the criterion, a logarithm, that are rounding.
const SAME: f64 = 1e-9;

/// A search over the bandwidths.
struct Search<'a> {
    data: &'a KernelRegression,
    criterion: Criterion,
    /// Observations that are identified at the widest bandwidths.
    rows: Vec<usize>,
    /// Bandwidths that do not move, for the criterion of the gradient those of the discrete regressors.
    discrete: Option<Vec<f64>>,
    centre: f64,
    variance: f64,
    spread: Vec<f64>,
    log: Vec<f64>,
}

impl Search<'_> {
    fn widths(&self, p: &[f64]) -> Widths {
        let q = self.spread.len();
        let continuous = p[..q].iter().zip(&self.spread).map(|(t, s)| t.clamp(-WIDEST, WIDEST).exp() * s);
        let discrete = match &self.discrete {
            Some(fixed) => fixed.clone(),
            None => p[q..].iter().map(|t| t.clamp(0.0, 1.0)).collect(),
        };
        Widths { continuous: continuous.collect(), discrete }
    }

    /// The criterion, infinite where an observation is not identified.
    fn loss(&self, p: &[f64]) -> f64 {
        let widths = self.widths(p);
        let found = match self.criterion {
            Criterion::CrossValidation => self.left_out(&widths),
            Criterion::ImprovedAkaike => self.akaike(&widths),
            Criterion::Gradient => self.gradients(&widths),
        };
        found.filter(|x| !x.is_nan()).unwrap_or(f64::INFINITY)
    }

    fn logarithm(&self, mean_square: f64) -> f64 {
        mean_square.max(ROUNDING * self.variance).max(f64::MIN_POSITIVE).ln()
    }

    fn left_out(&self, widths: &Widths) -> Option<f64> {
        let (mut sum, mut total) = (0.0, 0.0);
        for &row in &self.rows {
            let (x, z) = self.data.point(row);
            let fit = self.data.at(widths, self.centre, &x, &z)?;
            let rest = 1.0 - fit.own;
            let error = if rest > NEAR_ONE {
                (self.data.y[row] - self.centre - fit.deviation) / rest
            } else {
                self.data.y[row] - self.centre - self.data.without(widths, self.centre, row)?
            };
            sum += self.data.count(row) * error * error;
            total += self.data.count(row);
        }
        Some(self.logarithm(sum / total))
    }

    fn akaike(&self, widths: &Widths) -> Option<f64> {
        let (mut sum, mut trace, mut n) = (0.0, 0.0, 0.0);
        for &row in &self.rows {
            let (x, z) = self.data.point(row);
            let fit = self.data.at(widths, self.centre, &x, &z)?;
            let count = self.data.count(row);
            sum += count * (self.data.y[row] - self.centre - fit.deviation).powi(2);
            trace += count * fit.own;
            n += count;
        }
        let rest = 1.0 - (trace + 2.0) / n;
        (rest > 0.0).then(|| self.logarithm(sum / n) + (1.0 + trace / n) / rest)
    }

    fn gradients(&self, widths: &Widths) -> Option<f64> {
        let (mut sum, mut total) = (0.0, 0.0);
        for &row in &self.rows {
            let (x, z) = self.data.point(row);
            let own = self.data.at(widths, self.centre, &x, &z)?.gradient;
            let cubic = self.data.cubic_gradient(widths, self.centre, &x, &z)?;
            let gaps = own.iter().zip(&cubic).zip(&self.spread).map(|((a, b), s)| ((a - b) * s).powi(2));
            sum += self.data.count(row) * gaps.sum::<f64>();
            total += self.data.count(row);
        }
        Some(self.logarithm(sum / total))
    }
}

impl Objective for Search<'_> {
    type Error = Infallible;

    fn value(&mut self, p: &[f64]) -> Result<Option<f64>, Infallible> {
        Ok(Some(-self.loss(p)))
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

    fn report(&mut self, _: usize, _: &[f64], value: f64, _: &'static str) {
        self.log.push(-value);
    }
}

/// Standard deviations of the continuous regressors.
pub fn spreads(data: &KernelRegression) -> Vec<f64> {
    let n = data.total();
    let of = |column: &Vec<f64>| {
        let mean = (0..column.len()).map(|i| data.count(i) * column[i]).sum::<f64>() / n;
        let square: f64 = (0..column.len()).map(|i| data.count(i) * (column[i] - mean).powi(2)).sum();
        (square / (n - 1.0).max(1.0)).sqrt()
    };
    data.continuous.iter().map(of).collect()
}

/// Chooses bandwidths; `discrete` fixes those of the discrete regressors. `iterations` limits each descent.
///
/// The loss has several minima and no derivatives where a kernel has a corner: the best points of a grid each start a simplex of
/// Nelder and Mead, and the best end is started once more. Nothing where the criterion is nowhere finite.
pub fn choose(
    data: &KernelRegression,
    criterion: Criterion,
    discrete: Option<Vec<f64>>,
    iterations: usize,
) -> Option<Chosen> {
    let spread = spreads(data);
    let free = if discrete.is_some() { 0 } else { data.discrete.len() };
    let q = spread.len();
    let centre = data.centre();
    let n = data.total();
    let square = (0..data.y.len()).map(|i| data.count(i) * (data.y[i] - centre).powi(2));
    let variance = square.sum::<f64>() / n;
    let rows = (0..data.y.len()).filter(|i| data.count(*i) > 0.0).collect();
    let mut search = Search { data, criterion, rows, discrete, centre, variance, spread, log: Vec::new() };
    search.rows = identified(&search, free);
    if search.rows.is_empty() {
        return None;
    }
    if q + free == 0 {
        let widths = search.widths(&[]);
        let loss = search.loss(&[]);
        return loss.is_finite().then(|| Chosen { widths, log: vec![loss], converged: true });
    }
    let rule = (1.06 * n.powf(-1.0 / (4.0 + q as f64))).ln();
    let starts = grid(&search, q, free, rule);
    let (first, _) = starts.first().cloned()?;
    search.log.push(search.loss(&first));
    let mut best: Option<(Vec<f64>, f64, bool)> = None;
    for (start, loss) in starts {
        let found = descend(&mut search, &start, -loss, iterations, 0.3).ok()?;
        if best.as_ref().is_none_or(|b| found.1 > b.1) {
            best = Some(found);
        }
    }
    let (p, value, _) = best?;
    let (p, _, converged) = descend(&mut search, &p, value, iterations, 0.05).ok()?;
    let p = at_bounds(&search, p, q);
    let mut log: Vec<f64> = Vec::new();
    for value in search.log.iter().filter(|x| x.is_finite()) {
        if log.last().is_none_or(|last| *value < last - SAME) {
            log.push(*value);
        }
    }
    Some(Chosen { widths: search.widths(&p), log, converged })
}

/// Observations whose mean from the others is identified at the widest bandwidths.
fn identified(search: &Search<'_>, free: usize) -> Vec<usize> {
    let mut p = vec![WIDEST; search.spread.len()];
    p.extend(vec![1.0; free]);
    let widths = search.widths(&p);
    let known = |row: &usize| search.data.without(&widths, search.centre, *row).is_some();
    search.rows.iter().copied().filter(known).collect()
}

/// The best points of a grid of common bandwidths around the rule of thumb, those of smallest loss that are not next to each
/// other first.
fn grid(search: &Search<'_>, q: usize, free: usize, rule: f64) -> Vec<(Vec<f64>, f64)> {
    let steps: Vec<f64> =
        if q == 0 { vec![0.0] } else { (-10..=14).map(|i| rule + 0.25 * f64::from(i)).collect() };
    let shares: &[f64] = if free == 0 { &[0.0] } else { &[0.05, 0.3, 0.8] };
    let mut points: Vec<(usize, usize, Vec<f64>, f64)> = Vec::new();
    for (i, step) in steps.iter().enumerate() {
        for (j, share) in shares.iter().enumerate() {
            let mut p = vec![*step; q];
            p.extend(vec![*share; free]);
            let loss = search.loss(&p);
            if loss.is_finite() {
                points.push((i, j, p, loss));
            }
        }
    }
    if points.is_empty() {
        let mut p = vec![WIDEST; q];
        p.extend(vec![1.0; free]);
        let loss = search.loss(&p);
        return if loss.is_finite() { vec![(p, loss)] } else { Vec::new() };
    }
    points.sort_by(|a, b| a.3.total_cmp(&b.3));
    let mut kept: Vec<(usize, usize)> = Vec::new();
    let apart =
        |i: usize, j: usize, kept: &[(usize, usize)]| kept.iter().all(|(a, b)| a.abs_diff(i) > 3 || *b != j);
    let mut out = Vec::new();
    for (i, j, p, loss) in points {
        if out.len() < 3 && apart(i, j, &kept) {
            kept.push((i, j));
            out.push((p, loss));
        }
    }
    out
}

fn descend(
    search: &mut Search<'_>,
    start: &[f64],
    value: f64,
    iterations: usize,
    step: f64,
) -> Found<(Vec<f64>, f64, bool), Infallible> {
    let limits = Tolerances { parameters: 1e-7, value: 1e-8, newton: f64::NAN, iterations };
    // a simplex that starts inside the interval of a discrete bandwidth
    let q = search.spread.len();
    let deltas: Vec<f64> =
        start.iter().enumerate().map(|(k, p)| if k >= q && *p + step > 1.0 { -step } else { step }).collect();
    let found = match simplex(search, start, value, limits, &deltas) {
        Ok(found) => found,
        Err(Failure::Evaluation(never)) => match never {},
        Err(other) => return Err(other),
    };
    Ok((found.p, found.value, found.converged))
}

/// The ends of the interval of a discrete bandwidth where they are better.
fn at_bounds(search: &Search<'_>, mut p: Vec<f64>, q: usize) -> Vec<f64> {
    if search.data.discrete_kernel == DiscreteKernel::CellProbability {
        return p;
    }
    let mut loss = search.loss(&p);
    for k in q..p.len() {
        for end in [0.0, 1.0] {
            let before = std::mem::replace(&mut p[k], end);
            let other = search.loss(&p);
            if other <= loss + SAME {
                loss = loss.min(other);
            } else {
                p[k] = before;
            }
        }
    }
    p
}
