//! Regressions and autoregressions whose coefficients change with a hidden Markov chain.
//!
//! Formulas: Hamilton (1989), Econometrica 57: 357-384; Hamilton (1994), Time Series Analysis, chapter 22; smoothing by Kim
//! (1994), Journal of Econometrics 60: 1-22. The chain starts from its ergodic distribution; an autoregression is that of
//! the deviations from the mean of each period's state, given the first observations.

use super::matrix::Mat;

/// A model. Parameters: coefficients of `fixed`; of the lags unless they switch; for each state those of the lags if they
/// switch and of `switching`; log standard deviations (one, or one for each state); and for each state `i` and each state
/// `j` but the last `q_ij` with `p_ij = exp(-q_ij) / (1 + sum exp(-q_ik))`.
#[derive(Debug, Clone)]
pub struct Switching<'a> {
    /// Outcome, without gaps.
    pub y: &'a [f64],
    /// Regressors with one coefficient for all states.
    pub fixed: Vec<&'a [f64]>,
    /// Regressors with a coefficient for each state.
    pub switching: Vec<&'a [f64]>,
    /// Number of states.
    pub states: usize,
    /// Lags of the autoregression, ascending.
    pub lags: Vec<usize>,
    /// Whether their coefficients switch.
    pub lags_switch: bool,
    /// Whether the variance switches.
    pub variances_switch: bool,
}

/// A fitted model.
#[derive(Debug, Clone)]
pub struct SwitchingFit {
    /// Parameters; the states are in ascending order of their first switching coefficient.
    pub b: Vec<f64>,
    /// Inverse of the negative second derivatives of the log likelihood.
    pub v: Mat,
    /// Log likelihood.
    pub ll: f64,
    /// Steps of the last search.
    pub iterations: usize,
    /// Whether it ended at a maximum.
    pub converged: bool,
}

/// Which observations a probability of a state is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Given {
    /// Those before the period.
    Before,
    /// Those up to the period.
    UpTo,
    /// All.
    All,
}

/// The most combinations of the states of a period and of its lags.
pub const MOST_COMBINATIONS: usize = 4096;

/// Parameters in their natural form.
pub(super) struct Parts<'p> {
    pub(super) fixed: &'p [f64],
    pub(super) switching: Vec<&'p [f64]>,
    pub(super) lags: Vec<&'p [f64]>,
    pub(super) deviations: Vec<f64>,
    pub(super) transition: Mat,
}

/// What the filter finds: rows are periods after the first lags, columns combinations of states.
struct Filtered {
    contributions: Vec<f64>,
    predicted: Vec<Vec<f64>>,
    updated: Vec<Vec<f64>>,
    means: Vec<Vec<f64>>,
}

/// Transition probabilities from the parameters `q`, state by state.
pub fn transition(q: &[f64], states: usize) -> Mat {
    let row = |i: usize| &q[i * (states - 1)..(i + 1) * (states - 1)];
    let weight = |i: usize, j: usize| row(i).get(j).map_or(1.0, |q| (-q).exp());
    let sums: Vec<f64> = (0..states).map(|i| (0..states).map(|j| weight(i, j)).sum()).collect();
    Mat::from_fn(states, states, |i, j| weight(i, j) / sums[i])
}

/// The ergodic distribution of a chain.
pub fn ergodic(transition: &Mat) -> Option<Vec<f64>> {
    let m = transition.rows();
    let system = Mat::from_fn(m, m, |i, j| match i + 1 == m {
        true => 1.0,
        false => f64::from(u8::from(i == j)) - transition[(j, i)],
    });
    let inverse = system.inverse()?;
    Some((0..m).map(|i| inverse[(i, m - 1)].clamp(0.0, 1.0)).collect())
}

impl Switching<'_> {
    /// Longest lag.
    pub fn longest(&self) -> usize {
        self.lags.last().copied().unwrap_or(0)
    }

    /// Number of periods that have a likelihood.
    pub fn periods(&self) -> usize {
        self.y.len().saturating_sub(self.longest())
    }

    /// Combinations of the states of a period and of those before it that its mean depends on.
    pub fn combinations(&self) -> Option<usize> {
        self.states.checked_pow(self.longest() as u32 + 1).filter(|c| *c <= MOST_COMBINATIONS)
    }

    pub(super) fn common(&self) -> usize {
        self.fixed.len() + if self.lags_switch { 0 } else { self.lags.len() }
    }

    pub(super) fn own(&self) -> usize {
        self.switching.len() + if self.lags_switch { self.lags.len() } else { 0 }
    }

    fn variances(&self) -> usize {
        if self.variances_switch { self.states } else { 1 }
    }

    /// Number of parameters.
    pub fn size(&self) -> usize {
        self.common() + self.states * self.own() + self.variances() + self.states * (self.states - 1)
    }

    /// Where the log standard deviations and the parameters of the chain begin.
    pub fn ancillary(&self) -> (usize, usize) {
        let first = self.common() + self.states * self.own();
        (first, first + self.variances())
    }

    pub(super) fn parts<'p>(&self, p: &'p [f64]) -> Parts<'p> {
        let (f, l) = (self.fixed.len(), self.lags.len());
        let (scale, chain) = self.ancillary();
        let own = |s: usize| {
            let from = self.common() + s * self.own();
            &p[from..from + self.own()]
        };
        let skip = if self.lags_switch { l } else { 0 };
        let deviation = |s: usize| p[scale + if self.variances_switch { s } else { 0 }].exp();
        Parts {
            fixed: &p[..f],
            switching: (0..self.states).map(|s| &own(s)[skip..]).collect(),
            lags: (0..self.states)
                .map(|s| if self.lags_switch { &own(s)[..l] } else { &p[f..f + l] })
                .collect(),
            deviations: (0..self.states).map(deviation).collect(),
            transition: transition(&p[chain..], self.states),
        }
    }

    /// The mean of each period in each state, without the autoregression.
    fn levels(&self, parts: &Parts<'_>) -> Vec<Vec<f64>> {
        let level = |t: usize, s: usize| {
            let fixed: f64 = self.fixed.iter().zip(parts.fixed).map(|(c, b)| c[t] * b).sum();
            fixed + self.switching.iter().zip(parts.switching[s]).map(|(c, b)| c[t] * b).sum::<f64>()
        };
        (0..self.y.len()).map(|t| (0..self.states).map(|s| level(t, s)).collect()).collect()
    }

    /// What the autoregression adds to the mean of a period, given its state and those before it.
    fn deviation(&self, parts: &Parts<'_>, levels: &[Vec<f64>], t: usize, s: &[usize]) -> f64 {
        let lagged = self.lags.iter().zip(parts.lags[s[0]]);
        lagged.map(|(l, phi)| phi * (self.y[t - l] - levels[t - l][s[*l]])).sum()
    }

    /// Probabilities of the combinations one period ahead.
    fn ahead(&self, chain: &Mat, updated: &[f64], predicted: &mut [f64]) {
        let m = self.states;
        let tail = m.pow(self.longest() as u32);
        if self.lags.is_empty() {
            predicted.fill(0.0);
            for (i, u) in updated.iter().enumerate() {
                (0..m).for_each(|j| predicted[j] += u * chain[(i, j)]);
            }
            return;
        }
        for rest in 0..tail {
            let all: f64 = (0..m).map(|e| updated[rest + tail * e]).sum();
            (0..m).for_each(|j| predicted[j + m * rest] = all * chain[(rest % m, j)]);
        }
    }

    /// Runs the filter; nothing where a density vanishes.
    fn filter(&self, p: &[f64], keep: bool) -> Option<Filtered> {
        let parts = self.parts(p);
        if parts.deviations.iter().any(|d| !d.is_finite() || *d <= 0.0) {
            return None;
        }
        let (m, reach, n) = (self.states, self.longest(), self.y.len());
        let tail = m.pow(reach as u32);
        let count = tail * m;
        let levels = self.levels(&parts);
        let state = |k: usize, j: usize| k / m.pow(j as u32) % m;
        let states: Vec<Vec<usize>> =
            (0..count).map(|k| (0..=reach).map(|j| state(k, j)).collect()).collect();
        let start = ergodic(&parts.transition)?;
        let chain = &parts.transition;
        let mut predicted: Vec<f64> = states
            .iter()
            .map(|s| (0..reach).map(|j| chain[(s[j + 1], s[j])]).product::<f64>() * start[s[reach]])
            .collect();
        let mut out = Filtered {
            contributions: Vec::new(),
            predicted: Vec::new(),
            updated: Vec::new(),
            means: Vec::new(),
        };
        let root = (2.0 * std::f64::consts::PI).sqrt();
        let (mut logs, mut updated) = (vec![0.0; count], vec![0.0; count]);
        for t in reach..n {
            let mut means = vec![0.0; if keep { count } else { 0 }];
            let mut top = f64::NEG_INFINITY;
            for (k, s) in states.iter().enumerate() {
                let mean = levels[t][s[0]] + self.deviation(&parts, &levels, t, s);
                if keep {
                    means[k] = mean;
                }
                let z = (self.y[t] - mean) / parts.deviations[s[0]];
                logs[k] = -0.5 * z * z - parts.deviations[s[0]].ln();
                if predicted[k] > 0.0 {
                    top = top.max(logs[k]);
                }
            }
            for ((u, p), l) in updated.iter_mut().zip(&predicted).zip(&logs) {
                *u = if *p > 0.0 { p * (l - top).exp() } else { 0.0 };
            }
            let sum: f64 = updated.iter().sum();
            if !(sum > 0.0 && sum.is_finite()) {
                return None;
            }
            updated.iter_mut().for_each(|u| *u /= sum);
            out.contributions.push(sum.ln() + top - root.ln());
            if keep {
                out.predicted.push(predicted.clone());
                out.updated.push(updated.clone());
                out.means.push(means);
            }
            self.ahead(chain, &updated, &mut predicted);
        }
        Some(out)
    }

    /// The log likelihood of each period.
    pub fn contributions(&self, p: &[f64]) -> Option<Vec<f64>> {
        self.filter(p, false).map(|f| f.contributions)
    }

    /// Probabilities of combinations of states in each period.
    fn weights(&self, p: &[f64], given: Given) -> Option<(Filtered, Vec<Vec<f64>>)> {
        let found = self.filter(p, true)?;
        let weights = match given {
            Given::Before => found.predicted.clone(),
            Given::UpTo => found.updated.clone(),
            Given::All => {
                let (m, chain) = (self.states, self.parts(p).transition);
                let tail = m.pow(self.longest() as u32);
                let mut all = found.updated.clone();
                for t in (0..all.len().saturating_sub(1)).rev() {
                    for k in 0..tail * m {
                        let place = |j: usize| if self.lags.is_empty() { j } else { j + m * (k % tail) };
                        let later = |j: usize| {
                            let (later, before) = (all[t + 1][place(j)], found.predicted[t + 1][place(j)]);
                            if before > 0.0 { chain[(k % m, j)] * later / before } else { 0.0 }
                        };
                        let factor: f64 = (0..m).map(later).sum();
                        all[t][k] *= factor;
                    }
                }
                all
            }
        };
        Some((found, weights))
    }

    /// Probabilities of the states: one row for each period after the first lags.
    pub fn probabilities(&self, p: &[f64], given: Given) -> Option<Vec<Vec<f64>>> {
        let (_, weights) = self.weights(p, given)?;
        let fold = |w: &Vec<f64>| {
            let mut out = vec![0.0; self.states];
            w.iter().enumerate().for_each(|(k, w)| out[k % self.states] += w);
            out
        };
        Some(weights.iter().map(fold).collect())
    }

    /// Predicted outcomes of the periods after the first lags.
    pub fn predictions(&self, p: &[f64], given: Given) -> Option<Vec<f64>> {
        let (found, weights) = self.weights(p, given)?;
        let one = |(m, w): (&Vec<f64>, &Vec<f64>)| m.iter().zip(w).map(|(m, w)| m * w).sum();
        Some(found.means.iter().zip(&weights).map(one).collect())
    }
}
