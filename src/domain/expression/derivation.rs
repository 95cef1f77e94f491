//! A variable that a run computes from the data: a number, a flag, or a statistic of a group. Parsed from the
//! user's text, printed into the preamble from the tree alone.

use serde::{Deserialize, Serialize};

use super::parse::parse_node;
use super::term::Term;
use super::tree::{ColumnRef, Condition, Operand};
use super::{ExpressionError, Node};
use crate::domain::dataset::Column;
use crate::domain::encode::VariableName;

/// How a derived variable is made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Derivation {
    /// A number for each row; missing where the term is.
    Number {
        /// The arithmetic that gives the number.
        term: Term,
    },
    /// 1 where the condition is true, 0 where it is false, missing where it is neither.
    Flag {
        /// The condition that is evaluated on each row.
        condition: Condition,
    },
    /// A statistic over the rows with the same keys; missing where a key is.
    Group {
        /// The statistic; rows without a value of the column do not enter it.
        statistic: Statistic,
        /// The column of numbers that is summarised.
        column: ColumnRef,
        /// The columns whose equal values make a group; at least one.
        by: Vec<ColumnRef>,
    },
    /// The number of the group of rows with the same keys, from 1.
    GroupId {
        /// The columns whose equal values make a group; at least one.
        by: Vec<ColumnRef>,
    },
}

/// A statistic of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Statistic {
    Mean,
    Sum,
    /// Rows of the group with a value.
    Count,
}

impl Statistic {
    pub(super) fn parse(name: &str) -> Option<Self> {
        match name {
            "group_mean" => Some(Self::Mean),
            "group_sum" => Some(Self::Sum),
            "group_count" => Some(Self::Count),
            _ => None,
        }
    }

    fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Mean => ("group_mean", "mean"),
            Self::Sum => ("group_sum", "total"),
            Self::Count => ("group_count", "count"),
        }
    }
}

/// Parses the expression of a derived variable on these columns.
///
/// # Errors
/// As [`super::parse_condition`]; a text or a date alone is no derived variable.
pub fn parse_derivation(text: &str, columns: &[Column]) -> Result<Derivation, ExpressionError> {
    match parse_node(text, columns)? {
        Node::Truth(condition) => Ok(Derivation::Flag { condition }),
        Node::Derived(derivation) => Ok(derivation),
        Node::Value(operand) => match operand.into_term() {
            Some(term) => Ok(Derivation::Number { term }),
            None => Err(ExpressionError::new(0, "the expression is no number", &["a number", "a condition"])),
        },
    }
}

impl Derivation {
    /// Returns the columns that are read, each once, in order of first use.
    pub fn columns(&self) -> Vec<&ColumnRef> {
        let mut found: Vec<&ColumnRef> = Vec::new();
        let mut add = |column| {
            if !found.contains(&column) {
                found.push(column);
            }
        };
        match self {
            Self::Number { term } => term.each_column(&mut add),
            Self::Flag { condition } => condition.columns().into_iter().for_each(add),
            Self::Group { column, by, .. } => std::iter::once(column).chain(by).for_each(add),
            Self::GroupId { by } => by.iter().for_each(add),
        }
        found
    }

    /// True if a value of another period is read.
    pub fn needs_time(&self) -> bool {
        match self {
            Self::Number { term } => term.needs_time(),
            Self::Flag { condition } => condition.needs_time(),
            Self::Group { .. } | Self::GroupId { .. } => false,
        }
    }

    /// Returns the expression in the user's grammar, one spelling for each tree.
    pub fn canonical(&self) -> String {
        match self {
            Self::Number { term } => term.canonical(),
            Self::Flag { condition } => condition.canonical(),
            Self::Group { statistic, column, by } => {
                format!("{}({}, {})", statistic.names().0, column.name, names(by, ", "))
            }
            Self::GroupId { by } => format!("group({})", names(by, ", ")),
        }
    }

    /// Returns the storage type of the variable.
    pub fn storage(&self) -> &'static str {
        match self {
            Self::Number { .. } | Self::Group { .. } => "double",
            Self::Flag { .. } => "byte",
            Self::GroupId { .. } => "long",
        }
    }

    /// Returns the lines of the preamble that make the variable.
    pub fn stata(&self, name: &VariableName) -> Vec<String> {
        match self {
            Self::Number { term } => vec![format!("generate double {name} = {}", term.stata())],
            Self::Flag { condition } => vec![
                format!("generate byte {name} = 1 if {}", condition.stata_true()),
                format!("replace {name} = 0 if {}", condition.stata_false()),
            ],
            Self::Group { statistic, column, by } => vec![format!(
                "egen double {name} = {}({}) if !missing({}), by({})",
                statistic.names().1,
                column.name,
                names(by, ", "),
                names(by, " ")
            )],
            Self::GroupId { by } => vec![format!("egen long {name} = group({})", names(by, " "))],
        }
    }
}

fn names(columns: &[ColumnRef], joint: &str) -> String {
    columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>().join(joint)
}

impl Operand {
    /// Returns the operand as a number, if it is one.
    pub(super) fn into_term(self) -> Option<Term> {
        use super::tree::Literal;
        match self {
            Self::Column(column) if column.class.kind() == "number" => Some(Term::Column { column }),
            Self::Literal(Literal::Number { value }) => Some(Term::Number { value }),
            Self::Term(term) => Some(*term),
            Self::Column(_) | Self::Literal(_) => None,
        }
    }
}
