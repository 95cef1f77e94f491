//! Penalised regression: lasso and elastic net, and what is asked of their results.

mod cvplot;
mod gof;
mod lasso;
mod lasso_plan;
mod lasso_sample;
mod state;

use super::CommandSpec;
use crate::ops::predict::Own;

/// Commands of this family.
pub(super) const TABLE: &[CommandSpec] =
    &[lasso::SPEC, lasso::SPEC_ELASTICNET, state::SPEC_KNOTS, state::SPEC_COEF, gof::SPEC, cvplot::SPEC];

/// `predict` after commands of this family.
pub(super) fn predict(cmd: &str) -> Option<Own> {
    matches!(cmd, "lasso" | "elasticnet").then_some((&state::PREDICT, state::predict as fn(&mut _, &_) -> _))
}
