//! Rows without any value between the rows of the data, which a text file has as lines of separators.

use std::fs::File;
use std::io::BufReader;

use dta::{Column as Values, Reader};

use super::rows::{Foreign, MOST_TOTALS};
use super::{BLOCK, Place, unreadable};
use crate::adapters::tabular::problems::counted;
use crate::domain::dataset::Column;
use crate::domain::error::Problem;

/// Larger tables are no sheets that people space out.
const MOST_ROWS: u64 = 200_000;
/// Largest share of the rows that are empty.
const MOST_SHARE: f64 = 0.5;

/// Finds rows without a value in any column.
///
/// # Errors
/// I/O.
pub(super) fn between(
    reader: &mut Reader<BufReader<File>>,
    columns: &[Column],
    place: Place,
) -> Result<Option<Foreign>, Problem> {
    // every column misses the value of such a row
    if columns.iter().any(|column| column.missing == 0) || place.rows > MOST_ROWS {
        return Ok(None);
    }
    let mut rows: Vec<u64> = Vec::new();
    let mut first = 1;
    reader.select((0..columns.len()).collect()).map_err(unreadable)?;
    reader.go_to_row(0);
    while let Some(block) = reader.read_block(BLOCK).map_err(unreadable)? {
        let mut empty = vec![true; block.rows];
        for values in &block.columns {
            mark(values, &mut empty);
        }
        rows.extend((first..).zip(&empty).filter(|(_, is_empty)| **is_empty).map(|(row, _)| row));
        first += block.rows as u64;
    }
    let n = rows.len();
    if n == 0 || n > MOST_TOTALS || n as f64 > MOST_SHARE * place.rows as f64 {
        return Ok(None);
    }
    let message = format!(
        "{} in the table {} no value in any column (the first is {}); each is read as an observation",
        counted(n as u64, "row", "rows"),
        if n == 1 { "has" } else { "have" },
        place.row(rows[0])
    );
    Ok(Some(Foreign { rows, kind: "empty_rows", message }))
}

/// Clears the mark of rows with a value.
fn mark(values: &Values, empty: &mut [bool]) {
    match values {
        Values::Str(texts) => {
            empty.iter_mut().zip(texts.iter()).for_each(|(empty, text)| *empty &= text.is_empty());
        }
        Values::StrL(long) => {
            empty.iter_mut().zip(&long.rows).for_each(|(empty, text)| *empty &= text.is_none());
        }
        numbers => {
            let mut all = Vec::with_capacity(numbers.len());
            numbers.append_doubles(&mut all);
            empty.iter_mut().zip(all).for_each(|(empty, x)| *empty &= x.abs() >= 8.9e307);
        }
    }
}
