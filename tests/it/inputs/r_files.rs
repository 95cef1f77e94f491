//! Files of R (crates/rds/tests/fixtures/generate.R), read as Stata has such values.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use stata_service::domain::error::{ErrorCode, Problem};
use stata_service::ports::tabular::IngestOptions;

use super::frames;
use super::ingest_fixtures::{Converted, convert, convert_bytes};

fn file_of_r(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("crates/rds/tests/fixtures").join(name)
}

fn read(name: &str, sheet: Option<&str>) -> Converted {
    let options = IngestOptions { sheet: sheet.map(str::to_owned), ..IngestOptions::default() };
    convert(&file_of_r(name), name, &options).unwrap_or_else(|p| panic!("{name}: {p}"))
}

fn refusal(name: &str) -> Problem {
    convert(&file_of_r(name), name, &IngestOptions::default()).err().expect("it is refused")
}

#[test]
fn values_of_r_come_out_as_stata_has_them() {
    for form in ["", "_v2", "_bzip2", "_xz", "_plain", "_ascii", "_hex", "_native"] {
        let file = read(&format!("survey{form}.rds"), None);
        let values = |column: &str| file.values(column);
        assert_eq!((file.data.format.as_str(), file.data.row_count), ("rds", 4), "{form}");
        assert_eq!(file.data.encoding.as_deref(), Some("UTF-8"));
        assert_eq!(values("id"), [json!(1), json!(2), Value::Null, json!(-4)]);
        assert_eq!(values("income"), [json!(1234.5), Value::Null, Value::Null, json!(-0.25)]);
        assert_eq!(values("big"), [json!(1e300), Value::Null, Value::Null, json!(0)]);
        assert_eq!(values("yes"), [json!(1), json!(0), Value::Null, json!(1)]);
        assert_eq!(values("name"), [json!("Zoë"), Value::Null, json!("张三"), Value::Null]);
        // numbers beyond 2^53 stay texts
        if matches!(form, "_ascii" | "_hex") {
            assert_eq!(file.data.warnings.iter().filter(|w| w.kind == "column_left_out").count(), 2);
        } else {
            assert_eq!(values("account"), [json!("9007199254740993"), Value::Null, json!("-5"), json!("12")]);
            assert_eq!(values("count"), [json!(1), json!(2), Value::Null, json!(4)]);
            assert_eq!(file.column("count").storage, "byte");
            frames::said(&file, "code_kept_as_text", "account");
        }
        assert_eq!(values("took"), [json!(1.5), Value::Null, json!(2), json!(0)]);
        assert_eq!(values("clock"), [json!(3723), Value::Null, json!(0), json!(86_399)]);
        assert_eq!(file.column("income").label.as_deref(), Some("Household income"));
        let storage = |column: &str| file.column(column).storage.clone();
        assert_eq!(
            [storage("id"), storage("whole"), storage("grade"), storage("income")],
            ["byte", "int", "byte", "double"]
        );
        assert!(frames::said(&file, "infinite_values", "big").contains("2 values"));
        assert!(frames::said(&file, "duration_in_units", "took").ends_with("a number of hours here"));
        frames::said(&file, "duration_in_seconds", "clock");
        assert!(frames::said(&file, "time_zone", "berlin").contains("Europe/Berlin"));
        assert!(
            !file.data.warnings.iter().any(|w| w.kind == "time_zone" && w.column.as_deref() == Some("at"))
        );
    }
}

#[test]
fn dates_of_r_become_those_of_stata() {
    let file = read("survey.rds", None);
    // days, months, quarters and milliseconds since 1960, counted with Python's datetime
    let dates = [
        ("born", "%td", [Ok(10_651.0), Ok(-39_995.0), Err('.'), Ok(23_435.0)]),
        ("whole_day", "%td", [Ok(3_660.0), Err('.'), Ok(3_653.0), Ok(3_652.0)]),
        ("at", "%tc", [Ok(1_893_553_445_000.0), Ok(1_262_303_999_500.0), Err('.'), Ok(0.0)]),
        ("berlin", "%tc", [Ok(1_893_549_845_000.0), Err('.'), Ok(1_909_271_045_000.0), Ok(-3_600_000.0)]),
        ("month", "%tm", [Ok(768.0), Ok(769.0), Err('.'), Ok(-1.0)]),
        ("quarter", "%tq", [Ok(256.0), Ok(257.0), Err('.'), Ok(-1.0)]),
    ];
    for (name, format, values) in dates {
        assert_eq!(frames::column(&file, name), (format.to_owned(), values.to_vec()), "{name}");
    }
}

#[test]
fn levels_and_labels_become_value_labels() {
    let file = read("survey.rds", None);
    assert_eq!(frames::column(&file, "grade").1, [Ok(1.0), Ok(3.0), Ok(2.0), Err('.')]);
    let levels = ["low", "mid", "high"].map(str::to_owned);
    assert_eq!(frames::labels(&file, "grade"), (1..).zip(levels).collect::<Vec<_>>());
    let file = read("labelled.rds", None);
    let missing = |letter| dta::Missing::from_letter(letter).expect("a letter").long();
    assert_eq!(frames::column(&file, "tagged").1, [Ok(1.0), Err('a'), Err('z'), Ok(2.0)]);
    let tagged = [(1, "no".to_owned()), (2, "yes".to_owned()), (missing('a'), "refused".to_owned())];
    assert_eq!(frames::labels(&file, "tagged"), tagged);
    assert_eq!(file.column("tagged").label.as_deref(), Some("Tagged"));
    // as of files of SPSS, from which such columns come
    assert_eq!(frames::column(&file, "age").1, [Ok(31.0), Err('a'), Err('b'), Ok(45.0)]);
    assert_eq!(
        frames::labels(&file, "age"),
        [(missing('a'), "refused".to_owned()), (missing('b'), "unknown".to_owned())]
    );
    assert_eq!(
        frames::said(&file, "user_missing", "age"),
        "age has values that the file declares missing; here 98 (refused) is .a, 99 (unknown) is .b"
    );
    assert_eq!(frames::column(&file, "score").1, [Ok(5.0), Err('b'), Err('a'), Ok(9.0)]);
    assert!(frames::said(&file, "text_labels", "region").ends_with("\"N\" is North, \"S\" is South"));
    frames::said(&file, "value_labels_cut", "half");
}

#[test]
fn a_data_frame_of_several_is_selected_by_its_name() {
    let first = read("several.RData", None);
    assert_eq!(first.data.sheet_names, ["named", "part", "m", "awkward", "dt"]);
    assert_eq!((first.data.selected_sheet.as_deref(), first.data.row_count), (Some("named"), 3));
    assert_eq!(first.values("row_names"), [json!("x"), json!("y"), json!("z")]);
    let part = read("several.RData", Some("part"));
    assert_eq!(
        (part.values("row_names"), part.values("a")),
        (vec![json!(2), json!(4)], vec![json!(20), json!(40)])
    );
    let table = read("several_v2.rda", Some("DT"));
    assert_eq!(frames::column(&table, "day"), ("%td".to_owned(), vec![Ok(21_915.0), Ok(21_975.0)]));
    let alone = read("one.RData", None);
    assert_eq!((alone.data.selected_sheet.as_deref(), alone.data.sheet_names.len()), (None, 0));
    let options = IngestOptions { sheet: Some("third".into()), ..IngestOptions::default() };
    let missing = convert(&file_of_r("several.RData"), "several.RData", &options).err().expect("refused");
    assert_eq!(missing.code, ErrorCode::InputSheetNotFound);
    assert_eq!(missing.message, "the file has no data frame named third");
}

#[test]
fn columns_that_no_data_set_can_have_are_left_out_by_name() {
    let file = read("several.RData", Some("awkward"));
    let names: Vec<&str> = file.data.columns.iter().map(|c| c.name.as_str()).collect();
    assert_eq!(names, ["a", "m_one", "m_two", "z", "money"]);
    let left_out: Vec<&str> = file
        .data
        .warnings
        .iter()
        .filter(|w| w.kind == "column_left_out")
        .map(|w| w.message.as_str())
        .collect();
    assert_eq!(left_out.len(), 4);
    assert_eq!(
        left_out[0],
        "column \"l\" is left out: its values are lists; a column has one value in each row"
    );
    assert!(left_out[1].contains("\"lt\"") && left_out[1].contains("as.POSIXct()"), "{left_out:?}");
    assert!(frames::said(&file, "class_of_r", "money").contains("the class money in R"));
}

#[test]
fn texts_are_in_the_encoding_of_their_marks() {
    let file = read("latin.rds", None);
    assert_eq!(file.data.columns[0].name, "größe");
    assert_eq!(file.values("größe"), [json!("Zoë"), json!("张")]);
}

#[test]
fn other_files_of_r_are_refused_with_the_reason() {
    for (name, said) in [("model.rds", "a list"), ("vector.rds", "a vector"), ("function.rds", "a function")]
    {
        let problem = refusal(name);
        assert_eq!(problem.code, ErrorCode::InputFormatUnsupported, "{name}");
        assert!(problem.message.contains(said), "{name}: {}", problem.message);
    }
    let whole = std::fs::read(file_of_r("survey_plain.rds")).expect("a fixture");
    for length in [20, 100, 800, whole.len() - 1] {
        let cut = convert_bytes(&whole[..length], "survey.rds", &IngestOptions::default());
        let cut = cut.err().expect("it is refused");
        assert_eq!(cut.code, ErrorCode::InputParseFailed, "{length}: {}", cut.message);
    }
    let renamed =
        convert_bytes(b"a,b\n1,2\n", "survey.rds", &IngestOptions::default()).err().expect("refused");
    assert!(renamed.message.contains("its content is not"), "{}", renamed.message);
    // a text table whose only column is named A
    let table =
        convert_bytes(b"A\n3\n2\n1\n", "a.csv", &IngestOptions::default()).unwrap_or_else(|p| panic!("{p}"));
    assert_eq!(table.data.format, "csv");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_data_frame_becomes_the_numbers_of_statsmodels() {
    let bytes = include_bytes!("../../fixtures/ingest/frames/pay.rds");
    frames::run("pay.rds", bytes).await;
}
