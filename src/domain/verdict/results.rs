//! The results of a run: the rows of its table of estimates. Which table that is, and which of its columns name the rows, follows
//! from the columns alone, so that no template says it in a second place.

use super::VerdictInput;
use super::outputs::Table;
use crate::domain::anchors::parse_number;
use crate::domain::plan::PlanOutput;
use crate::domain::run::{RATIOS, Ratio, ResultRow};

/// Most rows that a run records; the file of the table has all of them.
pub const MOST_RESULTS: usize = 500;

/// Names of tables whose estimates are those of the question, whatever other tables a run writes.
const USUAL: [&str; 2] = ["table_coefficients.csv", "table_effects.csv"];

/// Columns that hold the estimates of a table, the usual one first.
const ESTIMATES: [&str; 6] = ["estimate", "difference", "ratio", "auc", "icc", "mean_return"];

/// Columns that name the estimates; in a table with none of them the first column does.
const TERMS: [&str; 5] = ["term", "effect", "relative_period", "measure", "variable"];

/// Columns that name the two sides of a difference: the first less the second.
const PAIRS: [[&str; 2]; 3] = [["group", "against"], ["group1", "group2"], ["second", "first"]];

/// Columns that say which of several models or groups a row belongs to.
const MODELS: [&str; 9] =
    ["model", "outcome", "estimator", "asset", "factor", "group", "assumption", "unit", "kind"];

/// The columns of a table of estimates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Columns<'a> {
    /// Column of the estimates.
    pub estimate: &'a str,
    /// Column that names them.
    pub term: &'a str,
    /// Column of what is subtracted, where the estimate is the difference of two groups.
    pub against: Option<&'a str>,
    /// Column of the model.
    pub model: Option<&'a str>,
}

impl<'a> Columns<'a> {
    /// Returns the columns of a table with this header; `None` for a table without estimates. Those have a standard error or an
    /// interval: a statistic of a test with a p-value alone is none.
    pub fn of(header: &[&'a str]) -> Option<Self> {
        let find = |name: &str| header.iter().copied().find(|column| *column == name);
        let estimate = ESTIMATES.into_iter().find_map(find)?;
        find("std_error").or_else(|| find("ci_low"))?;
        let at = header.iter().position(|column| *column == estimate).unwrap_or_default();
        let named = &header[..at];
        let before = |name: &str| named.iter().copied().find(|column| *column == name);
        let pair = PAIRS.into_iter().find_map(|[one, other]| Some((before(one)?, before(other)?)));
        let known = TERMS.into_iter().find_map(before);
        let (term, against) = match (known, pair) {
            (Some(term), _) => (term, None),
            (None, Some((one, other))) => (one, Some(other)),
            (None, None) => (*named.first()?, None),
        };
        let model = MODELS.into_iter().filter_map(before).find(|name| *name != term && against.is_none());
        Some(Self { estimate, term, against, model })
    }
}

/// Returns the place of the table whose rows are the results, out of the files of a run with their headers: one of the usual name,
/// else the first table of terms, else the first table of estimates.
pub fn place(tables: &[(&str, Vec<&str>)]) -> Option<usize> {
    let find = |holds: &dyn Fn(&str, &[&str], Columns<'_>) -> bool| {
        tables.iter().position(|(file, header)| Columns::of(header).is_some_and(|of| holds(file, header, of)))
    };
    let usual = USUAL.iter().find_map(|name| find(&|file, _, _| file == *name));
    usual
        .or_else(|| find(&|_, header, of| of.term == "term" && header.contains(&"std_error")))
        .or_else(|| find(&|_, _, _| true))
}

/// Returns the column that names the results of a run with these declared outputs.
pub fn term_column(outputs: &[PlanOutput]) -> &str {
    let headers: Vec<(&str, Vec<&str>)> = outputs
        .iter()
        .map(|output| (output.file.as_str(), output.columns.iter().map(|c| c.name.as_str()).collect()))
        .collect();
    let columns = place(&headers).and_then(|at| Columns::of(&headers[at].1));
    columns.map_or("term", |columns| columns.term)
}

/// The rows of the table of estimates. Where they are of several models or equations each says of which: the terms repeat.
pub fn results(input: &VerdictInput<'_>) -> Vec<ResultRow> {
    let tables: Vec<(&str, &Table)> =
        input.outputs.iter().filter_map(|o| Some((o.file.as_str(), o.table.as_ref()?))).collect();
    let headers: Vec<(&str, Vec<&str>)> = tables
        .iter()
        .map(|(file, table)| (*file, table.header.iter().map(String::as_str).collect()))
        .collect();
    let Some(at) = place(&headers) else { return Vec::new() };
    let table = tables[at].1;
    Columns::of(&headers[at].1).map(|columns| of_table(table, columns)).unwrap_or_default()
}

fn of_table(table: &Table, columns: Columns<'_>) -> Vec<ResultRow> {
    // a term of a model without an estimate was omitted; other tables have rows of tests among their estimates
    let keeps_empty = columns.term == "term";
    let rows: Vec<usize> = (0..table.rows.len())
        .filter(|row| keeps_empty || parse_number(table.cell(*row, columns.estimate)).is_some())
        .take(MOST_RESULTS)
        .collect();
    let differs = |column: &&str| {
        table.column(column).is_some()
            && rows.iter().any(|row| table.cell(*row, column) != table.cell(rows[0], column))
    };
    // a model says what it is even where it is the only one; a group of all rows says nothing
    let model = columns.model.filter(|column| *column == "model" || differs(column));
    let equation = Some("equation").filter(differs);
    rows.iter().map(|row| result(table, *row, columns, model, equation)).collect()
}

fn result(
    table: &Table,
    row: usize,
    columns: Columns<'_>,
    model: Option<&str>,
    equation: Option<&str>,
) -> ResultRow {
    let number = |name: &str| parse_number(table.cell(row, name));
    let text = |column: Option<&str>| {
        column.map(|column| table.cell(row, column).to_owned()).filter(|name| !name.is_empty())
    };
    let term = table.cell(row, columns.term);
    let ratio = |kind: &str| {
        let value = number(kind)?;
        let end = |side: &str| number(&format!("{kind}_{side}"));
        Some(Ratio { kind: kind.to_owned(), value, low: end("low"), high: end("high") })
    };
    ResultRow {
        term: match columns.against {
            Some(against) => format!("{term} - {}", table.cell(row, against)),
            None => term.to_owned(),
        },
        label: None,
        model: text(model),
        equation: text(equation),
        estimate: number(columns.estimate),
        std_error: number("std_error"),
        statistic: number("statistic"),
        p_value: number("p_value"),
        ci_low: number("ci_low"),
        ci_high: number("ci_high"),
        // the ratio of a difference is no power of e of it
        ratio: RATIOS.into_iter().filter(|_| columns.estimate == "estimate").find_map(ratio),
    }
}
