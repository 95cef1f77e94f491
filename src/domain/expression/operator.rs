//! The operators and functions that a term can have, with their names in the grammar.

use serde::{Deserialize, Serialize};

/// An arithmetic operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Operator {
    #[serde(rename = "+")]
    Add,
    #[serde(rename = "-")]
    Subtract,
    #[serde(rename = "*")]
    Multiply,
    #[serde(rename = "/")]
    Divide,
    #[serde(rename = "^")]
    Power,
}

impl Operator {
    /// Returns the operator as it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Power => "^",
        }
    }
}

/// A function of numbers, or of a date for the last three.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Function {
    Ln,
    Log10,
    Exp,
    Sqrt,
    Abs,
    Floor,
    Ceil,
    Round,
    Min,
    Max,
    Year,
    Month,
    Quarter,
}

/// Every function with its least and largest number of arguments.
const FUNCTIONS: &[(&str, Function, usize, usize)] = &[
    ("ln", Function::Ln, 1, 1),
    ("log10", Function::Log10, 1, 1),
    ("exp", Function::Exp, 1, 1),
    ("sqrt", Function::Sqrt, 1, 1),
    ("abs", Function::Abs, 1, 1),
    ("floor", Function::Floor, 1, 1),
    ("ceil", Function::Ceil, 1, 1),
    ("round", Function::Round, 1, 2),
    ("min", Function::Min, 2, 20),
    ("max", Function::Max, 2, 20),
    ("year", Function::Year, 1, 1),
    ("month", Function::Month, 1, 1),
    ("quarter", Function::Quarter, 1, 1),
];

impl Function {
    /// Returns the function with this name and its least and largest number of arguments.
    pub fn parse(name: &str) -> Option<(Self, usize, usize)> {
        FUNCTIONS.iter().find(|f| f.0 == name).map(|f| (f.1, f.2, f.3))
    }

    /// Every name.
    pub fn names() -> impl Iterator<Item = &'static str> {
        FUNCTIONS.iter().map(|f| f.0)
    }

    /// Returns the name.
    pub fn as_str(self) -> &'static str {
        FUNCTIONS.iter().find(|f| f.1 == self).map_or("", |f| f.0)
    }

    /// True for parts of a date.
    pub fn takes_date(self) -> bool {
        matches!(self, Self::Year | Self::Month | Self::Quarter)
    }
}

/// From which period a value comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shift {
    Lag,
    Lead,
    /// The value less the one so many periods before.
    Diff,
}

impl Shift {
    /// Returns the shift with this name.
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "lag" => Some(Self::Lag),
            "lead" => Some(Self::Lead),
            "diff" => Some(Self::Diff),
            _ => None,
        }
    }

    /// Returns the name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Lag => "lag",
            Self::Lead => "lead",
            Self::Diff => "diff",
        }
    }
}
