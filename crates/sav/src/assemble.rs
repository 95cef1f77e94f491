//! Variables as a user knows them: long names, texts that are stored in several parts, labels and missing values in one place.

use std::collections::HashMap;

use crate::dictionary::{Dictionary, RawVariable, SEGMENT, TEXT_BYTES, trimmed};
use crate::error::Error;
use crate::values::{Format, FormatKind, SYSTEM_MISSING};

/// Bytes by which the width of a long text grows with each of its parts.
const PART_GROWTH: usize = 252;
/// Bytes of text in each part but the last.
const PART: usize = 255;

/// Values that the file declares missing.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MissingValues {
    /// Single numbers, at most three.
    pub numbers: Vec<f64>,
    /// The first and the last number of a range; [`crate::LOWEST`] and [`crate::HIGHEST`] leave it open.
    pub range: Option<(f64, f64)>,
    /// Texts, without blanks at their end.
    pub texts: Vec<Vec<u8>>,
}

impl MissingValues {
    /// True for a number that the file declares missing.
    pub fn has(&self, number: f64) -> bool {
        self.numbers.contains(&number) || self.range.is_some_and(|(low, high)| (low..=high).contains(&number))
    }

    /// True for a text, without blanks at its end, that the file declares missing.
    pub fn has_text(&self, text: &[u8]) -> bool {
        self.texts.iter().any(|missing| missing == text)
    }
}

/// A variable. Texts are bytes in the encoding of the file.
#[derive(Debug, Clone, PartialEq)]
pub struct Variable {
    /// Name, the long one where there is one.
    pub name: Vec<u8>,
    /// Label, empty without one.
    pub label: Vec<u8>,
    /// Bytes of a text; `None` for numbers.
    pub width: Option<usize>,
    /// Display format.
    pub format: Format,
    /// Values that count as missing.
    pub missing: MissingValues,
    /// Labels of numbers, in the order of the file.
    pub labels: Vec<(f64, Vec<u8>)>,
    /// Labels of texts, in the order of the file; values without blanks at their end.
    pub text_labels: Vec<(Vec<u8>, Vec<u8>)>,
    /// Where the value is in a case, in bytes: offsets and lengths.
    pub(crate) parts: Vec<(usize, usize)>,
}

impl Variable {
    /// A variable of another file, to which the same holds: numbers, or texts where `is_text`.
    pub fn of_values(is_text: bool, missing: MissingValues) -> Self {
        Self {
            name: Vec::new(),
            label: Vec::new(),
            width: is_text.then_some(0),
            format: Format { kind: FormatKind::Number, width: 0, decimals: 0 },
            missing,
            labels: Vec::new(),
            text_labels: Vec::new(),
            parts: Vec::new(),
        }
    }
}

/// What the dictionary says.
#[derive(Debug)]
pub(crate) struct Assembled {
    pub variables: Vec<Variable>,
    pub encoding: Option<String>,
    pub weight: Option<usize>,
}

/// Puts the records of the dictionary together.
pub(crate) fn assemble(dictionary: Dictionary) -> Result<Assembled, Error> {
    let Dictionary { storage, variables: raw, labels, extensions, weight, big_endian } = dictionary;
    let number =
        |bytes: [u8; 8]| if big_endian { f64::from_be_bytes(bytes) } else { f64::from_le_bytes(bytes) };
    let names: HashMap<&[u8], &[u8]> = pairs_of(&extensions.names);
    let long_texts: HashMap<&[u8], usize> =
        extensions.long_texts.iter().map(|(name, width)| (name.as_slice(), *width)).collect();
    let case = storage.segments * SEGMENT;
    let mut variables = Vec::new();
    let mut by_segment = HashMap::new();
    let mut rest = raw.as_slice();
    while let Some(first) = rest.first() {
        let (width, records) = match long_texts.get(first.name.as_slice()) {
            Some(width) if first.width > 0 && *width > PART => (Some(*width), width.div_ceil(PART_GROWTH)),
            _ => ((first.width > 0).then_some(usize::from(first.width)), 1),
        };
        let parts = parts(rest.get(..records).unwrap_or_default(), width, case).ok_or_else(|| {
            Error::malformed(format!("the variable {} is incomplete", shown(&first.name)), 0)
        })?;
        by_segment.insert(first.at, variables.len());
        variables.push(Variable {
            name: names.get(first.name.as_slice()).copied().unwrap_or(&first.name).to_vec(),
            label: trimmed(&first.label).to_vec(),
            width,
            format: Format::of(first.print),
            missing: missing(first, number),
            labels: Vec::new(),
            text_labels: Vec::new(),
            parts,
        });
        rest = &rest[records..];
    }
    for set in &labels {
        for variable in set.of.iter().filter_map(|at| by_segment.get(at)) {
            let variable: &mut Variable = &mut variables[*variable];
            for (value, label) in &set.labels {
                if variable.width.is_some() {
                    variable.text_labels.push((trimmed(value).to_vec(), trimmed(label).to_vec()));
                } else {
                    variable.labels.push((number(*value), trimmed(label).to_vec()));
                }
            }
        }
    }
    for variable in variables.iter_mut().filter(|variable| variable.width.is_some()) {
        if let Some(at) = of_name(&extensions.long_labels, &variable.name) {
            variable.text_labels.extend(extensions.long_labels[at].1.iter().cloned());
        }
        if let Some(at) = of_name(&extensions.long_missing, &variable.name) {
            variable.missing.texts.extend(extensions.long_missing[at].1.iter().cloned());
        }
    }
    let encoding = extensions.encoding.or_else(|| code_page(extensions.code_page?));
    Ok(Assembled { variables, encoding, weight: weight.and_then(|at| by_segment.get(&at).copied()) })
}

fn pairs_of(pairs: &[(Vec<u8>, Vec<u8>)]) -> HashMap<&[u8], &[u8]> {
    pairs.iter().map(|(short, long)| (short.as_slice(), long.as_slice())).collect()
}

fn of_name<T>(list: &[(Vec<u8>, T)], name: &[u8]) -> Option<usize> {
    list.iter().position(|(of, _)| of == name)
}

fn shown(name: &[u8]) -> String {
    String::from_utf8_lossy(name).into_owned()
}

/// Where a value is in a case; `None` where the records do not hold it, or the case does not.
fn parts(records: &[RawVariable], width: Option<usize>, case: usize) -> Option<Vec<(usize, usize)>> {
    let mut left = width.unwrap_or(SEGMENT);
    if records.is_empty() || left > TEXT_BYTES {
        return None;
    }
    let mut parts = Vec::with_capacity(records.len());
    for record in records {
        let length = left.min(if width.is_some() { PART } else { SEGMENT });
        let offset = record.at * SEGMENT;
        if offset + length > case || (width.is_some() && record.width == 0) {
            return None;
        }
        parts.push((offset, length));
        left -= length;
    }
    (left == 0).then_some(parts)
}

fn missing(raw: &RawVariable, number: impl Fn([u8; 8]) -> f64) -> MissingValues {
    if raw.width > 0 {
        let texts = raw.missing_values.iter().map(|bytes| trimmed(bytes).to_vec()).collect();
        return MissingValues { texts, ..MissingValues::default() };
    }
    let mut numbers: Vec<f64> = raw.missing_values.iter().map(|bytes| number(*bytes)).collect();
    let range = (raw.missing < 0).then(|| {
        let ends: Vec<f64> = numbers.drain(..2).collect();
        // some writers give the system-missing value as the open beginning
        (if ends[0] == SYSTEM_MISSING { crate::LOWEST } else { ends[0] }, ends[1])
    });
    MissingValues { numbers, range, texts: Vec::new() }
}

/// Names a code page as encodings are named; `None` for ASCII, which says nothing about the other bytes.
fn code_page(code: i32) -> Option<String> {
    match code {
        65001 => Some("UTF-8".to_owned()),
        1250..=1258 | 874 => Some(format!("windows-{code}")),
        936 => Some("GBK".to_owned()),
        54936 => Some("GB18030".to_owned()),
        950 => Some("Big5".to_owned()),
        932 => Some("Shift_JIS".to_owned()),
        949 => Some("EUC-KR".to_owned()),
        28591..=28605 => Some(format!("ISO-8859-{}", code - 28590)),
        _ => None,
    }
}
