//! Properties common to the cells of a column: every cell admits some readings (a number, a date of some
//! style …) and a column keeps those that all its cells admit. Decides the storage; converts nothing.

use std::ops::Range;

use dta::StorageType;

use super::date::{self, DateStyle, STYLES};
use super::number;

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

/// Spellings of a missing value, after spaces are cut off.
const MISSING_WORDS: [&[u8]; 16] = [
    b"NA",
    b"N/A",
    b"#N/A",
    b".",
    b"..",
    b"NULL",
    b"-",
    b"--",
    b"NaN",
    b"nan",
    b"null",
    b"n/a",
    b"<NA>",
    b"#NA",
    b"None",
    "缺失".as_bytes(),
];

/// Spreadsheets write whole numbers from here on in exponential form unless a format says otherwise (`1.23457E+11`).
const SPREADSHEET_EXPONENT: f64 = 1e11;
/// Identifiers have no more digits than this.
const MOST_DIGITS: usize = 32;

/// Cuts the spaces around a part of a text off (`trim_ascii`).
#[inline]
pub(super) fn trimmed(text: &[u8], mut range: Range<usize>) -> Range<usize> {
    while !range.is_empty() && text[range.end - 1].is_ascii_whitespace() {
        range.end -= 1;
    }
    while !range.is_empty() && text[range.start].is_ascii_whitespace() {
        range.start += 1;
    }
    range
}

/// True for a cell (spaces cut off) that stands for a missing value.
#[inline]
pub(super) fn is_missing(text: &[u8]) -> bool {
    // most texts differ from all of them in their first byte
    let may_be = |first: u8| matches!(first, b'N' | b'n' | b'#' | b'.' | b'-' | b'<' | 0xe7);
    text.first().is_none_or(|first| may_be(*first) && text.len() <= 6 && MISSING_WORDS.contains(&text))
}

/// `.a` to `.z`, the extended missing values of numbers.
pub(super) fn extended_missing(text: &[u8]) -> Option<dta::Missing> {
    match text {
        [b'.', letter @ b'a'..=b'z'] => dta::Missing::from_letter(char::from(*letter)),
        _ => None,
    }
}

/// A cell read as true or false.
pub(super) fn boolean(text: &[u8]) -> Option<bool> {
    if text.eq_ignore_ascii_case(b"true") {
        Some(true)
    } else if text.eq_ignore_ascii_case(b"false") {
        Some(false)
    } else {
        None
    }
}

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
    /// No cell holds anything.
    Empty,
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
    pub infinite: u64,
    /// Whole numbers in exponential form that show fewer digits than they have, and the first row of one.
    pub rounded: u64,
    pub first_rounded_row: Option<u64>,
    min: f64,
    max: f64,
    whole: bool,
    leading_zero: bool,
    widths: (usize, usize),
    any_time: bool,
    extended: bool,
    enclosed: bool,
    bare: bool,
    behind: bool,
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
            infinite: 0,
            rounded: 0,
            first_rounded_row: None,
            min: f64::INFINITY,
            max: f64::NEG_INFINITY,
            whole: true,
            leading_zero: false,
            widths: (usize::MAX, 0),
            any_time: false,
            extended: false,
            enclosed: false,
            bare: false,
            behind: false,
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
        let bytes = cell.len();
        if let Some(value) = number::few_digits(block, &cell) {
            self.few_digits(f64::from(value), bytes, block[cell.start] == b'0');
            return;
        }
        let place = trimmed(block, cell);
        let text = &block[place.clone()];
        if is_missing(text) {
            self.missing += 1;
            if !text.is_empty() {
                self.missing_words += 1;
            }
            return;
        }
        self.present += 1;
        if bytes > self.max_bytes {
            self.max_bytes = bytes;
        }
        let may_be_number = matches!(text[0], b'0'..=b'9' | b'+' | b'-' | b'.');
        if may_be_number {
            let uses_value = self.uses_value();
            let plain = match uses_value {
                true => number::plain_within::<true>(block, place),
                false => number::plain_within::<false>(block, place),
            };
            if let Some(plain) = plain {
                self.plain(plain, text, uses_value);
                // the value of a number with an exponent is always computed
                if !plain.digits_only && plain.value.abs() >= SPREADSHEET_EXPONENT {
                    self.exponential(text, row);
                }
                return;
            }
        }
        if self.first_text_row.is_none() {
            self.first_text_row = Some(row);
        }
        if self.readings != 0 {
            self.other(text);
        }
    }

    /// A cell of up to eight digits and nothing else: as [`Self::plain`], with what is known of such a cell.
    #[inline(always)]
    fn few_digits(&mut self, value: f64, digits: usize, zero_first: bool) {
        self.present += 1;
        self.numbers += 1;
        self.max_bytes = self.max_bytes.max(digits);
        if self.uses_value() {
            self.min = if value < self.min { value } else { self.min };
            self.max = if value > self.max { value } else { self.max };
        }
        self.readings &= PLAIN | THOUSANDS | SPELT | DECIMAL_COMMA;
        self.widths.0 = self.widths.0.min(digits);
        self.widths.1 = self.widths.1.max(digits);
        self.leading_zero |= zero_first && digits > 1;
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

    /// A cell that is not a plain number.
    #[cold]
    fn other(&mut self, text: &[u8]) {
        if extended_missing(text).is_some() {
            self.extended = true;
            self.readings &= ANY_NUMBER;
            return;
        }
        let mut admits = 0;
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
            }
        }
        if self.readings & MONTH != 0 && date::month(text).is_some() {
            admits |= MONTH;
        }
        if self.readings & QUARTER != 0 && date::quarter(text).is_some() {
            admits |= QUARTER;
        }
        self.readings &= admits;
    }

    /// Takes in an empty cell.
    pub(super) fn empty(&mut self) {
        self.missing += 1;
    }

    /// Takes in a cell that is a number in the file; `text_bytes` is its length when written as text.
    pub(super) fn number(&mut self, value: f64, text_bytes: usize) {
        self.present += 1;
        self.numbers += 1;
        self.max_bytes = self.max_bytes.max(text_bytes);
        self.readings &= PLAIN | THOUSANDS | DECIMAL_COMMA | SPELT;
        self.value(value, false);
    }

    /// Takes in a cell that is a truth value in the file.
    pub(super) fn truth(&mut self, row: u64) {
        self.present += 1;
        self.max_bytes = self.max_bytes.max(5);
        self.first_text_row.get_or_insert(row);
        self.readings &= BOOLEAN;
    }

    /// Takes in a cell that is a date (and time) in the file.
    pub(super) fn moment(&mut self, has_time: bool, row: u64) {
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

    /// Adds what was gathered over another part of the file.
    pub(super) fn merge(&mut self, other: &Self) {
        self.readings &= other.readings;
        self.present += other.present;
        self.missing += other.missing;
        self.numbers += other.numbers;
        self.first_text_row = earlier(self.first_text_row, other.first_text_row);
        self.max_bytes = self.max_bytes.max(other.max_bytes);
        self.missing_words += other.missing_words;
        self.infinite += other.infinite;
        self.rounded += other.rounded;
        self.first_rounded_row = earlier(self.first_rounded_row, other.first_rounded_row);
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
        self.whole &= other.whole;
        self.leading_zero |= other.leading_zero;
        self.widths = (self.widths.0.min(other.widths.0), self.widths.1.max(other.widths.1));
        self.any_time |= other.any_time;
        self.extended |= other.extended;
        self.enclosed |= other.enclosed;
        self.bare |= other.bare;
        self.behind |= other.behind;
    }

    /// True if the cells read as dates day first and month first alike.
    pub(super) fn ambiguous_date(&self) -> bool {
        self.present > 0
            && [date_bit as fn(DateStyle) -> Readings, datetime_bit].iter().any(|bit| {
                let both = bit(DateStyle::DayFirst) | bit(DateStyle::MonthFirst);
                self.readings & both == both
            })
    }

    /// True if the cells read as numbers with signs for thousands and with decimal signs alike: `1,234` everywhere.
    pub(super) fn either_number(&self, reading: Reading) -> bool {
        match reading {
            Reading::Thousands => self.readings & DECIMAL_COMMA != 0,
            Reading::DecimalComma => self.readings & THOUSANDS != 0,
            // `1.234` everywhere: one and a bit, or thousands where commas are decimal
            Reading::Plain => self.readings & DECIMAL_COMMA != 0 && !self.whole && self.min.abs() >= 1.0,
            _ => false,
        }
    }

    /// True if whole numbers were kept as text because numbers would lose digits or leading zeros.
    pub(super) fn is_code(&self) -> bool {
        self.readings & PLAIN != 0 && self.numbers > 0 && (self.too_long() || self.uneven_zeros())
    }

    /// True for whole numbers of a workbook that have more digits than the 15 that spreadsheets keep.
    pub(super) fn exceeds_spreadsheet(&self, reading: Reading) -> bool {
        reading == Reading::Plain && self.whole && self.min.abs().max(self.max.abs()) >= 1e15
    }

    /// True where a spreadsheet may have written identifiers in exponential form: whole numbers without all of their digits.
    pub(super) fn is_rounded(&self, reading: Reading) -> bool {
        self.rounded > 0 && (reading == Reading::Plain && self.whole || reading == Reading::Text)
    }

    fn too_long(&self) -> bool {
        self.whole && self.widths.1 > 15 && self.min.abs().max(self.max.abs()) >= 9_007_199_254_740_992.0
    }

    fn uneven_zeros(&self) -> bool {
        self.leading_zero && (self.widths.0 != self.widths.1 || self.widths.1 > 15 || !self.whole)
    }

    /// How the column's cells are to be converted. `1,234` alone could be either of two numbers:
    /// `prefer_decimal_comma` decides.
    pub(super) fn reading(&self, prefer_decimal_comma: bool) -> Reading {
        if self.present == 0 {
            return Reading::Empty;
        }
        if self.is_code() || self.ambiguous_date() {
            return Reading::Text;
        }
        if prefer_decimal_comma && self.readings & (PLAIN | DECIMAL_COMMA) == DECIMAL_COMMA {
            return Reading::DecimalComma;
        }
        // whole numbers that all stand in parentheses are labels, such as those of models; `3-` is a grade or an age
        let all_enclosed = self.enclosed && !self.bare && self.numbers == 0;
        let labels = self.whole && (self.behind || all_enclosed);
        let spelt = if labels { 0 } else { SPELT };
        let simple = [
            (PLAIN, Reading::Plain),
            (THOUSANDS, Reading::Thousands),
            (DECIMAL_COMMA, Reading::DecimalComma),
            (PERCENT, Reading::Percent),
            (spelt, Reading::Spelt),
            (BOOLEAN, Reading::Boolean),
            (MONTH, Reading::Month),
            (QUARTER, Reading::Quarter),
        ];
        if let Some((_, reading)) = simple.iter().find(|(bit, _)| self.readings & bit != 0) {
            return *reading;
        }
        for style in STYLES {
            let dates = self.readings & date_bit(style) != 0;
            let datetimes = self.readings & datetime_bit(style) != 0;
            if dates || (datetimes && !self.any_time) {
                return Reading::Date(style);
            }
            if datetimes {
                return Reading::Datetime(style);
            }
        }
        Reading::Text
    }

    /// The smallest storage that holds every value under a reading, and the display format.
    pub(super) fn storage(&self, reading: Reading) -> (StorageType, String) {
        let number = |storage: StorageType, format: &str| (storage, format.to_owned());
        match reading {
            Reading::Empty | Reading::Boolean => number(StorageType::Byte, "%8.0g"),
            Reading::Plain | Reading::Thousands => {
                let storage = self.number_storage();
                let format = match storage {
                    _ if self.leading_zero => format!("%0{}.0f", self.widths.1),
                    StorageType::Byte | StorageType::Int => "%8.0g".to_owned(),
                    StorageType::Long => "%12.0g".to_owned(),
                    _ => "%10.0g".to_owned(),
                };
                (storage, format)
            }
            Reading::DecimalComma | Reading::Percent | Reading::Spelt => {
                number(StorageType::Double, "%10.0g")
            }
            Reading::Date(_) => number(StorageType::Long, "%td"),
            Reading::Datetime(_) => number(StorageType::Double, "%tc"),
            Reading::Month => number(StorageType::Int, "%tm"),
            Reading::Quarter => number(StorageType::Int, "%tq"),
            Reading::Text => text_storage(self.max_bytes),
        }
    }

    fn number_storage(&self) -> StorageType {
        if !self.whole {
            return StorageType::Double;
        }
        if self.min > self.max {
            return StorageType::Byte; // nothing but missing and infinite values
        }
        let fits = |low: f64, high: f64| self.min >= low && self.max <= high;
        if fits(-127.0, 100.0) {
            StorageType::Byte
        } else if fits(-32_767.0, 32_740.0) {
            StorageType::Int
        } else if fits(-2_147_483_647.0, 2_147_483_620.0) {
            StorageType::Long
        } else {
            StorageType::Double
        }
    }
}

/// The earlier of two rows, either of which there may be none.
fn earlier(a: Option<u64>, b: Option<u64>) -> Option<u64> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

/// Storage and display format of texts of at most `bytes` bytes.
pub(super) fn text_storage(bytes: usize) -> (StorageType, String) {
    if bytes <= dta::limits::STR_BYTES {
        (StorageType::Str(bytes.max(1) as u16), format!("%{}s", bytes.clamp(9, 244)))
    } else {
        (StorageType::StrL, "%9s".to_owned())
    }
}

/// True for the spellings of an infinite number.
pub(super) fn is_infinity(text: &[u8]) -> bool {
    let body = text.strip_prefix(b"-").or(text.strip_prefix(b"+")).unwrap_or(text);
    body.eq_ignore_ascii_case(b"inf") || body.eq_ignore_ascii_case(b"infinity") || body == "∞".as_bytes()
}

#[cfg(test)]
#[path = "infer_tests.rs"]
mod tests;
