//! Treatment effects: estimators of the potential-outcome kind and their balance checks.

mod matched;
mod model;
mod predict;
mod show;
mod tebalance;
mod teffects;

use super::CommandSpec;
use super::estimation::predict::Own;

/// Commands of this family.
pub(super) const TABLE: &[CommandSpec] = &[teffects::SPEC, tebalance::SPEC, tebalance::SPEC_TEOVERLAP];

/// `predict` after commands of this family.
pub(super) fn predict(cmd: &str) -> Option<Own> {
    (cmd == "teffects").then_some((&predict::SYNTAX, predict::run as fn(&mut _, &_) -> _))
}
