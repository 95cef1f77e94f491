//! SAS transport files: written by other programs (crates/xport/tests/fixtures/generate.py), read as Stata has such values.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use stata_service::domain::error::{ErrorCode, Problem};
use stata_service::ports::tabular::IngestOptions;

use super::ingest_fixtures::{Converted, convert, convert_bytes};

fn transport_file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("crates/xport/tests/fixtures").join(name)
}

fn read(name: &str, sheet: Option<&str>) -> Converted {
    let options = IngestOptions { sheet: sheet.map(str::to_owned), ..IngestOptions::default() };
    convert(&transport_file(name), name, &options).unwrap_or_else(|p| panic!("{name}: {p}"))
}

fn refusal(bytes: &[u8], name: &str) -> Problem {
    convert_bytes(bytes, name, &IngestOptions::default()).err().expect("it is refused")
}

fn said(file: &Converted, kind: &str, column: &str) -> String {
    let all = &file.data.warnings;
    let found = all.iter().find(|w| w.kind == kind && w.column.as_deref() == Some(column));
    found.unwrap_or_else(|| panic!("no {kind} on {column}: {all:?}")).message.clone()
}

/// Format and values of a column; a letter for a missing value.
fn column(file: &Converted, name: &str) -> (String, Vec<Result<f64, char>>) {
    let mut reader =
        dta::Reader::open(std::fs::File::open(&file.path).expect("canonical data")).expect("opens");
    let at = reader.variables().iter().position(|v| v.name == name).expect("the variable");
    let format = reader.variables()[at].format.clone();
    let block = reader.read_block(9).expect("reads").expect("rows");
    let mut numbers = Vec::new();
    block.columns[at].append_doubles(&mut numbers);
    let value = |x: f64| match dta::Missing::of_double(x).map(|missing| missing.rank()) {
        None => Ok(x),
        Some(0) => Err('.'),
        Some(rank) => Err(char::from(b'a' + rank - 1)),
    };
    (format, numbers.into_iter().map(value).collect())
}

#[test]
fn values_of_sas_come_out_as_stata_has_them() {
    for (name, person) in [("version5.xpt", "person"), ("version8.xpt", "the_name_of_the_person")] {
        let file = read(name, None);
        assert_eq!((file.data.format.as_str(), file.data.row_count), ("xpt", 4));
        assert_eq!(file.values("id"), [json!(1), json!(2), json!(300), json!(-4)], "{name}");
        assert_eq!(
            file.values("income"),
            [json!(1234.5), json!(-0.25), Value::Null, json!(1_000_000_000_000_i64)]
        );
        assert_eq!(file.values(person), [json!("Zo"), json!("张三"), Value::Null, json!("O'Neil")]);
        assert_eq!(file.column("income").label.as_deref(), Some("Household income"));
        assert_eq!(file.column("id").storage, "int");
        // days, months, quarters and milliseconds since 1960, counted with Python's datetime
        let dates = [
            ("born", "%td", [10_651.0, -39_995.0, 23_435.0]),
            ("month", "%tm", [494.0, 495.0, -1.0]),
            ("quarter", "%tq", [165.0, 166.0, -1.0]),
            ("at", "%tc", [1_893_553_445_000.0, 1_262_303_999_000.0, 0.0]),
        ];
        for (date, format, [first, second, last]) in dates {
            let wanted = (format.to_owned(), vec![Ok(first), Ok(second), Err('.'), Ok(last)]);
            assert_eq!(column(&file, date), wanted, "{name}: {date}");
        }
        assert_eq!(
            said(&file, "duration_in_seconds", "took"),
            "took is a duration; it is a number of seconds here"
        );
        assert_eq!(
            said(&file, "labels_elsewhere", "id"),
            "the values of id have labels in the format SEXFMT, which a transport file does not contain"
        );
    }
}

#[test]
fn a_data_set_of_several_is_selected_by_its_name() {
    let first = read("library.xpt", None);
    assert_eq!(first.data.sheet_names, ["FIRST", "SECOND"]);
    assert_eq!((first.data.selected_sheet.as_deref(), first.data.row_count), (Some("FIRST"), 5));
    assert_eq!(first.data.encoding.as_deref(), Some("windows-1252"));
    assert_eq!(first.values("CITY")[..3], [json!("Zürich"), Value::Null, json!("Genève")]);
    // the letters of missing values stay; Stata has no ._
    assert_eq!(column(&first, "AGE").1[..2], [Ok(31.0), Err('a')]);
    assert_eq!(column(&first, "SCORE").1, [Ok(-2.5), Err('.'), Ok(0.0625), Ok(4096.0), Ok(2.0)]);
    assert_eq!(column(&first, "WEIGHT").1[..4], [Ok(70.25), Err('z'), Err('.'), Ok(1e-5)]);
    let second = read("library.xpt", Some("second"));
    assert_eq!((second.data.selected_sheet.as_deref(), second.data.row_count), (Some("SECOND"), 41));
    let options = IngestOptions { sheet: Some("third".into()), ..IngestOptions::default() };
    let missing = convert(&transport_file("library.xpt"), "library.xpt", &options).err().expect("refused");
    assert_eq!(missing.code, ErrorCode::InputSheetNotFound);
    assert_eq!(missing.message, "the transport file has no data set named third");
}

#[test]
fn damaged_and_other_files_of_sas_are_refused_with_the_reason() {
    let whole = std::fs::read(transport_file("version8.xpt")).expect("a fixture");
    for cut in [&whole[..whole.len() - 80], &whole[..whole.len() - 7], &whole[..100]] {
        let cut = refusal(cut, "survey.xpt");
        assert_eq!(cut.code, ErrorCode::InputParseFailed, "{}", cut.message);
    }
    let mut data_set = vec![0; 12];
    data_set.extend(b"\xc2\xea\x81\x60\xb3\x14\x11\xcf\xbd\x92\x08\0\x09\xc7\x31\x8c\x18\x1f\x10\x11");
    let foreign = refusal(&data_set, "survey.sas7bdat");
    assert_eq!(foreign.code, ErrorCode::InputFormatUnsupported);
    assert!(foreign.message.contains("LIBNAME engine xport"), "{}", foreign.message);
    assert!(refusal(b"**COMPRESSED** **COMPRESSED** ", "x.xpt").message.contains("PROC CPORT"));
    assert!(refusal(b"a,b\n1,2\n", "x.xpt").message.contains("its content is not"));
}
