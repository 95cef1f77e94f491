//! Reads data frames that R saved: with `saveRDS` (.rds) and `save` (.rda, .RData), in binary or ASCII, versions 2 and 3, plain or packed by gzip,
//! bzip2, xz or Zstandard. The unpacked data go to a [`Spool`]; memory holds names, labels and places. Texts stay bytes, as a file may mix
//! encodings; numbers stay as R has them.

mod alternative;
mod bytecode;
mod columns;
mod container;
mod cursor;
mod error;
mod finder;
mod frame;
mod kind;
mod labels;
mod parse;
mod rows;
mod spool;
mod texts_of_numbers;
mod tokens;
mod value;

pub use container::Packing;
pub use error::Error;
pub use frame::{Column, Frame, What};
pub use labels::{Labels, missing_letter};
pub use rows::{Cell, Rows, Texts, Values};
pub use spool::Spool;
pub use value::{Mark, Text};

use std::io::Read;

use container::Unpacked;
use finder::Finder;
use parse::{Parser, Tee};
use tokens::{Form, Tokens};
use value::Value;

const BUFFER: usize = 256 << 10;
/// Lists within each other whose elements are kept: data frames within a list.
const ROOM: u8 = 2;
/// The releases of R that can read versions 2 and 3, as files say it.
const LEAST_READERS: [i32; 2] = [0x02_0300, 0x03_0500];

/// Bounds of a reader, in bytes.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Memory of names, labels and places.
    pub metadata: u64,
    /// Unpacked data.
    pub unpacked: u64,
}

/// A file whose objects were walked through.
pub struct Reader<S> {
    spool: S,
    form: Form,
    encoding: Option<String>,
    frames: Vec<Frame>,
}

/// True for a file that R saved, by its first unpacked bytes.
pub fn is_r(file: impl Read + 'static) -> bool {
    let Ok(mut unpacked) = Unpacked::new(file) else { return false };
    let mut head = [0; 64];
    let mut length = 0;
    while length < head.len() {
        match unpacked.read(&mut head[length..]) {
            Ok(0) | Err(_) => break,
            Ok(more) => length += more,
        }
    }
    let head = &head[..length];
    let is_image =
        |c: &[u8]| c.starts_with(b"RD") && matches!(c[2..], [b'X' | b'A' | b'B', b'1'..=b'9', b'\n', ..]);
    is_image(head) || is_object(head)
}

/// True for the beginning of an object: the form, and the versions as the form has them.
fn is_object(head: &[u8]) -> bool {
    let binary = |version: i32, least: i32| (1..=9).contains(&version) && LEAST_READERS.contains(&least);
    let word = |at: usize| head.get(at..at + 4).and_then(|bytes| bytes.try_into().ok());
    match head {
        [b'X' | b'B', b'\n', ..] => {
            let (Some(version), Some(least)) = (word(2), word(10)) else { return false };
            binary(i32::from_be_bytes(version), i32::from_be_bytes(least))
                || binary(i32::from_le_bytes(version), i32::from_le_bytes(least))
        }
        [b'A', b'\n', rest @ ..] => {
            let mut words = rest.split(|byte| byte.is_ascii_whitespace()).filter(|word| !word.is_empty());
            let mut number = || std::str::from_utf8(words.next()?).ok()?.parse::<i32>().ok();
            matches!((number(), number(), number()), (Some(version), Some(_), Some(least)) if binary(version, least))
        }
        _ => false,
    }
}

impl<S: Spool> Reader<S> {
    /// Unpacks a file into `spool`, which is empty, and finds its data frames.
    ///
    /// # Errors
    /// Files of another kind, damage, no data frame, something above a limit, I/O.
    pub fn open(file: impl Read + 'static, mut spool: S, limits: Limits) -> Result<Self, Error> {
        let tee =
            Tee { unpacked: Unpacked::new(file)?, spool: &mut spool, length: 0, limit: limits.unpacked };
        let mut tokens = Tokens::new(tee, Form::BigEndian, 0, BUFFER);
        let (is_image, encoding) = header(&mut tokens)?;
        let form = tokens.form;
        let mut parser = Parser::new(tokens, limits.metadata);
        let value = parser.item(ROOM, true)?;
        let left = parser.left();
        drop(parser);
        let mut finder = Finder { spool: &spool, form, left, limits, sequences: limits.unpacked };
        let frames =
            if is_image { of_image(&mut finder, &value)? } else { finder.frames(String::new(), &value)? };
        if frames.is_empty() {
            return Err(Error::NoFrame(in_words(&value, is_image).to_owned()));
        }
        Ok(Self { spool, form, encoding, frames })
    }

    /// The data frames in the order of the file.
    pub fn frames(&self) -> &[Frame] {
        &self.frames
    }

    /// The encoding of texts without a mark, which files of version 3 name.
    pub fn encoding(&self) -> Option<&str> {
        self.encoding.as_deref()
    }

    /// The rows of a data frame from the first on.
    ///
    /// # Errors
    /// I/O.
    pub fn rows(&self, frame: &Frame) -> Result<Rows<'_, S>, Error> {
        Rows::new(&self.spool, self.form, &frame.columns, frame.rows)
    }

    /// The values of one column of a data frame from the first on.
    ///
    /// # Errors
    /// I/O.
    pub fn column(&self, frame: &Frame, at: usize) -> Result<Rows<'_, S>, Error> {
        Rows::new(&self.spool, self.form, &frame.columns[at..=at], frame.rows)
    }
}

/// Reads what is in front of the first object: whether it is an image of several objects, and their encoding. Sets the form.
fn header<S: Spool>(tokens: &mut Tokens<Tee<'_, S>>) -> Result<(bool, Option<String>), Error> {
    let not_r = |error| if matches!(error, Error::Truncated { .. }) { Error::NotR } else { error };
    let mut first: [u8; 2] = tokens.take("the header").map_err(not_r)?;
    let is_image = first == *b"RD";
    if is_image {
        let rest: [u8; 3] = tokens.take("the header").map_err(not_r)?;
        match rest {
            [b'X' | b'A' | b'B', b'2' | b'3', b'\n'] => {}
            [_, version @ b'0'..=b'9', b'\n'] => return Err(Error::Version(i32::from(version - b'0'))),
            _ => return Err(Error::NotR),
        }
        first = tokens.take("the header")?;
    }
    let version = match first {
        [b'X', b'\n'] => tokens.int("the version")?,
        [b'A', b'\n'] => {
            tokens.form = Form::Ascii;
            tokens.int("the version")?
        }
        [b'B', b'\n'] => {
            let version: [u8; 4] = tokens.take("the version")?;
            let little = i32::from_le_bytes(version);
            if (1..=9).contains(&little) {
                tokens.form = Form::LittleEndian;
                little
            } else {
                i32::from_be_bytes(version)
            }
        }
        _ => return Err(Error::NotR),
    };
    tokens.int("the version of R")?;
    tokens.int("the version of R")?;
    match version {
        2 => Ok((is_image, None)),
        3 => {
            let length = tokens.int("the encoding")?;
            let length = usize::try_from(length).ok().filter(|length| *length <= 64);
            let length = length.ok_or_else(|| Error::malformed("the name of the encoding is too long", 0))?;
            let name = tokens.chars(length, "the encoding")?;
            Ok((is_image, Some(String::from_utf8_lossy(&name).into_owned())))
        }
        other => Err(Error::Version(other)),
    }
}

/// The data frames of the objects of an image.
fn of_image<S: Spool>(finder: &mut Finder<'_, S>, value: &Value) -> Result<Vec<Frame>, Error> {
    let Value::Pairs { pairs, .. } = value else { return Ok(Vec::new()) };
    let mut frames = Vec::new();
    for (name, object) in pairs {
        let name = name.as_ref().map(|name| String::from_utf8_lossy(name).into_owned()).unwrap_or_default();
        frames.extend(finder.frames(name, object)?);
    }
    Ok(frames)
}

fn in_words(value: &Value, is_image: bool) -> &'static str {
    match value {
        _ if is_image => "other objects",
        Value::Null => "NULL",
        Value::Vector(_) => "a vector",
        Value::List { .. } | Value::Pairs { .. } => "a list of something else",
        Value::Other(what) => what,
        Value::Symbol(_) | Value::Foreign(_) => "another object",
    }
}
