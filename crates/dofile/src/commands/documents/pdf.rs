//! Lays a document out on pages and writes them as PDF: each page is drawn as SVG with the embedded font.

use std::fmt::Write as _;

use super::docx::escape;
use super::model::{Align, Block, Document, Grid, Look, Paragraph, Picture, style_bold, style_size};
use figure::raster::{RasterError, pages_to_pdf, size};
use figure::text_width;

/// Units of an inch and of a point.
const INCH: f64 = 96.0;
const POINT: f64 = 96.0 / 72.0;
const MARGIN: f64 = INCH;

/// A word or a blank with its look.
struct Piece {
    text: String,
    look: Look,
    size: f64,
    width: f64,
}

struct Pages {
    done: Vec<String>,
    /// Figures so far.
    figures: usize,
    page: String,
    y: f64,
    width: f64,
    height: f64,
}

impl Pages {
    fn room(&mut self, height: f64) {
        if self.y + height > self.height - MARGIN && self.y > MARGIN {
            self.turn();
        }
    }

    fn turn(&mut self) {
        let body = std::mem::take(&mut self.page);
        self.done.push(format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{w}\" height=\"{h}\" viewBox=\"0 0 {w} {h}\"><rect width=\"{w}\" height=\"{h}\" fill=\"#ffffff\"/>{body}</svg>",
            w = self.width,
            h = self.height
        ));
        self.y = MARGIN;
    }

    fn text(&mut self, x: f64, y: f64, text: &str, look: &Look, size: f64) {
        if text.trim().is_empty() {
            return;
        }
        let color = look.color.as_deref().unwrap_or("000000");
        // the font has one weight: bold is a thin outline, italic a slant
        let bold = if look.bold {
            format!(" stroke=\"#{color}\" stroke-width=\"{:.2}\"", size * 0.035)
        } else {
            String::new()
        };
        let slant = if look.italic { " skewX(-12)" } else { "" };
        let _ = write!(
            self.page,
            "<text transform=\"translate({x:.2} {y:.2}){slant}\" font-family=\"sans-serif\" font-size=\"{size:.2}\" fill=\"#{color}\"{bold} xml:space=\"preserve\">{}</text>",
            escape(text)
        );
        let line = |pages: &mut String, at: f64| {
            let end = x + text_width(text, size);
            let _ = write!(
                pages,
                "<path d=\"M{x:.2} {at:.2}H{end:.2}\" stroke=\"#{color}\" stroke-width=\"0.8\"/>"
            );
        };
        if look.underline {
            line(&mut self.page, y + size * 0.12);
        }
        if look.strikeout {
            line(&mut self.page, y - size * 0.3);
        }
    }
}

/// Pieces of a paragraph; `None` ends a line.
fn pieces(p: &Paragraph, plain: f64) -> Vec<Option<Piece>> {
    let size = style_size(&p.style, plain);
    let mut out = Vec::new();
    for run in &p.runs {
        let mut look = run.look.clone();
        look.bold |= style_bold(&p.style);
        let size = look.size.unwrap_or(size) * POINT;
        let mut word = String::new();
        let flush = |word: &mut String, out: &mut Vec<Option<Piece>>| {
            if !word.is_empty() {
                let text = std::mem::take(word);
                out.push(Some(Piece { width: text_width(&text, size), text, look: look.clone(), size }));
            }
        };
        for c in run.text.chars() {
            // lines may end after blanks and between hanzi
            if c == '\n' {
                flush(&mut word, &mut out);
                out.push(None);
            } else if c == ' ' || (c as u32) >= 0x2e80 {
                word.push(c);
                flush(&mut word, &mut out);
            } else {
                word.push(c);
            }
        }
        flush(&mut word, &mut out);
        out.extend((0..run.breaks).map(|_| None));
    }
    out
}

fn paragraph(pages: &mut Pages, p: &Paragraph, plain: f64) {
    let limit = pages.width - 2.0 * MARGIN;
    let least = style_size(&p.style, plain) * POINT;
    let mut line: Vec<Piece> = Vec::new();
    let mut used = 0.0;
    let show = |pages: &mut Pages, line: &mut Vec<Piece>, used: &mut f64| {
        let size = line.iter().map(|p| p.size).fold(least, f64::max);
        pages.room(size * 1.3);
        let mut x = MARGIN
            + match p.align {
                Align::Center => (limit - *used) / 2.0,
                Align::Right => limit - *used,
                _ => 0.0,
            };
        let y = pages.y + size;
        for piece in line.drain(..) {
            pages.text(x, y, &piece.text, &piece.look, piece.size);
            x += piece.width;
        }
        pages.y += size * 1.3;
        *used = 0.0;
    };
    for piece in pieces(p, plain) {
        match piece {
            None => show(pages, &mut line, &mut used),
            Some(piece) => {
                if used + piece.width > limit && !line.is_empty() {
                    show(pages, &mut line, &mut used);
                }
                used += piece.width;
                line.push(piece);
            }
        }
    }
    if !line.is_empty() || p.runs.is_empty() {
        show(pages, &mut line, &mut used);
    }
    pages.y += least * 0.5;
}

/// A text cut to a width.
fn fitted(text: &str, size: f64, limit: f64) -> String {
    if text_width(text, size) <= limit {
        return text.to_string();
    }
    let mut out: String = text.to_string();
    while !out.is_empty() && text_width(&out, size) + text_width("…", size) > limit {
        out.pop();
    }
    out + "…"
}

fn table(pages: &mut Pages, grid: &Grid, plain: f64) {
    let size = (plain - 1.0) * POINT;
    let columns = grid.rows.iter().map(Vec::len).max().unwrap_or(0);
    if columns == 0 {
        return;
    }
    let limit = pages.width - 2.0 * MARGIN;
    let pad = size * 0.5;
    let mut widths: Vec<f64> = (0..columns)
        .map(|j| {
            grid.rows.iter().filter_map(|r| r.get(j)).map(|c| text_width(&c.text, size)).fold(size, f64::max)
                + 2.0 * pad
        })
        .collect();
    let total: f64 = widths.iter().sum();
    if total > limit {
        widths.iter_mut().for_each(|w| *w *= limit / total);
    }
    let full: f64 = widths.iter().sum();
    if !grid.title.is_empty() {
        let look = Look { bold: true, ..Look::default() };
        pages.room(size * 3.0);
        let y = pages.y + size;
        pages.text(MARGIN, y, &grid.title, &look, size);
        pages.y += size * 1.6;
    }
    let height = size * 1.6;
    let rule = |pages: &mut Pages| {
        let y = pages.y;
        let _ = write!(
            pages.page,
            "<path d=\"M{MARGIN:.2} {y:.2}h{full:.2}\" stroke=\"#000000\" stroke-width=\"0.8\"/>"
        );
    };
    rule(pages);
    for (i, row) in grid.rows.iter().enumerate() {
        pages.room(height);
        let mut x = MARGIN;
        for (cell, width) in row.iter().zip(&widths) {
            let size = cell.look.size.map_or(size, |p| p * POINT);
            let text = fitted(&cell.text, size, width - 2.0 * pad);
            let spare = width - 2.0 * pad - text_width(&text, size);
            let shift = match cell.align {
                Align::Center => spare / 2.0,
                Align::Right => spare,
                _ => 0.0,
            };
            let y = pages.y + size * 1.15;
            pages.text(x + pad + shift, y, &text, &cell.look, size);
            x += width;
        }
        pages.y += height;
        if i + 1 == grid.headings || i + 1 == grid.rows.len() {
            rule(pages);
        }
    }
    for note in &grid.notes {
        pages.room(size * 1.4);
        let y = pages.y + size;
        pages.text(MARGIN, y, note, &Look::default(), size * 0.9);
        pages.y += size * 1.3;
    }
    pages.y += size;
}

fn picture(pages: &mut Pages, p: &Picture) {
    let limit = (pages.width - 2.0 * MARGIN, pages.height - 2.0 * MARGIN);
    let scale = (limit.0 / (p.width * INCH)).min(limit.1 / (p.height * INCH)).min(1.0);
    let (w, h) = (p.width * INCH * scale, p.height * INCH * scale);
    pages.room(h);
    let y = pages.y;
    pages.figures += 1;
    // the converter draws no embedded pictures, but figures within the figure that is the page
    if let Some((attributes, body)) = p.svg.as_deref().and_then(|svg| inside(svg, pages.figures)) {
        let _ = write!(
            pages.page,
            "<svg x=\"{MARGIN:.2}\" y=\"{y:.2}\" width=\"{w:.2}\" height=\"{h:.2}\" preserveAspectRatio=\"none\"{attributes}>{body}</svg>",
        );
    }
    pages.y += h + 8.0;
}

/// The attributes of a figure's outermost element, without those of its place and with the area that it shows,
/// and what it holds. Its ids get the figure's number, since they are one space with those of other figures.
fn inside(svg: &str, figure: usize) -> Option<(String, String)> {
    let start = svg.find("<svg")? + 4;
    let (mut quote, mut end) = (None, None);
    for (at, c) in svg[start..].char_indices() {
        match (quote, c) {
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), _) if open == c => quote = None,
            (None, '>') => {
                end = Some(start + at);
                break;
            }
            _ => {}
        }
    }
    let (head, body) = (&svg[start..end?], &svg[end? + 1..svg.rfind("</svg>")?]);
    let mut attributes = String::new();
    let mut has_view = false;
    let mut rest = head.trim();
    while let Some((name, value)) = rest.split_once('=') {
        let (name, value) = (name.trim(), value.trim_start());
        let close = value[1..].find(value.chars().next()?)? + 1;
        if !matches!(name, "x" | "y" | "width" | "height" | "id" | "xmlns" | "preserveAspectRatio") {
            let _ = write!(attributes, " {name}={}", &value[..=close]);
        }
        has_view |= name == "viewBox";
        rest = value[close + 1..].trim_start();
    }
    if !has_view {
        let (width, height) = size(svg).ok()?;
        let _ = write!(attributes, " viewBox=\"0 0 {width} {height}\"");
    }
    let own = |text: &str| {
        text.replace(" id=\"", &format!(" id=\"f{figure}-"))
            .replace("url(#", &format!("url(#f{figure}-"))
            .replace("href=\"#", &format!("href=\"#f{figure}-"))
    };
    Some((own(&attributes), own(body)))
}

/// The file.
pub(super) fn write(document: &Document) -> Result<Vec<u8>, RasterError> {
    let mut pages = Pages {
        done: Vec::new(),
        figures: 0,
        page: String::new(),
        y: MARGIN,
        width: document.page.0 * INCH,
        height: document.page.1 * INCH,
    };
    for block in &document.blocks {
        match block {
            Block::Paragraph(p) => paragraph(&mut pages, p, document.size),
            Block::Table(grid) => table(&mut pages, grid, document.size),
            Block::Picture(p) => picture(&mut pages, p),
            Block::PageBreak => pages.turn(),
        }
    }
    pages.turn();
    pages_to_pdf(&pages.done)
}

#[cfg(test)]
mod tests {
    use super::inside;

    #[test]
    fn a_figure_keeps_its_area_and_gets_ids_of_its_own() {
        let svg = "<?xml version=\"1.0\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"720\" height='480' \
                   viewBox=\"0 0 720 480\" aria-label=\"a > b\"><clipPath id=\"c1\"><rect width=\"9\" height=\"9\"/></clipPath>\
                   <g clip-path=\"url(#c1)\"/></svg>\n";
        let (attributes, body) = inside(svg, 2).expect("a figure");
        assert_eq!(attributes, " viewBox=\"0 0 720 480\" aria-label=\"a > b\"");
        assert_eq!(
            body,
            "<clipPath id=\"f2-c1\"><rect width=\"9\" height=\"9\"/></clipPath><g clip-path=\"url(#f2-c1)\"/>"
        );
        let bare = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"300\" height=\"100\"><rect width=\"9\" height=\"9\"/></svg>";
        assert_eq!(inside(bare, 1).expect("a figure").0, " viewBox=\"0 0 300 100\"");
        assert_eq!(inside("no figure", 1), None);
    }
}
