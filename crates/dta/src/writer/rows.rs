//! Puts the values of columns into the row-wise bytes of a file.

use std::io::Write;

use super::Spool;
use crate::column::{ColumnRef, TextColumn};
use crate::error::Error;
use crate::limits::STRL_BYTES;
use crate::meta::{StorageType, Variable};
use crate::missing::Missing;

/// Bytes of rows encoded at once: small enough for the first-level cache.
const CHUNK: usize = 32 * 1024;

/// Turns columns into the bytes of rows, for a file without strL variables. Threads can encode parts of a file at the
/// same time and hand them to [`super::Writer::write_encoded`] in order.
#[derive(Debug, Clone)]
pub struct RowEncoder {
    variables: Vec<Variable>,
    row_width: usize,
}

impl RowEncoder {
    pub(super) fn new(variables: &[Variable]) -> Self {
        let row_width = variables.iter().map(|v| v.storage.width()).sum();
        Self { variables: variables.to_vec(), row_width }
    }

    /// Appends the rows of `columns`, one for each variable and all of the same length. `first_row` is the number of
    /// rows before them, for messages.
    ///
    /// # Errors
    /// Columns that do not suit the variables, or a value that does not fit its type; `out` is unusable then.
    pub fn encode(
        &self,
        columns: &[ColumnRef<'_>],
        first_row: u64,
        out: &mut Vec<u8>,
    ) -> Result<usize, Error> {
        let rows = super::same_rows(columns, self.variables.len())?;
        check_texts(&self.variables, columns, first_row)?;
        let per_chunk = (CHUNK / self.row_width.max(1)).max(1);
        let start = out.len();
        out.resize(start + rows * self.row_width, 0);
        let mut done = 0;
        for bytes in out[start..].chunks_mut(per_chunk * self.row_width.max(1)) {
            let mut offset = 0;
            for (variable, column) in self.variables.iter().zip(columns) {
                let first_row = first_row + done as u64;
                let cells = Cells { bytes, row_width: self.row_width, offset, variable, first_row };
                cells.put(*column, done)?;
                offset += variable.storage.width();
            }
            done += per_chunk;
        }
        Ok(rows)
    }

    /// Bytes of a row.
    pub(super) fn row_width(&self) -> usize {
        self.row_width
    }
}

/// Refuses texts with NUL characters, which only a strL can hold.
pub(super) fn check_texts(
    variables: &[Variable],
    columns: &[ColumnRef<'_>],
    first_row: u64,
) -> Result<(), Error> {
    for (variable, column) in variables.iter().zip(columns) {
        if let (StorageType::Str(_), ColumnRef::Text(texts)) = (variable.storage, column)
            && let Some(at) = texts.first_nul()
        {
            let row = first_row + at as u64 + 1;
            let what = "a text contains a NUL character".to_owned();
            return Err(Error::Value { row, variable: variable.name.clone(), what });
        }
    }
    Ok(())
}

/// One variable's cells in a chunk of rows.
pub(super) struct Cells<'a> {
    pub(super) bytes: &'a mut [u8],
    pub(super) row_width: usize,
    pub(super) offset: usize,
    pub(super) variable: &'a Variable,
    /// Rows of the file before this chunk.
    pub(super) first_row: u64,
}

impl Cells<'_> {
    /// The error for a column whose kind does not match the storage type.
    pub(super) fn mismatch(&self) -> Error {
        Error::invalid(format!(
            "the values given for {} are not of type {}",
            self.variable.name,
            self.variable.storage.name()
        ))
    }

    fn error(&self, at: usize, what: impl Into<String>) -> Error {
        Error::Value {
            row: self.first_row + at as u64 + 1,
            variable: self.variable.name.clone(),
            what: what.into(),
        }
    }

    /// Puts values of `N` bytes, one into each row.
    #[inline(always)]
    fn put_each<const N: usize>(&mut self, values: impl Iterator<Item = [u8; N]>) {
        let offset = self.offset;
        for (row, value) in self.bytes.chunks_exact_mut(self.row_width).zip(values) {
            if let Some(cell) = row[offset..].first_chunk_mut() {
                *cell = value;
            }
        }
    }

    fn cells(&mut self) -> impl Iterator<Item = &mut [u8]> {
        let range = self.offset..self.offset + self.variable.storage.width();
        self.bytes.chunks_exact_mut(self.row_width).map(move |row| &mut row[range.clone()])
    }

    /// Puts the rows of `column` from `start` on.
    pub(super) fn put(mut self, column: ColumnRef<'_>, start: usize) -> Result<(), Error> {
        macro_rules! copy {
            ($values:expr) => {
                self.put_each($values[start..].iter().map(|value| value.to_le_bytes()))
            };
        }
        match (self.variable.storage, column) {
            (StorageType::Byte, ColumnRef::Byte(v)) => copy!(v),
            (StorageType::Int, ColumnRef::Int(v)) => copy!(v),
            (StorageType::Long, ColumnRef::Long(v)) => copy!(v),
            (StorageType::Float, ColumnRef::Float(v)) => copy!(v),
            (StorageType::Str(width), ColumnRef::Text(texts)) => {
                return self.put_texts(texts, start, usize::from(width));
            }
            (StorageType::Double, ColumnRef::Numbers(v)) => {
                let code = |value: &f64| Missing::of_double(*value).map_or(*value, Missing::double);
                self.put_each(v[start..].iter().map(|value| code(value).to_le_bytes()));
            }
            (storage, ColumnRef::Numbers(v)) if !storage.is_text() => {
                return self.put_numbers(&v[start..]);
            }
            _ => return Err(self.mismatch()),
        }
        Ok(())
    }

    fn put_numbers(mut self, values: &[f64]) -> Result<(), Error> {
        let storage = self.variable.storage;
        let mut bad = None;
        for (at, (cell, &value)) in self.cells().zip(values).enumerate() {
            let missing = Missing::of_double(value);
            let fits = match storage {
                StorageType::Byte => integer(value, missing, -127, 100, |m| i32::from(m.byte()))
                    .map(|x| cell.copy_from_slice(&(x as i8).to_le_bytes())),
                StorageType::Int => integer(value, missing, -32_767, 32_740, |m| m.int().into())
                    .map(|x| cell.copy_from_slice(&(x as i16).to_le_bytes())),
                StorageType::Long => integer(value, missing, -2_147_483_647, 2_147_483_620, Missing::long)
                    .map(|x| cell.copy_from_slice(&x.to_le_bytes())),
                StorageType::Float => {
                    let x = missing.map_or(value as f32, Missing::float);
                    // rounding can reach the codes of the missing values
                    (missing.is_some() || Missing::of_float(x).is_none())
                        .then(|| cell.copy_from_slice(&x.to_le_bytes()))
                }
                _ => {
                    let x = missing.map_or(value, Missing::double);
                    cell.copy_from_slice(&x.to_le_bytes());
                    Some(())
                }
            };
            if fits.is_none() {
                bad = Some((at, value));
                break;
            }
        }
        match bad {
            None => Ok(()),
            Some((at, value)) => Err(self.error(at, format!("{value} does not fit type {}", storage.name()))),
        }
    }

    fn put_texts(mut self, texts: &dyn TextColumn, start: usize, width: usize) -> Result<(), Error> {
        let mut bad = None;
        for (at, cell) in self.cells().enumerate() {
            let text = texts.bytes(start + at);
            if text.len() > width {
                bad = Some((at, text.len()));
                break;
            }
            // the bytes behind it are zero already
            cell[..text.len()].copy_from_slice(text);
        }
        let Some((at, length)) = bad else { return Ok(()) };
        Err(self.error(at, format!("a text of {length} bytes does not fit str{width}")))
    }

    /// Puts references and sends the values to the spool.
    pub(super) fn put_long_texts(
        mut self,
        texts: &dyn TextColumn,
        start: usize,
        number: u64,
        wide: bool,
        spool: &mut dyn Spool,
    ) -> Result<(), Error> {
        let first_row = self.first_row;
        let row_shift = if wide { 24 } else { 16 };
        let mut too_long = None;
        for (at, cell) in self.cells().enumerate() {
            let text = texts.bytes(start + at);
            if text.is_empty() {
                cell.fill(0);
                continue;
            }
            if text.len() >= STRL_BYTES {
                too_long = Some(at);
                break;
            }
            let row = first_row + at as u64 + 1;
            cell.copy_from_slice(&(number | row << row_shift).to_le_bytes());
            // text with a NUL inside can only be stored as binary
            let binary = texts.is_binary(start + at) || text.contains(&0);
            let end: &[u8] = if binary { &[] } else { &[0] };
            let mut entry = [0; 20];
            entry[..3].copy_from_slice(b"GSO");
            entry[3..7].copy_from_slice(&(number as u32).to_le_bytes());
            entry[7..15].copy_from_slice(&row.to_le_bytes());
            entry[15] = if binary { 129 } else { 130 };
            entry[16..20].copy_from_slice(&((text.len() + end.len()) as u32).to_le_bytes());
            Write::write_all(spool, &entry)?;
            spool.write_all(text)?;
            spool.write_all(end)?;
        }
        match too_long {
            None => Ok(()),
            Some(at) => Err(self.error(at, format!("a text is longer than {STRL_BYTES} bytes"))),
        }
    }
}

/// The integer that stands for `value` in a type of this range, or `None`.
fn integer(
    value: f64,
    missing: Option<Missing>,
    low: i32,
    high: i32,
    code: impl Fn(Missing) -> i32,
) -> Option<i32> {
    match missing {
        Some(m) => Some(code(m)),
        None if value.fract() == 0.0 && value >= low.into() && value <= high.into() => Some(value as i32),
        None => None,
    }
}
