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
    /// The commonest number of fields.
    fields: usize,
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
    fields: usize,
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

/// Most lines of one cell above the names of the columns.
const MOST_LINES: usize = 10;

/// Reads the header: the row with this one-based number, else the first that is not blank and no title.
///
/// # Errors
/// A row that does not exist or is blank, too many columns, names that are too long.
pub(super) fn header(mut blocks: Blocks, sniffed: &Sniffed, wanted: Option<u32>) -> Result<Header, Problem> {
    let mut fields = Vec::new();
    let mut last_row = 0;
    // one cell above several: a title, if names follow
    let mut title: Option<Header> = None;
    let (mut lines, mut second) = (1, None::<Header>);
    let mut blanks = 0;
    while let Some(block) = blocks.next_block()? {
        let text = block.text()?;
        let mut records = Records::new(text, sniffed.dialect);
        let mut row = block.first_row;
        while records.next_record(&mut fields) {
            let blank = is_blank(&fields, text);
            blanks += u64::from(blank);
            let chosen = match wanted {
                Some(wanted) => row == u64::from(wanted),
                None => row > sniffed.skip_rows && !blank,
            };
            if chosen && blank {
                return Err(problems::parse(Some(row), None, "the row selected as the header is blank"));
            }
            if chosen {
                let names: Vec<String> = fields.iter().map(|f| f.value(text).trim().to_owned()).collect();
                let filled = names.iter().filter(|name| !name.is_empty()).count();
                // a title, its source and other lines above the names
                let is_further = filled == 1 && !names[0].is_empty() && wanted.is_none();
                let is_like = title.as_ref().is_some_and(|t| t.names.len() == names.len());
                if is_further && is_like && lines < MOST_LINES {
                    let own = Header { row, names, has_title: true, blank: blanks };
                    second.get_or_insert(own);
                    (lines, row) = (lines + 1, row + 1);
                    continue;
                }
                // without names below them they are what they seem: a title and a header
                if let Some(second) = second.take_if(|_| !are_names(&names)) {
                    return checked(title.take_if(|title| title.names.len() > 1).unwrap_or(second));
                }
                if let Some(title) = title.take_if(|title| title.names.len() > 1 && !are_names(&names)) {
                    return checked(title);
                }
                // names of rows leave the first cell of a header empty, a title fills it
                let filled = if names.first().is_none_or(String::is_empty) { names.len() } else { filled };
                let header = Header { row, names, has_title: title.is_some(), blank: blanks };
                if wanted.is_some() || title.is_some() || sniffed.fields < 2 || filled > 1 {
                    return checked(header);
                }
                title = Some(header);
            }
            row += 1;
        }
        last_row = row - 1;
    }
    if let Some(title) = second.filter(|second| second.names.len() == 1).or(title) {
        return checked(title);
    }
    let reason = match wanted {
        Some(row) => format!("row {row} was selected as the header, but the file has {last_row} rows"),
        None => "the file has no rows".to_owned(),
    };
    Err(problems::parse(wanted.map(u64::from), None, &reason))
}

/// True for several cells, none of them a number.
fn are_names(cells: &[String]) -> bool {
    let filled = cells.iter().filter(|cell| !cell.is_empty());
    filled.clone().count() >= 2
        && filled.clone().all(|cell| crate::adapters::tabular::number::plain(cell.as_bytes()).is_none())
}

/// Refuses what no header can have.
fn checked(header: Header) -> Result<Header, Problem> {
    let most = dta::limits::VARIABLES_119;
    if header.names.len() > most {
        let what = format!("the header has {} columns", header.names.len());
        return Err(problems::too_large(&what, most as u64).with("row", header.row));
    }
    if let Some(long) = header.names.iter().find(|n| n.len() > LONGEST_NAME) {
        let reason = "the name of the column is longer than 32,000 bytes";
        return Err(problems::parse(Some(header.row), Some(long), reason));
    }
    Ok(header)
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
