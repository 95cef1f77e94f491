//! `tin()` and `twithin()`: rows whose declared time lies in a window. The dates are written as literals in the format
//! of the time variable ([FN] Selecting time-span functions).

use super::functions::date_literal;
use super::node::{Node, NumFn};
use crate::error::{Result, StataError};
use crate::frame::Frame;
use crate::tsset::Panel;
use crate::value::{MISSING, is_missing};

/// Binds `tin(from, to)`, or `twithin(from, to)`, which leaves its ends out; returns the node and the time variable, and
/// nothing for another name.
pub(super) fn bind(frame: &Frame, name: &str, text: &str) -> Result<Option<(Node, usize)>> {
    if !["tin", "twithin"].contains(&name) {
        return Ok(None);
    }
    let time = Panel::for_operators(frame)?.series()?;
    let (from, to) = text.split_once(',').ok_or_else(StataError::syntax)?;
    let format = &frame.var(time).format;
    let (from, to) = (limit(from, format, -f64::MAX)?, limit(to, format, MISSING)?);
    let within: NumFn = if name == "tin" {
        |a| f64::from(u8::from(!is_missing(a[0]) && a[0] >= a[1] && a[0] <= a[2]))
    } else {
        |a| f64::from(u8::from(!is_missing(a[0]) && a[0] > a[1] && a[0] < a[2]))
    };
    Ok(Some((Node::NumCall(within, vec![Node::Col(time), Node::Num(from), Node::Num(to)]), time)))
}

/// An end of a window: nothing, a number where the variable has no date format, or a date.
fn limit(text: &str, format: &str, open: f64) -> Result<f64> {
    let text = text.trim();
    if text.is_empty() || text == "." {
        return Ok(open);
    }
    let kind = format.trim_start_matches('%').trim_start_matches('-');
    let kind = match kind.strip_prefix('t') {
        Some(rest) => rest.chars().next(),
        None => kind.starts_with('d').then_some('d'),
    };
    let Some(kind) = kind.filter(|k| "cCdwmqh".contains(*k)) else {
        return text.parse().map_err(|_| StataError::invalid(format!("{text} invalid time")));
    };
    date_literal(&format!("t{kind}"), text)
}
