//! Quantile regression commands.

mod qreg;
mod simultaneous;

use super::CommandSpec;

/// Commands of this family.
pub(super) const TABLE: &[CommandSpec] =
    &[qreg::SPEC, simultaneous::SPEC_SQREG, simultaneous::SPEC_BSQREG, simultaneous::SPEC_IQREG];
