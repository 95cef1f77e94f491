//! A header of two rows in a text table, as cells merged over columns leave it: the names of groups, then those of the columns.

use super::Header;
use crate::adapters::tabular::header_groups::{joined, may_be_groups};
use crate::adapters::tabular::{date, number};

/// A row that may name groups of columns, and the row below it, which holds the names of the columns if values follow.
pub(super) struct Grouped {
    pub groups: Header,
    below: Option<Header>,
}

/// What is known with one more row.
pub(super) enum Next {
    Header(Header),
    /// One more row decides.
    Open(Grouped),
}

impl Grouped {
    /// True for a row of names with gaps or repetitions.
    pub(super) fn may_begin(names: &[String]) -> bool {
        may_be_groups(names, |_| true, names.len())
    }

    pub(super) fn new(groups: Header) -> Self {
        Self { groups, below: None }
    }

    /// Takes the next row that is not blank.
    pub(super) fn next(mut self, found: Header) -> Next {
        let cells = &found.names;
        let Some(below) = self.below.take() else {
            let is_named = |at: usize| !cells[at].is_empty();
            let texts = cells.iter().all(|cell| cell.is_empty() || !is_value(cell));
            if !texts || !may_be_groups(&self.groups.names, is_named, cells.len()) {
                return Next::Header(self.groups);
            }
            let (has_title, groups_row) = (self.groups.has_title, Some(self.groups.row));
            self.below = Some(Header { has_title, groups_row, ..found });
            return Next::Open(self);
        };
        let holds =
            |at: &usize| !below.names[*at].is_empty() && cells.get(*at).is_some_and(|cell| is_value(cell));
        if (0..below.names.len()).filter(holds).count() < 2 {
            return Next::Header(self.groups);
        }
        let names = joined(&self.groups.names, &below.names);
        Next::Header(Header { names, ..below })
    }
}

/// True for a number or a date, which is no name of a column.
fn is_value(cell: &str) -> bool {
    let text = cell.as_bytes();
    number::plain(text).is_some()
        || number::with_thousands(text).is_some()
        || number::with_decimal_comma(text).is_some()
        || number::percent(text).is_some()
        || date::STYLES.into_iter().any(|style| date::datetime(text, style).is_some())
}
