//! Nonparametric regression.

mod bandwidths;
mod npregress;
mod predict;
mod replications;
mod show;

use super::CommandSpec;
use crate::ops::predict::Own;

/// Commands of this family.
pub(super) const TABLE: &[CommandSpec] = &[npregress::SPEC];

/// `predict` after commands of this family.
pub(super) fn predict(cmd: &str) -> Option<Own> {
    (cmd == "npregress").then_some((&predict::SYNTAX, predict::run as fn(&mut _, &_) -> _))
}
