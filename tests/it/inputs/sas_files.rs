//! Files of SAS: transport files written by other programs (crates/xport/tests/fixtures/generate.py) and data sets written by
//! ReadStat (tests/fixtures/ingest/sas/make.R), read as Stata has such values.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use stata_service::domain::error::{ErrorCode, Problem};
use stata_service::ports::tabular::IngestOptions;

use super::frames::said;
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
            "the values of id have labels in the format SEXFMT, which the file does not contain"
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

fn data_set() -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/ingest/sas/readstat.sas7bdat");
    std::fs::read(path).expect("a fixture")
}

fn read_data_set(bytes: &[u8]) -> Converted {
    convert_bytes(bytes, "survey.sas7bdat", &IngestOptions::default()).unwrap_or_else(|p| panic!("{p}"))
}

#[test]
fn data_sets_in_the_format_of_sas_are_read() {
    let file = read_data_set(&data_set());
    assert_eq!((file.data.format.as_str(), file.data.row_count), ("sas7bdat", 4));
    assert_eq!(file.data.encoding.as_deref(), Some("UTF-8"));
    assert_eq!(file.values("id"), [json!(1), json!(2), json!(300), json!(-4)]);
    assert_eq!(column(&file, "income").1, [Ok(1234.5), Ok(-0.25), Err('.'), Ok(1e12)]);
    assert_eq!(file.column("income").label.as_deref(), Some("Household income"));
    // the letters of missing values stay
    assert_eq!(column(&file, "age").1, [Ok(31.0), Err('a'), Err('.'), Err('z')]);
    assert!(said(&file, "labels_elsewhere", "age").contains("in the format AGEFMT"));
    assert_eq!(
        column(&file, "born"),
        ("%td".to_owned(), vec![Ok(10_651.0), Ok(-39_995.0), Err('.'), Ok(23_435.0)])
    );
    let moments = vec![Ok(1_893_553_445_000.0), Ok(1_262_303_999_000.0), Err('.'), Ok(0.0)];
    assert_eq!(column(&file, "at"), ("%tc".to_owned(), moments));
    assert_eq!(column(&file, "took").1, [Ok(3723.0), Ok(0.0), Err('.'), Ok(86_399.0)]);
    assert_eq!(file.values("person"), [json!("Zo"), json!("张三"), Value::Null, json!("O'Neil")]);
}

#[test]
fn the_encoding_of_a_data_set_is_the_one_that_it_names() {
    let mut bytes = data_set();
    // the number of windows-1252
    bytes[70] = 62;
    let at = bytes.windows(4).position(|four| four == b"Zo\0\0" || four == b"Zo  ").expect("the text");
    bytes[at + 1] = 0xf6;
    let file = read_data_set(&bytes);
    assert_eq!(file.data.encoding.as_deref(), Some("windows-1252"));
    assert_eq!(file.values("person")[0], json!("Zö"));
    assert_eq!(file.column("income").label.as_deref(), Some("Household income"));
}

#[test]
fn damaged_data_sets_are_refused_or_have_all_their_rows() {
    let whole = data_set();
    for length in (0..whole.len()).step_by(487) {
        let refused = refusal(&whole[..length], "survey.sas7bdat");
        assert!(
            matches!(
                refused.code,
                ErrorCode::InputParseFailed | ErrorCode::InputEmpty | ErrorCode::InputFormatUnsupported
            ),
            "{length}: {refused:?}"
        );
    }
    // a file of one page more or less than its header says, and words of the header and of the descriptions that lie
    let words: Vec<usize> =
        (192..whole.len() - 8).step_by(4).filter(|at| whole[*at..at + 4] != [0; 4]).collect();
    assert!(words.len() > 100, "{}", words.len());
    for at in words {
        for lie in [[0xff; 4], [0xff, 0xff, 0xff, 0x7f], [0; 4], [1, 0, 0, 0]] {
            let mut lying = whole.clone();
            lying[at..at + 4].copy_from_slice(&lie);
            if let Ok(file) = convert_bytes(&lying, "survey.sas7bdat", &IngestOptions::default()) {
                assert!(
                    file.data.row_count > 0 && file.data.row_count <= 4,
                    "{at} {lie:?}: {}",
                    file.data.row_count
                );
            }
        }
    }
}

#[test]
fn damaged_and_other_files_of_sas_are_refused_with_the_reason() {
    let whole = std::fs::read(transport_file("version8.xpt")).expect("a fixture");
    for cut in [&whole[..whole.len() - 80], &whole[..whole.len() - 7], &whole[..100]] {
        let cut = refusal(cut, "survey.xpt");
        assert_eq!(cut.code, ErrorCode::InputParseFailed, "{}", cut.message);
    }
    assert!(refusal(b"**COMPRESSED** **COMPRESSED** ", "x.xpt").message.contains("PROC CPORT"));
    assert!(refusal(b"a,b\n1,2\n", "x.xpt").message.contains("its content is not"));
}
