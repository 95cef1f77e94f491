//! The report of a run on pages: tables, figures and notes are laid out with the measures of the embedded font
//! and written as PDF with selectable text. Pages lie on their side where a table needs the width.

use std::fmt::Write as _;

use ::figure::{pages_to_pdf, text_width};

use super::figure;
use super::grid::{Align, Grid, RowKind};
use super::lines::wrapped;
use super::report::{Figure, Report};
use super::{Budget, RenderError};

/// A4 in units of 1/96 inch.
const PAGE: (f64, f64) = (793.7, 1122.5);
const MARGIN: f64 = 68.0;
/// Size of plain text.
const TEXT: f64 = 12.5;
/// Smallest size of a table's text before columns are wrapped.
const SMALLEST: f64 = 8.0;
/// Height of a line in parts of the text's size.
const LINE: f64 = 1.35;

/// Writes the document.
///
/// # Errors
/// [`RenderError`].
pub(super) fn write(report: &Report, budget: &Budget) -> Result<Vec<u8>, RenderError> {
    let pages = pages(report, budget)?;
    budget.check()?;
    pages_to_pdf(&pages).map_err(|e| RenderError::Writer("pdf", e.to_string()))
}

/// Lays the report out; each page is an SVG.
///
/// # Errors
/// [`RenderError`].
pub(super) fn pages(report: &Report, budget: &Budget) -> Result<Vec<String>, RenderError> {
    let mut pages = Pages::new();
    pages.lying = report.grids.first().is_some_and(is_wide);
    pages.paragraph(&report.title, 20.0);
    pages.y += 6.0;
    for (key, value) in &report.facts {
        pages.paragraph(&format!("{key}: {value}"), TEXT);
    }
    for grid in report.grids.iter().chain(&report.flow) {
        budget.check()?;
        pages.table(grid);
    }
    pages.lie(false);
    for figure in &report.figures {
        budget.check()?;
        pages.figure(figure)?;
    }
    if !report.notes.is_empty() {
        pages.room(60.0);
        pages.y += 14.0;
        pages.paragraph(&report.notes_title, 14.0);
        for note in &report.notes {
            pages.paragraph(note, TEXT);
        }
    }
    Ok(pages.finish())
}

struct Pages {
    done: Vec<String>,
    body: String,
    y: f64,
    lying: bool,
}

/// Widths and wrapped texts of a table.
struct Layout {
    size: f64,
    widths: Vec<f64>,
}

impl Pages {
    fn new() -> Self {
        Self { done: Vec::new(), body: String::new(), y: MARGIN, lying: false }
    }

    fn size(&self) -> (f64, f64) {
        if self.lying { (PAGE.1, PAGE.0) } else { PAGE }
    }

    fn limit(&self) -> f64 {
        self.size().0 - 2.0 * MARGIN
    }

    fn turn(&mut self) {
        let (w, h) = self.size();
        let number = self.done.len() + 1;
        let body = std::mem::take(&mut self.body);
        let foot = h - MARGIN * 0.5;
        self.done.push(format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{w}\" height=\"{h}\" viewBox=\"0 0 {w} {h}\"><rect width=\"{w}\" height=\"{h}\" fill=\"#ffffff\"/>{body}<text x=\"{:.2}\" y=\"{foot:.2}\" font-family=\"sans-serif\" font-size=\"10\" fill=\"#000000\">{number}</text></svg>",
            w / 2.0
        ));
        self.y = MARGIN;
    }

    /// Goes to the next page unless there is this much room.
    fn room(&mut self, height: f64) {
        if self.y + height > self.size().1 - MARGIN && self.y > MARGIN {
            self.turn();
        }
    }

    /// Turns the paper, on a new page if this one has something on it.
    fn lie(&mut self, lying: bool) {
        if self.lying != lying {
            if !self.body.is_empty() {
                self.turn();
            }
            self.lying = lying;
        }
    }

    fn finish(mut self) -> Vec<String> {
        if !self.body.is_empty() || self.done.is_empty() {
            self.turn();
        }
        self.done
    }

    fn text(&mut self, x: f64, text: &str, size: f64) {
        if text.trim().is_empty() {
            return;
        }
        let y = self.y + size;
        let _ = write!(
            self.body,
            "<text x=\"{x:.2}\" y=\"{y:.2}\" font-family=\"sans-serif\" font-size=\"{size:.2}\" fill=\"#000000\" xml:space=\"preserve\">{}</text>",
            escape(text)
        );
    }

    fn rule(&mut self, width: f64, thick: f64) {
        let y = self.y;
        let _ = write!(
            self.body,
            "<path d=\"M{MARGIN:.2} {y:.2}h{width:.2}\" stroke=\"#000000\" stroke-width=\"{thick}\"/>"
        );
    }

    fn paragraph(&mut self, text: &str, size: f64) {
        for line in wrapped(text, size, self.limit()) {
            self.room(size * LINE);
            self.text(MARGIN, &line, size);
            self.y += size * LINE;
        }
        self.y += size * 0.15;
    }

    fn table(&mut self, grid: &Grid) {
        self.lie(is_wide(grid));
        let Layout { size, widths } = layout(grid, self.limit());
        let full: f64 = widths.iter().sum();
        self.room(size * LINE * 5.0 + 40.0);
        self.y += 18.0;
        self.paragraph(&grid.title, TEXT + 1.0);
        self.head(grid, size, &widths, full);
        for row in &grid.rows {
            let cells = if row.kind == RowKind::Group {
                // A heading runs over the columns.
                vec![vec![row.cells.first().cloned().unwrap_or_default()]]
            } else {
                fit_cells(&row.cells, size, &widths)
            };
            let height = height_of(&cells, size);
            if self.y + height > self.size().1 - MARGIN {
                self.rule(full, 0.6);
                self.turn();
                self.head(grid, size, &widths, full);
            }
            if row.kind == RowKind::Foot {
                self.rule(full, 0.6);
                self.y += 2.0;
            }
            self.row(&cells, grid, size, &widths);
            self.y += height;
        }
        self.rule(full, 1.2);
        self.y += 4.0;
        for note in &grid.notes {
            self.paragraph(note, size.min(10.5));
        }
    }

    fn head(&mut self, grid: &Grid, size: f64, widths: &[f64], full: f64) {
        self.rule(full, 1.2);
        self.y += 3.0;
        let cells = fit_cells(&grid.head, size, widths);
        self.row(&cells, grid, size, widths);
        self.y += height_of(&cells, size);
        self.rule(full, 0.6);
        self.y += 3.0;
    }

    fn row(&mut self, cells: &[Vec<String>], grid: &Grid, size: f64, widths: &[f64]) {
        let top = self.y;
        let mut x = MARGIN;
        for (j, (lines, width)) in cells.iter().zip(widths).enumerate() {
            self.y = top;
            for line in lines {
                let spare = width - pad(size) - text_width(line, size);
                let shift = match grid.align.get(j) {
                    Some(Align::Right) => spare,
                    Some(Align::Center) => spare / 2.0,
                    _ => 0.0,
                };
                self.text(x + pad(size) / 2.0 + shift, line, size);
                self.y += size * LINE;
            }
            x += width;
        }
        self.y = top;
    }

    /// Draws a figure as a drawing within the page: its text stays text.
    fn figure(&mut self, figure: &Figure) -> Result<(), RenderError> {
        let (width, height) = figure::size(&figure.file, &figure.svg)?;
        let most = self.size().1 - 2.0 * MARGIN - 60.0;
        let scale = (self.limit() / width).min(most / height).min(1.0);
        let (w, h) = (width * scale, height * scale);
        self.room(h + 50.0);
        self.y += 16.0;
        self.paragraph(&figure.title, TEXT + 1.0);
        let (attributes, inner) = opened(&figure.svg)
            .map_err(|reason| RenderError::Figure { file: figure.file.clone(), reason })?;
        // Names of clips and gradients are those of one figure; a page may have several.
        let prefix = format!("f{}y{:.0}-", self.done.len(), self.y);
        let inner = inner
            .replace("id=\"", &format!("id=\"{prefix}"))
            .replace("url(#", &format!("url(#{prefix}"))
            .replace("href=\"#", &format!("href=\"#{prefix}"));
        let own = if attributes.contains(" viewBox=") {
            String::new()
        } else {
            format!(" viewBox=\"0 0 {width} {height}\"")
        };
        let y = self.y;
        let _ = write!(
            self.body,
            "<svg x=\"{MARGIN:.2}\" y=\"{y:.2}\" width=\"{w:.2}\" height=\"{h:.2}\"{own}{attributes}>{inner}</svg>"
        );
        self.y += h + 6.0;
        Ok(())
    }
}

/// Splits a drawing into the attributes of its root, but for place, size and name, and what is inside of it.
fn opened(svg: &str) -> Result<(String, &str), String> {
    use quick_xml::events::Event;
    let mut reader = quick_xml::Reader::from_str(svg);
    loop {
        match reader.read_event().map_err(|e| e.to_string())? {
            Event::Start(tag) if tag.local_name().as_ref() == "svg" => {
                let mut kept = String::new();
                for attribute in tag.attributes() {
                    let attribute = attribute.map_err(|e| e.to_string())?;
                    let key = attribute.key.0;
                    if !matches!(key, "x" | "y" | "width" | "height" | "id") {
                        let value = attribute.value.replace('"', "&quot;");
                        let _ = write!(kept, " {key}=\"{value}\"");
                    }
                }
                let from = usize::try_from(reader.buffer_position()).map_err(|e| e.to_string())?;
                let to = svg.rfind("</svg>").filter(|to| *to >= from);
                return to.map(|to| (kept, &svg[from..to])).ok_or_else(|| "it has no end".to_owned());
            }
            Event::Eof => return Err("it has no drawing".to_owned()),
            _ => {}
        }
    }
}

/// True if a table needs the width of a page on its side.
fn is_wide(grid: &Grid) -> bool {
    layout(grid, PAGE.0 - 2.0 * MARGIN).size < 9.5
}

/// Room between two columns.
fn pad(size: f64) -> f64 {
    size * 1.1
}

fn height_of(cells: &[Vec<String>], size: f64) -> f64 {
    cells.iter().map(Vec::len).max().unwrap_or(1).max(1) as f64 * size * LINE
}

fn fit_cells(cells: &[String], size: f64, widths: &[f64]) -> Vec<Vec<String>> {
    cells.iter().zip(widths).map(|(text, width)| wrapped(text, size, width - pad(size))).collect()
}

/// Widths of the columns at the largest size at which the table fits; columns of text are wrapped before the
/// text becomes too small to read.
fn layout(grid: &Grid, limit: f64) -> Layout {
    let natural = |size: f64| -> Vec<f64> {
        (0..grid.width())
            .map(|j| {
                let rows = grid.rows.iter().filter(|r| r.kind != RowKind::Group);
                let cells = rows.filter_map(|r| r.cells.get(j)).chain(grid.head.get(j));
                cells.map(|t| text_width(t, size)).fold(size, f64::max) + pad(size)
            })
            .collect()
    };
    let mut size = TEXT - 1.0;
    loop {
        let mut widths = natural(size);
        let over = widths.iter().sum::<f64>() - limit;
        if over <= 0.0 {
            return Layout { size, widths };
        }
        // The widest columns of text give room first.
        let least = size * 9.0;
        let spare: f64 = texts(grid).map(|j| (widths[j] - least).max(0.0)).sum();
        if spare >= over && (size < 10.0 || over < 0.45 * spare) {
            for j in texts(grid) {
                widths[j] -= (widths[j] - least).max(0.0) * over / spare;
            }
            return Layout { size, widths };
        }
        if size <= SMALLEST {
            let scale = limit / widths.iter().sum::<f64>();
            widths.iter_mut().for_each(|w| *w *= scale);
            return Layout { size, widths };
        }
        size -= 0.5;
    }
}

fn texts(grid: &Grid) -> impl Iterator<Item = usize> + '_ {
    (0..grid.width()).filter(|j| grid.align[*j] == Align::Left)
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_is_opened_at_its_root() {
        let svg = "<?xml version=\"1.0\"?><!-- > --><svg width='9' viewBox='0 0 9 9' font-family=\"'A','B'\"><g id=\"a\"/></svg>\n";
        let (attributes, inner) = opened(svg).expect("a drawing");
        assert_eq!(attributes, " viewBox=\"0 0 9 9\" font-family=\"'A','B'\"");
        assert_eq!(inner, "<g id=\"a\"/>");
        assert!(opened("<p/>").is_err() && opened("<svg><g/>").is_err());
    }
}
