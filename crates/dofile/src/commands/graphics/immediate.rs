//! Plots whose points are written in the command: `scatteri` and `pci`.

use crate::error::{Result, StataError};
use crate::syntax::options::parse_number;
use crate::syntax::split::{unquote, words};
use figure::TextMark;

/// The points of `scatteri 1 2 "text" 3 4`: y, x, clock position in parentheses, text.
pub(super) fn points(front: &str) -> Result<Vec<TextMark>> {
    let bad = || StataError::invalid("scatteri incorrectly specified");
    let mut marks: Vec<TextMark> = Vec::new();
    let mut y: Option<f64> = None;
    for word in words(front) {
        if let Some(clock) = word.strip_prefix('(').and_then(|w| w.strip_suffix(')')) {
            marks.last_mut().ok_or_else(bad)?.clock = crate::ops::graphs::text::clock(clock)?;
        } else if word.starts_with(['"', '`']) {
            marks.last_mut().ok_or_else(bad)?.text = unquote(word).to_owned();
        } else {
            let number = parse_number(word).ok_or_else(bad)?;
            match y.take() {
                None => y = Some(number),
                Some(y) => {
                    marks.push(TextMark {
                        x: number,
                        y,
                        text: String::new(),
                        clock: 3,
                        color: None,
                        size: None,
                    });
                }
            }
        }
    }
    if y.is_some() || marks.is_empty() { Err(bad()) } else { Ok(marks) }
}

/// The lines of `pci y1 x1 y2 x2 ...` as one curve with a gap behind each ([G-2] graph twoway pci).
pub(super) fn segments(front: &str) -> Result<Vec<(f64, f64)>> {
    let bad = || StataError::invalid("pci incorrectly specified");
    let mut numbers = Vec::new();
    for word in words(front) {
        if word.starts_with(['"', '`', '(']) {
            return Err(StataError::unsupported_option("twoway", "texts of pci"));
        }
        numbers.push(parse_number(word).ok_or_else(bad)?);
    }
    if numbers.is_empty() || !numbers.len().is_multiple_of(4) {
        return Err(bad());
    }
    let mut curve = Vec::new();
    for ends in numbers.chunks_exact(4) {
        if !curve.is_empty() {
            curve.push((ends[1], f64::NAN));
        }
        curve.extend([(ends[1], ends[0]), (ends[3], ends[2])]);
    }
    Ok(curve)
}
