//! Delimiter and line ends of a text table, from its beginning.

use std::fs::File;
use std::io::{Seek, SeekFrom};
use std::path::Path;

use super::blocks::decode_sample;
use super::encoding::{self, EncodingError, TextEncoding, read_full};
use super::is_blank;
use super::scan::{Boundaries, Dialect, Records};
use crate::adapters::tabular::problems;
use crate::domain::error::Problem;

/// Bytes checked for the delimiter.
const SAMPLE: usize = 256 * 1024;
/// Records checked for the delimiter.
const SAMPLE_RECORDS: usize = 200;

/// Properties detected at the beginning of a file.
pub(super) struct Sniffed {
    pub encoding: TextEncoding,
    pub dialect: Dialect,
    /// Rows in front of the table that only state the delimiter (`sep=;`).
    pub skip_rows: u64,
    /// The commonest number of fields.
    pub fields: usize,
}

/// The encoding that the beginning of a file suggests; see [`encoding::assume_utf8`].
///
/// # Errors
/// I/O.
pub(super) fn likely_encoding(path: &Path) -> Result<Option<TextEncoding>, Problem> {
    let read = |e: std::io::Error| problems::io("read the upload", &e);
    encoding::assume_utf8(&mut File::open(path).map_err(read)?).map_err(read)
}

/// The encoding of a whole file.
///
/// # Errors
/// Binary files, text in no readable encoding, I/O.
pub(super) fn certain_encoding(path: &Path) -> Result<TextEncoding, Problem> {
    let read = |e: std::io::Error| problems::io("read the upload", &e);
    encoding::detect(&mut File::open(path).map_err(read)?).map_err(|error| match error {
        EncodingError::Io(error) => read(error),
        EncodingError::Binary(at) => problems::nul(row_at(path, at)),
        EncodingError::BrokenUtf8(at) => problems::encoding(row_at(path, at), "UTF-8"),
    })
}

/// Detects the dialect of the beginning of a file.
///
/// # Errors
/// Empty files, I/O.
pub(super) fn sniff(path: &Path, original_name: &str, encoding: TextEncoding) -> Result<Sniffed, Problem> {
    let read = |e: std::io::Error| problems::io("read the upload", &e);
    let mut file = File::open(path).map_err(read)?;
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
        let dialect = Dialect { delimiter, terminator };
        let fields = regularity(&text, dialect, whole).fields;
        return Ok(Sniffed { encoding, dialect, skip_rows: 1, fields });
    }
    let dialect = Dialect { delimiter: best_delimiter(&text, terminator, whole, original_name), terminator };
    let fields = regularity(&text, dialect, whole).fields;
    Ok(Sniffed { encoding, dialect, skip_rows: 0, fields })
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

/// The delimiter under which most records have the same number of fields, at least two, the first record among them
/// (the decimal commas of every row are no header); of equals the one with more fields, then the more common one.
fn best_delimiter(text: &str, terminator: u8, whole: bool, original_name: &str) -> u8 {
    let tabs_first = original_name
        .rsplit('.')
        .next()
        .is_some_and(|e| e.eq_ignore_ascii_case("tsv") || e.eq_ignore_ascii_case("tab"));
    let candidates = if tabs_first { [b'\t', b',', b';', b'|'] } else { [b',', b';', b'\t', b'|'] };
    let mut best = (candidates[0], Regularity { share: 0.0, fields: 1, with_header: false });
    for delimiter in candidates {
        let seen = regularity(text, Dialect { delimiter, terminator }, whole);
        if seen.fields < 2 {
            continue;
        }
        let before = &best.1;
        let better = seen.share > before.share + 0.05
            || (seen.share > before.share - 0.05 && seen.fields > before.fields);
        let better = if seen.with_header == before.with_header { better } else { seen.with_header };
        if before.fields < 2 || better {
            best = (delimiter, seen);
        }
    }
    best.0
}

/// What a delimiter makes of the beginning of a file.
struct Regularity {
    /// Share of the records with the commonest number of fields.
    share: f64,
    /// The commonest number of fields.
    pub fields: usize,
    /// The first record has it.
    with_header: bool,
}

fn regularity(text: &str, dialect: Dialect, whole: bool) -> Regularity {
    let mut boundaries = Boundaries::default();
    boundaries.scan(text.as_bytes(), dialect, whole);
    let end = boundaries.take().0;
    let complete = if end == 0 { text } else { &text[..end] };
    let mut counts = std::collections::BTreeMap::<usize, usize>::new();
    let mut records = Records::new(complete, dialect);
    let mut fields = Vec::new();
    let (mut total, mut first) = (0, 0);
    while total < SAMPLE_RECORDS && records.next_record(&mut fields) {
        if !is_blank(&fields, complete) {
            *counts.entry(fields.len()).or_default() += 1;
            total += 1;
            if total == 1 {
                first = fields.len();
            }
        }
    }
    let commonest = counts.into_iter().max_by_key(|&(_, count)| count).unwrap_or((1, 0));
    Regularity {
        share: commonest.1 as f64 / total.max(1) as f64,
        fields: commonest.0,
        with_header: first == commonest.0,
    }
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
        let rows = "12,5;1\n".repeat(40);
        assert_eq!(
            delimiter(&format!("a;b\n{rows}")),
            ';',
            "as many commas as semicolons, but none in the header"
        );
        assert_eq!(delimiter("a\tb c\n1\t2, 3\n4\t5\n"), '\t');
        assert_eq!(delimiter("a|b|c\n1|2|3\n"), '|');
        assert_eq!(delimiter("a\n1\n"), ',');
        assert_eq!(delimiter("name;note\nx;\"a, b, c\"\ny;\"d, e\"\n"), ';');
        assert_eq!(stated_delimiter("sep=;\r\na;b"), Some(b';'));
    }
}
