//! Pages of a column, one behind the other over all groups of rows.

use std::io;

use crate::compression::unpack;
use crate::error::Error;
use crate::hybrid::Hybrid;
use crate::metadata::Chunk;
use crate::schema::Column;
use crate::source::{Source, read_exact};
use crate::thrift::{Kind, Thrift};
use crate::values::{Decoder, Dictionary};

/// Bytes in which the head of a page is expected, and most bytes of it: statistics may hold long texts.
const HEAD: usize = 1 << 10;
const MOST_HEAD: usize = 16 << 20;

/// What a page says about itself.
#[derive(Debug, Default)]
struct Head {
    kind: i64,
    unpacked: i64,
    packed: i64,
    values: i64,
    encoding: i64,
    levels: i64,
    other_levels: i64,
    is_packed: bool,
}

/// A page whose values are read.
#[derive(Debug)]
pub(crate) struct Page {
    pub bytes: Vec<u8>,
    /// Which rows have a value; none where all have.
    pub levels: Option<Hybrid>,
    pub decoder: Decoder,
    pub values: u64,
}

/// The pages of a chunk.
#[derive(Debug)]
pub(crate) struct Pages {
    at: u64,
    end: u64,
    codec: i64,
    left: u64,
    pub dictionary: Dictionary,
}

impl Pages {
    pub(crate) fn new(chunk: &Chunk, rows: i64, file: u64) -> Result<Self, Error> {
        let damaged = || Error::malformed("a column is at an impossible place of the file");
        if chunk.is_elsewhere {
            return Err(Error::Unsupported("a column that is encrypted or in another file".to_owned()));
        }
        // some writers state 0 where there is no dictionary
        let first = chunk.dictionary.filter(|at| *at > 0).map_or(chunk.data, |at| at.min(chunk.data));
        let at = u64::try_from(first).map_err(|_| damaged())?;
        let bytes = u64::try_from(chunk.bytes).map_err(|_| damaged())?;
        let end = at.checked_add(bytes).filter(|end| *end <= file).ok_or_else(damaged)?;
        if chunk.values != rows {
            return Err(Error::malformed("a column has another number of values than its group has rows"));
        }
        let left = u64::try_from(rows).map_err(|_| damaged())?;
        Ok(Self { at, end, codec: chunk.codec, left, dictionary: Dictionary::default() })
    }

    /// The next page with values, of at most `limit` bytes; `None` behind the last one.
    pub(crate) fn next(
        &mut self,
        source: &impl Source,
        column: &Column,
        limit: u64,
    ) -> Result<Option<Page>, Error> {
        while self.left > 0 {
            let head = self.head(source)?;
            let size = |size: i64| {
                usize::try_from(size).map_err(|_| Error::malformed("a page has an impossible size"))
            };
            let (packed, unpacked) = (size(head.packed)?, size(head.unpacked)?);
            if unpacked as u64 > limit {
                return Err(Error::TooLarge { what: "a page of the file", limit });
            }
            if packed as u64 > self.end - self.at {
                return Err(Error::Truncated("a column"));
            }
            let bytes = read_exact(source, self.at, packed, "a page")?;
            self.at += packed as u64;
            let values =
                u64::try_from(head.values).map_err(|_| Error::malformed("a page has an impossible size"))?;
            match head.kind {
                2 => {
                    let bytes = unpack(self.codec, bytes, unpacked)?;
                    let count = usize::try_from(values).unwrap_or(usize::MAX);
                    self.dictionary = Dictionary::new(bytes, count, column.physical, limit)?;
                }
                0 | 3 => {
                    self.left = self.left.checked_sub(values).ok_or_else(|| {
                        Error::malformed("a column has more values than its group has rows")
                    })?;
                    if values == 0 {
                        continue;
                    }
                    return page(self.codec, column, &head, bytes, unpacked, values).map(Some);
                }
                _ => {}
            }
        }
        Ok(None)
    }

    /// Reads the head of a page. How long it is, it does not say.
    fn head(&mut self, source: &impl Source) -> Result<Head, Error> {
        let mut room = HEAD;
        loop {
            let most = usize::try_from(self.end - self.at).unwrap_or(usize::MAX).min(room);
            let mut bytes = vec![0; most];
            let mut length = 0;
            while length < most {
                match source.read_at(self.at + length as u64, &mut bytes[length..]) {
                    Ok(0) => break,
                    Ok(more) => length += more,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => return Err(Error::Io(error)),
                }
            }
            let mut thrift = Thrift::new(&bytes[..length]);
            match head(&mut thrift) {
                Ok(head) => {
                    self.at += thrift.position() as u64;
                    return Ok(head);
                }
                Err(Error::Truncated(_)) if most == room && room < MOST_HEAD => room *= 16,
                Err(error) => return Err(error),
            }
        }
    }
}

fn head(thrift: &mut Thrift<'_>) -> Result<Head, Error> {
    let mut head = Head { is_packed: true, ..Head::default() };
    thrift.fields(|thrift, field, kind| {
        match field {
            1 => head.kind = thrift.whole(kind)?,
            2 => head.unpacked = thrift.whole(kind)?,
            3 => head.packed = thrift.whole(kind)?,
            5 | 7 if kind == Kind::Struct => thrift.fields(|thrift, field, kind| {
                match field {
                    1 => head.values = thrift.whole(kind)?,
                    2 => head.encoding = thrift.whole(kind)?,
                    3 if kind == Kind::Whole => head.levels = thrift.whole(kind)?,
                    _ => thrift.skip(kind)?,
                }
                Ok(())
            })?,
            8 if kind == Kind::Struct => thrift.fields(|thrift, field, kind| {
                match field {
                    1 => head.values = thrift.whole(kind)?,
                    4 => head.encoding = thrift.whole(kind)?,
                    5 => head.levels = thrift.whole(kind)?,
                    6 => head.other_levels = thrift.whole(kind)?,
                    7 => head.is_packed = kind == Kind::True,
                    _ => thrift.skip(kind)?,
                }
                Ok(())
            })?,
            _ => thrift.skip(kind)?,
        }
        Ok(())
    })?;
    Ok(head)
}

fn page(
    codec: i64,
    column: &Column,
    head: &Head,
    packed: Vec<u8>,
    unpacked: usize,
    values: u64,
) -> Result<Page, Error> {
    let (bytes, levels, at) = if head.kind == 3 {
        // levels stand in front of the values, and are not packed
        let size = |size: i64| usize::try_from(size).ok().filter(|size| *size <= packed.len().min(unpacked));
        let levels = size(head.levels).zip(size(head.other_levels));
        let (levels, other) = levels.ok_or(Error::Truncated("a page"))?;
        let before = levels.checked_add(other).filter(|before| *before <= packed.len().min(unpacked));
        let before = before.ok_or(Error::Truncated("a page"))?;
        let codec = if head.is_packed { codec } else { 0 };
        let values = if unpacked == before && packed.len() == before {
            Vec::new()
        } else {
            unpack(codec, packed[before..].to_vec(), unpacked - before)?
        };
        let bytes = [&packed[..before], values.as_slice()].concat();
        let levels = column.is_optional.then(|| Hybrid::new(1, other, before)).transpose()?;
        (bytes, levels, before)
    } else {
        let bytes = unpack(codec, packed, unpacked)?;
        if !column.is_optional {
            (bytes, None, 0)
        } else if head.levels == 3 {
            let length = bytes.first_chunk::<4>().map(|length| u32::from_le_bytes(*length) as usize);
            let end = length.and_then(|length| length.checked_add(4)).filter(|end| *end <= bytes.len());
            let end = end.ok_or(Error::Truncated("a page"))?;
            (bytes, Some(Hybrid::new(1, 4, end)?), end)
        } else {
            return Err(Error::Unsupported("the encoding BIT_PACKED".to_owned()));
        }
    };
    let decoder = Decoder::new(head.encoding, column.physical, &bytes, at)?;
    Ok(Page { bytes, levels, decoder, values })
}
