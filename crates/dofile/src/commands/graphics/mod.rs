//! Graphs: plots of variables, their plot and group options, and the graphs in memory.

mod added_plots;
mod assemble;
mod bar_stat;
mod bars;
mod boxes;
mod diagnostic;
mod draw_plots;
mod graph;
mod graph7;
mod groups;
mod histogram;
mod immediate;
mod kdensity;
mod ladders;
mod lowess;
mod lpoly;
mod marginsplot;
mod matrix;
mod numbers;
mod one_legend;
mod over;
mod pie;
mod plot_options;
mod plots;
mod quantiles;
mod shorthands;
mod smoother_look;
mod spikeplot;
mod twoway;

use super::CommandSpec;
pub(super) use smoother_look::{LineLooks, PlotLooks, SmootherLooks};

/// Commands of this family.
pub(super) const TABLE: &[CommandSpec] = &[
    diagnostic::SPECS[0],
    diagnostic::SPECS[1],
    diagnostic::SPECS[2],
    diagnostic::SPECS[3],
    diagnostic::SPECS[4],
    diagnostic::SPECS[5],
    diagnostic::SPECS[6],
    graph::SPEC,
    graph7::SPEC,
    graph7::SHORT,
    twoway::SPEC,
    twoway::SCATTER,
    twoway::LINE,
    twoway::TSLINE,
    twoway::TSRLINE,
    histogram::SPEC,
    kdensity::SPEC,
    lowess::SPEC,
    lpoly::SPEC,
    marginsplot::SPEC,
    one_legend::SPEC,
    shorthands::SERRBAR,
    shorthands::XTLINE,
    quantiles::SPECS[0],
    quantiles::SPECS[1],
    quantiles::SPECS[2],
    quantiles::SPECS[3],
    quantiles::SPECS[4],
    quantiles::SPECS[5],
    quantiles::SPECS[6],
    spikeplot::SPEC,
    ladders::SPEC_GLADDER,
    ladders::SPEC_QLADDER,
];
