//! Values of a column, one behind the other.

use crate::error::Error;
use crate::metadata::{Chunk, Group};
use crate::pages::{Page, Pages};
use crate::schema::{Column, Physical, What};
use crate::source::Source;
use crate::values::Raw;

/// A value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cell<'a> {
    /// No value.
    Null,
    /// A whole number; of dates and times in their unit, of decimals without the point.
    Whole(i128),
    /// A number.
    Real(f64),
    /// Bytes of a text or an identifier.
    Bytes(&'a [u8]),
}

/// A place in a column.
pub struct Cells<'a, S> {
    source: &'a S,
    column: &'a Column,
    groups: std::slice::Iter<'a, Group>,
    file: u64,
    pages: Option<Pages>,
    page: Option<Page>,
    joined: Vec<u8>,
    /// Most bytes of a page.
    limit: u64,
    peak: u64,
}

impl<'a, S: Source> Cells<'a, S> {
    pub(crate) fn new(source: &'a S, column: &'a Column, groups: &'a [Group], file: u64, limit: u64) -> Self {
        Self {
            source,
            column,
            groups: groups.iter(),
            file,
            pages: None,
            page: None,
            joined: Vec::new(),
            limit,
            peak: 0,
        }
    }

    /// Gives the next value to `take`.
    ///
    /// # Errors
    /// Damage, the end of the column, I/O.
    pub fn next<T>(&mut self, take: impl FnOnce(Cell<'_>) -> T) -> Result<T, Error> {
        while self.page.as_ref().is_none_or(|page| page.values == 0) {
            self.turn()?;
        }
        let (Some(page), Some(pages)) = (&mut self.page, &self.pages) else {
            return Err(Error::Truncated("a column"));
        };
        page.values -= 1;
        if let Some(levels) = &mut page.levels
            && levels.next(&page.bytes)? == 0
        {
            return Ok(take(Cell::Null));
        }
        let physical = self.column.physical;
        let raw = page.decoder.next(&page.bytes, physical, &pages.dictionary, &mut self.joined)?;
        let bytes = match raw {
            Raw::Whole(_) if self.column.what == What::Null => return Ok(take(Cell::Null)),
            Raw::Whole(whole) if self.column.is_unsigned && physical == Physical::Int32 => {
                return Ok(take(Cell::Whole(i128::from(whole as u32))));
            }
            Raw::Whole(whole) if self.column.is_unsigned => {
                return Ok(take(Cell::Whole(i128::from(whole as u64))));
            }
            Raw::Whole(whole) => return Ok(take(Cell::Whole(i128::from(whole)))),
            Raw::Real(real) => return Ok(take(Cell::Real(real))),
            Raw::InPage(from, to) => &page.bytes[from..to],
            Raw::InDictionary(from, to) => &pages.dictionary.bytes[from..to],
            Raw::Joined => self.joined.as_slice(),
        };
        Ok(take(match self.column.what {
            What::Decimal(_) => Cell::Whole(whole_of(bytes)?),
            What::Real if self.column.is_half => Cell::Real(half(bytes)),
            _ => Cell::Bytes(bytes),
        }))
    }

    /// Most memory that a page took so far.
    pub fn memory(&self) -> u64 {
        self.peak
    }

    /// Goes to the next page, of the next group of rows where this one has no more.
    fn turn(&mut self) -> Result<(), Error> {
        loop {
            if let Some(pages) = &mut self.pages
                && let Some(page) = pages.next(self.source, self.column, self.limit)?
            {
                // what a text has in common with one of another page, it has not
                self.joined.clear();
                self.peak = self.peak.max(page.bytes.len() as u64 + pages.dictionary.memory());
                self.page = Some(page);
                return Ok(());
            }
            let group = self.groups.next().ok_or(Error::Truncated("a column"))?;
            let chunk: &Chunk = group
                .chunks
                .get(self.column.at)
                .ok_or_else(|| Error::malformed("a group has too few columns"))?;
            self.pages = Some(Pages::new(chunk, group.rows, self.file)?);
        }
    }
}

/// A whole number from its bytes, the highest one first.
fn whole_of(bytes: &[u8]) -> Result<i128, Error> {
    if bytes.len() > 16 {
        return Err(Error::Unsupported("a decimal of more than 38 digits".to_owned()));
    }
    let sign = if bytes.first().is_some_and(|first| first & 0x80 != 0) { -1 } else { 0 };
    Ok(bytes.iter().fold(sign, |whole: i128, byte| whole << 8 | i128::from(*byte)))
}

/// A number of 16 bits (IEEE 754).
fn half(bytes: &[u8]) -> f64 {
    let [low, high] = *bytes else { return f64::NAN };
    let bits = u16::from_le_bytes([low, high]);
    let sign = if bits & 0x8000 == 0 { 1.0 } else { -1.0 };
    let (exponent, fraction) = (i32::from(bits >> 10 & 0x1f), f64::from(bits & 0x3ff));
    match exponent {
        0 => sign * fraction * 2f64.powi(-24),
        31 if fraction == 0.0 => sign * f64::INFINITY,
        31 => f64::NAN,
        _ => sign * (1.0 + fraction / 1024.0) * 2f64.powi(exponent - 15),
    }
}
