//! Treatment effects: estimators of the potential-outcome kind and their balance checks.

use super::CommandSpec;
use super::estimation::predict::Own;

/// Commands of this family.
pub(super) const TABLE: &[CommandSpec] = &[];

/// `predict` after commands of this family.
pub(super) fn predict(_cmd: &str) -> Option<Own> {
    None
}
