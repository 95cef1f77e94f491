//! Values of a page in the encodings of Parquet ("Encodings" of the format's documentation).

use crate::delta::Delta;
use crate::error::Error;
use crate::hybrid::Hybrid;
use crate::schema::Physical;

/// A value as it is stored.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Raw {
    Whole(i64),
    Real(f64),
    /// From and to: bytes of the page, or of the dictionary.
    InPage(usize, usize),
    InDictionary(usize, usize),
    /// Bytes that were put together.
    Joined,
}

/// The values of a column that a page refers to.
#[derive(Debug, Default)]
pub(crate) struct Dictionary {
    pub bytes: Vec<u8>,
    values: Vec<Raw>,
}

impl Dictionary {
    /// Reads a page of values without an encoding; their places take at most `limit` bytes.
    pub(crate) fn new(bytes: Vec<u8>, count: usize, physical: Physical, limit: u64) -> Result<Self, Error> {
        // a value takes a byte at least, and texts take their length
        if count > bytes.len() {
            return Err(Error::Truncated("a dictionary"));
        }
        if (count * size_of::<Raw>()) as u64 > limit {
            return Err(Error::TooLarge { what: "a dictionary of the file", limit });
        }
        let mut values = Vec::with_capacity(count);
        let mut at = 0;
        for _ in 0..count {
            values.push(match plain(&bytes, &mut at, physical)? {
                Raw::InPage(from, to) => Raw::InDictionary(from, to),
                value => value,
            });
        }
        Ok(Self { bytes, values })
    }

    /// Memory of the places of values.
    pub(crate) fn memory(&self) -> u64 {
        self.bytes.len() as u64 + (self.values.len() * size_of::<Raw>()) as u64
    }
}

/// How the values of a page are read.
#[derive(Debug)]
pub(crate) enum Decoder {
    Plain(usize),
    /// Truths as bits.
    Bits(u64),
    Hybrid(Hybrid),
    Dictionary(Hybrid),
    Delta(Delta),
    /// Lengths, and where the next text is.
    Lengths(Delta, usize),
    /// Lengths of what a text has in common with the one before, lengths of the rest, and where the next rest is.
    Prefixes(Delta, Delta, usize),
    /// The first byte of all values, then the second …: from, number of values, the next one.
    Split(usize, usize, usize),
}

impl Decoder {
    /// Starts at this byte of a page.
    pub(crate) fn new(encoding: i64, physical: Physical, page: &[u8], at: usize) -> Result<Self, Error> {
        let rest = page.len() - at;
        Ok(match (encoding, physical) {
            (0, Physical::Boolean) => Self::Bits(8 * at as u64),
            (0, _) => Self::Plain(at),
            (2 | 8, _) => {
                let width = if rest == 0 { 0 } else { u32::from(page[at]) };
                Self::Dictionary(Hybrid::new(width, (at + 1).min(page.len()), page.len())?)
            }
            (3, Physical::Boolean) => {
                let length = length(page, at)?;
                Self::Hybrid(Hybrid::new(1, at + 4, at + 4 + length)?)
            }
            (5, Physical::Int32 | Physical::Int64) => Self::Delta(Delta::new(page, at)?),
            (6, Physical::Bytes) => {
                let lengths = Delta::new(page, at)?;
                Self::Lengths(lengths, behind(lengths, page)?)
            }
            (7, Physical::Bytes | Physical::Fixed(_)) => {
                let prefixes = Delta::new(page, at)?;
                let rests = Delta::new(page, behind(prefixes, page)?)?;
                Self::Prefixes(prefixes, rests, behind(rests, page)?)
            }
            (9, _) if physical.width().is_some() => Self::Split(at, rest / physical.width().unwrap_or(1), 0),
            (4, _) => return Err(Error::Unsupported("the encoding BIT_PACKED".to_owned())),
            (other, _) => return Err(Error::malformed(format!("{other} is no encoding of such values"))),
        })
    }

    /// The next value. Bytes that are not together in the page are put into `joined`.
    pub(crate) fn next(
        &mut self,
        page: &[u8],
        physical: Physical,
        dictionary: &Dictionary,
        joined: &mut Vec<u8>,
    ) -> Result<Raw, Error> {
        match self {
            Self::Plain(at) => plain(page, at, physical),
            Self::Bits(bit) => {
                let byte = page.get((*bit / 8) as usize).ok_or(Error::Truncated("a page"))?;
                let value = byte >> (*bit % 8) & 1;
                *bit += 1;
                Ok(Raw::Whole(i64::from(value)))
            }
            Self::Hybrid(hybrid) => Ok(Raw::Whole(i64::from(hybrid.next(page)?))),
            Self::Dictionary(hybrid) => {
                let value = dictionary.values.get(hybrid.next(page)? as usize);
                value.copied().ok_or_else(|| Error::malformed("a value refers to nothing in its dictionary"))
            }
            Self::Delta(delta) => {
                let value = delta.next(page)?;
                Ok(Raw::Whole(if physical == Physical::Int32 { i64::from(value as i32) } else { value }))
            }
            Self::Lengths(lengths, at) => {
                let (from, to) = taken(page, at, lengths.next(page)?)?;
                Ok(Raw::InPage(from, to))
            }
            Self::Prefixes(prefixes, rests, at) => {
                let kept = usize::try_from(prefixes.next(page)?).ok().filter(|kept| *kept <= joined.len());
                let kept = kept.ok_or_else(|| Error::malformed("a text begins as none before it"))?;
                let (from, to) = taken(page, at, rests.next(page)?)?;
                joined.truncate(kept);
                joined.extend_from_slice(&page[from..to]);
                Ok(Raw::Joined)
            }
            Self::Split(from, count, next) => {
                if *next >= *count {
                    return Err(Error::Truncated("a page"));
                }
                joined.clear();
                let width = physical.width().unwrap_or(0);
                joined.extend((0..width).map(|byte| page[*from + byte * *count + *next]));
                *next += 1;
                match physical {
                    Physical::Fixed(_) => Ok(Raw::Joined),
                    _ => plain(joined, &mut 0, physical),
                }
            }
        }
    }
}

/// The byte behind numbers, all of which are read for it.
fn behind(mut numbers: Delta, page: &[u8]) -> Result<usize, Error> {
    // a number takes a bit, or none where all differences are the same
    if numbers.left() > MOST_LENGTHS {
        return Err(Error::TooLarge { what: "the number of texts of a page", limit: MOST_LENGTHS });
    }
    while numbers.left() > 0 {
        numbers.next(page)?;
    }
    Ok(numbers.end())
}

/// Most texts of a page.
const MOST_LENGTHS: u64 = 1 << 28;

fn length(page: &[u8], at: usize) -> Result<usize, Error> {
    let bytes = page.get(at..).and_then(|rest| rest.first_chunk::<4>()).ok_or(Error::Truncated("a page"))?;
    let length = u32::from_le_bytes(*bytes) as usize;
    if length > page.len() - at - 4 { Err(Error::Truncated("a page")) } else { Ok(length) }
}

/// Takes so many bytes.
fn taken(page: &[u8], at: &mut usize, length: i64) -> Result<(usize, usize), Error> {
    let from = *at;
    let to = usize::try_from(length).ok().and_then(|length| from.checked_add(length));
    let to = to.filter(|to| *to <= page.len()).ok_or(Error::Truncated("a page"))?;
    *at = to;
    Ok((from, to))
}

/// A value without an encoding.
fn plain(page: &[u8], at: &mut usize, physical: Physical) -> Result<Raw, Error> {
    fn chunk<const N: usize>(page: &[u8], at: &mut usize) -> Result<[u8; N], Error> {
        let bytes =
            page.get(*at..).and_then(|rest| rest.first_chunk::<N>()).ok_or(Error::Truncated("a page"))?;
        *at += N;
        Ok(*bytes)
    }
    Ok(match physical {
        Physical::Boolean => Raw::Whole(i64::from(chunk::<1>(page, at)?[0] & 1)),
        Physical::Int32 => Raw::Whole(i64::from(i32::from_le_bytes(chunk(page, at)?))),
        Physical::Int64 => Raw::Whole(i64::from_le_bytes(chunk(page, at)?)),
        Physical::Float => Raw::Real(f64::from(f32::from_le_bytes(chunk(page, at)?))),
        Physical::Double => Raw::Real(f64::from_le_bytes(chunk(page, at)?)),
        Physical::Int96 => {
            let (nanos, day) = (i64::from_le_bytes(chunk(page, at)?), i32::from_le_bytes(chunk(page, at)?));
            // the Julian day of 1970-01-01
            let days = i64::from(day) - 2_440_588;
            Raw::Whole(days.saturating_mul(86_400_000_000).saturating_add(nanos.div_euclid(1000)))
        }
        Physical::Bytes => {
            let length = length(page, *at)?;
            *at += 4;
            let (from, to) = taken(page, at, length as i64)?;
            Raw::InPage(from, to)
        }
        Physical::Fixed(width) => {
            let (from, to) = taken(page, at, width as i64)?;
            Raw::InPage(from, to)
        }
    })
}
