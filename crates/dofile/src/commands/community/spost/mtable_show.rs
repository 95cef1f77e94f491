//! The printed tables of `mtable`, and how two of them are joined.

use super::mchange_show::show_values;
use crate::error::{Result, StataError};
use crate::format;
use crate::session::Session;
use crate::syntax::ParsedCommand;
use crate::value::MISSING;

/// A table of predictions.
#[derive(Debug, Default)]
pub(super) struct Table {
    pub(super) columns: Vec<String>,
    /// Number of columns with values of covariates.
    pub(super) fixed: usize,
    pub(super) rows: Vec<(String, Vec<f64>)>,
    /// Values of covariates that are the same in all rows of a command.
    pub(super) values: Vec<(String, Vec<(String, f64)>)>,
    /// Whether the rows have names of the user.
    pub(super) named: bool,
}

/// Joins a table to the one before.
pub(super) fn join(before: Option<Table>, mut table: Table, right: bool) -> Result<Table> {
    let Some(mut out) = before else { return Ok(table) };
    if right {
        if out.rows.len() != table.rows.len() {
            return Err(StataError::new(503, "the tables have different numbers of rows"));
        }
        out.columns.append(&mut table.columns);
        out.rows.iter_mut().zip(table.rows).for_each(|(a, b)| a.1.extend(b.1));
    } else {
        if out.columns.len() != table.columns.len() {
            return Err(StataError::new(503, "the tables have different numbers of columns"));
        }
        let first = out.rows.len();
        for (i, (name, cells)) in table.rows.into_iter().enumerate() {
            let name = if table.named { name } else { (first + i + 1).to_string() };
            out.rows.push((name, cells));
        }
        out.named |= table.named;
    }
    let number = out.values.len();
    if let Some(last) = out.values.last_mut() {
        last.0 = format!("Set {number}");
    }
    out.values.append(&mut table.values);
    Ok(out)
}

/// Prints a table and the values of the covariates.
pub(super) fn show(s: &mut Session, cmd: &ParsedCommand, expression: &str, table: &Table) {
    let decimals = cmd.options.int("decimals").unwrap_or(3).clamp(0, 12) as usize;
    let width = cmd.options.int("width").unwrap_or(8).clamp(6, 20) as usize + 2;
    s.print("");
    if let Some(title) = cmd.options.text("title") {
        s.print(title);
        s.print("");
    }
    s.print(format!("Expression: {expression}"));
    s.print("");
    let plain = table.rows.len() == 1 && !table.named
        || cmd.has("norownumbers")
        || cmd.options.text("names").is_some_and(|n| n.starts_with("col"));
    let cut = if plain { 2 } else { 1 };
    let label = if plain { 0 } else { table.rows.iter().map(|r| r.0.chars().count()).max().unwrap_or(0) };
    // a name of the user has two blanks before it
    let label = if table.named { (label + 2).max(10) } else { 10 };
    let line = |s: &mut Session, name: &str, cells: &[String]| {
        let cells: String =
            cells.iter().map(|c| format!("{:>width$}", format::abbrev(c, width - 1))).collect();
        let lead = if plain { String::new() } else { format!("{name:>label$} |") };
        s.print(format!("{lead}{}", &cells[cut..]));
    };
    let heads = &table.columns;
    if plain {
        line(s, "", heads);
        s.print("-".repeat(width * heads.len() - cut));
    } else {
        let cells: String =
            heads.iter().map(|c| format!("{:>width$}", format::abbrev(c, width - 1))).collect();
        s.print(format!("{}|{}", " ".repeat(label + 1), &cells[cut..]));
        s.print(format!(" {}+{}", "-".repeat(label), "-".repeat(width * heads.len() - cut)));
    }
    for (name, cells) in &table.rows {
        let number = |(k, x): (usize, &f64)| {
            let x = if x.is_nan() { MISSING } else { *x };
            let fmt = if k < table.fixed { "%9.3g".to_string() } else { format!("%12.{decimals}f") };
            format::bare(&fmt, x).trim().to_string()
        };
        let cells: Vec<String> = cells.iter().enumerate().map(number).collect();
        line(s, name, &cells);
    }
    if cmd.has("brief") {
        return;
    }
    s.print("");
    if table.values.iter().all(|v| v.1.is_empty()) {
        s.print("Specified values where .n indicates no values specified with at()");
        s.print("");
        s.print(format!("{:11}|  No at()", ""));
        s.print(format!(" {}+---------", "-".repeat(10)));
        s.print("   Current |       .n");
        return;
    }
    s.print("Specified values of covariates");
    s.print("");
    show_values(s, &filled(&table.values), 10, 10);
}

/// The rows with the same columns: a value that a command did not set is missing.
fn filled(rows: &[(String, Vec<(String, f64)>)]) -> Vec<(String, Vec<(String, f64)>)> {
    let mut columns: Vec<String> = Vec::new();
    for (name, _) in rows.iter().flat_map(|r| &r.1) {
        if !columns.contains(name) {
            columns.push(name.clone());
        }
    }
    let of =
        |values: &[(String, f64)], c: &String| values.iter().find(|v| v.0 == *c).map_or(MISSING, |v| v.1);
    rows.iter()
        .map(|(name, values)| (name.clone(), columns.iter().map(|c| (c.clone(), of(values, c))).collect()))
        .collect()
}
