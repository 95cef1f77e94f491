//! Delimiter, line ends and header of a text table, from its beginning.

use std::fs::File;
use std::io::{Seek, SeekFrom};
use std::path::Path;

use super::blocks::{Blocks, decode_sample};
use super::encoding::{self, EncodingError, TextEncoding, read_full};
use super::scan::{Boundaries, Dialect, Records};
use super::{Header, is_blank};
use crate::adapters::tabular::problems;
use crate::domain::error::Problem;

/// Bytes checked for the delimiter.
const SAMPLE: usize = 256 * 1024;
/// Records checked for the delimiter.
const SAMPLE_RECORDS: usize = 200;
/// Longest name of a column, in bytes.
const LONGEST_NAME: usize = 32_000;

/// Properties detected at the beginning of a file.
pub(super) struct Sniffed {
    pub encoding: TextEncoding,
    pub dialect: Dialect,
    /// Rows in front of the table that only state the delimiter (`sep=;`).
    pub skip_rows: u64,
}

/// Detects the encoding of the whole file and the dialect of its beginning.
///
/// # Errors
/// Empty or binary files, text in no readable encoding, I/O.
pub(super) fn sniff(path: &Path, original_name: &str) -> Result<Sniffed, Problem> {
    let read = |e: std::io::Error| problems::io("read the upload", &e);
    let mut file = File::open(path).map_err(read)?;
    let encoding = encoding::detect(&mut file).map_err(|error| match error {
        EncodingError::Io(error) => read(error),
        EncodingError::Binary(at) => problems::nul(row_at(path, at)),
        EncodingError::BrokenUtf8(at) => problems::encoding(row_at(path, at), "UTF-8"),
    })?;
    file.seek(SeekFrom::Start(0)).map_err(read)?;
    let mut sample = vec![0; SAMPLE];
    let length = read_full(&mut file, &mut sample).map_err(read)?;
    let whole = length < SAMPLE;
    let text = decode_sample(&sample[..length], encoding);
    if text.trim().is_empty() {
        return Err(problems::empty("the file is empty"));
    }
    let terminator = if text.contains('\n') || !text.contains('\r') { b'\n' } else { b'\r' };
    if let Some(delimiter) = stated_delimiter(&text) {
        return Ok(Sniffed { encoding, dialect: Dialect { delimiter, terminator }, skip_rows: 1 });
    }
    let delimiter = best_delimiter(&text, terminator, whole, original_name);
    Ok(Sniffed { encoding, dialect: Dialect { delimiter, terminator }, skip_rows: 0 })
}

/// The row that holds a byte, for messages; counted by line ends alone.
fn row_at(path: &Path, at: u64) -> u64 {
    let count = || -> std::io::Result<u64> {
        let mut file = File::open(path)?;
        let mut buffer = vec![0; 1 << 20];
        let (mut left, mut rows) = (at, 1);
        while left > 0 {
            let most = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
            let length = read_full(&mut file, &mut buffer[..most])?;
            if length == 0 {
                break;
            }
            rows += memchr::memchr_iter(b'\n', &buffer[..length]).count() as u64;
            left -= length as u64;
        }
        Ok(rows)
    };
    count().unwrap_or(1)
}

/// The delimiter that a first line such as `sep=;` states.
fn stated_delimiter(text: &str) -> Option<u8> {
    let line = text.lines().next()?.trim_end_matches('\r');
    match line.get(..4)?.eq_ignore_ascii_case("sep=").then(|| &line.as_bytes()[4..])? {
        [delimiter @ (b',' | b';' | b'\t' | b'|' | b' ')] => Some(*delimiter),
        _ => None,
    }
}

/// The delimiter under which most records have the same number of fields, at least two; of equals the
/// one with more fields, then the more common one.
fn best_delimiter(text: &str, terminator: u8, whole: bool, original_name: &str) -> u8 {
    let tabs_first = original_name
        .rsplit('.')
        .next()
        .is_some_and(|e| e.eq_ignore_ascii_case("tsv") || e.eq_ignore_ascii_case("tab"));
    let candidates = if tabs_first { [b'\t', b',', b';', b'|'] } else { [b',', b';', b'\t', b'|'] };
    let mut best = (candidates[0], 0.0, 1);
    for delimiter in candidates {
        let (share, fields) = regularity(text, Dialect { delimiter, terminator }, whole);
        if fields < 2 {
            continue;
        }
        let better = share > best.1 + 0.05 || (share > best.1 - 0.05 && fields > best.2);
        if best.2 < 2 || better {
            best = (delimiter, share, fields);
        }
    }
    best.0
}

/// The commonest number of fields and the share of records that have it.
fn regularity(text: &str, dialect: Dialect, whole: bool) -> (f64, usize) {
    let mut boundaries = Boundaries::default();
    boundaries.scan(text.as_bytes(), dialect, whole);
    let end = boundaries.take().0;
    let complete = if end == 0 { text } else { &text[..end] };
    let mut counts = std::collections::BTreeMap::<usize, usize>::new();
    let mut records = Records::new(complete, dialect);
    let mut fields = Vec::new();
    let mut total = 0;
    while total < SAMPLE_RECORDS && records.next_record(&mut fields) {
        if !is_blank(&fields, complete) {
            *counts.entry(fields.len()).or_default() += 1;
            total += 1;
        }
    }
    let commonest = counts.into_iter().max_by_key(|&(_, count)| count).unwrap_or((1, 0));
    (commonest.1 as f64 / total.max(1) as f64, commonest.0)
}

/// Reads the header: the row with this one-based number, else the first that is not blank.
///
/// # Errors
/// A row that does not exist or is blank, too many columns, names that are too long.
pub(super) fn header(
    mut blocks: Blocks,
    dialect: Dialect,
    wanted: Option<u32>,
    skip_rows: u64,
) -> Result<Header, Problem> {
    let mut fields = Vec::new();
    let mut last_row = 0;
    while let Some(block) = blocks.next_block()? {
        let mut records = Records::new(&block.text, dialect);
        let mut row = block.first_row;
        while records.next_record(&mut fields) {
            let blank = is_blank(&fields, &block.text);
            let chosen = match wanted {
                Some(wanted) => row == u64::from(wanted),
                None => row > skip_rows && !blank,
            };
            if chosen && blank {
                return Err(problems::parse(Some(row), None, "the row selected as the header is blank"));
            }
            if chosen {
                let most = dta::limits::VARIABLES_119;
                if fields.len() > most {
                    let what = format!("the header has {} columns", fields.len());
                    return Err(problems::too_large(&what, most as u64).with("row", row));
                }
                let names: Vec<String> =
                    fields.iter().map(|f| f.value(&block.text).trim().to_owned()).collect();
                if let Some(long) = names.iter().find(|n| n.len() > LONGEST_NAME) {
                    let reason = "the name of the column is longer than 32,000 bytes";
                    return Err(problems::parse(Some(row), Some(long), reason));
                }
                return Ok(Header { row, names });
            }
            row += 1;
        }
        last_row = row - 1;
    }
    let reason = match wanted {
        Some(row) => format!("row {row} was selected as the header, but the file has {last_row} rows"),
        None => "the file has no rows".to_owned(),
    };
    Err(problems::parse(wanted.map(u64::from), None, &reason))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delimiter(text: &str) -> char {
        char::from(best_delimiter(text, b'\n', true, "x.csv"))
    }

    #[test]
    fn the_delimiter_is_the_regular_one() {
        assert_eq!(delimiter("a,b\n1,2\n"), ',');
        assert_eq!(delimiter("a;b\n1,5;2,5\n3,5;4,5\n"), ';');
        assert_eq!(delimiter("a\tb c\n1\t2, 3\n4\t5\n"), '\t');
        assert_eq!(delimiter("a|b|c\n1|2|3\n"), '|');
        assert_eq!(delimiter("a\n1\n"), ',');
        assert_eq!(delimiter("name;note\nx;\"a, b, c\"\ny;\"d, e\"\n"), ';');
        assert_eq!(stated_delimiter("sep=;\r\na;b"), Some(b';'));
    }
}
