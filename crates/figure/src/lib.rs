//! Figures: a chart model without knowledge of commands or data frames, drawn as standalone SVG.
//!
//! Commands build a [`Figure`] from numbers and call [`render`]; what is drawn where is decided here
//! from measured text, so that labels do not overlap.

mod axes;
pub mod data;
pub mod docx;
mod docx_join;
mod draw;
mod eps;
mod legend;
mod metrics;
mod metrics_table;
mod model;
mod page;
mod panel;
pub mod paper;
pub mod raster;
mod second;
mod special;
mod style;
mod svg;
pub mod tags;
mod texts;
pub mod ticks;
mod under;

pub use axes::{data_ends, share_axes};
pub use eps::to_eps;
pub use model::{
    Axis, Bar, Body, BoxStats, Figure, Heat, Legend, LegendPlace, Panel, Pie, Plane, Range, RefLine, Series,
    Shape, TextMark, Ticks,
};
pub use page::render;
pub use raster::{pages_to_pdf, to_pdf, to_png, to_tiff};
pub use second::Second;
pub use style::{Color, Style, Symbol, palette, pattern, symbol, symbol_of};
pub use under::{Row, Table, TickText};

/// Width of a text in the font of the figures, in the unit of `size`.
pub fn text_width(text: &str, size: f64) -> f64 {
    metrics::width(text, size)
}

/// Width of a text as [`paper`] sets it: without the reserve for other fonts.
pub fn exact_width(text: &str, size: f64) -> f64 {
    metrics::exact(text, size)
}
