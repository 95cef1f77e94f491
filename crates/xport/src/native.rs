//! A data set in SAS's own format (.sas7bdat). The crate `sas7bdat` finds pages, rows and descriptions; the numbers are read here, as their
//! missing values have letters.

use std::ops::{ControlFlow, Range};
use std::path::Path;

use sas7bdat::{Dataset, Endianness, IoBackendPreference, OpenOptions};

use crate::error::Error;
use crate::member::{Variable, trimmed};
use crate::observations::Column;
use crate::values::{Format, Number};

/// An open data set.
pub struct Native {
    /// The variables in the order of the file; their names and labels are UTF-8.
    pub variables: Vec<Variable>,
    /// Number of observations.
    pub observations: u64,
    /// The encoding of the texts, as the file names it.
    pub encoding: Option<String>,
    is_big_endian: bool,
    width: usize,
    file: Dataset,
}

impl Native {
    /// Reads the descriptions of a file.
    ///
    /// # Errors
    /// I/O, damage, forms that are not read.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let options = OpenOptions::builder().io_backend(IoBackendPreference::Mmap).build();
        let file = Dataset::open_with(path, options).map_err(failed)?;
        let about = file.metadata();
        let width = about.row_len as usize;
        let variables = file.columns().iter().map(|column| {
            let (start, length) = (column.offset as usize, column.physical_width as usize);
            let is_text = !column.logical_type.is_numeric();
            let end = start
                .checked_add(length)
                .filter(|end| *end <= width && (is_text || (2..=8).contains(&length)))
                .ok_or_else(|| Error::Place { variable: column.name.clone() })?;
            let format = column.format.as_deref().unwrap_or_default();
            Ok(Variable {
                name: column.name.clone().into_bytes(),
                label: column.label.clone().unwrap_or_default().into_bytes(),
                is_text,
                format: Format::new(format, column.format_width, column.format_digits),
                place: start..end,
            })
        });
        Ok(Self {
            variables: variables.collect::<Result<_, Error>>()?,
            observations: about.row_count.saturating_sub(about.deleted_row_count),
            encoding: about.encoding.clone(),
            is_big_endian: about.endianness == Endianness::Big,
            width,
            file,
        })
    }

    /// Bytes of an observation.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Calls `take` with blocks of at most `step` observations, a column for each variable, and the bytes that they have in the file.
    ///
    /// # Errors
    /// Damage, another number of observations than announced, what `take` answers.
    pub fn each_block<E: From<Error>>(
        &self,
        step: usize,
        mut take: impl FnMut(&[Column], usize) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut block = Block::new(&self.variables, self.is_big_endian);
        let mut seen = 0;
        let mut refused = None;
        let scanned = self.file.scan().visit_raw_rows(|row| {
            block.push(row.bytes);
            seen += 1;
            if block.rows >= step.max(1) {
                let bytes = block.bytes;
                if let Err(error) = take(&block.take(), bytes) {
                    refused = Some(error);
                    return Ok(ControlFlow::Break(()));
                }
            }
            Ok(ControlFlow::Continue(()))
        });
        if let Some(error) = refused {
            return Err(error);
        }
        scanned.map_err(|e| E::from(failed(e)))?;
        if seen != self.observations {
            return Err(Error::Observations { announced: self.observations, found: seen }.into());
        }
        let bytes = block.bytes;
        if block.rows > 0 { take(&block.take(), bytes) } else { Ok(()) }
    }
}

/// Observations that are gathered into columns.
struct Block<'a> {
    variables: &'a [Variable],
    is_big_endian: bool,
    columns: Vec<Column>,
    rows: usize,
    bytes: usize,
}

impl<'a> Block<'a> {
    fn new(variables: &'a [Variable], is_big_endian: bool) -> Self {
        Self { variables, is_big_endian, columns: empty(variables), rows: 0, bytes: 0 }
    }

    fn push(&mut self, row: &[u8]) {
        for (column, variable) in self.columns.iter_mut().zip(self.variables) {
            let cell = row.get::<Range<usize>>(variable.place.clone()).unwrap_or_default();
            match column {
                Column::Numbers(numbers) => numbers.push(number(cell, self.is_big_endian)),
                Column::Texts { bytes, ends } => {
                    bytes.extend_from_slice(trimmed(cell));
                    ends.push(bytes.len());
                }
            }
        }
        self.rows += 1;
        self.bytes += row.len();
    }

    fn take(&mut self) -> Vec<Column> {
        (self.rows, self.bytes) = (0, 0);
        std::mem::replace(&mut self.columns, empty(self.variables))
    }
}

fn empty(variables: &[Variable]) -> Vec<Column> {
    let of = |variable: &Variable| {
        if variable.is_text {
            Column::Texts { bytes: Vec::new(), ends: Vec::new() }
        } else {
            Column::Numbers(Vec::new())
        }
    };
    variables.iter().map(of).collect()
}

/// A number of 2 to 8 bytes: the first bytes of a double, the last ones were zero. A missing value is no number (NaN), and the
/// complement of its third byte says which: 0 is `._`, 1 is `.`, 2 to 27 are `.A` to `.Z`, or it is the letter itself.
fn number(cell: &[u8], is_big_endian: bool) -> Number {
    let mut word = [0; 8];
    if is_big_endian {
        word[..cell.len()].copy_from_slice(cell);
    } else {
        word.iter_mut().zip(cell.iter().rev()).for_each(|(to, from)| *to = *from);
    }
    let x = f64::from_be_bytes(word);
    if !x.is_nan() {
        return Number::Value(x);
    }
    Number::Missing(match !word[2] {
        0 | b'_' => '_',
        rank @ 2..=27 => char::from(b'A' + rank - 2),
        letter if letter.is_ascii_uppercase() => char::from(letter),
        _ => '.',
    })
}

fn failed(error: sas7bdat::Error) -> Error {
    match error {
        sas7bdat::Error::Unsupported(_) => Error::Unsupported(error.to_string()),
        _ => Error::Damaged(error.to_string()),
    }
}
