//! What the values of a variable mean: dates, numbers, and which of them are missing. Dates become those of Stata, counted from
//! 1960; numbers that the file declares missing become the letters of extended missing values.

use dta::{FirstDays, Missing, Reading};

use crate::assemble::Variable;
use crate::values::FormatKind;

/// Days from 1582-10-14, where SPSS counts from, to 1960-01-01, where Stata does.
const EPOCH_DAYS: f64 = 137_775.0;
const DAY: f64 = 86_400.0;
/// The greatest double of Stata; the numbers above it are codes of missing values.
const GREATEST: f64 = f64::from_bits(0x7fdf_ffff_ffff_ffff);
/// Most values within a range of missing values that keep their difference: Stata has the letters a to z.
const LETTERS: usize = 26;

/// What was seen of a variable.
#[derive(Debug, Default)]
pub struct Facts {
    /// Least and greatest number that is not missing.
    pub range: Option<(f64, f64)>,
    /// Some number is not whole.
    pub has_fraction: bool,
    first_days: FirstDays,
    /// Different numbers that the file declares missing, in ascending order; one more than there are letters at most.
    pub missing: Vec<f64>,
    /// Texts that the file declares missing were seen.
    pub missing_text: bool,
    /// Most bytes of a decoded text.
    pub bytes: usize,
}

impl Facts {
    /// Takes a number; NaN is the system-missing value.
    pub fn number(&mut self, x: f64, variable: &Variable) {
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
            self.first_days.take((x / DAY).floor() - EPOCH_DAYS);
        }
    }

    /// Takes a text as it is in the file, and decoded.
    pub fn text(&mut self, raw: &[u8], decoded: &str, variable: &Variable) {
        self.bytes = self.bytes.max(decoded.len());
        self.missing_text |= !raw.is_empty() && variable.missing.has_text(raw);
    }
}

/// False for the system-missing value, and for numbers that Stata does not have.
fn is_number(x: f64) -> bool {
    x.is_finite() && x <= GREATEST
}

/// A range of numbers, both ends included, that is one missing value.
type RangeCode = ((f64, f64), Missing);

/// What carries the label of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// A number.
    Number(i32),
    /// A missing value.
    Missing(Missing),
}

/// How the values of a variable become those of a column.
#[derive(Debug)]
pub struct Meaning {
    /// How numbers are read.
    pub reading: Reading,
    /// Numbers that are missing, with their codes.
    pub codes: Vec<(f64, Missing)>,
    /// A range with more different numbers than letters is one code.
    range: Option<RangeCode>,
}

impl Meaning {
    /// The meaning under what was seen of the values.
    pub fn of(variable: &Variable, facts: &Facts) -> Self {
        let (codes, range) = codes(variable, facts);
        let is_text = variable.width.is_some();
        let reading = if is_text { Reading::Number } else { reading(variable.format.kind, facts) };
        Self { reading, codes, range }
    }

    /// The value that Stata has for a number of the file.
    ///
    /// # Errors
    /// The missing value that stands for the number.
    pub fn value(&self, x: f64) -> Result<f64, Missing> {
        if let Some(missing) = self.missing(x) {
            return Err(missing);
        }
        Ok(match self.reading {
            Reading::Number => x,
            Reading::Day | Reading::Month | Reading::Quarter => {
                self.reading.of_day((x / DAY).floor() - EPOCH_DAYS)
            }
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

    /// What carries the label of a value; `None` where a label cannot stand.
    pub fn code(&self, value: f64) -> Option<Code> {
        match self.missing(value) {
            Some(Missing::SYSTEM) => None,
            Some(missing) => Some(Code::Missing(missing)),
            None if self.reading != Reading::Number || value.fract() != 0.0 => None,
            None => {
                (-2_147_483_647.0..=2_147_483_620.0).contains(&value).then_some(Code::Number(value as i32))
            }
        }
    }

    /// The missing value that stands for every number of a range.
    pub fn range_code(&self) -> Option<Missing> {
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
        FormatKind::Month if is_date && facts.first_days.of_months => Reading::Month,
        FormatKind::Quarter if is_date && facts.first_days.of_quarters => Reading::Quarter,
        FormatKind::Date | FormatKind::Month | FormatKind::Quarter if is_date => Reading::Day,
        FormatKind::DateTime if is_date => Reading::Clock,
        _ => Reading::Number,
    }
}
