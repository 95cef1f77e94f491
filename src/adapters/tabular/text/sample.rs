//! A guess at the columns of a large file from pieces of it. Nothing that is said of a file rests on a guess: whoever
//! uses one compares it with the facts in the end.

use std::fs::File;
use std::io::{Seek, SeekFrom};

use encoding_rs::UTF_8;

use super::early::Early;
use super::encoding::read_full;
use super::plan::Plan;
use super::scan::Records;
use super::{Table, is_blank};
use crate::adapters::tabular::infer::{Inference, Reading, text_storage};

/// A piece for this many bytes of the file …
const BYTES_OF_A_PIECE: u64 = 4 << 20;
/// … but so many at least and at most.
const PIECES: std::ops::RangeInclusive<u64> = 8..=64;
/// Most columns of a file that is guessed at.
const MOST_COLUMNS: usize = 256;
/// A column whose reading and storage follow from so many pieces, each by itself, will hardly differ elsewhere. Texts
/// differ in length: where so many pieces hold texts but not the longest, the file is measured.
const SETTLED: usize = 3;

/// What pieces of a file say of its columns.
pub(super) struct Guess {
    facts: Vec<Inference>,
    pub plan: Plan,
    /// Columns of texts whose longest one is not known.
    pub open: Vec<usize>,
}

impl Guess {
    /// Guesses; `None` for small files, for other encodings than UTF-8, and where pieces differ in what they say.
    pub(super) fn of(table: &Table, early: &Early) -> Option<Self> {
        let names = &table.header.names;
        let bytes = File::open(table.path).ok()?.metadata().ok()?.len();
        if bytes < early.least_bytes || names.len() > MOST_COLUMNS || table.encoding.encoding != UTF_8 {
            return None;
        }
        let first = table.encoding.bom as u64;
        let count = (bytes / BYTES_OF_A_PIECE).clamp(*PIECES.start(), *PIECES.end());
        let step = bytes.saturating_sub(first + early.sample as u64) / (count - 1);
        let places: Vec<u64> = (0..count).map(|number| first + number * step).collect();
        let pieces = pieces(table, &places, early.sample)?;
        let mut facts = vec![Inference::default(); names.len()];
        for piece in &pieces {
            facts.iter_mut().zip(piece).for_each(|(all, part)| all.merge(part));
        }
        let plan = Plan::of(&table.header, &facts, table.decimal_comma());
        let mut guess = Self { plan, facts, open: Vec::new() };
        guess.is_settled(&pieces).then_some(guess)
    }

    /// True if several pieces alone lead to what all of them lead to; notes columns of texts of open length.
    fn is_settled(&mut self, pieces: &[Vec<Inference>]) -> bool {
        for (of, &at) in self.plan.kept.iter().enumerate() {
            let reading = self.plan.readings[of];
            let several = |alike: &dyn Fn(&Inference) -> bool| {
                pieces.iter().filter(|piece| alike(&piece[at])).count() >= SETTLED
            };
            if self.plan.columns[of].storage == dta::StorageType::StrL {
                return false;
            }
            if reading == Reading::Empty || several(&|facts| self.plan.suits(of, facts)) {
                continue;
            }
            if !reading.is_text() || !several(&|facts| facts.reading(self.plan.sign) == reading) {
                return false;
            }
            self.open.push(at);
        }
        !self.plan.kept.is_empty()
    }

    /// Takes in the lengths of the longest texts of the open columns; false where one is too long to stand in its row.
    pub(super) fn close(&mut self, longest: &[usize]) -> bool {
        for (&at, &bytes) in self.open.iter().zip(longest) {
            let Ok(of) = self.plan.kept.binary_search(&at) else { continue };
            let column = &mut self.plan.columns[of];
            (column.storage, column.format) = text_storage(bytes);
            self.facts[at].max_bytes = bytes;
            if column.storage == dta::StorageType::StrL {
                return false;
            }
        }
        true
    }

    /// True if facts on a part of the file agree with the guess.
    pub(super) fn holds(&self, facts: &[Inference]) -> bool {
        let mut kept = self.plan.kept.iter().enumerate().peekable();
        facts.iter().enumerate().all(|(at, fact)| match kept.next_if(|(_, kept)| **kept == at) {
            Some((of, _)) => {
                let mut joined = self.facts[at].clone();
                joined.merge(fact);
                self.plan.suits(of, &joined)
            }
            None => fact.present == 0,
        })
    }
}

/// Facts on the pieces at these places, half of them on another thread.
fn pieces(table: &Table, places: &[u64], bytes: usize) -> Option<Vec<Vec<Inference>>> {
    let read = |places: &[u64]| -> Option<Vec<Vec<Inference>>> {
        let mut file = File::open(table.path).ok()?;
        places.iter().map(|at| piece(table, &mut file, *at, bytes)).collect()
    };
    let (front, back) = places.split_at(places.len() / 2);
    std::thread::scope(|scope| {
        let other = scope.spawn(|| read(back));
        let mut found = read(front)?;
        found.extend(other.join().ok().flatten()?);
        Some(found)
    })
}

/// Facts on the columns of the whole lines of a piece. `None` for bytes that are not UTF-8.
fn piece(table: &Table, file: &mut File, at: u64, bytes: usize) -> Option<Vec<Inference>> {
    let mut buffer = vec![0; bytes];
    file.seek(SeekFrom::Start(at)).ok()?;
    let length = read_full(file, &mut buffer).ok()?;
    let buffer = &buffer[..length];
    let terminator = table.dialect.terminator;
    let front = at == table.encoding.bom as u64;
    let start = if front { Some(0) } else { memchr::memchr(terminator, buffer).map(|end| end + 1) };
    let end = memchr::memrchr(terminator, buffer).map_or(0, |end| end + 1);
    let lines = start.and_then(|start| buffer.get(start..end)).unwrap_or_default();
    let text = std::str::from_utf8(lines).ok()?;
    let width = table.header.names.len();
    let mut facts = vec![Inference::default(); width];
    let mut records = Records::new(text, table.dialect);
    let mut fields = Vec::new();
    let mut row = 0;
    while records.next_record(&mut fields) {
        row += 1;
        // a piece may begin within a quoted text; rows in front of the table do not count
        if (front && row <= table.header.row) || fields.len() != width || is_blank(&fields, text) {
            continue;
        }
        for (fact, field) in facts.iter_mut().zip(&fields) {
            match field.range() {
                Some(range) => fact.within(text.as_bytes(), range, row),
                None => fact.text(field.value(text).as_bytes(), row),
            }
        }
    }
    Some(facts)
}
