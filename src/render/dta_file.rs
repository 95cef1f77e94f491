//! Tables as Stata data sets: numbers in double precision, texts with their length, headings as variable labels.
//! Not made where the run wrote a data set itself.

use std::io::Cursor;

use dta::{ColumnRef, Meta, Missing, StorageType, Variable, Writer};

use super::report::{Report, Whole};
use super::table::Cell;
use super::{Budget, Format, Made, RenderError};

/// Longest label of a variable or of the data, in characters.
const LABEL: usize = 80;

/// Writes one data set for each table.
///
/// # Errors
/// [`RenderError`].
pub(super) fn write(report: &Report, tag: &str, budget: &Budget) -> Result<Vec<Made>, RenderError> {
    if report.has_data {
        return Ok(Vec::new());
    }
    let mut made = Vec::new();
    for whole in &report.tables {
        budget.check()?;
        let stem = whole.table.file.trim_end_matches(".csv").replace('/', "_");
        let bytes = one(whole).map_err(|e| RenderError::Writer("dta", e.to_string()))?;
        made.push(Made {
            format: Format::Dta,
            file_name: format!("{stem}-{tag}.dta"),
            bytes,
            derived_from: vec![whole.table.file.clone()],
        });
    }
    Ok(made)
}

/// A column in the form in which it is stored.
enum Values {
    Numbers(Vec<f64>),
    Texts(Vec<String>),
}

fn one(whole: &Whole) -> Result<Vec<u8>, dta::Error> {
    let table = &whole.table;
    let columns: Vec<Values> = (0..table.columns.len()).map(|j| values(whole, j)).collect();
    let variables = table
        .columns
        .iter()
        .zip(&columns)
        .zip(&whole.heads)
        .map(|((column, values), head)| {
            let storage = match values {
                Values::Numbers(_) => StorageType::Double,
                Values::Texts(texts) => text_storage(texts),
            };
            Variable { label: head.chars().take(LABEL).collect(), ..Variable::new(&column.name, storage) }
        })
        .collect();
    let meta = Meta { label: whole.title.chars().take(LABEL).collect(), variables, ..Meta::default() };
    let mut writer = Writer::create(Cursor::new(Vec::new()), meta)?;
    let refs: Vec<ColumnRef<'_>> = columns
        .iter()
        .map(|values| match values {
            Values::Numbers(numbers) => ColumnRef::Numbers(numbers),
            Values::Texts(texts) => ColumnRef::Text(texts),
        })
        .collect();
    writer.write_rows(&refs)?;
    writer.finish().map(Cursor::into_inner)
}

fn values(whole: &Whole, j: usize) -> Values {
    let cells = whole.table.rows.iter().map(|row| &row[j]);
    if cells.clone().any(|cell| matches!(cell, Cell::Text(_))) || whole.table.columns[j].kind == "text" {
        let text = |cell: &Cell| match cell {
            Cell::Text(text) => text.clone(),
            Cell::Number(x) => x.to_string(),
            Cell::Missing => String::new(),
        };
        return Values::Texts(cells.map(text).collect());
    }
    Values::Numbers(cells.map(|cell| cell.number().unwrap_or_else(|| Missing::SYSTEM.double())).collect())
}

fn text_storage(texts: &[String]) -> StorageType {
    let longest = texts.iter().map(String::len).max().unwrap_or(0).max(1);
    u16::try_from(longest).ok().filter(|n| *n <= 2045).map_or(StorageType::StrL, StorageType::Str)
}
