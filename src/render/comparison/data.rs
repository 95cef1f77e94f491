//! The data behind a comparison: estimates and curve as tables, and everything as one CSV.

use super::super::report::Whole;
use super::super::style::Style;
use super::super::table::{Cell, Table};
use super::super::words::{name, pick};
use super::grids::{FIT, axes, cell, choice};
use super::{Parts, axis_words};
use crate::domain::comparison::{Column, points};
use crate::domain::plan::OutputColumn;
use crate::domain::run::ResultRow;

/// A column of a table: its name, its kind, and its heading.
type Head = (&'static str, &'static str);

const SPECIFICATION: [Head; 10] = [
    ("status", "text"),
    ("reason", "text"),
    ("template", "text"),
    ("outcome", "text"),
    ("sample", "text"),
    ("std_errors", "text"),
    ("N", "integer"),
    ("run_id", "text"),
    ("caption", "text"),
    ("warnings", "text"),
];
const RESULT: [Head; 6] = [
    ("estimate", "number"),
    ("std_error", "number"),
    ("p_value", "number"),
    ("ci_low", "number"),
    ("ci_high", "number"),
    ("excludes_zero", "integer"),
];

/// The tables in full: the specifications with their fit, every estimate, and the curve in its order.
pub(super) fn tables(parts: &Parts<'_>, style: &Style<'_>) -> Vec<Whole> {
    let language = style.options.language;
    let mut tables = vec![
        (pick(language, "Specifications", "设定"), specifications(parts.columns)),
        (pick(language, "Estimates", "估计值"), estimates(parts.columns, style)),
    ];
    if !parts.points.is_empty() {
        tables.push((pick(language, "Specification curve", "设定曲线"), curve(parts)));
    }
    let whole = |(title, table): (String, Table)| {
        let heads = table.columns.iter().map(|column| heading(&column.name, style)).collect();
        Whole { title, heads, table }
    };
    tables.into_iter().map(whole).collect()
}

fn heading(column: &str, style: &Style<'_>) -> String {
    let language = style.options.language;
    match (column.strip_prefix("axis_"), column) {
        (Some(axis), _) => axis_words(axis, language),
        (None, "caption") => pick(language, "Differs by", "不同之处"),
        (None, "warnings") => pick(language, "Warnings", "警告"),
        (None, column) => name(column, language),
    }
}

fn of(heads: impl IntoIterator<Item = (String, &'static str)>) -> Vec<OutputColumn> {
    let column = |(name, kind): (String, &str)| OutputColumn { name, kind: kind.to_owned(), unit: None };
    heads.into_iter().map(column).collect()
}

fn text(text: &str) -> Cell {
    if text.is_empty() { Cell::Missing } else { Cell::Text(text.to_owned()) }
}

/// Number, name and choices, which begin every table.
fn begin(columns: &[Column]) -> Vec<(String, &'static str)> {
    let mut heads = vec![("specification".to_owned(), "integer"), ("name".to_owned(), "text")];
    heads.extend(axes(columns).into_iter().map(|axis| (format!("axis_{axis}"), "text")));
    heads
}

fn beginning(columns: &[Column], column: &Column) -> Vec<Cell> {
    let mut cells = vec![Cell::Number(f64::from(column.index)), text(&column.name)];
    cells.extend(axes(columns).into_iter().map(|axis| text(&choice(column, axis))));
    cells
}

fn about(column: &Column) -> Vec<Cell> {
    let id = |id: Option<&str>| text(id.unwrap_or_default());
    vec![
        text(&column.status),
        id(column.reason.as_deref()),
        id(column.template_id.as_ref().map(|id| id.as_str())),
        id(column.outcome.as_deref()),
        id(column.sample.as_deref()),
        id(column.std_errors.as_deref()),
        cell(column.observations),
        id(column.run_id.as_ref().map(|id| id.as_str())),
        text(&column.caption),
        text(&column.warnings.iter().map(|check| check.id.as_str()).collect::<Vec<_>>().join("; ")),
    ]
}

fn result(row: &ResultRow) -> Vec<Cell> {
    let excludes = match (row.ci_low, row.ci_high) {
        (Some(low), Some(high)) => Some(f64::from(u8::from(low > 0.0 || high < 0.0))),
        _ => None,
    };
    vec![
        cell(row.estimate),
        cell(row.std_error),
        cell(row.p_value),
        cell(row.ci_low),
        cell(row.ci_high),
        cell(excludes),
    ]
}

fn specifications(columns: &[Column]) -> Table {
    let mut heads = begin(columns);
    heads.extend(SPECIFICATION.map(|(name, kind)| (name.to_owned(), kind)));
    heads.extend(FIT.map(|name| (name.to_owned(), "number")));
    let row = |column: &Column| {
        let mut cells = beginning(columns, column);
        cells.extend(about(column));
        cells.extend(FIT.map(|name| cell(column.fit.get(name).copied())));
        cells
    };
    Table {
        file: "specifications.csv".to_owned(),
        columns: of(heads),
        rows: columns.iter().map(row).collect(),
    }
}

fn estimates(columns: &[Column], style: &Style<'_>) -> Table {
    let mut heads = vec![
        ("specification".to_owned(), "integer"),
        ("term".to_owned(), "text"),
        ("label".to_owned(), "text"),
    ];
    heads.extend(RESULT.map(|(name, kind)| (name.to_owned(), kind)));
    let rows = columns.iter().flat_map(|column| column.rows().map(move |(key, row)| (column, key, row)));
    let rows = rows.map(|(column, key, row)| {
        let mut cells = vec![Cell::Number(f64::from(column.index)), text(&row.term), text(&style.term(key))];
        cells.extend(result(row));
        cells
    });
    Table { file: "estimates.csv".to_owned(), columns: of(heads), rows: rows.collect() }
}

fn curve(parts: &Parts<'_>) -> Table {
    let mut heads = begin(parts.columns);
    heads.extend(RESULT.map(|(name, kind)| (name.to_owned(), kind)));
    let rows = parts.points.iter().filter_map(|point| {
        let column = parts.columns.iter().find(|column| column.index == point.index)?;
        let mut cells = beginning(parts.columns, column);
        cells.extend(result(column.result(parts.focus?)?));
        Some(cells)
    });
    Table { file: "curve.csv".to_owned(), columns: of(heads), rows: rows.collect() }
}

/// Returns everything as one CSV in UTF-8: a line for each estimate, and one for each specification without estimates. Lines of
/// the curve's term carry its rank, from 1 at the lowest estimate.
pub fn csv(columns: &[Column], focus: Option<&str>) -> Vec<u8> {
    let mut out = csv::Writer::from_writer(Vec::new());
    let mut heads: Vec<String> = begin(columns).into_iter().map(|(name, _)| name).collect();
    heads.extend(SPECIFICATION.map(|(name, _)| name.to_owned()));
    heads.extend(["term", "label", "model", "equation"].map(str::to_owned));
    heads.extend(RESULT.map(|(name, _)| name.to_owned()));
    heads.push("curve_rank".to_owned());
    let ranked = focus.map(|key| points(columns, key)).unwrap_or_default();
    let rank = |column: &Column| ranked.iter().position(|point| point.index == column.index);
    let mut write = |cells: Vec<String>| out.write_record(cells).expect("a buffer takes every record");
    write(heads);
    for column in columns {
        let mut about: Vec<Cell> = beginning(columns, column);
        about.extend(self::about(column));
        let mut first = true;
        for (key, row) in column.rows() {
            let mut cells = about.clone();
            cells.extend([text(&row.term), text(row.label.as_deref().unwrap_or_default())]);
            cells.extend([&row.model, &row.equation].map(|of| text(of.as_deref().unwrap_or_default())));
            cells.extend(result(row));
            // of a repeated term the first estimate is that of the curve
            let is_point = first && focus == Some(key);
            first &= !is_point;
            let rank = rank(column).filter(|_| is_point).map(|at| (at + 1) as f64);
            cells.push(cell(rank));
            write(cells.iter().map(printed).collect());
        }
        if column.results.is_empty() {
            about.extend(std::iter::repeat_n(Cell::Missing, 4 + RESULT.len() + 1));
            write(about.iter().map(printed).collect());
        }
    }
    out.into_inner().expect("a buffer is always flushed")
}

/// A cell of the CSV: numbers with all their digits, and texts of users so that no spreadsheet takes them for a formula.
fn printed(cell: &Cell) -> String {
    match cell {
        Cell::Missing => String::new(),
        Cell::Number(x) => x.to_string(),
        Cell::Text(text) if text.starts_with(['=', '+', '-', '@', '\t', '\r']) => format!("'{text}"),
        Cell::Text(text) => text.clone(),
    }
}
