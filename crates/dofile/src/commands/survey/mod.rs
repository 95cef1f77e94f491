//! Complex samples: the declared design (`svyset`) and the prefix `svy` for means, models and tables.
//! Variances are in `estimators::survey`; estimators themselves belong to the other families.

mod design;
mod effects;
mod means;
mod models;
mod replicates;
mod results;
mod svy;
mod svyset;
mod tabulate;

pub(super) use effects::estat;

use super::CommandSpec;

/// Commands of this family.
pub(super) const TABLE: &[CommandSpec] = &[svyset::SPEC, svy::SPEC];
