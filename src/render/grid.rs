//! A printed table: texts in cells, with the rules and notes of a publication. The writers of docx, tex, pdf and xlsx
//! draw it; it knows nothing of files.

/// Alignment of a column's texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// At the left edge.
    Left,
    /// At the right edge.
    Right,
    /// In the middle.
    Center,
}

/// Kind of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowKind {
    /// An ordinary row.
    Body,
    /// A heading over the rows below, in the first cell.
    Group,
    /// Belongs to the row above (the standard errors).
    Under,
    /// The first row of the foot, which has a rule above.
    Foot,
}

/// The number behind a printed text.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub enum Value {
    /// The text shows none.
    #[default]
    None,
    /// The text shows this number, rounded.
    Number(f64),
    /// The text shows an interval: its lower and upper limit.
    Interval(f64, f64),
}

/// A printed cell: its text, and the number that it shows.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Printed {
    /// The text.
    pub text: String,
    /// The number, for formats whose cells hold numbers.
    pub value: Value,
}

impl Printed {
    /// A text that shows a number.
    pub fn number(x: f64, text: String) -> Self {
        Self { text, value: Value::Number(x) }
    }
}

impl From<String> for Printed {
    fn from(text: String) -> Self {
        Self { text, value: Value::None }
    }
}

/// A row of texts.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Decides rules and spacing.
    pub kind: RowKind,
    /// True for a row below the heading of a group: its first text is set in.
    pub inset: bool,
    /// One for each column.
    pub cells: Vec<Printed>,
}

impl Row {
    /// A row that is not set in.
    pub fn new(kind: RowKind, cells: Vec<Printed>) -> Self {
        Self { kind, inset: false, cells }
    }
}

/// A printed table.
#[derive(Debug, Clone, PartialEq)]
pub struct Grid {
    /// Printed above the table.
    pub title: String,
    /// A heading over all columns but the first, such as the outcome of the models; empty for none.
    pub over: String,
    /// Headings of the columns.
    pub head: Vec<String>,
    /// One for each column.
    pub align: Vec<Align>,
    /// The rows below the head, foot included.
    pub rows: Vec<Row>,
    /// Printed below the table, one paragraph each.
    pub notes: Vec<String>,
    /// True for a table of estimates with their standard errors.
    pub estimates: bool,
}

/// Most rows of a printed table; the rest is in the machine-readable one, and a note says so.
pub const MOST_ROWS: usize = 200;

impl Grid {
    /// Returns the number of columns.
    pub fn width(&self) -> usize {
        self.head.len()
    }
}
