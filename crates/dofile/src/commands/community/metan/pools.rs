//! Pools of studies.

use super::request::{Method, Studies};
use estimators::distributions::{chi2_tail, normal_two_sided};
use estimators::meta_analysis::{self, pool};
use estimators::meta_effects::mantel_haenszel;

/// A pooled effect with its heterogeneity.
pub(super) struct Pool {
    /// The effect.
    pub y: f64,
    /// Its standard error.
    pub se: f64,
    /// Weights of its studies.
    pub weights: Vec<f64>,
    /// The statistic of homogeneity and its degrees of freedom.
    pub q: f64,
    /// Degrees of freedom.
    pub df: f64,
    /// Variance between studies.
    pub tau2: f64,
}

impl Pool {
    /// The pool of some studies.
    pub(super) fn of(studies: &Studies, at: &[usize]) -> Self {
        let y: Vec<f64> = at.iter().map(|i| studies.y[*i]).collect();
        let v: Vec<f64> = at.iter().map(|i| studies.se[*i].powi(2)).collect();
        let tables: Vec<[f64; 4]> =
            if studies.tables.is_empty() { vec![] } else { at.iter().map(|i| studies.tables[*i]).collect() };
        let plain = meta_analysis::Studies::plain(&y, &v);
        let about = |centre: f64| y.iter().zip(&v).map(|(y, v)| (y - centre).powi(2) / v).sum::<f64>();
        let inverse = |tau2: f64| {
            let weights = plain.weights(tau2);
            match plain.fit(&weights) {
                Some(fit) => (fit.b[0], fit.v[(0, 0)].sqrt(), weights),
                None => (f64::NAN, f64::NAN, weights),
            }
        };
        let haenszel = || studies.binary.map(|measure| mantel_haenszel(measure, &tables));
        let fixed = match studies.method {
            Method::MantelHaenszel | Method::RandomMantelHaenszel => {
                haenszel().unwrap_or_else(|| inverse(0.0))
            }
            _ => inverse(0.0),
        };
        let (q, df) = (about(fixed.0), at.len() as f64 - 1.0);
        let equal = plain.fit(&plain.weights(0.0)).filter(|_| studies.method.is_random() && df > 0.0);
        let tau2 = equal.map_or(0.0, |fit| plain.dersimonian_laird(q, &fit.v).max(0.0));
        let (y, se, weights) = if studies.method.is_random() { inverse(tau2) } else { fixed };
        Self { y, se, weights, q, df, tau2 }
    }

    /// Share of the variation that is heterogeneity, in percent; missing for one study.
    pub(super) fn i2(&self) -> f64 {
        if self.df < 1.0 { f64::NAN } else { (100.0 * (self.q - self.df) / self.q).max(0.0) }
    }

    /// The p-value of homogeneity.
    pub(super) fn p_q(&self) -> f64 {
        if self.df < 1.0 { f64::NAN } else { chi2_tail(self.df, self.q) }
    }

    /// The test of no effect.
    pub(super) fn test(&self) -> (f64, f64) {
        let z = self.y / self.se;
        (z, normal_two_sided(z))
    }
}

/// The test of equal effects of groups by inverse variances: statistic and degrees of freedom.
pub(super) fn between(groups: &[&Pool]) -> (f64, f64) {
    let y: Vec<f64> = groups.iter().map(|g| g.y).collect();
    let v: Vec<f64> = groups.iter().map(|g| g.se.powi(2)).collect();
    (pool(&y, &v, None).map_or(f64::NAN, |p| p.q), groups.len() as f64 - 1.0)
}
