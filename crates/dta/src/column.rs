//! Typed columns of a block of rows: what the reader gives and the writer takes.

use std::ops::Range;

use crate::missing::Missing;

/// Texts of one column, stored end to end.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Texts {
    text: String,
    ends: Vec<usize>,
}

impl Texts {
    /// Appends one value.
    #[inline]
    pub fn push(&mut self, value: &str) {
        self.text.push_str(value);
        self.ends.push(self.text.len());
    }

    /// Number of values.
    #[inline]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// True without values.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The value of a zero-based row; panics when there is none, like a slice.
    #[inline]
    pub fn get(&self, row: usize) -> &str {
        &self.text[self.range(row)]
    }

    #[inline]
    fn range(&self, row: usize) -> Range<usize> {
        let start = if row == 0 { 0 } else { self.ends[row - 1] };
        start..self.ends[row]
    }

    /// All values in row order.
    #[inline]
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).map(|row| self.get(row))
    }
}

impl<S: AsRef<str>> FromIterator<S> for Texts {
    fn from_iter<I: IntoIterator<Item = S>>(values: I) -> Self {
        let mut texts = Self::default();
        values.into_iter().for_each(|v| texts.push(v.as_ref()));
        texts
    }
}

/// One strL value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LongText {
    /// Text.
    Text(String),
    /// Bytes that the file marks as binary.
    Binary(Vec<u8>),
}

impl LongText {
    /// The value's bytes (UTF-8 of a text).
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Binary(bytes) => bytes,
        }
    }
}

/// A strL column: rows that share a value in the file share it here too, so that a small file
/// cannot ask for a huge allocation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LongTexts {
    /// Distinct values.
    pub values: Vec<LongText>,
    /// For each row the position of its value in `values`, or `None` for the empty text.
    pub rows: Vec<Option<u32>>,
}

impl LongTexts {
    /// The bytes of a zero-based row; panics when there is no such row, like a slice.
    pub fn bytes(&self, row: usize) -> &[u8] {
        match self.rows[row] {
            Some(at) => self.values[at as usize].as_bytes(),
            None => &[],
        }
    }
}

/// The values of one variable in a block, in the codes of the file: missing values are the codes
/// of [`Missing`].
#[derive(Debug, Clone, PartialEq)]
pub enum Column {
    /// `byte`
    Byte(Vec<i8>),
    /// `int`
    Int(Vec<i16>),
    /// `long`
    Long(Vec<i32>),
    /// `float`
    Float(Vec<f32>),
    /// `double`
    Double(Vec<f64>),
    /// `str#`
    Str(Texts),
    /// `strL`
    StrL(LongTexts),
}

impl Column {
    /// Number of rows.
    pub fn len(&self) -> usize {
        match self {
            Self::Byte(v) => v.len(),
            Self::Int(v) => v.len(),
            Self::Long(v) => v.len(),
            Self::Float(v) => v.len(),
            Self::Double(v) => v.len(),
            Self::Str(v) => v.len(),
            Self::StrL(v) => v.rows.len(),
        }
    }

    /// True without rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Appends the numbers as doubles, missing values as the codes of [`Missing::double`];
    /// appends nothing for text.
    pub fn append_doubles(&self, out: &mut Vec<f64>) {
        let or = |missing: Option<Missing>, value: f64| missing.map_or(value, Missing::double);
        match self {
            Self::Byte(v) => out.extend(v.iter().map(|&x| or(Missing::of_byte(x), f64::from(x)))),
            Self::Int(v) => out.extend(v.iter().map(|&x| or(Missing::of_int(x), f64::from(x)))),
            Self::Long(v) => out.extend(v.iter().map(|&x| or(Missing::of_long(x), f64::from(x)))),
            Self::Float(v) => out.extend(v.iter().map(|&x| or(Missing::of_float(x), f64::from(x)))),
            Self::Double(v) => out.extend(v.iter().map(|&x| or(Missing::of_double(x), x))),
            Self::Str(_) | Self::StrL(_) => {}
        }
    }

    /// A view for the writer.
    pub fn view(&self) -> ColumnRef<'_> {
        match self {
            Self::Byte(v) => ColumnRef::Byte(v),
            Self::Int(v) => ColumnRef::Int(v),
            Self::Long(v) => ColumnRef::Long(v),
            Self::Float(v) => ColumnRef::Float(v),
            Self::Double(v) => ColumnRef::Numbers(v),
            Self::Str(v) => ColumnRef::Text(v),
            Self::StrL(v) => ColumnRef::Text(v),
        }
    }
}

/// A run of consecutive rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Block {
    /// Zero-based position of the first row in the file.
    pub first_row: u64,
    /// Number of rows.
    pub rows: usize,
    /// One column per selected variable, in the order of the selection.
    pub columns: Vec<Column>,
}

/// Texts of a column as the writer wants them.
pub trait TextColumn {
    /// Number of rows.
    fn rows(&self) -> usize;
    /// The bytes of a zero-based row.
    fn bytes(&self, row: usize) -> &[u8];
    /// True when the value is binary and must be marked so in a strL.
    fn is_binary(&self, _row: usize) -> bool {
        false
    }
    /// The first row with a NUL character.
    fn first_nul(&self) -> Option<usize> {
        (0..self.rows()).find(|row| self.bytes(*row).contains(&0))
    }
}

impl TextColumn for Texts {
    fn first_nul(&self) -> Option<usize> {
        let text = self.text.as_bytes();
        let at = text.contains(&0).then(|| text.iter().position(|byte| *byte == 0))??;
        Some(self.ends.partition_point(|end| *end <= at))
    }
    fn rows(&self) -> usize {
        self.len()
    }
    #[inline]
    fn bytes(&self, row: usize) -> &[u8] {
        &self.text.as_bytes()[self.range(row)]
    }
}

impl TextColumn for LongTexts {
    fn rows(&self) -> usize {
        self.rows.len()
    }
    fn bytes(&self, row: usize) -> &[u8] {
        self.bytes(row)
    }
    fn is_binary(&self, row: usize) -> bool {
        self.rows[row].is_some_and(|at| matches!(self.values[at as usize], LongText::Binary(_)))
    }
}

impl<S: AsRef<str>> TextColumn for [S] {
    fn rows(&self) -> usize {
        self.len()
    }
    fn bytes(&self, row: usize) -> &[u8] {
        self[row].as_ref().as_bytes()
    }
}

impl<S: AsRef<str>> TextColumn for Vec<S> {
    fn rows(&self) -> usize {
        self.len()
    }
    fn bytes(&self, row: usize) -> &[u8] {
        self[row].as_ref().as_bytes()
    }
}

/// One variable's values of a block to write. Typed views must match the storage type and hold the
/// codes of [`Missing`].
#[derive(Clone, Copy)]
pub enum ColumnRef<'a> {
    /// For a `byte` variable.
    Byte(&'a [i8]),
    /// For an `int` variable.
    Int(&'a [i16]),
    /// For a `long` variable.
    Long(&'a [i32]),
    /// For a `float` variable.
    Float(&'a [f32]),
    /// For any numeric variable: doubles with missing values as [`Missing::double`] codes, converted
    /// to the storage type; a number that an integer type cannot hold is an error, NaN and
    /// infinities become `.`.
    Numbers(&'a [f64]),
    /// For `str#` and `strL`.
    Text(&'a dyn TextColumn),
}

impl ColumnRef<'_> {
    /// Number of rows.
    pub fn rows(&self) -> usize {
        match self {
            Self::Byte(v) => v.len(),
            Self::Int(v) => v.len(),
            Self::Long(v) => v.len(),
            Self::Float(v) => v.len(),
            Self::Numbers(v) => v.len(),
            Self::Text(v) => v.rows(),
        }
    }
}
