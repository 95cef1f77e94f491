//! Items: the probability of each category given the trait, its derivatives and the information about the trait.
//! Formulas: [IRT] irt 2pl, irt 3pl, irt grm, irt pcm, irt rsm, irt nrm; Samejima (1969); Muraki (1992); Bock (1972).

/// How the response depends on the trait `theta` and the parameters of the item.
#[derive(Debug, Clone, PartialEq)]
pub enum Curve {
    /// `Pr(Y >= k) = logistic(a theta - cut_k)`: parameters `a`, `cut_1`, ..., in ascending order.
    Graded,
    /// `Pr(Y = k)` proportional to `exp(u_k)`, where `u_k = sum_p b_p (slopes[p][k] theta + constants[p][k])`.
    Utility {
        /// Loading of each parameter on the trait by category.
        slopes: Vec<Vec<f64>>,
        /// Loading of each parameter on the constant by category.
        constants: Vec<Vec<f64>>,
    },
    /// `Pr(Y = 1) = c + (1 - c) logistic(a theta + b)`: parameters `a`, `b`, `logit c`.
    Guessed,
}

/// An item with the places of its parameters among all parameters.
#[derive(Debug, Clone)]
pub struct Item {
    /// Number of categories.
    pub categories: usize,
    /// The curve.
    pub curve: Curve,
    /// Place of each parameter of the curve.
    pub places: Vec<usize>,
}

fn logistic(x: f64) -> f64 {
    if x >= 0.0 {
        1.0 / (1.0 + (-x).exp())
    } else {
        let e = x.exp();
        e / (1.0 + e)
    }
}

/// The smallest probability that is distinguished from zero.
const TINY: f64 = 1e-300;

impl Item {
    fn own(&self, b: &[f64]) -> Vec<f64> {
        self.places.iter().map(|p| b[*p]).collect()
    }

    /// Probability of each category.
    pub fn probabilities(&self, b: &[f64], theta: f64) -> Vec<f64> {
        self.with_slopes(b, theta).into_iter().map(|p| p.0).collect()
    }

    /// Information about the trait: `sum_k (dP_k / d theta)^2 / P_k`.
    pub fn information(&self, b: &[f64], theta: f64) -> f64 {
        self.with_slopes(b, theta).iter().map(|(p, slope)| slope * slope / p.max(TINY)).sum()
    }

    /// Probability of each category and its derivative in the trait.
    fn with_slopes(&self, b: &[f64], theta: f64) -> Vec<(f64, f64)> {
        let own = self.own(b);
        match &self.curve {
            Curve::Graded => {
                let above = |k: usize| match k {
                    0 => (1.0, 0.0),
                    k if k == self.categories => (0.0, 0.0),
                    k => {
                        let p = logistic(own[0] * theta - own[k]);
                        (p, own[0] * p * (1.0 - p))
                    }
                };
                (0..self.categories)
                    .map(|k| (above(k).0 - above(k + 1).0, above(k).1 - above(k + 1).1))
                    .collect()
            }
            Curve::Utility { slopes, .. } => {
                let p = self.shares(&own, theta);
                let slope = |k: usize| -> f64 { slopes.iter().zip(&own).map(|(s, b)| s[k] * b).sum() };
                let mean: f64 = p.iter().enumerate().map(|(k, p)| p * slope(k)).sum();
                p.iter().enumerate().map(|(k, p)| (*p, p * (slope(k) - mean))).collect()
            }
            Curve::Guessed => {
                let (l, c) = (logistic(own[0] * theta + own[1]), logistic(own[2]));
                let slope = (1.0 - c) * own[0] * l * (1.0 - l);
                let p = c + (1.0 - c) * l;
                vec![(1.0 - p, -slope), (p, slope)]
            }
        }
    }

    /// Shares of the categories of a utility curve.
    fn shares(&self, own: &[f64], theta: f64) -> Vec<f64> {
        let Curve::Utility { slopes, constants } = &self.curve else { return Vec::new() };
        let utility = |k: usize| -> f64 {
            (0..own.len()).map(|p| own[p] * (slopes[p][k] * theta + constants[p][k])).sum()
        };
        let u: Vec<f64> = (0..self.categories).map(utility).collect();
        let top = u.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let e: Vec<f64> = u.iter().map(|u| (u - top).exp()).collect();
        let total: f64 = e.iter().sum();
        e.into_iter().map(|e| e / total).collect()
    }

    /// Log probability of a category.
    pub fn ln_probability(&self, b: &[f64], theta: f64, category: usize) -> f64 {
        self.with_slopes(b, theta)[category].0.max(TINY).ln()
    }

    /// Log probability of a category; fills the gradient and the Hessian (row-major) in the item's own parameters.
    pub fn response(&self, b: &[f64], theta: f64, category: usize, g: &mut [f64], h: &mut [f64]) -> f64 {
        let own = self.own(b);
        let m = own.len();
        g[..m].fill(0.0);
        h[..m * m].fill(0.0);
        match &self.curve {
            Curve::Graded => self.graded(&own, theta, category, g, h),
            Curve::Utility { slopes, constants } => {
                let p = self.shares(&own, theta);
                let x = |q: usize, k: usize| slopes[q][k] * theta + constants[q][k];
                let mean: Vec<f64> =
                    (0..m).map(|q| p.iter().enumerate().map(|(k, p)| p * x(q, k)).sum()).collect();
                for a in 0..m {
                    g[a] = x(a, category) - mean[a];
                    for c in 0..m {
                        let product: f64 = p.iter().enumerate().map(|(k, p)| p * x(a, k) * x(c, k)).sum();
                        h[a * m + c] = mean[a] * mean[c] - product;
                    }
                }
                p[category].max(TINY).ln()
            }
            Curve::Guessed => guessed(&own, theta, category, g, h),
        }
    }

    fn graded(&self, own: &[f64], theta: f64, category: usize, g: &mut [f64], h: &mut [f64]) -> f64 {
        let m = own.len();
        // value, density and its slope at a boundary; the outer ones are constant
        let at = |k: usize| {
            if k == 0 {
                return (1.0, 0.0, 0.0);
            }
            if k == self.categories {
                return (0.0, 0.0, 0.0);
            }
            let p = logistic(own[0] * theta - own[k]);
            let f = p * (1.0 - p);
            (p, f, f * (1.0 - 2.0 * p))
        };
        let (low, high) = (at(category), at(category + 1));
        let p = (low.0 - high.0).max(TINY);
        let mut second = vec![0.0; m * m];
        g[0] = theta * (low.1 - high.1);
        second[0] = theta * theta * (low.2 - high.2);
        for (k, (_, f, slope), sign) in [(category, low, 1.0), (category + 1, high, -1.0)] {
            if k == 0 || k == self.categories {
                continue;
            }
            g[k] = -sign * f;
            second[k * m + k] = sign * slope;
            second[k] = -sign * theta * slope;
            second[k * m] = second[k];
        }
        log_derivatives(p, &second, g, h);
        p.ln()
    }
}

/// Derivatives of `ln p` from those of `p`: `g` has the first ones, `second` the second ones.
fn log_derivatives(p: f64, second: &[f64], g: &mut [f64], h: &mut [f64]) {
    let m = (second.len() as f64).sqrt().round() as usize;
    g[..m].iter_mut().for_each(|v| *v /= p);
    for a in 0..m {
        for c in 0..m {
            h[a * m + c] = second[a * m + c] / p - g[a] * g[c];
        }
    }
}

fn guessed(own: &[f64], theta: f64, category: usize, g: &mut [f64], h: &mut [f64]) -> f64 {
    let (l, c) = (logistic(own[0] * theta + own[1]), logistic(own[2]));
    let (f, d) = (l * (1.0 - l), c * (1.0 - c));
    let sign = if category == 1 { 1.0 } else { -1.0 };
    let one = c + (1.0 - c) * l;
    let p = if category == 1 { one } else { 1.0 - one }.max(TINY);
    let index = (1.0 - c) * f;
    let (curved, cross, guess) = (index * (1.0 - 2.0 * l), -d * f, d * (1.0 - l));
    let x = [theta, 1.0];
    let mut second = [0.0; 9];
    for a in 0..2 {
        g[a] = sign * index * x[a];
        for e in 0..2 {
            second[a * 3 + e] = sign * curved * x[a] * x[e];
        }
        second[a * 3 + 2] = sign * cross * x[a];
        second[6 + a] = second[a * 3 + 2];
    }
    g[2] = sign * guess;
    second[8] = sign * guess * (1.0 - 2.0 * c);
    log_derivatives(p, &second, g, h);
    p.ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items() -> Vec<Item> {
        let slopes = vec![vec![0.0, 1.0, 2.0], vec![0.0; 3], vec![0.0; 3]];
        let constants = vec![vec![0.0; 3], vec![0.0, 1.0, 0.0], vec![0.0, 0.0, 1.0]];
        let places = vec![0, 1, 2];
        vec![
            Item { categories: 3, curve: Curve::Graded, places: places.clone() },
            Item { categories: 3, curve: Curve::Utility { slopes, constants }, places: places.clone() },
            Item { categories: 2, curve: Curve::Guessed, places },
        ]
    }

    #[test]
    fn derivatives_agree_with_differences() {
        let b = [1.3, -0.4, 0.9];
        for item in items() {
            for category in 0..item.categories {
                let (mut g, mut h) = (vec![0.0; 3], vec![0.0; 9]);
                item.response(&b, 0.7, category, &mut g, &mut h);
                for a in 0..3 {
                    let shifted = |by: f64| {
                        let mut at = b;
                        at[a] += by;
                        let (mut g, mut h) = (vec![0.0; 3], vec![0.0; 9]);
                        (item.response(&at, 0.7, category, &mut g, &mut h), g)
                    };
                    let (up, down) = (shifted(1e-5), shifted(-1e-5));
                    assert!((g[a] - (up.0 - down.0) / 2e-5).abs() < 1e-8, "{item:?} {category}");
                    for c in 0..3 {
                        assert!(
                            (h[a * 3 + c] - (up.1[c] - down.1[c]) / 2e-5).abs() < 1e-8,
                            "{item:?} {category}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn probabilities_add_to_one_and_information_is_the_expected_curvature() {
        let b = [1.3, -0.4, 0.9];
        for item in items() {
            let p = item.probabilities(&b, 0.3);
            assert!((p.iter().sum::<f64>() - 1.0).abs() < 1e-14);
            let curvature = |k: usize| {
                let ln = |t: f64| item.ln_probability(&b, t, k);
                -(ln(0.3 + 1e-4) - 2.0 * ln(0.3) + ln(0.3 - 1e-4)) / 1e-8
            };
            let expected: f64 = p.iter().enumerate().map(|(k, p)| p * curvature(k)).sum();
            assert!((item.information(&b, 0.3) - expected).abs() < 1e-6);
        }
    }
}
