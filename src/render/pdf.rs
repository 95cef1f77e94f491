//! The report of a run on pages: tables, figures, notes and methods are laid out with the measures of the embedded font
//! and written as PDF with selectable text. Pages lie on their side where a table needs the width. Each text belongs to a
//! part of the document's structure: a heading, a paragraph, a cell.

use ::figure::exact_width as text_width;
use ::figure::paper::{self, Document, Item, Placed, Sheet};
use ::figure::tags::{PartId, Role, Structure};

use super::figure::{self, Figure};
use super::grid::{Align, Grid, Printed, Row, RowKind};
use super::lines::wrapped;
use super::pdf_layout::{INSET, LINE, Layout, TEXT, fit_cells, height_of, is_wide, layout, pad};
use super::report::Report;
use super::words::pick;
use super::{Budget, Language, RenderError};

/// A4 in units of 1/96 inch.
const PAGE: (f64, f64) = (793.7, 1122.5);
const MARGIN: f64 = 68.0;
/// Width of the text on an upright page.
const UPRIGHT: f64 = PAGE.0 - 2.0 * MARGIN;
/// Size of notes.
const NOTE: f64 = 10.5;
/// Lines of notes that stay with the last rows of their table.
const MOST_NOTE_LINES: usize = 8;

/// Writes the document.
///
/// # Errors
/// [`RenderError`].
pub(super) fn write(report: &Report, budget: &Budget) -> Result<Vec<u8>, RenderError> {
    let Pages { done: sheets, structure, .. } = pages(report, budget)?;
    budget.check()?;
    let language = match report.language {
        Language::En => "en",
        Language::Zh => "zh",
    };
    let document = Document { title: &report.title, language, sheets, structure };
    paper::write(&document).map_err(|e| RenderError::Writer("pdf", e.to_string()))
}

/// Lays the report out.
///
/// # Errors
/// [`RenderError`].
fn pages<'a>(report: &'a Report, budget: &Budget) -> Result<Pages<'a>, RenderError> {
    let mut pages = Pages::new();
    pages.lying = report.grids.first().is_some_and(|grid| is_wide(grid, UPRIGHT));
    pages.heading(&report.title, 20.0, 1);
    pages.y += 6.0;
    let colon = pick(report.language, ": ", "：");
    for (key, value) in &report.facts {
        pages.paragraph(&format!("{key}{colon}{value}"), TEXT);
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
    items: Vec<Placed<'a>>,
    structure: Structure,
    y: f64,
    lying: bool,
}

impl<'a> Pages<'a> {
    fn new() -> Self {
        Self { done: Vec::new(), items: Vec::new(), structure: Structure::default(), y: MARGIN, lying: false }
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
        let item = Item::Text { x, y, size: 10.0, bold: false, text: number };
        self.items.push(Placed { part: None, item });
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

    fn finish(mut self) -> Self {
        if !self.items.is_empty() || self.done.is_empty() {
            self.turn();
        }
        self
    }

    fn text(&mut self, part: Option<PartId>, x: f64, text: &str, size: f64, bold: bool) {
        if !text.trim().is_empty() {
            let y = self.y + size;
            let item = Item::Text { x, y, size, bold, text: text.to_owned() };
            self.items.push(Placed { part, item });
        }
    }

    fn rule(&mut self, x: f64, width: f64, thick: f64) {
        self.items.push(Placed { part: None, item: Item::Rule { x, y: self.y, width, thick } });
    }

    fn paragraph(&mut self, text: &str, size: f64) {
        let part = self.structure.add(Structure::ROOT, Role::Paragraph);
        self.lines(part, text, size, false);
    }

    fn heading(&mut self, text: &str, size: f64, level: u8) {
        let part = self.structure.add(Structure::ROOT, Role::Heading(level));
        self.lines(part, text, size, true);
    }

    fn caption(&mut self, of: PartId, text: &str, size: f64) {
        let part = self.structure.add(of, Role::Caption);
        self.lines(part, text, size, true);
    }

    /// A heading with some room above, together with two lines below it.
    fn section(&mut self, text: &str) {
        self.room(14.0 * LINE + 2.0 * TEXT * LINE + 14.0);
        self.y += 14.0;
        self.heading(text, 14.0, 2);
    }

    fn lines(&mut self, part: PartId, text: &str, size: f64, bold: bool) {
        for line in wrapped(text, size, self.limit()) {
            self.room(size * LINE);
            self.text(Some(part), MARGIN, &line, size, bold);
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
        self.heading(&report.methods_title, 17.0, 1);
        for section in &report.methods {
            self.section(&section.title);
            for paragraph in &section.paragraphs {
                self.paragraph(paragraph, TEXT);
            }
        }
    }

    fn table(&mut self, grid: &Grid, caption: &str) {
        self.lie(is_wide(grid, UPRIGHT));
        let layout = layout(grid, self.limit());
        let size = layout.size;
        let full: f64 = layout.widths.iter().sum();
        let rows: Vec<Vec<Vec<String>>> = grid.rows.iter().map(|row| texts_of(row, &layout)).collect();
        let heights: Vec<f64> = rows.iter().map(|cells| height_of(cells, size)).collect();
        let notes = self.height_of_notes(grid, size);
        // a table does not begin with its headings alone
        let first = together(grid, &heights, 0, notes);
        self.room((size * LINE * 3.0 + first).max(size * LINE * 6.0) + 40.0);
        self.y += 18.0;
        let table = self.structure.add(Structure::ROOT, Role::Table);
        self.caption(table, caption, TEXT + 1.0);
        self.y += 2.0;
        let head = self.structure.add(table, Role::Head);
        self.head(Some(head), grid, &layout);
        let body = self.structure.add(table, Role::Body);
        for (at, (row, cells)) in grid.rows.iter().zip(&rows).enumerate() {
            if self.y + together(grid, &heights, at, notes) > self.size().1 - MARGIN {
                self.rule(MARGIN, full, 0.6);
                self.turn();
                // The headings of a further page are not spoken again.
                self.head(None, grid, &layout);
            }
            if row.kind == RowKind::Foot {
                self.y += 2.0;
                self.rule(MARGIN, full, 0.6);
                self.y += 2.0;
            }
            let line = self.structure.add(body, Role::Row);
            let parts = self.parts(line, roles(grid, row.kind, &row.cells));
            self.row(&parts, cells, &grid.align, &layout, row.inset);
            self.y += heights[at];
        }
        self.y += 3.0;
        self.rule(MARGIN, full, 1.2);
        self.y += 4.0;
        for note in &grid.notes {
            self.paragraph(note, size.min(NOTE));
        }
    }

    /// The room that the notes below a table take; of long notes that of their beginning.
    fn height_of_notes(&self, grid: &Grid, size: f64) -> f64 {
        let size = size.min(NOTE);
        let lines: usize = grid.notes.iter().map(|note| wrapped(note, size, self.limit()).len()).sum();
        7.0 + lines.min(MOST_NOTE_LINES) as f64 * size * LINE + grid.notes.len() as f64 * size * 0.15
    }

    /// Adds the cells of a row to the structure.
    fn parts(&mut self, row: PartId, roles: Vec<Role>) -> Vec<Option<PartId>> {
        roles.into_iter().map(|role| Some(self.structure.add(row, role))).collect()
    }

    /// Draws the headings of the columns, as parts of the table's head or unspoken.
    fn head(&mut self, part: Option<PartId>, grid: &Grid, layout: &Layout) {
        let Layout { size, widths } = layout;
        let (size, full) = (*size, widths.iter().sum::<f64>());
        self.rule(MARGIN, full, 1.2);
        self.y += 3.0;
        if !grid.over.is_empty() {
            let over = part.map(|part| {
                let row = self.structure.add(part, Role::Row);
                self.structure.add(row, Role::Cell);
                self.structure.add(row, Role::ColumnHeader(grid.width() as i32 - 1))
            });
            let (left, room) = (MARGIN + widths[0], full - widths[0]);
            for line in wrapped(&grid.over, size, room - pad(size)) {
                let x = left + (room - text_width(&line, size)).max(0.0) / 2.0;
                self.text(over, x, &line, size, false);
                self.y += size * LINE;
            }
            self.y += 1.0;
            self.rule(left + pad(size) / 2.0, room - pad(size) / 2.0, 0.6);
            self.y += 2.0;
        }
        let heads: Vec<&str> = grid.head.iter().map(String::as_str).collect();
        let parts = part.map_or_else(Vec::new, |part| {
            let row = self.structure.add(part, Role::Row);
            let role = |text: &&str| if text.is_empty() { Role::Cell } else { Role::ColumnHeader(1) };
            self.parts(row, heads.iter().map(role).collect())
        });
        let cells = fit_cells(&heads, size, widths, false);
        self.row(&parts, &cells, &grid.align, layout, false);
        self.y += height_of(&cells, size);
        self.rule(MARGIN, full, 0.6);
        self.y += 3.0;
    }

    fn row(
        &mut self,
        parts: &[Option<PartId>],
        cells: &[Vec<String>],
        align: &[Align],
        Layout { size, widths }: &Layout,
        inset: bool,
    ) {
        let (size, top) = (*size, self.y);
        let mut x = MARGIN;
        for (j, (lines, width)) in cells.iter().zip(widths).enumerate() {
            self.y = top;
            for line in lines {
                let spare = width - pad(size) - text_width(line.trim_end(), size);
                let shift = match align.get(j) {
                    Some(Align::Right) => spare,
                    Some(Align::Center) => spare / 2.0,
                    _ if j == 0 && inset => size * INSET,
                    _ => 0.0,
                };
                let part = parts.get(j).copied().flatten();
                self.text(part, x + pad(size) / 2.0 + shift, line, size, false);
                self.y += size * LINE;
            }
            x += width;
        }
        self.y = top;
    }

    /// Draws a figure as a drawing within the page, its text as text, with the caption below.
    fn figure(&mut self, figure: &'a Figure, caption: &str) -> Result<(), RenderError> {
        let tree = figure::drawing(figure)?;
        let (own_width, own_height) = figure::size(figure)?;
        let most = self.size().1 - 2.0 * MARGIN - 70.0;
        let largest = if figure.width_mm.is_some() { 1.0 } else { f64::INFINITY };
        let scale = (self.limit() / own_width).min(most / own_height).min(largest);
        let (width, height) = (own_width * scale, own_height * scale);
        self.room(height + 50.0);
        self.y += 16.0;
        let x = MARGIN + (self.limit() - width) / 2.0;
        let group = self.structure.add(Structure::ROOT, Role::Group);
        let part = self.structure.add(group, Role::Figure(figure.words()));
        let item = Item::Drawing { x, y: self.y, width, height, tree };
        self.items.push(Placed { part: Some(part), item });
        self.y += height + 6.0;
        self.caption(group, caption, TEXT);
        Ok(())
    }
}

/// The lines of the cells of a row.
fn texts_of(row: &Row, layout: &Layout) -> Vec<Vec<String>> {
    let texts: Vec<&str> = row.cells.iter().map(|c| c.text.as_str()).collect();
    if row.kind == RowKind::Group {
        // A heading runs over the columns.
        vec![vec![texts.first().map_or_else(String::new, |t| (*t).to_owned())]]
    } else {
        fit_cells(&texts, layout.size, &layout.widths, row.inset)
    }
}

/// The room that a row needs with what stays on its page: standard errors below it, and with the last two rows the notes, which
/// would stand alone on the next page.
fn together(grid: &Grid, heights: &[f64], at: usize, notes: f64) -> f64 {
    let rest = heights.get(at..).unwrap_or_default();
    let under = grid.rows.iter().skip(at + 1).take_while(|row| row.kind == RowKind::Under).count();
    let own: f64 = rest.iter().take(1 + under).sum();
    if rest.len() <= (1 + under).max(2) { rest.iter().sum::<f64>() + notes } else { own }
}

/// The meaning of the cells of a row: the text in the first column heads the row.
fn roles(grid: &Grid, kind: RowKind, cells: &[Printed]) -> Vec<Role> {
    if kind == RowKind::Group {
        return vec![Role::RowHeader(grid.width() as i32)];
    }
    let heads = |j: usize, cell: &Printed| j == 0 && grid.align[0] == Align::Left && !cell.text.is_empty();
    let role = |(j, cell)| if heads(j, cell) { Role::RowHeader(1) } else { Role::Cell };
    cells.iter().enumerate().take(grid.width()).map(role).collect()
}

#[cfg(test)]
#[path = "pdf_tests.rs"]
mod tests;
