//! Writes what stands before the rows and the value labels behind them.

use std::io::{Seek, Write};

use super::sink::Sink;
use crate::error::Error;
use crate::limits::VARIABLES_118;
use crate::meta::{Meta, StorageType, ValueLabelSet};

/// Places that are filled in when the file is finished, and the widths that depend on the release.
pub(super) struct Layout {
    pub(super) release: u16,
    pub(super) row_count_at: u64,
    pub(super) map_at: u64,
    /// Offsets for the map, in its order; the last entries follow at the end.
    pub(super) map: Vec<u64>,
}

/// Width of names, formats and variable labels in releases 118 and 119.
const NAME: usize = 129;
const FORMAT: usize = 57;
const LABEL: usize = 321;

/// Writes everything up to and including `<data>`.
pub(super) fn write<W: Write + Seek>(sink: &mut Sink<W>, meta: &Meta) -> Result<Layout, Error> {
    let wide = meta.variables.len() > VARIABLES_118;
    let release = if wide { 119 } else { 118 };
    let count = meta.variables.len() as u32;
    let mut map = vec![0];
    sink.put(format!("<stata_dta><header><release>{release}</release>").as_bytes())?;
    sink.put(b"<byteorder>LSF</byteorder><K>")?;
    if wide {
        sink.put(&count.to_le_bytes())?;
    } else {
        sink.put(&(count as u16).to_le_bytes())?;
    }
    sink.put(b"</K><N>")?;
    let row_count_at = sink.position();
    sink.put(&[0; 8])?;
    sink.put(b"</N><label>")?;
    sink.put(&(meta.label.len() as u16).to_le_bytes())?;
    sink.put(meta.label.as_bytes())?;
    sink.put(b"</label><timestamp>")?;
    sink.put(&[meta.timestamp.len() as u8])?;
    sink.put(meta.timestamp.as_bytes())?;
    sink.put(b"</timestamp></header>")?;
    map.push(sink.position());
    sink.put(b"<map>")?;
    let map_at = sink.position();
    sink.put(&[0; 14 * 8])?;
    sink.put(b"</map>")?;
    variables(sink, meta, wide, &mut map)?;
    map.push(sink.position());
    sink.put(b"<characteristics>")?;
    for entry in &meta.characteristics {
        sink.put(b"<ch>")?;
        let length = 2 * NAME + entry.contents.len() + 1;
        sink.put(&(length as u32).to_le_bytes())?;
        sink.put_field(&entry.owner, NAME)?;
        sink.put_field(&entry.name, NAME)?;
        sink.put_field(&entry.contents, entry.contents.len() + 1)?;
        sink.put(b"</ch>")?;
    }
    sink.put(b"</characteristics>")?;
    map.push(sink.position());
    sink.put(b"<data>")?;
    Ok(Layout { release, row_count_at, map_at, map })
}

fn variables<W: Write + Seek>(
    sink: &mut Sink<W>,
    meta: &Meta,
    wide: bool,
    map: &mut Vec<u64>,
) -> Result<(), Error> {
    map.push(sink.position());
    sink.put(b"<variable_types>")?;
    for v in &meta.variables {
        sink.put(&type_code(v.storage).to_le_bytes())?;
    }
    sink.put(b"</variable_types>")?;
    map.push(sink.position());
    sink.put(b"<varnames>")?;
    for v in &meta.variables {
        sink.put_field(&v.name, NAME)?;
    }
    sink.put(b"</varnames>")?;
    map.push(sink.position());
    sink.put(b"<sortlist>")?;
    let mut order: Vec<u32> = meta.sorted_by.iter().map(|&at| at as u32 + 1).collect();
    order.resize(meta.variables.len() + 1, 0);
    for entry in order {
        if wide {
            sink.put(&entry.to_le_bytes())?;
        } else {
            sink.put(&(entry as u16).to_le_bytes())?;
        }
    }
    sink.put(b"</sortlist>")?;
    map.push(sink.position());
    sink.put(b"<formats>")?;
    for v in &meta.variables {
        sink.put_field(&v.format, FORMAT)?;
    }
    sink.put(b"</formats>")?;
    map.push(sink.position());
    sink.put(b"<value_label_names>")?;
    for v in &meta.variables {
        sink.put_field(&v.value_label, NAME)?;
    }
    sink.put(b"</value_label_names>")?;
    map.push(sink.position());
    sink.put(b"<variable_labels>")?;
    for v in &meta.variables {
        sink.put_field(&v.label, LABEL)?;
    }
    sink.put(b"</variable_labels>")?;
    Ok(())
}

/// Writes the value-label sets with their tags, entries by rising code as the language keeps them.
pub(super) fn value_labels<W: Write + Seek>(sink: &mut Sink<W>, sets: &[ValueLabelSet]) -> Result<(), Error> {
    sink.put(b"<value_labels>")?;
    for set in sets {
        let mut entries: Vec<(i32, &str)> =
            set.entries.iter().map(|(code, text)| (*code, text.as_str())).collect();
        entries.sort_by_key(|&(code, _)| code);
        let text_length: usize = entries.iter().map(|(_, text)| text.len() + 1).sum();
        let length = 8 + 8 * entries.len() + text_length;
        sink.put(b"<lbl>")?;
        sink.put(&(length as u32).to_le_bytes())?;
        sink.put_field(&set.name, NAME)?;
        sink.put(&[0; 3])?;
        sink.put(&(entries.len() as u32).to_le_bytes())?;
        sink.put(&(text_length as u32).to_le_bytes())?;
        let mut offset = 0u32;
        for (_, text) in &entries {
            sink.put(&offset.to_le_bytes())?;
            offset += text.len() as u32 + 1;
        }
        for (code, _) in &entries {
            sink.put(&code.to_le_bytes())?;
        }
        for (_, text) in &entries {
            sink.put_field(text, text.len() + 1)?;
        }
        sink.put(b"</lbl>")?;
    }
    sink.put(b"</value_labels>")
}

fn type_code(storage: StorageType) -> u16 {
    match storage {
        StorageType::Str(width) => width,
        StorageType::StrL => 32_768,
        StorageType::Double => 65_526,
        StorageType::Float => 65_527,
        StorageType::Long => 65_528,
        StorageType::Int => 65_529,
        StorageType::Byte => 65_530,
    }
}
