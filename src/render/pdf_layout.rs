//! Widths, type sizes and lines of the tables of a document on pages.

use ::figure::exact_width as text_width;

use super::grid::{Align, Grid, Row, RowKind};
use super::lines::wrapped;

/// Size of plain text.
pub(super) const TEXT: f64 = 12.5;
/// Smallest size of a table's text before columns are wrapped.
const SMALLEST: f64 = 8.0;
/// Height of a line in parts of the text's size.
pub(super) const LINE: f64 = 1.35;

/// Type size and widths of the columns of a table.
pub(super) struct Layout {
    pub(super) size: f64,
    pub(super) widths: Vec<f64>,
}

/// True if a table needs more than this width to be readable.
pub(super) fn is_wide(grid: &Grid, limit: f64) -> bool {
    layout(grid, limit).size < 9.5
}

/// Room before a text that is set in, in parts of its size.
pub(super) const INSET: f64 = 1.2;

/// Room between two columns.
pub(super) fn pad(size: f64) -> f64 {
    size * 1.1
}

pub(super) fn height_of(cells: &[Vec<String>], size: f64) -> f64 {
    cells.iter().map(Vec::len).max().unwrap_or(1).max(1) as f64 * size * LINE
}

/// Breaks the texts of a row into lines; the first one has less room where it is set in.
pub(super) fn fit_cells(cells: &[&str], size: f64, widths: &[f64], inset: bool) -> Vec<Vec<String>> {
    let room = |j: usize| widths[j] - pad(size) - if inset && j == 0 { size * INSET } else { 0.0 };
    cells.iter().enumerate().take(widths.len()).map(|(j, text)| wrapped(text, size, room(j))).collect()
}

/// Widths of the columns at the largest size at which the table fits; columns of text are wrapped before the
/// text becomes too small to read.
pub(super) fn layout(grid: &Grid, limit: f64) -> Layout {
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
