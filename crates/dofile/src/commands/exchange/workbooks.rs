//! Workbooks that `export excel` wrote in this run: later statements replace or change their sheets. Workbooks of other
//! programs are not changed.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format as CellFormat, Workbook, XlsxError};

use crate::error::{Result, StataError};
use crate::ops::xls::{self, is_xls};
use crate::session::{Extension, Session};

/// Cells of a workbook that are kept at most.
const KEPT: usize = 1_000_000;

/// What a cell holds.
#[derive(Debug, Clone)]
pub(super) enum Cell {
    Text(String),
    Number(f64),
    /// A serial number with the format that shows it as a date.
    Date(f64, &'static str),
}

/// The cells of a worksheet by row and column.
pub(super) type Cells = BTreeMap<(u32, u16), Cell>;

/// Sheets with their names, in their order.
type Sheets = Vec<(String, Cells)>;

/// The sheets of each workbook and what was in its file.
#[derive(Debug, Default)]
struct Written(BTreeMap<PathBuf, (Sheets, u64)>);

impl Extension for Written {}

/// What becomes of a workbook that is there.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Change {
    /// A new workbook takes its place.
    Book,
    /// A new sheet takes the place of the one of the same name.
    Sheet,
    /// The cells are written over those of the sheet.
    Cells,
}

fn content(path: &Path) -> Option<u64> {
    let mut hasher = DefaultHasher::new();
    std::fs::read(path).ok()?.hash(&mut hasher);
    Some(hasher.finish())
}

/// Writes a sheet into the workbook of a file.
pub(super) fn write(
    session: &mut Session,
    file: &str,
    path: &Path,
    change: Change,
    (name, cells): (&str, Cells),
) -> Result<()> {
    let known = session.extensions.state::<Written>().0.remove(path);
    let mut sheets = match (change != Change::Book).then(|| content(path)).flatten() {
        None => Sheets::new(),
        Some(now) => match known {
            Some((sheets, then)) if then == now => sheets,
            _ => {
                let text = "sheets of a workbook of another program are not changed by the open engine";
                return Err(StataError::new(199, format!("export excel: {text}")));
            }
        },
    };
    match sheets.iter_mut().find(|sheet| sheet.0.eq_ignore_ascii_case(name)) {
        Some((_, own)) if change == Change::Cells => own.extend(cells),
        Some((_, own)) => *own = cells,
        None => sheets.push((name.to_string(), cells)),
    }
    let failed = |e: XlsxError| StataError::new(603, format!("file {file} could not be written: {e}"));
    if is_xls(file) {
        save_old(&sheets, file, path)?;
    } else {
        save(&sheets, path).map_err(failed)?;
    }
    if sheets.iter().map(|sheet| sheet.1.len()).sum::<usize>() <= KEPT
        && let Some(now) = content(path)
    {
        session.extensions.state::<Written>().0.insert(path.to_path_buf(), (sheets, now));
    }
    Ok(())
}

/// Writes a workbook of Excel 97 to 2003.
fn save_old(sheets: &Sheets, file: &str, path: &Path) -> Result<()> {
    let cell = |(at, cell): (&(u32, u16), &Cell)| {
        let (content, number) = match cell {
            Cell::Text(text) => (xls::Cell::Text(text.clone()), None),
            Cell::Number(value) => (xls::Cell::Number(*value), None),
            Cell::Date(serial, format) => (xls::Cell::Number(*serial), Some((*format).to_string())),
        };
        (*at, content, xls::Look { bold: false, number })
    };
    let own: Vec<xls::Sheet> = sheets
        .iter()
        .map(|(name, cells)| xls::Sheet { name: name.clone(), cells: cells.iter().map(cell).collect() })
        .collect();
    let bytes = xls::write(&own)
        .ok_or_else(|| StataError::new(198, format!("the data do not fit the file {file}; use .xlsx")))?;
    std::fs::write(path, bytes)
        .map_err(|e| StataError::new(603, format!("file {file} could not be written: {e}")))
}

fn save(sheets: &Sheets, path: &Path) -> std::result::Result<(), XlsxError> {
    let mut book = Workbook::new();
    // a fixed date, so that the same data give the same file
    let created = ExcelDateTime::from_ymd(2000, 1, 1)?;
    book.set_properties(&DocProperties::new().set_creation_datetime(&created));
    for (name, cells) in sheets {
        let sheet = book.add_worksheet();
        sheet.set_name(name)?;
        for (&(row, column), cell) in cells {
            match cell {
                Cell::Text(text) => sheet.write_string(row, column, text)?,
                Cell::Number(value) => sheet.write_number(row, column, *value)?,
                Cell::Date(serial, format) => {
                    let moment = ExcelDateTime::from_serial_datetime(*serial)?;
                    let format = CellFormat::new().set_num_format(*format);
                    sheet.write_datetime_with_format(row, column, &moment, &format)?
                }
            };
        }
    }
    book.save(path)
}
