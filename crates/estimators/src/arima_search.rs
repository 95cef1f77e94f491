//! The search for the maximum of an ARMA likelihood: several starts, moving averages that can be inverted, and roots on
//! the unit circle, where the likelihood is flat across the circle.

use super::arima::{Arima, ArimaFit, Factor, stationary};
use super::combination_scales::Scales;
use super::matrix::Mat;

impl Arima<'_> {
    /// Maximises the likelihood. Nothing without a start.
    ///
    /// The likelihood of a moving average may have several maxima, so that short searches from several starts decide
    /// where the long one begins. The exact likelihood is the same for a moving average and for the one with inverted
    /// roots and another sigma: of equally good points one that can be inverted is taken.
    pub fn maximise(&self, iterations: usize) -> Option<ArimaFit> {
        let scales = Scales::of(self.size(), &[self.x.iter().copied().enumerate().collect()]);
        let columns = scales.columns(&self.x);
        let x = columns.iter().map(Vec::as_slice).collect();
        let fit = Arima { x, factors: self.factors.clone(), ..*self }.search(iterations)?;
        Some(ArimaFit { b: scales.to_raw.times_vector(&fit.b), to_raw: scales.to_raw, ..fit })
    }

    /// [`Self::maximise`] on the columns as they are.
    fn search(&self, iterations: usize) -> Option<ArimaFit> {
        let first = self.start()?;
        let mut found = vec![self.climb(first.clone(), Search { iterations, newton: true, inside: false })?];
        let screen = Search { iterations: SCREENING, newton: false, inside: true };
        let screened = self.starts(&first).into_iter().filter_map(|b| self.climb(b, screen));
        let best = screened.max_by(|a, b| a.ll.total_cmp(&b.ll));
        let settled = |p: &Climb| p.converged && self.invertible(&p.b);
        let worse = |best: &Climb| best.ll <= found[0].ll + 1e-6 && settled(&found[0]);
        if let Some(best) = best.filter(|best| !worse(best)) {
            for inside in [true, false] {
                let search = Search { iterations, newton: true, inside };
                found.extend(self.climb(best.b.clone(), search).map(|p| p.after(&best)));
            }
        }
        let most = found.iter().map(|p| p.ll).fold(f64::NEG_INFINITY, f64::max);
        found.retain(|p| p.ll >= most - 1e-7 * (1.0 + most.abs()));
        let rank = |p: &Climb| (!p.converged, !self.invertible(&p.b));
        let mut chosen = found.into_iter().min_by_key(rank)?;
        if self.on_unit_circle(&chosen.b) {
            self.settle(&mut chosen);
        }
        let scale = self.steps(&chosen.b);
        Some(ArimaFit {
            scores: self.scores(&chosen.b, &scale)?,
            information: self.information(&chosen.b, &scale)?,
            to_raw: Mat::identity(self.size()),
            b: chosen.b,
            ll: chosen.ll,
            log: chosen.log,
            converged: chosen.converged,
        })
    }

    /// Other starts than the first: no serial correlation, and for each sign moving averages with autoregressions that
    /// do not cancel them.
    fn starts(&self, first: &[f64]) -> Vec<Vec<f64>> {
        let regressors = self.x.len();
        let flat = |value: &dyn Fn(bool, usize) -> f64| {
            let mut b = first.to_vec();
            let mut at = regressors;
            for factor in &self.factors {
                for (is_ar, lags) in [(true, &factor.ar), (false, &factor.ma)] {
                    for place in 0..lags.len() {
                        b[at] = value(is_ar, place);
                        at += 1;
                    }
                }
            }
            b
        };
        let mut out = vec![first.to_vec(), flat(&|_, _| 0.0)];
        for (ar, ma) in [(0.0, 0.6), (0.0, -0.6), (0.7, -0.4), (-0.5, 0.6), (0.9, -0.8), (0.3, 0.6)] {
            out.push(flat(&|is_ar, place| match (is_ar, place) {
                (true, 0) => ar,
                (false, 0) => ma,
                _ => 0.0,
            }));
        }
        let has = |of: &dyn Fn(&Factor) -> bool| self.factors.iter().any(of);
        // without a moving average the likelihood has one maximum
        if !has(&|f| !f.ma.is_empty()) {
            out.truncate(1);
        }
        out
    }

    /// Whether the moving average can be inverted.
    pub fn invertible(&self, b: &[f64]) -> bool {
        let inverted: Vec<f64> = self.polynomials(b).1.iter().map(|m| -m).collect();
        stationary(&inverted)
    }

    /// Whether the moving average has a root on the unit circle, where the likelihood is flat across it.
    pub fn on_unit_circle(&self, b: &[f64]) -> bool {
        let inverted: Vec<f64> = self.polynomials(b).1.iter().map(|m| -m).collect();
        let within = |margin: f64| {
            let scaled = inverted.iter().zip(1..).map(|(m, j)| m * (1.0 + margin).powi(j));
            stationary(&scaled.collect::<Vec<_>>())
        };
        !within(ON_CIRCLE) && within(-ON_CIRCLE)
    }

    /// The inverse of an information matrix without those coefficients of the moving average that the others determine, as
    /// they do for a root on the unit circle: their rows are zero. Nothing where another parameter is not determined.
    pub fn inverse_without_flat(&self, information: &Mat) -> Option<Mat> {
        let mut at = self.x.len();
        let mut averages = Vec::new();
        for factor in &self.factors {
            at += factor.ar.len();
            averages.extend(at..at + factor.ma.len());
            at += factor.ma.len();
        }
        let mut order: Vec<usize> = (0..self.size()).filter(|i| !averages.contains(i)).collect();
        order.extend(&averages);
        let (inverse, _, kept) = information.select(&order, &order).inverse_semidefinite(FLAT);
        let own = order.len() - averages.len();
        let place = |i: usize| order.iter().position(|j| *j == i).unwrap_or(i);
        (0..own)
            .all(|i| kept.contains(&i))
            .then(|| Mat::from_fn(self.size(), self.size(), |i, j| inverse[(place(i), place(j))]))
    }

    /// Newton steps of the parameters that a root on the unit circle leaves determined.
    fn settle(&self, found: &mut Climb) {
        for _ in 0..SETTLING {
            let scale = self.steps(&found.b);
            let (Some(gradient), Some(information)) =
                (self.gradient(&found.b, &scale), self.information(&found.b, &scale))
            else {
                return;
            };
            let Some(inverse) = self.inverse_without_flat(&information) else { return };
            let step = inverse.times_vector(&gradient);
            let decrement: f64 = step.iter().zip(&gradient).map(|(s, g)| s * g).sum();
            let inside = self.invertible(&found.b);
            let Some((b, ll)) = self.along(&found.b, &step, found.ll, inside) else { return };
            (found.b, found.ll) = (b, ll);
            if decrement.abs() < 1e-15 * (1.0 + ll.abs()) {
                return;
            }
        }
    }

    /// The first point along a step, halved up to 40 times, where the likelihood is not lower.
    fn along(&self, b: &[f64], step: &[f64], ll: f64, inside: bool) -> Option<(Vec<f64>, f64)> {
        let mut length = 1.0;
        for _ in 0..40 {
            let trial: Vec<f64> = b.iter().zip(step).map(|(b, s)| b + length * s).collect();
            let value = self.total(&trial);
            if value >= ll && (!inside || self.invertible(&trial)) {
                return Some((trial, value));
            }
            length *= 0.5;
        }
        None
    }

    /// Climbs from a point: outer products of the scores first, then Newton steps.
    fn climb(&self, mut b: Vec<f64>, search: Search) -> Option<Climb> {
        let mut ll = self.total(&b);
        let mut log = vec![ll];
        let mut converged = false;
        for iteration in 0..search.iterations {
            let scale = self.steps(&b);
            let scores = self.scores(&b, &scale)?;
            let gradient: Vec<f64> = (0..b.len())
                .map(|j| super::real::stable_sum((0..self.y.len()).map(|t| scores[(t, j)])))
                .collect();
            let outer = scores.transpose().times(&scores);
            let step_of = |inverse: Mat| {
                let step = inverse.times_vector(&gradient);
                let decrement: f64 = step.iter().zip(&gradient).map(|(s, g)| s * g).sum();
                (step, decrement)
            };
            let newton = || self.information(&b, &scale).and_then(|h| h.inverse_definite());
            let early = iteration < 4;
            let first = if search.newton && !early { newton() } else { None };
            let (step, decrement) = step_of(
                first
                    .or_else(|| outer.inverse_definite())
                    .unwrap_or_else(|| outer.inverse_semidefinite(1e-12).0),
            );
            if iteration >= 5 && decrement.abs() < 1e-15 * (1.0 + ll.abs()) {
                converged = true;
                break;
            }
            let worth = |found: &(Vec<f64>, f64)| found.1 > ll + 1e-9 * (1.0 + ll.abs());
            let mut better = self.along(&b, &step, ll, search.inside);
            if !better.as_ref().is_some_and(worth) {
                // at a root on the unit circle the outer products point across it
                let others = [
                    if search.newton && early { newton() } else { None },
                    if early { None } else { outer.inverse_definite() },
                    self.inverse_without_flat(&outer),
                ];
                let tried = others.into_iter().flatten().map(|inverse| step_of(inverse).0);
                let found = tried.filter_map(|step| self.along(&b, &step, ll, search.inside)).find(worth);
                better = found.or(better);
            }
            let Some((trial, value)) = better else {
                let determined = || Some(self.inverse_without_flat(&outer)?.quadratic(&gradient));
                converged = decrement.abs() < 1e-6 || determined().is_some_and(|left| left.abs() < 1e-6);
                break;
            };
            b = trial;
            ll = value;
            log.push(ll);
        }
        Some(Climb { b, ll, log, converged })
    }
}

/// Most steps to settle the parameters next to a root on the unit circle.
const SETTLING: usize = 20;
/// Distance of a root from the unit circle below which it lies on it.
const ON_CIRCLE: f64 = 1e-4;
/// Part of its own information below which the others determine a coefficient.
const FLAT: f64 = 1e-6;
/// Steps of a short search that only compares starts.
const SCREENING: usize = 12;

/// How far and where a search goes.
#[derive(Clone, Copy)]
struct Search {
    iterations: usize,
    /// Newton steps after the first ones.
    newton: bool,
    /// Over moving averages alone that can be inverted.
    inside: bool,
}

/// Where a search ended.
struct Climb {
    b: Vec<f64>,
    ll: f64,
    /// Log likelihood at the start and after each step.
    log: Vec<f64>,
    converged: bool,
}

impl Climb {
    /// This search as the continuation of an earlier one.
    fn after(mut self, earlier: &Climb) -> Self {
        let mut log = earlier.log.clone();
        log.extend(self.log.drain(1..));
        self.log = log;
        self
    }
}
