//! Typical mistakes in the spelling of files, numbers and conditions, kept as data as in `cases.rs`.

use rust_xlsxwriter::{Format, Workbook};
use serde_json::json;

use super::cases::{Mistake, Noticed, RIGHT, m, y_as};
use super::files::{ROWS, plain, slope, table, workbook, written, xy};

/// Mistakes in the spelling of files, numbers and conditions.
pub(super) fn of_spelling() -> Vec<Mistake> {
    [files(), sheets(), numbers(), conditions()].into_iter().flatten().collect()
}

/// The table with another sign between its fields.
fn separated(sign: char) -> String {
    String::from_utf8(plain()).expect("UTF-8").replace(',', &sign.to_string())
}

fn utf16(text: &str, mark: bool) -> Vec<u8> {
    let units = mark.then_some(0xfeff).into_iter().chain(text.encode_utf16());
    units.flat_map(u16::to_le_bytes).collect()
}

fn files() -> Vec<Mistake> {
    use Noticed::{Remark, Upload};
    let long = "the_number_of_years_of_schooling_of_the_head";
    vec![
        m("Unicode text of a spreadsheet", RIGHT, utf16(&separated('\t'), true)).ends(2.0, 24),
        m("UTF-16 without a mark", RIGHT, utf16(&separated(','), false))
            .at(Remark("encoding_guess"), &["UTF-16LE"])
            .ends(2.0, 24),
        m("tabs in a csv", RIGHT, separated('\t').into_bytes()).ends(2.0, 24),
        m("bars between fields", RIGHT, separated('|').into_bytes()).ends(2.0, 24),
        m("a line that names the separator", RIGHT, format!("sep=;\n{}", separated(';')).into_bytes())
            .ends(2.0, 24),
        m("the header again in the middle", "400 TEMPLATE_NOT_APPLICABLE: `y` is categorical", {
            table("y,x", |row, x, y| format!("{y},{x}{}", if row == 12 { "\ny,x" } else { "" }))
        })
        .at(Remark("second_header_row"), &["row 14 holds the names of the columns once more (\"y\", \"x\")"])
        .repaired(&[0, 1, 2], 2.0, 24),
        m("a cut-off file of R", "400 INPUT_PARSE_FAILED", b"RDX3\nX\n".to_vec())
            .named("data.rdata")
            .at(Upload("INPUT_PARSE_FAILED"), &["the file ends inside the version"]),
        m("a portable file of SPSS", "400 INPUT_FORMAT_UNSUPPORTED", b"ASCII SPSS PORT FILE    ".to_vec())
            .named("data.por")
            .at(
                Upload("INPUT_FORMAT_UNSUPPORTED"),
                &["a portable file of SPSS (.por); open it in SPSS or PSPP, save it as .sav"],
            ),
        m("a portable file of SPSS that begins in EBCDIC", "400 INPUT_PARSE_FAILED", {
            let mut file = vec![0x40_u8; 40];
            file.extend_from_slice(b"ASCII SPSS PORT FILE                    \r\n");
            file
        })
        .named("data.txt")
        .at(Upload("INPUT_FORMAT_UNSUPPORTED"), &["a portable file of SPSS (.por); open it in SPSS or PSPP"]),
        m("a catalog of SAS", "400 INPUT_PARSE_FAILED", {
            b"\0\0\0\0\0\0\0\0\0\0\0\0\xc2\xea\x81\x63\xb3\x14\x11\xcf\xbd\x92\x08\0\x09\xc7\x31\x8c".to_vec()
        })
        .named("formats.sas7bcat")
        .at(
            Upload("INPUT_FORMAT_UNSUPPORTED"),
            &[
                "a catalog of formats of SAS",
                "upload the data set (.sas7bdat), whose columns keep their codes",
            ],
        ),
        m("a packed table", "400 INPUT_FORMAT_UNSUPPORTED", b"\x1f\x8b\x08\0\0\0\0\0".to_vec())
            .named("data.csv.gz")
            .at(Upload("INPUT_FORMAT_UNSUPPORTED"), &["a gzip archive; unpack it"]),
        m("a cut-off file of SPSS", "400 INPUT_PARSE_FAILED", b"$FL2@(#) SPSS DATA FILE".to_vec())
            .named("data.sav")
            .at(Upload("INPUT_PARSE_FAILED"), &["the file ends inside the header"]),
        m("a PDF", "400 INPUT_FORMAT_UNSUPPORTED", b"%PDF-1.7\n".to_vec()).named("data.pdf").at(
            Upload("INPUT_FORMAT_UNSUPPORTED"),
            &[
                "a PDF document",
                "upload CSV, XLSX, XLSB, XLS, ODS, DTA, SAV, XPT, SAS7BDAT, RDS, RDATA or PARQUET",
            ],
        ),
        m(
            "records of JSON",
            "400 INPUT_FORMAT_UNSUPPORTED",
            br#"[ {"y": 1, "x": 2}, {"y": 2, "x": 3} ]"#.to_vec(),
        )
        .named("data.json")
        .at(
            Upload("INPUT_FORMAT_UNSUPPORTED"),
            &[
                "the file is JSON",
                "upload CSV, XLSX, XLSB, XLS, ODS, DTA, SAV, XPT, SAS7BDAT, RDS, RDATA or PARQUET",
            ],
        ),
        m("a name of 44 letters", "400 CONTRACT_COLUMN_NOT_FOUND", {
            table(&format!("y,{long}"), |_, x, y| format!("{y},{x}"))
        })
        .changed(json!({"roles": {"regressors": [long]}}))
        .at(
            Noticed::Freeze("CONTRACT_COLUMN_NOT_FOUND"),
            &["is named the_number_of_years_of_schooling here: use this name in the draft"],
        ),
        m("an identifier of 18 digits", RIGHT, {
            table("y,x,id", |row, x, y| format!("{y},{x},{}", 110_101_199_001_010_000_u64 + u64::from(row)))
        })
        .at(Remark("code_kept_as_text"), &["id holds codes", "no digit or zero is lost"])
        .ends(2.0, 24),
    ]
}

fn sheets() -> Vec<Mistake> {
    use Noticed::{Remark, Upload};
    let table = |book: &mut Workbook, change: &dyn Fn(&mut rust_xlsxwriter::Worksheet)| {
        let sheet = book.add_worksheet();
        for (column, name) in ["y", "x"].into_iter().enumerate() {
            sheet.write(1, column as u16, name).expect("a header");
        }
        for row in 1..=ROWS {
            let (x, y) = xy(row);
            sheet.write(1 + row, 0, y).and_then(|s| s.write(1 + row, 1, x)).expect("a row");
        }
        change(sheet);
    };
    let book = |change: &dyn Fn(&mut rust_xlsxwriter::Worksheet)| {
        let mut book = Workbook::new();
        table(&mut book, change);
        book.save_to_buffer().expect("a workbook")
    };
    let second = || {
        let mut book = Workbook::new();
        book.add_worksheet().set_name("Notes").and_then(|s| s.write(0, 0, "see the data")).expect("a sheet");
        table(&mut book, &|sheet| {
            sheet.set_name("Survey 2020").expect("a name");
        });
        book.save_to_buffer().expect("a workbook")
    };
    vec![
        m(
            "merged cells over the columns",
            RIGHT,
            book(&|sheet| {
                sheet.merge_range(0, 0, 0, 1, "2019", &Format::new()).expect("merged");
            }),
        )
        .named("data.xlsx")
        .at(Remark("rows_above_header"), &["row 2 was taken as the header"])
        .ends(2.0, 24),
        m("the table on the second sheet", "400 INPUT_EMPTY: the sheet has a header and no rows", second())
            .named("data.xlsx")
            .at(Remark("sheet_chosen"), &["the sheet \"Survey 2020\" was read", "\"Notes\" before it"])
            .ends(2.0, 24),
        m("an empty first sheet", "400 INPUT_EMPTY: the sheet is empty", {
            let mut book = Workbook::new();
            book.add_worksheet();
            table(&mut book, &|sheet| {
                sheet.set_name("Data").expect("a name");
            });
            book.save_to_buffer().expect("a workbook")
        })
        .named("data.xlsx")
        .at(Remark("sheet_chosen"), &["the sheet \"Data\" was read: \"Sheet1\" before it holds no table"])
        .ends(2.0, 24),
        m(
            "identifiers that a spreadsheet has rounded",
            "no remark: different people had one identifier",
            book(&|sheet| {
                sheet.write(1, 2, "id").expect("a header");
                for row in 1..=ROWS {
                    let id = 110_101_199_001_010_000.0 + 1000.0 * f64::from(row);
                    sheet.write(1 + row, 2, id).expect("a cell");
                }
            }),
        )
        .named("data.xlsx")
        .at(
            Remark("lost_digits"),
            &["id holds whole numbers of more than 15 digits", "store the column as text"],
        )
        .ends(2.0, 24),
        m("numbers that are texts in a sheet", RIGHT, {
            book(&|sheet| {
                for row in 1..=ROWS {
                    sheet.write(1 + row, 0, xy(row).1.to_string()).expect("a cell");
                }
            })
        })
        .named("data.xlsx")
        .ends(2.0, 24),
        m("a workbook that ends in the middle", "400 INPUT_PARSE_FAILED", workbook(&[])[..200].to_vec())
            .named("data.xlsx")
            .at(Upload("INPUT_PARSE_FAILED"), &["damaged or truncated"]),
    ]
}

fn numbers() -> Vec<Mistake> {
    let as_text = "no repair: 400 TEMPLATE_NOT_APPLICABLE: `y` is categorical";
    let negative = |mistake: Mistake, says: &'static str| {
        mistake.at(Noticed::Remark("converted_values"), &[says]).ends(-2.0, 24)
    };
    let wide = |text: String| -> String {
        let wide = |c: char| char::from_u32(c as u32 + 0xfee0).expect("a full-width sign");
        text.chars().map(wide).collect()
    };
    vec![
        negative(
            m("negative numbers in parentheses", as_text, y_as(|y| format!("({y})"))),
            "y: numbers in parentheses were read as negative ones",
        ),
        negative(
            m("a minus behind the number", as_text, y_as(|y| format!("{y}-"))),
            "y: numbers with a minus behind them were read as negative ones",
        ),
        negative(
            m("a typographic minus", as_text, y_as(|y| format!("\u{2212}{y}"))),
            "y: numbers with another minus sign were read as negative ones",
        ),
        m("parentheses and commas for thousands", as_text, {
            y_as(|y| {
                if y > 30.0 {
                    format!("\"{}\"", written(1000.0 * y, ",", "."))
                } else {
                    format!("\"({})\"", written(1000.0 * y, ",", "."))
                }
            })
        })
        .at(Noticed::Remark("converted_values"), &["read as negative ones"]),
        m("full-width digits", as_text, y_as(|y| wide(y.to_string())))
            .at(Noticed::Remark("converted_values"), &["y: full-width digits were read as digits"])
            .ends(2.0, 24),
        m(
            "labels in parentheses",
            RIGHT,
            table("y,x,model", |row, x, y| format!("{y},{x},({})", row % 3 + 1)),
        )
        .changed(json!({"sample_if": "model != \"(1)\""}))
        .ends(slope(|row| row % 3 != 0), 16),
        m(
            "grades with a minus",
            RIGHT,
            table("y,x,grade", |row, x, y| format!("{y},{x},{}", if row % 3 == 0 { "3-" } else { "2" })),
        )
        .changed(json!({"sample_if": "grade != \"3-\""}))
        .ends(slope(|row| row % 3 != 0), 16),
    ]
}

fn conditions() -> Vec<Mistake> {
    let refused = "400 EXPRESSION_INVALID without advice";
    let written = [
        ("a word for and", "x > 1 and x < 9", "`and` is written &"),
        ("two signs for and", "x > 1 && x < 9", "`&&` is written &"),
        ("two signs for or", "x < 2 || x > 4", "`||` is written |"),
        ("between", "x between 1 and 5", "inrange(column, 1, 5)"),
        ("a list of values", "x in (1, 2, 3)", "inlist(column, 1, 2)"),
        ("signs of SQL for unequal", "x <> 3", "`<>` is written !="),
        ("a point for missing", "x != .", "missing(column), not by a point"),
        ("is not null", "x is not null", "!missing(column)"),
        ("a text without quotes", "g == a", "a text is written in double quotes, \"a\""),
        ("a full-width sign", "x ＞ 1", "write > on the Latin keyboard"),
        ("a date as it is in the file", "x > 2019-01-01", "date(\"2019-01-01\")"),
        ("a percent sign in a condition", "x > 5%", "a percent sign has no meaning"),
    ];
    let with_g = || table("y,x,g", |row, x, y| format!("{y},{x},{}", if row % 2 == 0 { "a" } else { "b" }));
    let one = |(name, text, advice): (&'static str, &str, &'static str)| {
        m(name, refused, with_g())
            .changed(json!({"sample_if": text}))
            .at(Noticed::Draft("EXPRESSION_INVALID"), &["sample_if", advice])
    };
    written.into_iter().map(one).collect()
}
