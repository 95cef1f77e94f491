//! Systems of equations that are estimated together.

mod sureg;

use super::CommandSpec;

/// Commands of this family.
pub(super) const TABLE: &[CommandSpec] = &[sureg::SPEC];
