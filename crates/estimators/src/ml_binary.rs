//! Likelihoods of 0/1 outcomes: logit, probit and complementary log-log, and perfect prediction.

use super::distributions::{inverse_mills, ln_normal};
use super::ml::Likelihood;

/// The link of a 0/1 model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// Logistic distribution.
    Logit,
    /// Normal distribution.
    Probit,
}

impl Link {
    /// Probability of one at a linear index.
    pub fn probability(self, eta: f64) -> f64 {
        match self {
            Self::Logit => logistic(eta),
            Self::Probit => super::distributions::normal(eta),
        }
    }

    /// First derivative of the probability.
    pub fn density(self, eta: f64) -> f64 {
        match self {
            Self::Logit => logistic(eta) * logistic(-eta),
            Self::Probit => super::distributions::normal_density(eta),
        }
    }

    /// Second derivative of the probability.
    pub fn slope(self, eta: f64) -> f64 {
        match self {
            Self::Logit => self.density(eta) * (1.0 - 2.0 * logistic(eta)),
            Self::Probit => -eta * self.density(eta),
        }
    }

    /// Linear index of a probability.
    pub fn index(self, p: f64) -> f64 {
        match self {
            Self::Logit => (p / (1.0 - p)).ln(),
            Self::Probit => super::distributions::normal_quantile(p),
        }
    }
}

/// `1 / (1 + exp(-x))` without overflow.
pub fn logistic(x: f64) -> f64 {
    if x >= 0.0 {
        1.0 / (1.0 + (-x).exp())
    } else {
        let e = x.exp();
        e / (1.0 + e)
    }
}

/// `ln(1 / (1 + exp(-x)))` without cancellation.
fn ln_logistic(x: f64) -> f64 {
    if x >= 0.0 { -(-x).exp().ln_1p() } else { x - x.exp().ln_1p() }
}

/// A 0/1 outcome.
pub struct Binary<'a> {
    /// Whether each row is a one.
    pub y: &'a [bool],
    /// The link.
    pub link: Link,
}

impl Likelihood for Binary<'_> {
    fn equations(&self) -> usize {
        1
    }

    fn row(&self, row: usize, eta: &[f64], gradient: &mut [f64], hessian: &mut [f64]) -> f64 {
        let eta = eta[0];
        let sign = if self.y[row] { 1.0 } else { -1.0 };
        match self.link {
            Link::Logit => {
                let p = logistic(eta);
                gradient[0] = if self.y[row] { logistic(-eta) } else { -p };
                hessian[0] = -p * logistic(-eta);
                ln_logistic(sign * eta)
            }
            Link::Probit => {
                let ratio = sign * inverse_mills(sign * eta);
                gradient[0] = ratio;
                hessian[0] = -ratio * (ratio + eta);
                ln_normal(sign * eta)
            }
        }
    }
}

/// Log likelihood of a constant-only 0/1 model: `n1 ln(p) + n0 ln(1 - p)`.
pub fn null_likelihood(ones: f64, zeros: f64) -> f64 {
    let n = ones + zeros;
    let part = |count: f64| if count > 0.0 { count * (count / n).ln() } else { 0.0 };
    part(ones) + part(zeros)
}

/// How a regressor predicts the outcome perfectly.
#[derive(Clone, Debug, PartialEq)]
pub enum Separation {
    /// All ones lie on one side of a value and all zeros on the other.
    Complete {
        /// The column.
        column: usize,
        /// The largest value of the lower side.
        bound: f64,
        /// Whether larger values go with ones.
        above_is_one: bool,
    },
    /// Away from one value the outcome is always the same: those rows and the column are dropped.
    Quasi {
        /// The column.
        column: usize,
        /// The value shared by ones and zeros.
        value: f64,
        /// Whether rows above the value are predicted.
        above: Option<bool>,
        /// Whether the predicted rows are ones (when all are the same).
        success: Option<bool>,
        /// The predicted rows.
        rows: Vec<usize>,
    },
}

/// Looks for a column that predicts the outcome perfectly among the rows in use
/// ([R] logit, "Model identification": one-way and two-way causation).
pub fn find_separation(y: &[bool], columns: &[&[f64]], used: &[bool], skip: &[bool]) -> Option<Separation> {
    for (j, column) in columns.iter().enumerate().filter(|(j, _)| !skip[*j]) {
        let mut bounds = [(f64::INFINITY, f64::NEG_INFINITY); 2];
        for i in (0..y.len()).filter(|i| used[*i]) {
            let side = &mut bounds[usize::from(y[i])];
            side.0 = side.0.min(column[i]);
            side.1 = side.1.max(column[i]);
        }
        let [(min0, max0), (min1, max1)] = bounds;
        if min0 > max0 || min1 > max1 || min0.min(min1) == max0.max(max1) {
            continue;
        }
        if max0 < min1 || max1 < min0 {
            return Some(Separation::Complete {
                column: j,
                bound: max0.min(max1),
                above_is_one: max0 < min1,
            });
        }
        if max0 == min1 || max1 == min0 {
            let value = if max0 == min1 { max0 } else { max1 };
            let rows: Vec<usize> = (0..y.len()).filter(|i| used[*i] && column[*i] != value).collect();
            let all = |test: &dyn Fn(usize) -> bool| rows.iter().all(|i| test(*i));
            let success = if all(&|i| y[i]) {
                Some(true)
            } else if all(&|i| !y[i]) {
                Some(false)
            } else {
                None
            };
            let above = if all(&|i| column[i] > value) {
                Some(true)
            } else if all(&|i| column[i] < value) {
                Some(false)
            } else {
                None
            };
            return Some(Separation::Quasi { column: j, value, above, success, rows });
        }
    }
    None
}
