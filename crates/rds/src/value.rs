//! What a file holds, as far as it can be part of a data frame: values stay in the spool, their places and attributes are kept.

use std::rc::Rc;

/// A text as bytes, and what the file says about its encoding.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Text {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// The encoding.
    pub mark: Mark,
}

/// The encoding of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mark {
    /// That of the session that wrote the file.
    #[default]
    Native,
    /// UTF-8.
    Utf8,
    /// Latin-1, which on Windows is code page 1252.
    Latin1,
}

impl Mark {
    /// The encoding by the word in front of a text.
    pub(crate) fn of(flags: i32) -> Self {
        let bits = flags >> 12;
        // texts in ASCII alone have a bit of their own, and are UTF-8 as well
        if bits & ((1 << 3) | (1 << 6)) != 0 {
            Self::Utf8
        } else if bits & (1 << 2) != 0 {
            Self::Latin1
        } else {
            Self::Native
        }
    }
}

/// The type of a vector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Logical,
    Integer,
    Real,
    Complex,
    Text,
    Raw,
}

/// Where the values of a vector are.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Data {
    /// From this offset of the spool on.
    At(u64),
    /// An arithmetic sequence, which R keeps as such.
    Sequence { first: f64, step: f64 },
    /// The texts of numbers, which R makes when they are asked for. Holds R's option `scipen` of that time.
    TextsOf(Box<Vector>, i32),
}

/// A vector.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Vector {
    pub kind: Kind,
    pub length: u64,
    pub data: Data,
    pub attributes: Attributes,
}

/// Attributes in the order of the file.
pub(crate) type Attributes = Vec<(Rc<[u8]>, Value)>;

/// An object.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Null,
    Vector(Vector),
    /// A list; its elements are kept if they may be data frames or columns.
    List {
        length: u64,
        elements: Vec<Value>,
        attributes: Attributes,
    },
    /// A pairlist with the names of its elements, and what is behind the last one.
    Pairs {
        pairs: Vec<(Option<Rc<[u8]>>, Value)>,
        tail: Option<Box<Value>>,
    },
    Symbol(Rc<[u8]>),
    /// Something that cannot be data, in words.
    Other(&'static str),
    /// A vector of a package whose form is not known.
    Foreign(String),
}

impl Value {
    /// The attributes, of objects that have some.
    pub(crate) fn attributes(&self) -> &[(Rc<[u8]>, Value)] {
        match self {
            Self::Vector(vector) => &vector.attributes,
            Self::List { attributes, .. } => attributes,
            _ => &[],
        }
    }

    /// The attribute of this name.
    pub(crate) fn attribute(&self, name: &str) -> Option<&Value> {
        self.attributes().iter().find(|(known, _)| &**known == name.as_bytes()).map(|(_, value)| value)
    }
}
