//! Cells of a workbook, which have types.

use super::{BOOLEAN, DECIMAL_COMMA, Inference, PLAIN, SPELT, THOUSANDS, date_bit, datetime_bit};
use crate::adapters::tabular::date::DateStyle;

impl Inference {
    /// Takes in an empty cell.
    pub(in crate::adapters::tabular) fn empty(&mut self) {
        self.missing += 1;
    }

    /// Takes in a cell that is a number in the file; `text_bytes` is its length when written as text.
    pub(in crate::adapters::tabular) fn number(&mut self, value: f64, text_bytes: usize) {
        self.present += 1;
        self.numbers += 1;
        self.max_bytes = self.max_bytes.max(text_bytes);
        self.readings &= PLAIN | THOUSANDS | DECIMAL_COMMA | SPELT;
        self.value(value, false);
    }

    /// Takes in a cell that is a truth value in the file.
    pub(in crate::adapters::tabular) fn truth(&mut self, row: u64) {
        self.present += 1;
        self.max_bytes = self.max_bytes.max(5);
        self.first_text_row.get_or_insert(row);
        self.readings &= BOOLEAN;
    }

    /// Takes in a cell that is a date (and time) in the file.
    pub(in crate::adapters::tabular) fn moment(&mut self, has_time: bool, row: u64) {
        self.present += 1;
        self.max_bytes = self.max_bytes.max(if has_time { 23 } else { 10 });
        self.first_text_row.get_or_insert(row);
        self.any_time |= has_time;
        // written as text it is year first
        self.readings &= date_bit(DateStyle::YearFirst) | datetime_bit(DateStyle::YearFirst);
        if has_time {
            self.readings &= !date_bit(DateStyle::YearFirst);
        }
    }
}
