//! The description at the end of a file: schema, row groups and key-value pairs ("parquet.thrift" of Apache Parquet).

use crate::error::Error;
use crate::source::{Source, read_exact};
use crate::thrift::{Kind, Thrift};

const MAGIC: &[u8] = b"PAR1";
const ENCRYPTED: &[u8] = b"PARE";
/// Most columns, nested ones included.
const MOST_COLUMNS: usize = 200_000;

/// The description of a file.
#[derive(Debug, Default)]
pub(crate) struct Metadata {
    pub schema: Vec<Element>,
    pub rows: i64,
    pub groups: Vec<Group>,
    /// Pairs of keys and texts; pandas keeps its index there.
    pub pairs: Vec<(String, Vec<u8>)>,
}

/// An element of the schema.
#[derive(Debug, Default, Clone)]
pub(crate) struct Element {
    /// Physical type; none for groups.
    pub kind: Option<i64>,
    pub length: i64,
    pub repetition: i64,
    pub name: Vec<u8>,
    pub children: i64,
    pub converted: Option<i64>,
    pub scale: i64,
    pub logical: Option<Logical>,
}

/// What an element's values are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Logical {
    Text,
    Decimal(i64),
    Date,
    Time(Unit),
    Timestamp(Unit, bool),
    Integer(i64, bool),
    Null,
    Uuid,
    Float16,
    Other,
}

/// A unit of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Milliseconds.
    Millis,
    /// Microseconds.
    Micros,
    /// Nanoseconds.
    Nanos,
}

impl Unit {
    /// How many are in a second.
    pub fn per_second(self) -> f64 {
        match self {
            Self::Millis => 1e3,
            Self::Micros => 1e6,
            Self::Nanos => 1e9,
        }
    }
}

/// A group of rows.
#[derive(Debug, Default)]
pub(crate) struct Group {
    pub rows: i64,
    pub chunks: Vec<Chunk>,
}

/// The values of a column in a group of rows.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Chunk {
    pub codec: i64,
    pub values: i64,
    pub bytes: i64,
    pub data: i64,
    pub dictionary: Option<i64>,
    /// The values are in another file, or encrypted.
    pub is_elsewhere: bool,
}

impl Metadata {
    /// Reads the description, which takes at most `limit` bytes in the file.
    pub(crate) fn read(source: &impl Source, limit: u64) -> Result<Self, Error> {
        let length = source.length()?;
        let mut head = [0; 4];
        let found = source.read_at(0, &mut head)?;
        match &head[..found] {
            MAGIC => {}
            ENCRYPTED => return Err(Error::Encrypted),
            _ => return Err(Error::NotParquet),
        }
        if length < 12 {
            return Err(Error::Incomplete);
        }
        let end = read_exact(source, length - 8, 8, "the file")?;
        match &end[4..] {
            MAGIC => {}
            ENCRYPTED => return Err(Error::Encrypted),
            _ => return Err(Error::Incomplete),
        }
        let size = u64::from(u32::from_le_bytes([end[0], end[1], end[2], end[3]]));
        if size > length - 12 {
            return Err(Error::malformed("the description is longer than the file"));
        }
        if size > limit {
            return Err(Error::TooLarge { what: "the description of the data", limit });
        }
        let bytes = read_exact(source, length - 8 - size, size as usize, "the description")?;
        Self::parse(&bytes)
    }

    fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let mut metadata = Self::default();
        Thrift::new(bytes).fields(|thrift, field, kind| match field {
            2 => thrift.list(kind, |thrift, _| {
                if metadata.schema.len() == MOST_COLUMNS {
                    return Err(Error::TooLarge {
                        what: "the number of columns",
                        limit: MOST_COLUMNS as u64,
                    });
                }
                metadata.schema.push(element(thrift)?);
                Ok(())
            }),
            3 => thrift.whole(kind).map(|rows| metadata.rows = rows),
            4 => thrift.list(kind, |thrift, _| {
                metadata.groups.push(group(thrift)?);
                Ok(())
            }),
            5 => thrift.list(kind, |thrift, _| {
                metadata.pairs.push(pair(thrift)?);
                Ok(())
            }),
            8 | 9 => Err(Error::Encrypted),
            _ => thrift.skip(kind),
        })?;
        Ok(metadata)
    }
}

fn element(thrift: &mut Thrift<'_>) -> Result<Element, Error> {
    let mut element = Element::default();
    thrift.fields(|thrift, field, kind| {
        match field {
            1 => element.kind = Some(thrift.whole(kind)?),
            2 => element.length = thrift.whole(kind)?,
            3 => element.repetition = thrift.whole(kind)?,
            4 => element.name = thrift.binary(kind)?.to_vec(),
            5 => element.children = thrift.whole(kind)?,
            6 => element.converted = Some(thrift.whole(kind)?),
            7 => element.scale = thrift.whole(kind)?,
            10 => element.logical = logical(thrift, kind)?,
            _ => thrift.skip(kind)?,
        }
        Ok(())
    })?;
    Ok(element)
}

/// A union: the field says which type it is.
fn logical(thrift: &mut Thrift<'_>, kind: Kind) -> Result<Option<Logical>, Error> {
    let mut logical = None;
    expect_struct(kind)?;
    thrift.fields(|thrift, field, kind| {
        expect_struct(kind)?;
        // numbers, units and truths of the type, in the order in which they are written
        let (mut numbers, mut unit, mut truth) = ([0; 3], Unit::Millis, false);
        thrift.fields(|thrift, field, kind| {
            match kind {
                Kind::True => truth = true,
                Kind::False => truth = false,
                Kind::Whole | Kind::Byte => {
                    let number = thrift.whole(kind)?;
                    if let Some(place) = numbers.get_mut(field.max(0) as usize) {
                        *place = number;
                    }
                }
                Kind::Struct => thrift.fields(|thrift, field, kind| {
                    unit = match field {
                        1 => Unit::Millis,
                        2 => Unit::Micros,
                        _ => Unit::Nanos,
                    };
                    thrift.skip(kind)
                })?,
                _ => thrift.skip(kind)?,
            }
            Ok(())
        })?;
        logical = Some(match field {
            1 | 4 | 12 => Logical::Text,
            5 => Logical::Decimal(numbers[1]),
            6 => Logical::Date,
            7 => Logical::Time(unit),
            8 => Logical::Timestamp(unit, truth),
            10 => Logical::Integer(numbers[1], truth),
            11 => Logical::Null,
            14 => Logical::Uuid,
            15 => Logical::Float16,
            _ => Logical::Other,
        });
        Ok(())
    })?;
    Ok(logical)
}

fn expect_struct(kind: Kind) -> Result<(), Error> {
    if kind == Kind::Struct { Ok(()) } else { Err(Error::malformed("a description has an impossible type")) }
}

fn group(thrift: &mut Thrift<'_>) -> Result<Group, Error> {
    let mut group = Group::default();
    thrift.fields(|thrift, field, kind| match field {
        1 => thrift.list(kind, |thrift, _| {
            group.chunks.push(chunk(thrift)?);
            Ok(())
        }),
        3 => thrift.whole(kind).map(|rows| group.rows = rows),
        _ => thrift.skip(kind),
    })?;
    Ok(group)
}

fn chunk(thrift: &mut Thrift<'_>) -> Result<Chunk, Error> {
    let mut chunk = Chunk { is_elsewhere: true, ..Chunk::default() };
    let mut has_path = false;
    thrift.fields(|thrift, field, kind| match field {
        1 => thrift.binary(kind).map(|path| has_path = !path.is_empty()),
        3 => {
            chunk.is_elsewhere = false;
            thrift.fields(|thrift, field, kind| {
                match field {
                    4 => chunk.codec = thrift.whole(kind)?,
                    5 => chunk.values = thrift.whole(kind)?,
                    7 => chunk.bytes = thrift.whole(kind)?,
                    9 => chunk.data = thrift.whole(kind)?,
                    11 => chunk.dictionary = Some(thrift.whole(kind)?),
                    _ => thrift.skip(kind)?,
                }
                Ok(())
            })
        }
        _ => thrift.skip(kind),
    })?;
    chunk.is_elsewhere |= has_path;
    Ok(chunk)
}

fn pair(thrift: &mut Thrift<'_>) -> Result<(String, Vec<u8>), Error> {
    let (mut key, mut value) = (String::new(), Vec::new());
    thrift.fields(|thrift, field, kind| {
        match field {
            1 => key = String::from_utf8_lossy(thrift.binary(kind)?).into_owned(),
            2 => value = thrift.binary(kind)?.to_vec(),
            _ => thrift.skip(kind)?,
        }
        Ok(())
    })?;
    Ok((key, value))
}
