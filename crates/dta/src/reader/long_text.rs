//! Positions of the strL values of a file, and loading of those that a block of rows refers to.

use std::collections::HashMap;
use std::io::{Read, Seek};

use super::layout::Layout;
use super::source::{Source, uint};
use crate::column::{LongText, LongTexts};
use crate::error::Error;
use crate::text::{Decoder, until_nul};

/// A strL's own entry.
#[derive(Debug, Clone, Copy)]
struct Entry {
    offset: u64,
    length: u64,
    binary: bool,
}

/// All strL entries of a file by variable and row number.
#[derive(Debug, Default)]
pub(super) struct Index {
    entries: HashMap<(u64, u64), Entry>,
}

impl Index {
    /// Walks over the section; the source stands behind `<strls>` and afterwards behind `</strls>`.
    pub(super) fn read<R: Read + Seek>(source: &mut Source<R>, layout: Layout) -> Result<Self, Error> {
        let mut entries = HashMap::new();
        loop {
            match &source.array::<3>("strLs")? {
                b"GSO" => {}
                b"</s" => {
                    source.expect("trls>")?;
                    return Ok(Self { entries });
                }
                _ => return Source::<R>::malformed(source.position() - 3, "GSO expected"),
            }
            let variable = source.uint(4, "strL")?;
            let row = source.uint(layout.strl_row, "strL")?;
            let offset = source.position();
            let binary = match source.uint(1, "strL")? {
                129 => true,
                130 => false,
                other => {
                    return Source::<R>::malformed(offset, format!("{other} is no kind of strL"));
                }
            };
            let length = source.uint(4, "strL")?;
            let entry = Entry { offset: source.position(), length, binary };
            source.skip(length, "strL")?;
            source.spend(64, "strL index")?;
            entries.insert((variable, row), entry);
        }
    }

    /// Loads what the eight-byte references of a block's column point to.
    pub(super) fn load<R: Read + Seek>(
        &self,
        source: &mut Source<R>,
        layout: Layout,
        decoder: &Decoder,
        references: &[[u8; 8]],
    ) -> Result<LongTexts, Error> {
        let mut found: HashMap<(u64, u64), u32> = HashMap::new();
        let mut column = LongTexts::default();
        for reference in references {
            let (variable, row) = reference.split_at(layout.strl_variable);
            let key = (uint(variable, source.big_endian), uint(row, source.big_endian));
            if key == (0, 0) {
                column.rows.push(None);
                continue;
            }
            if let Some(&at) = found.get(&key) {
                column.rows.push(Some(at));
                continue;
            }
            let Some(&entry) = self.entries.get(&key) else {
                let what = format!("no strL ({}, {}) in the file", key.0, key.1);
                return Source::<R>::malformed(source.position(), what);
            };
            let at = column.values.len() as u32;
            column.values.push(value(source, decoder, entry)?);
            found.insert(key, at);
            column.rows.push(Some(at));
        }
        Ok(column)
    }
}

fn value<R: Read + Seek>(source: &mut Source<R>, decoder: &Decoder, entry: Entry) -> Result<LongText, Error> {
    source.go_to(entry.offset)?;
    source.ensure(entry.length, "strL")?;
    let mut bytes = vec![0; entry.length as usize];
    source.fill(&mut bytes, "strL")?;
    Ok(if entry.binary {
        LongText::Binary(bytes)
    } else {
        LongText::Text(decoder.text(until_nul(&bytes)).into_owned())
    })
}
