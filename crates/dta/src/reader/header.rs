//! Reads everything before the rows, for tagged and old releases; rows and value labels are
//! elsewhere.

use std::io::{Read, Seek};

use super::layout::Layout;
use super::source::{Source, uint};
use crate::error::Error;
use crate::meta::{Characteristic, Meta, StorageType, Variable};
use crate::text::{Decoder, LegacyText};

/// Content before the rows.
pub(super) struct Header {
    pub(super) layout: Layout,
    pub(super) decoder: Decoder,
    pub(super) rows: u64,
    pub(super) meta: Meta,
}

/// Reads the header; the source stands at the first row afterwards.
pub(super) fn read<R: Read + Seek>(source: &mut Source<R>, legacy: &LegacyText) -> Result<Header, Error> {
    if source.left() < 11 {
        return Err(Error::NotDta);
    }
    let start = source.array::<11>("signature")?;
    if start == *b"<stata_dta>" {
        return tagged(source, legacy);
    }
    match start {
        [b'P', b'K', 3, 4, ..] => Err(Error::FrameBundle),
        [release @ 113..=115, order @ (1 | 2), 1, ..] => {
            source.go_to(4)?;
            source.big_endian = order == 1;
            old(source, u16::from(release), legacy)
        }
        // releases 102 to 112 have the same first bytes and other missing values
        [release @ 102..=112, 1 | 2, 1, ..] => Err(Error::UnsupportedRelease { release: u16::from(release) }),
        _ => Err(Error::NotDta),
    }
}

fn decoder(release: u16, legacy: &LegacyText) -> Decoder {
    if release >= 118 { Decoder::Utf8 } else { Decoder::Legacy(legacy.clone()) }
}

fn tagged<R: Read + Seek>(source: &mut Source<R>, legacy: &LegacyText) -> Result<Header, Error> {
    source.expect("<header>")?;
    source.expect("<release>")?;
    let offset = source.position();
    let release = source.array::<3>("release")?;
    let release = std::str::from_utf8(&release).ok().and_then(|r| r.parse().ok());
    let Some(release) = release else {
        return Source::<R>::malformed(offset, "the release is not a number");
    };
    let layout = match Layout::of(release) {
        Some(layout) if layout.tagged() => layout,
        _ => return Err(Error::UnsupportedRelease { release }),
    };
    source.expect("</release>")?;
    source.expect("<byteorder>")?;
    let offset = source.position();
    source.big_endian = match &source.array::<3>("byte order")? {
        b"MSF" => true,
        b"LSF" => false,
        _ => return Source::<R>::malformed(offset, "the byte order is neither MSF nor LSF"),
    };
    source.expect("</byteorder>")?;
    source.expect("<K>")?;
    let count = source.uint(layout.variable_count, "number of variables")?;
    source.expect("</K>")?;
    source.expect("<N>")?;
    let rows = source.uint(layout.row_count, "number of rows")?;
    source.expect("</N>")?;
    let decoder = decoder(release, legacy);
    source.expect("<label>")?;
    let length = source.uint(layout.label_length, "length of the data label")?;
    let label = source.bytes(length, "data label")?;
    source.expect("</label>")?;
    source.expect("<timestamp>")?;
    let length = source.uint(1, "length of the timestamp")?;
    let timestamp = source.bytes(length, "timestamp")?;
    source.expect("</timestamp>")?;
    source.expect("</header>")?;
    source.expect("<map>")?;
    // the map only repeats what follows from the lengths, so its offsets are not needed
    source.skip(14 * 8, "map")?;
    source.expect("</map>")?;

    let mut meta = Meta {
        label: decoder.field(&label).into_owned(),
        timestamp: decoder.field(&timestamp).into_owned(),
        ..Meta::default()
    };
    variables(source, layout, &decoder, count, &mut meta)?;
    source.expect("<characteristics>")?;
    loop {
        match &source.array::<4>("characteristics")? {
            b"<ch>" => {}
            b"</ch" => {
                source.expect("aracteristics>")?;
                break;
            }
            _ => return Source::<R>::malformed(source.position() - 4, "<ch> expected"),
        }
        let length = source.uint(4, "length of a characteristic")?;
        let entry = characteristic(source, layout, &decoder, length)?;
        meta.characteristics.push(entry);
        source.expect("</ch>")?;
    }
    source.expect("<data>")?;
    Ok(Header { layout, decoder, rows, meta })
}

fn old<R: Read + Seek>(source: &mut Source<R>, release: u16, legacy: &LegacyText) -> Result<Header, Error> {
    let layout = Layout::of(release).ok_or(Error::UnsupportedRelease { release })?;
    let decoder = decoder(release, legacy);
    let count = source.uint(layout.variable_count, "number of variables")?;
    let rows = source.uint(layout.row_count, "number of rows")?;
    let label = source.bytes(81, "data label")?;
    let timestamp = source.bytes(18, "timestamp")?;
    let mut meta = Meta {
        label: decoder.field(&label).into_owned(),
        timestamp: decoder.field(&timestamp).into_owned(),
        ..Meta::default()
    };
    variables(source, layout, &decoder, count, &mut meta)?;
    loop {
        let kind = source.uint(1, "expansion fields")?;
        let length = source.uint(4, "expansion fields")?;
        match (kind, length) {
            (0, 0) => break,
            (1, _) => {
                let entry = characteristic(source, layout, &decoder, length)?;
                meta.characteristics.push(entry);
            }
            // other kinds are reserved: the description says to skip them
            _ => source.skip(length, "expansion field")?,
        }
    }
    Ok(Header { layout, decoder, rows, meta })
}

/// Skips an opening or closing tag where the release has tags.
fn tag<R: Read + Seek>(source: &mut Source<R>, layout: Layout, literal: &'static str) -> Result<(), Error> {
    if layout.tagged() {
        source.expect(literal)?;
    }
    Ok(())
}

fn variables<R: Read + Seek>(
    source: &mut Source<R>,
    layout: Layout,
    decoder: &Decoder,
    count: u64,
    meta: &mut Meta,
) -> Result<(), Error> {
    let code_width = if layout.tagged() { 2 } else { 1 };
    tag(source, layout, "<variable_types>")?;
    let types_at = source.position();
    let codes = source.bytes(count * code_width, "variable types")?;
    tag(source, layout, "</variable_types>")?;
    tag(source, layout, "<varnames>")?;
    let names = source.bytes(count * layout.name as u64, "variable names")?;
    tag(source, layout, "</varnames>")?;
    tag(source, layout, "<sortlist>")?;
    let order = source.bytes((count + 1) * layout.sort_entry as u64, "sort list")?;
    tag(source, layout, "</sortlist>")?;
    tag(source, layout, "<formats>")?;
    let formats = source.bytes(count * layout.format as u64, "display formats")?;
    tag(source, layout, "</formats>")?;
    tag(source, layout, "<value_label_names>")?;
    let label_names = source.bytes(count * layout.name as u64, "value label names")?;
    tag(source, layout, "</value_label_names>")?;
    tag(source, layout, "<variable_labels>")?;
    let labels = source.bytes(count * layout.variable_label as u64, "variable labels")?;
    tag(source, layout, "</variable_labels>")?;

    // decoded text is at most three times as long as the field (a legacy byte becomes a character)
    let fields = names.len() + formats.len() + label_names.len() + labels.len();
    source.spend(fields, "variable descriptions")?;
    let big_endian = source.big_endian;
    let text = |fields: &[u8], width: usize, at: usize| {
        decoder.field(&fields[at * width..(at + 1) * width]).into_owned()
    };
    for at in 0..count as usize {
        let width = code_width as usize;
        let code = uint(&codes[at * width..(at + 1) * width], big_endian) as u16;
        let Some(storage) = layout.storage(code) else {
            let offset = types_at + at as u64 * code_width;
            return Source::<R>::malformed(offset, format!("{code} is no storage type"));
        };
        meta.variables.push(Variable {
            name: text(&names, layout.name, at),
            storage,
            format: text(&formats, layout.format, at),
            label: text(&labels, layout.variable_label, at),
            value_label: text(&label_names, layout.name, at),
        });
    }
    meta.sorted_by = order
        .chunks_exact(layout.sort_entry)
        .map(|entry| uint(entry, big_endian))
        .take_while(|&number| (1..=count).contains(&number))
        .map(|number| number as usize - 1)
        .collect();
    Ok(())
}

fn characteristic<R: Read + Seek>(
    source: &mut Source<R>,
    layout: Layout,
    decoder: &Decoder,
    length: u64,
) -> Result<Characteristic, Error> {
    let offset = source.position();
    let entry = source.bytes(length, "characteristic")?;
    source.spend(entry.len(), "characteristics")?;
    if entry.len() < 2 * layout.name {
        return Source::<R>::malformed(offset, "a characteristic is shorter than its names");
    }
    let (owner, rest) = entry.split_at(layout.name);
    let (name, contents) = rest.split_at(layout.name);
    Ok(Characteristic {
        owner: decoder.field(owner).into_owned(),
        name: decoder.field(name).into_owned(),
        contents: decoder.field(contents).into_owned(),
    })
}

/// Bytes of one row.
pub(super) fn row_width(variables: &[Variable]) -> u64 {
    variables.iter().map(|v| v.storage.width() as u64).sum()
}

/// True when some variable is a strL.
pub(super) fn has_long_text(variables: &[Variable]) -> bool {
    variables.iter().any(|v| v.storage == StorageType::StrL)
}
