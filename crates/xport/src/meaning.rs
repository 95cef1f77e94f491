//! What the values of a variable mean: dates become those of Stata, which also counts from 1960-01-01; missing values keep their letters.

use dta::{FirstDays, Missing, Reading};

use crate::values::{FormatKind, Number};

/// The first days of the years 1582 and 20000, between which SAS has dates.
const FIRST_DAY: f64 = -138_061.0;
const END_OF_DAYS: f64 = 6_589_335.0;
const DAY: f64 = 86_400.0;

/// What was seen of a variable.
#[derive(Debug, Default)]
pub struct Facts {
    /// Least and greatest number.
    pub range: Option<(f64, f64)>,
    /// Some number is not whole.
    pub has_fraction: bool,
    first_days: FirstDays,
    /// Most bytes of a decoded text.
    pub bytes: usize,
}

impl Facts {
    /// Takes a number of a variable with a format of this kind.
    pub fn number(&mut self, number: Number, kind: FormatKind) {
        let Number::Value(x) = number else { return };
        let (low, high) = self.range.unwrap_or((x, x));
        self.range = Some((low.min(x), high.max(x)));
        self.has_fraction |= x.fract() != 0.0;
        if matches!(kind, FormatKind::Month | FormatKind::Quarter) {
            self.first_days.take(x.floor());
        }
    }

    /// Takes a decoded text.
    pub fn text(&mut self, decoded: &str) {
        self.bytes = self.bytes.max(decoded.len());
    }
}

/// How numbers of a variable with a format of this kind are read; those that are no date of the calendar stay numbers.
pub fn reading(kind: FormatKind, facts: &Facts) -> Reading {
    let Some((low, high)) = facts.range else { return Reading::Number };
    let within = |unit: f64| low >= FIRST_DAY * unit && high < END_OF_DAYS * unit;
    match kind {
        FormatKind::Month if within(1.0) && facts.first_days.of_months => Reading::Month,
        FormatKind::Quarter if within(1.0) && facts.first_days.of_quarters => Reading::Quarter,
        FormatKind::Date | FormatKind::Month | FormatKind::Quarter if within(1.0) => Reading::Day,
        FormatKind::DateTime if within(DAY) => Reading::Clock,
        _ => Reading::Number,
    }
}

/// The value that Stata has for a number of the file.
///
/// # Errors
/// The code of a missing value: `.A` is `.a`; `._`, which Stata has not, is `.`.
pub fn value(reading: Reading, number: Number) -> Result<f64, Missing> {
    match (number, reading) {
        (Number::Missing(letter), _) => {
            Err(Missing::from_letter(letter.to_ascii_lowercase()).unwrap_or(Missing::SYSTEM))
        }
        (Number::Value(x), Reading::Number) => Ok(x),
        (Number::Value(x), Reading::Day | Reading::Month | Reading::Quarter) => Ok(reading.of_day(x.floor())),
        (Number::Value(x), Reading::Clock) => Ok((x * 1000.0).round()),
    }
}
