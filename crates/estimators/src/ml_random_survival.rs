//! Survival times given random effects ([ME] mestreg): the parametric models of `ml_survival`, and the gamma one. The log likelihood
//! is that of the times themselves; the log of time that `streg` adds for each failure is not in it.

use super::ml::Likelihood;
use super::ml_generalized_gamma::GeneralizedGamma;
use super::ml_random::Outcome;
use super::ml_survival::{Distribution, Parametric};

/// Records of survival times whose index has random effects.
pub struct SurvivalTimes<'a> {
    /// The records; for the gamma distribution only their times and failures are used.
    pub records: Parametric<'a>,
    /// Gamma distributed times with the shape `exp(-2 logs)` and the mean `exp(index)`, the further parameter being `logs`.
    pub gamma: bool,
}

impl SurvivalTimes<'_> {
    /// The gamma model is the generalised one whose shape kappa is its scale.
    fn gamma_row(&self, row: usize, at: &[f64], gradient: &mut [f64], hessian: &mut [f64]) -> f64 {
        let r = &self.records;
        let model = GeneralizedGamma { t0: r.t0, t: r.t, d: r.d };
        let scale = at[1].exp();
        let (mut g, mut h) = ([0.0; 3], [0.0; 9]);
        let value = model.row(row, &[at[0], at[1], scale], &mut g, &mut h);
        gradient[0] = g[0];
        gradient[1] = g[1] + g[2] * scale;
        let across = h[1] + h[2] * scale;
        (hessian[0], hessian[1], hessian[2]) = (h[0], across, across);
        hessian[3] = h[4] + 2.0 * h[5] * scale + h[8] * scale * scale + g[2] * scale;
        value
    }
}

impl Outcome for SurvivalTimes<'_> {
    fn further(&self) -> usize {
        usize::from(self.gamma || self.records.distribution != Distribution::Exponential)
    }

    fn row(&self, row: usize, at: &[f64], gradient: &mut [f64], hessian: &mut [f64]) -> f64 {
        let own = if self.records.d[row] { self.records.t[row].ln() } else { 0.0 };
        let value = if self.gamma {
            self.gamma_row(row, at, gradient, hessian)
        } else {
            Likelihood::row(&self.records, row, at, gradient, hessian)
        };
        value - own
    }
}
