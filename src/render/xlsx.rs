//! The workbook of a run: a sheet of facts, the printed coefficient tables, and each table in full with numbers
//! as numbers. Texts are always stored as texts, so that none becomes a formula.

use rust_xlsxwriter::{
    DocProperties, ExcelDateTime, Format, FormatAlign, FormatBorder, Workbook, Worksheet, XlsxError,
};

use super::grid::{Grid, RowKind};
use super::regression::is_p;
use super::report::{Report, Whole};
use super::table::Cell;
use super::words::{name, pick};
use super::{Budget, RenderError};

/// Most rows of a sheet that are written; Excel ends at 1,048,576.
const MOST_ROWS: usize = 1_000_000;
/// Most characters that a cell holds.
const MOST_CHARACTERS: usize = 32_767;

/// Writes the workbook.
///
/// # Errors
/// [`RenderError`].
pub(super) fn write(report: &Report, budget: &Budget) -> Result<Vec<u8>, RenderError> {
    let failed = |e: XlsxError| RenderError::Writer("xlsx", e.to_string());
    let mut book = Workbook::new();
    let created = ExcelDateTime::from_timestamp(report.ended_at).map_err(failed)?;
    book.set_properties(&DocProperties::new().set_title(&report.title).set_creation_datetime(&created));
    let mut names = Vec::new();
    summary(book.add_worksheet(), report, &mut names).map_err(failed)?;
    for whole in &report.tables {
        budget.check()?;
        let sheet = book.add_worksheet();
        sheet.set_name(sheet_name(&whole.table.file, &mut names)).map_err(failed)?;
        table(sheet, whole, report.decimals).map_err(failed)?;
    }
    budget.check()?;
    book.save_to_buffer().map_err(failed)
}

/// A name that Excel takes: at most 31 characters, unique, without its reserved signs.
fn sheet_name(file: &str, taken: &mut Vec<String>) -> String {
    let stem = file.rsplit('/').next().unwrap_or(file).trim_end_matches(".csv");
    let stem = stem.strip_prefix("table_").unwrap_or(stem);
    let plain: String = stem.chars().filter(|c| !"[]:*?/\\'".contains(*c)).take(28).collect();
    let plain = if plain.is_empty() { "table".to_owned() } else { plain };
    let mut sheet = plain.clone();
    let mut n = 2;
    while taken.contains(&sheet.to_lowercase()) {
        sheet = format!("{plain}_{n}");
        n += 1;
    }
    taken.push(sheet.to_lowercase());
    sheet
}

fn text(sheet: &mut Worksheet, at: (u32, u16), text: &str, format: &Format) -> Result<(), XlsxError> {
    let cut: String = text.chars().take(MOST_CHARACTERS).collect();
    sheet.write_string_with_format(at.0, at.1, cut, format).map(|_| ())
}

/// Writes a printed cell: a plain number as a number with the decimals that it shows.
fn printed(sheet: &mut Worksheet, at: (u32, u16), words: &str, format: &Format) -> Result<(), XlsxError> {
    let digits = words.strip_prefix('-').unwrap_or(words);
    let plain =
        !digits.is_empty() && digits.len() < 15 && digits.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    match words.parse::<f64>() {
        Ok(x) if plain => {
            let decimals = digits.split_once('.').map_or(0, |(_, d)| d.len());
            let code = if decimals == 0 { "0".to_owned() } else { format!("0.{}", "0".repeat(decimals)) };
            sheet.write_number_with_format(at.0, at.1, x, &format.clone().set_num_format(code)).map(|_| ())
        }
        _ => text(sheet, at, words, format),
    }
}

/// Facts, printed coefficient tables, sample flow and notes.
fn summary(sheet: &mut Worksheet, report: &Report, names: &mut Vec<String>) -> Result<(), XlsxError> {
    let title = pick(report.language, "Report", "报告");
    names.push(title.to_lowercase());
    sheet.set_name(title)?;
    sheet.set_column_width(0, 34)?;
    for column in 1..8 {
        sheet.set_column_width(column, 18)?;
    }
    let (plain, bold) = (Format::new(), Format::new().set_bold());
    text(sheet, (0, 0), &report.title, &Format::new().set_bold().set_font_size(14))?;
    let mut row = 2;
    for (key, value) in &report.facts {
        text(sheet, (row, 0), key, &bold)?;
        printed(sheet, (row, 1), value, &plain.clone().set_align(FormatAlign::Left))?;
        row += 1;
    }
    row += 1;
    // Plain tables have their own sheets.
    let printed = report.grids.iter().filter(|g| g.rows.iter().any(|r| r.kind == RowKind::Under));
    for grid in printed.chain(&report.flow) {
        row = printed_table(sheet, grid, row)? + 1;
    }
    if !report.notes.is_empty() {
        text(sheet, (row, 0), &report.notes_title, &bold)?;
        for note in &report.notes {
            row += 1;
            text(sheet, (row, 0), note, &plain)?;
        }
    }
    Ok(())
}

/// Writes a printed table and returns the row behind it.
fn printed_table(sheet: &mut Worksheet, grid: &Grid, mut row: u32) -> Result<u32, XlsxError> {
    let rule = FormatBorder::Thin;
    text(sheet, (row, 0), &grid.title, &Format::new().set_bold())?;
    row += 1;
    let head = Format::new().set_bold().set_border_top(rule).set_border_bottom(rule);
    for (j, words) in (0_u16..).zip(&grid.head) {
        let align = if j == 0 { FormatAlign::Left } else { FormatAlign::Right };
        text(sheet, (row, j), words, &head.clone().set_align(align))?;
    }
    for (i, line) in grid.rows.iter().enumerate() {
        row += 1;
        let mut format = Format::new();
        if line.kind == RowKind::Foot {
            format = format.set_border_top(rule);
        }
        if line.kind == RowKind::Group {
            format = format.set_italic();
        }
        if i + 1 == grid.rows.len() {
            format = format.set_border_bottom(rule);
        }
        for (j, words) in (0_u16..).zip(&line.cells) {
            let align = if j == 0 { FormatAlign::Left } else { FormatAlign::Right };
            let format = format.clone().set_align(align);
            if j == 0 {
                text(sheet, (row, j), words, &format)?
            } else {
                printed(sheet, (row, j), words, &format)?
            }
        }
    }
    let small = Format::new().set_italic().set_font_size(9);
    for note in &grid.notes {
        row += 1;
        text(sheet, (row, 0), note, &small)?;
    }
    Ok(row + 1)
}

/// The format of a column's numbers; the cells hold them in full.
fn number_format(column: &str, decimals: u8, whole: bool) -> Format {
    let digits = |n: u8| if n == 0 { "0".to_owned() } else { format!("0.{}", "0".repeat(usize::from(n))) };
    let code = match () {
        () if whole => "0".to_owned(),
        () if is_p(column) => digits(decimals.max(3)),
        () => digits(decimals),
    };
    Format::new().set_num_format(code)
}

fn table(sheet: &mut Worksheet, whole: &Whole, decimals: u8) -> Result<(), XlsxError> {
    let head = Format::new().set_bold().set_border_bottom(FormatBorder::Thin);
    let plain = Format::new();
    let table = &whole.table;
    for (j, words) in (0_u16..).zip(&whole.heads) {
        text(sheet, (0, j), words, &head)?;
        let longest = table
            .rows
            .iter()
            .take(200)
            .map(|row| row.get(usize::from(j)).map_or(0, |cell| cell.text().chars().count()))
            .max();
        let width = longest.unwrap_or(0).max(words.chars().count()).clamp(9, 60);
        sheet.set_column_width(j, width as f64 + 2.0)?;
    }
    sheet.set_freeze_panes(1, 0)?;
    let mixed = |name: &str| matches!(name, "value" | "statistic");
    let formats: Vec<(Format, Format)> = table
        .columns
        .iter()
        .enumerate()
        .map(|(j, column)| {
            let whole = table.rows.iter().filter_map(|row| row[j].number()).all(|x| x.fract() == 0.0);
            let of_whole = whole || mixed(&column.name);
            (number_format(&column.name, decimals, whole), number_format(&column.name, decimals, of_whole))
        })
        .collect();
    for (i, row) in (1_u32..).zip(table.rows.iter().take(MOST_ROWS)) {
        for (j, cell) in (0_u16..).zip(row) {
            let (format, of_whole) = &formats[usize::from(j)];
            match cell {
                Cell::Missing => {}
                Cell::Number(x) => {
                    let format = if x.fract() == 0.0 { of_whole } else { format };
                    sheet.write_number_with_format(i, j, *x, format)?;
                }
                Cell::Text(words) => text(sheet, (i, j), words, &plain)?,
            }
        }
    }
    if table.rows.len() > MOST_ROWS {
        let words = format!("{} {}", name("rows", super::Language::En), table.rows.len());
        text(sheet, (MOST_ROWS as u32 + 1, 0), &words, &plain)?;
    }
    Ok(())
}
