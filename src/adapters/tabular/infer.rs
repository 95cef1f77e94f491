//! Properties common to the cells of a column: every cell admits some readings (a number, a date of some
//! style …) and a column keeps those that all its cells admit. Converts nothing.

mod decide;
mod digits;
mod periods;
mod taker;
mod typed;
mod words;

use std::ops::Range;

use super::date::{self, DateStyle, Moment, STYLES};
use super::number;
pub(super) use decide::{DecimalSign, number_storage, text_storage};
pub(super) use digits::Digits;
pub(super) use taker::Taker;
use words::WordCounts;
pub(super) use words::{
    Words, boolean, extended_missing, is_always_missing, is_infinity, is_missing, trimmed,
};

/// A set of readings, one bit each.
pub(super) type Readings = u32;

pub(super) const PLAIN: Readings = 1;
pub(super) const THOUSANDS: Readings = 1 << 1;
pub(super) const DECIMAL_COMMA: Readings = 1 << 2;
pub(super) const PERCENT: Readings = 1 << 3;
pub(super) const BOOLEAN: Readings = 1 << 4;
pub(super) const MONTH: Readings = 1 << 5;
pub(super) const QUARTER: Readings = 1 << 6;
pub(super) const SPELT: Readings = 1 << 7;
const SPAN: Readings = 1 << 13;
const DATE_SHIFT: u32 = 8;
const DATETIME_SHIFT: u32 = 16;
const ANY_NUMBER: Readings = PLAIN | THOUSANDS | DECIMAL_COMMA | PERCENT | SPELT;
const ALL: Readings = 0x00ff_ffff;

fn date_bit(style: DateStyle) -> Readings {
    1 << (DATE_SHIFT + style as u32)
}

fn datetime_bit(style: DateStyle) -> Readings {
    1 << (DATETIME_SHIFT + style as u32)
}

/// Spreadsheets write whole numbers from here on in exponential form unless a format says otherwise (`1.23457E+11`).
const SPREADSHEET_EXPONENT: f64 = 1e11;
/// Identifiers have no more digits than this.
const MOST_DIGITS: usize = 32;

/// How the cells of a column are converted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    Plain,
    Thousands,
    DecimalComma,
    Percent,
    /// Negative numbers by parentheses or other signs, full-width digits.
    Spelt,
    Boolean,
    Date(DateStyle),
    Datetime(DateStyle),
    Month,
    Quarter,
    Text,
    /// Texts among which a word for a missing value is a category.
    Words(Words),
    /// No cell holds anything.
    Empty,
}

impl Reading {
    /// True where cells are kept as they stand.
    pub(super) fn is_text(self) -> bool {
        matches!(self, Self::Text | Self::Words(_))
    }
}

/// Facts on a column that are gathered cell by cell; parts of a file are merged.
#[derive(Debug, Clone)]
pub(super) struct Inference {
    readings: Readings,
    /// Cells that hold something.
    pub present: u64,
    pub missing: u64,
    /// Cells that hold a plain number.
    pub numbers: u64,
    /// First row with something that is not a number.
    pub first_text_row: Option<u64>,
    pub max_bytes: usize,
    /// Cells spelt as a missing-value word other than the empty cell.
    pub missing_words: u64,
    words: WordCounts,
    pub infinite: u64,
    pub first_infinite_row: Option<u64>,
    /// Whole numbers in exponential form that show fewer digits than they have, and the first row of one.
    pub rounded: u64,
    pub first_rounded_row: Option<u64>,
    min: f64,
    max: f64,
    whole: bool,
    leading_zero: bool,
    widths: (usize, usize),
    /// First and last of the years of pairs such as `2005-06`.
    spans: (i32, i32),
    any_time: bool,
    extended: bool,
    enclosed: bool,
    bare: bool,
    behind: bool,
    pub other_minus: bool,
    pub full_width: bool,
    pub other_digits: bool,
    pub invisible: bool,
}

impl Default for Inference {
    fn default() -> Self {
        Self {
            readings: ALL,
            present: 0,
            missing: 0,
            numbers: 0,
            first_text_row: None,
            max_bytes: 0,
            missing_words: 0,
            words: WordCounts::default(),
            infinite: 0,
            first_infinite_row: None,
            rounded: 0,
            first_rounded_row: None,
            min: f64::INFINITY,
            max: f64::NEG_INFINITY,
            whole: true,
            leading_zero: false,
            widths: (usize::MAX, 0),
            spans: (i32::MAX, i32::MIN),
            any_time: false,
            extended: false,
            enclosed: false,
            bare: false,
            behind: false,
            other_minus: false,
            full_width: false,
            other_digits: false,
            invisible: false,
        }
    }
}

impl Inference {
    /// Takes in a cell as it stands in the file; `row` counts from 1.
    pub(super) fn text(&mut self, cell: &[u8], row: u64) {
        self.within(cell, 0..cell.len(), row);
    }

    /// Takes in a cell that is this part of a text.
    #[inline]
    pub(super) fn within(&mut self, block: &[u8], cell: Range<usize>, row: u64) {
        self.within_to(block, cell, row, &mut ());
    }

    /// The same; what was read goes to `taker`, so that the cell need not be read again.
    #[inline]
    pub(super) fn within_to<T: Taker>(&mut self, block: &[u8], cell: Range<usize>, row: u64, taker: &mut T) {
        match number::few_digits(block, &cell) {
            Some(value) => {
                let mut digits = Digits::default();
                digits.add(value, block, &cell);
                self.digits(&digits);
                taker.few_digits(value, cell);
            }
            None => self.others_within_to(block, cell, row, taker),
        }
    }

    /// The same for a cell that is not up to eight digits and nothing else.
    #[inline]
    pub(super) fn others_within_to<T: Taker>(
        &mut self,
        block: &[u8],
        cell: Range<usize>,
        row: u64,
        taker: &mut T,
    ) {
        let bytes = cell.len();
        let place = trimmed(block, cell.clone());
        let text = &block[place.clone()];
        if is_missing(text) {
            self.missing += 1;
            if !text.is_empty() {
                self.missing_word(text, bytes);
            }
            taker.no_value();
            return;
        }
        self.present += 1;
        if bytes > self.max_bytes {
            self.max_bytes = bytes;
        }
        let may_be_number = matches!(text[0], b'0'..=b'9' | b'+' | b'-' | b'.');
        if may_be_number {
            let uses_value = self.uses_value();
            let plain = match uses_value || T::VALUES {
                true => number::plain_within::<true>(block, place),
                false => number::plain_within::<false>(block, place),
            };
            if let Some(plain) = plain {
                self.plain(plain, text, uses_value);
                if !number::storable(plain.value) {
                    self.first_infinite_row.get_or_insert(row);
                }
                // the value of a number with an exponent is always computed
                if !plain.digits_only && plain.value.abs() >= SPREADSHEET_EXPONENT {
                    self.exponential(text, row);
                }
                taker.plain(plain.value, cell);
                return;
            }
        }
        if self.first_text_row.is_none() {
            self.first_text_row = Some(row);
        }
        self.words.other(text);
        let infinite = self.infinite;
        let moment = if self.readings == 0 { None } else { self.other(text) };
        if self.infinite > infinite {
            self.first_infinite_row.get_or_insert(row);
        }
        taker.other(text, cell, moment);
    }

    /// A word for a missing value; a column of texts may hold some of them as they stand in their cells of `bytes`.
    #[cold]
    fn missing_word(&mut self, text: &[u8], bytes: usize) {
        self.missing_words += 1;
        self.words.missing(text);
        if !is_always_missing(text) {
            self.max_bytes = self.max_bytes.max(bytes);
        }
    }

    /// True as long as the values of numbers decide something: in a column with fractions they do so only where points
    /// may group digits.
    #[inline]
    fn uses_value(&self) -> bool {
        self.whole || self.readings & DECIMAL_COMMA != 0
    }

    #[inline]
    fn plain(&mut self, plain: number::Plain, text: &[u8], has_value: bool) {
        self.numbers += 1;
        // next to cells such as "0,5" a "1.234" is 1234
        let comma = self.readings & DECIMAL_COMMA != 0
            && (plain.digits_only || number::with_decimal_comma(text).is_some());
        self.readings &= PLAIN | THOUSANDS | SPELT | if comma { DECIMAL_COMMA } else { 0 };
        if plain.digits_only {
            self.widths.0 = self.widths.0.min(plain.whole_digits);
            self.widths.1 = self.widths.1.max(plain.whole_digits);
        }
        self.leading_zero |= plain.leading_zero;
        // digits alone are a whole number: nothing is to be computed
        if has_value || !number::storable(plain.value) {
            self.value(plain.value, plain.digits_only);
        }
    }

    /// A large number that is not written by its digits alone.
    #[cold]
    fn exponential(&mut self, text: &[u8], row: u64) {
        let Some(at) = text.iter().position(|byte| matches!(byte, b'e' | b'E')) else { return };
        let decimals = text[..at].iter().rev().position(|byte| *byte == b'.').unwrap_or(0);
        let exponent =
            std::str::from_utf8(&text[at + 1..]).ok().and_then(|digits| digits.parse::<usize>().ok());
        if exponent.is_some_and(|exponent| exponent > decimals && exponent < MOST_DIGITS) {
            self.rounded += 1;
            self.first_rounded_row.get_or_insert(row);
        }
    }

    #[inline]
    fn value(&mut self, value: f64, is_whole: bool) {
        if !number::storable(value) {
            self.infinite += 1;
            return;
        }
        self.min = self.min.min(value);
        self.max = self.max.max(value);
        self.whole = self.whole && (is_whole || value.fract() == 0.0);
    }

    /// A cell that is not a plain number; returns the date with the year first, if it was read as one.
    #[cold]
    fn other(&mut self, text: &[u8]) -> Option<Moment> {
        if extended_missing(text).is_some() {
            self.extended = true;
            self.readings &= ANY_NUMBER;
            return None;
        }
        let mut admits = 0;
        let mut year_first = None;
        if self.readings & ANY_NUMBER != 0 {
            if let Some(value) = number::with_thousands(text) {
                admits |= THOUSANDS;
                self.value(value, false);
            }
            if number::with_decimal_comma(text).is_some() {
                admits |= DECIMAL_COMMA;
            }
            if number::percent(text).is_some() {
                admits |= PERCENT;
            }
            if let Some(spelt) = number::spelt(text) {
                admits |= SPELT;
                self.enclosed |= spelt.enclosed;
                self.bare |= !spelt.enclosed;
                self.behind |= spelt.behind;
                self.other_minus |= spelt.other_minus;
                self.full_width |= spelt.full_width;
                self.other_digits |= spelt.other_digits;
                self.invisible |= spelt.invisible;
                if admits & THOUSANDS == 0 {
                    self.value(spelt.value, false);
                }
            }
            if is_infinity(text) {
                admits |= ANY_NUMBER;
                self.infinite += 1;
            }
        }
        if boolean(text).is_some() {
            admits |= BOOLEAN;
        }
        for style in STYLES {
            if self.readings & (date_bit(style) | datetime_bit(style)) == 0 {
                continue;
            }
            if let Some(moment) = date::datetime(text, style) {
                admits |= datetime_bit(style);
                self.any_time |= moment.has_time;
                if moment.is_date {
                    admits |= date_bit(style);
                }
                if style == DateStyle::YearFirst {
                    year_first = Some(moment);
                }
            }
        }
        admits |= self.periods(text);
        self.readings &= admits;
        year_first
    }

    /// Adds what was gathered over another part of the file.
    pub(super) fn merge(&mut self, other: &Self) {
        self.readings &= other.readings;
        self.present += other.present;
        self.missing += other.missing;
        self.numbers += other.numbers;
        self.first_text_row = earlier(self.first_text_row, other.first_text_row);
        self.max_bytes = self.max_bytes.max(other.max_bytes);
        self.missing_words += other.missing_words;
        self.words.merge(other.words);
        self.infinite += other.infinite;
        self.first_infinite_row = earlier(self.first_infinite_row, other.first_infinite_row);
        self.rounded += other.rounded;
        self.first_rounded_row = earlier(self.first_rounded_row, other.first_rounded_row);
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
        self.whole &= other.whole;
        self.leading_zero |= other.leading_zero;
        self.widths = (self.widths.0.min(other.widths.0), self.widths.1.max(other.widths.1));
        self.merge_periods(other);
        self.any_time |= other.any_time;
        self.extended |= other.extended;
        self.enclosed |= other.enclosed;
        self.bare |= other.bare;
        self.behind |= other.behind;
        self.other_minus |= other.other_minus;
        self.full_width |= other.full_width;
        self.other_digits |= other.other_digits;
        self.invisible |= other.invisible;
    }
}

/// The earlier of two rows, either of which there may be none.
fn earlier(a: Option<u64>, b: Option<u64>) -> Option<u64> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

#[cfg(test)]
#[path = "infer_tests.rs"]
mod tests;
