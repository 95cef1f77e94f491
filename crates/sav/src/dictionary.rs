//! The records in front of the cases, as they are in the file.

use std::io::{Read, Seek};

use crate::cases::Storage;
use crate::error::Error;
use crate::extensions::{self, Extensions};
use crate::source::Source;

/// Most bytes of text in a variable.
pub(crate) const TEXT_BYTES: usize = 32_767;

/// Bytes of a case that one record of a variable describes.
pub(crate) const SEGMENT: usize = 8;

/// A record of a variable that is not the continuation of the one before it.
#[derive(Debug)]
pub(crate) struct RawVariable {
    /// Name of at most eight bytes, without blanks at its end.
    pub name: Vec<u8>,
    /// 0 for a number, else the bytes of the text (1 to 255).
    pub width: u8,
    /// Position of its first eight bytes in a case, in units of [`SEGMENT`].
    pub at: usize,
    pub label: Vec<u8>,
    /// Number of missing values as coded: 1 to 3 single ones, -2 a range, -3 a range and a single one.
    pub missing: i32,
    pub missing_values: Vec<[u8; 8]>,
    pub print: i32,
}

/// Value labels, and the variables that have them.
#[derive(Debug)]
pub(crate) struct RawLabels {
    pub labels: Vec<([u8; 8], Vec<u8>)>,
    /// Positions in units of [`SEGMENT`], from zero.
    pub of: Vec<usize>,
}

/// What stands in front of the cases.
#[derive(Debug)]
pub(crate) struct Dictionary {
    pub storage: Storage,
    pub variables: Vec<RawVariable>,
    pub labels: Vec<RawLabels>,
    pub extensions: Extensions,
    /// Position of the weight in units of [`SEGMENT`], from zero.
    pub weight: Option<usize>,
    pub big_endian: bool,
}

/// Reads everything up to the first case.
pub(crate) fn read<R: Read + Seek>(source: &mut Source<R>) -> Result<Dictionary, Error> {
    let mut dictionary = header(source)?;
    let mut segments = 0usize;
    loop {
        let offset = source.position();
        match source.i32("the dictionary")? {
            2 => {
                if let Some(variable) = variable(source, segments)? {
                    dictionary.variables.push(variable);
                }
                segments += 1;
            }
            3 => dictionary.labels.push(value_labels(source)?),
            // lines of a document, 80 bytes each
            6 => {
                let lines = source.count("the document")?;
                source.skip(lines * 80, "the document")?;
            }
            7 => extensions::read(source, &mut dictionary.extensions)?,
            999 => {
                source.skip(4, "the end of the dictionary")?;
                break;
            }
            other => {
                return Err(Error::malformed(
                    format!("the dictionary has an unknown record {other}"),
                    offset,
                ));
            }
        }
    }
    dictionary.storage.segments = segments;
    // the header's count has 32 bits, and is -1 where they do not suffice
    dictionary.storage.cases = dictionary.storage.cases.or(dictionary.extensions.cases);
    if dictionary.variables.is_empty() {
        return Err(Error::malformed("the dictionary has no variable", source.position()));
    }
    Ok(dictionary)
}

fn header<R: Read + Seek>(source: &mut Source<R>) -> Result<Dictionary, Error> {
    let mut magic = [0; 4];
    if source.fill(&mut magic, "the header").is_err() || !matches!(&magic, b"$FL2" | b"$FL3") {
        let mut rest = [0; 16];
        let is_encrypted =
            source.fill(&mut rest, "the header").is_ok() && rest[4..].starts_with(b"ENCRYPTED");
        return Err(if is_encrypted { Error::Encrypted } else { Error::NotSav });
    }
    source.skip(60, "the header")?;
    let mut layout = [0; 4];
    source.fill(&mut layout, "the header")?;
    let big_endian = match (i32::from_le_bytes(layout), i32::from_be_bytes(layout)) {
        (2 | 3, _) => false,
        (_, 2 | 3) => true,
        (other, _) => return Err(Error::malformed(format!("the header has the layout {other}"), 64)),
    };
    source.set_big_endian(big_endian);
    source.skip(4, "the header")?;
    let compression = source.i32("the header")?;
    let weight = source.i32("the header")?;
    let cases = source.i32("the header")?;
    let bias = source.f64("the header")?;
    // date and time of creation, label of the file
    source.skip(9 + 8 + 64 + 3, "the header")?;
    if !(0..=2).contains(&compression) {
        return Err(Error::malformed(format!("the compression {compression} is unknown"), 72));
    }
    let storage = Storage { compression, bias, cases: u64::try_from(cases).ok(), segments: 0 };
    let weight = usize::try_from(weight).ok().and_then(|at| at.checked_sub(1));
    let (variables, labels, extensions) = (Vec::new(), Vec::new(), Extensions::default());
    Ok(Dictionary { storage, variables, labels, extensions, weight, big_endian })
}

/// Reads the record of a variable; `None` for one that continues the text before it.
fn variable<R: Read + Seek>(source: &mut Source<R>, at: usize) -> Result<Option<RawVariable>, Error> {
    const WHAT: &str = "a variable";
    let offset = source.position();
    source.spend(size_of::<RawVariable>(), "the dictionary")?;
    let width = source.i32(WHAT)?;
    let has_label = source.i32(WHAT)?;
    let missing = source.i32(WHAT)?;
    let print = source.i32(WHAT)?;
    source.skip(4, WHAT)?;
    let mut name = [0; 8];
    source.fill(&mut name, WHAT)?;
    let mut label = Vec::new();
    if has_label != 0 {
        let length = source.count("a variable label")?;
        label = source.bytes(length, "a variable label")?;
        source.skip(length.next_multiple_of(4) - length, "a variable label")?;
    }
    if !matches!(missing, -3 | -2 | 0..=3) {
        return Err(Error::malformed(format!("a variable has {missing} missing values"), offset));
    }
    let mut missing_values = vec![[0; 8]; missing.unsigned_abs() as usize];
    for value in &mut missing_values {
        source.fill(value, WHAT)?;
    }
    if width == -1 {
        return Ok(None);
    }
    let width = u8::try_from(width)
        .map_err(|_| Error::malformed(format!("a variable has a text of {width} bytes"), offset))?;
    let name = trimmed(&name).to_vec();
    Ok(Some(RawVariable { name, width, at, label, missing, missing_values, print }))
}

fn value_labels<R: Read + Seek>(source: &mut Source<R>) -> Result<RawLabels, Error> {
    const WHAT: &str = "value labels";
    let count = source.count(WHAT)?;
    let mut labels = Vec::new();
    for _ in 0..count {
        source.spend(size_of::<([u8; 8], Vec<u8>)>(), WHAT)?;
        let (mut value, mut length) = ([0; 8], [0]);
        source.fill(&mut value, WHAT)?;
        source.fill(&mut length, WHAT)?;
        let length = u64::from(length[0]);
        let mut label = source.bytes((1 + length).next_multiple_of(8) - 1, WHAT)?;
        label.truncate(length as usize);
        labels.push((value, label));
    }
    let offset = source.position();
    if source.i32(WHAT)? != 4 {
        return Err(Error::malformed("value labels without their variables", offset));
    }
    let count = source.count(WHAT)?;
    let mut of = Vec::new();
    for _ in 0..count {
        source.spend(size_of::<usize>(), WHAT)?;
        let offset = source.position();
        let at = source.count(WHAT)?;
        let at = at.checked_sub(1).ok_or_else(|| Error::malformed("value labels of a variable 0", offset))?;
        of.push(at as usize);
    }
    Ok(RawLabels { labels, of })
}

/// The bytes without blanks and NUL at their end.
pub(crate) fn trimmed(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().rposition(|b| !matches!(b, b' ' | 0)).map_or(0, |last| last + 1);
    &bytes[..end]
}
