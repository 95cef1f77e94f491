//! Rows that are no observations: a second header row, a row of totals, a note below the table.

use super::Place;
use super::scan::{Scan, TextScan};
use crate::adapters::tabular::problems::shown;
use crate::domain::dataset::Column;

/// First words of a row of totals.
const TOTALS: [&str; 17] = [
    "total",
    "totals",
    "grand total",
    "subtotal",
    "sum",
    "overall",
    "summe",
    "gesamt",
    "insgesamt",
    "somme",
    "suma",
    "totale",
    "合计",
    "总计",
    "總計",
    "合計",
    "小计",
];
/// Beginnings of a note below a table.
const NOTES: [&str; 9] = ["source", "sources", "note", "notes", "*", "注", "来源", "资料来源", "quelle"];

/// One such row.
pub(super) struct Foreign {
    /// Row of the data, from 1.
    pub row: u64,
    pub kind: &'static str,
    pub message: String,
}

/// Finds them: at most the first and the last row of the data.
pub(super) fn foreign(columns: &[Column], scans: &[(usize, Scan)], place: Place) -> Vec<Foreign> {
    let texts: Vec<(&Column, &TextScan)> = scans
        .iter()
        .filter_map(|(at, scan)| match scan {
            Scan::Text(scan) => Some((&columns[*at], scan.as_ref())),
            Scan::Code(_) => None,
        })
        .collect();
    let mut found = Vec::new();
    if place.rows < 3 {
        return found;
    }
    found.extend(second_header(&texts, place));
    found.extend(last_row(&texts, place));
    found
}

fn second_header(texts: &[(&Column, &TextScan)], place: Place) -> Option<Foreign> {
    let numeric: Vec<&(&Column, &TextScan)> = texts.iter().filter(|(_, scan)| mostly_numbers(scan)).collect();
    let odd =
        |scan: &TextScan| !scan.first.is_empty() && scan.cells.others.texts.get(&scan.first) == Some(&1);
    let cells: Vec<&str> =
        numeric.iter().filter(|(_, scan)| odd(scan)).map(|(_, scan)| scan.first.as_str()).collect();
    // one cell alone may be a typing error; a row of them is a header
    if cells.len() < 2 || cells.len() < numeric.len() {
        return None;
    }
    let listed: Vec<String> = cells.iter().take(3).map(|c| format!("\"{}\"", shown(c))).collect();
    Some(Foreign {
        row: 1,
        kind: "second_header_row",
        message: format!(
            "{} holds {} above columns of numbers: a second row of the header, or its units; it is read as data. Where it \
             holds the names, read the file again with header_row {}",
            place.row(1),
            listed.join(", "),
            place.header_row + 1
        ),
    })
}

fn mostly_numbers(scan: &TextScan) -> bool {
    let cells = scan.cells.commonest().map_or(0, |(_, group)| group.cells);
    cells >= 2 && cells * 2 >= scan.cells.present
}

fn last_row(texts: &[(&Column, &TextScan)], place: Place) -> Option<Foreign> {
    texts.iter().find_map(|(column, scan)| {
        let cell = scan.last.trim().to_lowercase();
        let word = cell.trim_end_matches([':', '：', '.']);
        let total = TOTALS.contains(&word);
        let once = mostly_numbers(scan) && scan.cells.others.texts.get(&scan.last) == Some(&place.rows);
        let note = once && NOTES.iter().any(|n| cell.starts_with(n));
        let (kind, what) = match (total, note) {
            (true, _) => ("total_row", "a row of totals"),
            (_, true) => ("note_row", "a note below the table"),
            _ => return None,
        };
        let message = format!(
            "{} holds \"{}\" in {}: {what}; it is read as an observation",
            place.row(place.rows),
            shown(&scan.last),
            column.name
        );
        Some(Foreign { row: place.rows, kind, message })
    })
}
