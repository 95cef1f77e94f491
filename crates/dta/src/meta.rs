//! Everything a .dta file says beside its rows: variables, labels, characteristics, sort order.

use crate::missing::Missing;

/// How the values of a variable are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StorageType {
    /// -127 to 100.
    Byte,
    /// -32,767 to 32,740.
    Int,
    /// -2,147,483,647 to 2,147,483,620.
    Long,
    /// IEEE single precision.
    Float,
    /// IEEE double precision.
    Double,
    /// Text of at most so many bytes (1 to 2,045).
    Str(u16),
    /// Text or bytes of any length, stored outside the rows.
    StrL,
}

impl StorageType {
    /// Bytes that one value takes in a row.
    pub fn width(self) -> usize {
        match self {
            Self::Byte => 1,
            Self::Int => 2,
            Self::Long | Self::Float => 4,
            Self::Double | Self::StrL => 8,
            Self::Str(width) => usize::from(width),
        }
    }

    /// True for `str#` and `strL`.
    pub fn is_text(self) -> bool {
        matches!(self, Self::Str(_) | Self::StrL)
    }

    /// The type's name in the language: `byte`, `str12`, `strL` …
    pub fn name(self) -> String {
        match self {
            Self::Byte => "byte".into(),
            Self::Int => "int".into(),
            Self::Long => "long".into(),
            Self::Float => "float".into(),
            Self::Double => "double".into(),
            Self::Str(width) => format!("str{width}"),
            Self::StrL => "strL".into(),
        }
    }
}

/// One column's description.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// Name, unique in the file.
    pub name: String,
    /// Storage type.
    pub storage: StorageType,
    /// Display format such as `%9.0g` or `%td`.
    pub format: String,
    /// Label, empty when there is none.
    pub label: String,
    /// Name of the value-label set attached, empty when there is none (the set need not exist).
    pub value_label: String,
}

impl Variable {
    /// A variable without labels and with the default display format of its type.
    pub fn new(name: impl Into<String>, storage: StorageType) -> Self {
        let format = match storage {
            StorageType::Byte | StorageType::Int => "%8.0g".into(),
            StorageType::Long => "%12.0g".into(),
            StorageType::Float => "%9.0g".into(),
            StorageType::Double => "%10.0g".into(),
            StorageType::Str(width) => format!("%{}s", width.max(9)),
            StorageType::StrL => "%9s".into(),
        };
        Self { name: name.into(), storage, format, label: String::new(), value_label: String::new() }
    }
}

/// A named set of value labels.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ValueLabelSet {
    /// Name of the set.
    pub name: String,
    /// Raw `long` code and text; codes above 2,147,483,620 are the missing values
    /// (see [`ValueLabelSet::missing`]).
    pub entries: Vec<(i32, String)>,
}

impl ValueLabelSet {
    /// The missing value that a raw code stands for, `None` for an ordinary number.
    pub fn missing(code: i32) -> Option<Missing> {
        Missing::of_long(code)
    }

    /// The text of a raw code.
    pub fn text(&self, code: i32) -> Option<&str> {
        self.entries.iter().find(|(value, _)| *value == code).map(|(_, text)| text.as_str())
    }
}

/// A characteristic (notes are the characteristics `note0`, `note1` …).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Characteristic {
    /// The variable it belongs to, or `_dta`.
    pub owner: String,
    /// Its name.
    pub name: String,
    /// Its contents.
    pub contents: String,
}

/// Metadata of a file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Meta {
    /// Data label.
    pub label: String,
    /// `dd Mon yyyy hh:mm`, or empty.
    pub timestamp: String,
    /// Columns in file order.
    pub variables: Vec<Variable>,
    /// Zero-based positions of the variables that the rows are sorted by.
    pub sorted_by: Vec<usize>,
    /// Value-label sets.
    pub value_labels: Vec<ValueLabelSet>,
    /// Characteristics, notes included.
    pub characteristics: Vec<Characteristic>,
}
