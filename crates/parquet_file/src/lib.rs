//! Reads files of Apache Parquet: flat columns in all encodings and the common compressions, page by page, so that memory holds a page of each column
//! that is read. Nested columns are named and not read.
//!
//! The layout follows the documentation of the format and its `parquet.thrift`.

mod cells;
mod compression;
mod delta;
mod error;
mod hybrid;
mod metadata;
mod pages;
mod schema;
mod source;
mod thrift;
mod values;

pub use cells::{Cell, Cells};
pub use error::Error;
pub use metadata::Unit;
pub use schema::{Column, What};
pub use source::Source;

use metadata::Metadata;

/// Bounds of a reader, in bytes.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The description of the data in the file.
    pub metadata: u64,
    /// An unpacked page.
    pub page: u64,
    /// All values, eight bytes for each: a few bytes can say that a value is repeated.
    pub values: u64,
}

/// A file whose description was read.
pub struct Reader<S> {
    source: S,
    length: u64,
    metadata: Metadata,
    columns: Vec<Column>,
    unread: Vec<(String, String)>,
    rows: u64,
    limits: Limits,
}

impl<S: Source> Reader<S> {
    /// Reads the description of the data.
    ///
    /// # Errors
    /// Files of another kind, encrypted ones, damage, something above a limit, I/O.
    pub fn open(source: S, limits: Limits) -> Result<Self, Error> {
        let metadata = Metadata::read(&source, limits.metadata)?;
        let length = source.length()?;
        let (columns, unread) = schema::columns(&metadata.schema)?;
        let impossible = || Error::malformed("the number of rows is impossible");
        let mut rows = 0u64;
        for group in &metadata.groups {
            let more = u64::try_from(group.rows).map_err(|_| impossible())?;
            rows = rows.checked_add(more).ok_or_else(impossible)?;
        }
        if u64::try_from(metadata.rows).ok() != Some(rows) {
            return Err(Error::malformed("the groups of rows have another number of rows than the file"));
        }
        let values = rows.checked_mul(8 * columns.len().max(1) as u64);
        if values.is_none_or(|values| values > limits.values) {
            return Err(Error::TooLarge { what: "the unpacked data", limit: limits.values });
        }
        Ok(Self { source, length, metadata, columns, unread, rows, limits })
    }

    /// Number of rows.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Columns that can be read, in the order of the file.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Columns that cannot be read: name and reason.
    pub fn unread(&self) -> &[(String, String)] {
        &self.unread
    }

    /// What a program wrote about the data under this key.
    pub fn note(&self, key: &str) -> Option<&[u8]> {
        self.metadata.pairs.iter().find(|(known, _)| known == key).map(|(_, value)| value.as_slice())
    }

    /// The values of a column from the first on.
    pub fn cells<'a>(&'a self, column: &'a Column) -> Cells<'a, S> {
        Cells::new(&self.source, column, &self.metadata.groups, self.length, self.limits.page)
    }
}
