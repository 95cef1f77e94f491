//! Proportional subhazards of an event in the presence of others: the weighted partial likelihood, its robust covariance
//! with the part of the estimated weights, and the baseline.
//!
//! Formulas: Fine and Gray (1999, Journal of the American Statistical Association 94); [ST] stcrreg. Ties of events are
//! Breslow's; the distribution of the censoring is Kaplan and Meier's with its value before each time.

use super::matrix::Mat;
use super::ml::{Iteration, Limits};
use super::partial_likelihood::{Maximum, Point, Sums, indices, maximise};

/// How the time of a subject ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Nothing was seen.
    Censored,
    /// The event of interest.
    Event,
    /// An event that excludes it.
    Competing,
}

/// Subjects under observation from time zero on, in the order of their times.
pub struct Subjects {
    order: Vec<usize>,
    time: Vec<f64>,
    end: Vec<End>,
    /// Regressors, one vector for each.
    columns: Vec<Vec<f64>>,
    /// Groups of equal times: first position of each, and the number of subjects at the end.
    groups: Vec<usize>,
    /// Probability of being uncensored before the time of each group.
    uncensored: Vec<f64>,
    /// Group of each subject.
    group: Vec<usize>,
}

impl Subjects {
    /// Sorts the subjects.
    pub fn new(time: &[f64], end: &[End], columns: &[&[f64]]) -> Self {
        let mut order: Vec<usize> = (0..time.len()).collect();
        order.sort_by(|a, b| time[*a].total_cmp(&time[*b]).then(a.cmp(b)));
        let time: Vec<f64> = order.iter().map(|i| time[*i]).collect();
        let end: Vec<End> = order.iter().map(|i| end[*i]).collect();
        let n = time.len();
        let mut groups: Vec<usize> = (0..n).filter(|i| *i == 0 || time[*i] != time[i - 1]).collect();
        groups.push(n);
        let (mut uncensored, mut group, mut left) = (Vec::new(), vec![0; n], 1.0);
        for (g, bounds) in groups.windows(2).enumerate() {
            uncensored.push(left);
            group[bounds[0]..bounds[1]].fill(g);
            let lost = end[bounds[0]..bounds[1]].iter().filter(|e| **e == End::Censored).count();
            left *= 1.0 - lost as f64 / (n - bounds[0]) as f64;
        }
        let columns = columns.iter().map(|c| order.iter().map(|i| c[*i]).collect()).collect();
        Self { order, time, end, columns, groups, uncensored, group }
    }

    fn count(&self) -> usize {
        self.time.len()
    }

    fn indices(&self, b: &[f64]) -> (Vec<f64>, f64, Vec<f64>) {
        indices(&self.columns, b, self.count(), None)
    }

    fn events_of(&self, group: usize) -> impl Iterator<Item = usize> + '_ {
        (self.groups[group]..self.groups[group + 1]).filter(|i| self.end[*i] == End::Event)
    }

    /// Groups with events, with the sums over the subjects at risk: those whose time is not over, and those with another
    /// event before, who count with the share of them that would not have been censored since.
    fn visit(&self, risk: &[f64], second: bool, mut see: impl FnMut(usize, &Sums)) {
        let k = self.columns.len();
        let (mut remaining, mut competing) = (Sums::new(k, second), Sums::new(k, second));
        // sums over the tail, from the last group to the first
        let last = self.groups.len() - 1;
        let mut tails: Vec<(usize, Sums)> = Vec::new();
        for g in (0..last).rev() {
            (self.groups[g]..self.groups[g + 1]).for_each(|i| remaining.add(&self.columns, i, risk[i]));
            if self.events_of(g).next().is_some() {
                tails.push((g, remaining.clone()));
            }
        }
        let mut next = 0;
        for (g, mut sums) in tails.into_iter().rev() {
            while next < self.groups[g] {
                if self.end[next] == End::Competing {
                    competing.add(&self.columns, next, risk[next] / self.uncensored[self.group[next]]);
                }
                next += 1;
            }
            sums.add_scaled(&competing, self.uncensored[g]);
            see(g, &sums);
        }
    }
}

fn evaluate(subjects: &Subjects, b: &[f64]) -> Point {
    let k = b.len();
    let (eta, top, risk) = subjects.indices(b);
    let mut out = Point::zero(k);
    subjects.visit(&risk, true, |g, sums| {
        let mut events = 0.0;
        for i in subjects.events_of(g) {
            events += 1.0;
            out.ll += eta[i] - top;
            (0..k).for_each(|a| out.gradient[a] += subjects.columns[a][i]);
        }
        out.ll -= events * sums.zero.ln();
        for a in 0..k {
            let mean = sums.first[a] / sums.zero;
            out.gradient[a] -= events * mean;
            for b in 0..=a {
                let second = sums.second[a * k + b] / sums.zero;
                out.information[(a, b)] += events * (second - mean * sums.first[b] / sums.zero);
            }
        }
    });
    out.mirror();
    out
}

/// A fitted model.
pub struct SubhazardFit {
    /// Coefficients.
    pub b: Vec<f64>,
    /// Inverse of the information.
    pub v: Mat,
    /// Log pseudolikelihood.
    pub ll: f64,
    /// The search.
    pub log: Vec<Iteration>,
    /// Whether it ended at a maximum.
    pub converged: bool,
}

/// Maximises the pseudolikelihood by Newton's method with step halving; nothing when the information cannot be inverted.
pub fn fit(subjects: &Subjects, limits: Limits) -> Option<SubhazardFit> {
    let k = subjects.columns.len();
    let Maximum { b, v, ll, log, mut converged } = maximise(k, limits, |b| evaluate(subjects, b))?;
    converged &= v.diagonal().iter().all(|v| v.is_finite());
    Some(SubhazardFit { b, v, ll, log, converged })
}

/// A step of the baseline: time, increment of the cumulative subhazard at regressors of zero.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// Time.
    pub time: f64,
    /// Increment.
    pub hazard: f64,
}

/// The cumulative subhazard at regressors of zero, by its steps.
pub fn baseline(subjects: &Subjects, b: &[f64]) -> Vec<Step> {
    let (_, top, risk) = subjects.indices(b);
    let mut out = Vec::new();
    subjects.visit(&risk, false, |g, sums| {
        let events = subjects.events_of(g).count() as f64;
        out.push(Step { time: subjects.time[subjects.groups[g]], hazard: events / sums.zero * (-top).exp() });
    });
    out
}

/// What each subject, in the order given to [`Subjects::new`], adds to the score, with the part that comes from the
/// estimated distribution of the censoring.
pub fn scores(subjects: &Subjects, b: &[f64]) -> Vec<Vec<f64>> {
    let (k, n, last) = (b.len(), subjects.count(), subjects.groups.len() - 1);
    let (_, _, risk) = subjects.indices(b);
    let mut hazard = vec![0.0; last];
    let mut mean = vec![vec![0.0; k]; last];
    subjects.visit(&risk, false, |g, sums| {
        hazard[g] = subjects.events_of(g).count() as f64 / sums.zero;
        mean[g] = sums.first.iter().map(|s| s / sums.zero).collect();
    });
    let part = |weight: f64, g: usize| (0..k).map(|a| weight * mean[g][a]).collect::<Vec<f64>>();
    // sums up to a group, and from a group on with the weights of the censoring
    let (mut low, mut low_mean) = (vec![0.0; last + 1], vec![vec![0.0; k]; last + 1]);
    let (mut high, mut high_mean) = (vec![0.0; last + 1], vec![vec![0.0; k]; last + 1]);
    let plus = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a + b).collect::<Vec<f64>>();
    for g in 0..last {
        low[g + 1] = low[g] + hazard[g];
        low_mean[g + 1] = plus(&low_mean[g], &part(hazard[g], g));
    }
    for g in (0..last).rev() {
        let weighted = hazard[g] * subjects.uncensored[g];
        high[g] = high[g + 1] + weighted;
        high_mean[g] = plus(&high_mean[g + 1], &part(weighted, g));
    }
    let x = |i: usize, a: usize| subjects.columns[a][i];
    let mut own = vec![vec![0.0; k]; n];
    for (i, row) in own.iter_mut().enumerate() {
        let g = subjects.group[i];
        for (a, value) in row.iter_mut().enumerate() {
            *value = -risk[i] * (x(i, a) * low[g + 1] - low_mean[g + 1][a]);
            match subjects.end[i] {
                End::Event => *value += x(i, a) - mean[g][a],
                End::Competing => {
                    let scale = risk[i] / subjects.uncensored[g];
                    *value -= scale * (x(i, a) * high[g + 1] - high_mean[g + 1][a]);
                }
                End::Censored => {}
            }
        }
    }
    add_censoring(subjects, &risk, &high, &high_mean, &mut own);
    let mut out = vec![Vec::new(); n];
    own.into_iter().enumerate().for_each(|(i, row)| out[subjects.order[i]] = row);
    out
}

/// Adds the influence of each subject through the distribution of the censoring.
fn add_censoring(
    subjects: &Subjects,
    risk: &[f64],
    high: &[f64],
    high_mean: &[Vec<f64>],
    out: &mut [Vec<f64>],
) {
    let k = subjects.columns.len();
    let n = subjects.count();
    let (mut scale, mut moment) = (0.0, vec![0.0; k]);
    let mut integral = vec![0.0; k];
    for g in 0..subjects.groups.len() - 1 {
        let members = subjects.groups[g]..subjects.groups[g + 1];
        let left = (n - members.start) as f64;
        let lost = members.clone().filter(|i| subjects.end[*i] == End::Censored).count() as f64;
        let per_head: Vec<f64> =
            (0..k).map(|a| (moment[a] * high[g] - scale * high_mean[g][a]) / left).collect();
        (0..k).for_each(|a| integral[a] += per_head[a] * lost / left);
        for i in members {
            let censored = subjects.end[i] == End::Censored;
            for a in 0..k {
                out[i][a] += if censored { per_head[a] } else { 0.0 } - integral[a];
            }
            if subjects.end[i] == End::Competing {
                let own = risk[i] / subjects.uncensored[g];
                scale += own;
                (0..k).for_each(|a| moment[a] += own * subjects.columns[a][i]);
            }
        }
    }
}
