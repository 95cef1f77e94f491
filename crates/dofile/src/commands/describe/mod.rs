//! Commands that describe the data and leave it unchanged.

mod count;
mod fisher;
mod levelsof;
mod listing;
mod misstable;
mod moments;
mod oneway;
mod pctile;
mod rank_tests;
mod summarize;
mod tabstat;
mod tabulate;

pub(crate) use listing::list_rows;

use super::CommandSpec;

/// Commands of this family.
pub(super) const TABLE: &[CommandSpec] = &[
    count::SPEC,
    levelsof::SPEC,
    listing::SPEC_LIST,
    listing::SPEC_DESCRIBE,
    listing::SPEC_DS,
    listing::SPEC_CODEBOOK,
    misstable::SPEC,
    oneway::SPEC,
    pctile::SPEC,
    rank_tests::SPEC_KWALLIS,
    rank_tests::SPEC_RANKSUM,
    summarize::SPEC,
    tabstat::SPEC,
    tabulate::SPEC,
];
