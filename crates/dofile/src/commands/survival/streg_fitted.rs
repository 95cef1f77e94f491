//! The distribution of survival time that `streg` fitted, with its frailty: hazards, medians and means. Formulas: [ST] streg,
//! [ST] streg postestimation, Methods and formulas.

use super::streg::distribution;
use crate::error::{Result, StataError};
use crate::session::Session;
use estimators::jet::Jet;
use estimators::ml_frailty::Frailty;
use estimators::ml_generalized_gamma as gamma;
use estimators::ml_survival::{Distribution, cumulative_hazard, hazard, mean, mean_log, time_of};
use std::f64::consts::LN_2;

/// What is predicted of a model with frailty.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) enum Averaging {
    /// The average over an unshared frailty, a frailty of one where groups share it.
    #[default]
    Usual,
    /// A frailty of one.
    One,
    /// The average over the frailty.
    Averaged,
}

impl Averaging {
    /// Takes the option of a prediction or a curve; false for the name of another option.
    ///
    /// # Errors
    /// r(198) for two options that differ.
    pub(super) fn take(&mut self, option: &str) -> Result<bool> {
        let found = match option {
            "alpha1" => Self::One,
            "unconditional" | "marginal" => Self::Averaged,
            _ => return Ok(false),
        };
        if *self != Self::Usual && *self != found {
            return Err(StataError::new(198, "only one of alpha1 and unconditional may be specified"));
        }
        *self = found;
        Ok(true)
    }
}

/// A distribution of time.
#[derive(Debug, Clone, Copy)]
enum Law {
    Named(Distribution),
    /// The generalised gamma distribution with its kappa.
    GeneralizedGamma(f64),
}

/// The fitted distribution and its metric.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fitted {
    law: Law,
    /// Whether the index acts on log time.
    pub aft: bool,
    /// The frailty that predictions are averaged over, with its variance.
    frailty: Option<(Frailty, f64)>,
}

impl Fitted {
    /// The active estimates of `streg`.
    ///
    /// # Errors
    /// r(198) for a choice of the frailty after a model without one.
    pub(super) fn of(s: &Session, averaging: Averaging) -> Result<Self> {
        let e = &s.e.results;
        let text = |name: &str| e.get_text(name).unwrap_or("");
        let law = match e.get_scalar("kappa") {
            Some(kappa) => Law::GeneralizedGamma(kappa),
            None => Law::Named(distribution(text("distribution"))?),
        };
        let kind = if text("frailty") == "gamma" { Frailty::Gamma } else { Frailty::InverseGaussian };
        let frailty = match (e.get_scalar("theta"), averaging) {
            (None, Averaging::Usual) | (Some(_), Averaging::One) => None,
            (Some(_), Averaging::Usual) if e.get_text("shared").is_some() => None,
            (Some(theta), _) => Some((kind, theta)),
            (None, _) => {
                return Err(StataError::new(
                    198,
                    "alpha1 and unconditional are allowed only after a model with frailty()",
                ));
            }
        };
        Ok(Self { law, aft: text("frm2") == "time", frailty })
    }

    /// Whether predictions are averaged over the frailty.
    pub(super) fn is_averaged(&self) -> bool {
        self.frailty.is_some()
    }

    /// `-ln S(t)`, from the linear index and the ancillary parameter.
    pub(super) fn cumulative(&self, t: f64, eta: f64, ancillary: f64) -> f64 {
        let own = self.unmixed(t, eta, ancillary);
        match self.frailty {
            Some((kind, theta)) => kind.mixed(Jet::<1>::constant(own), Jet::constant(theta)).0.v,
            None => own,
        }
    }

    fn unmixed(&self, t: f64, eta: f64, ancillary: f64) -> f64 {
        match self.law {
            Law::Named(d) => cumulative_hazard(d, self.aft, t, eta, ancillary),
            Law::GeneralizedGamma(_) if t <= 0.0 => 0.0,
            Law::GeneralizedGamma(kappa) => gamma::cumulative_hazard((t.ln() - eta) / ancillary.exp(), kappa),
        }
    }

    /// Hazard at a time.
    pub(super) fn hazard(&self, t: f64, eta: f64, ancillary: f64) -> f64 {
        let own = match self.law {
            Law::Named(d) => hazard(d, self.aft, t, eta, ancillary),
            Law::GeneralizedGamma(kappa) => {
                let sigma = ancillary.exp();
                gamma::hazard((t.ln() - eta) / sigma, kappa) / (sigma * t)
            }
        };
        match self.frailty {
            Some((kind, theta)) => {
                let total = Jet::<1>::constant(self.unmixed(t, eta, ancillary));
                own * kind.mixed(total, Jet::constant(theta)).1.v.exp()
            }
            None => own,
        }
    }

    /// Median of survival time.
    pub(super) fn median(&self, eta: f64, ancillary: f64) -> f64 {
        let half = Jet::<1>::constant(LN_2);
        let total = match self.frailty {
            Some((kind, theta)) => kind.unmixed(half, Jet::constant(theta)),
            None => half,
        };
        match self.law {
            Law::Named(d) => time_of(d, self.aft, total, Jet::constant(eta), Jet::constant(ancillary)).v,
            Law::GeneralizedGamma(kappa) => (eta + ancillary.exp() * gamma::quantile(total.v, kappa)).exp(),
        }
    }

    /// Mean of survival time, or of its log, for a frailty of one; none where it has no closed form or is infinite.
    pub(super) fn mean(&self, of_log: bool, eta: f64, ancillary: f64) -> Option<f64> {
        match (self.law, of_log) {
            (Law::Named(d), false) => mean(d, self.aft, eta, ancillary),
            (Law::Named(d), true) => mean_log(d, self.aft, eta, ancillary),
            (Law::GeneralizedGamma(kappa), false) => {
                gamma::ln_mean(ancillary.exp(), kappa).map(|m| (eta + m).exp())
            }
            (Law::GeneralizedGamma(kappa), true) => Some(eta + ancillary.exp() * gamma::mean(kappa)),
        }
    }

    /// Whether the mean has no closed form for any parameters.
    pub(super) fn has_no_mean(&self) -> bool {
        matches!(self.law, Law::Named(Distribution::Gompertz))
    }
}
