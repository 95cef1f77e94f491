//! Writes a document as Office Open XML (ECMA-376, part 1): text, tables, pictures. Same content, same bytes.

use std::fmt::Write as _;

use super::border::{self, Border};
use super::model::{Align, Block, Document, Grid, Look, Paragraph, Picture, style_bold, style_size};

/// English Metric Units in an inch.
const EMU: f64 = 914_400.0;

/// Escapes text for XML; characters that XML does not allow are left out.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\u{0}'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => {}
            c => out.push(c),
        }
    }
    out
}

fn properties(look: &Look) -> String {
    let mut p = String::new();
    if look.bold {
        p.push_str("<w:b/>");
    }
    if look.italic {
        p.push_str("<w:i/>");
    }
    if look.strikeout {
        p.push_str("<w:strike/>");
    }
    if let Some(color) = &look.color {
        let _ = write!(p, "<w:color w:val=\"{color}\"/>");
    }
    if let Some(size) = look.size {
        let _ = write!(p, "<w:sz w:val=\"{}\"/>", (size * 2.0).round());
    }
    if look.underline {
        p.push_str("<w:u w:val=\"single\"/>");
    }
    if p.is_empty() { p } else { format!("<w:rPr>{p}</w:rPr>") }
}

fn run(text: &str, look: &Look, breaks: usize) -> String {
    let breaks = "<w:br/>".repeat(breaks);
    format!("<w:r>{}<w:t xml:space=\"preserve\">{}</w:t>{breaks}</w:r>", properties(look), escape(text))
}

fn justify(align: Align) -> &'static str {
    match align {
        Align::Left => "",
        Align::Center => "<w:jc w:val=\"center\"/>",
        Align::Right => "<w:jc w:val=\"right\"/>",
        Align::Both => "<w:jc w:val=\"both\"/>",
    }
}

fn paragraph(p: &Paragraph) -> String {
    let style = if p.style.is_empty() {
        String::new()
    } else {
        format!("<w:pStyle w:val=\"{}\"/>", escape(&p.style))
    };
    let runs: String = p.runs.iter().map(|r| run(&r.text, &r.look, r.breaks)).collect();
    format!("<w:p><w:pPr>{style}{}</w:pPr>{runs}</w:p>", justify(p.align))
}

fn table(grid: &Grid, width: f64) -> String {
    let columns = grid.rows.iter().map(Vec::len).max().unwrap_or(1).max(1);
    let each = (width * 1440.0 / columns as f64).round();
    let mut out = String::new();
    if !grid.title.is_empty() {
        let look = Look { bold: true, ..Look::default() };
        let _ = write!(out, "<w:p>{}</w:p>", run(&grid.title, &look, 0));
    }
    out.push_str("<w:tbl><w:tblPr><w:tblW w:w=\"5000\" w:type=\"pct\"/><w:tblBorders>");
    let plain = Border::plain();
    out.push_str(&border::xml(if grid.borders.is_empty() { &plain } else { &grid.borders }));
    out.push_str("</w:tblBorders></w:tblPr><w:tblGrid>");
    out.push_str(&format!("<w:gridCol w:w=\"{each}\"/>").repeat(columns));
    out.push_str("</w:tblGrid>");
    for (i, row) in grid.rows.iter().enumerate() {
        out.push_str("<w:tr>");
        if i < grid.headings {
            out.push_str("<w:trPr><w:tblHeader/></w:trPr>");
        }
        for cell in row {
            let _ = write!(
                out,
                "<w:tc><w:tcPr><w:tcW w:w=\"{each}\" w:type=\"dxa\"/>{}</w:tcPr><w:p><w:pPr>{}</w:pPr>{}</w:p></w:tc>",
                of_cell(&cell.borders),
                justify(cell.align),
                run(&cell.text, &cell.look, 0)
            );
        }
        out.push_str("</w:tr>");
    }
    out.push_str("</w:tbl>");
    for note in &grid.notes {
        let _ = write!(out, "<w:p>{}</w:p>", run(note, &Look { size: Some(9.0), ..Look::default() }, 0));
    }
    out.push_str("<w:p/>");
    out
}

/// The lines of a cell that has some of its own.
fn of_cell(borders: &[Border]) -> String {
    match borders {
        [] => String::new(),
        own => format!("<w:tcBorders>{}</w:tcBorders>", border::xml(own)),
    }
}

fn picture(p: &Picture, id: usize) -> String {
    let (w, h) = ((p.width * EMU).round(), (p.height * EMU).round());
    format!(
        "<w:p><w:r><w:drawing><wp:inline distT=\"0\" distB=\"0\" distL=\"0\" distR=\"0\"><wp:extent cx=\"{w}\" cy=\"{h}\"/>\
<wp:docPr id=\"{id}\" name=\"Picture {id}\"/><a:graphic xmlns:a=\"http://schemas.openxmlformats.org/drawingml/2006/main\">\
<a:graphicData uri=\"http://schemas.openxmlformats.org/drawingml/2006/picture\">\
<pic:pic xmlns:pic=\"http://schemas.openxmlformats.org/drawingml/2006/picture\"><pic:nvPicPr><pic:cNvPr id=\"{id}\" name=\"Picture {id}\"/><pic:cNvPicPr/></pic:nvPicPr>\
<pic:blipFill><a:blip r:embed=\"rIdImage{id}\"/><a:stretch><a:fillRect/></a:stretch></pic:blipFill>\
<pic:spPr><a:xfrm><a:off x=\"0\" y=\"0\"/><a:ext cx=\"{w}\" cy=\"{h}\"/></a:xfrm><a:prstGeom prst=\"rect\"><a:avLst/></a:prstGeom></pic:spPr></pic:pic>\
</a:graphicData></a:graphic></wp:inline></w:drawing></w:r></w:p>"
    )
}

fn styles(plain: f64) -> String {
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?><w:styles xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\">\
<w:docDefaults><w:rPrDefault><w:rPr><w:rFonts w:ascii=\"Calibri\" w:hAnsi=\"Calibri\" w:eastAsia=\"SimSun\"/><w:sz w:val=\"{}\"/></w:rPr></w:rPrDefault>\
<w:pPrDefault><w:pPr><w:spacing w:after=\"120\"/></w:pPr></w:pPrDefault></w:docDefaults>\
<w:style w:type=\"paragraph\" w:default=\"1\" w:styleId=\"Normal\"><w:name w:val=\"Normal\"/></w:style>",
        plain * 2.0
    );
    for (id, name) in [
        ("Title", "Title"),
        ("Subtitle", "Subtitle"),
        ("Heading1", "heading 1"),
        ("Heading2", "heading 2"),
        ("Heading3", "heading 3"),
    ] {
        let bold = if style_bold(id) { "<w:b/>" } else { "" };
        let _ = write!(
            out,
            "<w:style w:type=\"paragraph\" w:styleId=\"{id}\"><w:name w:val=\"{name}\"/><w:basedOn w:val=\"Normal\"/><w:pPr><w:keepNext/></w:pPr><w:rPr>{bold}<w:sz w:val=\"{}\"/></w:rPr></w:style>",
            style_size(id, plain) * 2.0
        );
    }
    out.push_str("</w:styles>");
    out
}

/// The file.
pub(super) fn write(document: &Document) -> std::io::Result<Vec<u8>> {
    let (width, height) = document.page;
    let mut body = String::new();
    let mut pictures: Vec<&[u8]> = Vec::new();
    for block in &document.blocks {
        match block {
            Block::Paragraph(p) => body.push_str(&paragraph(p)),
            Block::Table(grid) => body.push_str(&table(grid, width - 2.0)),
            Block::PageBreak => body.push_str("<w:p><w:r><w:br w:type=\"page\"/></w:r></w:p>"),
            Block::Picture(p) => {
                pictures.push(&p.png);
                let id = pictures.len();
                body.push_str(&picture(p, id));
            }
        }
    }
    let twips = |inches: f64| (inches * 1440.0).round();
    let orient = if width > height { " w:orient=\"landscape\"" } else { "" };
    let _ = write!(
        body,
        "<w:sectPr><w:pgSz w:w=\"{}\" w:h=\"{}\"{orient}/><w:pgMar w:top=\"1440\" w:right=\"1440\" w:bottom=\"1440\" w:left=\"1440\" w:header=\"720\" w:footer=\"720\" w:gutter=\"0\"/></w:sectPr>",
        twips(width),
        twips(height)
    );
    figure::docx::package(&body, &styles(document.size), &pictures)
}
