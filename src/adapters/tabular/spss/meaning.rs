//! What the values of a variable are: dates, numbers, texts, and which of them are missing.

use dta::{Missing, StorageType};
use sav::{FormatKind, Variable};

use crate::adapters::tabular::infer::{number_storage, text_storage};

/// Days from 1582-10-14, where SPSS counts from, to 1960-01-01, where Stata does.
const EPOCH_DAYS: f64 = 137_775.0;
const DAY: f64 = 86_400.0;
/// The greatest double of Stata; the numbers above it are codes of missing values.
const GREATEST: f64 = f64::from_bits(0x7fdf_ffff_ffff_ffff);
/// Most values within a range of missing values that keep their difference: Stata has the letters a to z.
const LETTERS: usize = 26;

/// What was seen of a variable.
#[derive(Debug, Default)]
pub(super) struct Facts {
    /// Least and greatest number that is not missing.
    range: Option<(f64, f64)>,
    has_fraction: bool,
    /// Not every date is the first day of a month, or of a quarter.
    has_other_day: (bool, bool),
    /// Different numbers that the file declares missing, in ascending order; one more than there are letters at most.
    pub missing: Vec<f64>,
    /// Texts that the file declares missing were seen.
    pub missing_text: bool,
    /// Most bytes of a decoded text.
    bytes: usize,
}

impl Facts {
    /// Takes a number; NaN is the system-missing value.
    pub(super) fn number(&mut self, x: f64, variable: &Variable) {
        if !is_number(x) {
            return;
        }
        if variable.missing.has(x) {
            if let Err(at) = self.missing.binary_search_by(|y| y.total_cmp(&x))
                && self.missing.len() <= LETTERS
            {
                self.missing.insert(at, x);
            }
            return;
        }
        let (low, high) = self.range.unwrap_or((x, x));
        self.range = Some((low.min(x), high.max(x)));
        self.has_fraction |= x.fract() != 0.0;
        if matches!(variable.format.kind, FormatKind::Month | FormatKind::Quarter) {
            let (month, day) = month_and_day((x / DAY).floor() - EPOCH_DAYS);
            self.has_other_day.0 |= day != 1;
            self.has_other_day.1 |= day != 1 || month.rem_euclid(3) != 0;
        }
    }

    /// Takes a text as it is in the file, and decoded.
    pub(super) fn text(&mut self, raw: &[u8], decoded: &str, variable: &Variable) {
        self.bytes = self.bytes.max(decoded.len());
        self.missing_text |= !raw.is_empty() && variable.missing.has_text(raw);
    }
}

/// False for the system-missing value, and for numbers that Stata does not have.
fn is_number(x: f64) -> bool {
    x.is_finite() && x <= GREATEST
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
enum Reading {
    Number,
    Day,
    Month,
    Quarter,
    /// Milliseconds since 1960.
    Clock,
}

/// A range of numbers, both ends included, that is one missing value.
type RangeCode = ((f64, f64), Missing);

/// How the values of a variable become those of a column.
#[derive(Debug)]
pub(super) struct Meaning {
    reading: Reading,
    pub storage: StorageType,
    pub format: String,
    /// Numbers that are missing, with their codes.
    pub codes: Vec<(f64, Missing)>,
    /// A range with more different numbers than letters is one code.
    range: Option<RangeCode>,
}

impl Meaning {
    pub(super) fn of(variable: &Variable, facts: &Facts) -> Self {
        let (codes, range) = codes(variable, facts);
        let meaning = |reading, storage, format: &str| Self {
            reading,
            storage,
            format: format.to_owned(),
            codes,
            range,
        };
        if variable.width.is_some() {
            let (storage, format) = text_storage(facts.bytes);
            return meaning(Reading::Number, storage, &format);
        }
        match reading(variable.format.kind, facts) {
            Reading::Day => meaning(Reading::Day, StorageType::Long, "%td"),
            Reading::Month => meaning(Reading::Month, StorageType::Int, "%tm"),
            Reading::Quarter => meaning(Reading::Quarter, StorageType::Int, "%tq"),
            Reading::Clock => meaning(Reading::Clock, StorageType::Double, "%tc"),
            Reading::Number => {
                let (low, high) = facts.range.unwrap_or((f64::INFINITY, f64::NEG_INFINITY));
                let storage = number_storage(!facts.has_fraction, low, high);
                meaning(Reading::Number, storage, &number_format(storage, variable))
            }
        }
    }

    /// The value of the column, or the code of a missing one.
    pub(super) fn value(&self, x: f64) -> Result<f64, Missing> {
        if let Some(missing) = self.missing(x) {
            return Err(missing);
        }
        let days = (x / DAY).floor() - EPOCH_DAYS;
        Ok(match self.reading {
            Reading::Number => x,
            Reading::Day => days,
            Reading::Month => month_and_day(days).0 as f64,
            Reading::Quarter => month_and_day(days).0.div_euclid(3) as f64,
            Reading::Clock => ((x - EPOCH_DAYS * DAY) * 1000.0).round(),
        })
    }

    fn missing(&self, x: f64) -> Option<Missing> {
        if !is_number(x) {
            return Some(Missing::SYSTEM);
        }
        let single = self.codes.iter().find(|(code, _)| *code == x).map(|(_, missing)| *missing);
        single.or_else(|| {
            self.range.filter(|((low, high), _)| (low..=high).contains(&&x)).map(|(_, missing)| missing)
        })
    }

    /// The code that carries the label of a value; `None` where a label cannot stand.
    pub(super) fn code(&self, value: f64) -> Option<i32> {
        match self.missing(value) {
            Some(Missing::SYSTEM) => None,
            Some(missing) => Some(missing.long()),
            None if self.reading != Reading::Number || value.fract() != 0.0 => None,
            None => (-2_147_483_647.0..=2_147_483_620.0).contains(&value).then_some(value as i32),
        }
    }

    /// The missing value that stands for every number of a range.
    pub(super) fn range_code(&self) -> Option<Missing> {
        self.range.map(|(_, missing)| missing)
    }
}

/// Gives each number that is declared missing a letter, in ascending order: those that occur, those that have a label, and the
/// single ones. Where a range has too many of them, it has one letter.
fn codes(variable: &Variable, facts: &Facts) -> (Vec<(f64, Missing)>, Option<RangeCode>) {
    let declared = &variable.missing;
    let labelled = variable.labels.iter().map(|(value, _)| *value).filter(|x| declared.has(*x));
    let single = declared.numbers.iter().copied();
    let mut numbers: Vec<f64> = facts.missing.iter().copied().chain(labelled).chain(single.clone()).collect();
    numbers.retain(|x| is_number(*x));
    let too_many = |numbers: &mut Vec<f64>| {
        numbers.sort_by(f64::total_cmp);
        numbers.dedup();
        numbers.len() > LETTERS
    };
    let mut range = None;
    if too_many(&mut numbers) {
        numbers = single.filter(|x| is_number(*x)).collect();
        too_many(&mut numbers);
        range = declared.range;
    }
    let letter = |at: usize| Missing::from_rank(at as u8 + 1).unwrap_or(Missing::SYSTEM);
    let range = range.map(|ends| (ends, letter(numbers.len())));
    (numbers.into_iter().enumerate().map(|(at, x)| (x, letter(at))).collect(), range)
}

/// How a variable with this format is read; numbers that are no date of the calendar stay numbers.
fn reading(kind: FormatKind, facts: &Facts) -> Reading {
    let Some((low, high)) = facts.range else { return Reading::Number };
    // years 1583 to 9999
    let is_date = low >= 0.0 && high < 3_074_000.0 * DAY;
    match kind {
        FormatKind::Month if is_date && !facts.has_other_day.0 => Reading::Month,
        FormatKind::Quarter if is_date && !facts.has_other_day.1 => Reading::Quarter,
        FormatKind::Date | FormatKind::Month | FormatKind::Quarter if is_date => Reading::Day,
        FormatKind::DateTime if is_date => Reading::Clock,
        _ => Reading::Number,
    }
}

/// The default format of whole numbers; the decimals of the file for others.
fn number_format(storage: StorageType, variable: &Variable) -> String {
    let format = variable.format;
    match storage {
        StorageType::Byte | StorageType::Int => "%8.0g".to_owned(),
        StorageType::Long => "%12.0g".to_owned(),
        _ if format.kind == FormatKind::Number && (1..=9).contains(&format.decimals) => {
            format!("%{}.{}f", format.width.clamp(format.decimals + 3, 20), format.decimals)
        }
        _ => "%10.0g".to_owned(),
    }
}
