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
    Number,
    /// A number stored with 24 significant bits: literals are rounded to it before they are compared.
    Float,
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
    pub name: VariableName,
    pub class: ValueClass,
}

/// A constant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Literal {
    Number { value: f64 },
    Text { value: SafeText },
    Date { value: chrono::NaiveDate },
    Datetime { value: chrono::NaiveDateTime },
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
    Column(ColumnRef),
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
    #[serde(rename = "==")]
    Equal,
    #[serde(rename = "!=")]
    NotEqual,
    #[serde(rename = "<")]
    Less,
    #[serde(rename = "<=")]
    LessOrEqual,
    #[serde(rename = ">")]
    Greater,
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
    And {
        args: Vec<Condition>,
    },
    Or {
        args: Vec<Condition>,
    },
    Not {
        arg: Box<Condition>,
    },
    Compare {
        comparison: Comparison,
        left: Operand,
        right: Operand,
    },
    /// True where the column is missing (empty for text); never missing itself.
    Missing {
        column: ColumnRef,
    },
    InRange {
        column: ColumnRef,
        low: Operand,
        high: Operand,
    },
    InList {
        column: ColumnRef,
        items: Vec<Literal>,
    },
    /// The text occurs in the column.
    Strpos {
        column: ColumnRef,
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
