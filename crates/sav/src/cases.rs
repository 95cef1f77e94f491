//! The cases: plain, compressed byte by byte, or that within blocks of zlib.

use std::io::{Read, Seek};

use crate::assemble::Variable;
use crate::dictionary::{SEGMENT, trimmed};
use crate::error::Error;
use crate::source::Source;
use crate::values::SYSTEM_MISSING;
use crate::zlib::Blocks;

/// Codes of the compression of bytes: a code for eight bytes of a case.
mod code {
    pub(super) const NOTHING: u8 = 0;
    pub(super) const END: u8 = 252;
    pub(super) const LITERAL: u8 = 253;
    pub(super) const BLANKS: u8 = 254;
    pub(super) const MISSING: u8 = 255;
}

/// The values of a variable.
#[derive(Debug, Clone, PartialEq)]
pub enum Column {
    /// Numbers; the system-missing value is NaN.
    Numbers(Vec<f64>),
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

/// How cases are stored.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Storage {
    /// 0 plain, 1 bytes, 2 blocks of zlib.
    pub compression: i32,
    /// What a code between [`code::NOTHING`] and [`code::END`] is above its number.
    pub bias: f64,
    /// Number of cases, where the file says it.
    pub cases: Option<u64>,
    /// Length of a case in units of [`SEGMENT`].
    pub segments: usize,
}

/// Where a value is in a case.
#[derive(Debug)]
struct Place {
    is_text: bool,
    parts: Vec<(usize, usize)>,
}

/// Reads cases one after the other.
pub(crate) struct Cases<R> {
    source: Source<R>,
    storage: Storage,
    places: Vec<Place>,
    start: u64,
    blocks: Option<Blocks>,
    /// Codes that were read, and the next of them.
    codes: [u8; SEGMENT],
    next_code: usize,
    done: u64,
    row: Vec<u8>,
}

impl<R: Read + Seek> Cases<R> {
    /// Starts at the first case; the source is behind the dictionary.
    pub(crate) fn new(
        mut source: Source<R>,
        storage: Storage,
        variables: &[Variable],
    ) -> Result<Self, Error> {
        let start = source.position();
        let blocks = if storage.compression == 2 { Some(Blocks::open(&mut source)?) } else { None };
        let place = |v: &Variable| Place { is_text: v.width.is_some(), parts: v.parts.clone() };
        let places = variables.iter().map(place).collect();
        let row = vec![0; storage.segments * SEGMENT];
        let codes = [code::NOTHING; SEGMENT];
        Ok(Self { source, storage, places, start, blocks, codes, next_code: SEGMENT, done: 0, row })
    }

    pub(crate) fn announced(&self) -> Option<u64> {
        self.storage.cases
    }

    pub(crate) fn rewind(&mut self) -> Result<(), Error> {
        self.source.seek(self.start)?;
        if let Some(blocks) = &mut self.blocks {
            blocks.rewind();
        }
        (self.next_code, self.done) = (SEGMENT, 0);
        Ok(())
    }

    pub(crate) fn read_block(&mut self, most: usize) -> Result<Option<Vec<Column>>, Error> {
        let empty = |place: &Place| match place.is_text {
            true => Column::Texts { bytes: Vec::new(), ends: Vec::new() },
            false => Column::Numbers(Vec::new()),
        };
        let mut columns: Vec<Column> = self.places.iter().map(empty).collect();
        let mut rows = 0;
        while rows < most && self.next_case()? {
            rows += 1;
            for (place, column) in self.places.iter().zip(&mut columns) {
                take(&self.source, &self.row, place, column);
            }
        }
        Ok((rows > 0).then_some(columns))
    }

    /// Reads a case into the row; false behind the last one.
    fn next_case(&mut self) -> Result<bool, Error> {
        if self.storage.cases == Some(self.done) {
            return if self.is_at_end()? {
                Ok(false)
            } else {
                Err(Error::MoreCases { announced: self.done })
            };
        }
        let mut row = std::mem::take(&mut self.row);
        let found = match self.storage.compression {
            0 => self.fill(&mut row),
            _ => self.decompress(&mut row),
        };
        self.row = row;
        if found? {
            self.done += 1;
            return Ok(true);
        }
        match self.storage.cases {
            Some(announced) => Err(Error::MissingCases { announced, found: self.done }),
            None => Ok(false),
        }
    }

    /// True if no other case follows; less than a case may.
    fn is_at_end(&mut self) -> Result<bool, Error> {
        if self.storage.compression == 0 {
            return Ok(self.source.left() < self.row.len() as u64);
        }
        let found = self.code()?.is_some();
        // whoever asks again finds it again
        self.next_code -= usize::from(found);
        Ok(!found)
    }

    /// Fills `buffer` from the file; false where the file ends in front of it.
    fn fill(&mut self, buffer: &mut [u8]) -> Result<bool, Error> {
        match &mut self.blocks {
            Some(blocks) => blocks.fill(&mut self.source, buffer),
            None if self.source.left() == 0 => Ok(false),
            None => self.source.fill(buffer, "a case").map(|()| true),
        }
    }

    fn decompress(&mut self, row: &mut [u8]) -> Result<bool, Error> {
        for (at, segment) in row.chunks_exact_mut(SEGMENT).enumerate() {
            match self.code()? {
                Some(code::LITERAL) => {
                    if !self.fill(segment)? {
                        return Err(Error::Truncated { what: "a case", offset: self.source.position() });
                    }
                }
                Some(code::BLANKS) => segment.fill(b' '),
                Some(code::MISSING) => self.put(segment, SYSTEM_MISSING),
                Some(number) => self.put(segment, f64::from(number) - self.storage.bias),
                None if at == 0 => return Ok(false),
                None => return Err(Error::Truncated { what: "a case", offset: self.source.position() }),
            }
        }
        Ok(true)
    }

    /// The next code that stands for a value; `None` at the end of the cases.
    fn code(&mut self) -> Result<Option<u8>, Error> {
        loop {
            if self.next_code == SEGMENT {
                let mut codes = [code::NOTHING; SEGMENT];
                if !self.fill(&mut codes)? {
                    return Ok(None);
                }
                (self.codes, self.next_code) = (codes, 0);
            }
            let code = self.codes[self.next_code];
            self.next_code += 1;
            match code {
                code::NOTHING => {}
                code::END => {
                    // whoever asks again finds the end again
                    self.next_code -= 1;
                    return Ok(None);
                }
                other => return Ok(Some(other)),
            }
        }
    }

    fn put(&self, segment: &mut [u8], value: f64) {
        segment.copy_from_slice(&self.source.bytes_of(value));
    }
}

/// Appends a value of a case to its column.
fn take<R: Read + Seek>(source: &Source<R>, row: &[u8], place: &Place, column: &mut Column) {
    match column {
        Column::Numbers(numbers) => {
            let (at, length) = place.parts[0];
            let bytes = row[at..at + length].try_into().expect("a number has eight bytes");
            let value = source.to_f64(bytes);
            numbers.push(if value == SYSTEM_MISSING { f64::NAN } else { value });
        }
        Column::Texts { bytes, ends } => {
            let start = bytes.len();
            place.parts.iter().for_each(|(at, length)| bytes.extend_from_slice(&row[*at..*at + *length]));
            let length = trimmed(&bytes[start..]).len();
            bytes.truncate(start + length);
            ends.push(bytes.len());
        }
    }
}
