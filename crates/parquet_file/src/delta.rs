//! Whole numbers by their differences ("DELTA_BINARY_PACKED").

use crate::error::Error;
use crate::hybrid::bits;
use crate::thrift::{varint, zigzag};

/// Most numbers of a block.
const MOST_OF_BLOCK: u64 = 1 << 20;

/// A place among numbers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Delta {
    at: usize,
    /// Numbers of a part of a block, and parts of a block.
    of_part: u64,
    parts: u64,
    left: u64,
    value: i64,
    least: i64,
    /// Where the widths of the block's parts are, and which of them is read.
    widths: usize,
    part: u64,
    left_of_part: u64,
    bit: u64,
    width: u32,
    is_first: bool,
}

impl Delta {
    /// Reads the head of the numbers at this byte of a page.
    pub(crate) fn new(page: &[u8], at: usize) -> Result<Self, Error> {
        let mut at = at;
        let mut number = || varint(page, &mut at).ok_or(Error::Truncated("a page"));
        let (of_block, parts, left, first) = (number()?, number()?, number()?, zigzag(number()?));
        if parts == 0
            || of_block > MOST_OF_BLOCK
            || of_block % parts != 0
            || (of_block / parts) % 8 != 0
            || of_block == 0
        {
            return Err(Error::malformed("a block of differences has an impossible size"));
        }
        Ok(Self {
            at,
            of_part: of_block / parts,
            parts,
            left,
            value: first,
            least: 0,
            widths: 0,
            part: parts,
            left_of_part: 0,
            bit: 0,
            width: 0,
            is_first: true,
        })
    }

    /// Numbers that are left.
    pub(crate) fn left(&self) -> u64 {
        self.left
    }

    /// The byte behind the numbers, once all were read.
    pub(crate) fn end(&self) -> usize {
        self.at
    }

    /// The next number.
    pub(crate) fn next(&mut self, page: &[u8]) -> Result<i64, Error> {
        self.left = self.left.checked_sub(1).ok_or(Error::Truncated("a page"))?;
        if std::mem::take(&mut self.is_first) {
            return Ok(self.value);
        }
        if self.left_of_part == 0 {
            self.next_part(page)?;
        }
        self.left_of_part -= 1;
        let difference = bits(page, self.bit, self.width) as i64;
        self.bit += u64::from(self.width);
        self.value = self.value.wrapping_add(self.least).wrapping_add(difference);
        Ok(self.value)
    }

    fn next_part(&mut self, page: &[u8]) -> Result<(), Error> {
        if self.part == self.parts {
            self.least = zigzag(varint(page, &mut self.at).ok_or(Error::Truncated("a page"))?);
            self.widths = self.at;
            self.at += self.parts as usize;
            self.part = 0;
        }
        let width = page.get(self.widths + self.part as usize).ok_or(Error::Truncated("a page"))?;
        if *width > 64 {
            return Err(Error::malformed("a difference has more than 64 bits"));
        }
        self.width = u32::from(*width);
        self.bit = 8 * self.at as u64;
        self.at += (self.of_part * u64::from(self.width) / 8) as usize;
        if self.at > page.len() {
            return Err(Error::Truncated("a page"));
        }
        self.left_of_part = self.of_part;
        self.part += 1;
        Ok(())
    }
}
