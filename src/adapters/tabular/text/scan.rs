//! Records and fields of delimited text (RFC 4180 with any one-byte delimiter): where records end in a
//! growing buffer, and the fields of a record. Quotes open only at the start of a field; a quote elsewhere
//! is text.

use std::borrow::Cow;

use super::marks::{self, Quoting, STEP};
use super::stops::Stops;

/// Separators of fields and records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Dialect {
    pub delimiter: u8,
    /// `\n` (also for `\r\n`), or `\r` in files without `\n`.
    pub terminator: u8,
}

/// Finds record ends in text that arrives in pieces, and counts the records.
#[derive(Debug, Clone, Default)]
pub(super) struct Boundaries {
    in_quotes: bool,
    /// The last byte that was checked is a quote that closed; another one behind it opens again.
    closed: bool,
    /// The same, and more may follow.
    undecided: bool,
    /// Bytes of the buffer that were checked.
    scanned: usize,
    /// End of the last complete record in the buffer.
    end: usize,
    /// Complete records in the buffer.
    records: u64,
    /// Records without any character, in the whole text.
    blank: u64,
}

impl Boundaries {
    /// Checks what `buffer` has beyond the last call; `last` if nothing will follow.
    pub(super) fn scan(&mut self, buffer: &[u8], dialect: Dialect, last: bool) {
        self.search(buffer, dialect);
        self.undecided = self.closed && !last;
        if last && !self.in_quotes && self.end < buffer.len() {
            self.end = buffer.len();
            self.records += 1;
        }
    }

    fn search(&mut self, buffer: &[u8], dialect: Dialect) {
        #[cfg(target_arch = "x86_64")]
        if marks::has_avx2() {
            // SAFETY: the processor has what the function is compiled for.
            return unsafe { self.search_with_avx2(buffer, dialect) };
        }
        self.search_by(buffer, dialect, marks::marks_of);
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
    fn search_with_avx2(&mut self, buffer: &[u8], dialect: Dialect) {
        self.search_by(buffer, dialect, |chunk, dialect| marks::marks_with_avx2(chunk, dialect));
    }

    #[inline(always)]
    fn search_by(
        &mut self,
        buffer: &[u8],
        dialect: Dialect,
        marks: impl Fn(&[u8; STEP], Dialect) -> marks::Marks,
    ) {
        let before = self.scanned.checked_sub(1).map(|at| buffer[at]);
        let separated = before.is_none_or(|b| b == dialect.delimiter || b == dialect.terminator);
        let mut quoting = Quoting::behind(self.in_quotes, separated, self.closed);
        while self.scanned < buffer.len() {
            let (chunk, length) = marks::step(buffer, self.scanned);
            let marks = marks(&chunk, dialect);
            let outside = quoting.outside(&marks, length);
            (self.in_quotes, self.closed) = (quoting.is_inside(), quoting.is_closed());
            let Some((outside, _)) = outside else { return self.search_carefully(buffer, dialect) };
            self.end_records(buffer, marks.terminators & outside);
            self.scanned += length;
        }
    }

    /// Takes in the ends of records among the next 64 bytes.
    #[inline(always)]
    fn end_records(&mut self, buffer: &[u8], ends: u64) {
        if ends == 0 {
            return;
        }
        // ends right behind the beginning of a record, or one byte further: it may be blank
        let begins = ends << 1 | u64::from(self.end == self.scanned);
        let short = ends & (begins | begins << 1 | u64::from(self.end + 1 == self.scanned));
        if short != 0 {
            let mut left = ends;
            while left != 0 {
                self.end_record(buffer, self.scanned + left.trailing_zeros() as usize);
                left &= left - 1;
            }
            return;
        }
        self.records += u64::from(ends.count_ones());
        self.end = self.scanned + STEP - ends.leading_zeros() as usize;
    }

    fn end_record(&mut self, buffer: &[u8], stop: usize) {
        self.records += 1;
        self.blank += u64::from(matches!(buffer[self.end..stop], [] | [b'\r']));
        self.end = stop + 1;
    }

    /// The same quote by quote: where one stands within a text without quotes around it.
    fn search_carefully(&mut self, buffer: &[u8], dialect: Dialect) {
        let mut stops = Stops::from(buffer, self.scanned, [b'"', dialect.terminator]);
        let mut behind_closing = if self.closed { self.scanned } else { usize::MAX };
        let mut at = self.scanned;
        loop {
            let stop = stops.next(at);
            if stop == buffer.len() {
                break;
            }
            at = stop + 1;
            if buffer[stop] != b'"' {
                if !self.in_quotes {
                    self.end_record(buffer, stop);
                }
            } else if self.in_quotes {
                self.in_quotes = false;
                behind_closing = at;
            } else {
                let before = stop.checked_sub(1).map(|i| buffer[i]);
                let separated = before.is_none_or(|b| b == dialect.delimiter || b == dialect.terminator);
                self.in_quotes = separated || behind_closing == stop;
            }
        }
        self.scanned = buffer.len();
        self.closed = behind_closing == buffer.len();
    }

    /// True if the text ends inside a quoted field, or with a quote that may not close it.
    pub(super) fn open_quote(&self) -> bool {
        self.in_quotes || self.undecided
    }

    /// Records without any character so far.
    pub(super) fn blank(&self) -> u64 {
        self.blank
    }

    /// Bytes of complete records at the front of the buffer.
    pub(super) fn end(&self) -> usize {
        self.end
    }

    /// Takes the complete records off: the number of bytes and of records.
    pub(super) fn take(&mut self) -> (usize, u64) {
        let taken = (self.end, self.records);
        self.scanned -= self.end.min(self.scanned);
        self.end = 0;
        self.records = 0;
        taken
    }
}

/// One field of a record, as a range of the block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Field {
    start: u32,
    end: u32,
    quotes: Quotes,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quotes {
    None,
    /// The range lies between them.
    Around,
    /// The range still has quotes to be taken off.
    Within,
}

impl Field {
    /// True if the field stands without quotes.
    pub(super) fn is_unquoted(&self) -> bool {
        self.quotes == Quotes::None
    }

    /// The range of the field's text; `None` where quotes have to be taken off first.
    #[inline]
    pub(super) fn range(&self) -> Option<std::ops::Range<usize>> {
        (self.quotes != Quotes::Within).then_some(self.start as usize..self.end as usize)
    }

    /// The range of the field with its quotes.
    pub(super) fn whole(&self) -> std::ops::Range<u32> {
        let around = u32::from(self.quotes == Quotes::Around);
        self.start - around..self.end + around
    }

    /// The field's text without its quotes.
    #[inline]
    pub(super) fn value<'a>(&self, block: &'a str) -> Cow<'a, str> {
        let raw = &block[self.start as usize..self.end as usize];
        if self.quotes == Quotes::Within { unquote(raw) } else { Cow::Borrowed(raw) }
    }
}

/// Takes the quotes off: `"a""b"c` is `a"bc`.
pub(super) fn unquote(raw: &str) -> Cow<'_, str> {
    let body = &raw[1..];
    if let Some(plain) = body.strip_suffix('"')
        && !plain.contains('"')
    {
        return Cow::Borrowed(plain);
    }
    let mut out = String::with_capacity(body.len());
    let mut rest = body;
    while let Some(at) = rest.find('"') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        match rest.strip_prefix('"') {
            Some(after) => {
                out.push('"');
                rest = after;
            }
            None => {
                // the closing quote: what follows is text
                out.push_str(rest);
                return Cow::Owned(out);
            }
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Goes through the records of a block that holds complete records only.
pub(super) struct Records<'a> {
    block: &'a [u8],
    at: usize,
    stops: Stops<'a>,
    terminator: u8,
}

impl<'a> Records<'a> {
    /// Starts at the front of a block, which must be shorter than 4 GiB.
    pub(super) fn new(block: &'a str, dialect: Dialect) -> Self {
        Self::from(block, 0, dialect)
    }

    /// Starts at a record within a block.
    pub(super) fn from(block: &'a str, at: usize, dialect: Dialect) -> Self {
        let stops = Stops::from(block.as_bytes(), at, [dialect.delimiter, dialect.terminator]);
        Self { block: block.as_bytes(), at, stops, terminator: dialect.terminator }
    }

    /// Where the next record begins.
    pub(super) fn at(&self) -> usize {
        self.at.min(self.block.len())
    }

    /// Puts the fields of the next record into `fields`; false at the end. A blank line is a record with
    /// one empty field.
    pub(super) fn next_record(&mut self, fields: &mut Vec<Field>) -> bool {
        fields.clear();
        if self.at >= self.block.len() {
            return false;
        }
        loop {
            let start = self.at;
            if self.block.get(start) == Some(&b'"') {
                let (field, ends_record) = self.quoted_field(start);
                fields.push(field);
                if ends_record {
                    return true;
                }
                continue;
            }
            let (stop, end, ends_record) = self.end_of_field(start, start);
            fields.push(Field { start: start as u32, end: end as u32, quotes: Quotes::None });
            self.at = stop + 1;
            if ends_record {
                return true;
            }
        }
    }

    /// Where the field that begins at `start` stops, if no stop before `from` counts: the stop, the end of the field,
    /// and whether the record ends with it.
    #[inline]
    fn end_of_field(&mut self, start: usize, from: usize) -> (usize, usize, bool) {
        let stop = self.stops.next(from);
        let ends_record = stop == self.block.len() || self.block[stop] == self.terminator;
        let returned =
            ends_record && self.terminator == b'\n' && stop > start && self.block[stop - 1] == b'\r';
        (stop, stop - usize::from(returned), ends_record)
    }

    fn quoted_field(&mut self, start: usize) -> (Field, bool) {
        let (behind, whole) = self.behind_quotes();
        let (stop, end, ends_record) = self.end_of_field(start, behind);
        self.at = stop + 1;
        let (start, end, quotes) = match whole && behind == end {
            true => (start + 1, end - 1, Quotes::Around),
            false => (start, end, Quotes::Within),
        };
        (Field { start: start as u32, end: end as u32, quotes }, ends_record)
    }

    /// The position behind the quote that closes the field that begins here; and whether no other quotes stand between
    /// the two.
    fn behind_quotes(&self) -> (usize, bool) {
        let mut at = self.at + 1;
        let mut whole = true;
        loop {
            match memchr::memchr(b'"', self.block.get(at..).unwrap_or_default()) {
                None => return (self.block.len(), false),
                Some(i) if self.block.get(at + i + 1) == Some(&b'"') => {
                    whole = false;
                    at += i + 2;
                }
                Some(i) => return (at + i + 1, whole),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const COMMA: Dialect = Dialect { delimiter: b',', terminator: b'\n' };

    fn read(text: &str) -> Vec<Vec<String>> {
        let mut records = Records::new(text, COMMA);
        let mut fields = Vec::new();
        let mut out = Vec::new();
        while records.next_record(&mut fields) {
            out.push(fields.iter().map(|f| f.value(text).into_owned()).collect());
        }
        out
    }

    #[test]
    fn quotes_newlines_and_stray_quotes() {
        assert_eq!(
            read("a,\"b\nc\",\"d\"\"e\"\r\n1,5\" pipe,\"x\"y\n"),
            [vec!["a", "b\nc", "d\"e"], vec!["1", "5\" pipe", "xy"]]
        );
        assert_eq!(read("a,b,"), [["a", "b", ""]]);
        assert_eq!(read("\n\"\"\n"), [[""], [""]]);
    }

    fn ends(text: &[u8], piece: usize) -> (usize, u64, bool) {
        let mut b = Boundaries::default();
        let mut shown = 0;
        while shown < text.len() {
            shown = (shown + piece).min(text.len());
            b.scan(&text[..shown], COMMA, shown == text.len());
        }
        (b.end, b.records, b.open_quote())
    }

    proptest! {
        /// The csv crate is the independent reader. It skips blank lines and treats a lone `\r` as a line
        /// end, so the alphabet has no `\r` and blank records are left out of the comparison.
        #[test]
        fn fields_are_those_of_an_independent_reader(text in "[ab\",\n]{0,200}") {
            let mut reader = csv::ReaderBuilder::new()
                .has_headers(false).flexible(true).from_reader(text.as_bytes());
            let expected: Vec<Vec<String>> = reader.records()
                .map(|r| r.unwrap().iter().map(str::to_owned).collect::<Vec<_>>())
                .filter(|r| r != &[String::new()]).collect();
            let got: Vec<Vec<String>> =
                read(&text).into_iter().filter(|r| r != &[String::new()]).collect();
            let (_, _, open) = ends(text.as_bytes(), 1000);
            if !open {
                prop_assert_eq!(got, expected);
            }
        }

        #[test]
        fn boundaries_do_not_depend_on_the_pieces(text in "[ab\",\n]{0,200}", piece in 1usize..7) {
            let whole = ends(text.as_bytes(), 1000);
            prop_assert_eq!(ends(text.as_bytes(), piece), whole);
            if !whole.2 {
                prop_assert_eq!(read(&text).len() as u64, whole.1);
            }
        }
    }
}
