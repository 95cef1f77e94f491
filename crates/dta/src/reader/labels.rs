//! Reads the value-label sets behind the rows.

use std::io::{Read, Seek};

use super::layout::Layout;
use super::source::{Source, uint};
use crate::error::Error;
use crate::meta::ValueLabelSet;
use crate::text::Decoder;

/// Reads the sets of a tagged file; the source stands behind `<value_labels>`.
pub(super) fn tagged<R: Read + Seek>(
    source: &mut Source<R>,
    layout: Layout,
    decoder: &Decoder,
) -> Result<Vec<ValueLabelSet>, Error> {
    let mut sets = Vec::new();
    loop {
        match &source.array::<5>("value labels")? {
            b"<lbl>" => {}
            b"</val" => {
                source.expect("ue_labels>")?;
                return Ok(sets);
            }
            _ => return Source::<R>::malformed(source.position() - 5, "<lbl> expected"),
        }
        sets.push(set(source, layout, decoder)?);
        source.expect("</lbl>")?;
    }
}

/// Reads the sets of an old file: until its end.
pub(super) fn old<R: Read + Seek>(
    source: &mut Source<R>,
    layout: Layout,
    decoder: &Decoder,
) -> Result<Vec<ValueLabelSet>, Error> {
    let mut sets = Vec::new();
    while source.left() > 0 {
        sets.push(set(source, layout, decoder)?);
    }
    Ok(sets)
}

fn set<R: Read + Seek>(
    source: &mut Source<R>,
    layout: Layout,
    decoder: &Decoder,
) -> Result<ValueLabelSet, Error> {
    let length = source.uint(4, "value label")?;
    let name = source.bytes(layout.name as u64, "name of a value label")?;
    source.skip(3, "value label")?;
    let offset = source.position();
    let table = source.bytes(length, "value label")?;
    let big_endian = source.big_endian;
    let number = |at: usize| table.get(at..at + 4).map(|bytes| uint(bytes, big_endian) as u32);
    let bad = |what: &str| Source::<R>::malformed(offset, what);
    let (Some(count), Some(text_length)) = (number(0), number(4)) else {
        return bad("a value label is shorter than its counts");
    };
    let texts_at = 8 + 8 * u64::from(count);
    if texts_at + u64::from(text_length) > table.len() as u64 {
        return bad("a value label's counts do not fit its length");
    }
    let (count, texts_at) = (count as usize, texts_at as usize);
    let texts = &table[texts_at..texts_at + text_length as usize];
    source.spend(name.len() + 32 * count, "value labels")?;
    let mut entries = Vec::with_capacity(count);
    for at in 0..count {
        let (Some(start), Some(code)) = (number(8 + 4 * at), number(8 + 4 * (count + at))) else {
            return bad("a value label's counts do not fit its length");
        };
        let Some(text) = texts.get(start as usize..) else {
            return bad("a value label's text is outside its table");
        };
        let text = decoder.field(text);
        // entries may share text, so a small table could ask for much memory
        source.spend(text.len(), "value labels")?;
        entries.push((code as i32, text.into_owned()));
    }
    Ok(ValueLabelSet { name: decoder.field(&name).into_owned(), entries })
}
