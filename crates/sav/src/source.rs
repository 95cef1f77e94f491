//! Bounded reading of a file: every length is checked against what is left of the file and against the memory budget before
//! anything is allocated.

use std::io::{BufReader, Read, Seek, SeekFrom};

use crate::error::Error;

/// Size of the read buffer.
const BUFFER: usize = 256 * 1024;

/// A file with its position, length, byte order and remaining budget for metadata.
pub(crate) struct Source<R> {
    inner: BufReader<R>,
    position: u64,
    length: u64,
    big_endian: bool,
    budget: u64,
    limit: u64,
}

impl<R: Read + Seek> Source<R> {
    /// Starts at the beginning of `inner`; `limit` bounds the metadata kept in memory.
    pub(crate) fn new(mut inner: R, limit: u64) -> Result<Self, Error> {
        let length = inner.seek(SeekFrom::End(0))?;
        inner.seek(SeekFrom::Start(0))?;
        let inner = BufReader::with_capacity(BUFFER, inner);
        Ok(Self { inner, position: 0, length, big_endian: false, budget: limit, limit })
    }

    pub(crate) fn set_big_endian(&mut self, big_endian: bool) {
        self.big_endian = big_endian;
    }

    pub(crate) fn position(&self) -> u64 {
        self.position
    }

    /// Bytes from the current position to the end of the file.
    pub(crate) fn left(&self) -> u64 {
        self.length.saturating_sub(self.position)
    }

    pub(crate) fn seek(&mut self, position: u64) -> Result<(), Error> {
        self.inner.seek(SeekFrom::Start(position))?;
        self.position = position;
        Ok(())
    }

    /// Takes bytes from the memory budget.
    pub(crate) fn spend(&mut self, bytes: usize, what: &'static str) -> Result<(), Error> {
        match self.budget.checked_sub(bytes as u64) {
            Some(left) => {
                self.budget = left;
                Ok(())
            }
            None => Err(Error::TooLarge { what, limit: self.limit }),
        }
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

    /// The next bytes of metadata.
    pub(crate) fn bytes(&mut self, count: u64, what: &'static str) -> Result<Vec<u8>, Error> {
        if count > self.left() {
            return Err(Error::Truncated { what, offset: self.position });
        }
        if count > self.budget {
            return Err(Error::TooLarge { what, limit: self.limit });
        }
        self.spend(count as usize, what)?;
        let mut buffer = vec![0; count as usize];
        self.fill(&mut buffer, what)?;
        Ok(buffer)
    }

    /// Passes over bytes.
    pub(crate) fn skip(&mut self, count: u64, what: &'static str) -> Result<(), Error> {
        if count > self.left() {
            return Err(Error::Truncated { what, offset: self.position });
        }
        self.inner.seek_relative(count as i64)?;
        self.position += count;
        Ok(())
    }

    pub(crate) fn i32(&mut self, what: &'static str) -> Result<i32, Error> {
        let mut bytes = [0; 4];
        self.fill(&mut bytes, what)?;
        Ok(self.to_i32(bytes))
    }

    /// A count or size, which must not be negative.
    pub(crate) fn count(&mut self, what: &'static str) -> Result<u64, Error> {
        let offset = self.position;
        let value = self.i32(what)?;
        u64::try_from(value).map_err(|_| Error::malformed(format!("{what} has the count {value}"), offset))
    }

    pub(crate) fn i64(&mut self, what: &'static str) -> Result<i64, Error> {
        let mut bytes = [0; 8];
        self.fill(&mut bytes, what)?;
        Ok(self.to_i64(bytes))
    }

    pub(crate) fn f64(&mut self, what: &'static str) -> Result<f64, Error> {
        let mut bytes = [0; 8];
        self.fill(&mut bytes, what)?;
        Ok(self.to_f64(bytes))
    }

    pub(crate) fn to_i32(&self, bytes: [u8; 4]) -> i32 {
        if self.big_endian { i32::from_be_bytes(bytes) } else { i32::from_le_bytes(bytes) }
    }

    pub(crate) fn to_i64(&self, bytes: [u8; 8]) -> i64 {
        if self.big_endian { i64::from_be_bytes(bytes) } else { i64::from_le_bytes(bytes) }
    }

    pub(crate) fn to_f64(&self, bytes: [u8; 8]) -> f64 {
        f64::from_bits(self.to_i64(bytes).cast_unsigned())
    }

    pub(crate) fn bytes_of(&self, value: f64) -> [u8; 8] {
        if self.big_endian { value.to_be_bytes() } else { value.to_le_bytes() }
    }
}
