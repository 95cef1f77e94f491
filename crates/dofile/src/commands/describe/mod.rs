//! Commands that describe the data and leave it unchanged.

use super::CommandSpec;

/// Commands of this family.
pub(super) const TABLE: &[CommandSpec] = &[];
