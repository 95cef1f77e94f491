//! Small numbers in runs and in packs of bits ("RLE / bit-packing hybrid"), and packs of bits alone.

use crate::error::Error;
use crate::thrift::varint;

/// Reads bits, the lowest ones first. Bytes behind the end are 0, as packs are not always filled.
pub(crate) fn bits(bytes: &[u8], at: u64, width: u32) -> u64 {
    let (first, shift) = ((at / 8) as usize, (at % 8) as u32);
    let mut value = 0u128;
    for (place, byte) in bytes.iter().skip(first).take(9).enumerate() {
        value |= u128::from(*byte) << (8 * place);
    }
    let mask = if width == 64 { u64::MAX } else { (1 << width) - 1 };
    (value >> shift) as u64 & mask
}

/// A place among numbers of so many bits.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hybrid {
    width: u32,
    at: usize,
    end: usize,
    left: u64,
    run: Run,
}

#[derive(Debug, Clone, Copy)]
enum Run {
    Same(u32),
    /// The bit of the next number.
    Packed(u64),
}

impl Hybrid {
    /// Numbers of `width` bits in these bytes of a page.
    pub(crate) fn new(width: u32, at: usize, end: usize) -> Result<Self, Error> {
        if width > 32 {
            return Err(Error::malformed("numbers of a page have more than 32 bits"));
        }
        Ok(Self { width, at, end, left: 0, run: Run::Same(0) })
    }

    /// The next number.
    pub(crate) fn next(&mut self, page: &[u8]) -> Result<u32, Error> {
        let page = &page[..self.end];
        while self.left == 0 {
            self.start(page)?;
        }
        self.left -= 1;
        match &mut self.run {
            Run::Same(value) => Ok(*value),
            Run::Packed(bit) => {
                if *bit + u64::from(self.width) > 8 * page.len() as u64 {
                    return Err(Error::Truncated("a page"));
                }
                let value = bits(page, *bit, self.width) as u32;
                *bit += u64::from(self.width);
                Ok(value)
            }
        }
    }

    fn start(&mut self, page: &[u8]) -> Result<(), Error> {
        let head = varint(page, &mut self.at).ok_or(Error::Truncated("a page"))?;
        if head & 1 == 1 {
            let groups = head >> 1;
            self.left = groups.saturating_mul(8);
            self.run = Run::Packed(8 * self.at as u64);
            let bytes = groups.saturating_mul(u64::from(self.width));
            self.at = usize::try_from(bytes)
                .map_or(page.len(), |bytes| self.at.saturating_add(bytes))
                .min(page.len());
        } else {
            self.left = head >> 1;
            let width = self.width.div_ceil(8) as usize;
            let bytes = page.get(self.at..self.at + width).ok_or(Error::Truncated("a page"))?;
            let value = bytes.iter().rev().fold(0u64, |value, byte| value << 8 | u64::from(*byte));
            self.run = Run::Same(value as u32);
            self.at += width;
        }
        // runs of nothing end with the page
        Ok(())
    }
}
