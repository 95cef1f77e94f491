//! Texts of a workbook: in one cell, and paragraphs over several columns, which a page as wide as the tables shows whole.

use rust_xlsxwriter::{Format, FormatAlign, Worksheet, XlsxError};

/// Most characters that a cell holds.
const MOST_CHARACTERS: usize = 32_767;
/// Widths of the columns of the sheet of the report, in characters: of the first one, and of the others.
pub(super) const WIDTHS: (f64, f64) = (34.0, 18.0);
/// Width of the sheet of methods, in characters; a page shows it in letters of a readable size.
pub(super) const WIDTH_OF_METHODS: f64 = 95.0;
/// Height of a line, in points.
const LINE: f64 = 15.0;

/// Writes a text into a cell.
pub(super) fn text(
    sheet: &mut Worksheet,
    at: (u32, u16),
    text: &str,
    format: &Format,
) -> Result<(), XlsxError> {
    sheet.write_string_with_format(at.0, at.1, cut(text), format).map(|_| ())
}

/// Writes a paragraph over the first columns of the report, with a row as high as its lines: the height of merged cells does not
/// follow their text by itself, and a text that ran on would make the whole page small.
pub(super) fn paragraph(
    sheet: &mut Worksheet,
    row: u32,
    columns: u16,
    words: &str,
    format: &Format,
) -> Result<(), XlsxError> {
    let format = format.clone().set_text_wrap().set_align(FormatAlign::Top);
    sheet.set_row_height(row, LINE * lines(words, columns))?;
    match columns {
        0 | 1 => text(sheet, (row, 0), words, &format),
        _ => sheet.merge_range(row, 0, row, columns - 1, &cut(words), &format).map(|_| ()),
    }
}

/// Writes a long text into the first cell of a row that is as high as its lines: not every program fits rows to wrapped texts when it
/// opens a file. `width`: of the column, in characters.
pub(super) fn long(sheet: &mut Worksheet, row: u32, width: f64, words: &str) -> Result<(), XlsxError> {
    sheet.set_row_height(row, LINE * lines_within(words, width))?;
    text(sheet, (row, 0), words, &Format::new().set_text_wrap().set_align(FormatAlign::Top))
}

/// Lines of a text in so many columns, with some room for words that do not fit at the end of a line.
fn lines(words: &str, columns: u16) -> f64 {
    let room = WIDTHS.0 + WIDTHS.1 * f64::from(columns.saturating_sub(1));
    lines_within(words, room)
}

fn lines_within(words: &str, room: f64) -> f64 {
    (letters(words) * 1.08 / room).ceil().max(1.0)
}

/// Letters of a text; Chinese ones are twice as wide.
pub(super) fn letters(text: &str) -> f64 {
    text.chars().map(|c| if (c as u32) >= 0x2e80 { 2.0 } else { 1.0 }).sum()
}

fn cut(text: &str) -> String {
    text.chars().take(MOST_CHARACTERS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_paragraph_has_the_lines_that_its_columns_need() {
        assert_eq!(lines("short", 5), 1.0);
        // 34 + 4 * 18 characters are a line
        assert_eq!(lines(&"word ".repeat(40), 5), 3.0);
        assert_eq!(lines(&"字".repeat(50), 5), 2.0);
        assert_eq!(lines("", 0), 1.0);
    }
}
