//! Some rows of a block as a grid of fields. Columns are worked on one after the other: the cells of a column are alike,
//! and so is what is done with them.

use std::borrow::Cow;
use std::ops::Range;

use super::scan::Field;

/// Cells of a grid, so that it stays in the processor's cache.
const CELLS: usize = 8192;

/// Rows of data, each with as many fields as the header.
pub(super) struct Grid {
    width: usize,
    /// Row by row.
    fields: Vec<Field>,
    /// The rows' numbers in the file.
    numbers: Vec<u64>,
}

impl Grid {
    /// An empty grid for rows of `width` fields.
    pub(super) fn new(width: usize) -> Self {
        Self { width, fields: Vec::new(), numbers: Vec::new() }
    }

    /// True once it has enough rows.
    pub(super) fn is_full(&self) -> bool {
        self.fields.len() + self.width > CELLS
    }

    /// Rows in it.
    pub(super) fn rows(&self) -> usize {
        self.numbers.len()
    }

    /// The number of its last row in the file.
    pub(super) fn last(&self) -> Option<u64> {
        self.numbers.last().copied()
    }

    /// Removes all rows.
    pub(super) fn clear(&mut self) {
        self.fields.clear();
        self.numbers.clear();
    }

    /// The fields of all rows, and behind them those of a row that was not kept yet.
    pub(super) fn fields(&mut self) -> &mut Vec<Field> {
        &mut self.fields
    }

    /// The fields behind the last row.
    pub(super) fn added(&self) -> &[Field] {
        &self.fields[self.numbers.len() * self.width..]
    }

    /// Keeps the fields behind the last row as a row with this number; those beyond the header's are left out.
    pub(super) fn keep(&mut self, number: u64) {
        self.numbers.push(number);
        self.fields.truncate(self.numbers.len() * self.width);
    }

    /// Removes the fields behind the last row.
    pub(super) fn discard(&mut self) {
        self.fields.truncate(self.numbers.len() * self.width);
    }

    /// The cells of a column with the numbers of their rows.
    pub(super) fn column<'a>(&'a self, at: usize, block: &'a str) -> impl Iterator<Item = (Cell<'a>, u64)> {
        let fields = self.fields.iter().skip(at).step_by(self.width);
        fields.map(move |field| Cell { field, block }).zip(self.numbers.iter().copied())
    }
}

/// A cell of a block.
#[derive(Clone, Copy)]
pub(super) struct Cell<'a> {
    field: &'a Field,
    block: &'a str,
}

impl<'a> Cell<'a> {
    /// Where the cell lies in the bytes of the block; `None` for one whose quotes have to be taken off first.
    #[inline]
    pub(super) fn place(&self) -> Option<(&'a [u8], Range<usize>)> {
        self.field.range().map(|range| (self.block.as_bytes(), range))
    }

    /// The cell's text.
    #[inline]
    pub(super) fn text(&self) -> Cow<'a, str> {
        self.field.value(self.block)
    }
}
