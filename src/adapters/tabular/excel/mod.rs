//! Workbooks (XLSX, XLSB and ODS streamed, XLS within its 65,536 rows) to canonical data in two passes.

mod facts;
mod guard;
mod merged;
mod ods;
mod rows;

use std::path::Path;

use foldhash::fast::RandomState;

use self::facts::{Content, Facts};
use self::rows::{Cell, Workbook};
use super::convert::Builder;
use super::infer::{DecimalSign, Reading};
use super::output::{self, Block, ColumnPlan, Output};
use super::profile::{Duplicates, Gatherer};
use super::repairs::Place;
use super::warnings::Warnings;
use super::{problems, remarks, repairs};
use crate::domain::error::{ErrorCode, Problem};
use crate::ports::blob_store::Written;
use crate::ports::tabular::{IngestOptions, IngestedDataset};

/// The kinds of workbooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Xlsx,
    Xlsb,
    Xls,
    Ods,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Xlsx => "xlsx",
            Self::Xlsb => "xlsb",
            Self::Xls => "xls",
            Self::Ods => "ods",
        }
    }
}

/// Cells converted before they are written.
const BLOCK_CELLS: usize = 200_000;

/// Converts one sheet of a workbook.
///
/// # Errors
/// `INPUT_*` with row, column and reason.
pub(super) fn ingest(
    path: &Path,
    kind: Kind,
    options: &IngestOptions,
    dest: &Path,
) -> Result<IngestedDataset, Problem> {
    if kind != Kind::Xls {
        guard::check(path)?;
    }
    let mut workbook = Workbook::open(path, kind)?;
    let sheet_names = workbook.sheet_names();
    let (sheet, facts) = choose(&mut workbook, &sheet_names, options)?;
    let Some(header_row) = facts.header_row else {
        return Err(no_header(&facts, &sheet_names, &sheet, options.header_row));
    };
    if facts.rows == 0 {
        let reason = format!("the sheet has a header and no rows of data{}", others(&sheet_names, &sheet));
        return Err(problems::empty(&reason).with("sheet", sheet).with("sheets", sheet_names));
    }
    let mut warnings = Warnings::default();
    if facts.error_cells > 0 {
        let message = format!("{} cells hold a formula error; they are missing", facts.error_cells);
        warnings.warn("error_cells", None, message, "correct the formulas in the workbook");
    }
    if options.sheet.is_none() && sheet_names.first() != Some(&sheet) {
        remarks::on_sheet(&sheet_names, &sheet, &mut warnings);
    }
    match facts.groups_row {
        Some(groups) => remarks::on_groups(groups, header_row, &mut warnings),
        None if facts.has_title => remarks::on_title(header_row, &mut warnings),
        None => {}
    }
    remarks::on_header(header_row, &facts.names, &mut warnings);
    let kept: Vec<usize> = (0..facts.columns.len())
        .filter(|&at| !(facts.names[at].is_empty() && facts.columns[at].present == 0))
        .collect();
    let readings: Vec<Reading> =
        kept.iter().map(|&at| facts.columns[at].reading(DecimalSign::default())).collect();
    let mut plans = plans(&facts, &kept, &readings);
    output::name_columns(&mut plans, &mut warnings);
    for ((&at, &reading), plan) in kept.iter().zip(&readings).zip(&plans) {
        let sign = DecimalSign::default();
        remarks::on_inference(&facts.columns[at], reading, sign, &plan.name, &mut warnings);
        if facts.columns[at].exceeds_spreadsheet(reading) {
            remarks::on_lost_digits(&plan.name, &mut warnings);
        }
    }
    let place = Place { header_row, last_row: facts.last_row, rows: facts.rows };
    let (canonical, gathered, duplicates) =
        write(&mut workbook, &sheet, place, &kept, &readings, &plans, dest)?;
    let columns = output::describe(plans, &gathered, facts.rows);
    output::remark(&columns, &duplicates, facts.rows, &mut warnings);
    output::side_by_side(&kept, &columns, &mut warnings);
    let merged =
        merged::remark(&mut workbook, &sheet, (&kept, &columns), header_row, facts.rows, &mut warnings);
    let repairs = repairs::offers_and(dest, &columns, &gathered.columns, place, &mut warnings, merged)?;
    Ok(IngestedDataset {
        format: kind.name().to_owned(),
        canonical,
        row_count: facts.rows,
        columns,
        repairs,
        sheet_names,
        selected_sheet: Some(sheet),
        header_row: Some(header_row as u32),
        encoding: None,
        delimiter: None,
        warnings: warnings.finish(),
    })
}

fn plans(facts: &Facts, kept: &[usize], readings: &[Reading]) -> Vec<ColumnPlan> {
    kept.iter()
        .zip(readings)
        .map(|(&at, &reading)| {
            let (storage, format) = facts.columns[at].storage(reading);
            let original = facts.names[at].clone();
            ColumnPlan {
                original,
                name: String::new(),
                label: None,
                storage,
                format,
                value_label: String::new(),
            }
        })
        .collect()
}

/// The sheet that is wanted, or the first one with a table: rows of data in two columns or more. Without any the first one
/// with rows, else the first one.
fn choose(
    workbook: &mut Workbook,
    sheets: &[String],
    options: &IngestOptions,
) -> Result<(String, Facts), Problem> {
    let absent = |message: String| {
        Problem::new(ErrorCode::InputSheetNotFound, message).with("sheets", sheets.to_vec())
    };
    if let Some(name) = options.sheet.as_deref() {
        let found = sheets.iter().find(|sheet| *sheet == name).cloned();
        let message = || absent(format!("the workbook has no sheet named {}", problems::shown(name)));
        let sheet = found.ok_or_else(message)?;
        let facts = infer(workbook, &sheet, options.header_row)?;
        return Ok((sheet, facts));
    }
    let mut best: Option<(String, Facts)> = None;
    for sheet in sheets {
        let facts = infer(workbook, sheet, options.header_row)?;
        let content = facts.content();
        if best.as_ref().is_none_or(|(_, known)| content > known.content()) {
            best = Some((sheet.clone(), facts));
        }
        if content == Content::Table {
            break;
        }
    }
    best.ok_or_else(|| absent("the workbook has no sheet with cells".to_owned()))
}

/// The other sheets of the workbook, one of which may be meant.
fn others(sheets: &[String], sheet: &str) -> String {
    let names: Vec<String> =
        sheets.iter().filter(|name| *name != sheet).take(5).map(|name| problems::shown(name)).collect();
    match names.as_slice() {
        [] => String::new(),
        names => format!("; the workbook also has {}: upload it again with sheet", names.join(", ")),
    }
}

fn no_header(facts: &Facts, sheets: &[String], sheet: &str, wanted: Option<u32>) -> Problem {
    match wanted {
        Some(row) if facts.last_row > 0 => {
            let reason =
                format!("the row selected as the header has no cells (the last row is {})", facts.last_row);
            problems::parse(Some(row.into()), None, &reason).with("sheet", sheet)
        }
        _ => {
            let reason = format!("the sheet is empty{}", others(sheets, sheet));
            problems::empty(&reason).with("sheet", sheet).with("sheets", sheets.to_vec())
        }
    }
}

/// First pass: header, facts on every column, number of rows.
fn infer(workbook: &mut Workbook, sheet: &str, wanted: Option<u32>) -> Result<Facts, Problem> {
    let mut facts = Facts::default();
    workbook.each_row(sheet, |row, cells| {
        facts.last_row = row;
        if facts.header_row.is_none() {
            if wanted.is_none_or(|w| u64::from(w) == row) {
                facts.take_header(row, cells);
            }
            return Ok(());
        }
        if wanted.is_none() && facts.is_title(cells) {
            facts.take_header(row, cells);
            facts.has_title = true;
            facts.lines.clear();
            return Ok(());
        }
        if wanted.is_none() && !facts.has_title && facts.is_line(cells) {
            facts.lines.push((row, cells.to_vec()));
            return Ok(());
        }
        facts.take_lines();
        if wanted.is_none() && facts.names_below.is_none() && facts.has_groups_above(cells) {
            facts.names_below = Some((row, cells.to_vec()));
            return Ok(());
        }
        facts.take_names_below(cells);
        facts.take_row(row, cells);
        Ok(())
    })?;
    facts.take_lines();
    facts.take_names_below(&[]);
    Ok(facts)
}

/// Second pass.
fn write(
    workbook: &mut Workbook,
    sheet: &str,
    place: Place,
    kept: &[usize],
    readings: &[Reading],
    plans: &[ColumnPlan],
    dest: &Path,
) -> Result<(Written, Gatherer, Duplicates), Problem> {
    let mut output = Output::create(dest, plans, Vec::new(), place.rows)?;
    let mut gatherer = Gatherer::new(kept.len(), RandomState::default());
    let mut duplicates = Duplicates::default();
    let mut builders: Vec<Builder> =
        readings.iter().zip(plans).map(|(&r, p)| Builder::new(r, p.storage, 0)).collect();
    let block_rows = (BLOCK_CELLS / kept.len().max(1)).max(1);
    let mut waiting = 0;
    let mut flush = |builders: &mut Vec<Builder>| {
        let columns: Vec<dta::Column> = builders.iter_mut().map(Builder::take).collect();
        duplicates.add(&gatherer.add(&columns));
        output.write(Block::Columns(columns))
    };
    workbook.each_row(sheet, |row, cells| {
        if row <= place.header_row {
            return Ok(());
        }
        for (builder, &at) in builders.iter_mut().zip(kept) {
            match cells.get(at) {
                None | Some(Cell::Empty | Cell::Error) => builder.missing(),
                Some(Cell::Text(text)) => builder.text(text),
                Some(Cell::Number(value)) => builder.number(*value),
                Some(Cell::Truth(value)) => builder.truth(*value),
                Some(Cell::Moment { ms, .. }) => builder.moment(*ms),
            }
        }
        waiting += 1;
        if waiting == block_rows {
            waiting = 0;
            flush(&mut builders)?;
        }
        Ok(())
    })?;
    flush(&mut builders)?;
    remarks::assert_no_misfits(builders.iter().map(|b| b.misfits).sum());
    Ok((output.finish()?, gatherer, duplicates))
}
