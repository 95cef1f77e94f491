//! Words and signs that cells have in common: missing and infinite values, true and false, blanks around a cell.

use std::ops::Range;

/// Spellings of a missing value, after spaces are cut off.
const MISSING_WORDS: [&[u8]; 20] = [
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
    // as forms on the web export a question that was left out, or not shown
    "(空)".as_bytes(),
    "（空）".as_bytes(),
    "(跳过)".as_bytes(),
    "（跳过）".as_bytes(),
];

/// Cuts the spaces around a part of a text off (`trim_ascii`).
#[inline]
pub(in crate::adapters::tabular) fn trimmed(text: &[u8], mut range: Range<usize>) -> Range<usize> {
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
pub(in crate::adapters::tabular) fn is_missing(text: &[u8]) -> bool {
    // most texts differ from all of them in their first byte
    let may_be = |first: u8| matches!(first, b'N' | b'n' | b'#' | b'.' | b'-' | b'<' | b'(' | 0xe7 | 0xef);
    text.first().is_none_or(|first| may_be(*first) && text.len() <= 12 && MISSING_WORDS.contains(&text))
}

/// A word for a missing value that may also be a category, as in "None, Some, Frequent".
const NONE: &[u8] = b"None";
/// A sign for a missing value that may also be a finding, as in "-, +, ++".
const MINUS: &[u8] = b"-";

/// A word for a missing value that is 男 (male) in pinyin, next to 女 (female).
const NAN: &[u8] = b"nan";
/// 女 as it is written without and with the letter ü.
const FEMALE: [&[u8]; 3] = [b"nv", b"nyu", "nü".as_bytes()];

/// A word for a missing value that is North America next to other regions.
const NA: &[u8] = b"NA";
/// Short names of regions and continents.
const REGIONS: [&[u8]; 19] = [
    b"EU", b"EMEA", b"APAC", b"LATAM", b"AMER", b"ASIA", b"AF", b"AS", b"OC", b"SA", b"AN", b"MEA", b"MENA",
    b"LAC", b"SSA", b"ANZ", b"ASEAN", b"CIS", b"ROW",
];

/// Which words for missing values are values like the others in a column of texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::adapters::tabular) struct Words {
    pub none: bool,
    pub minus: bool,
    pub nan: bool,
    pub na: bool,
}

impl Words {
    /// True for a cell (spaces cut off) that stands for a missing value in a column of texts.
    pub(in crate::adapters::tabular) fn is_missing(self, text: &[u8]) -> bool {
        let is_value = self.none && text == NONE
            || self.minus && text == MINUS
            || self.nan && text == NAN
            || self.na && text == NA;
        is_missing(text) && !is_value
    }
}

/// True for a cell (spaces cut off) that is missing in every column of texts.
pub(in crate::adapters::tabular) fn is_always_missing(text: &[u8]) -> bool {
    Words { none: true, minus: true, nan: true, na: true }.is_missing(text)
}

/// Counts of the cells of a column that decide which words for missing values are values.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct WordCounts {
    pub none: u64,
    pub minus: u64,
    pub nan: u64,
    pub na: u64,
    pub plus: u64,
    pub female: u64,
    pub regions: u64,
}

impl WordCounts {
    /// Takes in a cell with a word for a missing value.
    pub(super) fn missing(&mut self, text: &[u8]) {
        self.none += u64::from(text == NONE);
        self.minus += u64::from(text == MINUS);
        self.nan += u64::from(text == NAN);
        self.na += u64::from(text == NA);
    }

    /// Takes in a cell with another text.
    #[inline]
    pub(super) fn other(&mut self, text: &[u8]) {
        match text[0] {
            b'+' => self.plus += u64::from(text.iter().all(|byte| *byte == b'+')),
            b'n' => self.female += u64::from(FEMALE.contains(&text)),
            b'A'..=b'S' if text.len() < 6 => self.regions += u64::from(REGIONS.contains(&text)),
            _ => {}
        }
    }

    /// Adds the counts of another part of the file.
    pub(super) fn merge(&mut self, other: Self) {
        self.none += other.none;
        self.minus += other.minus;
        self.nan += other.nan;
        self.na += other.na;
        self.plus += other.plus;
        self.female += other.female;
        self.regions += other.regions;
    }

    /// The words that are values in a column of so many cells with other texts and no number.
    pub(super) fn values(self, texts: u64) -> Words {
        Words {
            none: self.none > 0,
            minus: self.minus > 0 && self.plus > 0,
            nan: self.nan > 0 && self.female > 0 && self.female == texts,
            na: self.na > 0 && self.regions > 0 && self.regions == texts,
        }
    }

    /// The cells with words that are values.
    pub(super) fn kept(self, words: Words) -> u64 {
        [(words.none, self.none), (words.minus, self.minus), (words.nan, self.nan), (words.na, self.na)]
            .iter()
            .map(|(is_value, cells)| if *is_value { *cells } else { 0 })
            .sum()
    }
}

/// `.a` to `.z`, the extended missing values of numbers.
pub(in crate::adapters::tabular) fn extended_missing(text: &[u8]) -> Option<dta::Missing> {
    match text {
        [b'.', letter @ b'a'..=b'z'] => dta::Missing::from_letter(char::from(*letter)),
        _ => None,
    }
}

/// A cell read as true or false.
pub(in crate::adapters::tabular) fn boolean(text: &[u8]) -> Option<bool> {
    if text.eq_ignore_ascii_case(b"true") {
        Some(true)
    } else if text.eq_ignore_ascii_case(b"false") {
        Some(false)
    } else {
        None
    }
}

/// True for the spellings of an infinite number.
pub(in crate::adapters::tabular) fn is_infinity(text: &[u8]) -> bool {
    let body = text.strip_prefix(b"-").or(text.strip_prefix(b"+")).unwrap_or(text);
    body.eq_ignore_ascii_case(b"inf") || body.eq_ignore_ascii_case(b"infinity") || body == "∞".as_bytes()
}
