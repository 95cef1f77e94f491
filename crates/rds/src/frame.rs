//! Data frames, and what their columns are.

use crate::labels::Labels;
use crate::value::{Text, Vector};

/// What the values of a column are.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// `TRUE` and `FALSE` as 1 and 0.
    Logical,
    /// Numbers.
    Number,
    /// Whole numbers of 64 bits (package bit64).
    Integer64,
    /// Texts.
    Text,
    /// Positions, from 1 on, of these texts.
    Factor(Vec<Text>),
    /// Days since 1970-01-01.
    Date,
    /// Days since 1970-01-01 that stand for their months.
    MonthOfDay,
    /// Days since 1970-01-01 that stand for their quarters.
    QuarterOfDay,
    /// Years with twelfths as fractions (package zoo).
    Month,
    /// Years with quarters as fractions (package zoo).
    Quarter,
    /// Seconds since 1970-01-01 UTC; the time zone in which R shows them, empty for that of the session.
    DateTime(String),
    /// Durations in this unit: `secs`, `mins`, `hours`, `days`, `weeks`.
    Duration(String),
}

/// A column.
#[derive(Debug, Clone)]
pub struct Column {
    /// Name.
    pub name: Text,
    /// Label.
    pub label: Option<Text>,
    /// What the values are.
    pub what: What,
    /// A class of the values that says more about them than `what`.
    pub class: Option<String>,
    /// Labels of values, and values that are declared missing.
    pub labels: Labels,
    pub(crate) vector: Vector,
    /// The first element, in a column of a matrix.
    pub(crate) first: u64,
}

/// A data frame.
#[derive(Debug, Clone)]
pub struct Frame {
    /// Its name, empty in a file of one object.
    pub name: String,
    /// Number of rows.
    pub rows: u64,
    /// Columns that can be read.
    pub columns: Vec<Column>,
    /// Columns that cannot: name, what they are, and what helps.
    pub unread: Vec<(Text, String)>,
}
