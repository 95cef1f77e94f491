//! Cells of digits alone, the commonest of all: what they say of their column is put together before the column's facts
//! take it in.

use std::ops::Range;

use super::{DECIMAL_COMMA, Inference, PLAIN, SPELT, THOUSANDS};

/// Cells of up to eight digits and nothing else.
#[derive(Debug)]
pub(in crate::adapters::tabular) struct Digits {
    cells: u64,
    values: (u32, u32),
    widths: (usize, usize),
    leading_zero: bool,
}

impl Default for Digits {
    fn default() -> Self {
        Self { cells: 0, values: (u32::MAX, 0), widths: (usize::MAX, 0), leading_zero: false }
    }
}

impl Digits {
    /// Takes in a cell with this value.
    #[inline(always)]
    pub(in crate::adapters::tabular) fn add(&mut self, value: u32, block: &[u8], cell: &Range<usize>) {
        let width = cell.len();
        self.cells += 1;
        self.values = (self.values.0.min(value), self.values.1.max(value));
        self.widths = (self.widths.0.min(width), self.widths.1.max(width));
        self.leading_zero |= block[cell.start] == b'0' && width > 1;
    }

    /// True without cells.
    pub(in crate::adapters::tabular) fn is_empty(&self) -> bool {
        self.cells == 0
    }
}

impl Inference {
    /// Takes in cells of digits: as plain numbers, with what is known of such cells.
    #[inline(always)]
    pub(in crate::adapters::tabular) fn digits(&mut self, digits: &Digits) {
        if digits.is_empty() {
            return;
        }
        self.present += digits.cells;
        self.numbers += digits.cells;
        self.max_bytes = self.max_bytes.max(digits.widths.1);
        if self.uses_value() {
            let (low, high) = (f64::from(digits.values.0), f64::from(digits.values.1));
            self.min = if low < self.min { low } else { self.min };
            self.max = if high > self.max { high } else { self.max };
        }
        self.readings &= PLAIN | THOUSANDS | SPELT | DECIMAL_COMMA;
        self.widths = (self.widths.0.min(digits.widths.0), self.widths.1.max(digits.widths.1));
        self.leading_zero |= digits.leading_zero;
    }
}
