//! Lines around tables and cells of `putdocx` ([RPT] putdocx table, option border()).

use super::content::hex;
use crate::error::{Result, StataError};
use crate::syntax::options::parse_number;
use std::fmt::Write as _;

/// One side of a table or a cell, with its line as Office Open XML writes it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Border {
    side: &'static str,
    pattern: &'static str,
    /// RRGGBB, or `auto`.
    color: String,
    /// Eighths of a point.
    width: u32,
}

/// Sides of a table under their names in the option and in the file; the last two lie between cells.
pub(super) const SIDES: [(&str, &str); 6] = [
    ("top", "top"),
    ("start", "left"),
    ("bottom", "bottom"),
    ("end", "right"),
    ("insideH", "insideH"),
    ("insideV", "insideV"),
];

const PATTERNS: [&str; 10] =
    ["nil", "single", "dashed", "dotted", "double", "dotDash", "dotDotDash", "triple", "thick", "wave"];

/// Reads `border(side [, pattern [, color [, width]]])` and sets the sides; a cell has the outer four.
///
/// # Errors
/// r(198) for a side, a pattern, a colour or a width that does not exist.
pub(super) fn add(borders: &mut Vec<Border>, text: &str, cell: bool) -> Result<()> {
    let wrong = |what: &str| StataError::invalid(format!("border({text}): {what} is not allowed"));
    let parts: Vec<&str> = text.split(',').map(str::trim).collect();
    let part = |k: usize| parts.get(k).copied().filter(|p| !p.is_empty());
    let known = &SIDES[..if cell { 4 } else { 6 }];
    let side = part(0).unwrap_or("all");
    let named: Vec<&'static str> =
        known.iter().filter(|(name, _)| side == "all" || side == *name).map(|s| s.1).collect();
    if named.is_empty() || parts.len() > 4 {
        return Err(wrong(side));
    }
    let pattern = part(1).unwrap_or("single");
    let pattern = PATTERNS.iter().find(|p| **p == pattern).ok_or_else(|| wrong(pattern))?;
    let color = match part(2) {
        None => "auto".to_string(),
        Some(color) => hex(color).ok_or_else(|| wrong(color))?,
    };
    let width = match part(3) {
        None => 4.0,
        Some(width) => 8.0 * points(width).ok_or_else(|| wrong(width))?,
    };
    for side in named {
        borders.retain(|b| b.side != side);
        let width = width.round().clamp(2.0, 96.0) as u32;
        borders.push(Border { side, pattern, color: color.clone(), width });
    }
    Ok(())
}

/// A width in points, `2pt`, `.02in` or `.05cm`; without a unit in points.
fn points(text: &str) -> Option<f64> {
    let units = [("pt", 1.0), ("in", 72.0), ("cm", 72.0 / 2.54), ("", 1.0)];
    let (number, factor) =
        units.iter().find_map(|(unit, factor)| Some((text.strip_suffix(unit)?, factor)))?;
    parse_number(number.trim()).filter(|x| *x > 0.0).map(|x| x * factor)
}

impl Border {
    /// A thin line on each side of a table, as tables have them without the option.
    pub(super) fn plain() -> Vec<Self> {
        let one = |(_, side): (&str, &'static str)| Self {
            side,
            pattern: "single",
            color: "auto".to_string(),
            width: 4,
        };
        SIDES.into_iter().map(one).collect()
    }
}

/// The elements of the lines, in the order that the format asks for.
pub(super) fn xml(borders: &[Border]) -> String {
    let mut out = String::new();
    for (_, side) in SIDES {
        for b in borders.iter().filter(|b| b.side == side) {
            let Border { pattern, width, color, .. } = b;
            let _ = write!(
                out,
                "<w:{side} w:val=\"{pattern}\" w:sz=\"{width}\" w:space=\"0\" w:color=\"{color}\"/>"
            );
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_borders_of_a_side_replace_earlier_ones() {
        let mut of_cell = Vec::new();
        add(&mut of_cell, "all, nil", true).expect("sides");
        add(&mut of_cell, "bottom, double, red, 1pt", true).expect("a side");
        let text = xml(&of_cell);
        assert_eq!(text.matches("nil").count(), 3, "{text}");
        assert!(
            text.contains("<w:bottom w:val=\"double\" w:sz=\"8\" w:space=\"0\" w:color=\"FF0000\"/>"),
            "{text}"
        );
        assert!(add(&mut of_cell, "insideH", true).is_err() && add(&mut of_cell, "top, none", true).is_err());
    }
}
