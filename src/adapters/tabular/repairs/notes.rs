//! Notes of several lines below a table: rows in which one cell at most holds anything, a text.

use std::fs::File;
use std::io::BufReader;

use dta::{Column as Values, Reader};

use super::rows::{Foreign, NOTES};
use super::{Place, unreadable};
use crate::adapters::tabular::number::storable;
use crate::adapters::tabular::problems::shown;
use crate::domain::dataset::Column;
use crate::domain::error::Problem;

/// Most lines of notes.
const MOST_LINES: u64 = 20;
/// Most columns of a table that people write notes below.
const MOST_COLUMNS: usize = 500;

/// Finds them. A table of one column has none: each of its rows has one cell.
///
/// # Errors
/// I/O.
pub(super) fn below(
    reader: &mut Reader<BufReader<File>>,
    columns: &[Column],
    place: Place,
) -> Result<Option<Foreign>, Problem> {
    if columns.len() < 3 || columns.len() > MOST_COLUMNS || place.rows < 5 {
        return Ok(None);
    }
    let lines = MOST_LINES.min(place.rows / 2);
    let (begin, count) = (place.rows - lines, usize::try_from(lines).unwrap_or(0));
    reader.select((0..columns.len()).collect()).map_err(unreadable)?;
    reader.go_to_row(begin);
    let Some(block) = reader.read_block(count).map_err(unreadable)? else { return Ok(None) };
    // cells of each row, and the text of the last one that holds a text
    let mut rows = vec![(0_usize, String::new()); block.rows];
    for values in &block.columns {
        take_in(values, &mut rows);
    }
    let is_line = |(cells, text): &&(usize, String)| *cells == 0 || (*cells == 1 && !text.is_empty());
    let tail = rows.iter().rev().take_while(is_line).count();
    let lines = &rows[rows.len() - tail..];
    let is_note = |text: &str| NOTES.iter().any(|note| text.to_lowercase().starts_with(note));
    // a unit without values has one cell, too: at least one line says that it is a note
    let Some(at) = lines.iter().position(|(_, text)| is_note(text.trim())) else { return Ok(None) };
    // where nothing but notes was looked at, the table may be one of texts alone
    if tail == rows.len() {
        return Ok(None);
    }
    // lines before the first note are part of it only where they are empty
    let empty = lines[..at].iter().rev().take_while(|(cells, _)| *cells == 0).count();
    let first = place.rows - (tail - at + empty) as u64 + 1;
    let rows: Vec<u64> = (first..=place.rows).collect();
    let text = shown(lines[at].1.trim());
    let note_row = place.row(first + empty as u64);
    let message = match rows.len() {
        1 => format!("{note_row} holds \"{text}\": a note below the table; it is read as an observation"),
        count => format!(
            "{note_row} holds \"{text}\": a note below the table; the last {count} rows are read as observations"
        ),
    };
    Ok(Some(Foreign { rows, kind: "note_row", message }))
}

fn take_in(values: &Values, rows: &mut [(usize, String)]) {
    let mut add = |at: usize, text: &str| {
        if let Some(row) = rows.get_mut(at).filter(|_| !text.trim().is_empty()) {
            row.0 += 1;
            text.clone_into(&mut row.1);
        }
    };
    match values {
        Values::Str(texts) => texts.iter().enumerate().for_each(|(at, text)| add(at, text)),
        Values::StrL(texts) => {
            for (at, row) in rows.iter_mut().enumerate() {
                let text = String::from_utf8_lossy(texts.bytes(at)).into_owned();
                if !text.trim().is_empty() {
                    row.0 += 1;
                    row.1 = text;
                }
            }
        }
        numbers => {
            let mut all = Vec::with_capacity(rows.len());
            numbers.append_doubles(&mut all);
            // a number counts for two cells: a row with one is no note
            rows.iter_mut().zip(all).filter(|(_, value)| storable(*value)).for_each(|(row, _)| row.0 += 2);
        }
    }
}
