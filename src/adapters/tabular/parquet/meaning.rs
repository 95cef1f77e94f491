//! How columns of a Parquet file are stored, and what their values are in Stata.

use dta::{Missing, Reading, StorageType};
use parquet_file::{Cell, Column, Unit, What};

use super::facts::Facts;
use crate::adapters::tabular::infer::text_storage;
use crate::adapters::tabular::number::storable;
use crate::adapters::tabular::stored_numbers::Numbers;

/// From 1960-01-01, where Stata counts from, to 1970-01-01, where Parquet does.
const EPOCH_DAYS: i128 = 3653;
const DAY: f64 = 86_400.0;
const DAY_MILLIS: i128 = 86_400_000;
/// Days of the years 100 to 9999, which Stata shows, since 1970.
const DAYS: (f64, f64) = (-683_003.0, 2_932_897.0);

/// How the values of a column become those of canonical data.
pub(super) struct Meaning {
    what: What,
    /// How numbers are read; [`Reading::Number`] also where some are no dates of the calendar.
    pub reading: Reading,
    pub storage: StorageType,
    pub format: String,
}

impl Meaning {
    pub(super) fn of(column: &Column, facts: &Facts) -> Self {
        let within = |unit: f64| facts.range.is_none_or(|(a, b)| a >= DAYS.0 * unit && b < DAYS.1 * unit);
        let reading = match column.what {
            What::Date if within(1.0) => Reading::Day,
            What::Timestamp(unit, _) if within(DAY * unit.per_second()) => Reading::Clock,
            _ => Reading::Number,
        };
        let is_text = matches!(column.what, What::Text | What::Bytes | What::Uuid);
        let is_beyond =
            facts.is_beyond && reading == Reading::Number && !matches!(column.what, What::Time(_));
        let (storage, format) = if is_text || is_beyond {
            text_storage(facts.bytes)
        } else {
            let decimals =
                if let What::Decimal(decimals) = column.what { Some((12, decimals as usize)) } else { None };
            Numbers { range: facts.range, has_fraction: facts.has_fraction, decimals }.stored(reading)
        };
        Self { what: column.what, reading, storage, format }
    }

    /// True for numbers that are texts.
    pub(super) fn are_codes(&self) -> bool {
        self.storage.is_text() && !matches!(self.what, What::Text | What::Bytes | What::Uuid)
    }

    /// The value of a column of numbers, or the code of a missing one.
    pub(super) fn value(&self, cell: Cell<'_>) -> Result<f64, Missing> {
        let x = match (cell, self.what, self.reading) {
            (Cell::Null | Cell::Bytes(_), ..) => return Err(Missing::SYSTEM),
            (Cell::Real(x), ..) => x,
            (Cell::Whole(days), _, Reading::Day) => (days + EPOCH_DAYS) as f64,
            (Cell::Whole(time), What::Timestamp(unit, _), Reading::Clock) => {
                (millis(time, unit) + EPOCH_DAYS * DAY_MILLIS) as f64
            }
            (Cell::Whole(time), What::Time(unit), _) => time as f64 / unit.per_second(),
            (Cell::Whole(whole), What::Decimal(decimals), _) => scaled(whole, decimals),
            (Cell::Whole(whole), ..) => whole as f64,
        };
        // NaN is not storable either
        if storable(x) { Ok(x) } else { Err(Missing::SYSTEM) }
    }

    /// The text of a column of texts; nothing where there is no value.
    pub(super) fn text(&self, cell: Cell<'_>) -> String {
        match (cell, self.what) {
            (Cell::Bytes(bytes), What::Uuid) => uuid(bytes),
            (Cell::Bytes(bytes), _) => String::from_utf8_lossy(bytes).into_owned(),
            (Cell::Whole(whole), What::Decimal(decimals)) => decimal_text(whole, decimals),
            (Cell::Whole(whole), _) => whole.to_string(),
            (Cell::Null | Cell::Real(_), _) => String::new(),
        }
    }
}

/// A time in milliseconds, rounded.
fn millis(time: i128, unit: Unit) -> i128 {
    match unit {
        Unit::Millis => time,
        Unit::Micros => (time + 500).div_euclid(1000),
        Unit::Nanos => (time + 500_000).div_euclid(1_000_000),
    }
}

/// A whole number as one with so many decimals: the quotient of two exact numbers, as long as both are.
pub(super) fn scaled(whole: i128, decimals: u32) -> f64 {
    whole as f64 / 10f64.powi(decimals as i32)
}

/// A whole number as text with so many decimals.
pub(super) fn decimal_text(whole: i128, decimals: u32) -> String {
    if decimals == 0 {
        return whole.to_string();
    }
    let digits = format!("{:0>1$}", whole.unsigned_abs(), decimals as usize + 1);
    let (before, behind) = digits.split_at(digits.len() - decimals as usize);
    format!("{}{before}.{behind}", if whole < 0 { "-" } else { "" })
}

/// An identifier in groups of hexadecimal digits.
fn uuid(bytes: &[u8]) -> String {
    let mut text = String::new();
    for (at, byte) in bytes.iter().enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        text.push_str(&format!("{byte:02x}"));
    }
    text
}
