//! Cells to typed columns, by the reading that inference chose. A cell that does not fit its column's
//! reading is a defect of inference and becomes a missing value, which the caller counts.

use std::ops::Range;

use dta::{Column, Missing, StorageType, Texts};

use super::date::{self, DAY_MS, DateStyle, Moment};
use super::infer::{self, Reading, Taker};
use super::number;

/// Builds one column of a block of rows.
pub(super) struct Builder {
    reading: Reading,
    storage: StorageType,
    values: Column,
    /// Cells that could not be converted.
    pub misfits: u64,
}

impl Builder {
    /// An empty column with room for `rows` rows.
    pub(super) fn new(reading: Reading, storage: StorageType, rows: usize) -> Self {
        let values = match storage {
            StorageType::Byte => Column::Byte(Vec::with_capacity(rows)),
            StorageType::Int => Column::Int(Vec::with_capacity(rows)),
            StorageType::Long => Column::Long(Vec::with_capacity(rows)),
            StorageType::Float | StorageType::Double => Column::Double(Vec::with_capacity(rows)),
            StorageType::Str(_) | StorageType::StrL => Column::Str(Texts::default()),
        };
        Self { reading, storage, values, misfits: 0 }
    }

    /// True for a column of texts.
    #[inline]
    pub(super) fn takes_text(&self) -> bool {
        matches!(self.values, Column::Str(_))
    }

    /// True for a column of texts that has words for missing values among its categories.
    pub(super) fn takes_words(&self) -> bool {
        matches!(self.reading, Reading::Words(_))
    }

    /// Appends a cell as it stands in the file.
    #[inline]
    pub(super) fn text(&mut self, cell: &str) {
        if let Column::Str(texts) = &mut self.values {
            let text = cell.as_bytes().trim_ascii();
            let is_missing = match self.reading {
                Reading::Words(words) => words.is_missing(text),
                _ => infer::is_missing(text),
            };
            texts.push(if is_missing { "" } else { cell });
        } else {
            self.within(cell.as_bytes(), 0..cell.len());
        }
    }

    /// Appends a cell that is this part of a text to a column of numbers.
    #[inline]
    pub(super) fn within(&mut self, block: &[u8], cell: Range<usize>) {
        if self.reading == Reading::Plain
            && let Some(number) = number::few_digits(block, &cell)
        {
            self.whole(number);
            return;
        }
        if self.reading == Reading::Plain
            && let Some(number) = number::with_point::<true>(block, &cell)
        {
            self.decimal(number.value);
            return;
        }
        let place = infer::trimmed(block, cell);
        let text = &block[place.clone()];
        // no word for a missing value reads as a plain number
        if self.reading == Reading::Plain
            && let Some(number) = number::plain_within::<true>(block, place)
        {
            self.number(number.value);
        } else if infer::is_missing(text) {
            self.push_missing(Missing::SYSTEM);
        } else {
            self.unlike_others(text);
        }
    }

    /// Appends a cell that is no plain number and no word for a missing value.
    fn unlike_others(&mut self, text: &[u8]) {
        if let Some(missing) = infer::extended_missing(text) {
            self.push_missing(missing);
            return;
        }
        match self.read(text) {
            Some(value) => self.number(value),
            None => {
                self.misfits += u64::from(!infer::is_infinity(text));
                self.push_missing(Missing::SYSTEM);
            }
        }
    }

    /// True if inference reads the cells as this column does.
    pub(super) fn takes_what_was_read(&self) -> bool {
        let year_first = DateStyle::YearFirst;
        [Reading::Plain, Reading::Date(year_first), Reading::Datetime(year_first)].contains(&self.reading)
    }

    /// Appends a text as it stands.
    #[inline]
    fn verbatim(&mut self, text: &str) {
        match &mut self.values {
            Column::Str(texts) => texts.push(text),
            _ => self.misfits += 1,
        }
    }

    fn read(&self, text: &[u8]) -> Option<f64> {
        match self.reading {
            Reading::Plain => number::plain(text).map(|p| p.value),
            Reading::Thousands => {
                number::with_thousands(text).or_else(|| number::plain(text).map(|p| p.value))
            }
            Reading::DecimalComma => number::with_decimal_comma(text),
            Reading::Percent => number::percent(text),
            Reading::Spelt => {
                number::plain(text).map(|p| p.value).or_else(|| number::spelt(text).map(|s| s.value))
            }
            Reading::Boolean => infer::boolean(text).map(|b| f64::from(u8::from(b))),
            Reading::Date(style) => date::date(text, style)
                .map(f64::from)
                .or_else(|| date::datetime(text, style).map(|moment| moment.ms / DAY_MS)),
            Reading::Datetime(style) => date::datetime(text, style).map(|moment| moment.ms),
            Reading::Month => date::month(text).map(f64::from),
            Reading::Quarter => date::quarter(text).map(f64::from),
            Reading::Text | Reading::Words(_) | Reading::Empty => None,
        }
    }

    /// Appends a number; one that cannot be stored becomes missing.
    #[inline]
    pub(super) fn number(&mut self, value: f64) {
        if !number::storable(value) {
            self.push_missing(Missing::SYSTEM);
            return;
        }
        match &mut self.values {
            Column::Byte(v) => v.push(value as i8),
            Column::Int(v) => v.push(value as i16),
            Column::Long(v) => v.push(value as i32),
            Column::Double(v) => v.push(value),
            Column::Str(v) => v.push(&number_text(value)),
            Column::Float(_) | Column::StrL(_) => unreachable!("builders have no such column"),
        }
    }

    /// Appends a whole number of up to eight digits, which its column has room for.
    #[inline(always)]
    fn whole(&mut self, value: u32) {
        match &mut self.values {
            Column::Byte(v) => v.push(i8::try_from(value).unwrap_or(i8::MAX)),
            Column::Int(v) => v.push(i16::try_from(value).unwrap_or(i16::MAX)),
            Column::Long(v) => v.push(i32::try_from(value).unwrap_or(i32::MAX)),
            Column::Double(v) => v.push(f64::from(value)),
            Column::Float(_) | Column::Str(_) | Column::StrL(_) => self.number(f64::from(value)),
        }
    }

    /// Appends a number with a point, which can always be stored.
    #[inline(always)]
    pub(super) fn decimal(&mut self, value: f64) {
        match &mut self.values {
            Column::Double(v) => v.push(value),
            _ => self.number(value),
        }
    }

    /// Appends a day since 1960-01-01 to a column of dates or times with the year first.
    #[inline(always)]
    pub(super) fn day(&mut self, day: i32) {
        match (&mut self.values, self.reading) {
            (Column::Long(v), Reading::Date(_)) => v.push(day),
            (_, Reading::Datetime(_)) => self.number(f64::from(day) * DAY_MS),
            _ => self.number(f64::from(day)),
        }
    }

    /// Appends a truth value.
    pub(super) fn truth(&mut self, value: bool) {
        match &mut self.values {
            Column::Str(v) => v.push(if value { "TRUE" } else { "FALSE" }),
            _ => self.number(f64::from(u8::from(value))),
        }
    }

    /// Appends a moment in milliseconds since 1960-01-01.
    pub(super) fn moment(&mut self, ms: f64) {
        match (&mut self.values, self.reading) {
            (Column::Str(v), _) => v.push(&moment_text(ms)),
            (_, Reading::Date(DateStyle::YearFirst)) => self.number((ms / DAY_MS).floor()),
            _ => self.number(ms),
        }
    }

    /// Appends a missing value.
    pub(super) fn missing(&mut self) {
        self.push_missing(Missing::SYSTEM);
    }

    fn push_missing(&mut self, missing: Missing) {
        match &mut self.values {
            Column::Byte(v) => v.push(missing.byte()),
            Column::Int(v) => v.push(missing.int()),
            Column::Long(v) => v.push(missing.long()),
            Column::Double(v) => v.push(missing.double()),
            Column::Str(v) => v.push(""),
            Column::Float(_) | Column::StrL(_) => unreachable!("builders have no such column"),
        }
    }

    /// The values so far; the builder starts again.
    pub(super) fn take(&mut self) -> Column {
        let rows = self.values.len();
        let fresh = Self::new(self.reading, self.storage, rows).values;
        std::mem::replace(&mut self.values, fresh)
    }
}

/// A column of plain numbers, or of dates with the year first, takes them as inference has read them.
impl Taker for Builder {
    const VALUES: bool = true;

    #[inline(always)]
    fn few_digits(&mut self, value: u32, _: Range<usize>) {
        self.whole(value);
    }

    #[inline(always)]
    fn plain(&mut self, value: f64, _: Range<usize>) {
        self.number(value);
    }

    #[inline(always)]
    fn no_value(&mut self) {
        self.push_missing(Missing::SYSTEM);
    }

    #[inline]
    fn other(&mut self, text: &[u8], _: Range<usize>, moment: Option<Moment>) {
        match (self.reading, moment) {
            (Reading::Date(_), Some(moment)) => self.number(moment.ms / DAY_MS),
            (Reading::Datetime(_), Some(moment)) => self.number(moment.ms),
            _ => self.unlike_others(text),
        }
    }
}

/// A column of texts takes cells of `block` as they stand.
pub(super) struct Verbatim<'a> {
    pub builder: &'a mut Builder,
    pub block: &'a str,
}

impl Taker for Verbatim<'_> {
    const VALUES: bool = false;

    #[inline(always)]
    fn few_digits(&mut self, _: u32, cell: Range<usize>) {
        self.builder.verbatim(&self.block[cell]);
    }

    #[inline(always)]
    fn plain(&mut self, _: f64, cell: Range<usize>) {
        self.builder.verbatim(&self.block[cell]);
    }

    #[inline(always)]
    fn no_value(&mut self) {
        self.builder.verbatim("");
    }

    #[inline(always)]
    fn other(&mut self, _: &[u8], cell: Range<usize>, _: Option<Moment>) {
        self.builder.verbatim(&self.block[cell]);
    }
}

/// A number as text: whole numbers without a point, others with the fewest digits that read back.
pub(super) fn number_text(value: f64) -> String {
    if value.fract() == 0.0 && value.abs() < 1e15 { format!("{value:.0}") } else { format!("{value:?}") }
}

/// Milliseconds since 1960-01-01 as ISO 8601, without the time at midnight.
pub(super) fn moment_text(ms: f64) -> String {
    let day = (ms / DAY_MS).floor();
    let Some(date) = date::from_days(day as i64) else { return number_text(ms) };
    let rest = ms - day * DAY_MS;
    if rest == 0.0 {
        return date.format("%Y-%m-%d").to_string();
    }
    let seconds = (rest / 1000.0).floor() as u32;
    let text = format!(
        "{}T{:02}:{:02}:{:02}",
        date.format("%Y-%m-%d"),
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60
    );
    match rest as u64 % 1000 {
        0 => text,
        thousandths => format!("{text}.{thousandths:03}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_become_values_of_the_storage() {
        let mut b = Builder::new(Reading::Plain, StorageType::Byte, 4);
        for cell in ["1", " 7 ", "NA", ".c", "inf"] {
            b.text(cell);
        }
        let c = Missing::from_letter('c').unwrap().byte();
        assert_eq!(b.take(), Column::Byte(vec![1, 7, 101, c, 101]));
        assert_eq!(b.misfits, 0);
        let mut b = Builder::new(Reading::Text, StorageType::Str(3), 2);
        b.text("a b");
        b.text("N/A");
        assert_eq!(b.take(), Column::Str(["a b", ""].into_iter().collect()));
        let words = infer::Words { none: true, minus: false, nan: false, na: false };
        let mut b = Builder::new(Reading::Words(words), StorageType::Str(4), 3);
        for cell in ["None", "-", "Some"] {
            b.text(cell);
        }
        assert_eq!(b.take(), Column::Str(["None", "", "Some"].into_iter().collect()));
    }

    #[test]
    fn moments_print_as_iso_8601() {
        assert_eq!(moment_text(0.0), "1960-01-01");
        assert_eq!(moment_text(1_250.0), "1960-01-01T00:00:01.250");
        assert_eq!(moment_text(-DAY_MS), "1959-12-31");
    }
}
