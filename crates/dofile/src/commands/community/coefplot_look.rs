//! Colours, symbols and lines of a coefficient plot.

use crate::error::{Result, StataError};
use crate::ops::graphs::text;
use crate::syntax::options::abbreviates;
use crate::syntax::split::unquote;
use figure::Style;

/// Takes an option of markers or lines into a style; `false` leaves it to others.
pub(super) fn take(style: &mut Style, name: &str, argument: &str) -> Result<bool> {
    let is = |declared: &str| abbreviates(name, declared);
    if is("MColor") || is("COLor") || is("LColor") {
        style.color = Some(text::color(argument)?);
    } else if is("MFColor") {
        style.fill = Some(text::color(argument)?);
    } else if is("MLColor") {
        style.outline = Some(text::color(argument)?);
    } else if is("MSIZe") {
        style.size = Some(text::marker_size(argument)?);
    } else if is("LWidth") || is("MLWidth") {
        style.line_width = Some(text::line_width(argument)?);
    } else if is("LPattern") {
        style.dash = Some(text::pattern(argument)?);
    } else if is("MSymbol") {
        let word = unquote(argument);
        let known = figure::symbol(word);
        let (symbol, hollow) =
            known.ok_or_else(|| StataError::invalid(format!("{word} is not a marker symbol")))?;
        (style.symbol, style.hollow) = (Some(symbol), hollow);
    } else {
        return Ok(false);
    }
    Ok(true)
}
