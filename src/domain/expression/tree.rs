//! The typed tree of a condition. Its names and texts are checked types, so that a tree read back from a
//! stored plan cannot carry what the parser would have refused.

use serde::{Deserialize, Serialize};

use super::term::Term;
use crate::domain::dataset::{Column, InferredType};
use crate::domain::encode::{SafeText, VariableName};

/// Class in which a value is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ValueClass {
    /// A number of any storage type but `float`, compared as a double.
    Number,
    /// A number stored with 24 significant bits: literals are rounded to it before they are compared.
    Float,
    /// Text; compared byte by byte.
    Text,
    /// Days since 1960-01-01.
    Date,
    /// Milliseconds since 1960-01-01.
    Datetime,
}

impl ValueClass {
    /// Returns the class of a column of the canonical data.
    pub fn of(column: &Column) -> Self {
        match column.inferred_type {
            _ if column.is_text() => Self::Text,
            InferredType::Date => Self::Date,
            InferredType::Datetime => Self::Datetime,
            _ if column.storage == "float" => Self::Float,
            _ => Self::Number,
        }
    }

    /// Classes that may meet in one comparison have the same kind.
    pub(crate) fn kind(self) -> &'static str {
        match self {
            Self::Number | Self::Float => "number",
            Self::Text => "text",
            Self::Date => "date",
            Self::Datetime => "datetime",
        }
    }
}

/// A column with what is needed to print comparisons with it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ColumnRef {
    /// Name of the column, or of a variable derived before.
    pub name: VariableName,
    /// Class of its values, from the column's type at the time of parsing.
    pub class: ValueClass,
}

/// A constant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Literal {
    /// A number.
    Number {
        /// Finite, and at most [`MAX_DOUBLE`](crate::domain::encode::MAX_DOUBLE) in size.
        value: f64,
    },
    /// A text.
    Text {
        /// At most 80 characters without any that Stata interprets.
        value: SafeText,
    },
    /// A calendar date, compared with dates.
    Date {
        /// Day of the proleptic Gregorian calendar.
        value: chrono::NaiveDate,
    },
    /// A date with a time of day, compared with datetimes.
    Datetime {
        /// Date and time without a time zone.
        value: chrono::NaiveDateTime,
    },
}

impl Literal {
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Number { .. } => "number",
            Self::Text { .. } => "text",
            Self::Date { .. } => "date",
            Self::Datetime { .. } => "datetime",
        }
    }
}

/// One side of a comparison.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operand {
    /// A column of any class.
    Column(ColumnRef),
    /// A constant of any class.
    Literal(Literal),
    /// Something computed.
    Term(Box<Term>),
}

impl Operand {
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Column(column) => column.class.kind(),
            Self::Literal(literal) => literal.kind(),
            Self::Term(_) => "number",
        }
    }

    /// Visits every column of the operand.
    pub(super) fn each_column<'a>(&'a self, visit: &mut impl FnMut(&'a ColumnRef)) {
        match self {
            Self::Column(column) => visit(column),
            Self::Literal(_) => {}
            Self::Term(term) => term.each_column(visit),
        }
    }

    fn needs_time(&self) -> bool {
        matches!(self, Self::Term(term) if term.needs_time())
    }
}

/// A comparison operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Comparison {
    /// `==`: true where both sides are equal.
    #[serde(rename = "==")]
    Equal,
    /// `!=`: true where both sides differ.
    #[serde(rename = "!=")]
    NotEqual,
    /// `<`: true where the left side is smaller.
    #[serde(rename = "<")]
    Less,
    /// `<=`: true where the left side is smaller or equal.
    #[serde(rename = "<=")]
    LessOrEqual,
    /// `>`: true where the left side is larger.
    #[serde(rename = ">")]
    Greater,
    /// `>=`: true where the left side is larger or equal.
    #[serde(rename = ">=")]
    GreaterOrEqual,
}

impl Comparison {
    /// Returns the operator as it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        }
    }

    /// Returns the operator that holds exactly where this one does not, for values that are not missing.
    #[must_use]
    pub fn negated(self) -> Self {
        match self {
            Self::Equal => Self::NotEqual,
            Self::NotEqual => Self::Equal,
            Self::Less => Self::GreaterOrEqual,
            Self::LessOrEqual => Self::Greater,
            Self::Greater => Self::LessOrEqual,
            Self::GreaterOrEqual => Self::Less,
        }
    }
}

/// A condition with three-valued meaning: a comparison with a missing operand is neither true nor false.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
pub enum Condition {
    /// True where all parts are true, false where one is false.
    And {
        /// The parts, two or more, in the order of the text.
        args: Vec<Condition>,
    },
    /// True where one part is true, false where all are false.
    Or {
        /// The parts, two or more, in the order of the text.
        args: Vec<Condition>,
    },
    /// True where the part is false, false where it is true.
    Not {
        /// The negated part.
        arg: Box<Condition>,
    },
    /// A comparison of two sides of the same kind.
    Compare {
        /// The operator.
        comparison: Comparison,
        /// The side before the operator.
        left: Operand,
        /// The side after the operator.
        right: Operand,
    },
    /// True where the column is missing (empty for text); never missing itself.
    Missing {
        /// The column that is tested.
        column: ColumnRef,
    },
    /// `inrange()`: true from the lower to the upper bound, both included.
    InRange {
        /// The column whose value is tested.
        column: ColumnRef,
        /// The lower bound, of the column's kind.
        low: Operand,
        /// The upper bound, of the column's kind.
        high: Operand,
    },
    /// `inlist()`: true where the column has one of the values.
    InList {
        /// The column whose value is tested.
        column: ColumnRef,
        /// The values, of the column's kind; at most [`MAX_ITEMS`](super::MAX_ITEMS).
        items: Vec<Literal>,
    },
    /// The text occurs in the column.
    Strpos {
        /// The column of text that is searched.
        column: ColumnRef,
        /// The text that is looked for, case matters.
        text: SafeText,
    },
}

impl Condition {
    /// Returns the columns that the condition reads, each once, in order of first use.
    pub fn columns(&self) -> Vec<&ColumnRef> {
        let mut found = Vec::new();
        self.collect(&mut found);
        found
    }

    /// True if a value of another period is read.
    pub fn needs_time(&self) -> bool {
        match self {
            Self::And { args } | Self::Or { args } => args.iter().any(Condition::needs_time),
            Self::Not { arg } => arg.needs_time(),
            Self::Compare { left, right, .. } => left.needs_time() || right.needs_time(),
            Self::InRange { low, high, .. } => low.needs_time() || high.needs_time(),
            Self::Missing { .. } | Self::InList { .. } | Self::Strpos { .. } => false,
        }
    }

    fn collect<'a>(&'a self, found: &mut Vec<&'a ColumnRef>) {
        let mut add = |column: &'a ColumnRef| {
            if !found.contains(&column) {
                found.push(column);
            }
        };
        match self {
            Self::And { args } | Self::Or { args } => args.iter().for_each(|a| a.collect(found)),
            Self::Not { arg } => arg.collect(found),
            Self::Compare { left, right, .. } => {
                left.each_column(&mut add);
                right.each_column(&mut add);
            }
            Self::InRange { column, low, high } => {
                add(column);
                low.each_column(&mut add);
                high.each_column(&mut add);
            }
            Self::Missing { column } | Self::InList { column, .. } | Self::Strpos { column, .. } => {
                add(column)
            }
        }
    }
}
