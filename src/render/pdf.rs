//! The report of a run on pages: tables, figures, notes and methods are laid out with the measures of the embedded font
//! and written as PDF with selectable text. Pages lie on their side where a table needs the width.

use ::figure::exact_width as text_width;
use ::figure::paper::{self, Item, Sheet};

use super::figure::{self, Figure};
use super::grid::{Align, Grid, Row, RowKind};
use super::lines::wrapped;
use super::report::Report;
use super::{Budget, Language, RenderError};

/// A4 in units of 1/96 inch.
const PAGE: (f64, f64) = (793.7, 1122.5);
const MARGIN: f64 = 68.0;
/// Size of plain text.
const TEXT: f64 = 12.5;
/// Size of notes.
const NOTE: f64 = 10.5;
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
    let language = match report.language {
        Language::En => "en",
        Language::Zh => "zh",
    };
    paper::write(&pages, &report.title, language).map_err(|e| RenderError::Writer("pdf", e.to_string()))
}

/// Lays the report out.
///
/// # Errors
/// [`RenderError`].
fn pages<'a>(report: &'a Report, budget: &Budget) -> Result<Vec<Sheet<'a>>, RenderError> {
    let mut pages = Pages::new();
    pages.lying = report.grids.first().is_some_and(is_wide);
    pages.heading(&report.title, 20.0);
    pages.y += 6.0;
    for (key, value) in &report.facts {
        pages.paragraph(&format!("{key}: {value}"), TEXT);
    }
    if !report.findings.is_empty() {
        pages.section(&report.findings_title);
        for sentence in &report.findings {
            pages.paragraph(sentence, TEXT);
        }
    }
    for (k, grid) in report.printed().enumerate() {
        budget.check()?;
        pages.table(grid, &report.table_caption(k + 1, &grid.title));
    }
    pages.lie(false);
    for (k, figure) in report.figures.iter().enumerate() {
        budget.check()?;
        pages.figure(figure, &report.figure_caption(k + 1, &figure.title))?;
    }
    if !report.notes.is_empty() {
        pages.section(&report.notes_title);
        for note in &report.notes {
            pages.paragraph(note, TEXT);
        }
    }
    pages.methods(report);
    Ok(pages.finish())
}

struct Pages<'a> {
    done: Vec<Sheet<'a>>,
    items: Vec<Item<'a>>,
    y: f64,
    lying: bool,
}

/// Widths and wrapped texts of a table.
struct Layout {
    size: f64,
    widths: Vec<f64>,
}

impl<'a> Pages<'a> {
    fn new() -> Self {
        Self { done: Vec::new(), items: Vec::new(), y: MARGIN, lying: false }
    }

    fn size(&self) -> (f64, f64) {
        if self.lying { (PAGE.1, PAGE.0) } else { PAGE }
    }

    fn limit(&self) -> f64 {
        self.size().0 - 2.0 * MARGIN
    }

    fn turn(&mut self) {
        let (width, height) = self.size();
        let number = (self.done.len() + 1).to_string();
        let x = (width - text_width(&number, 10.0)) / 2.0;
        let y = height - MARGIN * 0.5;
        self.items.push(Item::Text { x, y, size: 10.0, bold: false, text: number });
        self.done.push(Sheet { width, height, items: std::mem::take(&mut self.items) });
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
            if !self.items.is_empty() {
                self.turn();
            }
            self.lying = lying;
        }
    }

    fn finish(mut self) -> Vec<Sheet<'a>> {
        if !self.items.is_empty() || self.done.is_empty() {
            self.turn();
        }
        self.done
    }

    fn text(&mut self, x: f64, text: &str, size: f64, bold: bool) {
        if !text.trim().is_empty() {
            let y = self.y + size;
            self.items.push(Item::Text { x, y, size, bold, text: text.to_owned() });
        }
    }

    fn rule(&mut self, x: f64, width: f64, thick: f64) {
        self.items.push(Item::Rule { x, y: self.y, width, thick });
    }

    fn paragraph(&mut self, text: &str, size: f64) {
        self.lines(text, size, false);
    }

    fn heading(&mut self, text: &str, size: f64) {
        self.lines(text, size, true);
    }

    /// A heading with some room above, together with two lines below it.
    fn section(&mut self, text: &str) {
        self.room(14.0 * LINE + 2.0 * TEXT * LINE + 14.0);
        self.y += 14.0;
        self.heading(text, 14.0);
    }

    fn lines(&mut self, text: &str, size: f64, bold: bool) {
        for line in wrapped(text, size, self.limit()) {
            self.room(size * LINE);
            self.text(MARGIN, &line, size, bold);
            self.y += size * LINE;
        }
        self.y += size * 0.15;
    }

    /// The methods on a page of their own.
    fn methods(&mut self, report: &Report) {
        if report.methods.is_empty() {
            return;
        }
        if !self.items.is_empty() {
            self.turn();
        }
        self.heading(&report.methods_title, 17.0);
        for section in &report.methods {
            self.section(&section.title);
            for paragraph in &section.paragraphs {
                self.paragraph(paragraph, TEXT);
            }
        }
    }

    fn table(&mut self, grid: &Grid, caption: &str) {
        self.lie(is_wide(grid));
        let Layout { size, widths } = layout(grid, self.limit());
        let full: f64 = widths.iter().sum();
        self.room(size * LINE * 6.0 + 40.0);
        self.y += 18.0;
        self.heading(caption, TEXT + 1.0);
        self.y += 2.0;
        self.head(grid, size, &widths, full);
        for row in &grid.rows {
            let texts: Vec<&str> = row.cells.iter().map(|c| c.text.as_str()).collect();
            let cells = if row.kind == RowKind::Group {
                // A heading runs over the columns.
                vec![vec![texts.first().map_or_else(String::new, |t| (*t).to_owned())]]
            } else {
                fit_cells(&texts, size, &widths, row.inset)
            };
            let height = height_of(&cells, size);
            if self.y + height > self.size().1 - MARGIN {
                self.rule(MARGIN, full, 0.6);
                self.turn();
                self.head(grid, size, &widths, full);
            }
            if row.kind == RowKind::Foot {
                self.y += 2.0;
                self.rule(MARGIN, full, 0.6);
                self.y += 2.0;
            }
            self.row(&cells, &grid.align, size, &widths, row.inset);
            self.y += height;
        }
        self.y += 3.0;
        self.rule(MARGIN, full, 1.2);
        self.y += 4.0;
        for note in &grid.notes {
            self.paragraph(note, size.min(NOTE));
        }
    }

    fn head(&mut self, grid: &Grid, size: f64, widths: &[f64], full: f64) {
        self.rule(MARGIN, full, 1.2);
        self.y += 3.0;
        if !grid.over.is_empty() {
            let (left, room) = (MARGIN + widths[0], full - widths[0]);
            self.text(left + (room - text_width(&grid.over, size)).max(0.0) / 2.0, &grid.over, size, false);
            self.y += size * LINE + 1.0;
            self.rule(left + pad(size) / 2.0, room - pad(size) / 2.0, 0.6);
            self.y += 2.0;
        }
        let heads: Vec<&str> = grid.head.iter().map(String::as_str).collect();
        let cells = fit_cells(&heads, size, widths, false);
        self.row(&cells, &grid.align, size, widths, false);
        self.y += height_of(&cells, size);
        self.rule(MARGIN, full, 0.6);
        self.y += 3.0;
    }

    fn row(&mut self, cells: &[Vec<String>], align: &[Align], size: f64, widths: &[f64], inset: bool) {
        let top = self.y;
        let mut x = MARGIN;
        for (j, (lines, width)) in cells.iter().zip(widths).enumerate() {
            self.y = top;
            for line in lines {
                let spare = width - pad(size) - text_width(line, size);
                let shift = match align.get(j) {
                    Some(Align::Right) => spare,
                    Some(Align::Center) => spare / 2.0,
                    _ if j == 0 && inset => size * INSET,
                    _ => 0.0,
                };
                self.text(x + pad(size) / 2.0 + shift, line, size, false);
                self.y += size * LINE;
            }
            x += width;
        }
        self.y = top;
    }

    /// Draws a figure as a drawing within the page, its text as text, with the caption below.
    fn figure(&mut self, figure: &'a Figure, caption: &str) -> Result<(), RenderError> {
        let tree = figure::drawing(figure)?;
        let (own_width, own_height) = ::figure::raster::size_of(tree);
        let most = self.size().1 - 2.0 * MARGIN - 70.0;
        let scale = (self.limit() / own_width).min(most / own_height);
        let (width, height) = (own_width * scale, own_height * scale);
        self.room(height + 50.0);
        self.y += 16.0;
        let x = MARGIN + (self.limit() - width) / 2.0;
        self.items.push(Item::Drawing { x, y: self.y, width, height, tree });
        self.y += height + 6.0;
        self.heading(caption, TEXT);
        Ok(())
    }
}

/// True if a table needs the width of a page on its side.
fn is_wide(grid: &Grid) -> bool {
    layout(grid, PAGE.0 - 2.0 * MARGIN).size < 9.5
}

/// Room before a text that is set in, in parts of its size.
const INSET: f64 = 1.2;

/// Room between two columns.
fn pad(size: f64) -> f64 {
    size * 1.1
}

fn height_of(cells: &[Vec<String>], size: f64) -> f64 {
    cells.iter().map(Vec::len).max().unwrap_or(1).max(1) as f64 * size * LINE
}

/// Breaks the texts of a row into lines; the first one has less room where it is set in.
fn fit_cells(cells: &[&str], size: f64, widths: &[f64], inset: bool) -> Vec<Vec<String>> {
    let room = |j: usize| widths[j] - pad(size) - if inset && j == 0 { size * INSET } else { 0.0 };
    cells.iter().enumerate().take(widths.len()).map(|(j, text)| wrapped(text, size, room(j))).collect()
}

/// Widths of the columns at the largest size at which the table fits; columns of text are wrapped before the
/// text becomes too small to read.
fn layout(grid: &Grid, limit: f64) -> Layout {
    let natural = |size: f64| -> Vec<f64> {
        (0..grid.width())
            .map(|j| {
                let rows = grid.rows.iter().filter(|r| r.kind != RowKind::Group);
                let inset = |row: &Row| if row.inset && j == 0 { size * INSET } else { 0.0 };
                let cells = rows.filter_map(|r| Some(text_width(&r.cells.get(j)?.text, size) + inset(r)));
                let head = grid.head.get(j).map(|t| text_width(t, size));
                cells.chain(head).fold(size, f64::max) + pad(size)
            })
            .collect()
    };
    let mut size = TEXT - 1.0;
    loop {
        let mut widths = natural(size);
        let over = widths.iter().sum::<f64>() - limit;
        if over <= 0.0 {
            // The table takes the whole width of the page.
            let each = -over / widths.len() as f64;
            widths.iter_mut().for_each(|w| *w += each);
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
