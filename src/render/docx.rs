//! The report of a run as Office Open XML (ECMA-376, part 1): headings, tables with the rules of a publication,
//! pictures, notes. The same report gives the same bytes.

use std::fmt::Write as _;

use ::figure::docx;

use super::figure;
use super::grid::{Align, Grid, RowKind};
use super::report::Report;
use super::words::pick;
use super::xlsx_text::letters;
use super::{Budget, Language, RenderError};

/// English Metric Units in 1/96 inch.
const EMU: f64 = 9_525.0;
/// Twentieths of a point: A4, its margins, and what is left for text.
const PAGE: (u32, u32) = (11_906, 16_838);
const MARGIN: u32 = 1_134;
/// Rows up to which a table stays on one page.
const KEPT_ROWS: usize = 30;
/// Letters of all columns above which a section lies on its side: 9 points on 170 mm.
const UPRIGHT_LETTERS: f64 = 104.0;

/// Writes the document.
///
/// # Errors
/// [`RenderError`].
pub(super) fn write(report: &Report, budget: &Budget) -> Result<Vec<u8>, RenderError> {
    let colon = pick(report.language, ": ", "：");
    let mut body = paragraph("Title", &report.title);
    for (key, value) in &report.facts {
        let _ = write!(
            body,
            "<w:p><w:pPr><w:pStyle w:val=\"Facts\"/></w:pPr>{}{}</w:p>",
            run(&format!("{key}{colon}"), "<w:b/>"),
            run(value, "")
        );
    }
    if !report.findings.is_empty() {
        body.push_str(&paragraph("Heading2", &report.findings_title));
        for sentence in &report.findings {
            body.push_str(&paragraph("Finding", sentence));
        }
    }
    tables(&mut body, report, budget)?;
    let mut pictures = Vec::new();
    for (k, figure) in report.figures.iter().enumerate() {
        budget.check()?;
        pictures.push(figure::png(figure)?);
        body.push_str(&picture(k + 1, &figure.words(), figure::size(figure)?));
        body.push_str(&paragraph("Caption", &report.figure_caption(k + 1, &figure.title)));
    }
    if !report.notes.is_empty() {
        body.push_str(&paragraph("Heading2", &report.notes_title));
        for note in &report.notes {
            body.push_str(&paragraph("Note", note));
        }
    }
    if !report.methods.is_empty() {
        body.push_str(&paragraph("Heading1", &report.methods_title));
    }
    for part in &report.methods {
        body.push_str(&paragraph("Heading2", &part.title));
        for text in &part.paragraphs {
            body.push_str(&paragraph("Normal", text));
        }
    }
    body.push_str(&section(false));
    docx::package(&body, &styles(report.language), &pictures)
        .map_err(|e| RenderError::Writer("docx", e.to_string()))
}

/// The printed tables, wide ones on pages that lie on their side.
fn tables(body: &mut String, report: &Report, budget: &Budget) -> Result<(), RenderError> {
    let mut lying = false;
    for (k, grid) in report.printed().enumerate() {
        budget.check()?;
        let wide = weights(grid).iter().sum::<f64>() > UPRIGHT_LETTERS;
        if wide != lying {
            let _ = write!(body, "<w:p><w:pPr>{}</w:pPr></w:p>", section(lying));
            lying = wide;
        }
        table(body, grid, &report.table_caption(k + 1, &grid.title), lying);
    }
    if lying {
        let _ = write!(body, "<w:p><w:pPr>{}</w:pPr></w:p>", section(true));
    }
    Ok(())
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

/// Letters of each column with the space next to them: of its longest text, up to a bound, and of the longest word of its
/// heading, which may take several lines.
fn weights(grid: &Grid) -> Vec<f64> {
    let weight = |j: usize| {
        let cells = grid.rows.iter().filter(|r| r.kind != RowKind::Group).filter_map(|r| r.cells.get(j));
        let words = grid.head.get(j).into_iter().flat_map(|head| head.split(' '));
        cells.map(|c| c.text.as_str()).chain(words).map(letters).fold(7.0, f64::max).min(36.0) + 2.0
    };
    (0..grid.width()).map(weight).collect()
}

/// Widths of the columns of a table as wide as the page: by their letters.
fn widths(grid: &Grid, all: u32) -> Vec<u32> {
    let weights = weights(grid);
    let sum: f64 = weights.iter().sum();
    weights.iter().map(|w| (w / sum * f64::from(all)).floor() as u32).collect()
}

fn table(out: &mut String, grid: &Grid, caption: &str, lying: bool) {
    let all = if lying { PAGE.1 } else { PAGE.0 } - 2 * MARGIN;
    let widths = widths(grid, all);
    let small = if grid.width() > 10 { "<w:sz w:val=\"14\"/>" } else { "" };
    out.push_str(&paragraph("TableCaption", caption));
    // The style draws the rule below the first row; a heading over the columns has its own, shorter one.
    let (look, first, below) = match grid.over.is_empty() {
        true => ("0620", "1", ""),
        false => ("0600", "0", "<w:tcBorders><w:bottom w:val=\"single\" w:sz=\"4\"/></w:tcBorders>"),
    };
    // 5000 fiftieths of a percent are the whole width between the margins.
    let _ = write!(
        out,
        "<w:tbl><w:tblPr><w:tblStyle w:val=\"Publication\"/><w:tblW w:w=\"5000\" w:type=\"pct\"/><w:tblLayout w:type=\"fixed\"/><w:tblLook w:val=\"{look}\" w:firstRow=\"{first}\" w:noHBand=\"1\" w:noVBand=\"1\"/></w:tblPr><w:tblGrid>",
    );
    for width in &widths {
        let _ = write!(out, "<w:gridCol w:w=\"{width}\"/>");
    }
    out.push_str("</w:tblGrid>");
    let mut look = Look { small, align: &grid.align, widths: &widths, keep: grid.rows.len() <= KEPT_ROWS };
    if !grid.over.is_empty() {
        out.push_str("<w:tr><w:trPr><w:cantSplit/><w:tblHeader/></w:trPr>");
        look.over(out, &grid.over);
        out.push_str("</w:tr>");
    }
    out.push_str("<w:tr><w:trPr><w:cantSplit/><w:tblHeader/></w:trPr>");
    look.cells(out, grid.head.iter().map(String::as_str), "TableHeading", below, false);
    out.push_str("</w:tr>");
    for (k, row) in grid.rows.iter().enumerate() {
        let texts = row.cells.iter().map(|c| c.text.as_str());
        // a table that fits on a page is not divided: each row stays with the next one
        look.keep &= k + 1 < grid.rows.len();
        out.push_str("<w:tr><w:trPr><w:cantSplit/></w:trPr>");
        match row.kind {
            RowKind::Group => look.group(out, texts.take(1).collect::<String>().as_str()),
            RowKind::Foot => {
                let rule = "<w:tcBorders><w:top w:val=\"single\" w:sz=\"4\"/></w:tcBorders>";
                look.cells(out, texts, "TableText", rule, row.inset);
            }
            RowKind::Body | RowKind::Under => look.cells(out, texts, "TableText", "", row.inset),
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
    /// True for rows that stay on the page of the next one.
    keep: bool,
}

impl Look<'_> {
    fn cells<'t>(
        &self,
        out: &mut String,
        cells: impl Iterator<Item = &'t str>,
        style: &str,
        borders: &str,
        inset: bool,
    ) {
        let keep = if self.keep { "<w:keepNext/>" } else { "" };
        for (j, ((text, align), width)) in cells.zip(self.align).zip(self.widths).enumerate() {
            let justify = match align {
                Align::Left => "left",
                Align::Right => "right",
                Align::Center => "center",
            };
            let indent = if inset && j == 0 { "<w:ind w:left=\"200\"/>" } else { "" };
            let _ = write!(
                out,
                "<w:tc><w:tcPr><w:tcW w:w=\"{width}\" w:type=\"dxa\"/>{borders}</w:tcPr><w:p><w:pPr><w:pStyle w:val=\"{style}\"/>{keep}{indent}<w:jc w:val=\"{justify}\"/></w:pPr>{}</w:p></w:tc>",
                run(text, self.small)
            );
        }
    }

    /// A heading over all columns but the first, with a rule below it.
    fn over(&self, out: &mut String, text: &str) {
        let first = self.widths.first().copied().unwrap_or_default();
        let rest: u32 = self.widths.iter().skip(1).sum();
        let span = self.widths.len() - 1;
        let _ = write!(
            out,
            "<w:tc><w:tcPr><w:tcW w:w=\"{first}\" w:type=\"dxa\"/></w:tcPr><w:p><w:pPr><w:pStyle w:val=\"TableHeading\"/><w:keepNext/></w:pPr></w:p></w:tc><w:tc><w:tcPr><w:tcW w:w=\"{rest}\" w:type=\"dxa\"/><w:gridSpan w:val=\"{span}\"/><w:tcBorders><w:bottom w:val=\"single\" w:sz=\"4\"/></w:tcBorders></w:tcPr><w:p><w:pPr><w:pStyle w:val=\"TableHeading\"/><w:jc w:val=\"center\"/></w:pPr>{}</w:p></w:tc>",
            run(text, self.small)
        );
    }

    /// A heading over the rows below it.
    fn group(&self, out: &mut String, text: &str) {
        let (all, span) = (self.widths.iter().sum::<u32>(), self.widths.len());
        let _ = write!(
            out,
            "<w:tc><w:tcPr><w:tcW w:w=\"{all}\" w:type=\"dxa\"/><w:gridSpan w:val=\"{span}\"/></w:tcPr><w:p><w:pPr><w:pStyle w:val=\"TableGroup\"/><w:keepNext/></w:pPr>{}</w:p></w:tc>",
            run(text, self.small)
        );
    }
}

/// A picture with the words that stand for it where it cannot be seen.
fn picture(id: usize, words: &str, (width, height): (f64, f64)) -> String {
    let room = (f64::from(PAGE.0 - 2 * MARGIN) / 15.0, f64::from(PAGE.1 - 2 * MARGIN) / 15.0 * 0.8);
    let scale = (room.0 / width).min(room.1 / height).min(1.0);
    let (w, h) = ((width * scale * EMU).round(), (height * scale * EMU).round());
    let words = escape(words);
    format!(
        "<w:p><w:pPr><w:keepNext/><w:spacing w:before=\"240\" w:after=\"80\"/><w:jc w:val=\"center\"/></w:pPr><w:r><w:drawing><wp:inline distT=\"0\" distB=\"0\" distL=\"0\" distR=\"0\"><wp:extent cx=\"{w}\" cy=\"{h}\"/>\
<wp:docPr id=\"{id}\" name=\"Picture {id}\" descr=\"{words}\"/><a:graphic xmlns:a=\"http://schemas.openxmlformats.org/drawingml/2006/main\">\
<a:graphicData uri=\"http://schemas.openxmlformats.org/drawingml/2006/picture\">\
<pic:pic xmlns:pic=\"http://schemas.openxmlformats.org/drawingml/2006/picture\"><pic:nvPicPr><pic:cNvPr id=\"{id}\" name=\"Picture {id}\"/><pic:cNvPicPr/></pic:nvPicPr>\
<pic:blipFill><a:blip r:embed=\"rIdImage{id}\"/><a:stretch><a:fillRect/></a:stretch></pic:blipFill>\
<pic:spPr><a:xfrm><a:off x=\"0\" y=\"0\"/><a:ext cx=\"{w}\" cy=\"{h}\"/></a:xfrm><a:prstGeom prst=\"rect\"><a:avLst/></a:prstGeom></pic:spPr></pic:pic>\
</a:graphicData></a:graphic></wp:inline></w:drawing></w:r></w:p>"
    )
}

/// The style of all tables: rules above, below and under the first row, no lines between columns.
const TABLE_STYLE: &str = "<w:style w:type=\"table\" w:styleId=\"Publication\"><w:name w:val=\"Publication\"/><w:tblPr><w:tblBorders><w:top w:val=\"single\" w:sz=\"8\" w:space=\"0\" w:color=\"auto\"/><w:bottom w:val=\"single\" w:sz=\"8\" w:space=\"0\" w:color=\"auto\"/></w:tblBorders><w:tblCellMar><w:left w:w=\"90\" w:type=\"dxa\"/><w:right w:w=\"90\" w:type=\"dxa\"/></w:tblCellMar></w:tblPr><w:tblStylePr w:type=\"firstRow\"><w:tcPr><w:tcBorders><w:bottom w:val=\"single\" w:sz=\"4\" w:space=\"0\" w:color=\"auto\"/></w:tcBorders></w:tcPr></w:tblStylePr></w:style>";

/// Spacing of the paragraphs in cells.
const CELL: &str = "<w:spacing w:before=\"20\" w:after=\"20\"/>";

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
        ("Caption", "caption", "<w:spacing w:before=\"80\" w:after=\"160\"/>", "<w:b/>"),
        (
            "TableCaption",
            "Table caption",
            "<w:keepNext/><w:spacing w:before=\"240\" w:after=\"80\"/>",
            "<w:b/>",
        ),
        (
            "Heading1",
            "heading 1",
            "<w:keepNext/><w:pageBreakBefore/><w:spacing w:after=\"120\"/>",
            "<w:b/><w:sz w:val=\"28\"/>",
        ),
        ("TableText", "Table text", CELL, "<w:sz w:val=\"18\"/>"),
        ("TableHeading", "Table heading", CELL, "<w:b/><w:sz w:val=\"18\"/>"),
        ("TableGroup", "Table group", CELL, "<w:i/><w:sz w:val=\"18\"/>"),
        ("Finding", "Finding", "<w:spacing w:after=\"40\"/>", ""),
        ("Facts", "Facts", "<w:spacing w:after=\"20\"/>", ""),
        ("Note", "Note", "<w:spacing w:before=\"40\"/>", "<w:sz w:val=\"17\"/>"),
    ] {
        let _ = write!(
            out,
            "<w:style w:type=\"paragraph\" w:styleId=\"{id}\"><w:name w:val=\"{name}\"/><w:basedOn w:val=\"Normal\"/><w:pPr>{paragraph}</w:pPr><w:rPr>{run}</w:rPr></w:style>"
        );
    }
    out.push_str(TABLE_STYLE);
    out.push_str("</w:styles>");
    out
}
