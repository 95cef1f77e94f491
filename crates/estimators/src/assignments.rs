//! Models of a treatment: logit, probit, and a probit whose scale depends on covariates ([R] hetprobit).

use super::distributions::{inverse_mills, normal};
use super::jet::Jet;
use super::ml::Likelihood;
use super::ml_binary::{Link, logistic};
use super::ml_pairs::scaled_sign;

/// Model of the treatment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Assignment {
    /// Logit or probit.
    Plain(Link),
    /// Probit with an index of the log scale.
    Heteroskedastic,
}

impl Assignment {
    /// Probability of treatment at an index and a log scale.
    pub fn probability(self, eta: f64, scale: f64) -> f64 {
        match self {
            Self::Plain(Link::Logit) => logistic(eta),
            Self::Plain(Link::Probit) => normal(eta),
            Self::Heteroskedastic => normal(eta * (-scale).exp()),
        }
    }

    /// Derivatives of the log likelihood of a treatment in the index and the log scale.
    pub fn score(self, treated: bool, eta: f64, scale: f64) -> [f64; 2] {
        let sign = if treated { 1.0 } else { -1.0 };
        match self {
            Self::Plain(Link::Logit) => [f64::from(u8::from(treated)) - logistic(eta), 0.0],
            _ => {
                let scaled = self == Self::Heteroskedastic;
                let shrunk = if scaled { (-scale).exp() } else { 1.0 };
                let ratio = sign * inverse_mills(sign * eta * shrunk) * shrunk;
                [ratio, if scaled { -ratio * eta } else { 0.0 }]
            }
        }
    }
}

/// Treatment with a probit whose scale has an index.
pub(super) struct Scaled<'a> {
    /// Whether each row is treated.
    pub treated: &'a [bool],
}

impl Likelihood for Scaled<'_> {
    fn equations(&self) -> usize {
        2
    }

    fn row(&self, row: usize, eta: &[f64], gradient: &mut [f64], hessian: &mut [f64]) -> f64 {
        let jet = scaled_sign(self.treated[row], Jet::variables(&[eta[0], eta[1]]));
        gradient.copy_from_slice(&jet.g);
        hessian.copy_from_slice(&jet.h.concat());
        jet.v
    }
}
