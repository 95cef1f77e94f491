//! Figures of distributions of the archive, written from their help files: `cdfplot` (Clayton and Wiggins), `distplot`
//! and `qplot` (Cox 1999, 2005, Stata Technical Bulletin 51, Stata Journal 5), `ciplot` and `stripplot`
//! (Cox), `catplot` (Cox 2004, Stata Journal 4), `cibar` (Staudt); and `dotplot` ([R] dotplot), which draws like the last one.

mod bars;
mod categories;
mod cumulative;
mod dotplot;
mod intervals;
mod request;
mod strip;

pub(super) use bars::SPEC as CIBAR;
pub(super) use categories::SPEC as CATPLOT;
pub(super) use cumulative::CDFPLOT;
pub(super) use cumulative::DISTPLOT;
pub(super) use cumulative::QPLOT;
pub(super) use dotplot::SPEC as DOTPLOT;
pub(super) use intervals::SPEC as CIPLOT;
pub(super) use strip::SPEC as STRIPPLOT;
