//! Rows of a data frame in blocks of columns, and single columns.

use crate::cursor::Cursor;
use crate::error::Error;
use crate::frame::{Column, What};
use crate::spool::Spool;
use crate::tokens::Form;
use crate::value::Mark;

/// Memory of the buffers of all columns.
const BUFFERS: usize = 32 << 20;

/// The values of a column in some rows.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    /// Numbers; the missing ones are NaN.
    Numbers(Vec<f64>),
    /// Whole numbers of 64 bits; the missing one is the least.
    Integers(Vec<i64>),
    /// Texts.
    Texts(Texts),
}

/// One value of a column.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cell<'a> {
    /// A number; the missing one is NaN.
    Number(f64),
    /// A whole number of 64 bits; the missing one is the least.
    Integer(i64),
    /// A text; the missing one is empty.
    Text(&'a [u8], Mark),
}

/// Texts behind each other.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Texts {
    bytes: Vec<u8>,
    /// End of each text and its encoding; a missing text is empty.
    ends: Vec<(usize, Mark)>,
}

impl Texts {
    fn push(&mut self, text: &[u8], mark: Mark) {
        self.bytes.extend_from_slice(text);
        self.ends.push((self.bytes.len(), mark));
    }

    /// The texts in order, with their encodings.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], Mark)> {
        let starts = std::iter::once(0).chain(self.ends.iter().map(|(end, _)| *end));
        starts.zip(&self.ends).map(|(start, (end, mark))| (&self.bytes[start..*end], *mark))
    }
}

/// The rows of some columns.
pub struct Rows<'a, S> {
    cursors: Vec<(Cursor<'a, S>, Handed)>,
    left: u64,
}

/// In which form values are handed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Handed {
    Number,
    Integer,
    Text,
}

impl<'a, S: Spool> Rows<'a, S> {
    pub(crate) fn new(spool: &'a S, form: Form, columns: &[Column], rows: u64) -> Result<Self, Error> {
        let room = (BUFFERS / columns.len().max(1)).clamp(256, 64 << 10);
        let cursor = |column: &Column| {
            let handed_out = match column.what {
                What::Text => Handed::Text,
                What::Integer64 => Handed::Integer,
                _ => Handed::Number,
            };
            Ok((Cursor::new(spool, form, &column.vector, column.first, room)?, handed_out))
        };
        let cursors = columns.iter().map(cursor).collect::<Result<_, Error>>()?;
        Ok(Self { cursors, left: rows })
    }

    /// The next rows, at most so many, a column for each; `None` behind the last one. Memory grows with their texts.
    ///
    /// # Errors
    /// I/O.
    pub fn read_block(&mut self, most: usize) -> Result<Option<Vec<Values>>, Error> {
        let rows = self.left.min(most as u64);
        if rows == 0 {
            return Ok(None);
        }
        self.left -= rows;
        self.cursors
            .iter_mut()
            .map(|(cursor, handed)| values(cursor, *handed, rows))
            .collect::<Result<_, Error>>()
            .map(Some)
    }

    /// Gives the values that are left to `take`, row by row.
    ///
    /// # Errors
    /// I/O.
    pub fn each(mut self, mut take: impl FnMut(Cell<'_>)) -> Result<(), Error> {
        for _ in 0..self.left {
            for (cursor, handed) in &mut self.cursors {
                match handed {
                    Handed::Number => take(Cell::Number(cursor.number()?)),
                    Handed::Integer => take(Cell::Integer(cursor.number()?.to_bits() as i64)),
                    Handed::Text => {
                        cursor.text(|text, mark| take(Cell::Text(text.unwrap_or_default(), mark)))?
                    }
                }
            }
        }
        Ok(())
    }
}

fn values<S: Spool>(cursor: &mut Cursor<'_, S>, handed: Handed, rows: u64) -> Result<Values, Error> {
    Ok(match handed {
        Handed::Number => Values::Numbers((0..rows).map(|_| cursor.number()).collect::<Result<_, _>>()?),
        Handed::Integer => {
            let bits = |number: f64| number.to_bits() as i64;
            Values::Integers((0..rows).map(|_| cursor.number().map(bits)).collect::<Result<_, _>>()?)
        }
        Handed::Text => {
            let mut texts = Texts::default();
            (0..rows)
                .try_for_each(|_| cursor.text(|text, mark| texts.push(text.unwrap_or_default(), mark)))?;
            Values::Texts(texts)
        }
    })
}
