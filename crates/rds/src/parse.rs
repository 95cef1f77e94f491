//! Walks through a serialized object: data stay in the spool, places and attributes are kept as far as they can belong to data frames.
//!
//! The layout is that of "R Internals", section "Serialization Formats", and of the files that R writes.

use std::rc::Rc;

use crate::container::Unpacked;
use crate::error::Error;
use crate::kind;
use crate::spool::Spool;
use crate::tokens::{Source, Tokens};
use crate::value::{Attributes, Data, Kind, Mark, Text, Value, Vector};

/// Most objects within each other.
const DEEPEST: u32 = 300;
/// Bytes that an object takes in memory, about.
const OBJECT: u64 = 160;
/// Most elements of a list that can be a data frame.
const MOST_COLUMNS: u64 = 120_000;
/// Attributes that say something about data; the others are passed over.
const KEPT: [&str; 13] = [
    "names",
    "row.names",
    "class",
    "dim",
    "dimnames",
    "levels",
    "label",
    "labels",
    "na_values",
    "na_range",
    "tzone",
    "units",
    "variable.label",
];

/// The word in front of an object.
#[derive(Debug, Clone, Copy)]
struct Flags(i32);

impl Flags {
    fn kind(self) -> u8 {
        (self.0 & 0xff) as u8
    }

    fn has_attributes(self) -> bool {
        self.0 & 1 << 9 != 0
    }

    fn has_tag(self) -> bool {
        self.0 & 1 << 10 != 0
    }
}

/// Unpacked data on their way into the spool.
pub(crate) struct Tee<'a, S> {
    pub unpacked: Unpacked,
    pub spool: &'a mut S,
    pub length: u64,
    /// Most bytes of the spool.
    pub limit: u64,
}

impl<S: Spool> Source for Tee<'_, S> {
    fn fill(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
        let length = self.unpacked.read(buffer)?;
        self.length += length as u64;
        if self.length > self.limit {
            return Err(Error::TooLarge { what: "the unpacked file", limit: self.limit });
        }
        self.spool.append(&buffer[..length])?;
        Ok(length)
    }
}

/// Reads objects.
pub(crate) struct Parser<'a, S> {
    pub tokens: Tokens<Tee<'a, S>>,
    /// What later objects refer to: names of symbols, and other things.
    references: Vec<Option<Rc<[u8]>>>,
    pub depth: u32,
    /// Bytes of memory that may still be taken, of `limit`.
    left: u64,
    limit: u64,
}

impl<'a, S: Spool> Parser<'a, S> {
    pub(crate) fn new(tokens: Tokens<Tee<'a, S>>, limit: u64) -> Self {
        Self { tokens, references: Vec::new(), depth: 0, left: limit, limit }
    }

    /// Bytes of memory that may still be taken.
    pub(crate) fn left(&self) -> u64 {
        self.left
    }

    pub(crate) fn charge(&mut self, bytes: u64) -> Result<(), Error> {
        let too_large = Error::TooLarge { what: "the description of the data", limit: self.limit };
        self.left = self.left.checked_sub(bytes).ok_or(too_large)?;
        Ok(())
    }

    fn malformed(&self, what: impl Into<String>) -> Error {
        Error::malformed(what, self.tokens.position())
    }

    /// Reads an object. Elements of lists are kept to the depth `room`, and nothing is where `keep` is false.
    pub(crate) fn item(&mut self, room: u8, keep: bool) -> Result<Value, Error> {
        let flags = Flags(self.tokens.int("an object")?);
        self.item_of(flags, room, keep)
    }

    fn item_of(&mut self, flags: Flags, room: u8, keep: bool) -> Result<Value, Error> {
        self.deeper()?;
        if keep {
            self.charge(OBJECT)?;
        }
        let value = self.item_within(flags, room, keep);
        self.depth -= 1;
        value
    }

    /// Goes into an object.
    pub(crate) fn deeper(&mut self) -> Result<(), Error> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(self.malformed(format!("more than {DEEPEST} objects are within each other")));
        }
        Ok(())
    }

    fn item_within(&mut self, flags: Flags, room: u8, keep: bool) -> Result<Value, Error> {
        match flags.kind() {
            kind::NULL => Ok(Value::Null),
            // the environments and objects that every session has
            241 | 242 | 250..=253 => Ok(Value::Other("an environment")),
            kind::REFERENCE => self.reference(flags),
            kind::SYMBOL => self.symbol(),
            kind::PERSISTENT | kind::PACKAGE | kind::NAMESPACE => {
                self.tokens.int("a name")?;
                let count = self.tokens.int("a name")?;
                (0..count).try_for_each(|_| self.item(0, false).map(drop))?;
                self.refer(None)?;
                Ok(Value::Other("an environment"))
            }
            kind::ENVIRONMENT => {
                self.tokens.int("an environment")?;
                self.refer(None)?;
                (0..4).try_for_each(|_| self.item(0, false).map(drop))?;
                Ok(Value::Other("an environment"))
            }
            kind::PAIRS | kind::DOTS => self.pairs(flags, room, keep),
            kind::FUNCTION | kind::PROMISE => self.pairs(flags, 0, false).map(|_| Value::Other("a function")),
            kind::CALL => self.pairs(flags, 0, false).map(|_| Value::Other("a call")),
            kind::POINTER => {
                self.refer(None)?;
                (0..2).try_for_each(|_| self.item(0, false).map(drop))?;
                self.passed_over(flags, "a pointer")
            }
            kind::WEAK => {
                self.refer(None)?;
                self.passed_over(flags, "a reference")
            }
            kind::SPECIAL | kind::BUILTIN => {
                let length = self.length("the name of a function")?;
                self.tokens.skip_chars(length as usize, "the name of a function")?;
                Ok(Value::Other("a function"))
            }
            kind::TEXT => self.text(flags, false).map(|_| Value::Other("a text")),
            kind::LOGICAL | kind::INTEGER | kind::REAL | kind::COMPLEX | kind::TEXTS | kind::RAW => {
                self.vector(flags, keep)
            }
            kind::LIST | kind::EXPRESSION => self.list(flags, room, keep),
            kind::BYTECODE => {
                self.tokens.int("code")?;
                self.bytecode()?;
                self.passed_over(flags, "a function")
            }
            kind::S4 => self.passed_over(flags, "an S4 object"),
            kind::ALTERNATIVE => self.alternative(room, keep),
            other => Err(self.malformed(format!("{other} is no type of an object"))),
        }
    }

    /// Passes over attributes.
    fn passed_over(&mut self, flags: Flags, what: &'static str) -> Result<Value, Error> {
        if flags.has_attributes() {
            self.item(0, false)?;
        }
        Ok(Value::Other(what))
    }

    fn refer(&mut self, name: Option<Rc<[u8]>>) -> Result<(), Error> {
        self.charge(32)?;
        self.references.push(name);
        Ok(())
    }

    fn reference(&mut self, flags: Flags) -> Result<Value, Error> {
        let packed = flags.0 >> 8;
        let number = if packed == 0 { self.tokens.int("a reference")? } else { packed };
        let found =
            usize::try_from(number).ok().and_then(|number| self.references.get(number.checked_sub(1)?));
        match found {
            Some(Some(name)) => Ok(Value::Symbol(Rc::clone(name))),
            Some(None) => Ok(Value::Other("an environment")),
            None => Err(self.malformed("a reference to nothing")),
        }
    }

    fn symbol(&mut self) -> Result<Value, Error> {
        let flags = Flags(self.tokens.int("a name")?);
        if flags.kind() != kind::TEXT {
            return Err(self.malformed("a name that is no text"));
        }
        let name: Rc<[u8]> = self.text(flags, true)?.map(|text| text.bytes).unwrap_or_default().into();
        self.charge(name.len() as u64)?;
        self.refer(Some(Rc::clone(&name)))?;
        Ok(Value::Symbol(name))
    }

    /// A text behind its flags; `None` for the missing text, and where it is not kept.
    fn text(&mut self, flags: Flags, keep: bool) -> Result<Option<Text>, Error> {
        let length = self.tokens.int("the length of a text")?;
        let Ok(length) = usize::try_from(length) else {
            return if length == -1 { Ok(None) } else { Err(self.malformed("a text of negative length")) };
        };
        if !keep {
            self.tokens.skip_chars(length, "a text")?;
            return Ok(None);
        }
        if length as u64 > self.left {
            return Err(Error::TooLarge { what: "the description of the data", limit: self.limit });
        }
        Ok(Some(Text { bytes: self.tokens.chars(length, "a text")?, mark: Mark::of(flags.0) }))
    }

    fn length(&mut self, what: &'static str) -> Result<u64, Error> {
        let length = self.tokens.int(what)?;
        match length {
            0.. => Ok(length as u64),
            -1 => {
                let high = self.tokens.int(what)?;
                let low = self.tokens.int(what)?;
                Ok(u64::from(high as u32) << 32 | u64::from(low as u32))
            }
            _ => Err(self.malformed(format!("{what} of negative length"))),
        }
    }

    fn vector(&mut self, flags: Flags, keep: bool) -> Result<Value, Error> {
        let length = self.length("a vector")?;
        let at = self.tokens.position();
        let kind = match flags.kind() {
            kind::LOGICAL => Kind::Logical,
            kind::INTEGER => Kind::Integer,
            kind::REAL => Kind::Real,
            kind::COMPLEX => Kind::Complex,
            kind::RAW => Kind::Raw,
            _ => Kind::Text,
        };
        match kind {
            Kind::Logical | Kind::Integer => self.tokens.skip_numbers(length, 4, "a vector")?,
            Kind::Real => self.tokens.skip_numbers(length, 8, "a vector")?,
            Kind::Complex => self.tokens.skip_numbers(length, 16, "a vector")?,
            Kind::Raw => self.tokens.skip_numbers(length, 1, "a vector")?,
            Kind::Text => {
                for _ in 0..length {
                    let flags = Flags(self.tokens.int("a text")?);
                    if flags.kind() != kind::TEXT || flags.has_attributes() {
                        return Err(self.malformed("an element of a text vector that is no text"));
                    }
                    self.text(flags, false)?;
                }
            }
        }
        let attributes = self.attributes(flags, keep)?;
        Ok(Value::Vector(Vector { kind, length, data: Data::At(at), attributes }))
    }

    fn list(&mut self, flags: Flags, room: u8, keep: bool) -> Result<Value, Error> {
        let length = self.length("a list")?;
        let kept = keep && room > 0 && length <= MOST_COLUMNS;
        let mut elements = Vec::new();
        for _ in 0..length {
            let element = self.item(room.saturating_sub(1), kept)?;
            if kept {
                elements.push(element);
            }
        }
        let attributes = self.attributes(flags, keep)?;
        Ok(Value::List { length, elements, attributes })
    }

    fn attributes(&mut self, flags: Flags, keep: bool) -> Result<Attributes, Error> {
        if !flags.has_attributes() {
            return Ok(Vec::new());
        }
        let attributes = self.item(1, keep)?;
        Ok(if keep { named(attributes) } else { Vec::new() })
    }

    fn pairs(&mut self, first: Flags, room: u8, keep: bool) -> Result<Value, Error> {
        let (mut pairs, mut flags) = (Vec::new(), first);
        let tail = loop {
            if flags.has_attributes() {
                self.item(0, false)?;
            }
            let tag = if flags.has_tag() { Some(self.item(0, false)?) } else { None };
            let value = self.item(room, keep)?;
            if keep {
                self.charge(OBJECT)?;
                let name = tag.and_then(|tag| if let Value::Symbol(name) = tag { Some(name) } else { None });
                pairs.push((name, value));
            }
            flags = Flags(self.tokens.int("a list")?);
            match flags.kind() {
                kind::NULL => break None,
                kind::PAIRS | kind::DOTS | kind::CALL | kind::FUNCTION | kind::PROMISE => {}
                _ => break Some(Box::new(self.item_of(flags, room, keep)?)),
            }
        };
        Ok(Value::Pairs { pairs, tail })
    }

    /// A vector in a form of its own (ALTREP): what it is, its state, its attributes.
    fn alternative(&mut self, room: u8, keep: bool) -> Result<Value, Error> {
        let what = self.item(0, true)?;
        let state = self.item(room.max(1), keep)?;
        let attributes = self.item(1, keep)?;
        if !keep {
            return Ok(Value::Null);
        }
        crate::alternative::value(what, state, named(attributes), |vector, most| {
            crate::cursor::reals(&*self.tokens.source.spool, self.tokens.form, vector, most)
        })
    }
}

/// The attributes that say something about data.
fn named(attributes: Value) -> Attributes {
    let Value::Pairs { pairs, .. } = attributes else { return Vec::new() };
    let named = pairs.into_iter().filter_map(|(name, value)| Some((name?, value)));
    named.filter(|(name, _)| KEPT.iter().any(|kept| kept.as_bytes() == &**name)).collect()
}
