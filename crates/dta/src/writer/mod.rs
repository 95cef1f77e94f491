//! The writer: release 118 (119 above 32,767 variables), rows by block, row count filled in at the
//! end. The caller decides where the file goes and when it becomes visible.

mod check;
mod head;
mod rows;
mod sink;

use std::io::{Cursor, Read, Seek, SeekFrom, Write};
use std::sync::Arc;

use crate::column::{Block, Column, ColumnRef};
use crate::error::Error;
use crate::limits::ROWS;
use crate::meta::{Meta, StorageType, Variable};
pub use rows::RowEncoder;
use sink::Sink;

/// Temporary storage of strL values until the rows are complete.
pub trait Spool: Read + Write + Seek + Send {}

impl<T: Read + Write + Seek + Send> Spool for T {}

/// Bytes of rows encoded at once where some columns are strL variables, whose values are kept in this order.
const CHUNK: usize = 128 * 1024;

/// A .dta file being written.
pub struct Writer<W: Write + Seek> {
    sink: Sink<W>,
    layout: head::Layout,
    meta: Meta,
    encoder: Arc<RowEncoder>,
    rows: u64,
    buffer: Vec<u8>,
    spool: Box<dyn Spool>,
    /// The counts that the head states, where they were known before.
    stated: Option<u64>,
}

impl<W: Write + Seek> Writer<W> {
    /// Starts a file at the current position of `out`; strL values are kept in memory.
    pub fn create(out: W, meta: Meta) -> Result<Self, Error> {
        Self::with_spool(out, meta, Cursor::new(Vec::new()))
    }

    /// Starts a file whose strL values wait in `spool`, such as a temporary file.
    pub fn with_spool(out: W, meta: Meta, spool: impl Spool + 'static) -> Result<Self, Error> {
        Self::open(out, meta, Box::new(spool), None)
    }

    /// Starts a file whose number of rows is known and that has no strL variable. Its bytes are written strictly one
    /// after the other, so that they can be hashed on their way.
    pub fn with_rows(out: W, meta: Meta, rows: u64) -> Result<Self, Error> {
        if has_long_texts(&meta) {
            return Err(Error::invalid(
                "the size of a file with strL variables is not known before its rows",
            ));
        }
        if rows > ROWS {
            return Err(Error::invalid(format!("more than {ROWS} rows")));
        }
        Self::open(out, meta, Box::new(Cursor::new(Vec::new())), Some(rows))
    }

    fn open(out: W, meta: Meta, spool: Box<dyn Spool>, stated: Option<u64>) -> Result<Self, Error> {
        check::meta(&meta)?;
        let mut sink = Sink::new(out)?;
        let layout = head::write(&mut sink, &meta, stated)?;
        Ok(Self {
            sink,
            layout,
            encoder: Arc::new(RowEncoder::new(&meta.variables)),
            meta,
            rows: 0,
            buffer: Vec::new(),
            spool,
            stated,
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
        let mut buffer = std::mem::take(&mut self.buffer);
        if let Some(encoder) = self.encoder() {
            buffer.clear();
            encoder.encode(columns, self.rows, &mut buffer)?;
            self.sink.put(&buffer)?;
            self.rows += rows as u64;
        } else {
            self.put_with_long_texts(columns, rows, &mut buffer)?;
        }
        self.buffer = buffer;
        Ok(())
    }

    fn put_with_long_texts(
        &mut self,
        columns: &[ColumnRef<'_>],
        rows: usize,
        buffer: &mut Vec<u8>,
    ) -> Result<(), Error> {
        rows::check_texts(&self.meta.variables, columns, self.rows)?;
        let row_width = self.encoder.row_width();
        let per_chunk = (CHUNK / row_width).max(1);
        let mut start = 0;
        while start < rows {
            let count = (rows - start).min(per_chunk);
            buffer.clear();
            buffer.resize(count * row_width, 0);
            let mut offset = 0;
            for (at, (variable, column)) in self.meta.variables.iter().zip(columns).enumerate() {
                let cells = rows::Cells { bytes: buffer, row_width, offset, variable, first_row: self.rows };
                if variable.storage == StorageType::StrL {
                    let ColumnRef::Text(texts) = column else {
                        return Err(cells.mismatch());
                    };
                    let number = at as u64 + 1;
                    let wide = self.layout.release == 119;
                    cells.put_long_texts(*texts, start, number, wide, &mut *self.spool)?;
                } else {
                    cells.put(*column, start)?;
                }
                offset += variable.storage.width();
            }
            self.sink.put(buffer)?;
            self.rows += count as u64;
            start += count;
        }
        Ok(())
    }

    /// Returns what encodes rows of this file, on any thread; `None` where it has strL variables.
    pub fn encoder(&self) -> Option<Arc<RowEncoder>> {
        (!has_long_texts(&self.meta)).then(|| Arc::clone(&self.encoder))
    }

    /// Appends rows that [`Writer::encoder`] encoded.
    pub fn write_encoded(&mut self, rows: &[u8]) -> Result<(), Error> {
        let width = self.encoder.row_width().max(1);
        if !rows.len().is_multiple_of(width) {
            return Err(Error::invalid("the bytes are no whole rows"));
        }
        let count = rows.len() / width;
        self.check_count(count)?;
        self.sink.put(rows)?;
        self.rows += count as u64;
        Ok(())
    }

    fn check_shape(&self, columns: &[ColumnRef<'_>]) -> Result<usize, Error> {
        let rows = same_rows(columns, self.meta.variables.len())?;
        self.check_count(rows)?;
        Ok(rows)
    }

    fn check_count(&self, more: usize) -> Result<(), Error> {
        let most = self.stated.unwrap_or(ROWS);
        if self.rows + more as u64 > most {
            return Err(Error::invalid(format!("more than {most} rows")));
        }
        Ok(())
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
        if let Some(stated) = self.stated {
            if self.rows != stated {
                return Err(Error::invalid(format!("{} rows were written of {stated}", self.rows)));
            }
            debug_assert_eq!(Some(map), self.layout.stated_map);
            return self.sink.finish();
        }
        self.sink.patch(self.layout.map_at, &head::map_bytes(&map))?;
        self.sink.patch(self.layout.row_count_at, &self.rows.to_le_bytes())?;
        self.sink.finish()
    }
}

fn has_long_texts(meta: &Meta) -> bool {
    meta.variables.iter().any(|v| v.storage == StorageType::StrL)
}

/// The rows of columns that are as many as the variables, and all of the same length.
fn same_rows(columns: &[ColumnRef<'_>], variables: usize) -> Result<usize, Error> {
    if columns.len() != variables {
        let what = format!("{} columns were given for {variables} variables", columns.len());
        return Err(Error::invalid(what));
    }
    let rows = columns.first().map_or(0, ColumnRef::rows);
    if columns.iter().any(|c| c.rows() != rows) {
        return Err(Error::invalid("the columns of a block differ in length"));
    }
    Ok(rows)
}
