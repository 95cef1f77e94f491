//! Maximum likelihood of functions that the user writes as programs.

mod helpers;
mod maximize;
mod ml;
mod model;
mod program;
mod start;

use super::CommandSpec;

/// Commands of this family.
pub(super) const TABLE: &[CommandSpec] =
    &[ml::SPEC, helpers::MLEVAL, helpers::MLSUM, helpers::MLVECSUM, helpers::MLMATSUM];
