//! Writes what stands before the rows and the value labels behind them.

use std::io::{Cursor, Seek, Write};

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
    /// The whole map, where it is in the file already.
    pub(super) stated_map: Option<Vec<u64>>,
}

/// Width of names, formats and variable labels in releases 118 and 119.
const NAME: usize = 129;
const FORMAT: usize = 57;
const LABEL: usize = 321;

/// The entries of a map as the file has them.
pub(super) fn map_bytes(map: &[u64]) -> Vec<u8> {
    map.iter().flat_map(|at| at.to_le_bytes()).collect()
}

/// Writes everything up to and including `<data>`; with the number of rows, also the counts and offsets that are
/// filled in at the end otherwise. They need the size of the head, so that it is laid out twice.
pub(super) fn write<W: Write + Seek>(
    sink: &mut Sink<W>,
    meta: &Meta,
    rows: Option<u64>,
) -> Result<Layout, Error> {
    let Some(rows) = rows else { return lay_out(sink, meta, None) };
    let mut trial = Sink::new(Cursor::new(Vec::new()))?;
    let mut map = lay_out(&mut trial, meta, None)?.map;
    let width: u64 = meta.variables.iter().map(|v| v.storage.width() as u64).sum();
    let data_end = trial.position() + rows * width + b"</data>".len() as u64;
    let texts_end = data_end + b"<strls></strls>".len() as u64;
    let before = trial.position();
    value_labels(&mut trial, &meta.value_labels)?;
    let labels_end = texts_end + trial.position() - before;
    map.extend([data_end, texts_end, labels_end, labels_end + b"</stata_dta>".len() as u64]);
    let layout = lay_out(sink, meta, Some((rows, &map)))?;
    Ok(Layout { stated_map: Some(map), ..layout })
}

fn lay_out<W: Write + Seek>(
    sink: &mut Sink<W>,
    meta: &Meta,
    stated: Option<(u64, &[u64])>,
) -> Result<Layout, Error> {
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
    sink.put(&stated.map_or(0, |(rows, _)| rows).to_le_bytes())?;
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
    match stated {
        Some((_, map)) => sink.put(&map_bytes(map))?,
        None => sink.put(&[0; 14 * 8])?,
    }
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
    Ok(Layout { release, row_count_at, map_at, map, stated_map: None })
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
