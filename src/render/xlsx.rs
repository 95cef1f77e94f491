//! The workbook of a run: a sheet of facts, the printed coefficient tables, and each table in full with numbers
//! as numbers. Texts are always stored as texts, so that none becomes a formula.

use rust_xlsxwriter::{
    DocProperties, ExcelDateTime, Format, FormatAlign, FormatBorder, Workbook, Worksheet, XlsxError,
};

use super::grid::{Grid, Printed, Row, RowKind, Value};
use super::number::{fixed, p_value};
use super::regression::is_p;
use super::report::{Report, Whole};
use super::table::Cell;
use super::words::{name, pick};
use super::xlsx_text::{WIDTH_OF_METHODS, WIDTHS, letters, long, paragraph, text};
use super::{Budget, RenderError};

/// Most rows of a sheet that are written; Excel ends at 1,048,576.
const MOST_ROWS: usize = 1_000_000;
/// The code of A4 (ECMA-376, part 1, 18.3.1.63).
const A4: u8 = 9;
/// Characters of a row from which on a sheet lies on its side.
const UPRIGHT: f64 = 100.0;

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
    methods(&mut book, report, &mut names).map_err(failed)?;
    budget.check()?;
    book.save_to_buffer().map_err(failed)
}

/// Sets a sheet up for paper: A4, one page wide and as many long as it takes, each with its number.
fn on_paper(sheet: &mut Worksheet, lying: bool) {
    sheet.set_paper_size(A4).set_print_fit_to_pages(1, 0).set_footer("&C&P / &N");
    if lying {
        sheet.set_landscape();
    }
}

/// The methods on a sheet of their own, the last one.
fn methods(book: &mut Workbook, report: &Report, names: &mut Vec<String>) -> Result<(), XlsxError> {
    if report.methods.is_empty() {
        return Ok(());
    }
    let sheet = book.add_worksheet();
    sheet.set_name(sheet_name(&report.methods_title, names))?;
    sheet.set_column_width(0, WIDTH_OF_METHODS)?;
    on_paper(sheet, false);
    let bold = Format::new().set_bold();
    let mut row = 0;
    for part in &report.methods {
        text(sheet, (row, 0), &part.title, &bold)?;
        for words in &part.paragraphs {
            row += 1;
            long(sheet, row, WIDTH_OF_METHODS, words)?;
        }
        row += 2;
    }
    Ok(())
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
    on_paper(sheet, report.grids.iter().any(|grid| places(grid).1 > 5));
    sheet.set_column_width(0, WIDTHS.0)?;
    for column in 1..8 {
        sheet.set_column_width(column, WIDTHS.1)?;
    }
    // texts are as wide as the widest table
    let plain_tables = report.grids.len();
    let numbered = report.printed().enumerate();
    let shown: Vec<_> = numbered.filter(|(k, grid)| grid.estimates || *k >= plain_tables).collect();
    let across = shown.iter().map(|(_, grid)| places(grid).1).max().unwrap_or(0).clamp(5, 8);
    let (plain, bold) = (Format::new(), Format::new().set_bold());
    text(sheet, (0, 0), &report.title, &Format::new().set_bold().set_font_size(14))?;
    let mut row = 2;
    for (key, value) in &report.facts {
        text(sheet, (row, 0), key, &bold)?;
        printed(sheet, (row, 1), value, &plain.clone().set_align(FormatAlign::Left))?;
        row += 1;
    }
    row += 1;
    if !report.findings.is_empty() {
        text(sheet, (row, 0), &report.findings_title, &bold)?;
        for sentence in &report.findings {
            row += 1;
            paragraph(sheet, row, across, sentence, &plain)?;
        }
        row += 2;
    }
    // Plain tables have their own sheets.
    for (k, grid) in shown {
        row = printed_table(sheet, grid, &report.table_caption(k + 1, &grid.title), (row, across))? + 1;
    }
    if !report.notes.is_empty() {
        text(sheet, (row, 0), &report.notes_title, &bold)?;
        for note in &report.notes {
            row += 1;
            paragraph(sheet, row, across, note, &plain)?;
        }
    }
    Ok(())
}

/// Writes a printed table, with its notes `across` so many columns, and returns the row behind it. A column with intervals takes
/// two columns of the sheet.
fn printed_table(
    sheet: &mut Worksheet,
    grid: &Grid,
    caption: &str,
    (mut row, across): (u32, u16),
) -> Result<u32, XlsxError> {
    let rule = FormatBorder::Thin;
    let (places, width) = places(grid);
    text(sheet, (row, 0), caption, &Format::new().set_bold())?;
    row += 1;
    let head = Format::new().set_bold();
    if !grid.over.is_empty() {
        let center =
            Format::new().set_align(FormatAlign::Center).set_border_top(rule).set_border_bottom(rule);
        sheet.write_blank(row, 0, &Format::new().set_border_top(rule))?;
        span(sheet, row, (1, width - 1), &grid.over, &center)?;
        row += 1;
    }
    let head = if grid.over.is_empty() { head.set_border_top(rule) } else { head }.set_border_bottom(rule);
    for (j, words) in grid.head.iter().enumerate() {
        let align = if j == 0 { FormatAlign::Left } else { FormatAlign::Center };
        let last = places.get(j + 1).map_or(width, |next| *next) - 1;
        span(sheet, row, (places[j], last), words, &head.clone().set_align(align))?;
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
        for column in 0..width {
            sheet.write_blank(row, column, &format)?;
        }
        for (cell, place) in line.cells.iter().zip(&places) {
            let align = if *place == 0 { FormatAlign::Left } else { FormatAlign::Right };
            let indent = u8::from(line.inset && *place == 0);
            shown(sheet, (row, *place), cell, &format.clone().set_align(align).set_indent(indent))?;
        }
    }
    let small = Format::new().set_italic().set_font_size(9);
    for note in &grid.notes {
        row += 1;
        paragraph(sheet, row, across, note, &small)?;
    }
    Ok(row + 1)
}

/// First column of the sheet for each column of a table, and how many there are.
fn places(grid: &Grid) -> (Vec<u16>, u16) {
    let mut next = 0;
    let places = (0..grid.width())
        .map(|j| {
            let place = next;
            let pairs = |r: &Row| matches!(r.cells.get(j).map(|c| c.value), Some(Value::Interval(..)));
            next += if grid.rows.iter().any(pairs) { 2 } else { 1 };
            place
        })
        .collect();
    (places, next)
}

/// A text over several columns, both ends included.
fn span(
    sheet: &mut Worksheet,
    row: u32,
    (first, last): (u16, u16),
    words: &str,
    format: &Format,
) -> Result<(), XlsxError> {
    if first < last {
        return sheet.merge_range(row, first, row, last, words, format).map(|_| ());
    }
    text(sheet, (row, first), words, format)
}

/// Writes a cell of a printed table: a number with a format that shows it as it is printed.
fn shown(sheet: &mut Worksheet, at: (u32, u16), cell: &Printed, format: &Format) -> Result<(), XlsxError> {
    let number = |sheet: &mut Worksheet, column: u16, x: f64, words: &str| {
        let format = format.clone().set_num_format(format_of(words));
        sheet.write_number_with_format(at.0, column, x, &format).map(|_| ())
    };
    match cell.value {
        Value::Number(x) => number(sheet, at.1, x, &cell.text),
        Value::Interval(low, high) => {
            let (from, to) = cell.text.split_once(", ").unwrap_or((&cell.text, ""));
            number(sheet, at.1, low, from)?;
            number(sheet, at.1 + 1, high, to)
        }
        Value::None => text(sheet, at, &cell.text, format),
    }
}

/// The format by which Excel shows a number as this text: `(0.012)`, `-0.5**`, `1.25e-05`, `<0.001`.
fn format_of(words: &str) -> String {
    let quoted = |text: &str| {
        let plain = text.replace('"', "");
        if plain.is_empty() { plain } else { format!("\"{plain}\"") }
    };
    let is_digit = |c: char| c.is_ascii_digit();
    let Some(from) = words.find(is_digit).filter(|_| !words.contains('<')) else { return quoted(words) };
    let before = words[..from].trim_end_matches('-');
    let digits: String = words[from..].chars().take_while(|c| is_digit(*c) || *c == '.').collect();
    let rest = &words[from + digits.len()..];
    let decimals = digits.split_once('.').map_or(0, |(_, d)| d.len());
    let number = if decimals == 0 { "0".to_owned() } else { format!("0.{}", "0".repeat(decimals)) };
    let (power, after) = match rest.strip_prefix('e') {
        Some(exponent) => ("E+00", exponent.trim_start_matches(['+', '-']).trim_start_matches(is_digit)),
        None => ("", rest),
    };
    format!("{}{number}{power}{}", quoted(before), quoted(after))
}

/// The format of a column's numbers; the cells hold them in full.
fn number_format(column: &str, decimals: u8, whole: bool) -> Format {
    Format::new().set_num_format(code_of(column, decimals, whole))
}

/// True for columns of percentages, which are from 0 to 100 in the tables.
fn is_percent(column: &str) -> bool {
    column == "percent" || column.ends_with("_percent")
}

fn code_of(column: &str, decimals: u8, whole: bool) -> String {
    let digits = |n: u8| if n == 0 { "0".to_owned() } else { format!("0.{}", "0".repeat(usize::from(n))) };
    match () {
        // a quoted sign shows the number as it is; a plain one would multiply it by 100
        () if is_percent(column) => format!("{}\"%\"", digits(if whole { 0 } else { decimals })),
        () if whole => "0".to_owned(),
        () if is_p(column) => digits(decimals.max(3)),
        () => digits(decimals),
    }
}

/// The format of a number that the format of its column would show as zero.
fn small(column: &str, x: f64, decimals: u8) -> Option<String> {
    let least = 10_f64.powi(-i32::from(decimals));
    if x == 0.0 || x.abs() >= least {
        return None;
    }
    let words = if is_p(column) { p_value(x, decimals) } else { fixed(x, decimals) };
    let has_more = words.split_once('.').is_some_and(|(_, places)| places.len() > usize::from(decimals));
    (has_more || words.contains(['<', 'e'])).then(|| format_of(&words))
}

fn table(sheet: &mut Worksheet, whole: &Whole, decimals: u8) -> Result<(), XlsxError> {
    let head = Format::new().set_bold().set_border_bottom(FormatBorder::Thin);
    let plain = Format::new();
    let table = &whole.table;
    let mut across = 0.0;
    for (j, words) in (0_u16..).zip(&whole.heads) {
        // above numbers, which stand on the right
        let is_number = |row: &Vec<Cell>| row.get(usize::from(j)).is_some_and(|cell| cell.number().is_some());
        let align = if table.rows.iter().any(is_number) { FormatAlign::Right } else { FormatAlign::Left };
        text(sheet, (0, j), words, &head.clone().set_align(align))?;
        let longest = table
            .rows
            .iter()
            .take(200)
            .map(|row| row.get(usize::from(j)).map_or(0.0, |cell| letters(cell.text())))
            .fold(letters(words), f64::max);
        let width = longest.clamp(9.0, 60.0) + 2.0;
        sheet.set_column_width(j, width)?;
        across += width;
    }
    sheet.set_freeze_panes(1, 0)?;
    sheet.set_repeat_rows(0, 0)?;
    on_paper(sheet, across > UPRIGHT);
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
                    let own = small(&table.columns[usize::from(j)].name, *x, decimals)
                        .map(|code| Format::new().set_num_format(code));
                    let usual = if x.fract() == 0.0 { of_whole } else { format };
                    sheet.write_number_with_format(i, j, *x, own.as_ref().unwrap_or(usual))?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_would_show_as_zero_has_a_format_of_its_own() {
        assert_eq!(small("p", 0.0004, 3), Some("\"<0.001\"".to_owned()));
        assert_eq!(small("estimate", -0.000_012_5, 3), Some("0.000000".to_owned()));
        assert_eq!(small("estimate", 1.25e-8, 3), Some("0.000E+00".to_owned()));
        for (column, x) in [("p", 0.04), ("estimate", 0.0007), ("estimate", 0.0), ("n", 12.0)] {
            assert_eq!(small(column, x, 3), None, "{column} {x}");
        }
    }

    #[test]
    fn percentages_are_numbers_that_show_their_sign() {
        assert_eq!(code_of("row_percent", 1, false), "0.0\"%\"");
        assert_eq!(code_of("percent", 3, true), "0\"%\"");
        assert_eq!(code_of("percentile", 3, false), "0.000");
    }

    // The codes are those of ECMA-376, part 1, 18.8.31.
    #[test]
    fn a_format_shows_a_number_as_it_is_printed() {
        for (words, code) in [
            ("0.012", "0.000"),
            ("-0.012", "0.000"),
            ("(0.012)", "\"(\"0.000\")\""),
            ("-1.50***", "0.00\"***\""),
            ("749", "0"),
            ("<0.001", "\"<0.001\""),
            ("1.250e-05", "0.000E+00"),
            ("(1.2e+12)", "\"(\"0.0E+00\")\""),
            ("[-0.5", "\"[\"0.0"),
            ("p = 0.034", "\"p = \"0.000"),
        ] {
            assert_eq!(format_of(words), code, "{words}");
        }
    }
}
