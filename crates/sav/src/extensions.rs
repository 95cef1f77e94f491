//! Records of type 7, which later releases of SPSS added: long names, long texts, the encoding, the number of cases.

use std::io::{Read, Seek};

use crate::dictionary::trimmed;
use crate::error::Error;
use crate::source::Source;

/// Value labels of a text of more than eight bytes: value and label.
pub(crate) type LongLabels = Vec<(Vec<u8>, Vec<u8>)>;
/// Something of each of several variables, by the long name.
pub(crate) type ByName<T> = Vec<(Vec<u8>, T)>;

/// What the records of type 7 say, by the names of variables.
#[derive(Debug, Default)]
pub(crate) struct Extensions {
    /// Long name of a short one.
    pub names: Vec<(Vec<u8>, Vec<u8>)>,
    /// Bytes of a text of more than 255 by the short name of its first part.
    pub long_texts: Vec<(Vec<u8>, usize)>,
    pub encoding: Option<String>,
    /// Code of the characters, where no record names the encoding.
    pub code_page: Option<i32>,
    pub cases: Option<u64>,
    pub long_labels: ByName<LongLabels>,
    /// Missing values of a text of more than eight bytes.
    pub long_missing: ByName<Vec<Vec<u8>>>,
}

/// Reads one record whose type was read.
pub(crate) fn read<R: Read + Seek>(source: &mut Source<R>, into: &mut Extensions) -> Result<(), Error> {
    const WHAT: &str = "an extension of the dictionary";
    let kind = source.i32(WHAT)?;
    let size = source.count(WHAT)?;
    let count = source.count(WHAT)?;
    let length = size * count;
    if !matches!(kind, 3 | 13 | 14 | 16 | 20 | 21 | 22) {
        return source.skip(length, WHAT);
    }
    let offset = source.position();
    let data = source.bytes(length, WHAT)?;
    match kind {
        3 => into.code_page = number(source, &data, 7),
        13 => into.names = pairs(&data, b'\t'),
        14 => {
            into.long_texts =
                pairs(&data, b'\t').into_iter().filter_map(|(n, v)| Some((n, width(&v)?))).collect()
        }
        16 => {
            let cases = data.get(8..16).map(|bytes| source.to_i64(bytes.try_into().expect("eight bytes")));
            into.cases = cases.and_then(|n| u64::try_from(n).ok());
        }
        20 => into.encoding = Some(String::from_utf8_lossy(trimmed(&data)).into_owned()),
        21 => into.long_labels = long_labels(source, &data).ok_or_else(|| cut(offset))?,
        _ => into.long_missing = long_missing(source, &data).ok_or_else(|| cut(offset))?,
    }
    Ok(())
}

fn cut(offset: u64) -> Error {
    Error::malformed("an extension of the dictionary contradicts its own length", offset)
}

/// The 32-bit number at a position.
fn number<R: Read + Seek>(source: &Source<R>, data: &[u8], at: usize) -> Option<i32> {
    let bytes = data.get(at * 4..at * 4 + 4)?;
    Some(source.to_i32(bytes.try_into().expect("four bytes")))
}

/// Splits `NAME=value` at a separator; NUL around it belongs to none.
fn pairs(data: &[u8], separator: u8) -> Vec<(Vec<u8>, Vec<u8>)> {
    let entries = data.split(|b| *b == separator);
    let pair = |entry: &[u8]| {
        let entry = &entry[entry.iter().take_while(|b| **b == 0).count()..];
        let at = entry.iter().position(|b| *b == b'=')?;
        Some((entry[..at].to_vec(), trimmed(&entry[at + 1..]).to_vec()))
    };
    entries.filter_map(pair).collect()
}

fn width(digits: &[u8]) -> Option<usize> {
    std::str::from_utf8(digits).ok()?.trim().parse().ok()
}

/// Bytes that are taken from the front; every piece has its length before it.
struct Pieces<'a, R> {
    source: &'a Source<R>,
    rest: &'a [u8],
}

impl<'a, R: Read + Seek> Pieces<'a, R> {
    fn count(&mut self) -> Option<usize> {
        let (bytes, rest) = self.rest.split_first_chunk::<4>()?;
        self.rest = rest;
        usize::try_from(self.source.to_i32(*bytes)).ok()
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (piece, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(piece)
    }

    fn piece(&mut self) -> Option<&'a [u8]> {
        let length = self.count()?;
        self.take(length)
    }
}

/// Reads record 21; `None` where it is damaged.
fn long_labels<R: Read + Seek>(source: &Source<R>, data: &[u8]) -> Option<ByName<LongLabels>> {
    let mut pieces = Pieces { source, rest: data };
    let mut all = Vec::new();
    while !pieces.rest.is_empty() {
        let name = pieces.piece()?.to_vec();
        let _width = pieces.count()?;
        let count = pieces.count()?;
        let mut labels = Vec::new();
        for _ in 0..count {
            labels.push((trimmed(pieces.piece()?).to_vec(), trimmed(pieces.piece()?).to_vec()));
        }
        all.push((name, labels));
    }
    Some(all)
}

/// Reads record 22; `None` where it is damaged. Some writers give the length before each value, not once.
fn long_missing<R: Read + Seek>(source: &Source<R>, data: &[u8]) -> Option<ByName<Vec<Vec<u8>>>> {
    let read = |repeats_length: bool| {
        let mut pieces = Pieces { source, rest: data };
        let mut all = Vec::new();
        while !pieces.rest.is_empty() {
            let name = pieces.piece()?.to_vec();
            let count = usize::from(pieces.take(1)?[0]);
            let mut length = pieces.count()?;
            let mut values = Vec::new();
            for at in 0..count {
                if at > 0 && repeats_length {
                    length = pieces.count()?;
                }
                values.push(trimmed(pieces.take(length)?).to_vec());
            }
            all.push((name, values));
        }
        Some(all)
    };
    read(false).or_else(|| read(true))
}
