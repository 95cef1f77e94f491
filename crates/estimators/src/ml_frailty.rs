//! Parametric survival models with a frailty of each record: the hazard is multiplied by a random variable with mean one
//! and variance theta ([ST] streg, Methods and formulas; Hougaard 1984, Gutierrez 2002).

use super::jet::Jet;
use super::ml_survival::{Distribution, exponential_moments};

/// Distribution of the frailty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Frailty {
    /// Gamma.
    Gamma,
    /// Inverse Gaussian.
    InverseGaussian,
}

impl Frailty {
    /// `-ln S` averaged over the frailty of variance theta, and the log of the factor that the average puts on the hazard, from
    /// the cumulative hazard of a frailty of one.
    pub fn mixed<const N: usize>(self, hazard: Jet<N>, theta: Jet<N>) -> (Jet<N>, Jet<N>) {
        let product = theta * hazard;
        match self {
            Self::Gamma => (product.ln_1p() / theta, -product.ln_1p()),
            Self::InverseGaussian => {
                let two = Jet::constant(2.0);
                let inner = Jet::constant(1.0) + two * product;
                (two * hazard / (inner.sqrt() + Jet::constant(1.0)), Jet::constant(-0.5) * inner.ln())
            }
        }
    }

    /// The cumulative hazard of a frailty of one at which `-ln S` averaged over the frailty reaches a value.
    pub fn unmixed<const N: usize>(self, averaged: Jet<N>, theta: Jet<N>) -> Jet<N> {
        match self {
            Self::Gamma => ((theta * averaged).exp() - 1.0) / theta,
            Self::InverseGaussian => averaged + theta * averaged.square() * 0.5,
        }
    }
}

/// A record: begin, end, failure at the end.
#[derive(Debug, Clone, Copy)]
pub struct Record {
    /// Begin.
    pub t0: f64,
    /// End.
    pub t: f64,
    /// Failure.
    pub d: bool,
}

/// A survival model with its metric.
#[derive(Debug, Clone, Copy)]
pub struct Model {
    /// Distribution of time without frailty.
    pub distribution: Distribution,
    /// Whether the index acts on log time.
    pub aft: bool,
    /// Distribution of the frailty.
    pub frailty: Frailty,
}

impl Model {
    /// `(ln t - xb)/sigma`; the ancillary parameter is `ln sigma`, or `ln p = -ln sigma` of the Weibull model.
    fn standard<const N: usize>(self, t: f64, eta: Jet<N>, ancillary: Jet<N>) -> Jet<N> {
        let inverse = match self.distribution {
            Distribution::Exponential | Distribution::Weibull => ancillary.exp(),
            _ => (-ancillary).exp(),
        };
        (Jet::constant(t.ln()) - eta) * inverse
    }

    /// Cumulative hazard without frailty.
    pub(super) fn cumulative<const N: usize>(self, t: f64, eta: Jet<N>, ancillary: Jet<N>) -> Jet<N> {
        match (self.distribution, self.aft) {
            (Distribution::Gompertz, _) => {
                let (value, first, second) = exponential_moments(ancillary.v, t);
                eta.exp() * ancillary.chain(value, first, second)
            }
            (Distribution::LogNormal, _) => -(-self.standard(t, eta, ancillary)).ln_normal(),
            (Distribution::LogLogistic, _) => -(-self.standard(t, eta, ancillary)).ln_logistic(),
            (_, true) => self.standard(t, eta, ancillary).exp(),
            (_, false) => (eta + ancillary.exp() * Jet::constant(t.ln())).exp(),
        }
    }

    /// Log of time times the hazard without frailty.
    pub(super) fn log_hazard<const N: usize>(self, t: f64, eta: Jet<N>, ancillary: Jet<N>) -> Jet<N> {
        match (self.distribution, self.aft) {
            (Distribution::Gompertz, _) => eta + ancillary * Jet::constant(t) + Jet::constant(t.ln()),
            (Distribution::LogNormal, _) => {
                let w = self.standard(t, eta, ancillary);
                w.ln_density() - (-w).ln_normal() - ancillary
            }
            (Distribution::LogLogistic, _) => self.standard(t, eta, ancillary).ln_logistic() - ancillary,
            (_, true) => self.standard(t, eta, ancillary) + ancillary,
            (_, false) => eta + ancillary + ancillary.exp() * Jet::constant(t.ln()),
        }
    }

    /// Log likelihood of a record; `ln t` is added for a failure, as without frailty. `lntheta` is the log of the variance of
    /// the frailty.
    pub fn row<const N: usize>(self, r: Record, eta: Jet<N>, ancillary: Jet<N>, lntheta: Jet<N>) -> Jet<N> {
        let theta = lntheta.exp();
        let (survived, factor) = self.frailty.mixed(self.cumulative(r.t, eta, ancillary), theta);
        let mut out = -survived;
        if r.d {
            out = out + self.log_hazard(r.t, eta, ancillary) + factor;
        }
        if r.t0 > 0.0 {
            out = out + self.frailty.mixed(self.cumulative(r.t0, eta, ancillary), theta).0;
        }
        out
    }
}
