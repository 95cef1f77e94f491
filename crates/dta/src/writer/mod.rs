//! The writer: release 118 (119 above 32,767 variables), rows by block, row count filled in at the
//! end. The caller decides where the file goes and when it becomes visible.

mod check;
mod head;
mod rows;
mod sink;

use std::io::{Cursor, Read, Seek, SeekFrom, Write};

use crate::column::{Block, Column, ColumnRef};
use crate::error::Error;
use crate::limits::ROWS;
use crate::meta::{Meta, StorageType, Variable};
use sink::Sink;

/// Temporary storage of strL values until the rows are complete.
pub trait Spool: Read + Write + Seek + Send {}

impl<T: Read + Write + Seek + Send> Spool for T {}

/// Bytes of rows encoded at once.
const CHUNK: usize = 128 * 1024;

/// A .dta file being written.
pub struct Writer<W: Write + Seek> {
    sink: Sink<W>,
    layout: head::Layout,
    meta: Meta,
    offsets: Vec<usize>,
    row_width: usize,
    rows: u64,
    buffer: Vec<u8>,
    spool: Box<dyn Spool>,
}

impl<W: Write + Seek> Writer<W> {
    /// Starts a file at the current position of `out`; strL values are kept in memory.
    pub fn create(out: W, meta: Meta) -> Result<Self, Error> {
        Self::with_spool(out, meta, Cursor::new(Vec::new()))
    }

    /// Starts a file whose strL values wait in `spool`, such as a temporary file.
    pub fn with_spool(out: W, meta: Meta, spool: impl Spool + 'static) -> Result<Self, Error> {
        check::meta(&meta)?;
        let mut sink = Sink::new(out)?;
        let layout = head::write(&mut sink, &meta)?;
        let mut offsets = Vec::with_capacity(meta.variables.len());
        let mut row_width = 0;
        for variable in &meta.variables {
            offsets.push(row_width);
            row_width += variable.storage.width();
        }
        Ok(Self {
            sink,
            layout,
            meta,
            offsets,
            row_width,
            rows: 0,
            buffer: Vec::new(),
            spool: Box::new(spool),
        })
    }

    /// The release being written: 118 or 119.
    pub fn release(&self) -> u16 {
        self.layout.release
    }

    /// The variables in file order.
    pub fn variables(&self) -> &[Variable] {
        &self.meta.variables
    }

    /// Rows written so far.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Appends a block as the reader gives it.
    pub fn write_block(&mut self, block: &Block) -> Result<(), Error> {
        let columns: Vec<ColumnRef<'_>> = block.columns.iter().map(Column::view).collect();
        self.write_rows(&columns)
    }

    /// Appends rows: one column per variable, all of the same length. After an error the file is
    /// unusable.
    pub fn write_rows(&mut self, columns: &[ColumnRef<'_>]) -> Result<(), Error> {
        let rows = self.check_shape(columns)?;
        if rows == 0 {
            return Ok(());
        }
        let per_chunk = (CHUNK / self.row_width).max(1);
        let mut buffer = std::mem::take(&mut self.buffer);
        buffer.resize(per_chunk.min(rows) * self.row_width, 0);
        let mut start = 0;
        while start < rows {
            let count = (rows - start).min(per_chunk);
            let bytes = &mut buffer[..count * self.row_width];
            for (at, column) in columns.iter().enumerate() {
                let cells = rows::Cells {
                    bytes,
                    row_width: self.row_width,
                    offset: self.offsets[at],
                    variable: &self.meta.variables[at],
                    first_row: self.rows,
                };
                if self.meta.variables[at].storage == StorageType::StrL {
                    let ColumnRef::Text(texts) = column else {
                        return Err(cells.mismatch());
                    };
                    let number = at as u64 + 1;
                    let wide = self.layout.release == 119;
                    cells.put_long_texts(*texts, start, number, wide, &mut *self.spool)?;
                } else {
                    cells.put(*column, start)?;
                }
            }
            self.sink.put(bytes)?;
            self.rows += count as u64;
            start += count;
        }
        self.buffer = buffer;
        Ok(())
    }

    fn check_shape(&self, columns: &[ColumnRef<'_>]) -> Result<usize, Error> {
        let variables = &self.meta.variables;
        if columns.len() != variables.len() {
            return Err(Error::invalid(format!(
                "{} columns were given for {} variables",
                columns.len(),
                variables.len()
            )));
        }
        let rows = columns.first().map_or(0, ColumnRef::rows);
        if columns.iter().any(|c| c.rows() != rows) {
            return Err(Error::invalid("the columns of a block differ in length"));
        }
        if self.rows + rows as u64 > ROWS {
            return Err(Error::invalid(format!("more than {ROWS} rows")));
        }
        Ok(rows)
    }

    /// Writes what follows the rows, fills in the counts and gives the output back.
    pub fn finish(mut self) -> Result<W, Error> {
        let mut map = std::mem::take(&mut self.layout.map);
        self.sink.put(b"</data>")?;
        map.push(self.sink.position());
        self.sink.put(b"<strls>")?;
        self.spool.seek(SeekFrom::Start(0))?;
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let n = self.spool.read(&mut buffer)?;
            if n == 0 {
                break;
            }
            self.sink.put(&buffer[..n])?;
        }
        self.sink.put(b"</strls>")?;
        map.push(self.sink.position());
        head::value_labels(&mut self.sink, &self.meta.value_labels)?;
        map.push(self.sink.position());
        self.sink.put(b"</stata_dta>")?;
        map.push(self.sink.position());
        let map: Vec<u8> = map.iter().flat_map(|at| at.to_le_bytes()).collect();
        self.sink.patch(self.layout.map_at, &map)?;
        self.sink.patch(self.layout.row_count_at, &self.rows.to_le_bytes())?;
        self.sink.finish()
    }
}
