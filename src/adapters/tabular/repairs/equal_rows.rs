//! Rows that equal an earlier one in every column. They may have been entered twice, and they may be other observations: the step
//! that leaves them out is offered, and no draft by rules has it.

use std::collections::{BTreeSet, HashSet};
use std::fs::File;
use std::io::BufReader;

use dta::{Column as Values, Reader};

use super::rows::MOST_TOTALS;
use super::{BLOCK, MAIN, Place, unreadable};
use crate::adapters::tabular::warnings::Warnings;
use crate::domain::data_step::{DataStep, Repair, StepKind};
use crate::domain::dataset::Column;
use crate::domain::error::Problem;

/// The remark on such rows.
const REMARK: &str = "duplicated_rows";
/// Larger tables are left as they are: their rows are kept in memory.
const MOST_ROWS: u64 = 200_000;
const MOST_COLUMNS: usize = 500;
/// Largest share of such rows: where more are equal, the columns have few values, and equal rows are other observations.
const MOST_SHARE: f64 = 0.1;

/// Finds the rows where the reader has counted some, and offers to leave them out together with those that are no observations.
///
/// # Errors
/// I/O.
pub(super) fn offer(
    reader: &mut Reader<BufReader<File>>,
    columns: &[Column],
    place: Place,
    dropped: &BTreeSet<u64>,
    warnings: &mut Warnings,
) -> Result<Option<Repair>, Problem> {
    if warnings.count(REMARK) == 0 || place.rows > MOST_ROWS || columns.len() > MOST_COLUMNS {
        return Ok(None);
    }
    let mut seen: HashSet<Vec<u8>> = HashSet::new();
    let mut equal: Vec<u64> = Vec::new();
    let mut first = 1;
    reader.select((0..columns.len()).collect()).map_err(unreadable)?;
    reader.go_to_row(0);
    while let Some(block) = reader.read_block(BLOCK).map_err(unreadable)? {
        let mut rows: Vec<Vec<u8>> = vec![Vec::new(); block.rows];
        block.columns.iter().for_each(|values| write(values, &mut rows));
        for (row, key) in (first..).zip(rows) {
            if !dropped.contains(&row) && !seen.insert(key) {
                equal.push(row);
            }
        }
        first += block.rows as u64;
    }
    let share = equal.len() as f64 / place.rows as f64;
    if equal.is_empty() || equal.len() > MOST_TOTALS || share > MOST_SHARE {
        return Ok(None);
    }
    let rows: BTreeSet<u64> = equal.into_iter().chain(dropped.iter().copied()).collect();
    let row_count = place.rows - rows.len() as u64;
    let step = DataStep { rows: rows.into_iter().collect(), ..DataStep::new(StepKind::DropRows, MAIN) };
    warnings.repairs_of(REMARK, &step);
    Ok(Some(Repair { step, row_count, columns: Vec::new(), by_person: true }))
}

/// Adds the values of a column to the rows, so that equal rows have equal bytes.
fn write(values: &Values, rows: &mut [Vec<u8>]) {
    let text = |row: &mut Vec<u8>, bytes: &[u8]| {
        row.extend_from_slice(&bytes.len().to_le_bytes());
        row.extend_from_slice(bytes);
    };
    match values {
        Values::Str(texts) => rows.iter_mut().zip(texts.iter()).for_each(|(row, t)| text(row, t.as_bytes())),
        Values::StrL(long) => {
            rows.iter_mut().enumerate().for_each(|(at, row)| text(row, long.bytes(at)));
        }
        numbers => {
            let mut all = Vec::with_capacity(numbers.len());
            numbers.append_doubles(&mut all);
            rows.iter_mut().zip(all).for_each(|(row, x)| row.extend_from_slice(&x.to_bits().to_le_bytes()));
        }
    }
}
