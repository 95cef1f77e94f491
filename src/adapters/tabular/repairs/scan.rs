//! First look of the repairs: the cells of columns that may need one.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::BufReader;

use dta::{Column as Values, Reader, StorageType};

use super::cells::Cells;
use super::orders::Days;
use super::rows;
use super::shapes::Shapes;
use super::{BLOCK, unreadable};
use crate::adapters::tabular::number::storable;
use crate::domain::data_step::ConvertTo;
use crate::domain::dataset::{Column, InferredType};
use crate::domain::error::Problem;

/// Rows after which a column without numbers or dates is left alone.
const ENOUGH_ROWS: u64 = 20_000;
/// Levels up to which blanks around texts are searched.
pub(super) const MOST_LEVELS: u64 = 1_000;
/// Numbers that stand for a missing value in many files.
const CODES: [f64; 18] = [
    9.0, 99.0, 999.0, 9999.0, 99999.0, 999999.0, 8.0, 88.0, 888.0, 8888.0, -8.0, -88.0, -888.0, -9.0, -99.0,
    -999.0, -9999.0, -99999.0,
];
/// Orders of dates that are tried.
pub(super) const ORDERS: [ConvertTo; 3] = [ConvertTo::DateDmy, ConvertTo::DateMdy, ConvertTo::DateYmd];

/// What was seen of a text column.
#[derive(Debug, Default)]
pub(super) struct TextScan {
    pub cells: Cells,
    /// Of the first rows.
    pub shapes: Shapes,
    pub days: Days,
    /// Cells with blanks around them, and the first row of one.
    pub blanks: u64,
    pub first_blank: Option<(u64, String)>,
    trimmed: BTreeSet<String>,
    /// Levels are counted without the blanks around them.
    trims: bool,
    /// Rows taken in so far.
    rows: u64,
    /// Rows whose cell is a word of totals, with the cell; of the first rows.
    pub totals: Vec<(u64, String)>,
    /// Rows whose cell is a word of statistics below a table, with the cell.
    pub statistics: Vec<(u64, String)>,
    /// The last cell that marks no totals.
    above: String,
    /// The cells of the first and of the last row; empty for a missing value.
    pub first: String,
    pub last: String,
}

/// Codes that stand together in one column, as 98 for "does not know" next to 99 for "no answer": the endings of the digits.
const TOGETHER: [i64; 5] = [9, 8, 7, 98, 97];

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

/// One column.
#[derive(Debug)]
pub(super) enum Scan {
    Text(Box<TextScan>),
    Code(CodeScan),
}

impl Scan {
    /// The scan that a column needs, if it needs one; `blanks` where one of its texts has blanks around it.
    pub(super) fn of(column: &Column, storage: StorageType, blanks: bool) -> Option<Self> {
        if column.inferred_type == InferredType::Empty {
            return None;
        }
        match storage {
            StorageType::Str(width) if width <= 244 => Some(Self::Text(Box::new(TextScan {
                trims: blanks && column.distinct <= MOST_LEVELS && !column.distinct_is_lower_bound,
                ..TextScan::default()
            }))),
            StorageType::Str(_) | StorageType::StrL | StorageType::Float => None,
            _ if matches!(column.inferred_type, InferredType::Date | InferredType::Datetime) => None,
            _ => {
                let ends = [column.min, column.max];
                let scan = CodeScan::of(&ends, BTreeSet::new())?;
                (column.distinct > 2).then_some(Self::Code(scan))
            }
        }
    }

    /// Takes in the values of a block whose first row is `row`.
    pub(super) fn add(&mut self, values: &Values, row: u64) {
        match (self, values) {
            (Self::Text(scan), Values::Str(texts)) => {
                (row..).zip(texts.iter()).for_each(|(row, text)| scan.add(text, row));
            }
            (Self::Code(scan), numbers) => {
                let mut all = Vec::with_capacity(numbers.len());
                numbers.append_doubles(&mut all);
                (row..).zip(all).for_each(|(row, value)| scan.add(value, row));
            }
            _ => {}
        }
    }

    /// True once further rows would change nothing.
    pub(super) fn is_settled(&self) -> bool {
        match self {
            Self::Text(scan) => scan.rows > ENOUGH_ROWS && !scan.trims && !scan.is_promising(),
            Self::Code(_) => false,
        }
    }

    /// Takes in the value of the last row.
    pub(super) fn end(&mut self, values: &Values) {
        if let (Self::Text(scan), Values::Str(texts)) = (self, values) {
            texts.iter().last().unwrap_or_default().clone_into(&mut scan.last);
        }
    }
}

/// Shows the rows to the scans, each as long as it needs them, and the last row to all.
///
/// # Errors
/// I/O.
pub(super) fn look_through(
    reader: &mut Reader<BufReader<File>>,
    scans: &mut [(usize, Scan)],
) -> Result<(), Problem> {
    let mut open: Vec<&mut (usize, Scan)> = scans.iter_mut().collect();
    let mut row = 1;
    while !open.is_empty() {
        reader.select(open.iter().map(|(at, _)| *at).collect()).map_err(unreadable)?;
        let Some(block) = reader.read_block(BLOCK).map_err(unreadable)? else { break };
        let mut work: Vec<_> = open.iter_mut().zip(&block.columns).collect();
        in_halves(&mut work, &|((_, scan), values)| scan.add(values, row));
        row += block.rows as u64;
        open.retain(|(_, scan)| !scan.is_settled());
    }
    reader.select(scans.iter().map(|(at, _)| *at).collect()).map_err(unreadable)?;
    reader.go_to_row(reader.rows().saturating_sub(1));
    if let Some(block) = reader.read_block(1).map_err(unreadable)? {
        scans.iter_mut().zip(&block.columns).for_each(|((_, scan), values)| scan.end(values));
    }
    Ok(())
}

/// Works on all items, on half of them in another thread.
fn in_halves<T: Send>(items: &mut [T], work: &(impl Fn(&mut T) + Sync)) {
    let (front, back) = items.split_at_mut(items.len() / 2);
    std::thread::scope(|scope| {
        if !front.is_empty() {
            scope.spawn(|| front.iter_mut().for_each(work));
        }
        back.iter_mut().for_each(work);
    });
}

impl TextScan {
    /// True as long as half of the cells are dates or numbers. Rows beyond the first ones are taken in only then, so
    /// that it stays false.
    fn is_promising(&self) -> bool {
        let days = self.days.fitting.iter().copied().max().unwrap_or(0);
        let numbers = self.cells.commonest().map_or(0, |(_, group)| group.cells);
        days.max(numbers) * 2 >= self.cells.present
    }

    fn add(&mut self, cell: &str, row: u64) {
        self.rows = row;
        if row == 1 {
            cell.clone_into(&mut self.first);
        }
        if cell.is_empty() {
            return;
        }
        if row <= ENOUGH_ROWS {
            self.shapes.add(cell, row, MOST_LEVELS as usize);
            self.note_totals(cell, row);
            if self.statistics.len() < rows::MOST_TOTALS && rows::is_statistic(cell) {
                self.statistics.push((row, cell.to_owned()));
            }
        }
        if row <= ENOUGH_ROWS || self.is_promising() {
            self.cells.add(cell, row);
            self.days.add(cell, row);
        }
        if self.trims {
            let trimmed = cell.trim();
            if trimmed.len() < cell.len() {
                self.blanks += 1;
                self.first_blank.get_or_insert_with(|| (row, cell.to_owned()));
            }
            if !self.trimmed.contains(trimmed) {
                self.trimmed.insert(trimmed.to_owned());
            }
        }
    }

    /// Notes a cell that marks totals. Where it names a group, the cell above or another cell has to be that name: there are
    /// names such as `total assets`.
    fn note_totals(&mut self, cell: &str, row: u64) {
        match rows::totals_of(cell) {
            Some(group) => {
                let is_above = group.eq_ignore_ascii_case(self.above.trim());
                let named = is_above || group.is_empty() || self.cells.others.texts.contains_key(group);
                if named && self.totals.len() < rows::MOST_TOTALS {
                    self.totals.push((row, cell.to_owned()));
                }
            }
            None => cell.clone_into(&mut self.above),
        }
    }

    /// Levels without the blanks around them; `None` where there are no blanks, or too many levels to compare.
    pub(super) fn trimmed_levels(&self) -> Option<u64> {
        self.trims.then_some(self.trimmed.len() as u64)
    }
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
    fn of(ends: &[Option<f64>; 2], skip: BTreeSet<u64>) -> Option<Self> {
        let code = CODES.into_iter().find(|code| ends.contains(&Some(*code)))?;
        let digits = (code.abs() as i64).to_string().len() as u32;
        let whole = 10_i64.pow(digits);
        let same = |ending: &i64| match *ending {
            // 98 is written 998 with three digits, 8 is written 888
            98 | 97 if digits > 1 => whole - (100 - ending),
            98 | 97 => *ending - 90,
            one => one * (whole - 1) / 9,
        };
        let sign = if code < 0.0 { -1 } else { 1 };
        let like = TOGETHER.iter().map(|ending| (sign * same(ending), (0, 0))).collect();
        Some(Self { code, like, skip, low: f64::INFINITY, high: f64::NEG_INFINITY })
    }

    fn add(&mut self, value: f64, row: u64) {
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
            if low < high && gap > high - low && gap > 1.0 {
                return Some(Codes {
                    codes: codes.iter().map(|(code, _, _)| *code).collect(),
                    cells: codes.iter().map(|(_, cells, _)| cells).sum(),
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
