//! The files of the mistakes. All come from one table whose regression is known by construction:
//! `y = 10 + 2 x + d` with `d = +.5, -.5, -.5, +.5` in groups of four rows, which has mean 0 and is orthogonal to
//! `x` within each group, so that least squares gives exactly 10 and 2.

use rust_xlsxwriter::Workbook;

/// Rows of the table; a multiple of four.
pub(super) const ROWS: u32 = 24;

/// `x` and `y` of a row, counted from 1.
pub(super) fn xy(row: u32) -> (f64, f64) {
    let x = f64::from(row);
    let d = if matches!(row % 4, 0 | 1) { 0.5 } else { -0.5 };
    (x, 10.0 + 2.0 * x + d)
}

/// A text table: a header, and for each row what `cells` makes of its number, `x` and `y`.
pub(super) fn table(header: &str, cells: impl Fn(u32, f64, f64) -> String) -> Vec<u8> {
    let mut text = format!("{header}\n");
    for row in 1..=ROWS {
        let (x, y) = xy(row);
        text.push_str(&cells(row, x, y));
        text.push('\n');
    }
    text.into_bytes()
}

/// The table without a mistake.
pub(super) fn plain() -> Vec<u8> {
    table("y,x", |_, x, y| format!("{y},{x}"))
}

/// The table with further lines.
pub(super) fn followed_by(lines: &str) -> Vec<u8> {
    let mut bytes = plain();
    bytes.extend_from_slice(lines.as_bytes());
    bytes
}

/// A text table in another encoding, whose third column has these words in turn.
pub(super) fn encoded(encoding: &'static encoding_rs::Encoding, name: &str, words: [&str; 2]) -> Vec<u8> {
    let text = table(&format!("y,x,{name}"), |row, x, y| format!("{y},{x},{}", words[row as usize % 2]));
    let text = String::from_utf8(text).expect("made from text");
    let (bytes, _, unmappable) = encoding.encode(&text);
    assert!(!unmappable, "{text}");
    bytes.into_owned()
}

/// A number as it is written with this sign for thousands and this one for decimals, two of them.
pub(super) fn written(value: f64, thousands: &str, point: &str) -> String {
    let text = format!("{:.2}", value.abs());
    let (whole, fraction) = text.split_once('.').expect("two decimals");
    let mut out = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at) % 3 == 0 {
            out.push_str(thousands);
        }
        out.push(digit);
    }
    format!("{}{out}{point}{fraction}", if value < 0.0 { "-" } else { "" })
}

/// The table as a workbook, with rows above the header.
pub(super) fn workbook(above: &[&[&str]]) -> Vec<u8> {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    let first = above.len() as u32;
    for (row, cells) in above.iter().enumerate() {
        for (column, cell) in cells.iter().enumerate().filter(|(_, cell)| !cell.is_empty()) {
            sheet.write(row as u32, column as u16, *cell).expect("a cell");
        }
    }
    sheet.write(first, 0, "y").and_then(|s| s.write(first, 1, "x")).expect("a header");
    for row in 1..=ROWS {
        let (x, y) = xy(row);
        sheet.write(first + row, 0, y).and_then(|s| s.write(first + row, 1, x)).expect("a row");
    }
    workbook.save_to_buffer().expect("a workbook")
}

/// The slope of least squares of `y` on `x` over some rows, from its formula.
pub(super) fn slope(uses: impl Fn(u32) -> bool) -> f64 {
    let points: Vec<(f64, f64)> = (1..=ROWS).filter(|row| uses(*row)).map(xy).collect();
    let n = points.len() as f64;
    let (x, y) = points.iter().fold((0.0, 0.0), |(a, b), (x, y)| (a + x / n, b + y / n));
    let (sxy, sxx) =
        points.iter().fold((0.0, 0.0), |(a, b), (xi, yi)| (a + (xi - x) * (yi - y), b + (xi - x) * (xi - x)));
    sxy / sxx
}

/// A Stata file of the table whose last four values of `y` are codes, with labels that say that there is no answer.
pub(super) fn labelled_codes() -> Vec<u8> {
    let entries = [(12, "Few"), (97, "Other"), (98, "Don't know"), (99, "Refused (spontaneous)")];
    stata_file(&entries, |row| (row > 20).then_some(if row > 21 { 99.0 } else { 98.0 }))
}

/// A Stata file of the table whose last four values of `y` are a code that no label explains.
pub(super) fn codes_without_labels() -> Vec<u8> {
    stata_file(&[(12, "Few")], |row| (row > 20).then_some(-999.0))
}

fn stata_file(labels: &[(i32, &str)], code: impl Fn(u32) -> Option<f64>) -> Vec<u8> {
    use dta::{Column, Meta, StorageType, ValueLabelSet, Variable, Writer};
    let mut variables: Vec<Variable> =
        ["y", "x"].into_iter().map(|name| Variable::new(name, StorageType::Double)).collect();
    variables[0].value_label = "answers".to_owned();
    let entries = labels.iter().map(|(code, label)| (*code, (*label).to_owned())).collect();
    let value_labels = vec![ValueLabelSet { name: "answers".to_owned(), entries }];
    let meta = Meta { variables, value_labels, ..Meta::default() };
    let y = |row: u32| code(row).unwrap_or(xy(row).1);
    let columns = [
        Column::Double((1..=ROWS).map(y).collect()),
        Column::Double((1..=ROWS).map(|row| xy(row).0).collect()),
    ];
    let mut writer = Writer::create(std::io::Cursor::new(Vec::new()), meta).expect("a header");
    writer.write_rows(&columns.each_ref().map(Column::view)).expect("rows");
    writer.finish().expect("an end").into_inner()
}
