//! The compact protocol of Thrift, in which Parquet keeps its descriptions ("Thrift compact protocol encoding").

use crate::error::Error;

/// Most structures, lists and maps within each other.
const DEEPEST: u32 = 64;

/// The type of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    True,
    False,
    Whole,
    Byte,
    Double,
    Binary,
    List,
    Map,
    Struct,
}

impl Kind {
    fn of(code: u8) -> Result<Self, Error> {
        Ok(match code {
            1 => Self::True,
            2 => Self::False,
            3 => Self::Byte,
            4..=6 => Self::Whole,
            7 => Self::Double,
            8 => Self::Binary,
            9 | 10 => Self::List,
            11 => Self::Map,
            12 => Self::Struct,
            other => return Err(Error::malformed(format!("{other} is no type of a description's field"))),
        })
    }
}

/// Reads fields one behind the other.
pub(crate) struct Thrift<'a> {
    bytes: &'a [u8],
    at: usize,
    depth: u32,
}

impl<'a> Thrift<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, depth: 0 }
    }

    /// Bytes read so far.
    pub(crate) fn position(&self) -> usize {
        self.at
    }

    fn byte(&mut self) -> Result<u8, Error> {
        let byte = self.bytes.get(self.at).ok_or(Error::Truncated("a description"))?;
        self.at += 1;
        Ok(*byte)
    }

    fn varint(&mut self) -> Result<u64, Error> {
        varint(self.bytes, &mut self.at).ok_or(Error::Truncated("a description"))
    }

    /// Enters a structure, list or map.
    fn deeper(&mut self) -> Result<(), Error> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(Error::malformed("too many descriptions are within each other"));
        }
        Ok(())
    }

    /// Reads a structure; `take` reads or skips each field by its number and type.
    pub(crate) fn fields(
        &mut self,
        mut take: impl FnMut(&mut Self, i16, Kind) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.deeper()?;
        let mut number = 0i16;
        loop {
            let head = self.byte()?;
            if head == 0 {
                break;
            }
            number = match head >> 4 {
                0 => zigzag(self.varint()?) as i16,
                step => number.wrapping_add(i16::from(step)),
            };
            take(self, number, Kind::of(head & 0x0f)?)?;
        }
        self.depth -= 1;
        Ok(())
    }

    /// Reads a list; `take` reads each element.
    pub(crate) fn list(
        &mut self,
        kind: Kind,
        mut take: impl FnMut(&mut Self, Kind) -> Result<(), Error>,
    ) -> Result<(), Error> {
        if kind != Kind::List {
            return Err(Error::malformed("a description has no list where one is expected"));
        }
        let head = self.byte()?;
        let length = if head >> 4 == 15 { self.varint()? } else { u64::from(head >> 4) };
        // an element takes a byte at least
        if length > (self.bytes.len() - self.at) as u64 {
            return Err(Error::Truncated("a description"));
        }
        if length == 0 {
            // some writers give no type to the elements of nothing
            return Ok(());
        }
        let of = Kind::of(head & 0x0f)?;
        self.deeper()?;
        (0..length).try_for_each(|_| take(self, of))?;
        self.depth -= 1;
        Ok(())
    }

    /// Reads a whole number.
    pub(crate) fn whole(&mut self, kind: Kind) -> Result<i64, Error> {
        match kind {
            Kind::Whole => Ok(zigzag(self.varint()?)),
            Kind::Byte => Ok(i64::from(self.byte()? as i8)),
            _ => Err(Error::malformed("a description has no number where one is expected")),
        }
    }

    /// Reads a text.
    pub(crate) fn binary(&mut self, kind: Kind) -> Result<&'a [u8], Error> {
        if kind != Kind::Binary {
            return Err(Error::malformed("a description has no text where one is expected"));
        }
        let length = usize::try_from(self.varint()?).unwrap_or(usize::MAX);
        let end = self.at.checked_add(length).filter(|end| *end <= self.bytes.len());
        let end = end.ok_or(Error::Truncated("a description"))?;
        let bytes = &self.bytes[self.at..end];
        self.at = end;
        Ok(bytes)
    }

    /// Passes over a field.
    pub(crate) fn skip(&mut self, kind: Kind) -> Result<(), Error> {
        match kind {
            Kind::True | Kind::False => Ok(()),
            Kind::Byte => self.byte().map(drop),
            Kind::Whole => self.varint().map(drop),
            Kind::Double => (0..8).try_for_each(|_| self.byte().map(drop)),
            Kind::Binary => self.binary(kind).map(drop),
            Kind::Struct => self.fields(|this, _, kind| this.skip(kind)),
            Kind::List => self.list(kind, Self::skip_element),
            Kind::Map => {
                let length = self.varint()?;
                if length == 0 {
                    return Ok(());
                }
                let kinds = self.byte()?;
                let (key, value) = (Kind::of(kinds >> 4)?, Kind::of(kinds & 0x0f)?);
                self.deeper()?;
                (0..length).try_for_each(|_| {
                    self.skip_element(key)?;
                    self.skip_element(value)
                })?;
                self.depth -= 1;
                Ok(())
            }
        }
    }

    /// Elements of lists and maps that are true or false take a byte, fields do not.
    fn skip_element(&mut self, kind: Kind) -> Result<(), Error> {
        match kind {
            Kind::True | Kind::False => self.byte().map(drop),
            _ => self.skip(kind),
        }
    }
}

/// A number in groups of seven bits; `None` where it does not end.
pub(crate) fn varint(bytes: &[u8], at: &mut usize) -> Option<u64> {
    let mut value = 0u64;
    for shift in (0..70).step_by(7) {
        let byte = *bytes.get(*at)?;
        *at += 1;
        value |= u64::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

/// A number whose sign is its last bit.
pub(crate) fn zigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}
