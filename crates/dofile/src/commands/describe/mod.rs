//! Commands that describe the data and leave it unchanged.

mod codebook;
mod count;
mod levelsof;
mod moments;
mod oneway;
mod pctile;
mod rank_tests;
mod summarize;
mod tabstat;
mod tabulate;
mod variables;

pub(crate) use moments::{Sample, percentile};
pub(crate) use rank_tests::mean_ranks;

use super::CommandSpec;

/// Commands of this family.
pub(super) const TABLE: &[CommandSpec] = &[
    codebook::SPEC,
    count::SPEC,
    variables::SPEC,
    levelsof::SPEC,
    oneway::SPEC,
    pctile::SPEC,
    rank_tests::SPEC_KWALLIS,
    rank_tests::SPEC_RANKSUM,
    summarize::SPEC,
    tabstat::SPEC,
    tabulate::SPEC,
];
