//! Regressions whose mean, and likelihoods, that are expressions with named parameters.

mod expression;
mod mlexp;
mod nl;
mod predict;

use super::CommandSpec;
use crate::ops::predict::Own;

/// Commands of this family.
pub(super) const TABLE: &[CommandSpec] = &[nl::SPEC, mlexp::SPEC];

/// `predict` after commands of this family.
pub(super) fn predict(cmd: &str) -> Option<Own> {
    (cmd == "nl").then_some((&predict::SYNTAX, predict::run as fn(&mut _, &_) -> _))
}
