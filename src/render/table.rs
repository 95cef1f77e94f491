//! A machine-readable table as the run wrote it: CSV with a declared schema. What of it is printed and how is
//! decided elsewhere.

use super::number;
use super::{RenderError, SourceFile};
use crate::domain::plan::{OutputColumn, PlanOutput};

/// A value of a table.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    Missing,
    Number(f64),
    Text(String),
}

impl Cell {
    /// Returns the number, if it is one.
    pub fn number(&self) -> Option<f64> {
        match self {
            Cell::Number(x) => Some(*x),
            _ => None,
        }
    }

    /// Returns the text, empty for numbers and missing values.
    pub fn text(&self) -> &str {
        match self {
            Cell::Text(text) => text,
            _ => "",
        }
    }
}

/// A table with its columns in the order of the file.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    pub file: String,
    pub columns: Vec<OutputColumn>,
    pub rows: Vec<Vec<Cell>>,
}

impl Table {
    /// Reads a published table. Columns that the contract does not name are text unless all their values are
    /// numbers.
    ///
    /// # Errors
    /// [`RenderError::Table`] where it is not CSV in UTF-8 with a header row.
    pub fn read(file: &SourceFile, declared: Option<&PlanOutput>) -> Result<Self, RenderError> {
        let refuse = |reason: String| RenderError::Table { file: file.name.clone(), reason };
        let mut reader = csv::ReaderBuilder::new().from_reader(file.bytes.as_slice());
        let names: Vec<String> =
            reader.headers().map_err(|e| refuse(e.to_string()))?.iter().map(str::to_owned).collect();
        let mut texts: Vec<Vec<String>> = Vec::new();
        for record in reader.records() {
            let record = record.map_err(|e| refuse(e.to_string()))?;
            texts.push(record.iter().map(str::to_owned).collect());
        }
        let columns: Vec<OutputColumn> = names
            .into_iter()
            .enumerate()
            .map(|(j, name)| {
                let known = declared.and_then(|d| d.columns.iter().find(|c| c.name == name)).cloned();
                known.unwrap_or_else(|| guessed(name, j, &texts))
            })
            .collect();
        let rows = texts
            .iter()
            .map(|row| columns.iter().zip(row).map(|(column, text)| cell(column, text)).collect())
            .collect();
        Ok(Self { file: file.name.clone(), columns, rows })
    }

    /// Returns the place of a column.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|c| c.name == name)
    }

    /// Returns the cell of a row by the column's name; missing where there is no such column.
    pub fn cell(&self, row: usize, name: &str) -> &Cell {
        self.position(name).and_then(|j| self.rows.get(row)?.get(j)).unwrap_or(&Cell::Missing)
    }

    /// True if no row has a value in this column.
    pub fn is_blank(&self, column: usize) -> bool {
        self.rows.iter().all(|row| match row.get(column) {
            Some(Cell::Number(_)) => false,
            Some(Cell::Text(text)) => text.trim().is_empty(),
            _ => true,
        })
    }
}

fn guessed(name: String, column: usize, rows: &[Vec<String>]) -> OutputColumn {
    let numeric = rows
        .iter()
        .filter_map(|row| row.get(column))
        .filter(|text| !text.trim().is_empty())
        .all(|text| number::parse(text).is_some() || text.trim() == ".");
    OutputColumn { name, kind: if numeric { "number" } else { "text" }.to_owned(), unit: None }
}

fn cell(column: &OutputColumn, text: &str) -> Cell {
    if column.kind == "text" {
        return if text.is_empty() { Cell::Missing } else { Cell::Text(text.to_owned()) };
    }
    match number::parse(text) {
        Some(x) => Cell::Number(x),
        None if text.trim().is_empty() || text.trim() == "." => Cell::Missing,
        // Dates and other forms that a number column may print stay as they are.
        None => Cell::Text(text.to_owned()),
    }
}
