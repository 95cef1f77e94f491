//! Treatment effects: estimators of the potential-outcome kind with their balance checks, and differences in
//! differences.

mod did_estat;
mod didregress;
mod matched;
mod model;
mod overid;
mod predict;
mod show;
mod stteffects;
mod stteffects_model;
mod tebalance;
mod teffects;

pub(super) use did_estat::estat;

use super::CommandSpec;
use crate::ops::predict::Own;

/// Commands of this family.
pub(super) const TABLE: &[CommandSpec] = &[
    didregress::SPEC,
    didregress::SPEC_XT,
    teffects::SPEC,
    stteffects::SPEC,
    tebalance::SPEC,
    tebalance::SPEC_TEOVERLAP,
];

/// `predict` after commands of this family.
pub(super) fn predict(cmd: &str) -> Option<Own> {
    matches!(cmd, "teffects" | "stteffects")
        .then_some((&predict::SYNTAX, predict::run as fn(&mut _, &_) -> _))
}
