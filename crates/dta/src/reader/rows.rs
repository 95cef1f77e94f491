//! Turns the row-wise bytes of a block into typed columns.

use std::io::{Read, Seek};

use super::layout::Layout;
use super::long_text::Index;
use super::source::Source;
use crate::column::{Column, Texts};
use crate::error::Error;
use crate::meta::{StorageType, Variable};
use crate::text::Decoder;

/// Bytes of rows decoded at once: small enough for the second-level cache.
const CHUNK: usize = 128 * 1024;

enum Values {
    Column(Column),
    References(Vec<[u8; 8]>),
}

struct Part {
    /// Offset of the variable in a row.
    offset: usize,
    width: usize,
    values: Values,
}

/// Collects the selected columns of one block.
pub(super) struct Builder {
    row_width: usize,
    parts: Vec<Part>,
}

impl Builder {
    pub(super) fn new(variables: &[Variable], selected: &[usize], rows: usize) -> Self {
        let mut offsets = Vec::with_capacity(variables.len());
        let mut row_width = 0;
        for variable in variables {
            offsets.push(row_width);
            row_width += variable.storage.width();
        }
        let parts = selected
            .iter()
            .map(|&at| Part {
                offset: offsets[at],
                width: variables[at].storage.width(),
                values: empty(variables[at].storage, rows),
            })
            .collect();
        Self { row_width, parts }
    }

    /// Reads `rows` rows from the source.
    pub(super) fn read<R: Read + Seek>(
        &mut self,
        source: &mut Source<R>,
        decoder: &Decoder,
        rows: usize,
    ) -> Result<(), Error> {
        let per_chunk = (CHUNK / self.row_width).max(1);
        let mut buffer = vec![0; per_chunk.min(rows) * self.row_width];
        let mut left = rows;
        while left > 0 {
            let now = left.min(per_chunk);
            let bytes = &mut buffer[..now * self.row_width];
            source.fill(bytes, "rows")?;
            for part in &mut self.parts {
                part.decode(bytes, self.row_width, source.big_endian, decoder);
            }
            left -= now;
        }
        Ok(())
    }

    /// Loads long texts and gives the columns.
    pub(super) fn finish<R: Read + Seek>(
        self,
        source: &mut Source<R>,
        index: &Index,
        layout: Layout,
        decoder: &Decoder,
    ) -> Result<Vec<Column>, Error> {
        self.parts
            .into_iter()
            .map(|part| match part.values {
                Values::Column(column) => Ok(column),
                Values::References(references) => {
                    Ok(Column::StrL(index.load(source, layout, decoder, &references)?))
                }
            })
            .collect()
    }
}

fn empty(storage: StorageType, rows: usize) -> Values {
    Values::Column(match storage {
        StorageType::Byte => Column::Byte(Vec::with_capacity(rows)),
        StorageType::Int => Column::Int(Vec::with_capacity(rows)),
        StorageType::Long => Column::Long(Vec::with_capacity(rows)),
        StorageType::Float => Column::Float(Vec::with_capacity(rows)),
        StorageType::Double => Column::Double(Vec::with_capacity(rows)),
        StorageType::Str(_) => Column::Str(Texts::default()),
        StorageType::StrL => return Values::References(Vec::with_capacity(rows)),
    })
}

impl Part {
    fn decode(&mut self, bytes: &[u8], row_width: usize, big_endian: bool, decoder: &Decoder) {
        let (offset, width) = (self.offset, self.width);
        let cells = bytes.chunks_exact(row_width).map(|row| &row[offset..offset + width]);
        /// The cell as an array; its width is that of the storage type.
        fn cell<const N: usize>(bytes: &[u8]) -> [u8; N] {
            bytes.try_into().expect("a cell has its type's width")
        }
        macro_rules! numbers {
            ($to:expr, $type:ty) => {
                if big_endian {
                    $to.extend(cells.map(|c| <$type>::from_be_bytes(cell(c))))
                } else {
                    $to.extend(cells.map(|c| <$type>::from_le_bytes(cell(c))))
                }
            };
        }
        match &mut self.values {
            Values::References(to) => to.extend(cells.map(cell::<8>)),
            Values::Column(Column::Byte(to)) => to.extend(cells.map(|c| c[0] as i8)),
            Values::Column(Column::Int(to)) => numbers!(to, i16),
            Values::Column(Column::Long(to)) => numbers!(to, i32),
            Values::Column(Column::Float(to)) => numbers!(to, f32),
            Values::Column(Column::Double(to)) => numbers!(to, f64),
            Values::Column(Column::Str(to)) => cells.for_each(|c| to.push(&decoder.field(c))),
            Values::Column(Column::StrL(_)) => {
                unreachable!("strL columns are collected as references")
            }
        }
    }
}
