//! A fitted structural equation model.

use super::sem_model::Specification;
use super::sem_paths::unsupported;
use crate::error::{Result, StataError};
use crate::session::Session;
use estimators::matrix::Mat;
use estimators::sem::fit_statistics::Test;
use estimators::sem::implied::Implied;
use estimators::sem::{Cell, Means, Value};
use std::sync::Arc;

/// A fitted model.
#[derive(Debug, Clone)]
pub(super) struct SemState {
    pub specification: Specification,
    /// Parameters of the kernel and their covariance.
    pub b: Vec<f64>,
    pub v: Mat,
    /// The maximum as the kernel works with it.
    pub point: Vec<f64>,
    /// Means and covariances of the observed variables without restrictions, where they exist.
    pub sample: Option<(Vec<f64>, Mat)>,
    /// The tests of the model and of the baseline against the saturated model.
    pub tests: Option<(Test, Test)>,
    /// The sample: `estat mindices` computes derivatives again.
    pub moments: Arc<estimators::sem::sample::Sample>,
    /// Fitted with missing values.
    pub mlmv: bool,
}

/// State of the active results; r(301) when they are not those of `sem`.
pub(super) fn state(s: &Session) -> Result<Arc<SemState>> {
    let held = s.e.extra.clone().and_then(|e| e.downcast::<SemState>().ok());
    held.filter(|_| s.e.cmd() == "sem").ok_or_else(|| {
        StataError::new(301, "last estimates not found: sem must be the last estimation command")
    })
}

/// The same, of a model without groups.
///
/// # Errors
/// r(199) after `group()`.
pub(super) fn ungrouped(s: &Session, what: &str) -> Result<Arc<SemState>> {
    let state = state(s)?;
    if state.specification.groups.is_some() {
        return Err(unsupported(&format!("{what} after group() is")));
    }
    Ok(state)
}

impl SemState {
    /// The value of a cell.
    pub(super) fn value(&self, at: usize) -> f64 {
        match self.specification.model.cells[at].1 {
            Value::Fixed(x) => x,
            Value::Free(k) => self.b[k],
        }
    }

    /// The standard error of a cell; nothing where it is fixed.
    pub(super) fn se(&self, at: usize) -> Option<f64> {
        match self.specification.model.cells[at].1 {
            Value::Fixed(_) => None,
            Value::Free(k) => Some(self.v[(k, k)].max(0.0).sqrt()),
        }
    }

    /// Implied moments; the means are those of the model, or of the sample where it has none.
    pub(super) fn implied(&self) -> Result<Implied> {
        let model = &self.specification.model;
        let means = if model.means() == Means::Absent { Means::Absent } else { Means::Cells };
        let mut out = Implied::at(model, means, &self.b)
            .ok_or_else(|| StataError::new(506, "I - B is singular at the estimates"))?;
        if let (Means::Absent, Some((mean, _))) = (means, &self.sample) {
            out.mean[..mean.len()].copy_from_slice(mean);
        }
        Ok(out)
    }

    /// Sum of the weights of the rows of a group.
    pub(super) fn group_weight(&self, group: usize) -> f64 {
        let each = self.specification.one().model.observed;
        let own = |present: &[usize]| present.first().is_some_and(|v| v / each == group);
        self.moments.patterns.iter().filter(|p| own(&p.present)).map(|p| p.weight).sum()
    }

    /// Names of variances that are negative at the estimates.
    pub(super) fn negative(&self) -> Vec<String> {
        let rows = &self.specification.rows;
        let negative = |at: &usize| {
            matches!(self.specification.model.cells[*at].0, Cell::Covariance(a, b) if a == b)
                && self.value(*at) < 0.0
        };
        rows.iter().filter(|(_, at)| negative(at)).map(|(stripe, _)| stripe.name.clone()).collect()
    }
}
