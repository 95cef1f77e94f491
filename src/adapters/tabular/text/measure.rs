//! Where the records of a file end, how many there are, and how long the texts of some columns are. The file is measured
//! in parts at the same time. Each part is taken to begin with a record; that is proven when the part before it ends with
//! one.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::Path;

use super::blocks::Cuts;
use super::encoding::read_full;
use super::scan::{Boundaries, Dialect, Field, Records};
use crate::adapters::tabular::{advance, infer};

/// Bytes that are searched for the end of a line where a part is to begin.
const LINE: usize = 64 * 1024;
/// Records longer than this are left to those who refuse records that are too long.
const LONG_RECORD: usize = 8 * 1024 * 1024;

/// What is known of a file before its rows are read.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Measured {
    /// Blocks of complete records.
    pub cuts: Cuts,
    /// Records of the file, those of the header and blank ones included.
    pub records: u64,
    /// Records without any character.
    pub blank: u64,
    /// Bytes of the longest text in each of the columns that were asked for.
    pub longest: Vec<usize>,
}

/// A file of UTF-8 to be measured.
pub(super) struct Survey<'a> {
    pub path: &'a Path,
    /// The first byte behind the byte order mark.
    pub from: u64,
    pub dialect: Dialect,
    /// Row of the header, whose names are no texts of the columns.
    pub header_row: u64,
    /// Columns whose texts are measured.
    pub columns: &'a [usize],
    /// Least bytes of a block.
    pub piece: usize,
    /// Parts that are measured at the same time.
    pub parts: u64,
}

impl Survey<'_> {
    /// Measures the file. `None` where records are not complete or very long, or where the file cannot be read.
    pub(super) fn run(&self) -> Option<Measured> {
        let bytes = File::open(self.path).and_then(|file| file.metadata()).ok()?.len();
        let parts = self.starts(bytes).and_then(|starts| self.in_parts(&starts, bytes));
        parts.or_else(|| self.part(self.from..bytes, true))
    }

    /// Measures all parts, each on a thread.
    fn in_parts(&self, starts: &[u64], bytes: u64) -> Option<Measured> {
        let found: Vec<Option<Measured>> = std::thread::scope(|scope| {
            let ends = starts[1..].iter().map(|end| (*end, false)).chain([(bytes, true)]);
            let threads: Vec<_> = starts
                .iter()
                .zip(ends)
                .map(|(&start, (end, last))| scope.spawn(move || self.part(start..end, last)))
                .collect();
            threads.into_iter().map(|thread| thread.join().ok().flatten()).collect()
        });
        let mut all = Measured { longest: vec![0; self.columns.len()], ..Measured::default() };
        for part in found {
            let part = part?;
            all.cuts.extend(part.cuts);
            all.records += part.records;
            all.blank += part.blank;
            all.longest.iter_mut().zip(part.longest).for_each(|(all, part)| *all = part.max(*all));
        }
        Some(all)
    }

    /// Where parts of about the same length begin: at the front, and behind the ends of lines.
    fn starts(&self, bytes: u64) -> Option<Vec<u64>> {
        let mut file = File::open(self.path).ok()?;
        let mut buffer = vec![0; LINE];
        let mut starts = vec![self.from];
        for number in 1..self.parts {
            let at = self.from + bytes.saturating_sub(self.from) / self.parts * number;
            file.seek(SeekFrom::Start(at)).ok()?;
            let length = read_full(&mut file, &mut buffer).ok()?;
            let start = at + memchr::memchr(self.dialect.terminator, &buffer[..length])? as u64 + 1;
            if start >= bytes || starts.last().is_some_and(|before| start <= *before) {
                return None;
            }
            starts.push(start);
        }
        Some(starts)
    }

    /// Measures a part that begins with a record. `None` if it does not end with one; `last` where the file ends with it.
    fn part(&self, range: Range<u64>, last: bool) -> Option<Measured> {
        let mut file = File::open(self.path).ok()?;
        file.seek(SeekFrom::Start(range.start)).ok()?;
        let mut file = file.take(range.end.checked_sub(range.start)?);
        let mut boundaries = Boundaries::default();
        let (mut buffer, mut fields) = (Vec::new(), Vec::new());
        let mut found = Measured { longest: vec![0; self.columns.len()], ..Measured::default() };
        let mut header = if range.start == self.from { self.header_row } else { 0 };
        loop {
            buffer.reserve(self.piece);
            let length = (&mut file).take(self.piece as u64).read_to_end(&mut buffer).ok()?;
            advance::took(length);
            let ended = length < self.piece;
            boundaries.scan(&buffer, self.dialect, ended && last);
            let (taken, records) = boundaries.take();
            if taken > 0 {
                found.cuts.push((taken, records));
                found.records += records;
                if !self.columns.is_empty() {
                    let text = simdutf8::basic::from_utf8(&buffer[..taken]).ok()?;
                    self.texts(text, &mut header, &mut fields, &mut found.longest);
                }
            }
            buffer.drain(..taken);
            if buffer.len() > LONG_RECORD {
                return None;
            }
            if ended {
                found.blank = boundaries.blank();
                return (buffer.is_empty() && !boundaries.open_quote() && file.limit() == 0).then_some(found);
            }
        }
    }

    /// Measures the texts of the columns in complete records, of which the first `header` are passed over.
    fn texts(&self, text: &str, header: &mut u64, fields: &mut Vec<Field>, longest: &mut [usize]) {
        let mut records = Records::new(text, self.dialect);
        while records.next_record(fields) {
            if *header > 0 {
                *header -= 1;
                continue;
            }
            for (longest, &at) in longest.iter_mut().zip(self.columns) {
                let Some(field) = fields.get(at) else { continue };
                // quotes that have to be taken off make a text longer than it is
                if field.range().is_none_or(|range| range.len() > *longest) {
                    let cell = field.value(text);
                    if cell.len() > *longest && !infer::is_always_missing(cell.as_bytes().trim_ascii()) {
                        *longest = cell.len();
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use proptest::prelude::*;

    use super::*;

    const COMMA: Dialect = Dialect { delimiter: b',', terminator: b'\n' };

    fn measured(text: &str, piece: usize, parts: u64) -> Option<Measured> {
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        file.write_all(text.as_bytes()).expect("its text");
        let survey =
            Survey { path: file.path(), from: 0, dialect: COMMA, header_row: 1, columns: &[1], piece, parts };
        survey.run()
    }

    #[test]
    fn a_line_end_in_quotes_ends_no_part() {
        let text = format!("a,b\n{}\n\n3,4\n", "\"x\ny\",2\n".repeat(3000));
        let found = measured(&text, 512, 7).expect("complete records");
        assert_eq!((found.records, found.blank, found.longest), (3004, 2, vec![1]));
        assert_eq!(measured("a\n\"b", 512, 1), None);
    }

    proptest! {
        /// The csv crate is the independent reader; it skips blank lines.
        #[test]
        fn records_are_those_of_an_independent_reader(
            text in "([ab]{0,3}(,|\n)|\"[ab,\n]{0,4}(\"\"){0,2}\"(,|\n)){0,60}",
            piece in 1usize..40,
            parts in 1u64..6,
        ) {
            let mut reader = csv::ReaderBuilder::new()
                .has_headers(false).flexible(true).from_reader(text.as_bytes());
            let rows: Vec<csv::StringRecord> = reader.records().map(|row| row.expect("a record")).collect();
            let expected = rows.len() as u64;
            let found = measured(&text, piece, parts).expect("every quote is closed");
            if text.starts_with(|first| first != '\n') {
                let second = rows.iter().skip(1).filter_map(|row| row.get(1));
                let filled = second.filter(|cell| !cell.trim_ascii().is_empty());
                prop_assert_eq!(found.longest, [filled.map(str::len).max().unwrap_or(0)]);
            }
            prop_assert_eq!(found.records - found.blank, expected);
            prop_assert_eq!(found.cuts.iter().map(|cut| cut.0).sum::<usize>(), text.len());
            prop_assert_eq!(found.cuts.iter().map(|cut| cut.1).sum::<u64>(), found.records);
        }
    }
}
