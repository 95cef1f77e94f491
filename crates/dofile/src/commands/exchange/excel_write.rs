//! `export excel`.

use super::workbooks::{self, Cell, Cells, Change};
use super::{file_and_list, names};
use crate::error::{Result, StataError};
use crate::format::Format;
use crate::ops::files::{check_replace, with_extension};
use crate::ops::xls::{self, is_xls};
use crate::session::Session;
use crate::syntax::ParsedCommand;
use crate::syntax::options::{OptSpec, abbreviates};
use crate::syntax::split::{top_level_comma, unquote};
use crate::value::is_missing;

const OPTIONS: &[OptSpec] = &[
    OptSpec::text("SHeet"),
    OptSpec::text("CELL"),
    OptSpec::text("FIRSTrow"),
    OptSpec::flag("noLABel"),
    OptSpec::text("MISSing"),
    OptSpec::text("DATESTRing"),
    OptSpec::flag("REPLACE"),
    OptSpec::flag("SHEETMODify"),
    OptSpec::flag("SHEETREPlace"),
];

const UNSUPPORTED: &[&str] = &["KEEPCELLFmt", "LOCale"];

/// Days between 30 December 1899, where serial numbers of sheets start, and 1 January 1960.
const EPOCH: f64 = 21_916.0;

/// Writes the workbook; `raw` is the text behind the subcommand.
pub(super) fn run(session: &mut Session, raw: &str) -> Result<()> {
    let mut cmd = ParsedCommand::split("export excel", raw, false)?;
    cmd.check_options(OPTIONS, UNSUPPORTED)?;
    let (file, list) = file_and_list(&cmd)?;
    let file = with_extension(&file, "xls");
    if !file.to_lowercase().ends_with(".xlsx") && !is_xls(&file) {
        return Err(StataError::new(199, "export excel writes .xlsx and .xls files only in the open engine"));
    }
    let vars =
        if list.is_empty() { (0..session.frame.n_vars()).collect() } else { session.varlist(&list)? };
    if vars.is_empty() {
        return Err(StataError::new(102, "no variables defined"));
    }
    let rows = session.rows(&cmd)?;
    let path = session.path(&file);
    let (sheet, change) = sheet_and_change(&cmd)?;
    if change == Change::Book {
        check_replace(&path, &file, cmd.has("replace"))?;
    }
    let (top, left) = match cmd.options.text("cell") {
        None => (0, 0),
        Some(text) => {
            names::cell(text).ok_or_else(|| StataError::invalid("option cell() incorrectly specified"))?
        }
    };
    let mut cells = Cells::new();
    let (selected, heading) = (rows.iter().filter(|r| **r).count(), cmd.options.text("firstrow"));
    let (most_rows, most_columns) = if is_xls(&file) { xls::LIMITS } else { (1_048_576, 16_384) };
    let (last_row, last_column) = (top as usize + selected + 1, left as usize + vars.len());
    if last_row > most_rows as usize || last_column > usize::from(most_columns) {
        return Err(StataError::new(198, "the data do not fit a worksheet"));
    }
    let mut first = top;
    if let Some(kind) = heading {
        for (at, &v) in vars.iter().enumerate() {
            let variable = session.frame.var(v);
            let text = match kind {
                _ if abbreviates(kind, "VARIables") || kind == "var" => &variable.name,
                _ if abbreviates(kind, "VARLabels") && variable.label.is_empty() => &variable.name,
                _ if abbreviates(kind, "VARLabels") => &variable.label,
                _ => return Err(StataError::invalid("option firstrow() incorrectly specified")),
            };
            cells.insert((top, left as u16 + at as u16), Cell::Text(text.clone()));
        }
        first += 1;
    }
    for (at, &v) in vars.iter().enumerate() {
        let column = left as u16 + at as u16;
        let selected = (0..rows.len()).filter(|&r| rows[r]);
        for (place, row) in selected.enumerate() {
            if let Some(cell) = cell(session, v, row, &cmd) {
                cells.insert((first + place as u32, column), cell);
            }
        }
    }
    workbooks::write(session, &file, &path, change, (&sheet, cells))?;
    session.print(format!("file {file} saved"));
    Ok(())
}

/// The name of the sheet, and what becomes of a workbook that is there: `sheet("name", replace)` is `sheetreplace`.
fn sheet_and_change(cmd: &ParsedCommand) -> Result<(String, Change)> {
    let text = cmd.options.text("sheet").unwrap_or("Sheet1");
    let (name, change) = match top_level_comma(text).map(|at| (&text[..at], text[at + 1..].trim())) {
        None => (text, None),
        Some((name, "replace")) => (name, Some(Change::Sheet)),
        Some((name, "modify")) => (name, Some(Change::Cells)),
        Some((_, other)) => {
            let text = format!("suboption {other} of sheet() is not supported by the open engine");
            return Err(StataError::new(199, text));
        }
    };
    let flags = [("sheetreplace", Change::Sheet), ("sheetmodify", Change::Cells), ("replace", Change::Book)];
    let given = flags.iter().filter(|(flag, _)| cmd.has(flag)).map(|flag| flag.1);
    let given: Vec<Change> = change.into_iter().chain(given).collect();
    match given[..] {
        [] => Ok((unquote(name).to_string(), Change::Book)),
        [change] => Ok((unquote(name).to_string(), change)),
        _ => Err(StataError::invalid("only one of replace, sheetreplace and sheetmodify is allowed")),
    }
}

/// The cell of a value, none where it stays empty.
fn cell(session: &Session, variable: usize, row: usize, cmd: &ParsedCommand) -> Option<Cell> {
    let v = session.frame.var(variable);
    if v.is_string() {
        let text = session.frame.str_at(variable, row);
        return (!text.is_empty()).then(|| Cell::Text(text.to_string()));
    }
    let value = session.frame.num_at(variable, row);
    let labels = if cmd.has("nolabel") { None } else { session.frame.labels_of(variable) };
    if let Some(text) = labels.and_then(|set| set.get(value)) {
        return Some(Cell::Text(text.to_string()));
    }
    if is_missing(value) {
        return cmd.options.text("missing").map(|text| Cell::Text(text.to_string()));
    }
    let kind = Format::parse(&v.format).and_then(|f| f.date_kind());
    let serial = match kind {
        Some('d') => Some((value + EPOCH, "dd mmm yyyy")),
        Some('c' | 'C') => Some((value / 86_400_000.0 + EPOCH, "dd mmm yyyy hh:mm:ss")),
        _ => None,
    };
    Some(match (serial.filter(|s| s.0 >= 61.0), kind) {
        (Some(_), Some(kind)) if cmd.options.text("datestring").is_some() => {
            let detail = cmd.options.text("datestring").unwrap_or("");
            let detail = detail.trim_start_matches("%t").trim_start_matches(kind);
            Cell::Text(crate::format::format_date(kind, detail, value))
        }
        (Some((serial, format)), _) => Cell::Date(serial, format),
        // other date kinds and days before 1900-03-01 are written as they are shown
        (None, Some(_)) => Cell::Text(crate::format::bare(&v.format, value)),
        (None, None) => Cell::Number(value),
    })
}
