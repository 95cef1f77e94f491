//! What the first pass over a sheet finds: the row of the names, the rows above it, and facts on every column.

use super::rows::Cell;
use crate::adapters::tabular::convert;
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
}

impl Facts {
    /// True for a row of one text below a title: its source, a unit, a date.
    pub(super) fn is_line(&self, cells: &[Cell]) -> bool {
        let names = self.names.iter().filter(|name| !name.is_empty()).count();
        let filled = cells.iter().filter(|cell| !matches!(cell, Cell::Empty)).count();
        let first = matches!(cells.first(), Some(Cell::Text(_)));
        self.rows == 0 && names == 1 && filled <= 1 && (first || filled == 0) && self.lines.len() < MOST_LINES
    }

    /// True for rows of data in two columns or more; a text about the workbook has one.
    pub(super) fn is_table(&self) -> bool {
        self.rows > 0 && self.columns.iter().filter(|column| column.present > 0).count() > 1
    }

    /// True if the header so far names groups of columns, each over several of them, and the row below it may hold the names of
    /// the columns: texts alone, several of them where the header has none.
    pub(super) fn has_groups_above(&self, below: &[Cell]) -> bool {
        let texts = below.iter().filter(|cell| matches!(cell, Cell::Text(_))).count();
        let filled = below.iter().filter(|cell| !matches!(cell, Cell::Empty)).count();
        let group = |at: usize| self.names.get(at).is_some_and(|name| !name.is_empty());
        let gaps = (0..below.len()).filter(|&at| !matches!(below[at], Cell::Empty) && !group(at)).count();
        let groups = self.names.iter().filter(|name| !name.is_empty()).count();
        self.rows == 0 && groups >= 2 && texts == filled && gaps >= 2 && gaps * 3 >= filled
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
        let width = groups.len().max(self.names.len());
        self.names.resize(width, String::new());
        self.columns.resize(width, Inference::default());
        let names = self.names.clone();
        let mut group = "";
        for (at, name) in self.names.iter_mut().enumerate() {
            group = groups.get(at).map(String::as_str).filter(|text| !text.is_empty()).unwrap_or(group);
            if name.is_empty() {
                *name = groups.get(at).cloned().unwrap_or_default();
            } else if names.iter().filter(|other| *other == name).count() > 1 {
                *name = format!("{group} {name}");
            }
        }
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
