//! Figures that commands of all families draw: options of graphs, figures of curves and series, and the graphs of a
//! session.

pub(crate) mod axis_options;
pub(crate) mod by_options;
pub(crate) mod curves;
mod date_ticks;
pub(crate) mod figure_options;
mod markup;
pub(crate) mod no_effect;
pub(crate) mod plain;
pub(crate) mod second_axis;
pub(crate) mod store;
pub(crate) mod text;

use figure::{Color, Series};

/// Greys and dashes instead of colours that were not asked for.
pub(crate) fn monochrome(series: &mut Series) {
    const GREYS: [u8; 5] = [0, 96, 150, 60, 190];
    const DASHES: [&str; 5] = ["", "8 4", "1.5 3.5", "14 5", "9 4 1.5 4"];
    let number = series.number;
    let grey = GREYS[number % GREYS.len()];
    series.style.color.get_or_insert(Color::rgb(grey, grey, grey));
    series.style.dash.get_or_insert(DASHES[number % DASHES.len()]);
}
