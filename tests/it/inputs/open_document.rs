//! Spreadsheets of OpenDocument, as LibreOffice writes them (tests/fixtures/ingest/make_ods.py).

use std::io::Write as _;

use serde_json::{Value, json};
use stata_service::domain::error::{ErrorCode, Problem};
use stata_service::ports::tabular::IngestOptions;

use super::ingest_fixtures::{Converted, convert, convert_bytes, fixture};

fn read(sheet: Option<&str>) -> Converted {
    let options = IngestOptions { sheet: sheet.map(str::to_owned), ..IngestOptions::default() };
    convert(&fixture("survey.ods"), "survey.ods", &options).unwrap_or_else(|p| panic!("{p}"))
}

fn refusal(bytes: &[u8], name: &str) -> Problem {
    convert_bytes(bytes, name, &IngestOptions::default()).err().expect("it is refused")
}

/// An archive of parts.
fn archive(parts: &[(&str, &str)]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, text) in parts {
        archive.start_file(*name, zip::write::SimpleFileOptions::default()).expect("a part");
        archive.write_all(text.as_bytes()).expect("written");
    }
    archive.finish().expect("an archive").into_inner()
}

/// A spreadsheet with one sheet of these rows.
fn sheet(rows: &str) -> Vec<u8> {
    let content = format!(
        "<office:document-content><office:body><office:spreadsheet><table:table table:name=\"a\">{rows}</table:table>\
         </office:spreadsheet></office:body></office:document-content>"
    );
    archive(&[("content.xml", &content)])
}

fn row(cells: &[&str], times: u64) -> String {
    let cell = |text: &&str| match text.parse::<f64>() {
        Ok(_) => format!("<table:table-cell office:value-type=\"float\" office:value=\"{text}\"/>"),
        Err(_) => format!(
            "<table:table-cell office:value-type=\"string\"><text:p>{text}</text:p></table:table-cell>"
        ),
    };
    let cells: String = cells.iter().map(cell).collect();
    format!("<table:table-row table:number-rows-repeated=\"{times}\">{cells}</table:table-row>")
}

#[test]
fn values_of_a_spreadsheet_are_those_of_its_cells() {
    let file = read(None);
    assert_eq!((file.data.format.as_str(), file.data.row_count, file.data.header_row), ("ods", 6, Some(2)));
    assert_eq!(file.data.sheet_names, ["people", "codes"]);
    let values = |column: &str| file.values(column);
    assert_eq!(values("id"), [1, 2, 300, -4, -4, -4].map(|x| json!(x)));
    // a comment of a cell is no part of its value
    assert_eq!(values("name")[..4], [json!("Zoë & <Max>"), json!("张三"), Value::Null, json!("O'Neil")]);
    assert_eq!(values("share")[..4], [json!(0.125), json!(0.5), Value::Null, json!(1)]);
    // days
    assert_eq!(values("took")[..4], [json!(1.25), json!(0.0625), Value::Null, json!(0)]);
    assert_eq!(values("ratio")[..4], [Value::Null, json!(0.25), Value::Null, json!(0.75)]);
    assert_eq!(values("note")[..2], [json!("two  blanks"), json!("line one\nline two")]);
    assert_eq!(file.column("born").format, "%td");
    assert_eq!(file.column("at").format, "%tc");
    let said = |kind: &str| file.data.warnings.iter().find(|w| w.kind == kind).map(|w| w.message.clone());
    assert_eq!(said("error_cells").as_deref(), Some("1 cells hold a formula error; they are missing"));
    assert!(said("rows_above_header").is_some());
    assert!(
        said("merged_cells").is_some_and(|text| text.contains("rows 3 to 5")),
        "{:?}",
        file.data.warnings
    );
}

#[test]
fn dates_of_a_spreadsheet_are_those_of_its_workbook() {
    let file = read(None);
    let mut reader =
        dta::Reader::open(std::fs::File::open(&file.path).expect("canonical data")).expect("opens");
    let names: Vec<String> = reader.variables().iter().map(|v| v.name.clone()).collect();
    let block = reader.read_block(9).expect("reads").expect("rows");
    // days and milliseconds since 1960, counted with Python's datetime
    for (name, wanted) in
        [("born", [10_651.0, -18_081.0]), ("at", [1_893_553_445_000.0, 1_262_303_999_000.0])]
    {
        let at = names.iter().position(|n| n == name).expect("the variable");
        let mut numbers = Vec::new();
        block.columns[at].append_doubles(&mut numbers);
        assert_eq!(numbers[..2], wanted, "{name}");
    }
}

#[test]
fn a_sheet_is_selected_by_its_name() {
    let codes = read(Some("codes"));
    assert_eq!((codes.data.selected_sheet.as_deref(), codes.data.row_count), (Some("codes"), 1));
    assert_eq!(codes.values("meaning"), [json!("agent")]);
    let options = IngestOptions { sheet: Some("none".into()), ..IngestOptions::default() };
    let absent = convert(&fixture("survey.ods"), "survey.ods", &options).err().expect("refused");
    assert_eq!(absent.code, ErrorCode::InputSheetNotFound);
}

#[test]
fn repeated_rows_and_cells_are_as_many_as_they_say() {
    let head = row(&["a", "b"], 1);
    let cell = "<table:table-cell table:number-columns-repeated=\"2\" office:value-type=\"float\" office:value=\"7\"/>";
    let rows = format!(
        "{head}{}<table:table-row table:number-rows-repeated=\"1000000\"><table:table-cell/></table:table-row>\
         <table:table-row>{cell}</table:table-row>",
        row(&["1", "2"], 1000)
    );
    let file =
        convert_bytes(&sheet(&rows), "a.ods", &IngestOptions::default()).unwrap_or_else(|p| panic!("{p}"));
    assert_eq!(file.data.row_count, 1001);
    let too_many = format!("{head}{}", row(&["1", "2"], 1 << 20));
    assert_eq!(refusal(&sheet(&too_many), "a.ods").code, ErrorCode::InputTooLarge);
    for columns in ["16384", "18446744073709551615"] {
        let wide = cell.replace("\"2\"", &format!("\"{columns}\""));
        let rows = format!("{head}<table:table-row><table:table-cell/>{wide}</table:table-row>");
        assert_eq!(refusal(&sheet(&rows), "a.ods").code, ErrorCode::InputTooLarge, "{columns}");
    }
}

#[test]
fn damaged_protected_and_other_documents_are_refused() {
    let whole = std::fs::read(fixture("survey.ods")).expect("a fixture");
    for length in (4..whole.len()).step_by(509) {
        let cut = refusal(&whole[..length], "survey.ods");
        assert_eq!(cut.code, ErrorCode::InputParseFailed, "{length}: {}", cut.message);
    }
    let protected = archive(&[
        ("content.xml", "\u{1}\u{2}"),
        ("META-INF/manifest.xml", "<manifest:file-entry><manifest:encryption-data/></manifest:file-entry>"),
    ]);
    assert!(refusal(&protected, "a.ods").message.contains("password"));
    assert!(refusal(&archive(&[("content.xml", "")]), "letter.odt").message.contains("upload a spreadsheet"));
    let rows = row(&["a", "b"], 1);
    for broken in
        [&rows[..rows.len() - 3], "<table:table-row><table:table-cell>", "<table:table-row a=", "&broken"]
    {
        let refused = refusal(&sheet(broken), "a.ods");
        assert!(
            matches!(refused.code, ErrorCode::InputParseFailed | ErrorCode::InputEmpty),
            "{broken}: {refused:?}"
        );
    }
}
