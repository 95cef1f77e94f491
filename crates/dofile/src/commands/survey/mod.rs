//! Complex samples: the declared design (`svyset`) and the prefix `svy` for means, models and tables.
//! Variances are in `estimators::survey`; estimators themselves belong to the other families.

mod combined_effects;
mod design;
mod effects;
mod goodness;
mod means;
mod model_scores;
mod models;
mod replicates;
mod results;
mod sandwich;
mod stages;
mod svy;
mod svydescribe;
mod svyset;
mod tabulate;
mod tabulate_kept;
mod tabulate_show;
mod tabulate_tests;

pub(super) use effects::estat;

use super::CommandSpec;

/// Commands of this family.
pub(super) const TABLE: &[CommandSpec] = &[svyset::SPEC, svy::SPEC, svydescribe::SPEC];
