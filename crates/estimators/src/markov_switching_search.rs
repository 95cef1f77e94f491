//! The search for the maximum of the likelihood of a model with a hidden Markov chain, and its covariance.

use super::combination_scales::Scales;
use super::differences::{self, Function};
use super::markov_switching::{Switching, SwitchingFit};
use super::matrix::Mat;
use super::optimise::{self, Objective, Technique, Tolerances};
use super::real::stable_sum;
use std::convert::Infallible;

impl Switching<'_> {
    /// Maximises the likelihood from several divisions of the sample; nothing where no search comes to an end.
    pub fn maximise(&self, iterations: usize) -> Option<SwitchingFit> {
        let scales = self.coordinates();
        let columns = self.standard_columns(&scales);
        let fit = self.with_columns(&columns).search(iterations)?;
        let (b, v) = scales.raw(&fit.b, &fit.v);
        Some(SwitchingFit { b, v, ..fit })
    }

    /// Coordinates of the coefficients; the constants of the states, or the common one, take up what is subtracted.
    fn coordinates(&self) -> Scales {
        let mut scales = Scales::identity(self.size());
        let one = |c: &&[f64]| c.iter().all(|v| *v == 1.0);
        let place = |s: usize, j: usize| self.common() + (s + 1) * self.own() - self.switching.len() + j;
        let common = self.fixed.iter().position(one);
        let switching = self.switching.iter().position(one);
        let of_all: Vec<usize> = match (common, switching) {
            (Some(own), _) => vec![own],
            (None, Some(own)) => (0..self.states).map(|s| place(s, own)).collect(),
            (None, None) => Vec::new(),
        };
        for (j, column) in self.fixed.iter().enumerate().filter(|(j, _)| Some(*j) != common) {
            scales.set(j, column, !of_all.is_empty(), &of_all);
        }
        for (j, column) in self.switching.iter().enumerate().filter(|(j, _)| Some(*j) != switching) {
            for s in 0..self.states {
                let constant = switching.map(|own| place(s, own));
                scales.set(place(s, j), column, constant.is_some(), constant.as_slice());
            }
        }
        scales
    }

    /// The regressors in the coordinates, those with one coefficient for all states first.
    fn standard_columns(&self, scales: &Scales) -> [Vec<Vec<f64>>; 2] {
        let first = self.common() + self.own() - self.switching.len();
        let moved = |columns: &[&[f64]], first: usize| {
            columns.iter().enumerate().map(|(j, c)| scales.column(first + j, c)).collect()
        };
        [moved(&self.fixed, 0), moved(&self.switching, first)]
    }

    /// The model with other regressors.
    fn with_columns<'c>(&'c self, [fixed, switching]: &'c [Vec<Vec<f64>>; 2]) -> Switching<'c> {
        let slices = |columns: &'c [Vec<f64>]| columns.iter().map(Vec::as_slice).collect();
        Switching { fixed: slices(fixed), switching: slices(switching), ..self.clone() }
    }

    /// [`Self::maximise`] on the columns as they are.
    fn search(&self, iterations: usize) -> Option<SwitchingFit> {
        let scales = self.scales();
        let mut search = Search { model: self, scales: &scales };
        let quick = Tolerances { parameters: 1e-4, value: 1e-7, newton: f64::NAN, iterations: 25 };
        let nearer = Tolerances { parameters: 1e-6, value: 1e-10, newton: f64::NAN, iterations: 60 };
        let exact = Tolerances { parameters: 1e-10, value: 1e-13, newton: 1e-12, iterations };
        let steps = vec![0.05; self.size()];
        let mut found: Vec<(f64, Vec<f64>)> = Vec::new();
        for start in self.starts() {
            let from: Vec<f64> = start.iter().zip(&scales).map(|(p, s)| p / s).collect();
            if let Ok(o) = optimise::maximise(&mut search, &from, &[(Technique::Bfgs, 0)], quick, &steps) {
                found.push((o.value, o.p));
            }
        }
        found.sort_by(|a, b| b.0.total_cmp(&a.0));
        found.dedup_by(|a, b| (a.0 - b.0).abs() < 1e-4 * b.0.abs().max(1.0));
        found.truncate(3);
        for one in &mut found {
            let turns = [(Technique::Bfgs, 0)];
            if let Ok(o) = optimise::maximise(&mut search, &one.1, &turns, nearer, &steps) {
                *one = (o.value, o.p);
            }
        }
        found.sort_by(|a, b| b.0.total_cmp(&a.0));
        // the best place alone is polished, and the next ones where that does not come to an end
        let mut best: Option<optimise::Optimum> = None;
        for (_, from) in &found {
            let turns = [(Technique::Newton, 0)];
            let Ok(end) = optimise::maximise(&mut search, from, &turns, exact, &steps) else { continue };
            let done = end.converged;
            if best.is_none() || done {
                best = Some(end);
            }
            if done {
                break;
            }
        }
        let best = best?;
        let p: Vec<f64> = best.p.iter().zip(&scales).map(|(p, s)| p * s).collect();
        let b = self.ordered(&p);
        let v = self.covariance(&b)?;
        Some(SwitchingFit { v, ll: best.value, b, iterations: best.iterations, converged: best.converged })
    }

    /// The inverse of the negative second derivatives.
    fn covariance(&self, b: &[f64]) -> Option<Mat> {
        let mut f = self;
        let steps = differences::steps(&mut f, b).ok()??;
        differences::hessian(&mut f, b, &steps).ok()??.scaled(-1.0).inverse_definite()
    }

    /// The robust covariance of estimates with the covariance `v`: products of the scores of periods between it.
    pub fn robust(&self, b: &[f64], v: &Mat) -> Option<Mat> {
        let scales = self.coordinates();
        let columns = self.standard_columns(&scales);
        let inner = self.with_columns(&columns);
        let (mut f, at) = (&inner, scales.coordinates(b));
        let steps = differences::steps(&mut f, &at).ok()??;
        let scores = differences::jacobian(&mut f, &at, &steps).ok()??;
        let n = scores.rows() as f64;
        let v = scales.to_standard.sandwich(v);
        let robust = v.sandwich(&scores.transpose().times(&scores)).scaled(n / (n - 1.0));
        Some(scales.to_raw.sandwich(&robust))
    }

    /// The same model with the states in ascending order of their first switching coefficient.
    fn ordered(&self, p: &[f64]) -> Vec<f64> {
        let m = self.states;
        let parts = self.parts(p);
        let key = |s: usize| match parts.switching[s].first() {
            Some(b) => *b,
            None => {
                parts.lags[s].first().filter(|_| self.lags_switch).copied().unwrap_or(parts.deviations[s])
            }
        };
        let mut order: Vec<usize> = (0..m).collect();
        order.sort_by(|a, b| key(*a).total_cmp(&key(*b)));
        let (scale, _) = self.ancillary();
        let mut out = p[..self.common()].to_vec();
        for s in &order {
            let from = self.common() + s * self.own();
            out.extend(&p[from..from + self.own()]);
        }
        match self.variances_switch {
            true => out.extend(order.iter().map(|s| p[scale + s])),
            false => out.push(p[scale]),
        }
        for i in &order {
            let last = parts.transition[(*i, order[m - 1])];
            out.extend(order[..m - 1].iter().map(|j| -(parts.transition[(*i, *j)] / last).ln()));
        }
        out
    }

    /// The size of a change of each parameter that matters.
    fn scales(&self) -> Vec<f64> {
        let n = self.y.len() as f64;
        let mean = stable_sum(self.y.iter().copied()) / n;
        let sd = (stable_sum(self.y.iter().map(|y| (y - mean).powi(2))) / n).sqrt().max(f64::MIN_POSITIVE);
        let column = |c: &&[f64]| {
            let size = (stable_sum(c.iter().map(|x| x * x)) / n).sqrt();
            if size > 0.0 { sd / size } else { 1.0 }
        };
        let lags = || self.lags.iter().map(|_| 1.0);
        let mut out: Vec<f64> = self.fixed.iter().map(column).collect();
        if !self.lags_switch {
            out.extend(lags());
        }
        for _ in 0..self.states {
            if self.lags_switch {
                out.extend(lags());
            }
            out.extend(self.switching.iter().map(column));
        }
        out.resize(self.size(), 1.0);
        out
    }

    /// Starting values from divisions of the periods by the size, the spread and the level around them of the residuals
    /// of a regression without states, and by time.
    fn starts(&self) -> Vec<Vec<f64>> {
        let n = self.y.len();
        let columns: Vec<&[f64]> = self.fixed.iter().chain(&self.switching).copied().collect();
        let Some(pooled) = weighted(&columns, self.y, &vec![1.0; n]) else { return Vec::new() };
        let residual: Vec<f64> = (0..n)
            .map(|t| self.y[t] - columns.iter().zip(&pooled).map(|(c, b)| c[t] * b).sum::<f64>())
            .collect();
        let around = |t: usize, width: usize| {
            let (a, b) = (t.saturating_sub(width), (t + width + 1).min(n));
            residual[a..b].iter().sum::<f64>() / (b - a) as f64
        };
        let keys: [Vec<f64>; 5] = [
            residual.clone(),
            (0..n).map(|t| around(t, 2)).collect(),
            (0..n).map(|t| around(t, 8)).collect(),
            residual.iter().map(|e| e.abs()).collect(),
            (0..n).map(|t| t as f64).collect(),
        ];
        // divisions into equal parts, and for two states into unequal ones
        let cuts: Vec<Vec<f64>> = match self.states {
            2 => vec![vec![0.5], vec![0.25], vec![0.75]],
            m => vec![(1..m).map(|i| i as f64 / m as f64).collect()],
        };
        let mut out = Vec::new();
        for key in &keys {
            let mut rank: Vec<usize> = (0..n).collect();
            rank.sort_by(|a, b| key[*a].total_cmp(&key[*b]));
            for cut in &cuts {
                let mut group = vec![0; n];
                for (place, t) in rank.iter().enumerate() {
                    let share = (place as f64 + 0.5) / n as f64;
                    group[*t] = cut.iter().filter(|c| share > **c).count();
                }
                out.extend(self.start(&group, &pooled, &residual));
            }
        }
        out
    }

    fn start(&self, group: &[usize], pooled: &[f64], residual: &[f64]) -> Option<Vec<f64>> {
        let (m, f) = (self.states, self.fixed.len());
        let rest: Vec<f64> = (0..self.y.len())
            .map(|t| self.y[t] - self.fixed.iter().zip(pooled).map(|(c, b)| c[t] * b).sum::<f64>())
            .collect();
        let variance = |w: &dyn Fn(usize) -> f64, e: &dyn Fn(usize) -> f64| {
            let total: f64 = (0..rest.len()).map(w).sum();
            (0..rest.len()).map(|t| w(t) * e(t).powi(2)).sum::<f64>() / total
        };
        let mut p = pooled[..f].to_vec();
        if !self.lags_switch {
            p.extend(self.lags.iter().map(|_| 0.0));
        }
        let mut variances = Vec::new();
        for s in 0..m {
            let weight = |t: usize| if group[t] == s { 1.0 } else { 0.05 };
            let weights: Vec<f64> = (0..rest.len()).map(weight).collect();
            let b = weighted(&self.switching, &rest, &weights)?;
            if self.lags_switch {
                p.extend(self.lags.iter().map(|_| 0.0));
            }
            let error =
                |t: usize| rest[t] - self.switching.iter().zip(&b).map(|(c, b)| c[t] * b).sum::<f64>();
            variances.push(variance(&weight, &error));
            p.extend(b);
        }
        let whole = variance(&|_| 1.0, &|t| residual[t]);
        let floor = 1e-4 * whole.max(f64::MIN_POSITIVE);
        match self.variances_switch {
            true => p.extend(variances.iter().map(|v| 0.5 * v.max(floor).ln())),
            false => p.push(0.5 * (variances.iter().sum::<f64>() / m as f64).max(floor).ln()),
        }
        // moves between the groups, with two imagined ones of each kind
        for i in 0..m {
            let moves = |j: usize| {
                2.0 / m as f64 + group.windows(2).filter(|w| w[0] == i && w[1] == j).count() as f64
            };
            let last = moves(m - 1);
            p.extend((0..m - 1).map(|j| -(moves(j) / last).ln()));
        }
        Some(p)
    }
}

/// Coefficients of a weighted regression.
fn weighted(columns: &[&[f64]], y: &[f64], weights: &[f64]) -> Option<Vec<f64>> {
    let k = columns.len();
    let dot = |a: &[f64], b: &[f64]| stable_sum((0..y.len()).map(|t| weights[t] * a[t] * b[t]));
    let xx = Mat::from_fn(k, k, |i, j| dot(columns[i], columns[j]));
    let xy: Vec<f64> = columns.iter().map(|c| dot(c, y)).collect();
    let (inverse, _, _) = xx.inverse_semidefinite(1e-12);
    Some(inverse.times_vector(&xy)).filter(|b| b.iter().all(|b| b.is_finite()))
}

impl Function for &Switching<'_> {
    type Error = Infallible;

    fn at(&mut self, p: &[f64]) -> Result<Option<Vec<f64>>, Infallible> {
        Ok(self.contributions(p))
    }
}

/// The likelihood in parameters divided by their scales.
struct Search<'m, 'a> {
    model: &'m Switching<'a>,
    scales: &'m [f64],
}

impl Search<'_, '_> {
    fn at(&self, q: &[f64]) -> Option<f64> {
        let p: Vec<f64> = q.iter().zip(self.scales).map(|(q, s)| q * s).collect();
        self.model.contributions(&p).map(stable_sum)
    }
}

/// Step of the differences of the search.
const STEP: f64 = 1e-3;

impl Objective for Search<'_, '_> {
    type Error = Infallible;

    fn value(&mut self, p: &[f64]) -> Result<Option<f64>, Infallible> {
        Ok(self.at(p))
    }

    fn gradient(&mut self, p: &[f64]) -> Result<Option<Vec<f64>>, Infallible> {
        let slope = |j: usize| {
            let at = |by: f64| {
                let mut moved = p.to_vec();
                moved[j] += by * STEP;
                self.at(&moved)
            };
            Some((at(-2.0)? - 8.0 * at(-1.0)? + 8.0 * at(1.0)? - at(2.0)?) / (12.0 * STEP))
        };
        Ok((0..p.len()).map(slope).collect())
    }

    fn hessian(&mut self, p: &[f64]) -> Result<Option<Mat>, Infallible> {
        let mut f = Scaled(self);
        let steps = vec![STEP; p.len()];
        differences::hessian(&mut f, p, &steps)
    }

    fn outer_products(&mut self, _: &[f64]) -> Result<Option<Mat>, Infallible> {
        Ok(None)
    }

    fn report(&mut self, _: usize, _: &[f64], _: f64, _: &'static str) {}
}

struct Scaled<'s, 'm, 'a>(&'s Search<'m, 'a>);

impl Function for Scaled<'_, '_, '_> {
    type Error = Infallible;

    fn at(&mut self, p: &[f64]) -> Result<Option<Vec<f64>>, Infallible> {
        Ok(self.0.at(p).map(|v| vec![v]))
    }
}
