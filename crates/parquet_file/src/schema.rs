//! Columns of a file: which of them are flat, and what their values are.

use crate::error::Error;
use crate::metadata::{Element, Logical, Unit};

/// What the values of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// True and false as 1 and 0.
    Boolean,
    /// Whole numbers.
    Whole,
    /// Whole numbers of so many decimals.
    Decimal(u32),
    /// Numbers of 16, 32 or 64 bits.
    Real,
    /// Texts in UTF-8.
    Text,
    /// Bytes that may be texts.
    Bytes,
    /// Unique identifiers of 16 bytes.
    Uuid,
    /// Days since 1970-01-01.
    Date,
    /// Times since 1970-01-01; true where they are of UTC.
    Timestamp(Unit, bool),
    /// Times of a day.
    Time(Unit),
    /// No value at all.
    Null,
}

/// How values are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Physical {
    Boolean,
    Int32,
    Int64,
    Int96,
    Float,
    Double,
    Bytes,
    Fixed(usize),
}

impl Physical {
    /// Bytes of a value, where all have as many.
    pub(crate) fn width(self) -> Option<usize> {
        match self {
            Self::Boolean | Self::Bytes => None,
            Self::Int32 | Self::Float => Some(4),
            Self::Int64 | Self::Double => Some(8),
            Self::Int96 => Some(12),
            Self::Fixed(width) => Some(width),
        }
    }
}

/// A column.
#[derive(Debug, Clone)]
pub struct Column {
    /// Name.
    pub name: String,
    /// What the values are.
    pub what: What,
    pub(crate) physical: Physical,
    /// The values are not negative.
    pub(crate) is_unsigned: bool,
    pub(crate) is_half: bool,
    pub(crate) is_optional: bool,
    /// Its place among the chunks of a group of rows.
    pub(crate) at: usize,
}

/// Columns that can be read, and those that cannot: name and reason.
pub(crate) type Columns = (Vec<Column>, Vec<(String, String)>);

/// The columns of a schema.
pub(crate) fn columns(schema: &[Element]) -> Result<Columns, Error> {
    let Some((root, mut rest)) = schema.split_first() else {
        return Err(Error::malformed("the file has no schema"));
    };
    let (mut columns, mut unread, mut at) = (Vec::new(), Vec::new(), 0);
    for _ in 0..root.children.max(0) {
        let (size, leaves) = size_of(rest)?;
        let (element, name) = (&rest[0], String::from_utf8_lossy(&rest[0].name).into_owned());
        match column(element, name.clone(), at) {
            Ok(column) => columns.push(column),
            Err(why) => unread.push((name, why)),
        }
        rest = &rest[size..];
        at += leaves;
    }
    if !rest.is_empty() {
        return Err(Error::malformed("the schema has more columns than it announces"));
    }
    Ok((columns, unread))
}

/// How many elements the first one has with all within it, and how many of these have values.
fn size_of(elements: &[Element]) -> Result<(usize, usize), Error> {
    // elements still expected
    let (mut expected, mut size, mut leaves) = (1u64, 0, 0);
    while expected > 0 {
        let element = elements.get(size).ok_or(Error::Truncated("the schema"))?;
        expected = (expected - 1).saturating_add(element.children.max(0) as u64);
        leaves += usize::from(element.kind.is_some());
        size += 1;
    }
    Ok((size, leaves))
}

fn column(element: &Element, name: String, at: usize) -> Result<Column, String> {
    let is_nested = element.children > 0 || element.kind.is_none();
    if is_nested || element.repetition == 2 {
        return Err("its values are lists or records; a column has one value in each row".to_owned());
    }
    let physical = match element.kind {
        Some(0) => Physical::Boolean,
        Some(1) => Physical::Int32,
        Some(2) => Physical::Int64,
        Some(3) => Physical::Int96,
        Some(4) => Physical::Float,
        Some(5) => Physical::Double,
        Some(6) => Physical::Bytes,
        Some(7) if (1..=1 << 20).contains(&element.length) => Physical::Fixed(element.length as usize),
        other => return Err(format!("it has the type {}, which is not known", other.unwrap_or(-1))),
    };
    let logical = element.logical.or_else(|| converted(element));
    let what = what(physical, logical)?;
    let is_unsigned = matches!(logical, Some(Logical::Integer(_, false)));
    let (is_half, is_optional) = (logical == Some(Logical::Float16), element.repetition == 1);
    Ok(Column { name, what, physical, is_unsigned, is_half, is_optional, at })
}

fn what(physical: Physical, logical: Option<Logical>) -> Result<What, String> {
    let is_whole = matches!(physical, Physical::Int32 | Physical::Int64);
    let is_bytes = matches!(physical, Physical::Bytes | Physical::Fixed(_));
    Ok(match (physical, logical) {
        (_, Some(Logical::Null)) => What::Null,
        (Physical::Boolean, None) => What::Boolean,
        (Physical::Int96, None) => What::Timestamp(Unit::Micros, false),
        (Physical::Float | Physical::Double, None) | (Physical::Fixed(2), Some(Logical::Float16)) => {
            What::Real
        }
        (_, None | Some(Logical::Integer(..))) if is_whole => What::Whole,
        (Physical::Int32, Some(Logical::Date)) => What::Date,
        (_, Some(Logical::Time(unit))) if is_whole => What::Time(unit),
        (Physical::Int64, Some(Logical::Timestamp(unit, is_utc))) => What::Timestamp(unit, is_utc),
        (Physical::Fixed(17..), Some(Logical::Decimal(_))) => {
            return Err("its numbers have more than 38 digits".to_owned());
        }
        (_, Some(Logical::Decimal(scale))) if (is_whole || is_bytes) && (0..=38).contains(&scale) => {
            What::Decimal(scale as u32)
        }
        (Physical::Fixed(16), Some(Logical::Uuid)) => What::Uuid,
        (Physical::Bytes | Physical::Fixed(_), Some(Logical::Text)) => What::Text,
        (Physical::Bytes, None) => What::Bytes,
        (Physical::Fixed(_), None) => return Err("its values are bytes, and no texts or numbers".to_owned()),
        _ => return Err("its values have a type that no data set can have".to_owned()),
    })
}

/// The type under the names of older files.
fn converted(element: &Element) -> Option<Logical> {
    Some(match element.converted? {
        0 | 4 | 19 => Logical::Text,
        5 => Logical::Decimal(element.scale),
        6 => Logical::Date,
        7 => Logical::Time(Unit::Millis),
        8 => Logical::Time(Unit::Micros),
        9 => Logical::Timestamp(Unit::Millis, true),
        10 => Logical::Timestamp(Unit::Micros, true),
        code @ 11..=14 => Logical::Integer(8 << (code - 11), false),
        code @ 15..=18 => Logical::Integer(8 << (code - 15), true),
        _ => Logical::Other,
    })
}
