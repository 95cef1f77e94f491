//! Records of 80 bytes, bounded: every length is checked against what is left of the file and against the memory budget before
//! anything is allocated.

use std::io::{BufReader, Read, Seek, SeekFrom};

use crate::error::Error;

/// Length of a record.
pub(crate) const RECORD: usize = 80;
/// Size of the read buffer.
const BUFFER: usize = 256 * 1024;
const PREFIX: &[u8] = b"HEADER RECORD*******";
const MIDDLE: &[u8] = b"HEADER RECORD!!!!!!!";

/// A record that says what follows.
#[derive(Debug)]
pub(crate) struct Header {
    /// The kind, such as `MEMBER` or `NAMSTV8`.
    pub kind: String,
    /// What is written behind it.
    rest: Vec<u8>,
}

impl Header {
    pub(crate) fn of(record: &[u8]) -> Option<Self> {
        let rest = record.strip_prefix(PREFIX)?;
        let (kind, rest) = rest.split_at_checked(8)?;
        let rest = rest.strip_prefix(MIDDLE)?;
        let kind = std::str::from_utf8(kind.trim_ascii()).ok()?;
        Some(Self { kind: kind.to_owned(), rest: rest.to_vec() })
    }

    /// The number that stands in these bytes behind the kind; `None` if they are blank or no digits.
    pub(crate) fn number(&self, at: std::ops::Range<usize>) -> Option<u64> {
        std::str::from_utf8(self.rest.get(at)?.trim_ascii()).ok()?.parse().ok()
    }
}

/// A file with its position, length and remaining budget for metadata.
pub(crate) struct Records<R> {
    inner: BufReader<R>,
    position: u64,
    length: u64,
    budget: u64,
    limit: u64,
}

impl<R: Read + Seek> Records<R> {
    /// Starts at the beginning of `inner`; `limit` bounds the metadata kept in memory.
    pub(crate) fn new(mut inner: R, limit: u64) -> Result<Self, Error> {
        let length = inner.seek(SeekFrom::End(0))?;
        inner.seek(SeekFrom::Start(0))?;
        let inner = BufReader::with_capacity(BUFFER, inner);
        Ok(Self { inner, position: 0, length, budget: limit, limit })
    }

    pub(crate) fn position(&self) -> u64 {
        self.position
    }

    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    /// Bytes from the current position to the end of the file.
    pub(crate) fn left(&self) -> u64 {
        self.length.saturating_sub(self.position)
    }

    pub(crate) fn seek(&mut self, position: u64) -> Result<(), Error> {
        if position != self.position {
            self.inner.seek(SeekFrom::Start(position))?;
            self.position = position;
        }
        Ok(())
    }

    /// Fills `buffer`.
    pub(crate) fn fill(&mut self, buffer: &mut [u8], what: &'static str) -> Result<(), Error> {
        if buffer.len() as u64 > self.left() {
            return Err(Error::Truncated { what, offset: self.position });
        }
        self.inner.read_exact(buffer)?;
        self.position += buffer.len() as u64;
        Ok(())
    }

    /// The next record.
    pub(crate) fn record(&mut self, what: &'static str) -> Result<[u8; RECORD], Error> {
        let mut record = [0; RECORD];
        self.fill(&mut record, what)?;
        Ok(record)
    }

    /// The next record, which must be a header.
    pub(crate) fn header(&mut self, what: &'static str) -> Result<Header, Error> {
        let offset = self.position;
        let record = self.record(what)?;
        Header::of(&record)
            .ok_or_else(|| Error::malformed(format!("the header of {what} is expected here"), offset))
    }

    /// The next bytes of metadata.
    pub(crate) fn bytes(&mut self, count: u64, what: &'static str) -> Result<Vec<u8>, Error> {
        if count > self.left() {
            return Err(Error::Truncated { what, offset: self.position });
        }
        self.budget = self.budget.checked_sub(count).ok_or(Error::TooLarge { what, limit: self.limit })?;
        let mut buffer = vec![0; count as usize];
        self.fill(&mut buffer, what)?;
        Ok(buffer)
    }

    /// Goes on to the start of the next record.
    pub(crate) fn align(&mut self) -> Result<(), Error> {
        self.seek(self.position.next_multiple_of(RECORD as u64))
    }
}
