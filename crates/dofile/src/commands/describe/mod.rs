//! Commands that describe the data and leave it unchanged.

mod centile;
mod codebook;
mod codebook_problems;
mod count;
mod inspect;
mod ladder;
mod levelsof;
mod listing;
mod loneway;
mod lv;
mod median;
mod misstable;
mod moments;
mod normality;
mod nptrend;
mod oneway;
mod pctile;
mod rank_tests;
mod robvar;
mod runtest;
mod stem;
mod summarize;
mod summarize_factor;
mod tabdisp;
mod tabdisp_layout;
mod tabi;
mod table;
mod table_command;
mod table_layout;
mod table_old;
mod table_options;
mod tabstat;
mod tabulate;
mod tabulate_many;
mod tabulate_statistics;
mod tabulate_summary;
mod tabulate_two_way;
mod tetrachoric;
mod variables;
mod vl;
mod vl_sets;

use super::CommandSpec;

/// Commands of this family.
pub(super) const TABLE: &[CommandSpec] = &[
    centile::SPEC,
    count::SPEC,
    inspect::SPEC,
    ladder::SPEC,
    levelsof::SPEC,
    listing::SPEC_LIST,
    variables::SPEC,
    listing::SPEC_DS,
    codebook::SPEC,
    loneway::SPEC,
    lv::SPEC,
    median::SPEC,
    misstable::SPEC,
    normality::SPEC_SFRANCIA,
    normality::SPEC_SKTEST,
    normality::SPEC_SWILK,
    nptrend::SPEC,
    oneway::SPEC,
    pctile::SPEC,
    rank_tests::SPEC_KWALLIS,
    rank_tests::SPEC_RANKSUM,
    robvar::SPEC,
    stem::SPEC,
    vl::SPEC,
    runtest::SPEC,
    summarize::SPEC,
    tabdisp::SPEC,
    tabi::SPEC,
    table::SPEC,
    tabstat::SPEC,
    tabulate::SPEC,
    tabulate_many::SPEC_TAB1,
    tabulate_many::SPEC_TAB2,
    tetrachoric::SPEC,
];
