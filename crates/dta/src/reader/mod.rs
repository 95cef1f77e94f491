//! The reader: opens a file, tells what is in it, and gives its rows by block.

mod header;
mod labels;
mod layout;
mod long_text;
mod rows;
mod source;

use std::io::{Read, Seek};

use crate::column::Block;
use crate::error::Error;
use crate::meta::{Meta, Variable};
use crate::text::{Decoder, LegacyText};
use layout::Layout;
use source::Source;

/// How a file is read.
#[derive(Debug, Clone)]
pub struct Options {
    /// Decoding of text before release 118.
    pub legacy_text: LegacyText,
    /// Bound in bytes on the metadata kept in memory (names, labels, characteristics, strL index).
    pub metadata_limit: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { legacy_text: LegacyText::Detect, metadata_limit: 512 * 1024 * 1024 }
    }
}

/// An open .dta file. Memory is bounded by the metadata limit and the rows asked for at once.
pub struct Reader<R> {
    source: Source<R>,
    layout: Layout,
    decoder: Decoder,
    meta: Meta,
    rows: u64,
    row_width: u64,
    data_at: u64,
    next_row: u64,
    selected: Vec<usize>,
    long_texts: long_text::Index,
}

impl<R: Read + Seek> Reader<R> {
    /// Opens a file with the default options.
    pub fn open(source: R) -> Result<Self, Error> {
        Self::open_with(source, &Options::default())
    }

    /// Opens a file: reads and checks everything but the rows.
    pub fn open_with(source: R, options: &Options) -> Result<Self, Error> {
        let mut source = Source::new(source, options.metadata_limit)?;
        let header::Header { layout, decoder, rows, mut meta } =
            header::read(&mut source, &options.legacy_text)?;
        let data_at = source.position();
        let row_width = header::row_width(&meta.variables);
        if row_width == 0 && rows > 0 {
            return Source::<R>::malformed(data_at, "there are rows but no variables");
        }
        let Some(data_length) = rows.checked_mul(row_width) else {
            return Source::<R>::malformed(data_at, "the number of rows is impossible");
        };
        source.skip(data_length, "rows")?;
        let mut long_texts = long_text::Index::default();
        meta.value_labels = if layout.tagged() {
            source.expect("</data>")?;
            source.expect("<strls>")?;
            long_texts = long_text::Index::read(&mut source, layout)?;
            source.expect("<value_labels>")?;
            labels::tagged(&mut source, layout, &decoder)?
        } else {
            labels::old(&mut source, layout, &decoder)?
        };
        if !header::has_long_text(&meta.variables) {
            long_texts = long_text::Index::default();
        }
        Ok(Self {
            selected: (0..meta.variables.len()).collect(),
            source,
            layout,
            decoder,
            meta,
            rows,
            row_width,
            data_at,
            next_row: 0,
            long_texts,
        })
    }

    /// The release of the format, 113 to 119.
    pub fn release(&self) -> u16 {
        self.layout.release
    }

    /// Number of rows.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Everything beside the rows.
    pub fn meta(&self) -> &Meta {
        &self.meta
    }

    /// The variables in file order.
    pub fn variables(&self) -> &[Variable] {
        &self.meta.variables
    }

    /// Position of a variable.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.meta.variables.iter().position(|v| v.name == name)
    }

    /// Restricts the blocks to these variables (zero-based positions, in this order).
    pub fn select(&mut self, variables: Vec<usize>) -> Result<(), Error> {
        if let Some(bad) = variables.iter().find(|&&v| v >= self.meta.variables.len()) {
            return Err(Error::invalid(format!("there is no variable {bad}")));
        }
        self.selected = variables;
        Ok(())
    }

    /// Makes `row` (zero-based) the first of the next block; behind the last row there is nothing.
    pub fn go_to_row(&mut self, row: u64) {
        self.next_row = row.min(self.rows);
    }

    /// The next rows, at most `most` of them; `None` behind the last row.
    pub fn read_block(&mut self, most: usize) -> Result<Option<Block>, Error> {
        let left = self.rows - self.next_row;
        let rows = usize::try_from(left).unwrap_or(usize::MAX).min(most.max(1));
        if rows == 0 {
            return Ok(None);
        }
        self.source.go_to(self.data_at + self.next_row * self.row_width)?;
        let mut builder = rows::Builder::new(&self.meta.variables, &self.selected, rows);
        builder.read(&mut self.source, &self.decoder, rows)?;
        let columns = builder.finish(&mut self.source, &self.long_texts, self.layout, &self.decoder)?;
        let first_row = self.next_row;
        self.next_row += rows as u64;
        Ok(Some(Block { first_row, rows, columns }))
    }
}
