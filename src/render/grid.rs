//! A printed table: texts in cells, with the rules and notes of a publication. The writers of docx, tex and pdf
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

/// A row of texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Decides rules and spacing.
    pub kind: RowKind,
    /// One text for each column.
    pub cells: Vec<String>,
}

/// A printed table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grid {
    /// Printed above the table.
    pub title: String,
    /// Headings of the columns.
    pub head: Vec<String>,
    /// One for each column.
    pub align: Vec<Align>,
    /// The rows below the head, foot included.
    pub rows: Vec<Row>,
    /// Printed below the table, one paragraph each.
    pub notes: Vec<String>,
}

/// Most rows of a printed table; the rest is in the machine-readable one, and a note says so.
pub const MOST_ROWS: usize = 200;

impl Grid {
    /// Returns the number of columns.
    pub fn width(&self) -> usize {
        self.head.len()
    }
}
