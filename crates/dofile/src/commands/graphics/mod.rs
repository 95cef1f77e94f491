//! Graph commands and file exchange with other programs.

mod assemble;
mod axis_options;
mod bars;
mod boxes;
pub(super) mod curves;
mod dates;
mod draw_plots;
mod figure_options;
mod graph;
mod groups;
mod histogram;
mod kdensity;
mod lowess;
mod marginsplot;
mod numbers;
mod over;
mod pie;
pub(in crate::commands) mod plain;
mod plot_options;
mod plots;
mod quantiles;
mod store;
mod text;
mod twoway;

use super::CommandSpec;

/// Commands of this family.
pub(super) const TABLE: &[CommandSpec] = &[
    graph::SPEC,
    twoway::SPEC,
    twoway::SCATTER,
    twoway::LINE,
    twoway::TSLINE,
    histogram::SPEC,
    kdensity::SPEC,
    lowess::SPEC,
    marginsplot::SPEC,
    quantiles::SPEC_PNORM,
    quantiles::SPEC_QNORM,
];
