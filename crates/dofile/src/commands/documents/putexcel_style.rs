//! Formats of cells of `putexcel` ([RPT] putexcel, Formatting options).

use rust_xlsxwriter::{Color, Format as CellFormat, FormatAlign, FormatBorder, FormatUnderline};

use super::content::{TextOptions, hex};
use super::model::Align;
use crate::error::{Result, StataError};
use crate::ops::xls::Look;

/// Formats of a cell; what is not given stays as it is.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct CellStyle {
    bold: bool,
    italic: bool,
    underline: bool,
    wrap: bool,
    pub(super) number: Option<String>,
    align: Option<Align>,
    vertical: Option<FormatAlign>,
    /// Left, right, top, bottom.
    borders: [Option<FormatBorder>; 4],
    size: Option<f64>,
    color: Option<String>,
    fill: Option<String>,
}

impl CellStyle {
    /// What a workbook of Excel 97 to 2003 shows of it here: bold texts and number formats.
    pub(super) fn old_look(&self) -> Look {
        Look { bold: self.bold, number: self.number.as_deref().map(|n| number_code(n).to_string()) }
    }

    /// Adds the formats that another one has.
    pub(super) fn add(&mut self, new: &Self) {
        self.bold |= new.bold;
        self.italic |= new.italic;
        self.underline |= new.underline;
        self.wrap |= new.wrap;
        self.number = new.number.clone().or(self.number.take());
        self.align = new.align.or(self.align);
        self.vertical = new.vertical.or(self.vertical);
        for (own, border) in self.borders.iter_mut().zip(new.borders) {
            *own = border.or(*own);
        }
        self.size = new.size.or(self.size);
        self.color = new.color.clone().or(self.color.take());
        self.fill = new.fill.clone().or(self.fill.take());
    }
}

/// What happens to the cells of a range as one cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Merging {
    Unchanged,
    Merge,
    Unmerge,
}

/// The formats, which names of a matrix are written (of rows, of columns), and `merge` or `unmerge`.
pub(super) fn cell_style(own: &TextOptions) -> Result<(CellStyle, [bool; 2], Merging)> {
    let mut out = CellStyle {
        bold: own.look.bold,
        italic: own.look.italic,
        underline: own.look.underline,
        number: own.format.clone(),
        align: own.align,
        size: own.look.size,
        color: own.look.color.clone(),
        ..CellStyle::default()
    };
    let (mut names, mut merging) = ([false, false], Merging::Unchanged);
    for (name, argument) in &own.rest {
        match (name.as_str(), argument.as_deref()) {
            ("names", None) => names = [true, true],
            ("rownames", None) => names[0] = true,
            ("colnames", None) => names[1] = true,
            ("border", Some(text)) => border(text, &mut out.borders)?,
            ("fpattern", Some(p)) => {
                let color = p.split(',').nth(1).map(|c| c.trim().trim_matches('"')).unwrap_or("");
                out.fill = Some(
                    hex(color)
                        .ok_or_else(|| StataError::invalid("fpattern() takes a pattern and a color"))?,
                );
            }
            ("left", None) => out.align = Some(Align::Left),
            ("right", None) => out.align = Some(Align::Right),
            ("hcenter", None) => out.align = Some(Align::Center),
            ("top" | "vcenter" | "bottom", None) => out.vertical = vertical(name),
            ("valign", Some(text)) => {
                out.vertical = vertical(text.trim());
                if out.vertical.is_none() {
                    return Err(StataError::invalid(format!("valign({}) is not allowed", text.trim())));
                }
            }
            ("txtwrap", None) => out.wrap = true,
            ("merge", None) => merging = Merging::Merge,
            ("unmerge", None) => merging = Merging::Unmerge,
            (
                "txtindent" | "txtrotate" | "script" | "asdate" | "asdatetime" | "asdatenum" | "colwise"
                | "overwritefmt" | "dborder" | "notxtwrap" | "noitalic" | "nounderline",
                _,
            ) => {
                return Err(StataError::unsupported_option("putexcel", name));
            }
            (o, _) => return Err(StataError::option_not_allowed(o)),
        }
    }
    Ok((out, names, merging))
}

fn vertical(name: &str) -> Option<FormatAlign> {
    match name {
        "top" => Some(FormatAlign::Top),
        "center" | "vcenter" => Some(FormatAlign::VerticalCenter),
        "bottom" => Some(FormatAlign::Bottom),
        _ => None,
    }
}

/// `border(all|left|right|top|bottom [, style])`; colours of lines are refused.
fn border(text: &str, borders: &mut [Option<FormatBorder>; 4]) -> Result<()> {
    let mut parts = text.split(',').map(|part| part.trim().trim_matches('"'));
    let sides: &[usize] = match parts.next().unwrap_or("") {
        "all" => &[0, 1, 2, 3],
        "left" => &[0],
        "right" => &[1],
        "top" => &[2],
        "bottom" => &[3],
        other => return Err(StataError::invalid(format!("border({other}) is not allowed"))),
    };
    let style = match parts.next().unwrap_or("") {
        "" | "thin" => FormatBorder::Thin,
        "none" => FormatBorder::None,
        "medium" => FormatBorder::Medium,
        "dashed" => FormatBorder::Dashed,
        "dotted" => FormatBorder::Dotted,
        "thick" => FormatBorder::Thick,
        "double" => FormatBorder::Double,
        "hair" => FormatBorder::Hair,
        "medium_dashed" => FormatBorder::MediumDashed,
        "dash_dot" => FormatBorder::DashDot,
        "medium_dash_dot" => FormatBorder::MediumDashDot,
        "dash_dot_dot" => FormatBorder::DashDotDot,
        "medium_dash_dot_dot" => FormatBorder::MediumDashDotDot,
        "slant_dash_dot" => FormatBorder::SlantDashDot,
        other => return Err(StataError::invalid(format!("border style {other} is not allowed"))),
    };
    if parts.next().is_some_and(|color| !color.is_empty() && color != "black") {
        return Err(StataError::unsupported_option("putexcel", "colors of border()"));
    }
    sides.iter().for_each(|side| borders[*side] = Some(style));
    Ok(())
}

/// The number format of Excel of a name or a code.
fn number_code(name: &str) -> &str {
    match name {
        "number" => "0",
        "number_d2" => "0.00",
        "number_sep" => "#,##0",
        "number_sep_d2" => "#,##0.00",
        "percent" => "0%",
        "percent_d2" => "0.00%",
        "scientific_d2" => "0.00E+00",
        other => other.trim_matches('"'),
    }
}

/// The format of the workbook for a cell.
pub(super) fn cell_format(d: &CellStyle) -> CellFormat {
    let mut f = CellFormat::new();
    if d.bold {
        f = f.set_bold();
    }
    if d.italic {
        f = f.set_italic();
    }
    if d.underline {
        f = f.set_underline(FormatUnderline::Single);
    }
    if d.wrap {
        f = f.set_text_wrap();
    }
    if let Some(n) = &d.number {
        f = f.set_num_format(number_code(n));
    }
    f = match d.align {
        Some(Align::Left) => f.set_align(FormatAlign::Left),
        Some(Align::Center) => f.set_align(FormatAlign::Center),
        Some(Align::Right) => f.set_align(FormatAlign::Right),
        _ => f,
    };
    if let Some(vertical) = d.vertical {
        f = f.set_align(vertical);
    }
    let [left, right, top, bottom] = d.borders.map(|border| border.unwrap_or(FormatBorder::None));
    f = f.set_border_left(left).set_border_right(right).set_border_top(top).set_border_bottom(bottom);
    if let Some(size) = d.size {
        f = f.set_font_size(size);
    }
    let rgb = |c: &str| Color::RGB(u32::from_str_radix(c, 16).unwrap_or(0));
    if let Some(c) = &d.color {
        f = f.set_font_color(rgb(c));
    }
    if let Some(c) = &d.fill {
        f = f.set_background_color(rgb(c));
    }
    f
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::documents::content::text_options;

    #[test]
    fn formats_are_added_to_those_of_a_cell() {
        let style = |text: &str| cell_style(&text_options(text).expect("options")).expect("a style").0;
        let mut cell = style("bold border(top)");
        cell.add(&style("hcenter border(bottom, double) nformat(0.00)"));
        assert_eq!(cell, style("bold hcenter border(top) border(bottom, double) nformat(0.00)"));
        assert!(cell_style(&text_options("border(left, wavy)").expect("options")).is_err());
    }
}
