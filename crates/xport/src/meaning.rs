//! What the values of a variable mean: dates become those of Stata, which also counts from 1960-01-01; missing values keep their letters.

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
    /// Some date is not the first day of a month, or of a quarter.
    has_other_day: (bool, bool),
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
            let (month, day) = month_and_day(x.floor());
            self.has_other_day.0 |= day != 1;
            self.has_other_day.1 |= day != 1 || month.rem_euclid(3) != 0;
        }
    }

    /// Takes a decoded text.
    pub fn text(&mut self, decoded: &str) {
        self.bytes = self.bytes.max(decoded.len());
    }
}

/// Months since January 1960 and the day of the month of a day since 1960-01-01.
fn month_and_day(day: f64) -> (i64, u32) {
    use chrono::Datelike as _;
    let start = chrono::NaiveDate::from_ymd_opt(1960, 1, 1).expect("a valid date");
    let date = chrono::TimeDelta::try_days(day as i64).and_then(|days| start.checked_add_signed(days));
    date.map_or((0, 0), |d| ((i64::from(d.year()) - 1960) * 12 + i64::from(d.month0()), d.day()))
}

/// How numbers are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// As they are.
    Number,
    /// Days since 1960-01-01.
    Day,
    /// Months since January 1960.
    Month,
    /// Quarters since the first of 1960.
    Quarter,
    /// Milliseconds since 1960.
    Clock,
}

impl Reading {
    /// How a variable with a format of this kind is read; numbers that are no date of the calendar stay numbers.
    pub fn of(kind: FormatKind, facts: &Facts) -> Self {
        let Some((low, high)) = facts.range else { return Self::Number };
        let within = |unit: f64| low >= FIRST_DAY * unit && high < END_OF_DAYS * unit;
        match kind {
            FormatKind::Month if within(1.0) && !facts.has_other_day.0 => Self::Month,
            FormatKind::Quarter if within(1.0) && !facts.has_other_day.1 => Self::Quarter,
            FormatKind::Date | FormatKind::Month | FormatKind::Quarter if within(1.0) => Self::Day,
            FormatKind::DateTime if within(DAY) => Self::Clock,
            _ => Self::Number,
        }
    }

    /// The value that Stata has for a number of the file.
    pub fn value(self, x: f64) -> f64 {
        match self {
            Self::Number => x,
            Self::Day => x.floor(),
            Self::Month => month_and_day(x.floor()).0 as f64,
            Self::Quarter => month_and_day(x.floor()).0.div_euclid(3) as f64,
            Self::Clock => (x * 1000.0).round(),
        }
    }
}
