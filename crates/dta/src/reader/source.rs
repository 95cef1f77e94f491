//! Bounded reading of a file: every length is checked against what is left of the file and against
//! the memory budget before anything is allocated. It knows nothing of the format.

use std::io::{BufReader, Read, Seek, SeekFrom};

use crate::error::Error;

/// Size of the read buffer.
const BUFFER: usize = 256 * 1024;

/// A file with its position, length, byte order and remaining budget for metadata.
pub(super) struct Source<R> {
    inner: BufReader<R>,
    position: u64,
    length: u64,
    pub(super) big_endian: bool,
    budget: u64,
    limit: u64,
}

impl<R: Read + Seek> Source<R> {
    /// Starts at the beginning of `inner`; `limit` bounds the metadata kept in memory.
    pub(super) fn new(mut inner: R, limit: u64) -> Result<Self, Error> {
        let length = inner.seek(SeekFrom::End(0))?;
        inner.seek(SeekFrom::Start(0))?;
        Ok(Self {
            inner: BufReader::with_capacity(BUFFER, inner),
            position: 0,
            length,
            big_endian: false,
            budget: limit,
            limit,
        })
    }

    pub(super) fn position(&self) -> u64 {
        self.position
    }

    /// Bytes from the current position to the end of the file.
    pub(super) fn left(&self) -> u64 {
        self.length - self.position
    }

    /// Fails when fewer than `n` bytes are left.
    pub(super) fn ensure(&self, n: u64, what: &'static str) -> Result<(), Error> {
        if n > self.left() {
            return Err(Error::Truncated { what, offset: self.position });
        }
        Ok(())
    }

    /// Takes `n` bytes from the memory budget.
    pub(super) fn spend(&mut self, n: usize, what: &'static str) -> Result<(), Error> {
        match self.budget.checked_sub(n as u64) {
            Some(left) => {
                self.budget = left;
                Ok(())
            }
            None => Err(Error::TooLarge { what, limit: self.limit }),
        }
    }

    /// Fills `buffer`.
    pub(super) fn fill(&mut self, buffer: &mut [u8], what: &'static str) -> Result<(), Error> {
        self.ensure(buffer.len() as u64, what)?;
        self.inner.read_exact(buffer)?;
        self.position += buffer.len() as u64;
        Ok(())
    }

    /// The next `n` bytes of metadata.
    pub(super) fn bytes(&mut self, n: u64, what: &'static str) -> Result<Vec<u8>, Error> {
        self.ensure(n, what)?;
        if n > self.budget {
            return Err(Error::TooLarge { what, limit: self.limit });
        }
        let mut buffer = vec![0; n as usize];
        self.fill(&mut buffer, what)?;
        Ok(buffer)
    }

    pub(super) fn array<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], Error> {
        let mut buffer = [0; N];
        self.fill(&mut buffer, what)?;
        Ok(buffer)
    }

    /// An unsigned integer of `width` (1 to 8) bytes in the file's byte order.
    pub(super) fn uint(&mut self, width: usize, what: &'static str) -> Result<u64, Error> {
        let mut buffer = [0; 8];
        self.fill(&mut buffer[..width], what)?;
        Ok(uint(&buffer[..width], self.big_endian))
    }

    /// Skips a literal; anything else there is an error.
    pub(super) fn expect(&mut self, literal: &'static str) -> Result<(), Error> {
        let offset = self.position;
        self.ensure(literal.len() as u64, literal)?;
        let mut found = [0; 32];
        let found = &mut found[..literal.len()];
        self.fill(found, literal)?;
        if found != literal.as_bytes() {
            return Err(Error::Malformed { what: format!("{literal} expected"), offset });
        }
        Ok(())
    }

    /// Skips `n` bytes.
    pub(super) fn skip(&mut self, n: u64, what: &'static str) -> Result<(), Error> {
        self.ensure(n, what)?;
        self.go_to(self.position + n)
    }

    /// Goes to an absolute position inside the file.
    pub(super) fn go_to(&mut self, position: u64) -> Result<(), Error> {
        debug_assert!(position <= self.length);
        let delta = i128::from(position) - i128::from(self.position);
        match i64::try_from(delta) {
            Ok(0) => {}
            Ok(delta) => self.inner.seek_relative(delta)?,
            Err(_) => {
                self.inner.seek(SeekFrom::Start(position))?;
            }
        }
        self.position = position;
        Ok(())
    }

    /// A complaint about what was read at `offset`.
    pub(super) fn malformed<T>(offset: u64, what: impl Into<String>) -> Result<T, Error> {
        Err(Error::Malformed { what: what.into(), offset })
    }
}

/// An unsigned integer from up to eight bytes.
pub(super) fn uint(bytes: &[u8], big_endian: bool) -> u64 {
    let fold = |value: u64, &byte: &u8| value << 8 | u64::from(byte);
    if big_endian { bytes.iter().fold(0, fold) } else { bytes.iter().rev().fold(0, fold) }
}
