//! What the first pass over a sheet finds: the row of the names, the rows above it, and facts on every column.

use super::rows::Cell;
use crate::adapters::tabular::convert;
use crate::adapters::tabular::header_groups::{joined, may_be_groups};
use crate::adapters::tabular::infer::Inference;

/// Facts of the first pass.
#[derive(Default)]
pub(super) struct Facts {
    pub(super) header_row: Option<u64>,
    pub(super) names: Vec<String>,
    pub(super) columns: Vec<Inference>,
    pub(super) rows: u64,
    pub(super) error_cells: u64,
    pub(super) last_row: u64,
    /// A row with one cell stands above the header.
    pub(super) has_title: bool,
    /// Further rows of one cell below the first one: lines of a title, if names follow.
    pub(super) lines: Vec<(u64, Vec<Cell>)>,
    /// The row below a header with gaps: the names of the columns, if numbers follow.
    pub(super) names_below: Option<(u64, Vec<Cell>)>,
    /// The row of groups of columns above the names.
    pub(super) groups_row: Option<u64>,
}

/// What a sheet holds, the least useful first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Content {
    /// No rows below a header.
    None,
    /// Rows in one column, as a text about the workbook has.
    Rows,
    /// Rows in two columns or more.
    Table,
}

/// Most lines of one cell above the names of the columns.
const MOST_LINES: usize = 10;

impl Facts {
    pub(super) fn take_header(&mut self, row: u64, cells: &[Cell]) {
        self.header_row = Some(row);
        self.names = cells.iter().map(header_text).collect();
        self.columns = vec![Inference::default(); cells.len()];
    }

    /// True if the header so far has one cell at most, and the row below it several, all of them text.
    pub(super) fn is_title(&self, below: &[Cell]) -> bool {
        let filled = below.iter().filter(|cell| !matches!(cell, Cell::Empty));
        let texts = filled.clone().filter(|cell| matches!(cell, Cell::Text(_))).count();
        let names = self.names.iter().filter(|name| !name.is_empty()).count();
        self.rows == 0 && names == 1 && !self.names[0].is_empty() && texts >= 2 && texts == filled.count()
    }

    /// True for a row of one text below a title: its source, a unit, a date.
    pub(super) fn is_line(&self, cells: &[Cell]) -> bool {
        let names = self.names.iter().filter(|name| !name.is_empty()).count();
        let filled = cells.iter().filter(|cell| !matches!(cell, Cell::Empty)).count();
        let first = matches!(cells.first(), Some(Cell::Text(_)));
        self.rows == 0 && names == 1 && filled <= 1 && (first || filled == 0) && self.lines.len() < MOST_LINES
    }

    /// What the sheet holds.
    pub(super) fn content(&self) -> Content {
        let filled = self.columns.iter().filter(|column| column.present > 0).count();
        match self.header_row {
            Some(_) if self.rows > 0 && filled > 1 => Content::Table,
            Some(_) if self.rows > 0 => Content::Rows,
            _ => Content::None,
        }
    }

    /// True if the header so far names groups of columns, each over several of them, and the row below it may hold the names of
    /// the columns: texts alone, several of them where the header has none.
    pub(super) fn has_groups_above(&self, below: &[Cell]) -> bool {
        let texts = below.iter().filter(|cell| matches!(cell, Cell::Text(_))).count();
        let filled = below.iter().filter(|cell| !matches!(cell, Cell::Empty)).count();
        let is_named = |at: usize| !matches!(below[at], Cell::Empty);
        self.rows == 0 && texts == filled && may_be_groups(&self.names, is_named, below.len())
    }

    /// Takes the row below the groups for the names of the columns if numbers or dates follow below two of them; else it is the
    /// first row of the data. A name that several groups have gets the name of its group, and a column without a
    /// name has that of the row above.
    pub(super) fn take_names_below(&mut self, next: &[Cell]) {
        let Some((row, cells)) = self.names_below.take() else { return };
        let is_value = |at: &usize| {
            matches!(cells[*at], Cell::Text(_))
                && matches!(next.get(*at), Some(Cell::Number(_) | Cell::Moment { .. }))
        };
        if (0..cells.len()).filter(is_value).count() < 2 {
            self.take_row(row, &cells);
            return;
        }
        let groups = std::mem::take(&mut self.names);
        self.groups_row = self.header_row;
        self.take_header(row, &cells);
        self.names = joined(&groups, &self.names);
        self.columns.resize(self.names.len(), Inference::default());
    }

    /// Takes in a row of the data.
    pub(super) fn take_row(&mut self, row: u64, cells: &[Cell]) {
        if cells.len() > self.columns.len() {
            self.names.resize(cells.len(), String::new());
            self.columns.resize(cells.len(), Inference::default());
        }
        self.rows += 1;
        for (fact, cell) in self.columns.iter_mut().zip(cells) {
            match cell {
                Cell::Empty => fact.empty(),
                Cell::Error => {
                    self.error_cells += 1;
                    fact.empty();
                }
                Cell::Text(text) => fact.text(text.as_bytes(), row),
                Cell::Number(value) => fact.number(*value, convert::number_text(*value).len()),
                Cell::Truth(_) => fact.truth(row),
                Cell::Moment { has_time, .. } => fact.moment(*has_time, row),
            }
        }
    }

    /// Takes in the rows that turned out to be no lines of a title.
    pub(super) fn take_lines(&mut self) {
        for (row, cells) in std::mem::take(&mut self.lines) {
            self.take_row(row, &cells);
        }
    }
}

fn header_text(cell: &Cell) -> String {
    match cell {
        Cell::Empty | Cell::Error => String::new(),
        Cell::Text(text) => text.trim().to_owned(),
        Cell::Number(value) => convert::number_text(*value),
        Cell::Truth(value) => if *value { "TRUE" } else { "FALSE" }.to_owned(),
        Cell::Moment { ms, .. } => convert::moment_text(*ms),
    }
}
