//! Log likelihoods of categories: multinomial probit with independent errors and stereotype logit ([R] mprobit, [R] slogit).

use super::distributions::{inverse_mills, ln_normal};
use super::matrix::Mat;
use super::ml::{Likelihood, MlFit};
use super::ml_choice::Multinomial;
use super::quadrature::gauss_hermite;

/// The log probability of a category at linear indices, with its derivatives.
pub trait Outcomes: Send + Sync {
    /// Number of linear indices.
    fn width(&self) -> usize;

    /// Log probability of `category`; fills the gradient and the full Hessian (row-major).
    fn ln_probability(&self, category: usize, eta: &[f64], gradient: &mut [f64], hessian: &mut [f64]) -> f64;
}

/// The likelihood of observed categories.
pub struct Observed<'a, M> {
    /// Category of each row from zero.
    pub y: &'a [usize],
    /// The model.
    pub model: &'a M,
}

impl<M: Outcomes> Likelihood for Observed<'_, M> {
    fn equations(&self) -> usize {
        self.model.width()
    }

    fn row(&self, row: usize, eta: &[f64], gradient: &mut [f64], hessian: &mut [f64]) -> f64 {
        self.model.ln_probability(self.y[row], eta, gradient, hessian)
    }
}

/// Multinomial probit whose utilities have independent standard normal errors: the integral over the error of the
/// chosen category, by Gauss-Hermite quadrature. One index for each category except the base, whose utility is zero.
pub struct IndependentProbit {
    base: usize,
    categories: usize,
    scale: f64,
    nodes: Vec<f64>,
    ln_weights: Vec<f64>,
}

impl IndependentProbit {
    /// `points` nodes on each side of zero: the positive nodes are roots of those of the Gauss-Laguerre rule for
    /// `x^(-1/2) exp(-x)`. `unit` gives differences of utilities a variance of one, so that two categories are `probit`.
    pub fn new(categories: usize, base: usize, points: usize, unit: bool) -> Self {
        let (nodes, weights) = gauss_hermite(2 * points);
        let root = std::f64::consts::PI.sqrt();
        Self {
            base,
            categories,
            scale: if unit { std::f64::consts::SQRT_2 } else { 1.0 },
            nodes: nodes.iter().map(|x| x * std::f64::consts::SQRT_2).collect(),
            ln_weights: weights.iter().map(|w| (w / root).ln()).collect(),
        }
    }

    /// The index of a category, none for the base.
    fn slot(&self, category: usize) -> Option<usize> {
        (category != self.base).then(|| category - usize::from(category > self.base))
    }

    /// Log probability that all differences to the chosen category exceed its error, with the derivatives in them.
    fn differences(&self, d: &[f64], g: &mut [f64], h: &mut [f64]) -> f64 {
        let width = d.len();
        let terms: Vec<f64> = self
            .nodes
            .iter()
            .zip(&self.ln_weights)
            .map(|(e, w)| w + d.iter().map(|d| ln_normal(e + d)).sum::<f64>())
            .collect();
        let top = terms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let total: f64 = terms.iter().map(|t| (t - top).exp()).sum();
        g.fill(0.0);
        h.fill(0.0);
        let mut ratio = vec![0.0; width];
        for (e, term) in self.nodes.iter().zip(&terms) {
            let share = (term - top).exp() / total;
            ratio.iter_mut().zip(d).for_each(|(r, d)| *r = inverse_mills(e + d));
            for a in 0..width {
                g[a] += share * ratio[a];
                for b in 0..width {
                    let curve = if a == b { -(e + d[a]) * ratio[a] } else { ratio[a] * ratio[b] };
                    h[a * width + b] += share * curve;
                }
            }
        }
        for a in 0..width {
            for b in 0..width {
                h[a * width + b] -= g[a] * g[b];
            }
        }
        top + total.ln()
    }
}

impl Outcomes for IndependentProbit {
    fn width(&self) -> usize {
        self.categories - 1
    }

    fn ln_probability(&self, category: usize, eta: &[f64], gradient: &mut [f64], hessian: &mut [f64]) -> f64 {
        let width = self.categories - 1;
        let utility = |c: usize| self.slot(c).map_or(0.0, |s| eta[s] * self.scale);
        let others: Vec<usize> = (0..self.categories).filter(|c| *c != category).collect();
        let d: Vec<f64> = others.iter().map(|c| utility(category) - utility(*c)).collect();
        let (mut g, mut h) = (vec![0.0; width], vec![0.0; width * width]);
        let value = self.differences(&d, &mut g, &mut h);
        // the derivatives of a difference in the indices: the scale at its own category, its negative at the other
        let own = self.slot(category);
        let slope = |row: usize, index: usize| {
            let plus = f64::from(u8::from(own == Some(index)));
            let minus = f64::from(u8::from(self.slot(others[row]) == Some(index)));
            self.scale * (plus - minus)
        };
        gradient.fill(0.0);
        hessian.fill(0.0);
        for i in 0..width {
            for a in 0..width {
                gradient[i] += slope(a, i) * g[a];
                for j in 0..width {
                    for b in 0..width {
                        hessian[i * width + j] += slope(a, i) * h[a * width + b] * slope(b, j);
                    }
                }
            }
        }
        value
    }
}

/// Stereotype logit (Anderson 1984, Journal of the Royal Statistical Society B 46): the utility of a category is its
/// `theta` less the sum over dimensions of `phi` times the index of the dimension; the base has the utility zero.
/// Indices: those of the dimensions, the free scale parameters `phi`, and `theta` of each category except the base.
pub struct Stereotype {
    /// Number of the base.
    pub base: usize,
    /// Scale parameters by dimension and category without the base: fixed, or the number of their index.
    pub phi: Vec<Vec<Scale>>,
}

/// A scale parameter of [`Stereotype`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scale {
    /// A number.
    Fixed(f64),
    /// The parameter of this index.
    Free(usize),
}

impl Stereotype {
    /// Corner constraints: the first scale parameters of a dimension are those of the identity matrix.
    pub fn cornered(base: usize, dimensions: usize, categories: usize) -> Self {
        let mut next = dimensions;
        let mut of = |d: usize, k: usize| {
            if k < dimensions {
                return Scale::Fixed(f64::from(u8::from(d == k)));
            }
            next += 1;
            Scale::Free(next - 1)
        };
        let phi = (0..dimensions).map(|d| (0..categories - 1).map(|k| of(d, k)).collect()).collect();
        Self { base, phi }
    }

    /// Number of the index of the first `theta`.
    pub fn first_theta(&self) -> usize {
        let free = self.phi.iter().flatten().filter(|s| matches!(s, Scale::Free(_))).count();
        self.phi.len() + free
    }

    /// Turns the fit with regressors less `means` into the one with the regressors as they are: what was subtracted goes
    /// to each `theta` by its scale parameters. Covariances follow by the delta method.
    pub fn uncentre(&self, fit: &mut MlFit, means: &[f64]) {
        let (slopes, dimensions) = (means.len(), self.phi.len());
        // the indices of dimensions have `slopes` parameters, all others one
        let place = |index: usize| index + dimensions * (slopes - 1);
        let mut map = Mat::identity(fit.b.len());
        let mut b = fit.b.clone();
        for (d, scales) in self.phi.iter().enumerate() {
            let own = d * slopes..(d + 1) * slopes;
            let moved: f64 = fit.b[own.clone()].iter().zip(means).map(|(b, m)| b * m).sum();
            for (k, scale) in scales.iter().enumerate() {
                let theta = place(self.first_theta() + k);
                let phi = match scale {
                    Scale::Fixed(value) => *value,
                    Scale::Free(at) => {
                        map[(theta, place(*at))] = moved;
                        if let Some(scores) = &mut fit.scores {
                            for i in 0..scores.rows() {
                                scores[(i, *at)] -= moved * scores[(i, self.first_theta() + k)];
                            }
                        }
                        fit.b[place(*at)]
                    }
                };
                b[theta] += phi * moved;
                own.clone().zip(means).for_each(|(j, mean)| map[(theta, j)] = phi * mean);
            }
        }
        (fit.v, fit.v_model) = (map.sandwich(&fit.v), map.sandwich(&fit.v_model));
        fit.b = b;
    }

    /// Number of categories without the base.
    fn others(&self) -> usize {
        self.phi[0].len()
    }
}

impl Outcomes for Stereotype {
    fn width(&self) -> usize {
        self.first_theta() + self.others()
    }

    fn ln_probability(&self, category: usize, eta: &[f64], gradient: &mut [f64], hessian: &mut [f64]) -> f64 {
        let (width, theta, others) = (self.width(), self.first_theta(), self.others());
        let scale = |d: usize, k: usize| match self.phi[d][k] {
            Scale::Fixed(value) => value,
            Scale::Free(at) => eta[at],
        };
        let dimensions = self.phi.len();
        let utilities: Vec<f64> = (0..others)
            .map(|k| eta[theta + k] - (0..dimensions).map(|d| scale(d, k) * eta[d]).sum::<f64>())
            .collect();
        let p = Multinomial::probabilities(&utilities);
        let chosen = (category != self.base).then(|| category - usize::from(category > self.base));
        // the gradient of each utility
        let mut slopes = vec![vec![0.0; width]; others];
        for (k, slope) in slopes.iter_mut().enumerate() {
            slope[theta + k] = 1.0;
            for d in 0..dimensions {
                slope[d] -= scale(d, k);
                if let Scale::Free(at) = self.phi[d][k] {
                    slope[at] -= eta[d];
                }
            }
        }
        gradient.fill(0.0);
        hessian.fill(0.0);
        let mean: Vec<f64> = (0..width).map(|i| (0..others).map(|k| p[k] * slopes[k][i]).sum()).collect();
        for i in 0..width {
            gradient[i] = chosen.map_or(0.0, |k| slopes[k][i]) - mean[i];
            for j in 0..width {
                let square: f64 = (0..others).map(|k| p[k] * slopes[k][i] * slopes[k][j]).sum();
                hessian[i * width + j] = mean[i] * mean[j] - square;
            }
        }
        // the second derivative of a utility in the index of a dimension and its scale parameter is minus one
        for (d, scales) in self.phi.iter().enumerate() {
            for (k, (scale, p)) in scales.iter().zip(&p).enumerate() {
                if let Scale::Free(at) = scale {
                    let residual = f64::from(u8::from(chosen == Some(k))) - p;
                    hessian[d * width + at] -= residual;
                    hessian[at * width + d] -= residual;
                }
            }
        }
        p[chosen.unwrap_or(others)].ln()
    }
}

#[cfg(test)]
mod tests {
    use super::super::ml_binary::Link;
    use super::super::ml_participation::{Event, Participation};
    use super::*;

    /// Derivatives against central differences, and probabilities that add to one.
    fn check(model: &impl Outcomes, categories: usize, eta: &[f64]) {
        let width = model.width();
        let at = |category: usize, eta: &[f64]| {
            let (mut g, mut h) = (vec![0.0; width], vec![0.0; width * width]);
            let value = model.ln_probability(category, eta, &mut g, &mut h);
            (value, g, h)
        };
        let total: f64 = (0..categories).map(|c| at(c, eta).0.exp()).sum();
        assert!((total - 1.0).abs() < 1e-9, "{total}");
        for category in 0..categories {
            let (_, g, h) = at(category, eta);
            for i in 0..width {
                let moved = |step: f64| {
                    let mut eta = eta.to_vec();
                    eta[i] += step;
                    at(category, &eta)
                };
                let (up, down) = (moved(1e-5), moved(-1e-5));
                let slope = (up.0 - down.0) / 2e-5;
                assert!(
                    (slope - g[i]).abs() < 1e-7 * (1.0 + slope.abs()),
                    "{category} {i}: {slope} {}",
                    g[i]
                );
                for j in 0..width {
                    let curve = (up.1[j] - down.1[j]) / 2e-5;
                    assert!(
                        (curve - h[i * width + j]).abs() < 1e-6 * (1.0 + curve.abs()),
                        "{category} {i} {j}"
                    );
                }
            }
        }
    }

    #[test]
    fn derivatives_agree_with_differences() {
        check(&IndependentProbit::new(4, 1, 15, false), 4, &[0.3, -0.8, 1.1]);
        check(&IndependentProbit::new(3, 2, 15, true), 3, &[0.3, -0.8]);
        check(&Stereotype::cornered(3, 1, 4), 4, &[0.7, 0.6, 0.2, -0.3, 0.8, 0.1]);
        check(&Stereotype::cornered(0, 2, 4), 4, &[0.7, -0.4, 0.6, 0.2, -0.3, 0.8, 0.1]);
        for link in [Link::Probit, Link::Logit] {
            for event in [Event::Marginal, Event::Conditional] {
                check(&Participation { link, categories: 3, event }, 3, &[0.4, 0.9, -0.2, 1.3]);
            }
        }
    }

    #[test]
    fn two_categories_are_probit() {
        let model = IndependentProbit::new(2, 0, 15, true);
        let (mut g, mut h) = ([0.0], [0.0]);
        let value = model.ln_probability(1, &[0.7], &mut g, &mut h);
        assert!((value - ln_normal(0.7)).abs() < 1e-12, "{value}");
    }
}
