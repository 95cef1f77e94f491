//! `export excel`.

use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format as CellFormat, Workbook};

use super::{file_and_list, names};
use crate::error::{Result, StataError};
use crate::format::Format;
use crate::ops::files::{check_replace, with_extension};
use crate::session::Session;
use crate::syntax::ParsedCommand;
use crate::syntax::options::OptSpec;
use crate::value::is_missing;

const OPTIONS: &[OptSpec] = &[
    OptSpec::text("SHeet"),
    OptSpec::text("CELL"),
    OptSpec::text("FIRSTrow"),
    OptSpec::flag("noLABel"),
    OptSpec::text("MISSing"),
    OptSpec::text("DATESTRing"),
    OptSpec::flag("REPLACE"),
];

const UNSUPPORTED: &[&str] = &["SHEETMODify", "SHEETREPlace", "KEEPCELLFmt", "LOCale"];

/// Days between 30 December 1899, where serial numbers of sheets start, and 1 January 1960.
const EPOCH: f64 = 21_916.0;

/// Writes the workbook; `raw` is the text behind the subcommand.
pub(super) fn run(session: &mut Session, raw: &str) -> Result<()> {
    let mut cmd = ParsedCommand::split("export excel", raw, false)?;
    cmd.check_options(OPTIONS, UNSUPPORTED)?;
    let (file, list) = file_and_list(&cmd)?;
    let file = with_extension(&file, "xls");
    if !file.to_lowercase().ends_with(".xlsx") {
        return Err(StataError::new(199, "export excel writes .xlsx files only in the open engine"));
    }
    let vars =
        if list.is_empty() { (0..session.frame.n_vars()).collect() } else { session.varlist(&list)? };
    if vars.is_empty() {
        return Err(StataError::new(102, "no variables defined"));
    }
    let rows = session.rows(&cmd)?;
    let path = session.path(&file);
    check_replace(&path, &file, cmd.has("replace"))?;
    let failed = |e: rust_xlsxwriter::XlsxError| {
        StataError::new(603, format!("file {file} could not be written: {e}"))
    };
    let (top, left) = match cmd.options.text("cell") {
        None => (0, 0),
        Some(text) => {
            names::cell(text).ok_or_else(|| StataError::invalid("option cell() incorrectly specified"))?
        }
    };
    let mut book = Workbook::new();
    // a fixed date, so that the same data give the same file
    let created = ExcelDateTime::from_ymd(2000, 1, 1).map_err(failed)?;
    book.set_properties(&DocProperties::new().set_creation_datetime(&created));
    let sheet = book.add_worksheet();
    let sheet_name = cmd.options.text("sheet").unwrap_or("Sheet1");
    if sheet_name.contains(',') {
        return Err(StataError::new(199, "suboptions of sheet() are not supported by the open engine"));
    }
    sheet.set_name(sheet_name).map_err(failed)?;
    let (selected, heading) = (rows.iter().filter(|r| **r).count(), cmd.options.text("firstrow"));
    if top as usize + selected + 1 > 1_048_576 || left as usize + vars.len() > 16_384 {
        return Err(StataError::new(198, "the data do not fit a worksheet"));
    }
    let mut first = top;
    if let Some(kind) = heading {
        for (at, &v) in vars.iter().enumerate() {
            let variable = session.frame.var(v);
            let text = match kind {
                "variables" | "var" => &variable.name,
                "varlabels" | "varl" if !variable.label.is_empty() => &variable.label,
                "varlabels" | "varl" => &variable.name,
                _ => return Err(StataError::invalid("option firstrow() incorrectly specified")),
            };
            sheet.write_string(top, left as u16 + at as u16, text).map_err(failed)?;
        }
        first += 1;
    }
    for (at, &v) in vars.iter().enumerate() {
        let column = left as u16 + at as u16;
        let selected = (0..rows.len()).filter(|&r| rows[r]);
        for (place, row) in selected.enumerate() {
            let cell = (first + place as u32, column);
            write_cell(sheet, cell, session, v, row, &cmd).map_err(failed)?;
        }
    }
    book.save(&path).map_err(failed)?;
    session.print(format!("file {file} saved"));
    Ok(())
}

fn write_cell(
    sheet: &mut rust_xlsxwriter::Worksheet,
    (row, column): (u32, u16),
    session: &Session,
    variable: usize,
    from: usize,
    cmd: &ParsedCommand,
) -> std::result::Result<(), rust_xlsxwriter::XlsxError> {
    let v = session.frame.var(variable);
    if v.is_string() {
        let text = session.frame.str_at(variable, from);
        if !text.is_empty() {
            sheet.write_string(row, column, text)?;
        }
        return Ok(());
    }
    let value = session.frame.num_at(variable, from);
    let labels = if cmd.has("nolabel") { None } else { session.frame.labels_of(variable) };
    if let Some(text) = labels.and_then(|set| set.get(value)) {
        sheet.write_string(row, column, text)?;
        return Ok(());
    }
    if is_missing(value) {
        if let Some(text) = cmd.options.text("missing") {
            sheet.write_string(row, column, text)?;
        }
        return Ok(());
    }
    let kind = Format::parse(&v.format).and_then(|f| f.date_kind());
    let serial = match kind {
        Some('d') => Some((value + EPOCH, "dd mmm yyyy")),
        Some('c' | 'C') => Some((value / 86_400_000.0 + EPOCH, "dd mmm yyyy hh:mm:ss")),
        _ => None,
    };
    match (serial.filter(|s| s.0 >= 61.0), kind) {
        (Some(_), Some(kind)) if cmd.options.text("datestring").is_some() => {
            let detail = cmd
                .options
                .text("datestring")
                .unwrap_or("")
                .trim_start_matches("%t")
                .trim_start_matches(kind);
            let text = crate::format::format_date(kind, detail, value);
            sheet.write_string(row, column, text)?;
        }
        (Some((serial, format)), _) => {
            let moment = ExcelDateTime::from_serial_datetime(serial)?;
            sheet.write_datetime_with_format(
                row,
                column,
                &moment,
                &CellFormat::new().set_num_format(format),
            )?;
        }
        // other date kinds and days before 1900-03-01 are written as they are shown
        (None, Some(_)) => {
            sheet.write_string(row, column, crate::format::bare(&v.format, value))?;
        }
        (None, None) => {
            sheet.write_number(row, column, value)?;
        }
    }
    Ok(())
}
