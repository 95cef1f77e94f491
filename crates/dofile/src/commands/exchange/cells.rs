//! From the texts of a column to a typed column: which columns are numbers, and of which type.

use crate::frame::{Column, StorageType};
use crate::value::{MISSING, missing};

/// The number that a cell of a text file means: empty and `.` are missing, `.a` to `.z` extended
/// missing values; `None` when it is no number.
pub(super) fn number(cell: &[u8]) -> Option<f64> {
    let cell = cell.trim_ascii();
    match cell {
        b"" | b"." => return Some(MISSING),
        [b'.', letter @ b'a'..=b'z'] => return Some(missing(letter - b'a' + 1)),
        _ => {}
    }
    // words such as inf and nan are texts
    let plausible = |b: &u8| b.is_ascii_digit() || b"+-.eEdD".contains(b);
    if !cell.iter().all(plausible) || !cell.iter().any(u8::is_ascii_digit) {
        return None;
    }
    let text = std::str::from_utf8(cell).ok()?;
    let parsed = match text.parse::<f64>() {
        Ok(value) => value,
        Err(_) => text.replace(['d', 'D'], "e").parse().ok()?,
    };
    (parsed.abs() < MISSING).then_some(parsed)
}

/// Facts of a column after reading its cells.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Kind {
    pub(super) text: bool,
    pub(super) fraction: bool,
    pub(super) low: f64,
    pub(super) high: f64,
}

impl Default for Kind {
    fn default() -> Self {
        Self { text: false, fraction: false, low: f64::INFINITY, high: f64::NEG_INFINITY }
    }
}

impl Kind {
    /// Takes one cell into account.
    pub(super) fn look(&mut self, cell: &[u8]) {
        if self.text {
            return;
        }
        match number(cell) {
            None => self.text = true,
            Some(value) => self.look_number(value),
        }
    }

    /// Takes one number into account.
    pub(super) fn look_number(&mut self, value: f64) {
        if value < MISSING {
            self.fraction |= value.fract() != 0.0;
            self.low = self.low.min(value);
            self.high = self.high.max(value);
        }
    }

    /// The smallest numeric type; fractions are `float`, or `double` where asked for.
    pub(super) fn numeric_type(&self, fractions: StorageType) -> StorageType {
        if self.fraction {
            return if StorageType::Float.holds(self.low) && StorageType::Float.holds(self.high) {
                fractions
            } else {
                StorageType::Double
            };
        }
        if self.low > self.high {
            return StorageType::Byte;
        }
        [StorageType::Byte, StorageType::Int, StorageType::Long]
            .into_iter()
            .find(|t| t.holds(self.low) && t.holds(self.high))
            .unwrap_or(StorageType::Double)
    }
}

/// Values of a column while a file is read.
#[derive(Debug)]
pub(super) enum Builder {
    Numbers(StorageType, Vec<f64>),
    Texts(Vec<Box<str>>),
}

impl Builder {
    /// Appends a missing or empty value.
    pub(super) fn push_empty(&mut self) {
        match self {
            Self::Numbers(_, values) => values.push(MISSING),
            Self::Texts(values) => values.push("".into()),
        }
    }

    /// The column.
    pub(super) fn finish(self) -> Column {
        match self {
            Self::Numbers(StorageType::Double, values) => Column::Double(values),
            Self::Numbers(ty, values) => Column::from_f64(ty, &values),
            Self::Texts(values) => Column::from_strings(values),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_numbers_missing_values_or_texts() {
        assert_eq!(number(b" 1.5 "), Some(1.5));
        assert_eq!(number(b"-1e3"), Some(-1000.0));
        assert_eq!(number(b"1d2"), Some(100.0));
        assert_eq!(number(b""), Some(MISSING));
        assert_eq!(number(b".b"), Some(missing(2)));
        for text in ["NA", "nan", "inf", "1,000", "-", "1e999", "e"] {
            assert_eq!(number(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn the_smallest_type_that_holds_a_column_is_taken() {
        let kind = |cells: &[&str]| {
            let mut kind = Kind::default();
            cells.iter().for_each(|c| kind.look(c.as_bytes()));
            if kind.text { None } else { Some(kind.numeric_type(StorageType::Float)) }
        };
        assert_eq!(kind(&["1", "100", ""]), Some(StorageType::Byte));
        assert_eq!(kind(&["1", "101"]), Some(StorageType::Int));
        assert_eq!(kind(&["40000"]), Some(StorageType::Long));
        assert_eq!(kind(&["3000000000"]), Some(StorageType::Double));
        assert_eq!(kind(&["0.1"]), Some(StorageType::Float));
        assert_eq!(kind(&["1", "x"]), None);
        assert_eq!(kind(&["", "."]), Some(StorageType::Byte));
    }
}
