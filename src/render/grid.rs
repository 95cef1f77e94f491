//! A printed table: texts in cells, with the rules and notes of a publication. The writers of docx, tex and pdf
//! draw it; it knows nothing of files.

/// Alignment of a column's texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    Left,
    Right,
    Center,
}

/// Kind of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowKind {
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
    pub kind: RowKind,
    pub cells: Vec<String>,
}

/// A printed table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grid {
    pub title: String,
    pub head: Vec<String>,
    pub align: Vec<Align>,
    pub rows: Vec<Row>,
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
