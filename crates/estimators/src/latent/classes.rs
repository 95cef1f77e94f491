//! Latent classes with categorical items that are independent within a class ([SEM] Methods and formulas for gsem;
//! Goodman 1974, Biometrika 61; McLachlan and Peel 2000): EM steps from random starts, then Newton steps for the logits.
//!
//! Parameters: logits of the classes after the first, then for each class and item the logits of the categories after
//! the first one.

use super::patterns::{Patterns, Robust, sandwich};
use crate::matrix::Mat;
use crate::ml::{Limits, MlFit};
use crate::ml_group::{GroupLikelihood, GroupPoint, maximise};
use crate::ml_mixture::mixture;

/// Probabilities of a model.
#[derive(Debug, Clone)]
pub struct Classes {
    /// Probability of each class.
    pub shares: Vec<f64>,
    /// Probability of each category by class and item.
    pub items: Vec<Vec<Vec<f64>>>,
}

/// A maximum of the likelihood.
pub struct ClassFit {
    /// All parameters; the covariance is zero where a parameter is held.
    pub fit: MlFit,
    /// Whether a logit is held at plus or minus 15 because its probability is zero or one.
    pub held: Vec<bool>,
}

/// Size of a logit that stands for a probability of zero or one.
pub const EDGE: f64 = 15.0;
const NEAR_EDGE: f64 = 12.0;
const SMALL: f64 = 1e-12;

/// Random numbers of the starts: the generator of Lehmer with the multiplier of Park and Miller (1988).
struct Draws(u64);

impl Draws {
    fn draw(&mut self) -> f64 {
        self.0 = self.0 * 48271 % 0x7fff_ffff;
        self.0 as f64 / f64::from(0x7fff_ffff_u32)
    }
}

impl Classes {
    /// Log of the joint probability of a class and responses.
    fn ln_joint(&self, class: usize, responses: &[Option<usize>]) -> f64 {
        let item = |(p, r): (&Vec<f64>, &Option<usize>)| r.map_or(0.0, |k| p[k].max(1e-300).ln());
        self.shares[class].max(1e-300).ln() + self.items[class].iter().zip(responses).map(item).sum::<f64>()
    }

    /// Probability of each class given responses, and the log likelihood.
    pub fn posterior(&self, responses: &[Option<usize>]) -> (Vec<f64>, f64) {
        let logs: Vec<f64> = (0..self.shares.len()).map(|c| self.ln_joint(c, responses)).collect();
        let top = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = logs.iter().map(|l| (l - top).exp()).sum();
        (logs.iter().map(|l| (l - top).exp() / sum).collect(), top + sum.ln())
    }

    /// Probabilities from parameters.
    pub fn of(b: &[f64], categories: &[usize], classes: usize) -> Self {
        let softmax = |logits: &[f64]| {
            let top = logits.iter().copied().fold(0.0, f64::max);
            let mut e: Vec<f64> =
                std::iter::once(0.0).chain(logits.iter().copied()).map(|x| (x - top).exp()).collect();
            let sum: f64 = e.iter().sum();
            e.iter_mut().for_each(|x| *x /= sum);
            e
        };
        let mut at = classes - 1;
        let items = (0..classes)
            .map(|_| {
                let item = |k: &usize| {
                    at += k - 1;
                    softmax(&b[at - (k - 1)..at])
                };
                categories.iter().map(item).collect()
            })
            .collect();
        Self { shares: softmax(&b[..classes - 1]), items }
    }

    /// Parameters, logits beyond the edge at the edge.
    fn parameters(&self) -> Vec<f64> {
        let logits = |p: &[f64]| -> Vec<f64> {
            let base = p[0].max(SMALL);
            p[1..].iter().map(|x| (x.max(SMALL) / base).ln()).collect()
        };
        let mut out = logits(&self.shares);
        self.items.iter().flatten().for_each(|p| out.extend(logits(p)));
        out
    }

    /// A random start.
    fn random(patterns: &Patterns, categories: &[usize], classes: usize, draws: &mut Draws) -> Self {
        let weight = |_: usize| {
            let raw: Vec<f64> = (0..classes).map(|_| -draws.draw().ln()).collect();
            let sum: f64 = raw.iter().sum();
            raw.into_iter().map(|r| r / sum).collect()
        };
        let posteriors: Vec<Vec<f64>> = (0..patterns.responses.len()).map(weight).collect();
        Self::from_posteriors(patterns, categories, classes, &posteriors)
    }

    fn from_posteriors(
        patterns: &Patterns,
        categories: &[usize],
        classes: usize,
        posteriors: &[Vec<f64>],
    ) -> Self {
        let mut shares = vec![0.0; classes];
        let mut items: Vec<Vec<Vec<f64>>> = vec![categories.iter().map(|k| vec![0.0; *k]).collect(); classes];
        for ((responses, weight), posterior) in
            patterns.responses.iter().zip(&patterns.weights).zip(posteriors)
        {
            for class in 0..classes {
                let mass = weight * posterior[class];
                shares[class] += mass;
                for (item, response) in responses.iter().enumerate() {
                    if let Some(k) = response {
                        items[class][item][*k] += mass;
                    }
                }
            }
        }
        let normal = |p: &mut Vec<f64>| {
            let sum: f64 = p.iter().sum();
            let even = 1.0 / p.len() as f64;
            p.iter_mut().for_each(|x| *x = if sum > 0.0 { *x / sum } else { even });
        };
        normal(&mut shares);
        items.iter_mut().flatten().for_each(normal);
        Self { shares, items }
    }

    /// EM steps until the log likelihood stays; returns it.
    fn improve(&mut self, patterns: &Patterns, categories: &[usize], steps: usize) -> f64 {
        let mut last = f64::NEG_INFINITY;
        for _ in 0..steps {
            let mut ll = 0.0;
            let mut posteriors = Vec::with_capacity(patterns.responses.len());
            for (responses, weight) in patterns.responses.iter().zip(&patterns.weights) {
                let (posterior, own) = self.posterior(responses);
                ll += weight * own;
                posteriors.push(posterior);
            }
            *self = Self::from_posteriors(patterns, categories, self.shares.len(), &posteriors);
            if (ll - last).abs() < 1e-11 * (1.0 + ll.abs()) {
                return ll;
            }
            last = ll;
        }
        last
    }

    /// The best of several random starts, the largest class first.
    pub fn start(patterns: &Patterns, categories: &[usize], classes: usize, draws: usize, seed: u64) -> Self {
        let mut generator = Draws(seed % 0x7fff_fffe + 1);
        for _ in 0..10 {
            generator.draw();
        }
        let mut tried: Vec<(f64, Self)> = (0..draws.max(1))
            .map(|_| {
                let mut start = Self::random(patterns, categories, classes, &mut generator);
                (start.improve(patterns, categories, 60), start)
            })
            .collect();
        tried.sort_by(|a, b| b.0.total_cmp(&a.0));
        tried.truncate(5);
        for (ll, start) in &mut tried {
            *ll = start.improve(patterns, categories, 4000);
        }
        tried.sort_by(|a, b| b.0.total_cmp(&a.0));
        let mut best = tried.swap_remove(0).1;
        let mut order: Vec<usize> = (0..classes).collect();
        order.sort_by(|a, b| best.shares[*b].total_cmp(&best.shares[*a]));
        best = Self {
            shares: order.iter().map(|c| best.shares[*c]).collect(),
            items: order.iter().map(|c| best.items[*c].clone()).collect(),
        };
        best
    }
}

/// The likelihood of the patterns in the parameters that are not held.
struct Mixture<'a> {
    patterns: &'a Patterns,
    categories: &'a [usize],
    classes: usize,
    full: Vec<f64>,
    free: Vec<usize>,
}

impl Mixture<'_> {
    fn all(&self, b: &[f64]) -> Vec<f64> {
        let mut out = self.full.clone();
        self.free.iter().zip(b).for_each(|(place, value)| out[*place] = *value);
        out
    }

    /// Log likelihood of one person of a pattern with its derivatives in the free parameters.
    fn person(&self, pattern: usize, model: &Classes) -> GroupPoint {
        let size = self.full.len();
        let mut parts = Vec::with_capacity(self.classes);
        for class in 0..self.classes {
            let mut gradient = vec![0.0; size];
            let mut hessian = Mat::zeros(size, size);
            fill(&model.shares, class, 0, &mut gradient, &mut hessian);
            let mut at = self.classes - 1 + class * self.categories.iter().map(|k| k - 1).sum::<usize>();
            for (item, response) in self.patterns.responses[pattern].iter().enumerate() {
                if let Some(k) = response {
                    fill(&model.items[class][item], *k, at, &mut gradient, &mut hessian);
                }
                at += self.categories[item] - 1;
            }
            let ll = model.ln_joint(class, &self.patterns.responses[pattern]);
            let kept =
                Mat::from_fn(self.free.len(), self.free.len(), |i, j| hessian[(self.free[i], self.free[j])]);
            parts.push((ll, self.free.iter().map(|p| gradient[*p]).collect(), kept));
        }
        mixture(&parts, self.free.len())
    }
}

/// Derivatives of the log probability of a category in the logits of the categories after the first one.
fn fill(p: &[f64], category: usize, at: usize, gradient: &mut [f64], hessian: &mut Mat) {
    for a in 1..p.len() {
        gradient[at + a - 1] = f64::from(u8::from(a == category)) - p[a];
        for c in 1..p.len() {
            hessian[(at + a - 1, at + c - 1)] = p[a] * p[c] - if a == c { p[a] } else { 0.0 };
        }
    }
}

impl GroupLikelihood for Mixture<'_> {
    fn parameters(&self) -> usize {
        self.free.len()
    }

    fn groups(&self) -> usize {
        self.patterns.responses.len()
    }

    fn group(&self, group: usize, b: &[f64]) -> GroupPoint {
        let model = Classes::of(&self.all(b), self.categories, self.classes);
        let weight = self.patterns.weights[group];
        let one = self.person(group, &model);
        GroupPoint {
            ll: weight * one.ll,
            gradient: one.gradient.iter().map(|g| weight * g).collect(),
            hessian: one.hessian.scaled(weight),
        }
    }
}

/// What is fitted.
pub struct Request<'a> {
    /// Patterns of responses.
    pub patterns: &'a Patterns,
    /// Weight of each person.
    pub weights: Option<&'a [f64]>,
    /// Number of categories of each item.
    pub categories: &'a [usize],
    /// Number of classes.
    pub classes: usize,
    /// Random starts and the seed of their numbers.
    pub draws: (usize, u64),
    /// The sandwich, or nothing for the inverse information.
    pub robust: Option<Robust<'a>>,
}

/// Fits the model; nothing where no maximum is found.
pub fn fit(request: &Request<'_>, limits: Limits) -> Option<ClassFit> {
    let (patterns, categories, classes) = (request.patterns, request.categories, request.classes);
    let start = Classes::start(patterns, categories, classes, request.draws.0, request.draws.1);
    let mut full = start.parameters();
    loop {
        let edge = |x: &f64| if x.abs() > NEAR_EDGE { EDGE.copysign(*x) } else { *x };
        full = full.iter().map(edge).collect();
        let held: Vec<bool> = full.iter().map(|x| x.abs() >= EDGE).collect();
        let free: Vec<usize> = (0..full.len()).filter(|i| !held[*i]).collect();
        let from: Vec<f64> = free.iter().map(|p| full[*p]).collect();
        let mut model = Mixture { patterns, categories, classes, full: full.clone(), free };
        let mut found = maximise(&mut model, &from, limits, None)?;
        let all = model.all(&found.b);
        if all.iter().zip(&held).any(|(x, held)| !held && x.abs() > NEAR_EDGE) {
            full = all;
            continue;
        }
        if let Some(robust) = request.robust {
            let at = Classes::of(&all, categories, classes);
            let scores: Vec<Vec<f64>> =
                (0..patterns.responses.len()).map(|p| model.person(p, &at).gradient).collect();
            found.v = sandwich(&found.v_model, &scores, &patterns.of_row, request.weights, robust);
        }
        let place: Vec<Option<usize>> =
            (0..all.len()).map(|i| model.free.iter().position(|p| *p == i)).collect();
        let spread = |v: &Mat| {
            Mat::from_fn(all.len(), all.len(), |i, j| match (place[i], place[j]) {
                (Some(a), Some(b)) => v[(a, b)],
                _ => 0.0,
            })
        };
        let (v, v_model) = (spread(&found.v), spread(&found.v_model));
        return Some(ClassFit { fit: MlFit { b: all, v, v_model, ..found }, held });
    }
}
