//! Codes for missing values: numbers such as 999 that lie far from all others, in columns of numbers and in columns of text
//! that a step reads as numbers.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::BufReader;

use dta::{Column as Values, Reader};

use super::scan::{Scan, look_through};
use super::{BLOCK, Note, Offer, Place, apply, convert, unreadable};
use crate::adapters::tabular::convert::number_text;
use crate::adapters::tabular::number::storable;
use crate::domain::data_step::{ConvertTo, DataStep};
use crate::domain::dataset::{Column, InferredType};
use crate::domain::error::Problem;

/// Numbers that stand for a missing value in many files.
const CODES: [f64; 25] = [
    9.0, 99.0, 999.0, 9999.0, 99999.0, 999999.0, 8.0, 88.0, 888.0, 8888.0, -8.0, -88.0, -888.0, -9.0, -99.0,
    -999.0, -9999.0, -99999.0, -7.0, -6.0, -5.0, -4.0, -3.0, -2.0, -1.0,
];
/// Codes that stand together in one column, as 98 for "does not know" next to 99 for "no answer": the endings of the digits.
const TOGETHER: [i64; 5] = [9, 8, 7, 98, 97];

/// From here down a code needs no gap where all other numbers are zero or more.
const ALONE: f64 = -88.0;
/// From here down the same holds for one that several cells have; above, where the other numbers are positive.
const ALONE_TOGETHER: f64 = -8.0;

/// Most spellings of the codes of a column of text.
const MOST_SPELLINGS: usize = 21;

/// What was seen of a numeric column that may hold codes for missing values.
#[derive(Debug)]
pub(super) struct CodeScan {
    /// The code at an end of the values.
    code: f64,
    /// Numbers that may be codes together with it, with their cells and first rows.
    like: BTreeMap<i64, (u64, u64)>,
    /// Rows that are no observations.
    skip: BTreeSet<u64>,
    low: f64,
    high: f64,
}

/// Looks for codes once more in columns of numbers, without rows that are no observations: a total lies beyond every code.
///
/// # Errors
/// I/O.
pub(super) fn codes_without(
    reader: &mut Reader<BufReader<File>>,
    columns: &[Column],
    rows: &BTreeSet<u64>,
    scans: &mut Vec<(usize, Scan)>,
) -> Result<(), Problem> {
    let numbers = columns.iter().enumerate().filter(|(_, c)| {
        let numeric = matches!(c.inferred_type, InferredType::Integer | InferredType::Number);
        numeric && c.distinct > 2
    });
    let numbers: Vec<usize> = numbers.map(|(at, _)| at).take(super::MOST_COLUMNS).collect();
    if numbers.is_empty() {
        return Ok(());
    }
    let mut ends = vec![(f64::INFINITY, f64::NEG_INFINITY); numbers.len()];
    reader.select(numbers.clone()).map_err(unreadable)?;
    reader.go_to_row(0);
    let mut row = 1;
    while let Some(block) = reader.read_block(BLOCK).map_err(unreadable)? {
        for ((low, high), values) in ends.iter_mut().zip(&block.columns) {
            let mut all = Vec::with_capacity(values.len());
            values.append_doubles(&mut all);
            let kept = (row..).zip(all).filter(|(row, value)| !rows.contains(row) && storable(*value));
            kept.for_each(|(_, value)| (*low, *high) = (low.min(value), high.max(value)));
        }
        row += block.rows as u64;
    }
    let again = numbers.into_iter().zip(ends).filter_map(|(at, (low, high))| {
        Some((at, Scan::Code(CodeScan::of(&[Some(low), Some(high)], rows.clone())?)))
    });
    let mut again: Vec<(usize, Scan)> = again.collect();
    reader.go_to_row(0);
    look_through(reader, &mut again)?;
    scans.retain(|(_, scan)| !matches!(scan, Scan::Code(_)));
    scans.extend(again);
    scans.sort_by_key(|(at, _)| *at);
    Ok(())
}

/// Codes of one column as they were seen.
pub(super) struct Codes {
    pub codes: Vec<f64>,
    pub cells: u64,
    pub first_row: u64,
    /// The range of the other values.
    pub others: (f64, f64),
}

impl CodeScan {
    /// The scan of a column whose smallest or largest value is a code.
    pub(super) fn of(ends: &[Option<f64>; 2], skip: BTreeSet<u64>) -> Option<Self> {
        let code = CODES.into_iter().find(|code| ends.contains(&Some(*code)))?;
        let digits = (code.abs() as i64).to_string().len() as u32;
        let whole = 10_i64.pow(digits);
        let same = |ending: &i64| match *ending {
            // 98 is written 998 with three digits, 8 is written 888
            98 | 97 if digits > 1 => whole - (100 - ending),
            98 | 97 => *ending - 90,
            one => one * (whole - 1) / 9,
        };
        let like = match (code < 0.0, digits) {
            // surveys number the reasons why an answer is missing: -1, -2, …
            (true, 1) => (-9..=-1).map(|other| (other, (0, 0))).collect(),
            (true, _) => TOGETHER.iter().map(|ending| (-same(ending), (0, 0))).collect(),
            (false, _) => TOGETHER.iter().map(|ending| (same(ending), (0, 0))).collect(),
        };
        Some(Self { code, like, skip, low: f64::INFINITY, high: f64::NEG_INFINITY })
    }

    /// True for a number that may be a code next to that at an end.
    fn is_like(&self, value: f64) -> bool {
        value.fract() == 0.0 && self.like.contains_key(&(value as i64))
    }

    /// Takes in the value of a row.
    pub(super) fn add(&mut self, value: f64, row: u64) {
        if !storable(value) || self.skip.contains(&row) {
            return;
        }
        let seen = (value.fract() == 0.0).then(|| self.like.get_mut(&(value as i64))).flatten();
        match seen {
            Some((cells, first)) => {
                *cells += 1;
                if *first == 0 {
                    *first = row;
                }
            }
            None => {
                self.low = self.low.min(value);
                self.high = self.high.max(value);
            }
        }
    }

    /// The codes, if they lie further from the other values than these lie from each other, and are none of a run of
    /// codes such as 1 to 9.
    pub(super) fn apart(&self) -> Option<Codes> {
        let above = self.code > self.high;
        if above && self.code < 0.0 {
            return None;
        }
        let seen =
            self.like.iter().filter(|(_, (cells, _))| *cells > 0).map(|(c, (n, row))| (*c as f64, *n, *row));
        let (mut codes, mut low, mut high) = (Vec::new(), self.low, self.high);
        for (value, cells, row) in seen {
            if if above { value > self.high } else { value < self.low } {
                codes.push((value, cells, row));
            } else {
                (low, high) = (low.min(value), high.max(value));
            }
        }
        // the codes furthest from the others are taken alone where all of them together are not far enough
        codes.sort_by(|a, b| a.0.total_cmp(&b.0));
        if !above {
            codes.reverse();
        }
        while let Some((nearest, _, _)) = codes.first().copied() {
            let gap = if above { nearest - high } else { low - nearest };
            let cells: u64 = codes.iter().map(|(_, cells, _)| cells).sum();
            // the only negative numbers of a column are no values of it, however far the others lie apart
            let alone = low >= 0.0 && nearest <= ALONE
                || cells > 1 && (low >= 0.0 && nearest <= ALONE_TOGETHER || low >= 1.0 && nearest < 0.0);
            // the small ones have no gap that says anything
            let far = gap > high - low && (above || nearest <= ALONE_TOGETHER);
            if low < high && (far || alone) && gap > 1.0 {
                return Some(Codes {
                    codes: codes.iter().map(|(code, _, _)| *code).collect(),
                    cells,
                    first_row: codes.iter().map(|(_, _, row)| *row).min().unwrap_or_default(),
                    others: (low, high),
                });
            }
            (low, high) = (low.min(nearest), high.max(nearest));
            codes.remove(0);
        }
        None
    }
}

/// Makes the codes of a column of numbers missing.
pub(super) fn offer(at: usize, column: &Column, scan: &CodeScan, place: Place) -> Option<Offer> {
    let found = scan.apart()?;
    let missing = found.codes.iter().map(|code| number_text(*code)).collect();
    let step = DataStep { missing, ..convert(column, ConvertTo::Number) };
    Some(Offer { at, step, note: note(column, &found, place), because_of: None })
}

fn note(column: &Column, found: &Codes, place: Place) -> Note {
    let codes: Vec<String> = found.codes.iter().map(|code| number_text(*code)).collect();
    let (low, high) = found.others;
    let far = found.codes.iter().any(|code| (low - code).max(code - high) > high - low);
    let (lies, is_read) = match codes.as_slice() {
        [_] if !far => {
            ("is the only negative number", "it may stand for a missing value, and is read as a number")
        }
        _ if !far => {
            ("are the only negative numbers", "they may stand for missing values, and are read as numbers")
        }
        [_] => {
            ("lies far from all other values", "it may stand for a missing value, and is read as a number")
        }
        _ => ("lie far from all other values", "they may stand for missing values, and are read as numbers"),
    };
    let message = format!(
        "{} in {} ({}, first in {}) {lies} ({}{} to {}): {is_read}",
        codes.join(" and "),
        column.name,
        if found.cells == 1 { "1 cell".to_owned() } else { format!("{} cells", found.cells) },
        place.row(found.first_row),
        if far { "" } else { "all others: " },
        number_text(low),
        number_text(high)
    );
    Note { kind: "missing_code", message }
}

/// A column of text whose only step reads numbers.
struct Read {
    /// The position of the offer.
    offer: usize,
    ends: [Option<f64>; 2],
    scan: Option<CodeScan>,
    /// Cells that are a code, as they are written, with their number.
    texts: BTreeMap<String, f64>,
}

/// Looks for codes in columns of text that a step reads as numbers: a further step makes them missing, too. `rows` are no
/// observations.
///
/// # Errors
/// I/O.
pub(super) fn in_texts(
    reader: &mut Reader<BufReader<File>>,
    columns: &[Column],
    rows: &BTreeSet<u64>,
    place: Place,
    offers: &mut Vec<Offer>,
) -> Result<(), Problem> {
    // where several steps read a column, nobody knows its numbers yet
    let single = |at: usize| offers.iter().filter(|offer| offer.at == at).count() == 1;
    let is_read = |offer: &Offer| {
        offer.step.to == Some(ConvertTo::Number) && columns[offer.at].is_text() && single(offer.at)
    };
    let found = (0..offers.len()).filter(|at| is_read(&offers[*at]));
    let new = |offer| Read { offer, ends: [None, None], scan: None, texts: BTreeMap::new() };
    let mut reads: Vec<Read> = found.map(new).collect();
    reads.sort_by_key(|read| offers[read.offer].at);
    each(reader, offers, rows, &mut reads, |read, _, value, _| {
        let [low, high] = read.ends;
        read.ends =
            [Some(low.map_or(value, |low| low.min(value))), Some(high.map_or(value, |high| high.max(value)))];
    })?;
    for read in &mut reads {
        read.scan = CodeScan::of(&read.ends, BTreeSet::new());
    }
    reads.retain(|read| read.scan.is_some());
    each(reader, offers, rows, &mut reads, |read, cell, value, row| {
        let Some(scan) = &mut read.scan else { return };
        scan.add(value, row);
        if scan.is_like(value) && read.texts.len() < MOST_SPELLINGS && !read.texts.contains_key(cell) {
            read.texts.insert(cell.to_owned(), value);
        }
    })?;
    reads.sort_by_key(|read| std::cmp::Reverse(read.offer));
    for read in reads {
        let Some(codes) = read.scan.as_ref().and_then(CodeScan::apart) else { continue };
        if read.texts.len() == MOST_SPELLINGS {
            continue;
        }
        let Offer { at, ref step, .. } = offers[read.offer];
        let mut step = step.clone();
        // a step without a text to cut out and without a sign is one of a column of numbers (`library::repairs::lines`)
        step.decimal.get_or_insert_with(|| ".".to_owned());
        step.missing
            .extend(read.texts.into_iter().filter(|(_, v)| codes.codes.contains(v)).map(|(text, _)| text));
        let note = note(&columns[at], &codes, place);
        offers.insert(read.offer + 1, Offer { at, step, note, because_of: None });
    }
    Ok(())
}

/// Shows every number that the steps read, with its cell and row.
///
/// # Errors
/// I/O.
fn each(
    reader: &mut Reader<BufReader<File>>,
    offers: &[Offer],
    rows: &BTreeSet<u64>,
    reads: &mut [Read],
    mut take: impl FnMut(&mut Read, &str, f64, u64),
) -> Result<(), Problem> {
    if reads.is_empty() {
        return Ok(());
    }
    reader.select(reads.iter().map(|read| offers[read.offer].at).collect()).map_err(unreadable)?;
    reader.go_to_row(0);
    let mut first = 1;
    while let Some(block) = reader.read_block(BLOCK).map_err(unreadable)? {
        for (read, values) in reads.iter_mut().zip(&block.columns) {
            let (Values::Str(texts), step) = (values, &offers[read.offer].step) else { continue };
            for (row, cell) in (first..).zip(texts.iter()).filter(|(row, _)| !rows.contains(row)) {
                if let Some(value) = apply::text(step, cell) {
                    take(read, cell, value, row);
                }
            }
        }
        first += block.rows as u64;
    }
    Ok(())
}
