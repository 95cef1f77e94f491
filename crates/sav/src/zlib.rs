//! The blocks of a .zsav file: each is a stream of zlib whose content is compressed once more like that of a .sav file.

use std::io::{Read, Seek};

use flate2::read::ZlibDecoder;

use crate::error::Error;
use crate::source::Source;

/// Most bytes of a block; SPSS writes blocks of 4,190,208.
const MOST: i32 = 64 << 20;

const WHAT: &str = "the blocks of the cases";

/// Where a block is.
#[derive(Debug)]
struct Block {
    offset: u64,
    compressed: usize,
    size: usize,
}

/// Reads blocks one after the other.
#[derive(Debug)]
pub(crate) struct Blocks {
    list: Vec<Block>,
    next: usize,
    content: Vec<u8>,
    at: usize,
}

impl Blocks {
    /// Reads the list of the blocks; the source is behind the dictionary.
    pub(crate) fn open<R: Read + Seek>(source: &mut Source<R>) -> Result<Self, Error> {
        let start = source.position();
        let _header = source.i64(WHAT)?;
        let trailer = source.i64(WHAT)?;
        let length = source.i64(WHAT)?;
        let end = start + source.left() + 24;
        let trailer = u64::try_from(trailer).ok().filter(|at| *at <= end);
        source.seek(trailer.ok_or(Error::Truncated { what: WHAT, offset: start })?)?;
        // bias and a zero
        source.skip(16, WHAT)?;
        let _usual = source.i32(WHAT)?;
        let count = source.count(WHAT)?;
        if i64::try_from(24 + 24 * count) != Ok(length) {
            return Err(Error::malformed(
                "the list of the blocks contradicts its own length",
                source.position(),
            ));
        }
        let mut list = Vec::new();
        for _ in 0..count {
            source.spend(size_of::<Block>(), WHAT)?;
            let at = source.position();
            let _uncompressed = source.i64(WHAT)?;
            let offset = source.i64(WHAT)?;
            let (size, compressed) = (source.i32(WHAT)?, source.i32(WHAT)?);
            if offset < 0 || !(0..=MOST).contains(&size) || !(0..=MOST).contains(&compressed) {
                return Err(Error::malformed("a block has an impossible size", at));
            }
            list.push(Block {
                offset: offset.cast_unsigned(),
                compressed: compressed as usize,
                size: size as usize,
            });
        }
        Ok(Self { list, next: 0, content: Vec::new(), at: 0 })
    }

    /// Goes back to the first block.
    pub(crate) fn rewind(&mut self) {
        (self.next, self.at) = (0, 0);
        self.content.clear();
    }

    /// Fills `buffer`; false where the blocks end in front of it.
    pub(crate) fn fill<R: Read + Seek>(
        &mut self,
        source: &mut Source<R>,
        buffer: &mut [u8],
    ) -> Result<bool, Error> {
        let mut filled = 0;
        while filled < buffer.len() {
            if self.at == self.content.len() && !self.next_block(source)? {
                return match filled {
                    0 => Ok(false),
                    _ => Err(Error::Truncated { what: "a case", offset: source.position() }),
                };
            }
            let count = (buffer.len() - filled).min(self.content.len() - self.at);
            buffer[filled..filled + count].copy_from_slice(&self.content[self.at..self.at + count]);
            filled += count;
            self.at += count;
        }
        Ok(true)
    }

    fn next_block<R: Read + Seek>(&mut self, source: &mut Source<R>) -> Result<bool, Error> {
        let Some(block) = self.list.get(self.next) else { return Ok(false) };
        self.next += 1;
        source.seek(block.offset)?;
        if block.compressed as u64 > source.left() {
            return Err(Error::Truncated { what: WHAT, offset: block.offset });
        }
        let mut compressed = vec![0; block.compressed];
        source.fill(&mut compressed, WHAT)?;
        self.content.clear();
        self.at = 0;
        let mut decoder = ZlibDecoder::new(compressed.as_slice()).take(block.size as u64 + 1);
        let read = decoder.read_to_end(&mut self.content);
        if read.is_err() || self.content.len() != block.size {
            return Err(Error::malformed("a block of the cases is damaged", block.offset));
        }
        Ok(true)
    }
}
