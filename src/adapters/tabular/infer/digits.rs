//! The commonest cells of all, digits alone, numbers with a point and dates: what they say of their column is put together
//! before the column's facts take it in.

use std::ops::Range;

use super::{DECIMAL_COMMA, Inference, PLAIN, SPELT, THOUSANDS, date_bit, datetime_bit};
use crate::adapters::tabular::date::{self, DateStyle};
use crate::adapters::tabular::number::{self, Plain};

/// Cells that a column's facts have not taken in yet.
#[derive(Debug)]
pub(in crate::adapters::tabular) struct Digits {
    /// Up to eight digits and nothing else.
    cells: u64,
    /// Numbers with a point, and dates.
    decimals: u64,
    days: u64,
    /// Bytes of the longest cell.
    bytes: usize,
    values: (u32, u32),
    widths: (usize, usize),
    leading_zero: bool,
}

impl Default for Digits {
    fn default() -> Self {
        Self {
            cells: 0,
            decimals: 0,
            days: 0,
            bytes: 0,
            values: (u32::MAX, 0),
            widths: (usize::MAX, 0),
            leading_zero: false,
        }
    }
}

impl Digits {
    /// Takes in a cell of up to eight digits with this value.
    #[inline(always)]
    pub(in crate::adapters::tabular) fn add(&mut self, value: u32, block: &[u8], cell: &Range<usize>) {
        let width = cell.len();
        self.cells += 1;
        self.values = (self.values.0.min(value), self.values.1.max(value));
        self.widths = (self.widths.0.min(width), self.widths.1.max(width));
        self.leading_zero |= block[cell.start] == b'0' && width > 1;
    }

    /// Takes in a cell of so many bytes that [`Known::decimal`] has read.
    #[inline(always)]
    pub(in crate::adapters::tabular) fn add_decimal(&mut self, bytes: usize, leading_zero: bool) {
        self.decimals += 1;
        self.bytes = self.bytes.max(bytes);
        self.leading_zero |= leading_zero;
    }

    /// Takes in a cell of so many bytes that [`Known::day`] has read.
    #[inline(always)]
    pub(in crate::adapters::tabular) fn add_day(&mut self, bytes: usize) {
        self.days += 1;
        self.bytes = self.bytes.max(bytes);
    }

    /// Gives what was put together to the facts on a column, and starts again.
    #[inline(always)]
    pub(in crate::adapters::tabular) fn hand_over(&mut self, fact: &mut Inference) {
        if self.cells + self.decimals + self.days > 0 {
            fact.digits(self);
            *self = Self::default();
        }
    }
}

/// What the cells so far say of the next ones: of most columns, that little can be learned from a cell like the others.
#[derive(Debug, Clone, Copy)]
pub(in crate::adapters::tabular) struct Known {
    decimals: bool,
    days: bool,
}

impl Known {
    /// Reads a plain number with a point, where all that counts is that it is one; its value only if that is wanted.
    #[inline(always)]
    pub(in crate::adapters::tabular) fn decimal<const VALUE: bool>(
        self,
        block: &[u8],
        cell: &Range<usize>,
    ) -> Option<Plain> {
        if self.decimals { number::with_point::<VALUE>(block, cell) } else { None }
    }

    /// Reads a date such as `2024-01-05`, where all cells are dates or times with the year first.
    #[inline(always)]
    pub(in crate::adapters::tabular) fn day(self, block: &[u8], cell: &Range<usize>) -> Option<i32> {
        if self.days { date::full_date(&block[cell.clone()]) } else { None }
    }
}

impl Inference {
    /// What is known so far.
    pub(in crate::adapters::tabular) fn known(&self) -> Known {
        let year_first = date_bit(DateStyle::YearFirst) | datetime_bit(DateStyle::YearFirst);
        Known {
            decimals: self.readings & PLAIN != 0 && !self.uses_value(),
            days: self.readings & !year_first == 0 && self.readings != 0 && self.first_text_row.is_some(),
        }
    }

    /// Takes in cells of digits, numbers with a point, and dates, with what is known of such cells.
    #[inline]
    pub(in crate::adapters::tabular) fn digits(&mut self, digits: &Digits) {
        let Digits { cells, decimals, days, .. } = *digits;
        self.present += cells + decimals + days;
        self.numbers += cells + decimals;
        self.max_bytes = self.max_bytes.max(digits.widths.1).max(digits.bytes);
        if cells > 0 {
            if self.uses_value() {
                let (low, high) = (f64::from(digits.values.0), f64::from(digits.values.1));
                self.min = if low < self.min { low } else { self.min };
                self.max = if high > self.max { high } else { self.max };
            }
            self.readings &= PLAIN | THOUSANDS | SPELT | DECIMAL_COMMA;
            self.widths = (self.widths.0.min(digits.widths.0), self.widths.1.max(digits.widths.1));
        }
        if decimals > 0 {
            self.readings &= PLAIN | THOUSANDS | SPELT;
        }
        self.leading_zero |= digits.leading_zero;
    }
}
