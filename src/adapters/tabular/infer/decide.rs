//! Decides from the facts on a column how its cells are read, and what stores them.

use dta::StorageType;

use super::{
    BOOLEAN, DECIMAL_COMMA, Inference, MONTH, PERCENT, PLAIN, QUARTER, Reading, Readings, SPELT, THOUSANDS,
    date_bit, datetime_bit,
};
use crate::adapters::tabular::date::{DateStyle, STYLES};

/// The decimal sign of the numbers of a file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::adapters::tabular) struct DecimalSign {
    /// A comma, else a point.
    pub comma: bool,
    /// A column can be read with this sign alone, and none with the other alone.
    pub seen: bool,
}

impl DecimalSign {
    /// The sign that the columns show; `comma` where they show none, or both.
    pub(in crate::adapters::tabular) fn of(columns: &[Inference], comma: bool) -> Self {
        let seen = |comma| columns.iter().any(|column| column.shows_comma() == Some(comma));
        match (seen(true), seen(false)) {
            (true, false) => Self { comma: true, seen: true },
            (false, true) => Self { comma: false, seen: true },
            _ => Self { comma, seen: false },
        }
    }
}

impl Inference {
    /// Ways to write a negative number, and whether each was seen.
    pub(in crate::adapters::tabular) fn signs(&self) -> [(bool, &'static str); 3] {
        [
            (self.enclosed, "in parentheses"),
            (self.behind, "with a minus behind them"),
            (self.other_minus, "with another minus sign"),
        ]
    }

    /// `Some` where the numbers of the column can have one decimal sign only: true for a comma.
    fn shows_comma(&self) -> Option<bool> {
        match self.readings & (PLAIN | THOUSANDS | DECIMAL_COMMA) {
            _ if self.present == 0 => None,
            DECIMAL_COMMA => Some(true),
            THOUSANDS => Some(false),
            signs if signs & PLAIN == 0 || self.whole => None,
            signs => (signs & DECIMAL_COMMA == 0).then_some(false),
        }
    }

    /// True where every point of the numbers may group digits: `1.234`.
    pub(in crate::adapters::tabular) fn points_may_group(&self) -> bool {
        let both = PLAIN | DECIMAL_COMMA;
        self.readings & both == both && !self.whole && self.min.abs() >= 1.0
    }

    /// True if the cells read as dates day first and month first alike.
    pub(in crate::adapters::tabular) fn ambiguous_date(&self) -> bool {
        self.present > 0
            && [date_bit as fn(DateStyle) -> Readings, datetime_bit].iter().any(|bit| {
                let both = bit(DateStyle::DayFirst) | bit(DateStyle::MonthFirst);
                self.readings & both == both
            })
    }

    /// True if the cells read as numbers with signs for thousands and with decimal signs alike: `1,234` everywhere.
    pub(in crate::adapters::tabular) fn either_number(&self, reading: Reading) -> bool {
        match reading {
            Reading::Thousands => self.readings & DECIMAL_COMMA != 0,
            Reading::DecimalComma => self.readings & THOUSANDS != 0,
            // `1.234` everywhere: one and a bit, or thousands where commas are decimal
            Reading::Plain => self.points_may_group(),
            _ => false,
        }
    }

    /// True if whole numbers were kept as text because numbers would lose digits or leading zeros.
    pub(in crate::adapters::tabular) fn is_code(&self) -> bool {
        self.readings & PLAIN != 0 && self.numbers > 0 && (self.too_long() || self.uneven_zeros())
    }

    /// True for whole numbers of a workbook that have more digits than the 15 that spreadsheets keep.
    pub(in crate::adapters::tabular) fn exceeds_spreadsheet(&self, reading: Reading) -> bool {
        reading == Reading::Plain && self.whole && self.min.abs().max(self.max.abs()) >= 1e15
    }

    /// True where a spreadsheet may have written identifiers in exponential form: whole numbers without all of their digits.
    pub(in crate::adapters::tabular) fn is_rounded(&self, reading: Reading) -> bool {
        self.rounded > 0 && (reading == Reading::Plain && self.whole || reading.is_text())
    }

    fn too_long(&self) -> bool {
        self.whole && self.widths.1 > 15 && self.min.abs().max(self.max.abs()) >= 9_007_199_254_740_992.0
    }

    fn uneven_zeros(&self) -> bool {
        self.leading_zero && (self.widths.0 != self.widths.1 || self.widths.1 > 15 || !self.whole)
    }

    /// How the column's cells are to be converted. `1,234` alone could be either of two numbers, and `1.234` where the
    /// file has decimal commas: its decimal sign decides.
    pub(in crate::adapters::tabular) fn reading(&self, sign: DecimalSign) -> Reading {
        if self.present == 0 {
            return Reading::Empty;
        }
        if self.is_code() || self.ambiguous_date() || self.are_pairs_of_years() {
            return Reading::Text;
        }
        let no_point = self.readings & (PLAIN | DECIMAL_COMMA) == DECIMAL_COMMA;
        if sign.comma && (no_point || sign.seen && self.points_may_group()) {
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
        self.texts()
    }

    /// How texts are read: next to words alone `None` is one of them, `-` next to `+` is its opposite, `nan` next to `nv` is
    /// 男 next to 女, and `NA` next to regions is North America.
    fn texts(&self) -> Reading {
        if self.numbers > 0 {
            return Reading::Text;
        }
        let words = self.words.values(self.present);
        if words.none || words.minus || words.nan || words.na { Reading::Words(words) } else { Reading::Text }
    }

    /// Cells with a word for a missing value that is read as one.
    pub(in crate::adapters::tabular) fn words_read_as_missing(&self, reading: Reading) -> u64 {
        let Reading::Words(words) = reading else { return self.missing_words };
        self.missing_words - self.words.kept(words)
    }

    /// Cells with `None`, and with `NA`, that keep it as a category.
    pub(in crate::adapters::tabular) fn kept_words(&self, reading: Reading) -> [(&'static str, u64); 2] {
        let Reading::Words(words) = reading else { return [("None", 0), ("NA", 0)] };
        let cells = |kept: bool, cells: u64| if kept { cells } else { 0 };
        [("None", cells(words.none, self.words.none)), ("NA", cells(words.na, self.words.na))]
    }

    /// The smallest storage that holds every value under a reading, and the display format.
    pub(in crate::adapters::tabular) fn storage(&self, reading: Reading) -> (StorageType, String) {
        let number = |storage: StorageType, format: &str| (storage, format.to_owned());
        match reading {
            Reading::Empty | Reading::Boolean => number(StorageType::Byte, "%8.0g"),
            Reading::Plain | Reading::Thousands => {
                let storage = number_storage(self.whole, self.min, self.max);
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
            Reading::Text | Reading::Words(_) => text_storage(self.max_bytes),
        }
    }
}

/// The smallest storage for numbers between two; whole says that none has a fraction, and there are none where `min` is the greater.
pub(in crate::adapters::tabular) fn number_storage(whole: bool, min: f64, max: f64) -> StorageType {
    if !whole {
        return StorageType::Double;
    }
    if min > max {
        return StorageType::Byte; // nothing but missing and infinite values
    }
    let fits = |low: f64, high: f64| min >= low && max <= high;
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

/// Storage and display format of texts of at most `bytes` bytes.
pub(in crate::adapters::tabular) fn text_storage(bytes: usize) -> (StorageType, String) {
    if bytes <= dta::limits::STR_BYTES {
        (StorageType::Str(bytes.max(1) as u16), format!("%{}s", bytes.clamp(9, 244)))
    } else {
        (StorageType::StrL, "%9s".to_owned())
    }
}
