//! The row of the names of the columns in a text table: below a title with its lines, and below names of groups of columns.

use super::blocks::Blocks;
use super::grouped::{Grouped, Next};
use super::scan::Records;
use super::sniff::Sniffed;
use super::{Header, is_blank, survey};
use crate::adapters::tabular::{number, problems};
use crate::domain::error::Problem;

/// Most lines of one cell above the names of the columns.
const MOST_LINES: usize = 10;
/// Longest name of a column, in bytes.
const LONGEST_NAME: usize = 32_000;

/// Reads the header: the row with this one-based number, else the first that is not blank and no title.
///
/// # Errors
/// A row that does not exist or is blank, too many columns, names that are too long.
pub(super) fn header(mut blocks: Blocks, sniffed: &Sniffed, wanted: Option<u32>) -> Result<Header, Problem> {
    let mut search = Search { fields: sniffed.fields, ..Search::default() };
    let (mut fields, mut last_row, mut blanks) = (Vec::new(), 0, 0);
    while let Some(block) = blocks.next_block()? {
        let text = block.text()?;
        let is_front = block.first_row == 1 && wanted.is_none_or(|row| row == 1);
        if let Some(header) = is_front.then(|| survey::header(text, sniffed.dialect)).flatten() {
            return checked(header);
        }
        let mut records = Records::new(text, sniffed.dialect);
        let mut row = block.first_row;
        while records.next_record(&mut fields) {
            let is_empty = is_blank(&fields, text);
            blanks += u64::from(is_empty);
            let chosen = match wanted {
                Some(wanted) => row == u64::from(wanted),
                None => row > sniffed.skip_rows && !is_empty,
            };
            if chosen && is_empty {
                return Err(problems::parse(Some(row), None, "the row selected as the header is blank"));
            }
            if chosen {
                let names = fields.iter().map(|f| f.value(text).trim().to_owned()).collect();
                let found =
                    Header { row, names, labels: None, has_title: false, groups_row: None, blank: blanks };
                if wanted.is_some() {
                    return checked(found);
                }
                if let Some(header) = search.take(found) {
                    return checked(header);
                }
            }
            row += 1;
        }
        last_row = row - 1;
    }
    if let Some(header) = search.end() {
        return checked(header);
    }
    let reason = match wanted {
        Some(row) => format!("row {row} was selected as the header, but the file has {last_row} rows"),
        None => "the file has no rows".to_owned(),
    };
    Err(problems::parse(wanted.map(u64::from), None, &reason))
}

/// What is known of the rows so far.
#[derive(Default)]
struct Search {
    /// The commonest number of fields.
    fields: usize,
    /// One cell above several: a title, if names follow.
    title: Option<Header>,
    /// Lines below the first one.
    lines: usize,
    /// The first of further lines of a title.
    second: Option<Header>,
    grouped: Option<Grouped>,
    /// The first row whose cells are all empty.
    empty: Option<Header>,
}

impl Search {
    /// Takes the next row that is not blank; the header once it is known.
    fn take(&mut self, found: Header) -> Option<Header> {
        let filled = found.names.iter().filter(|name| !name.is_empty()).count();
        if filled == 0 {
            self.empty.get_or_insert(found);
            return None;
        }
        if let Some(upper) = self.grouped.take() {
            return match upper.next(found) {
                Next::Header(header) => Some(header),
                Next::Open(open) => {
                    self.grouped = Some(open);
                    None
                }
            };
        }
        // values below an empty row have no names
        let are_values = filled > 1 && !are_names(&found.names);
        if let Some(empty) = self.empty.take_if(|_| self.title.is_none() && are_values) {
            return Some(empty);
        }
        // a title, its source and other lines above the names
        let is_further = filled == 1 && !found.names[0].is_empty();
        let is_like = self.title.as_ref().is_some_and(|t| t.names.len() == found.names.len());
        if is_further && is_like && self.lines < MOST_LINES - 1 {
            self.second.get_or_insert(Header { has_title: true, ..found });
            self.lines += 1;
            return None;
        }
        // without names below them they are what they seem: a title and a header
        if let Some(second) = self.second.take_if(|_| !are_names(&found.names)) {
            return Some(self.title.take_if(|title| title.names.len() > 1).unwrap_or(second));
        }
        let may_be_groups = found.names[0].is_empty() && Grouped::may_begin(&found.names);
        let is_header =
            |title: &mut Header| title.names.len() > 1 && !are_names(&found.names) && !may_be_groups;
        if let Some(title) = self.title.take_if(is_header) {
            return Some(title);
        }
        // names of rows leave the first cell of a header empty, a title fills it
        let filled =
            if found.names.first().is_none_or(String::is_empty) { found.names.len() } else { filled };
        let header = Header { has_title: self.title.is_some(), ..found };
        if filled > 1 && Grouped::may_begin(&header.names) {
            self.grouped = Some(Grouped::new(header));
            return None;
        }
        if self.title.is_some() || self.fields < 2 || filled > 1 {
            return Some(header);
        }
        self.title = Some(header);
        None
    }

    /// The header where no row follows.
    fn end(self) -> Option<Header> {
        let groups = self.grouped.map(|grouped| grouped.groups);
        groups.or_else(|| self.second.filter(|second| second.names.len() == 1)).or(self.title).or(self.empty)
    }
}

/// True for several cells, none of them a number.
fn are_names(cells: &[String]) -> bool {
    let filled = cells.iter().filter(|cell| !cell.is_empty());
    filled.clone().count() >= 2 && filled.clone().all(|cell| number::plain(cell.as_bytes()).is_none())
}

/// Refuses what no header can have.
fn checked(header: Header) -> Result<Header, Problem> {
    let most = dta::limits::VARIABLES_119;
    if header.names.len() > most {
        let what = format!("the header has {} columns", header.names.len());
        return Err(problems::too_large(&what, most as u64).with("row", header.row));
    }
    if let Some(long) = header.names.iter().find(|n| n.len() > LONGEST_NAME) {
        let reason = "the name of the column is longer than 32,000 bytes";
        return Err(problems::parse(Some(header.row), Some(long), reason));
    }
    Ok(header)
}
