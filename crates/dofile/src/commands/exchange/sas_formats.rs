//! Value labels of a transport file: `formats.xpf` in its folder is a transport file too, which the procedure FORMAT of SAS wrote with the
//! option CNTLOUT (SAS, "Base SAS Procedures Guide", FORMAT procedure, output control data set).

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};
use xport::{Column, Library, Number};

use super::labelled::{BLOCK, METADATA_LIMIT, decode};
use crate::frame::ValueLabel;
use crate::value::missing;

/// Labels by the name of the format, in small letters.
pub(super) type Sets = BTreeMap<String, ValueLabel>;

/// The labels of all formats of numbers; none where there is no such file. A range of several numbers has no equal and is left out. Without
/// an encoding each text is UTF-8 where it is valid in it, else of Western Windows.
///
/// # Errors
/// Damage, I/O.
pub(super) fn read(path: &Path, encoding: Option<&'static Encoding>) -> Result<Sets, xport::Error> {
    let mut sets = Sets::new();
    if !path.is_file() {
        return Ok(sets);
    }
    let mut library = Library::open(BufReader::new(File::open(path)?), METADATA_LIMIT)?;
    for member in 0..library.members().len() {
        let variables = &library.members()[member].variables;
        let place = |name: &str| variables.iter().position(|v| v.name.eq_ignore_ascii_case(name.as_bytes()));
        let (Some(name), Some(start), Some(label)) = (place("FMTNAME"), place("START"), place("LABEL"))
        else {
            continue;
        };
        let (end, kind) = (place("END"), place("TYPE"));
        let mut first = 0;
        while let Some(block) = library.read_block(member, first, BLOCK)? {
            let read = |at: usize| texts(&block[at], encoding);
            let (names, starts, labels) = (read(name), read(start), read(label));
            let (ends, kinds) = (end.map(read), kind.map(read));
            for row in 0..names.len().min(starts.len()).min(labels.len()) {
                let one = ends.as_ref().is_none_or(|ends| ends[row].is_empty() || ends[row] == starts[row]);
                let of_numbers = kinds.as_ref().is_none_or(|kinds| kinds[row] == "N");
                if let Some(value) = value(&starts[row]).filter(|_| one && of_numbers) {
                    sets.entry(names[row].to_lowercase()).or_default().set(value, &labels[row]);
                }
            }
            first += BLOCK as u64;
        }
    }
    Ok(sets)
}

/// The texts of a column without blanks around them; numbers are written out.
fn texts(column: &Column, encoding: Option<&'static Encoding>) -> Vec<String> {
    let of = |text: &[u8]| {
        let is_valid = std::str::from_utf8(text).is_ok();
        encoding.unwrap_or(if is_valid { UTF_8 } else { WINDOWS_1252 })
    };
    match column {
        Column::Texts { .. } => column.texts().map(|t| decode(of(t), t).trim().to_owned()).collect(),
        Column::Numbers(numbers) => {
            let shown = |number: &Number| match number {
                Number::Value(x) => x.to_string(),
                Number::Missing('.') => ".".to_owned(),
                Number::Missing(letter) => format!(".{letter}"),
            };
            numbers.iter().map(shown).collect()
        }
    }
}

/// The whole number, or the missing value with a letter, that a label is for.
fn value(text: &str) -> Option<f64> {
    match text.as_bytes() {
        [b'.', letter] | [letter] if letter.is_ascii_alphabetic() => {
            Some(missing(letter.to_ascii_lowercase() - b'a' + 1))
        }
        _ => text.parse::<f64>().ok().filter(|x| x.fract() == 0.0 && x.abs() < 2_147_483_620.0),
    }
}
