//! The rows of a sheet, one at a time: cells of either kind of workbook in one form.

use std::io::BufReader;
use std::path::Path;

use calamine::{Data, DataRef, ExcelDateTime, Reader, Xls, XlsError, Xlsb, XlsbError, Xlsx, XlsxError};

use super::Kind;
use super::ods::{self, Spreadsheet};
use crate::adapters::tabular::advance::Counted;
use crate::adapters::tabular::date::{self, DAY_MS};
use crate::adapters::tabular::problems;
use crate::domain::error::Problem;

/// Most columns of a sheet (Excel's own limit).
const MOST_COLUMNS: u32 = 16_384;

/// The value of a cell.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cell {
    Empty,
    Text(String),
    Number(f64),
    Truth(bool),
    /// Milliseconds since 1960-01-01.
    Moment {
        ms: f64,
        has_time: bool,
    },
    /// A formula error such as `#DIV/0!`.
    Error,
}

impl Cell {
    /// A text; one of blanks alone is no value.
    pub(super) fn of_text(value: &str) -> Self {
        // NUL cannot be part of a text in the canonical data
        let value = if value.contains('\0') { value.replace('\0', "") } else { value.to_owned() };
        if value.trim().is_empty() { Self::Empty } else { Self::Text(value) }
    }
}

/// A cell over several rows.
pub(super) struct MergedCell {
    /// The zero-based column that has the value.
    pub column: usize,
    /// One-based.
    pub rows: std::ops::RangeInclusive<u64>,
}

/// An open workbook.
pub(super) enum Workbook {
    Xlsx(Box<Xlsx<BufReader<Counted>>>),
    Xlsb(Box<Xlsb<BufReader<Counted>>>),
    Xls(Box<Xls<BufReader<Counted>>>),
    Ods(Spreadsheet),
}

impl Workbook {
    /// Opens a workbook and reads what its sheets share.
    ///
    /// # Errors
    /// A damaged or protected workbook, I/O.
    pub(super) fn open(path: &Path, kind: Kind) -> Result<Self, Problem> {
        if kind == Kind::Ods {
            return if ods::is_protected(path) {
                Err(protected())
            } else {
                Ok(Self::Ods(Spreadsheet::open(path)?))
            };
        }
        // a sheet is unpacked twice, once for the types and once for the rows; the older format is read into memory
        let passes = if kind == Kind::Xls { 1 } else { 2 };
        let file = Counted::open(path, passes).map_err(|e| problems::io("read the upload", &e))?;
        let reader = BufReader::new(file);
        match kind {
            Kind::Xlsx => {
                let book = Xlsx::new(reader).map_err(|e| xlsx_problem(&e, None))?;
                Ok(Self::Xlsx(Box::new(book)))
            }
            Kind::Xlsb => {
                let book = Xlsb::new(reader).map_err(|e| xlsb_problem(&e, None))?;
                Ok(Self::Xlsb(Box::new(book)))
            }
            Kind::Xls | Kind::Ods => {
                let book = Xls::new(reader);
                let book =
                    book.map_err(|e| if is_encrypted(path) { protected() } else { xls_problem(&e) })?;
                Ok(Self::Xls(Box::new(book)))
            }
        }
    }

    /// Names of the sheets that hold cells (charts and macros do not), those that people see before hidden ones.
    pub(super) fn sheet_names(&self) -> Vec<String> {
        let sheets = match self {
            Self::Xlsx(book) => book.sheets_metadata(),
            Self::Xlsb(book) => book.sheets_metadata(),
            Self::Xls(book) => book.sheets_metadata(),
            Self::Ods(book) => return book.sheets.clone(),
        };
        let cells = sheets.iter().filter(|s| s.typ == calamine::SheetType::WorkSheet);
        let (seen, hidden): (Vec<_>, Vec<_>) =
            cells.partition(|s| s.visible == calamine::SheetVisible::Visible);
        seen.into_iter().chain(hidden).map(|s| s.name.clone()).collect()
    }

    /// Cells that are merged over several rows below the header. The older and the binary format are not searched.
    ///
    /// # Errors
    /// A damaged sheet.
    pub(super) fn merged_down(&mut self, sheet: &str, header_row: u64) -> Result<Vec<MergedCell>, Problem> {
        let book = match self {
            Self::Xlsx(book) => book,
            Self::Xls(_) | Self::Xlsb(_) => return Ok(Vec::new()),
            Self::Ods(book) => return merged_of(book, sheet, header_row),
        };
        let all = book.merge_cells_by_sheet_name(sheet).map_err(|e| xlsx_problem(&e, None))?;
        let down = all.into_iter().filter(|cell| cell.end.0 > cell.start.0).map(|cell| MergedCell {
            column: cell.start.1 as usize,
            rows: u64::from(cell.start.0) + 1..=u64::from(cell.end.0) + 1,
        });
        Ok(down.filter(|cell| *cell.rows.start() > header_row).collect())
    }

    /// Calls `take` for every row of the sheet that has a cell with content: its one-based number and its
    /// cells from the first column on, without empty ones at the end.
    ///
    /// # Errors
    /// A damaged sheet, or what `take` answers.
    pub(super) fn each_row(
        &mut self,
        sheet: &str,
        take: impl FnMut(u64, &[Cell]) -> Result<(), Problem>,
    ) -> Result<(), Problem> {
        let mut rows = Rows { cells: Vec::new(), row: 0, take };
        match self {
            Self::Xlsx(book) => {
                let mut reader = book.worksheet_cells_reader(sheet).map_err(|e| xlsx_problem(&e, None))?;
                loop {
                    let next =
                        reader.next_cell().map_err(|e| xlsx_problem(&e, Some(u64::from(rows.row) + 1)))?;
                    let Some(cell) = next else { break };
                    let (row, column) = cell.get_position();
                    rows.put(row, column, from_ref(cell.get_value()))?;
                }
            }
            Self::Xlsb(book) => {
                let mut reader = book.worksheet_cells_reader(sheet).map_err(|e| xlsb_problem(&e, None))?;
                loop {
                    let next =
                        reader.next_cell().map_err(|e| xlsb_problem(&e, Some(u64::from(rows.row) + 1)))?;
                    let Some(cell) = next else { break };
                    let (row, column) = cell.get_position();
                    rows.put(row, column, from_ref(cell.get_value()))?;
                }
            }
            Self::Xls(book) => {
                let range = book.worksheet_range(sheet).map_err(|e| xls_problem(&e))?;
                let (first_row, first_column) = range.start().unwrap_or_default();
                for (row, column, value) in range.used_cells() {
                    rows.put(first_row + row as u32, first_column + column as u32, from_data(value))?;
                }
            }
            Self::Ods(book) => book.each_row(sheet, |first, times, cells| {
                for row in first..first + times {
                    for one in cells {
                        for column in one.column..one.column + one.columns {
                            rows.put(row as u32, column as u32, one.cell.clone())?;
                        }
                    }
                }
                Ok(())
            })?,
        }
        rows.finish()
    }
}

/// Cells of a spreadsheet that are merged over several rows below the header.
fn merged_of(book: &Spreadsheet, sheet: &str, header_row: u64) -> Result<Vec<MergedCell>, Problem> {
    let mut merged = Vec::new();
    book.each_row(sheet, |row, _, cells| {
        for cell in cells.iter().filter(|cell| cell.spans > 1 && row + 1 > header_row) {
            merged.push(MergedCell { column: cell.column as usize, rows: row + 1..=row + cell.spans });
        }
        Ok(())
    })?;
    Ok(merged)
}

/// Puts cells that arrive one by one into rows.
struct Rows<F> {
    cells: Vec<Cell>,
    /// Zero-based.
    row: u32,
    take: F,
}

impl<F: FnMut(u64, &[Cell]) -> Result<(), Problem>> Rows<F> {
    fn put(&mut self, row: u32, column: u32, cell: Cell) -> Result<(), Problem> {
        if cell == Cell::Empty {
            return Ok(());
        }
        if row < self.row && !self.cells.is_empty() {
            return Err(problems::parse(
                Some(u64::from(row) + 1),
                None,
                "the rows of the sheet are out of order",
            ));
        }
        if column >= MOST_COLUMNS {
            let what = format!("row {} has a cell in column {}", u64::from(row) + 1, u64::from(column) + 1);
            return Err(problems::too_large(&what, MOST_COLUMNS.into()));
        }
        if row != self.row {
            self.flush()?;
            self.row = row;
        }
        let at = column as usize;
        if self.cells.len() <= at {
            self.cells.resize(at + 1, Cell::Empty);
        }
        self.cells[at] = cell;
        Ok(())
    }

    fn flush(&mut self) -> Result<(), Problem> {
        if !self.cells.is_empty() {
            (self.take)(u64::from(self.row) + 1, &self.cells)?;
            self.cells.clear();
        }
        Ok(())
    }

    fn finish(mut self) -> Result<(), Problem> {
        self.flush()
    }
}

fn from_ref(value: &DataRef<'_>) -> Cell {
    match value {
        DataRef::Int(v) => Cell::Number(*v as f64),
        DataRef::Float(v) => Cell::Number(*v),
        DataRef::String(v) => Cell::of_text(v),
        DataRef::SharedString(v) => Cell::of_text(v),
        DataRef::Bool(v) => Cell::Truth(*v),
        DataRef::DateTime(v) => moment(v),
        DataRef::DateTimeIso(v) | DataRef::DurationIso(v) => Cell::of_text(v),
        DataRef::Error(_) => Cell::Error,
        DataRef::Empty => Cell::Empty,
    }
}

fn from_data(value: &Data) -> Cell {
    match value {
        Data::Int(v) => Cell::Number(*v as f64),
        Data::Float(v) => Cell::Number(*v),
        Data::String(v) => Cell::of_text(v),
        Data::Bool(v) => Cell::Truth(*v),
        Data::DateTime(v) => moment(v),
        Data::DateTimeIso(v) | Data::DurationIso(v) => Cell::of_text(v),
        Data::Error(_) => Cell::Error,
        Data::Empty => Cell::Empty,
    }
}

/// A date of a calendar from 1900 on; times of day, durations and the day that never was (1900-02-29)
/// stay numbers.
fn moment(value: &ExcelDateTime) -> Cell {
    let serial = value.as_f64();
    if value.is_duration() || !(1.0..2_958_466.0).contains(&serial) {
        return Cell::Number(serial);
    }
    let (year, month, day, hour, minute, second, milli) = value.to_ymd_hms_milli();
    match date::days(year.into(), month.into(), day.into()) {
        Some(days) => {
            let seconds = u32::from(hour) * 3600 + u32::from(minute) * 60 + u32::from(second);
            let time = f64::from(seconds) * 1000.0 + f64::from(milli);
            Cell::Moment { ms: f64::from(days) * DAY_MS + time, has_time: time != 0.0 }
        }
        None => Cell::Number(serial),
    }
}

/// True for an XLSX workbook with a password, which lies encrypted in the container of the older format.
fn is_encrypted(path: &Path) -> bool {
    let opened = std::fs::File::open(path).map(|file| Xlsx::new(BufReader::new(file)));
    matches!(opened, Ok(Err(XlsxError::Password)))
}

fn protected() -> Problem {
    problems::unsupported(
        "the workbook is protected by a password; open it in the spreadsheet program, remove the password and save it again",
    )
}

fn xlsx_problem(error: &XlsxError, row: Option<u64>) -> Problem {
    match error {
        XlsxError::Io(error) if error.kind() != std::io::ErrorKind::UnexpectedEof => {
            problems::io("read the workbook", error)
        }
        XlsxError::Password => protected(),
        other => {
            tracing::debug!(error = ?other, "a workbook could not be read");
            problems::parse(row, None, "the workbook is damaged and cannot be read")
        }
    }
}

fn xlsb_problem(error: &XlsbError, row: Option<u64>) -> Problem {
    match error {
        XlsbError::Io(error) if error.kind() != std::io::ErrorKind::UnexpectedEof => {
            problems::io("read the workbook", error)
        }
        XlsbError::Password => protected(),
        other => {
            tracing::debug!(error = ?other, "a workbook could not be read");
            problems::parse(row, None, "the workbook is damaged and cannot be read")
        }
    }
}

fn xls_problem(error: &XlsError) -> Problem {
    match error {
        XlsError::Password => protected(),
        other => {
            tracing::debug!(error = ?other, "a workbook could not be read");
            problems::parse(None, None, "the workbook is damaged and cannot be read")
        }
    }
}
