//! First look of the repairs: the cells of columns that may need one.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::BufReader;

use dta::{Column as Values, Reader, StorageType};

use super::cells::Cells;
use super::codes::CodeScan;
use super::months::Months;
use super::orders::Days;
use super::rows;
use super::shapes::Shapes;
use super::spans::Spans;
use super::{BLOCK, unreadable};
use crate::domain::data_step::ConvertTo;
use crate::domain::dataset::{Column, InferredType};
use crate::domain::error::Problem;

/// Rows after which a column without numbers or dates is left alone.
const ENOUGH_ROWS: u64 = 20_000;
/// Levels up to which blanks around texts are searched.
pub(super) const MOST_LEVELS: u64 = 1_000;
/// Orders of dates that are tried.
pub(super) const ORDERS: [ConvertTo; 3] = [ConvertTo::DateDmy, ConvertTo::DateMdy, ConvertTo::DateYmd];

/// What was seen of a text column.
#[derive(Debug, Default)]
pub(super) struct TextScan {
    pub cells: Cells,
    /// Of the first rows.
    pub shapes: Shapes,
    pub days: Days,
    pub spans: Spans,
    pub months: Months,
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
    /// The cells of the first row, and of the last one above the notes; empty for a missing value.
    pub first: String,
    pub last: String,
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

    /// Takes in the value of the last row of the table.
    pub(super) fn end(&mut self, values: &Values) {
        if let (Self::Text(scan), Values::Str(texts)) = (self, values) {
            texts.iter().last().unwrap_or_default().clone_into(&mut scan.last);
        }
    }
}

/// Shows the rows to the scans, each as long as it needs them.
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
    Ok(())
}

/// Shows the row `end`, counted from 1, to the scans.
///
/// # Errors
/// I/O.
pub(super) fn look_at_end(
    reader: &mut Reader<BufReader<File>>,
    scans: &mut [(usize, Scan)],
    end: u64,
) -> Result<(), Problem> {
    reader.select(scans.iter().map(|(at, _)| *at).collect()).map_err(unreadable)?;
    reader.go_to_row(end.saturating_sub(1));
    if let Some(block) = reader.read_block(1).map_err(unreadable)? {
        scans.iter_mut().zip(&block.columns).for_each(|((_, scan), values)| scan.end(values));
    }
    Ok(())
}

/// The decimal sign of the columns whose numbers have one reading, if they agree.
pub(super) fn decimal_sign(scans: &[(usize, Scan)]) -> Option<char> {
    let numbers = scans.iter().filter_map(|(_, scan)| match scan {
        Scan::Text(scan) => scan.cells.commonest(),
        Scan::Code(_) => None,
    });
    let styles = numbers.filter(|(_, group)| group.cells > 1).map(|(_, group)| group.styles & 0b111);
    let signs = styles.filter_map(|styles| match styles {
        0b100 => Some(','),
        0b001..=0b011 => Some('.'),
        _ => None,
    });
    let signs: BTreeSet<char> = signs.collect();
    signs.first().filter(|_| signs.len() == 1).copied()
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
    /// True as long as half of the cells are dates, years or numbers. Rows beyond the first ones are taken in only then, so
    /// that it stays false.
    fn is_promising(&self) -> bool {
        let days = self.days.fitting.iter().copied().max().unwrap_or(0);
        let numbers = self.cells.commonest().map_or(0, |(_, group)| group.cells);
        days.max(numbers).max(self.spans.cells) * 2 >= self.cells.present
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
            self.spans.add(cell, row);
            self.months.add(cell);
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
