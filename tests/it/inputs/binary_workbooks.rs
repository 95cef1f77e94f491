//! Binary workbooks (tests/fixtures/ingest/make_xlsb.py, which pyxlsb reads too).

use serde_json::{Value, json};
use stata_service::domain::error::ErrorCode;
use stata_service::ports::tabular::IngestOptions;

use super::frames;
use super::ingest_fixtures::{convert, convert_bytes, fixture};

#[test]
fn values_of_a_binary_workbook_are_those_of_its_cells() {
    let file = convert(&fixture("book.xlsb"), "book.xlsb", &IngestOptions::default());
    let file = file.unwrap_or_else(|p| panic!("{p}"));
    assert_eq!((file.data.format.as_str(), file.data.row_count), ("xlsb", 5));
    assert_eq!((file.data.sheet_names.len(), file.data.selected_sheet.as_deref()), (2, Some("data")));
    assert_eq!(file.values("city")[..2], [json!("北京"), json!("上海")]);
    assert_eq!(file.values("pay"), [json!(12.5), json!(15), json!(-9.25), json!(14), Value::Null]);
    assert_eq!(file.values("year"), [2019, 2020, 2021, 2022, 2023].map(|x| json!(x)));
    assert_eq!(file.values("member"), [1, 0, 1, 1, 0].map(|x| json!(x)));
    assert_eq!(file.values("ratio"), [Value::Null, Value::Null, json!(0.5), json!(0.25), json!(1)]);
    assert!(file.warned("error_cells"));
    // days since 1960-01-01, counted with Python's datetime
    let days = [Ok(23_380.0), Ok(23_435.0), Ok(-1.0), Err('.'), Ok(23_741.0)];
    assert_eq!(frames::column(&file, "start"), ("%td".to_owned(), days.to_vec()));
}

#[test]
fn a_cut_binary_workbook_is_refused() {
    let bytes = std::fs::read(fixture("book.xlsb")).expect("a fixture");
    let problem = convert_bytes(&bytes[..bytes.len() - 200], "x.xlsb", &IngestOptions::default()).err();
    assert_eq!(problem.expect("refused").code, ErrorCode::InputParseFailed);
}
