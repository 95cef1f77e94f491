//! Dates of other formats in the units of Stata's display formats `%td`, `%tm`, `%tq` and `%tc`, which all count from 1960
//! ([U] 25 Working with dates and times).

use chrono::{Datelike as _, NaiveDate, TimeDelta};

/// What the numbers of a variable are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// Numbers.
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
    /// The display format; numbers have none of their own.
    pub fn display_format(self) -> Option<&'static str> {
        match self {
            Self::Number => None,
            Self::Day => Some("%td"),
            Self::Month => Some("%tm"),
            Self::Quarter => Some("%tq"),
            Self::Clock => Some("%tc"),
        }
    }

    /// A day since 1960-01-01 as this reading counts: its month, its quarter, otherwise the day.
    pub fn of_day(self, day: f64) -> f64 {
        match self {
            Self::Month => month_and_day(day).0 as f64,
            Self::Quarter => month_and_day(day).0.div_euclid(3) as f64,
            Self::Number | Self::Day | Self::Clock => day,
        }
    }
}

/// Whether all days of a variable are the first of a month, or of a quarter.
#[derive(Debug, Clone, Copy)]
pub struct FirstDays {
    /// True as long as every day is the first of a month.
    pub of_months: bool,
    /// True as long as every day is the first of a quarter.
    pub of_quarters: bool,
}

impl Default for FirstDays {
    fn default() -> Self {
        Self { of_months: true, of_quarters: true }
    }
}

impl FirstDays {
    /// Takes a day since 1960-01-01.
    pub fn take(&mut self, day: f64) {
        let (month, day) = month_and_day(day);
        self.of_months &= day == 1;
        self.of_quarters &= day == 1 && month.rem_euclid(3) == 0;
    }
}

/// Months since January 1960 and the day of the month of a day since 1960-01-01; the day is 0 outside of the calendar.
fn month_and_day(day: f64) -> (i64, u32) {
    let start = NaiveDate::from_ymd_opt(1960, 1, 1).expect("a valid date");
    let date = TimeDelta::try_days(day as i64).and_then(|days| start.checked_add_signed(days));
    date.map_or((0, 0), |d| ((i64::from(d.year()) - 1960) * 12 + i64::from(d.month0()), d.day()))
}
