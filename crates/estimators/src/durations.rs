//! Distributions of survival times by their mean or location, as the models of treatment effects on survival use them: likelihood
//! with derivatives, mean, survivor function.
//!
//! # Source
//! [CAUSAL] stteffects, Methods and formulas.

use super::distributions::{gamma_tail, ln_gamma};
use super::ml::Likelihood;
use super::ml_survival::{Distribution, Parametric, cumulative_hazard};

/// Distribution of a time whose mean or location is `exp(xb)`, with an ancillary index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Duration {
    /// Mean `exp(xb)`; no ancillary index.
    Exponential,
    /// Survivor function `exp(-(t exp(-xb))^s)`, log of the shape s as ancillary index.
    Weibull,
    /// Mean `exp(xb)` and shape `exp(-2 a)`.
    Gamma,
    /// Log time has mean xb and standard deviation `exp(a)`.
    LogNormal,
}

/// Log likelihood with its derivatives in the index and the ancillary one: first, then second (row-major).
type Terms = (f64, [f64; 2], [f64; 4]);

impl Duration {
    /// Whether there is an ancillary index.
    pub fn has_shape(self) -> bool {
        self != Self::Exponential
    }

    fn parametric(self) -> Distribution {
        match self {
            Self::Exponential => Distribution::Exponential,
            Self::Weibull => Distribution::Weibull,
            Self::Gamma | Self::LogNormal => Distribution::LogNormal,
        }
    }

    /// Mean time.
    pub fn mean(self, eta: f64, a: f64) -> f64 {
        match self {
            Self::Exponential | Self::Gamma => eta.exp(),
            Self::Weibull => (eta + ln_gamma(1.0 + (-a).exp())).exp(),
            Self::LogNormal => (eta + 0.5 * (2.0 * a).exp()).exp(),
        }
    }

    /// Probability of a longer time.
    pub fn survivor(self, t: f64, eta: f64, a: f64) -> f64 {
        match self {
            Self::Gamma => {
                let s = (-2.0 * a).exp();
                gamma_tail(s, s * t * (-eta).exp())
            }
            _ => (-cumulative_hazard(self.parametric(), true, t, eta, a)).exp(),
        }
    }

    /// Log density (plus the log of time) or log survivor function of the gamma distribution.
    fn gamma(t: f64, failed: bool, eta: f64, a: f64) -> f64 {
        let s = (-2.0 * a).exp();
        let u = s * t * (-eta).exp();
        if failed { s * u.ln() - u - ln_gamma(s) } else { gamma_tail(s, u).ln() }
    }

    pub(super) fn terms(self, t: f64, failed: bool, eta: f64, a: f64) -> Terms {
        if self == Self::Gamma {
            return differences(&|x, y| Self::gamma(t, failed, x, y), eta, a);
        }
        let model =
            Parametric { distribution: self.parametric(), aft: true, t0: &[0.0], t: &[t], d: &[failed] };
        let mut out = (0.0, [0.0; 2], [0.0; 4]);
        if self.has_shape() {
            out.0 = model.row(0, &[eta, a], &mut out.1, &mut out.2);
        } else {
            out.0 = model.row(0, &[eta], &mut out.1[..1], &mut out.2[..1]);
        }
        out
    }
}

/// Value with first and second derivatives of a smooth function by central differences of fourth order.
fn differences(f: &dyn Fn(f64, f64) -> f64, x: f64, y: f64) -> Terms {
    const H: f64 = 2e-3;
    let along = |dx: f64, dy: f64| {
        let at = |k: f64| f(x + k * H * dx, y + k * H * dy);
        let (a, b, c, d, e) = (at(-2.0), at(-1.0), at(0.0), at(1.0), at(2.0));
        ((a - 8.0 * b + 8.0 * d - e) / (12.0 * H), (-a + 16.0 * b - 30.0 * c + 16.0 * d - e) / (12.0 * H * H))
    };
    let (gx, hxx) = along(1.0, 0.0);
    let (gy, hyy) = along(0.0, 1.0);
    let mixed = (along(1.0, 1.0).1 - hxx - hyy) / 2.0;
    (f(x, y), [gx, gy], [hxx, mixed, mixed, hyy])
}

/// Times with their distribution.
pub(super) struct Times<'a> {
    /// The distribution.
    pub distribution: Duration,
    /// Time of failure or censoring.
    pub t: &'a [f64],
    /// Whether it is one of failure.
    pub d: &'a [bool],
}

impl Likelihood for Times<'_> {
    fn equations(&self) -> usize {
        if self.distribution.has_shape() { 2 } else { 1 }
    }

    fn row(&self, row: usize, eta: &[f64], gradient: &mut [f64], hessian: &mut [f64]) -> f64 {
        let a = eta.get(1).copied().unwrap_or(0.0);
        let (value, first, second) = self.distribution.terms(self.t[row], self.d[row], eta[0], a);
        let size = gradient.len();
        gradient.copy_from_slice(&first[..size]);
        hessian.copy_from_slice(&second[..size * size]);
        value
    }
}
