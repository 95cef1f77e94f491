//! `addplot()`: plots that a command of one figure adds to its own.

use super::plots::Plot;
use super::twoway;
use crate::error::Result;
use crate::ops::graphs::figure_options::FigureOptions;
use crate::session::Session;
use crate::syntax::split::top_level_comma;

/// The plots with those of `addplot()` behind them, or before them with its suboption `below` ([G-3] addplot_option).
pub(super) fn with_added(
    session: &mut Session,
    mut plots: Vec<Plot>,
    added: Option<&str>,
    options: &mut FigureOptions,
) -> Result<Vec<Plot>> {
    let Some(text) = added.map(str::trim) else { return Ok(plots) };
    let (text, below) = match text.strip_suffix("below") {
        Some(rest) if rest.trim_end().ends_with([',', ')']) => (rest.trim_end().trim_end_matches(','), true),
        Some(rest) if rest.ends_with(' ') && top_level_comma(rest).is_some() => (rest, true),
        _ => (text, false),
    };
    let first = if below { 0 } else { plots.len() };
    let added = twoway::read(session, text, None, options)?;
    plots.splice(first..first, added);
    Ok(plots)
}
