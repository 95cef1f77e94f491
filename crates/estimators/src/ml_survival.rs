//! Likelihoods of parametric survival models with delayed entry and censoring ([ST] streg).
//! As in Stata the log of time is added for each failure, so that the log likelihood does not depend on its unit.

use super::distributions::{inverse_mills, ln_normal};
use super::jet::Jet;
use super::ml::Likelihood;
use super::ml_binary::logistic;

/// `ln(2 pi) / 2`.
const HALF_LN_2PI: f64 = 0.918_938_533_204_672_8;

/// A distribution of survival time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Distribution {
    /// Constant hazard.
    Exponential,
    /// Hazard `p t^(p-1) exp(xb)`.
    Weibull,
    /// Hazard `exp(gamma t) exp(xb)`.
    Gompertz,
    /// Log time is normal.
    LogNormal,
    /// Log time is logistic.
    LogLogistic,
}

/// Records of a parametric model, with the metric of the index.
pub struct Parametric<'a> {
    /// The distribution.
    pub distribution: Distribution,
    /// Whether the index acts on log time (AFT) instead of the log hazard (PH).
    pub aft: bool,
    /// Begin of each record.
    pub t0: &'a [f64],
    /// End.
    pub t: &'a [f64],
    /// Failure at the end.
    pub d: &'a [bool],
}

/// A term of the log likelihood with its derivatives in the index and the ancillary parameter.
#[derive(Default, Clone, Copy)]
struct Part {
    value: f64,
    first: [f64; 2],
    second: [f64; 3],
}

impl Part {
    fn plus(self, other: Self, sign: f64) -> Self {
        let mut out = self;
        out.value += sign * other.value;
        (0..2).for_each(|i| out.first[i] += sign * other.first[i]);
        (0..3).for_each(|i| out.second[i] += sign * other.second[i]);
        out
    }
}

/// `ln f` or `ln S` of the standard distribution of `w = (ln t - xb) / sigma`, with two derivatives in `w`.
fn standard(distribution: Distribution, failure: bool, w: f64) -> (f64, f64, f64) {
    match distribution {
        Distribution::LogNormal if failure => (-0.5 * w * w - HALF_LN_2PI, -w, -1.0),
        Distribution::LogNormal => {
            let mills = inverse_mills(-w);
            (ln_normal(-w), -mills, -mills * (mills - w))
        }
        Distribution::LogLogistic => {
            let p = logistic(w);
            let log = if w > 0.0 { w + (-w).exp().ln_1p() } else { w.exp().ln_1p() };
            if failure {
                (w - 2.0 * log, 1.0 - 2.0 * p, -2.0 * p * (1.0 - p))
            } else {
                (-log, -p, -p * (1.0 - p))
            }
        }
        _ => {
            let e = w.exp();
            if failure { (w - e, 1.0 - e, -e) } else { (-e, -e, -e) }
        }
    }
}

/// Location-scale term at a time; the ancillary parameter is `ln sigma` times `sign`.
fn location_scale(
    distribution: Distribution,
    failure: bool,
    time: f64,
    eta: f64,
    ancillary: f64,
    sign: f64,
) -> Part {
    let sigma = (sign * ancillary).exp();
    let w = (time.ln() - eta) / sigma;
    let (value, a1, a2) = standard(distribution, failure, w);
    let scale = if failure { sign * ancillary } else { 0.0 };
    let own = if failure { 1.0 } else { 0.0 };
    Part {
        value: value - scale,
        first: [-a1 / sigma, sign * (-own - a1 * w)],
        second: [a2 / (sigma * sigma), sign * (a2 * w + a1) / sigma, a2 * w * w + a1 * w],
    }
}

/// Log hazard times `t` (failures) and cumulative hazard of Weibull's PH metric; ancillary `ln p`.
fn weibull_hazard(time: f64, eta: f64, ancillary: f64) -> Part {
    let (p, u) = (ancillary.exp(), time.ln());
    let e = (eta + p * u).exp();
    Part { value: e, first: [e, p * u * e], second: [e, p * u * e, p * u * e + p * p * u * u * e] }
}

/// Cumulative hazard of Gompertz' model between zero and a time; ancillary gamma.
fn gompertz_hazard(time: f64, eta: f64, gamma: f64) -> Part {
    let (a0, a1, a2) = exponential_moments(gamma, time);
    let e = eta.exp();
    Part { value: e * a0, first: [e * a0, e * a1], second: [e * a0, e * a1, e * a2] }
}

/// Integrals of `s^j exp(gamma s)` from 0 to t for j = 0, 1, 2.
pub fn exponential_moments(gamma: f64, t: f64) -> (f64, f64, f64) {
    let x = gamma * t;
    if x.abs() < 1.0 {
        let mut term = 1.0;
        let mut sums = [0.0; 3];
        for k in 0..40 {
            let k = f64::from(k);
            for (j, sum) in sums.iter_mut().enumerate() {
                *sum += term / (k + 1.0 + j as f64);
            }
            term *= x / (k + 1.0);
        }
        return (t * sums[0], t * t * sums[1], t * t * t * sums[2]);
    }
    let e = x.exp();
    let (g, g2, g3) = (gamma, gamma * gamma, gamma.powi(3));
    ((e - 1.0) / g, e * (t / g - 1.0 / g2) + 1.0 / g2, e * (t * t / g - 2.0 * t / g2 + 2.0 / g3) - 2.0 / g3)
}

impl Parametric<'_> {
    fn part(&self, i: usize, eta: f64, ancillary: f64) -> Part {
        let (t0, t, d) = (self.t0[i], self.t[i], self.d[i]);
        let own = if d { 1.0 } else { 0.0 };
        match (self.distribution, self.aft) {
            (Distribution::Exponential | Distribution::Weibull, false) => {
                let p = ancillary.exp();
                let u = t.ln();
                let event = Part {
                    value: own * (eta + ancillary + p * u),
                    first: [own, own * (1.0 + p * u)],
                    second: [0.0, 0.0, own * p * u],
                };
                let mut out = event.plus(weibull_hazard(t, eta, ancillary), -1.0);
                if t0 > 0.0 {
                    out = out.plus(weibull_hazard(t0, eta, ancillary), 1.0);
                }
                out
            }
            (Distribution::Gompertz, _) => {
                let event = Part {
                    value: own * (eta + ancillary * t + t.ln()),
                    first: [own, own * t],
                    second: [0.0; 3],
                };
                event
                    .plus(gompertz_hazard(t, eta, ancillary), -1.0)
                    .plus(gompertz_hazard(t0, eta, ancillary), 1.0)
            }
            _ => {
                // Weibull's p is 1 / sigma.
                let sign = match self.distribution {
                    Distribution::Exponential | Distribution::Weibull => -1.0,
                    _ => 1.0,
                };
                let mut out = location_scale(self.distribution, d, t, eta, ancillary, sign);
                if t0 > 0.0 {
                    out = out.plus(location_scale(self.distribution, false, t0, eta, ancillary, sign), -1.0);
                }
                out
            }
        }
    }
}

impl Likelihood for Parametric<'_> {
    fn equations(&self) -> usize {
        if self.distribution == Distribution::Exponential { 1 } else { 2 }
    }

    fn row(&self, row: usize, eta: &[f64], gradient: &mut [f64], hessian: &mut [f64]) -> f64 {
        let part = self.part(row, eta[0], eta.get(1).copied().unwrap_or(0.0));
        gradient[0] = part.first[0];
        hessian[0] = part.second[0];
        if eta.len() > 1 {
            gradient[1] = part.first[1];
            (hessian[1], hessian[2], hessian[3]) = (part.second[1], part.second[1], part.second[2]);
        }
        part.value
    }
}

/// Cumulative hazard `-ln S(t)`.
pub fn cumulative_hazard(distribution: Distribution, aft: bool, t: f64, eta: f64, ancillary: f64) -> f64 {
    if t <= 0.0 {
        return 0.0;
    }
    match (distribution, aft) {
        (Distribution::Exponential | Distribution::Weibull, false) => (eta + ancillary.exp() * t.ln()).exp(),
        (Distribution::Gompertz, _) => eta.exp() * exponential_moments(ancillary, t).0,
        (Distribution::Exponential | Distribution::Weibull, true) => (ancillary.exp() * (t.ln() - eta)).exp(),
        _ => -standard(distribution, false, (t.ln() - eta) / ancillary.exp()).0,
    }
}

/// Hazard at a time.
pub fn hazard(distribution: Distribution, aft: bool, t: f64, eta: f64, ancillary: f64) -> f64 {
    match (distribution, aft) {
        (Distribution::Exponential | Distribution::Weibull, false) => {
            (eta + ancillary + (ancillary.exp() - 1.0) * t.ln()).exp()
        }
        (Distribution::Gompertz, _) => (eta + ancillary * t).exp(),
        (Distribution::Exponential | Distribution::Weibull, true) => {
            let p = ancillary.exp();
            p / t * (p * (t.ln() - eta)).exp()
        }
        _ => {
            let sigma = ancillary.exp();
            let w = (t.ln() - eta) / sigma;
            (standard(distribution, true, w).0 - standard(distribution, false, w).0).exp() / (sigma * t)
        }
    }
}

/// Time at which the cumulative hazard reaches a value: the median for `ln 2`. Not a number where it never does, as with a
/// hazard of Gompertz' model that falls.
pub fn time_of<const N: usize>(
    distribution: Distribution,
    aft: bool,
    hazard: Jet<N>,
    eta: Jet<N>,
    ancillary: Jet<N>,
) -> Jet<N> {
    match (distribution, aft) {
        (Distribution::Exponential | Distribution::Weibull, false) => {
            ((hazard.ln() - eta) / ancillary.exp()).exp()
        }
        (Distribution::Exponential | Distribution::Weibull, true) => {
            (eta + hazard.ln() / ancillary.exp()).exp()
        }
        (Distribution::Gompertz, _) => {
            let scaled = hazard * (-eta).exp();
            if ancillary.v == 0.0 { scaled } else { (ancillary * scaled).ln_1p() / ancillary }
        }
        (Distribution::LogNormal, _) => (eta - (-hazard).exp().normal_quantile() * ancillary.exp()).exp(),
        (Distribution::LogLogistic, _) => (eta + (hazard.exp() - 1.0).ln() * ancillary.exp()).exp(),
    }
}

/// Mean of survival time; none where it has no closed form or is infinite.
pub fn mean(distribution: Distribution, aft: bool, eta: f64, ancillary: f64) -> Option<f64> {
    use super::distributions::ln_gamma;
    match distribution {
        Distribution::Exponential | Distribution::Weibull => {
            let p = ancillary.exp();
            let location = if aft { eta } else { -eta / p };
            Some((location + ln_gamma(1.0 + 1.0 / p)).exp())
        }
        Distribution::LogNormal => Some((eta + 0.5 * (2.0 * ancillary).exp()).exp()),
        Distribution::LogLogistic => {
            let g = ancillary.exp();
            (g < 1.0).then(|| (eta + ln_gamma(1.0 + g) + ln_gamma(1.0 - g)).exp())
        }
        Distribution::Gompertz => None,
    }
}

/// Mean of the log of survival time; none for Gompertz' model, where it has no closed form.
pub fn mean_log(distribution: Distribution, aft: bool, eta: f64, ancillary: f64) -> Option<f64> {
    match distribution {
        Distribution::Exponential | Distribution::Weibull => {
            let p = ancillary.exp();
            let location = if aft { eta } else { -eta / p };
            // the mean of the log of a standard exponential variable is minus Euler's constant
            Some(location + super::distributions::digamma(1.0) / p)
        }
        Distribution::LogNormal | Distribution::LogLogistic => Some(eta),
        Distribution::Gompertz => None,
    }
}
