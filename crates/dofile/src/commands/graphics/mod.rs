//! Graphs: plots of variables, their plot and group options, and the graphs in memory.

mod assemble;
mod bars;
mod boxes;
mod diagnostic;
mod draw_plots;
mod graph;
mod groups;
mod histogram;
mod kdensity;
mod lowess;
mod lpoly;
mod marginsplot;
mod numbers;
mod over;
mod pie;
mod plot_options;
mod plots;
mod quantiles;
mod shorthands;
mod twoway;

use super::CommandSpec;

/// Commands of this family.
pub(super) const TABLE: &[CommandSpec] = &[
    diagnostic::SPECS[0],
    diagnostic::SPECS[1],
    diagnostic::SPECS[2],
    diagnostic::SPECS[3],
    diagnostic::SPECS[4],
    graph::SPEC,
    twoway::SPEC,
    twoway::SCATTER,
    twoway::LINE,
    twoway::TSLINE,
    histogram::SPEC,
    kdensity::SPEC,
    lowess::SPEC,
    lpoly::SPEC,
    marginsplot::SPEC,
    shorthands::SERRBAR,
    shorthands::XTLINE,
    quantiles::SPEC_PNORM,
    quantiles::SPEC_QNORM,
];
