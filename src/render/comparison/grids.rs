//! Printed tables of a comparison: estimates of up to six specifications side by side, and below what each of them is.

use super::super::grid::{Grid, Printed, Row, RowKind};
use super::super::regression::{Foot, grid};
use super::super::style::Style;
use super::super::table::{Cell, Table};
use super::super::words::pick;
use super::said::{label_words, warnings_of};
use super::{Parts, axis_words, choice_words, number, status_words};
use crate::domain::comparison::{Column, Fact, terms_of, unshared};
use crate::domain::plan::OutputColumn;

/// Most specifications side by side; further ones have their own tables.
const MOST: usize = 6;
/// Measures of the fit that the foot shows where a run has them.
pub(super) const FIT: [&str; 4] = ["r2", "r2_a", "r2_within", "r2_p"];

/// Returns the tables of all columns, in blocks of about the same number; none where no column has estimates.
pub(super) fn grids(parts: &Parts<'_>, style: &Style<'_>) -> Vec<Grid> {
    let Some(focus) = parts.focus else { return Vec::new() };
    let blocks = parts.columns.len().div_ceil(MOST).max(1);
    let size = parts.columns.len().div_ceil(blocks);
    let of_block = |columns: &[Column]| {
        let mut made = block(columns, focus, style)?;
        made.title = title(columns, blocks, style);
        Some(made)
    };
    parts.columns.chunks(size.max(1)).filter_map(of_block).collect()
}

fn title(columns: &[Column], blocks: usize, style: &Style<'_>) -> String {
    let language = style.options.language;
    match (columns.first(), columns.last()) {
        (Some(first), Some(last)) if blocks > 1 => {
            let (first, last) = (first.index, last.index);
            pick(language, &format!("Specifications {first} to {last}"), &format!("设定 {first} 至 {last}"))
        }
        _ => pick(language, "Specifications side by side", "设定并列表"),
    }
}

fn block(columns: &[Column], focus: &str, style: &Style<'_>) -> Option<Grid> {
    let table = estimates(columns, focus, style);
    let fit = fit(columns);
    let observations = columns.first().and_then(|column| column.observations);
    let foot = Foot { fit: None, comparison: Some(&fit), observations, main: false };
    let mut made = grid(&table, foot, style)?;
    let width = made.width();
    for (words, cells) in below(columns, style) {
        let mut row: Vec<Printed> = std::iter::once(words).chain(cells).map(Printed::from).collect();
        row.resize(width, Printed::default());
        made.rows.push(Row::new(RowKind::Body, row));
    }
    made.notes.push(pick(style.options.language, "Standard errors in parentheses.", "括号内为标准误。"));
    if style.options.stars {
        made.notes.push("* p < 0.10, ** p < 0.05, *** p < 0.01".to_owned());
    }
    Some(made)
}

fn named(name: &str, kind: &str) -> OutputColumn {
    OutputColumn { name: name.to_owned(), kind: kind.to_owned(), unit: None }
}

pub(super) fn cell(x: Option<f64>) -> Cell {
    x.map_or(Cell::Missing, Cell::Number)
}

/// The estimates as the table of a run with several models. A column without estimates has one row, which says so.
fn estimates(columns: &[Column], focus: &str, style: &Style<'_>) -> Table {
    let terms = terms_of(columns, Some(focus));
    let mut rows = Vec::new();
    for column in columns {
        let text = |text: &str| Cell::Text(text.to_owned());
        let model = text(&format!("model{}", column.index));
        for (key, result) in terms.iter().filter_map(|key| Some((key, column.result(key)?))) {
            let note = if result.estimate.is_some() { Cell::Missing } else { text("omitted") };
            rows.push(vec![
                model.clone(),
                text(key),
                cell(result.estimate),
                cell(result.std_error),
                cell(result.p_value),
                cell(result.ci_low),
                cell(result.ci_high),
                note,
            ]);
        }
        if column.results.is_empty() {
            let missing = vec![Cell::Missing; 5];
            rows.push(
                [
                    vec![model, text(focus)],
                    missing,
                    vec![text(&status_words(&column.status, style.options.language))],
                ]
                .concat(),
            );
        }
    }
    let numbers = ["estimate", "std_error", "p_value", "ci_low", "ci_high"].map(|name| named(name, "number"));
    let mut heads = vec![named("model", "text"), named("term", "text")];
    heads.extend(numbers);
    heads.push(named("note", "text"));
    Table { file: "specifications.csv".to_owned(), columns: heads, rows }
}

/// Observations and fit of each column.
fn fit(columns: &[Column]) -> Table {
    let row = |column: &Column| {
        let mut cells = vec![Cell::Text(format!("model{}", column.index)), cell(column.observations)];
        cells.extend(FIT.map(|name| cell(column.fit.get(name).copied())));
        cells
    };
    let mut heads = vec![named("model", "text"), named("N", "integer")];
    heads.extend(FIT.map(|name| named(name, "number")));
    Table { file: "fit.csv".to_owned(), columns: heads, rows: columns.iter().map(row).collect() }
}

/// What each column is: its choices, what else differs, its warnings, and the state of those without estimates.
fn below(columns: &[Column], style: &Style<'_>) -> Vec<(String, Vec<String>)> {
    let language = style.options.language;
    let mut rows = Vec::new();
    for axis in axes(columns) {
        rows.push((
            axis_words(axis, language),
            columns.iter().map(|column| choice_of(column, axis, style)).collect(),
        ));
    }
    rows.extend(more(columns, style));
    let mut some = |words: String, text: &dyn Fn(&Column) -> String| {
        let texts: Vec<String> = columns.iter().map(text).collect();
        if texts.iter().any(|text| !text.is_empty()) {
            rows.push((words, texts));
        }
    };
    some(pick(language, "Warnings", "警告"), &|column| warnings_of(column, style));
    if columns.iter().any(|column| column.results.is_empty()) {
        let status = |column: &Column| status_words(&column.status, language);
        rows.push((pick(language, "Status", "状态"), columns.iter().map(status).collect()));
    }
    rows
}

/// Kinds of choices that are shown where they differ, and the axis of a batch that shows each already.
const SHOWN: [(Fact, &str); 9] = [
    (Fact::Outcome, "outcome"),
    (Fact::Method, "template"),
    (Fact::Categorical, "categories"),
    (Fact::Sample, "sample"),
    (Fact::Errors, "variance"),
    (Fact::Weights, "weights"),
    (Fact::Fixed, "fixed"),
    (Fact::Steps, "steps"),
    (Fact::Options, "parameters"),
];

/// What differs between the columns and is on no axis of a batch.
pub(super) fn more(columns: &[Column], style: &Style<'_>) -> Vec<(String, Vec<String>)> {
    let own = |axis: &str| columns.iter().any(|column| column.choices.iter().any(|c| c.axis == axis));
    let mut rows = Vec::new();
    for (fact, axis) in SHOWN.into_iter().filter(|(_, axis)| !own(axis)) {
        let apart = unshared(columns, &|choice| choice.fact == fact);
        let text = |column: &Column| {
            let of = apart.iter().filter(|(_, of)| of.contains(&column.index));
            let words = of.map(|(choice, _)| choice_words(&choice.said, style.labels, style.options));
            words.collect::<Vec<_>>().join("; ")
        };
        if !apart.is_empty() {
            rows.push((axis_words(axis, style.options.language), columns.iter().map(text).collect()));
        }
    }
    rows
}

/// The choice of a column on an axis in words; empty where it has none.
pub(super) fn choice_of(column: &Column, axis: &str, style: &Style<'_>) -> String {
    label_words(axis, &choice(column, axis), style)
}

/// The axes of all columns, in their order.
pub(super) fn axes(columns: &[Column]) -> Vec<&str> {
    let mut found: Vec<&str> = Vec::new();
    for choice in columns.iter().flat_map(|column| &column.choices) {
        if !found.contains(&choice.axis.as_str()) {
            found.push(&choice.axis);
        }
    }
    found
}

/// The choice of a column on an axis; empty where it has none.
pub(super) fn choice(column: &Column, axis: &str) -> String {
    column.choices.iter().find(|c| c.axis == axis).map(|c| c.label.clone()).unwrap_or_default()
}

/// Keys of the rows that a column repeats, with its number.
pub(super) fn repeated(columns: &[Column], focus: &str) -> Vec<String> {
    columns.iter().filter(|column| column.repeats(focus)).map(number).collect()
}
