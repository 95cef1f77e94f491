//! The report of a run as Office Open XML (ECMA-376, part 1): headings, tables with the rules of a publication,
//! pictures, notes. The same report gives the same bytes.

use std::fmt::Write as _;

use ::figure::docx;

use super::figure;
use super::grid::{Align, Grid, RowKind};
use super::report::Report;
use super::{Budget, Language, RenderError};

/// English Metric Units in 1/96 inch.
const EMU: f64 = 9_525.0;
/// Twentieths of a point: A4, its margins, and what is left for text.
const PAGE: (u32, u32) = (11_906, 16_838);
const MARGIN: u32 = 1_134;
/// Columns above which a section lies on its side.
const UPRIGHT_COLUMNS: usize = 8;

/// Writes the document.
///
/// # Errors
/// [`RenderError`].
pub(super) fn write(report: &Report, budget: &Budget) -> Result<Vec<u8>, RenderError> {
    let mut body = paragraph("Title", &report.title);
    for (key, value) in &report.facts {
        let _ = write!(
            body,
            "<w:p><w:pPr><w:pStyle w:val=\"Facts\"/></w:pPr>{}{}</w:p>",
            run(&format!("{key}: "), "<w:b/>"),
            run(value, "")
        );
    }
    let mut lying = false;
    for grid in report.grids.iter().chain(&report.flow) {
        budget.check()?;
        let wide = grid.width() > UPRIGHT_COLUMNS;
        if wide != lying {
            let _ = write!(body, "<w:p><w:pPr>{}</w:pPr></w:p>", section(lying));
            lying = wide;
        }
        table(&mut body, grid, lying);
    }
    if lying {
        let _ = write!(body, "<w:p><w:pPr>{}</w:pPr></w:p>", section(true));
    }
    let mut pictures = Vec::new();
    for figure in &report.figures {
        budget.check()?;
        let size = figure::size(&figure.file, &figure.svg)?;
        pictures.push(figure::png(&figure.file, &figure.svg)?);
        body.push_str(&paragraph("Heading2", &figure.title));
        body.push_str(&picture(pictures.len(), &figure.title, size));
    }
    if !report.notes.is_empty() {
        body.push_str(&paragraph("Heading2", &report.notes_title));
        for note in &report.notes {
            body.push_str(&paragraph("Note", note));
        }
    }
    body.push_str(&section(false));
    let pictures: Vec<&[u8]> = pictures.iter().map(Vec::as_slice).collect();
    docx::package(&body, &styles(report.language), &pictures)
        .map_err(|e| RenderError::Writer("docx", e.to_string()))
}

/// Escapes text for XML; characters that XML does not allow are left out.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' | '\n' | '\r' => out.push(' '),
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => {}
            c => out.push(c),
        }
    }
    out
}

fn run(text: &str, properties: &str) -> String {
    let properties =
        if properties.is_empty() { String::new() } else { format!("<w:rPr>{properties}</w:rPr>") };
    format!("<w:r>{properties}<w:t xml:space=\"preserve\">{}</w:t></w:r>", escape(text))
}

fn paragraph(style: &str, text: &str) -> String {
    format!("<w:p><w:pPr><w:pStyle w:val=\"{style}\"/></w:pPr>{}</w:p>", run(text, ""))
}

/// The end of a section: page size, on its side for wide tables.
fn section(lying: bool) -> String {
    let (w, h) = if lying { (PAGE.1, PAGE.0) } else { PAGE };
    let orient = if lying { " w:orient=\"landscape\"" } else { "" };
    format!(
        "<w:sectPr><w:pgSz w:w=\"{w}\" w:h=\"{h}\"{orient}/><w:pgMar w:top=\"{MARGIN}\" w:right=\"{MARGIN}\" w:bottom=\"{MARGIN}\" w:left=\"{MARGIN}\" w:header=\"600\" w:footer=\"600\" w:gutter=\"0\"/></w:sectPr>"
    )
}

/// Widths of the columns: by their longest text, the first and texts with more room.
fn widths(grid: &Grid, all: u32) -> Vec<u32> {
    let weight = |j: usize| {
        let cells = grid.rows.iter().filter(|r| r.kind != RowKind::Group).filter_map(|r| r.cells.get(j));
        let longest = cells.chain(grid.head.get(j)).map(|t| letters(t)).fold(7.0, f64::max);
        longest.min(36.0) + 2.0
    };
    let weights: Vec<f64> = (0..grid.width()).map(weight).collect();
    let sum: f64 = weights.iter().sum();
    // Narrow tables do not need the whole line.
    let used = (sum * 130.0).min(f64::from(all));
    weights.iter().map(|w| (w / sum * used).round() as u32).collect()
}

/// Letters of a text; Chinese ones are twice as wide.
fn letters(text: &str) -> f64 {
    text.chars().map(|c| if (c as u32) >= 0x2e80 { 2.0 } else { 1.0 }).sum()
}

fn table(out: &mut String, grid: &Grid, lying: bool) {
    let all = if lying { PAGE.1 } else { PAGE.0 } - 2 * MARGIN;
    let widths = widths(grid, all);
    let small = if grid.width() > 10 { "<w:sz w:val=\"14\"/>" } else { "<w:sz w:val=\"18\"/>" };
    out.push_str(&paragraph("Caption", &grid.title));
    let total: u32 = widths.iter().sum();
    let _ = write!(
        out,
        "<w:tbl><w:tblPr><w:tblW w:w=\"{total}\" w:type=\"dxa\"/><w:tblBorders><w:top w:val=\"single\" w:sz=\"8\"/><w:bottom w:val=\"single\" w:sz=\"8\"/></w:tblBorders><w:tblLayout w:type=\"fixed\"/><w:tblCellMar><w:left w:w=\"90\" w:type=\"dxa\"/><w:right w:w=\"90\" w:type=\"dxa\"/></w:tblCellMar></w:tblPr><w:tblGrid>"
    );
    for width in &widths {
        let _ = write!(out, "<w:gridCol w:w=\"{width}\"/>");
    }
    out.push_str("</w:tblGrid>");
    let look = Look { small, align: &grid.align, widths: &widths };
    out.push_str("<w:tr><w:trPr><w:cantSplit/><w:tblHeader/></w:trPr>");
    look.cells(
        out,
        &grid.head,
        "<w:b/>",
        "<w:tcBorders><w:bottom w:val=\"single\" w:sz=\"4\"/></w:tcBorders>",
    );
    out.push_str("</w:tr>");
    for row in &grid.rows {
        out.push_str("<w:tr><w:trPr><w:cantSplit/></w:trPr>");
        match row.kind {
            RowKind::Group => look.cells(out, &row.cells, "<w:i/>", ""),
            RowKind::Foot => {
                let rule = "<w:tcBorders><w:top w:val=\"single\" w:sz=\"4\"/></w:tcBorders>";
                look.cells(out, &row.cells, "", rule);
            }
            RowKind::Body | RowKind::Under => look.cells(out, &row.cells, "", ""),
        }
        out.push_str("</w:tr>");
    }
    out.push_str("</w:tbl>");
    for note in &grid.notes {
        out.push_str(&paragraph("Note", note));
    }
    out.push_str(&paragraph("Note", ""));
}

/// How the cells of a table look.
struct Look<'a> {
    small: &'a str,
    align: &'a [Align],
    widths: &'a [u32],
}

impl Look<'_> {
    fn cells(&self, out: &mut String, cells: &[String], properties: &str, borders: &str) {
        for ((text, align), width) in cells.iter().zip(self.align).zip(self.widths) {
            let justify = match align {
                Align::Left => "left",
                Align::Right => "right",
                Align::Center => "center",
            };
            let _ = write!(
                out,
                "<w:tc><w:tcPr><w:tcW w:w=\"{width}\" w:type=\"dxa\"/>{borders}</w:tcPr><w:p><w:pPr><w:spacing w:before=\"20\" w:after=\"20\"/><w:jc w:val=\"{justify}\"/></w:pPr>{}</w:p></w:tc>",
                run(text, &format!("{properties}{}", self.small))
            );
        }
    }
}

fn picture(id: usize, title: &str, (width, height): (f64, f64)) -> String {
    let room = (f64::from(PAGE.0 - 2 * MARGIN) / 15.0, f64::from(PAGE.1 - 2 * MARGIN) / 15.0 * 0.8);
    let scale = (room.0 / width).min(room.1 / height).min(1.0);
    let (w, h) = ((width * scale * EMU).round(), (height * scale * EMU).round());
    let title = escape(title);
    format!(
        "<w:p><w:r><w:drawing><wp:inline distT=\"0\" distB=\"0\" distL=\"0\" distR=\"0\"><wp:extent cx=\"{w}\" cy=\"{h}\"/>\
<wp:docPr id=\"{id}\" name=\"Picture {id}\" descr=\"{title}\"/><a:graphic xmlns:a=\"http://schemas.openxmlformats.org/drawingml/2006/main\">\
<a:graphicData uri=\"http://schemas.openxmlformats.org/drawingml/2006/picture\">\
<pic:pic xmlns:pic=\"http://schemas.openxmlformats.org/drawingml/2006/picture\"><pic:nvPicPr><pic:cNvPr id=\"{id}\" name=\"Picture {id}\"/><pic:cNvPicPr/></pic:nvPicPr>\
<pic:blipFill><a:blip r:embed=\"rIdImage{id}\"/><a:stretch><a:fillRect/></a:stretch></pic:blipFill>\
<pic:spPr><a:xfrm><a:off x=\"0\" y=\"0\"/><a:ext cx=\"{w}\" cy=\"{h}\"/></a:xfrm><a:prstGeom prst=\"rect\"><a:avLst/></a:prstGeom></pic:spPr></pic:pic>\
</a:graphicData></a:graphic></wp:inline></w:drawing></w:r></w:p>"
    )
}

fn styles(language: Language) -> String {
    let language = match language {
        Language::En => "en-US",
        Language::Zh => "zh-CN",
    };
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?><w:styles xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\">\
<w:docDefaults><w:rPrDefault><w:rPr><w:rFonts w:ascii=\"Times New Roman\" w:hAnsi=\"Times New Roman\" w:cs=\"Times New Roman\" w:eastAsia=\"SimSun\"/><w:sz w:val=\"21\"/><w:lang w:val=\"{language}\" w:eastAsia=\"zh-CN\"/></w:rPr></w:rPrDefault>\
<w:pPrDefault/></w:docDefaults><w:style w:type=\"paragraph\" w:default=\"1\" w:styleId=\"Normal\"><w:name w:val=\"Normal\"/></w:style>"
    );
    for (id, name, paragraph, run) in [
        ("Title", "Title", "<w:spacing w:after=\"160\"/>", "<w:b/><w:sz w:val=\"32\"/>"),
        (
            "Heading2",
            "heading 2",
            "<w:keepNext/><w:spacing w:before=\"240\" w:after=\"80\"/>",
            "<w:b/><w:sz w:val=\"24\"/>",
        ),
        ("Caption", "caption", "<w:keepNext/><w:spacing w:before=\"240\" w:after=\"80\"/>", "<w:b/>"),
        ("Facts", "Facts", "<w:spacing w:after=\"20\"/>", ""),
        ("Note", "Note", "<w:spacing w:before=\"40\"/>", "<w:sz w:val=\"17\"/>"),
    ] {
        let _ = write!(
            out,
            "<w:style w:type=\"paragraph\" w:styleId=\"{id}\"><w:name w:val=\"{name}\"/><w:basedOn w:val=\"Normal\"/><w:pPr>{paragraph}</w:pPr><w:rPr>{run}</w:rPr></w:style>"
        );
    }
    out.push_str("</w:styles>");
    out
}
