//! Graph commands and file exchange with other programs.

use super::CommandSpec;

/// Commands of this family.
pub(super) const TABLE: &[CommandSpec] = &[];
