//! Regressions, likelihoods and moments that are expressions with named parameters.

mod expression;
mod gmm;
mod mlexp;
mod nl;
mod predict;

use super::CommandSpec;
use crate::ops::predict::Own;

/// Commands of this family.
pub(super) const TABLE: &[CommandSpec] = &[nl::SPEC, mlexp::SPEC, gmm::SPEC];

/// `predict` after commands of this family.
pub(super) fn predict(cmd: &str) -> Option<Own> {
    match cmd {
        "nl" => Some((&predict::SYNTAX, predict::run)),
        "gmm" => Some((&predict::MOMENTS, predict::residuals)),
        _ => None,
    }
}
