//! Systems of equations that are estimated together.

mod mvreg;
mod reg3;
mod sureg;
mod system;
mod system_show;

use super::CommandSpec;

/// Commands of this family.
pub(super) const TABLE: &[CommandSpec] = &[mvreg::SPEC, reg3::SPEC, sureg::SPEC];
