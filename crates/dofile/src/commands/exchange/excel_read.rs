//! `import excel`.

use calamine::{Data, Range, Reader, open_workbook_auto};

use super::cells::{Builder, Kind};
use super::names::{self, Case};
use super::{check_clear, file_and_list, report_import};
use crate::error::{Result, StataError};
use crate::frame::{Frame, StorageType, Variable};
use crate::ops::sources::source;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::ParsedCommand;
use crate::syntax::options::OptSpec;
use crate::value::MISSING;

const OPTIONS: &[OptSpec] = &[
    OptSpec::text("SHeet"),
    OptSpec::text("CELLRAnge"),
    OptSpec::flag("FIRSTrow"),
    OptSpec::text("CASE"),
    OptSpec::flag("ALLstring"),
    OptSpec::flag("CLEAR"),
    OptSpec::flag("DESCribe"),
];

/// Days between 30 December 1899, where serial numbers of sheets start, and 1 January 1960.
const EPOCH: f64 = 21_916.0;

/// Reads the workbook; `raw` is the text behind the subcommand.
pub(super) fn run(session: &mut Session, raw: &str) -> Result<()> {
    let mut cmd = ParsedCommand::split("import excel", raw, false)?;
    cmd.check_options(OPTIONS, &["LOCale"])?;
    if !cmd.has("describe") {
        check_clear(session, cmd.has("clear"))?;
    }
    let (file, list) = file_and_list(&cmd)?;
    if !list.is_empty() {
        return Err(StataError::standard(101));
    }
    let (path, file) = source(session, &file, "xls")?;
    if !path.exists() {
        return Err(StataError::new(601, format!("file {file} not found")));
    }
    let failed = |e: calamine::Error| StataError::new(603, format!("file {file} could not be loaded: {e}"));
    let mut book = open_workbook_auto(&path).map_err(failed)?;
    if cmd.has("describe") {
        let names = book.sheet_names();
        let ranges = names.into_iter().map(|name| {
            let cells = book.worksheet_range(&name).map_err(failed)?;
            Ok((name, cells.start().zip(cells.end())))
        });
        let sheets = ranges.collect::<Result<Vec<_>>>()?;
        describe(session, &sheets);
        return Ok(());
    }
    let sheet = match cmd.options.text("sheet") {
        Some(name) => name.to_owned(),
        None => book
            .sheet_names()
            .first()
            .cloned()
            .ok_or_else(|| StataError::new(603, "the workbook has no sheet"))?,
    };
    if !book.sheet_names().contains(&sheet) {
        return Err(StataError::new(601, format!("worksheet {sheet} not found")));
    }
    let cells = book.worksheet_range(&sheet).map_err(failed)?;
    let case = match cmd.options.text("case") {
        None => Case::Preserve,
        Some(text) => {
            Case::parse(text).ok_or_else(|| StataError::invalid("option case() incorrectly specified"))?
        }
    };
    let cells = part(&cells, cmd.options.text("cellrange"))?;
    let mut frame = frame(&cells, cmd.has("firstrow"), case, cmd.has("allstring"))?;
    frame.changed = true;
    session.frame = frame;
    report_import(session);
    Ok(())
}

/// A sheet and the first and last of its cells in use.
type Sheet = (String, Option<((u32, u32), (u32, u32))>);

/// `import excel, describe`: sheets and their ranges; r(N_worksheet), r(worksheet_#) and r(range_#).
fn describe(session: &mut Session, sheets: &[Sheet]) {
    let cell = |at: (u32, u32)| format!("{}{}", names::letters(at.1 as usize), at.0 + 1);
    let mut results = Results::default();
    results.scalar("N_worksheet", sheets.len() as f64);
    session.print("");
    session.print(format!("{:>18} | Range", "Sheet"));
    session.print(format!("  {}+{}", "-".repeat(17), "-".repeat(17)));
    for (k, (name, used)) in sheets.iter().enumerate() {
        let range = used.map_or(String::new(), |(a, b)| format!("{}:{}", cell(a), cell(b)));
        session.print(format!("{:>18} | {range}", crate::format::abbrev(name, 16)));
        results.text(&format!("worksheet_{}", k + 1), name.clone()).text(&format!("range_{}", k + 1), range);
    }
    session.r = results;
}

/// The cells of `cellrange(A2:D10)`, or all from the first cell of the sheet.
fn part(cells: &Range<Data>, range: Option<&str>) -> Result<Range<Data>> {
    let Some(end) = cells.end() else { return Err(StataError::no_observations()) };
    let bad = || StataError::invalid("option cellrange() incorrectly specified");
    let (from, to) = match range {
        None => (cells.start().map_or((0, 0), |s| (s.0, s.1)), end),
        Some(text) => {
            let (a, b) = text.split_once(':').unwrap_or((text, ""));
            let from = if a.trim().is_empty() { (0, 0) } else { names::cell(a).ok_or_else(bad)? };
            let to = if b.trim().is_empty() { end } else { names::cell(b).ok_or_else(bad)? };
            (from, (to.0.min(end.0), to.1.min(end.1)))
        }
    };
    if from.0 > to.0 || from.1 > to.1 {
        return Err(StataError::no_observations());
    }
    Ok(cells.range(from, to))
}

fn text(cell: &Data) -> String {
    match cell {
        Data::Empty | Data::Error(_) => String::new(),
        Data::String(text) | Data::DateTimeIso(text) | Data::DurationIso(text) => text.clone(),
        Data::Bool(value) => u8::from(*value).to_string(),
        Data::Float(value) => crate::format::macro_text(*value),
        Data::Int(value) => value.to_string(),
        Data::DateTime(moment) => crate::format::macro_text(moment.as_f64()),
    }
}

/// The number of a cell, `None` for text.
fn number(cell: &Data) -> Option<f64> {
    Some(match cell {
        Data::Empty | Data::Error(_) => MISSING,
        Data::Float(value) => *value,
        Data::Int(value) => *value as f64,
        Data::Bool(value) => f64::from(u8::from(*value)),
        Data::DateTime(moment) if moment.is_datetime() => moment.as_f64() - EPOCH,
        Data::DateTime(moment) => moment.as_f64(),
        Data::String(text) if text.trim().is_empty() => MISSING,
        _ => return None,
    })
}

fn frame(cells: &Range<Data>, first_row: bool, case: Case, all_text: bool) -> Result<Frame> {
    let (height, width) = cells.get_size();
    let skip = usize::from(first_row);
    let letter = |at: usize| names::letters(cells.start().map_or(0, |s| s.1 as usize) + at);
    let headings: Vec<String> = (0..width)
        .map(|c| if first_row { cells.get((0, c)).map_or(String::new(), text) } else { letter(c) })
        .collect();
    let named = names::names(&headings, if first_row { case } else { Case::Preserve }, letter);
    let mut frame = Frame::new();
    for (column, (name, label)) in named.into_iter().enumerate() {
        let values: Vec<&Data> =
            (skip..height).map(|r| cells.get((r, column)).unwrap_or(&Data::Empty)).collect();
        let is_text = all_text || values.iter().any(|cell| number(cell).is_none());
        let mut date = None;
        let builder = if is_text {
            Builder::Texts(values.iter().map(|cell| text(cell).into()).collect())
        } else {
            let mut numbers: Vec<f64> = values.iter().filter_map(|cell| number(cell)).collect();
            date = date_format(&values, &mut numbers);
            let mut kind = Kind::default();
            numbers.iter().for_each(|v| kind.look_number(*v));
            Builder::Numbers(kind.numeric_type(StorageType::Double), numbers)
        };
        let mut variable = Variable::new(&name, builder.finish());
        variable.label = label;
        if let Some(format) = date {
            variable.format = format.to_owned();
        }
        frame.add(variable)?;
    }
    Ok(frame)
}

/// `%td` for a column of whole days, `%tc` (and milliseconds) when there are times of day; `None`
/// when not all numbers are dates.
fn date_format(cells: &[&Data], numbers: &mut [f64]) -> Option<&'static str> {
    let dated = |cell: &&&Data| matches!(cell, Data::DateTime(m) if m.is_datetime());
    let filled = cells.iter().zip(numbers.iter()).filter(|(_, v)| **v < MISSING).count();
    if filled == 0 || cells.iter().filter(dated).count() != filled {
        return None;
    }
    if numbers.iter().all(|v| *v >= MISSING || v.fract() == 0.0) {
        return Some("%td");
    }
    for value in numbers.iter_mut().filter(|v| **v < MISSING) {
        *value = (*value * 86_400_000.0).round();
    }
    Some("%tc")
}
