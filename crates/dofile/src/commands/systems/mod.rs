//! Systems of equations that are estimated together.

mod reg3;
mod sureg;
mod system;

use super::CommandSpec;

/// Commands of this family.
pub(super) const TABLE: &[CommandSpec] = &[reg3::SPEC, sureg::SPEC];
