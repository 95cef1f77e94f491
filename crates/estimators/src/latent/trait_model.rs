//! Item response models with one standard normal trait: the marginal likelihood by Gauss-Hermite quadrature, adapted to
//! the posterior mean and variance of each pattern or not ([IRT] irt, Methods and formulas of hybrid models; Naylor and
//! Smith 1982; Bock and Lieberman 1970), and the posterior of the trait.

use super::item::Item;
use super::patterns::{Patterns, Robust, sandwich};
use crate::distributions::LN_SQRT_TWO_PI;
use crate::matrix::Mat;
use crate::ml::{Limits, MlFit};
use crate::ml_group::{GroupLikelihood, GroupPoint, maximise};
use crate::ml_mixture::{ln_sum, mixture};
use crate::quadrature::gauss_hermite;

/// Nodes of the quadrature.
#[derive(Debug, Clone)]
pub struct Rule {
    nodes: Vec<(f64, f64)>,
    adaptive: bool,
}

impl Rule {
    /// A rule with a number of points; adaptive ones move to the posterior of each pattern.
    pub fn new(points: usize, adaptive: bool) -> Self {
        let (nodes, weights) = gauss_hermite(points);
        let standard = |(x, w): (&f64, &f64)| (x * std::f64::consts::SQRT_2, w.ln() + x * x);
        Self { nodes: nodes.iter().zip(&weights).map(standard).collect(), adaptive }
    }

    /// Values of the trait and the logs of their weights with the normal density, around a mean and a deviation.
    fn placed(&self, mean: f64, sd: f64) -> impl Iterator<Item = (f64, f64)> + '_ {
        let scale = sd.ln() + 0.5 * std::f64::consts::LN_2 - LN_SQRT_TWO_PI;
        self.nodes.iter().map(move |(x, log)| {
            let theta = mean + sd * x;
            (theta, log + scale - 0.5 * theta * theta)
        })
    }
}

/// Mean and standard deviation of the trait given responses.
pub fn posterior(items: &[Item], b: &[f64], responses: &[Option<usize>], rule: &Rule) -> (f64, f64) {
    settle(items, b, responses, rule, (0.0, 1.0))
}

/// Probability of each category of an item for a person of the population: the integral over the trait.
pub fn marginal(item: &Item, b: &[f64], rule: &Rule) -> Vec<f64> {
    let mut out = vec![0.0; item.categories];
    for (theta, log) in rule.placed(0.0, 1.0) {
        let p = item.probabilities(b, theta);
        out.iter_mut().zip(&p).for_each(|(o, p)| *o += log.exp() * p);
    }
    out
}

fn settle(
    items: &[Item],
    b: &[f64],
    responses: &[Option<usize>],
    rule: &Rule,
    from: (f64, f64),
) -> (f64, f64) {
    let mut place = if rule.adaptive { from } else { (0.0, 1.0) };
    for _ in 0..100 {
        let parts: Vec<(f64, f64)> = rule
            .placed(place.0, place.1)
            .map(|(theta, log)| {
                let ln =
                    |(item, r): (&Item, &Option<usize>)| r.map_or(0.0, |k| item.ln_probability(b, theta, k));
                (theta, log + items.iter().zip(responses).map(ln).sum::<f64>())
            })
            .collect();
        let total = ln_sum(parts.iter().map(|p| p.1));
        let mean: f64 = parts.iter().map(|(t, l)| (l - total).exp() * t).sum();
        let variance: f64 = parts.iter().map(|(t, l)| (l - total).exp() * (t - mean).powi(2)).sum();
        if !(mean.is_finite() && variance > 1e-12) {
            break;
        }
        let next = (mean, variance.sqrt());
        let moved = (next.0 - place.0).abs().max((next.1 - place.1).abs());
        place = next;
        if !rule.adaptive || moved < 1e-11 {
            break;
        }
    }
    place
}

/// The likelihood of the patterns.
struct Marginal<'a> {
    items: &'a [Item],
    patterns: &'a Patterns,
    size: usize,
    rule: &'a Rule,
    place: Vec<(f64, f64)>,
}

impl Marginal<'_> {
    /// Log likelihood of one person of a pattern with its derivatives.
    fn person(&self, pattern: usize, b: &[f64]) -> GroupPoint {
        let (mean, sd) = if self.rule.adaptive { self.place[pattern] } else { (0.0, 1.0) };
        let responses = &self.patterns.responses[pattern];
        let widest = self.items.iter().map(|i| i.places.len()).max().unwrap_or(0);
        let (mut g, mut h) = (vec![0.0; widest], vec![0.0; widest * widest]);
        let mut parts = Vec::with_capacity(self.rule.nodes.len());
        for (theta, log) in self.rule.placed(mean, sd) {
            let (mut ll, mut gradient, mut hessian) =
                (log, vec![0.0; self.size], Mat::zeros(self.size, self.size));
            for (item, response) in self.items.iter().zip(responses) {
                let Some(category) = response else { continue };
                ll += item.response(b, theta, *category, &mut g, &mut h);
                let m = item.places.len();
                for (a, at) in item.places.iter().enumerate() {
                    gradient[*at] += g[a];
                    for (c, other) in item.places.iter().enumerate() {
                        hessian[(*at, *other)] += h[a * m + c];
                    }
                }
            }
            parts.push((ll, gradient, hessian));
        }
        mixture(&parts, self.size)
    }
}

impl GroupLikelihood for Marginal<'_> {
    fn parameters(&self) -> usize {
        self.size
    }

    fn groups(&self) -> usize {
        self.patterns.responses.len()
    }

    fn group(&self, group: usize, b: &[f64]) -> GroupPoint {
        let weight = self.patterns.weights[group];
        let one = self.person(group, b);
        GroupPoint {
            ll: weight * one.ll,
            gradient: one.gradient.iter().map(|g| weight * g).collect(),
            hessian: one.hessian.scaled(weight),
        }
    }

    fn adapt(&mut self, b: &[f64]) {
        if !self.rule.adaptive {
            return;
        }
        for (pattern, place) in self.place.iter_mut().enumerate() {
            let usable = place.0.is_finite() && place.1 > 1e-3;
            let from = if usable { *place } else { (0.0, 1.0) };
            *place = settle(self.items, b, &self.patterns.responses[pattern], self.rule, from);
        }
    }
}

/// A sample and how its covariance is estimated.
pub struct Sample<'a> {
    /// The patterns.
    pub patterns: &'a Patterns,
    /// Weight of each person.
    pub weights: Option<&'a [f64]>,
    /// The sandwich, or nothing for the inverse information.
    pub robust: Option<Robust<'a>>,
}

/// Maximises the marginal likelihood from `start`; nothing where it cannot be computed or has no maximum.
pub fn fit(items: &[Item], sample: &Sample<'_>, rule: &Rule, start: &[f64], limits: Limits) -> Option<MlFit> {
    let patterns = sample.patterns;
    let place = vec![(0.0, 1.0); patterns.responses.len()];
    let mut model = Marginal { items, patterns, size: start.len(), rule, place };
    let mut fit = maximise(&mut model, start, limits, None)?;
    if let Some(robust) = sample.robust {
        let scores: Vec<Vec<f64>> =
            (0..patterns.responses.len()).map(|p| model.person(p, &fit.b).gradient).collect();
        fit.v = sandwich(&fit.v_model, &scores, &patterns.of_row, sample.weights, robust);
    }
    Some(fit)
}
