//! Unobserved components of a series: trend, seasonal, cycle and irregular (Harvey 1989, chapter 2; [TS] ucm). The likelihood is
//! that of the exact initial Kalman filter for diffuse states (Durbin and Koopman 2012, section 5.2), in which every
//! observation counts with `ln(2 pi)`, as in De Jong (1991).

use super::arfima::second_differences;
use super::combination_scales::Scales;
use super::matrix::Mat;
use super::optimise::{self, Objective, Technique, Tolerances};
use std::convert::Infallible;
use std::f64::consts::PI;

/// Which parts of a trend there are, and which of them are disturbed.
#[derive(Debug, Clone, Copy, Default)]
pub struct Trend {
    /// The level.
    pub level: bool,
    /// The slope that is added to it.
    pub slope: bool,
    /// The level has a variance.
    pub level_moves: bool,
    /// The slope has a variance.
    pub slope_moves: bool,
    /// An irregular component with a variance.
    pub irregular: bool,
}

/// The model with its data in the order of time.
#[derive(Debug, Clone)]
pub struct Components<'a> {
    /// Outcome.
    pub y: &'a [f64],
    /// Regressors, without a constant.
    pub x: Vec<&'a [f64]>,
    /// The trend.
    pub trend: Trend,
    /// Periods of the seasonal component, which sum to a disturbance.
    pub seasonal: Option<usize>,
    /// A damped stochastic cycle.
    pub cycle: bool,
}

/// A maximum.
#[derive(Debug, Clone)]
pub struct ComponentsFit {
    /// Coefficients of the regressors; frequency and damping of the cycle; variances of level, slope, seasonal, cycle and
    /// irregular, as far as they are in the model.
    pub b: Vec<f64>,
    /// Covariance; zero for a variance at its bound of zero.
    pub v: Mat,
    /// Log likelihood.
    pub ll: f64,
    /// Steps of the search.
    pub iterations: usize,
    /// Whether its criteria were met.
    pub converged: bool,
}

/// One pass of the filter.
struct Pass {
    /// The log likelihood without the squared innovations.
    constant: f64,
    /// Sums of products of the innovations of outcome and regressors over their variances.
    products: Mat,
    /// Innovations of outcome and regressors, and their variance; none while the start is diffuse.
    steps: Vec<Option<(Vec<f64>, f64)>>,
}

/// Parameters of the state: transition, disturbances, what is observed.
struct States {
    transition: Mat,
    disturbances: Vec<f64>,
    observed: Vec<f64>,
    irregular: f64,
    /// Variances of the stationary states at the start; nothing for a diffuse one.
    start: Vec<Option<f64>>,
}

/// Share of the variance of the series below which a variance is zero.
const BOUND: f64 = 1e-10;

impl Components<'_> {
    /// Number of parameters of the cycle.
    fn of_cycle(&self) -> usize {
        if self.cycle { 2 } else { 0 }
    }

    /// Number of variances.
    fn variances(&self) -> usize {
        let t = self.trend;
        [t.level_moves, t.slope_moves, self.seasonal.is_some(), self.cycle, t.irregular]
            .into_iter()
            .filter(|on| *on)
            .count()
    }

    /// The state space at the parameters of the cycle and the variances.
    fn states(&self, p: &[f64]) -> States {
        let (cycle, variances) = p.split_at(self.of_cycle());
        let mut next = variances.iter().copied();
        let mut variance = |on: bool| if on { next.next().unwrap_or(0.0) } else { 0.0 };
        let level = variance(self.trend.level_moves);
        let slope = variance(self.trend.slope_moves);
        let season = variance(self.seasonal.is_some());
        let waves = variance(self.cycle);
        let irregular = variance(self.trend.irregular);
        let width = self.width();
        let mut transition = Mat::zeros(width, width);
        let mut disturbances = vec![0.0; width];
        let mut observed = vec![0.0; width];
        let mut start = vec![None; width];
        let mut at = 0;
        if self.trend.level {
            transition[(0, 0)] = 1.0;
            observed[0] = 1.0;
            disturbances[0] = level;
            at = 1;
            if self.trend.slope {
                transition[(0, 1)] = 1.0;
                transition[(1, 1)] = 1.0;
                disturbances[1] = slope;
                at = 2;
            }
        }
        if let Some(periods) = self.seasonal {
            for j in 0..periods - 1 {
                transition[(at, at + j)] = -1.0;
                if j > 0 {
                    transition[(at + j, at + j - 1)] = 1.0;
                }
            }
            observed[at] = 1.0;
            disturbances[at] = season;
            at += periods - 1;
        }
        if let [frequency, damping] = *cycle {
            let (sin, cos) = frequency.sin_cos();
            for (i, row) in [[cos, sin], [-sin, cos]].into_iter().enumerate() {
                for (j, x) in row.into_iter().enumerate() {
                    transition[(at + i, at + j)] = damping * x;
                }
                disturbances[at + i] = waves;
                start[at + i] = Some(waves / (1.0 - damping * damping));
            }
            observed[at] = 1.0;
        }
        States { transition, disturbances, observed, irregular, start }
    }

    /// Number of states.
    fn width(&self) -> usize {
        let trend = usize::from(self.trend.level) + usize::from(self.trend.level && self.trend.slope);
        trend + self.seasonal.map_or(0, |s| s - 1) + self.of_cycle()
    }

    /// Runs the filter over outcome and regressors at once.
    fn pass(&self, p: &[f64]) -> Option<Pass> {
        let at = self.states(p);
        let (m, columns) = (at.observed.len(), 1 + self.x.len());
        let diagonal = |f: &dyn Fn(usize) -> f64| Mat::from_fn(m, m, |i, j| if i == j { f(i) } else { 0.0 });
        let mut diffuse = diagonal(&|i| f64::from(u8::from(at.start[i].is_none())));
        // a diffuse state has the disturbance of the first period too, which its start absorbs
        let mut spread = diagonal(&|i| at.start[i].unwrap_or(at.disturbances[i]));
        let mut is_diffuse = at.start.iter().any(Option::is_none);
        let mut means = Mat::zeros(m, columns);
        let mut out = Pass { constant: 0.0, products: Mat::zeros(columns, columns), steps: Vec::new() };
        let transposed = at.transition.transpose();
        for (t, y) in self.y.iter().enumerate() {
            let data = |c: usize| if c == 0 { *y } else { self.x[c - 1][t] };
            let seen = |c: usize| (0..m).map(|i| at.observed[i] * means[(i, c)]).sum::<f64>();
            let v: Vec<f64> = (0..columns).map(|c| data(c) - seen(c)).collect();
            let across = spread.times_vector(&at.observed);
            let f = dot(&across, &at.observed) + at.irregular;
            let across_diffuse = diffuse.times_vector(&at.observed);
            let f_diffuse = dot(&across_diffuse, &at.observed);
            let moved = at.transition.times_vector(&across);
            let moved_diffuse = at.transition.times_vector(&across_diffuse);
            let advance = |x: &Mat| at.transition.times(x).times(&transposed);
            let (mut next, mut next_diffuse) = (advance(&spread), advance(&diffuse));
            let gain: Vec<f64>;
            if is_diffuse && f_diffuse > 1e-9 {
                out.constant -= 0.5 * ((2.0 * PI).ln() + f_diffuse.ln());
                gain = moved_diffuse.iter().map(|x| x / f_diffuse).collect();
                for i in 0..m {
                    for j in 0..m {
                        next[(i, j)] += gain[i] * gain[j] * f - moved[i] * gain[j] - gain[i] * moved[j];
                        next_diffuse[(i, j)] -= moved_diffuse[i] * gain[j];
                    }
                }
                out.steps.push(None);
            } else {
                if f.is_nan() || f <= 0.0 {
                    return None;
                }
                out.constant -= 0.5 * ((2.0 * PI).ln() + f.ln());
                gain = moved.iter().map(|x| x / f).collect();
                for i in 0..m {
                    for j in 0..m {
                        next[(i, j)] -= moved[i] * gain[j];
                    }
                }
                for a in 0..columns {
                    for b in 0..columns {
                        out.products[(a, b)] += v[a] * v[b] / f;
                    }
                }
                out.steps.push(Some((v.clone(), f)));
            }
            (0..m).for_each(|i| next[(i, i)] += at.disturbances[i]);
            let forward = at.transition.times(&means);
            means = Mat::from_fn(m, columns, |i, c| forward[(i, c)] + gain[i] * v[c]);
            spread = next.symmetrised();
            diffuse = next_diffuse.symmetrised();
            is_diffuse = is_diffuse && diffuse.diagonal().iter().any(|x| *x > 1e-9);
        }
        Some(out)
    }

    /// Coefficients of the regressors and the log likelihood that is highest at the other parameters.
    fn profile(&self, p: &[f64]) -> Option<(Vec<f64>, f64)> {
        let pass = self.pass(p)?;
        let k = self.x.len();
        let all: Vec<usize> = (1..=k).collect();
        let right: Vec<f64> = all.iter().map(|i| pass.products[(*i, 0)]).collect();
        let beta = match k {
            0 => Vec::new(),
            _ => pass.products.select(&all, &all).inverse_definite()?.times_vector(&right),
        };
        let ll = pass.constant - 0.5 * (pass.products[(0, 0)] - dot(&beta, &right));
        Some((beta, ll))
    }

    /// The log likelihood at all parameters.
    fn total(&self, b: &[f64]) -> Option<f64> {
        let (beta, p) = b.split_at(self.x.len());
        let pass = self.pass(p)?;
        let weights: Vec<f64> = std::iter::once(1.0).chain(beta.iter().map(|b| -b)).collect();
        Some(pass.constant - 0.5 * pass.products.quadratic(&weights))
    }

    /// Innovations and their variances at parameters; nothing in the rows that a diffuse start takes.
    pub fn innovations(&self, b: &[f64]) -> Option<Vec<Option<(f64, f64)>>> {
        let (beta, p) = b.split_at(self.x.len());
        let one = |(v, f): (Vec<f64>, f64)| (v[0] - dot(&v[1..], beta), f);
        Some(self.pass(p)?.steps.into_iter().map(|step| step.map(one)).collect())
    }

    /// Variance of the changes of the outcome, or of the outcome where there is no trend.
    fn scale(&self) -> f64 {
        let changes: Vec<f64> = match self.trend.level {
            true => self.y.windows(2).map(|w| w[1] - w[0]).collect(),
            false => self.y.to_vec(),
        };
        let mean = changes.iter().sum::<f64>() / changes.len() as f64;
        changes.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / changes.len() as f64
    }

    /// Parameters from coordinates of the search: logits of the cycle, standard deviations.
    fn parameters(&self, q: &[f64], scale: f64) -> Vec<f64> {
        let logistic = |x: f64| 1.0 / (1.0 + (-x).exp());
        let value = |(i, x): (usize, &f64)| match (i, self.cycle) {
            (0, true) => PI * logistic(*x),
            (1, true) => logistic(*x),
            _ => scale * x * x,
        };
        q.iter().enumerate().map(value).collect()
    }

    fn starts(&self) -> Vec<Vec<f64>> {
        let n = self.variances();
        let mut mixes = vec![vec![0.5; n]];
        for high in 0..n {
            mixes.push((0..n).map(|i| if i == high { 0.8 } else { 0.15 }).collect());
        }
        if !self.cycle {
            return mixes;
        }
        let logit = |x: f64| (x / (1.0 - x)).ln();
        let mut out = Vec::new();
        for frequency in [0.03, 0.07, 0.15, 0.3, 0.5, 0.8] {
            for damping in [0.7, 0.95] {
                let cycle = [logit(frequency), logit(damping)];
                out.extend(mixes.iter().map(|mix| cycle.iter().chain(mix).copied().collect::<Vec<f64>>()));
            }
        }
        out
    }

    /// Maximises the likelihood; nothing without a start.
    pub fn maximise(&self, iterations: usize) -> Option<ComponentsFit> {
        // the level takes up what is subtracted from a regressor
        let mut scales = Scales::identity(self.x.len());
        self.x.iter().enumerate().for_each(|(j, c)| scales.set(j, c, self.trend.level, &[]));
        let columns = scales.columns(&self.x);
        let x = columns.iter().map(Vec::as_slice).collect();
        let mut fit = Components { x, ..*self }.search(iterations)?;
        let unit = |i: usize| if i < columns.len() { scales.to_raw[(i, i)] } else { 1.0 };
        (0..fit.b.len()).for_each(|i| fit.b[i] *= unit(i));
        fit.v = Mat::from_fn(fit.v.rows(), fit.v.cols(), |i, j| unit(i) * fit.v[(i, j)] * unit(j));
        Some(fit)
    }

    /// [`Self::maximise`] on the columns as they are.
    fn search(&self, iterations: usize) -> Option<ComponentsFit> {
        let scale = self.scale();
        let value = |q: &[f64]| self.profile(&self.parameters(q, scale)).map(|found| found.1);
        let mut starts: Vec<(Vec<f64>, f64)> =
            self.starts().into_iter().filter_map(|q| value(&q).map(|ll| (q, ll))).collect();
        starts.sort_by(|a, b| b.1.total_cmp(&a.1));
        starts.truncate(3);
        let limits = Tolerances { parameters: 1e-9, value: 1e-13, newton: 1e-11, iterations };
        let turns = [(Technique::Newton, 0)];
        let mut best: Option<optimise::Optimum> = None;
        for (from, _) in starts {
            let mut search = Search(&value);
            let Ok(found) = optimise::maximise(&mut search, &from, &turns, limits, &vec![0.05; from.len()])
            else {
                continue;
            };
            if best.as_ref().is_none_or(|b| found.value > b.value) {
                best = Some(found);
            }
        }
        let found = best?;
        let mut p = self.parameters(&found.p, scale);
        let first = self.of_cycle();
        p[first..].iter_mut().filter(|v| **v < BOUND * scale).for_each(|v| *v = 0.0);
        let (mut b, ll) = self.profile(&p)?;
        b.extend(p);
        let v = self.covariance(&b, scale)?;
        Some(ComponentsFit { b, v, ll, iterations: found.iterations, converged: found.converged })
    }

    /// The inverse information, by differences of fourth order of the log likelihood.
    fn covariance(&self, b: &[f64], scale: f64) -> Option<Mat> {
        let (k, first) = (self.x.len(), self.x.len() + self.of_cycle());
        let step = |i: usize| match i {
            _ if i < k => {
                let size = self.x[i].iter().map(|x| x * x).sum::<f64>() / self.x[i].len() as f64;
                0.1 * (scale / size.max(f64::MIN_POSITIVE)).sqrt()
            }
            _ if i < first => (1e-3_f64).min(0.2 * (1.0 - b[k + 1])).min(0.1 * b[k]).min(0.1 * (PI - b[k])),
            _ => 0.02 * b[i],
        };
        let free: Vec<usize> = (0..b.len()).filter(|i| *i < first || b[*i] > 0.0).collect();
        let at = |moved: &[f64]| {
            let mut all = b.to_vec();
            free.iter().zip(moved).for_each(|(i, x)| all[*i] = *x);
            self.total(&all)
        };
        let point: Vec<f64> = free.iter().map(|i| b[*i]).collect();
        let steps: Vec<f64> = free.iter().map(|i| step(*i)).collect();
        let inner = second_differences(&at, &point, &steps)?.scaled(-1.0).inverse_definite()?;
        let mut out = Mat::zeros(b.len(), b.len());
        for (a, i) in free.iter().enumerate() {
            for (c, j) in free.iter().enumerate() {
                out[(*i, *j)] = inner[(a, c)];
            }
        }
        Some(out)
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// The profile likelihood in the coordinates of the search, with its derivatives by differences.
struct Search<'a>(&'a dyn Fn(&[f64]) -> Option<f64>);

const STEP: f64 = 1e-3;

impl Objective for Search<'_> {
    type Error = Infallible;

    fn value(&mut self, p: &[f64]) -> Result<Option<f64>, Infallible> {
        Ok((self.0)(p))
    }

    fn gradient(&mut self, p: &[f64]) -> Result<Option<Vec<f64>>, Infallible> {
        let slope = |j: usize| {
            let at = |by: f64| {
                let mut moved = p.to_vec();
                moved[j] += by * STEP;
                (self.0)(&moved)
            };
            Some((at(-2.0)? - 8.0 * at(-1.0)? + 8.0 * at(1.0)? - at(2.0)?) / (12.0 * STEP))
        };
        Ok((0..p.len()).map(slope).collect())
    }

    fn hessian(&mut self, p: &[f64]) -> Result<Option<Mat>, Infallible> {
        Ok(second_differences(self.0, p, &vec![STEP; p.len()]))
    }

    fn outer_products(&mut self, _: &[f64]) -> Result<Option<Mat>, Infallible> {
        Ok(None)
    }

    fn report(&mut self, _: usize, _: &[f64], _: f64, _: &'static str) {}
}
