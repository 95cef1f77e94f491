//! What the values of columns of a Parquet file are, found before they are converted.

use parquet_file::{Cell, Column, What};

use super::Input;
use super::meaning::{decimal_text, scaled};
use crate::adapters::tabular::number::storable;
use crate::adapters::tabular::problems;
use crate::domain::error::Problem;

/// Whole numbers up to here are exact as `double`.
const EXACT: u128 = 1 << 53;
/// Most bytes of a text.
const MOST_TEXT: usize = 64 << 20;
/// Bytes of an identifier as text.
const UUID_TEXT: usize = 36;

/// What was seen of a column.
#[derive(Debug, Default)]
pub(super) struct Facts {
    /// Least and greatest number; of dates and times in their unit.
    pub range: Option<(f64, f64)>,
    pub has_fraction: bool,
    /// Numbers that Stata cannot hold, and the row of the first one.
    pub infinite: u64,
    pub first_infinite: Option<u64>,
    /// Some whole number is not exact as `double`.
    pub is_beyond: bool,
    /// Most bytes of a text, also of a number as text.
    pub bytes: usize,
    /// Bytes that are no texts.
    pub is_binary: bool,
    /// Bytes that the pages took.
    pub memory: u64,
}

impl Facts {
    fn number(&mut self, x: f64, row: u64) {
        if x.is_nan() {
            return;
        }
        if !storable(x) {
            self.infinite += 1;
            self.first_infinite.get_or_insert(row);
            return;
        }
        let (low, high) = self.range.unwrap_or((x, x));
        self.range = Some((low.min(x), high.max(x)));
        self.has_fraction |= x.fract() != 0.0;
    }

    fn whole(&mut self, whole: i128, what: What, row: u64) {
        let is_beyond = whole.unsigned_abs() > EXACT;
        self.is_beyond |= is_beyond;
        let decimals = if let What::Decimal(decimals) = what { decimals } else { 0 };
        // few columns are beyond, and then each value may be the longest
        if is_beyond || self.bytes < 24 {
            self.bytes = self.bytes.max(decimal_text(whole, decimals).len());
        }
        let x = if let What::Time(unit) = what {
            whole as f64 / unit.per_second()
        } else {
            scaled(whole, decimals)
        };
        self.number(x, row);
    }
}

/// Reads a column once.
///
/// # Errors
/// Texts that are no UTF-8 or too long, damage, I/O.
pub(super) fn gather(reader: &Input, column: &Column) -> Result<Facts, Problem> {
    let mut facts = Facts::default();
    let mut not_utf8 = None;
    let mut cells = reader.cells(column);
    for row in 1..=reader.rows() {
        let taken = cells.next(|cell| match cell {
            Cell::Null => {}
            Cell::Whole(whole) => facts.whole(whole, column.what, row),
            Cell::Real(x) => facts.number(x, row),
            Cell::Bytes(_) if column.what == What::Uuid => facts.bytes = UUID_TEXT,
            Cell::Bytes(bytes) => {
                facts.bytes = facts.bytes.max(bytes.len());
                if std::str::from_utf8(bytes).is_err() || bytes.contains(&0) {
                    not_utf8.get_or_insert(row);
                }
            }
        });
        taken.map_err(|e| problems::parquet_read(&e))?;
    }
    facts.memory = cells.memory();
    if let (Some(row), What::Text) = (not_utf8, column.what) {
        return Err(problems::encoding(row, "UTF-8"));
    }
    facts.is_binary = not_utf8.is_some();
    if facts.bytes > MOST_TEXT {
        let what = format!("a text of the column {} is too long", problems::shown(&column.name));
        return Err(problems::too_large(&what, MOST_TEXT as u64));
    }
    Ok(facts)
}
