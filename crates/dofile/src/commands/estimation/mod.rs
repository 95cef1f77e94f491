//! Estimation, tests and postestimation commands.

use super::CommandSpec;

/// Commands of this family.
pub(super) const TABLE: &[CommandSpec] = &[];
