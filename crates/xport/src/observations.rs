//! Observations: one behind the other, whatever the records are, filled up with blanks at the end.

use std::io::{Read, Seek};

use crate::error::Error;
use crate::member::{Member, trimmed};
use crate::records::{Header, RECORD, Records};
use crate::values::Number;

/// The values of a variable.
#[derive(Debug, Clone, PartialEq)]
pub enum Column {
    /// Numbers.
    Numbers(Vec<Number>),
    /// Texts without blanks at their end: all bytes, and where each text ends.
    Texts {
        /// All texts, one behind the other.
        bytes: Vec<u8>,
        /// End of each text in `bytes`.
        ends: Vec<usize>,
    },
}

impl Column {
    /// The texts, of none for numbers.
    pub fn texts(&self) -> impl Iterator<Item = &[u8]> {
        let (bytes, ends): (&[u8], &[usize]) = match self {
            Self::Texts { bytes, ends } => (bytes, ends),
            Self::Numbers(_) => (&[], &[]),
        };
        ends.iter().scan(0, move |start, end| Some(&bytes[std::mem::replace(start, *end)..*end]))
    }
}

/// Passes over the observations that begin here, up to the next data set or the end of the file, and counts them.
/// `announced` is their number as the file has it, from version 8 on.
pub(crate) fn pass<R: Read + Seek>(
    records: &mut Records<R>,
    width: u64,
    announced: Option<u64>,
) -> Result<u64, Error> {
    let start = records.position();
    let mut last = [b' '; RECORD];
    while records.left() > 0 {
        let position = records.position();
        let record = records.record("the observations")?;
        if Header::of(&record).is_some_and(|header| matches!(header.kind.as_str(), "MEMBER" | "MEMBV8")) {
            records.seek(position)?;
            break;
        }
        last = record;
    }
    let length = records.position() - start;
    let blanks = last.iter().rev().take_while(|byte| **byte == b' ').count() as u64;
    // the last record is filled up with fewer bytes than it has
    let filling = blanks.min(RECORD as u64 - 1).min(length);
    if let Some(announced) = announced {
        let used = announced.checked_mul(width).filter(|used| *used <= length && length - used <= filling);
        return match used {
            Some(_) => Ok(announced),
            None => Err(Error::Observations { announced, found: length / width }),
        };
    }
    // an observation of blanks alone cannot be told from what fills the record: no number is made of blanks
    let found = (length - filling).div_ceil(width);
    if found * width > length {
        return Err(Error::Truncated { what: "an observation", offset: start + length });
    }
    Ok(found)
}

/// Reads observations of a data set.
pub(crate) fn read_block<R: Read + Seek>(
    records: &mut Records<R>,
    member: &Member,
    first: u64,
    most: usize,
) -> Result<Option<Vec<Column>>, Error> {
    let count = member.observations.saturating_sub(first).min(most as u64) as usize;
    if count == 0 {
        return Ok(None);
    }
    records.seek(member.start + first * member.width as u64)?;
    let mut columns: Vec<Column> = member
        .variables
        .iter()
        .map(|variable| {
            if variable.is_text {
                Column::Texts { bytes: Vec::new(), ends: Vec::with_capacity(count) }
            } else {
                Column::Numbers(Vec::with_capacity(count))
            }
        })
        .collect();
    let mut row = vec![0; member.width];
    for _ in 0..count {
        records.fill(&mut row, "an observation")?;
        for (column, variable) in columns.iter_mut().zip(&member.variables) {
            let cell = &row[variable.place.clone()];
            match column {
                Column::Numbers(numbers) => numbers.push(Number::of(cell)),
                Column::Texts { bytes, ends } => {
                    bytes.extend_from_slice(trimmed(cell));
                    ends.push(bytes.len());
                }
            }
        }
    }
    Ok(Some(columns))
}
