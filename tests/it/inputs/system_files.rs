//! Files of SPSS: written by other programs (crates/sav/tests/fixtures/generate.py), read as Stata has such values.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use stata_service::domain::error::{ErrorCode, Problem};
use stata_service::ports::tabular::IngestOptions;

use super::frames::said;
use super::ingest_fixtures::{Converted, convert, convert_bytes};

fn system_file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("crates/sav/tests/fixtures").join(name)
}

fn read(name: &str) -> Converted {
    convert(&system_file(name), name, &IngestOptions::default()).unwrap_or_else(|p| panic!("{name}: {p}"))
}

fn refusal(bytes: &[u8], name: &str) -> Problem {
    convert_bytes(bytes, name, &IngestOptions::default()).err().expect("it is refused")
}

/// The texts of a column in full; a preview shortens them.
fn texts(file: &Converted, name: &str) -> Vec<String> {
    let mut reader =
        dta::Reader::open(std::fs::File::open(&file.path).expect("canonical data")).expect("opens");
    let at = reader.variables().iter().position(|v| v.name == name).expect("the variable");
    let block = reader.read_block(9).expect("reads").expect("rows");
    match &block.columns[at] {
        dta::Column::Str(texts) => texts.iter().map(str::to_owned).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn values_of_spss_come_out_as_stata_has_them() {
    for name in ["plain.sav", "bytes.sav", "blocks.zsav", "gbk.sav"] {
        let file = read(name);
        let values = |column: &str| file.values(column);
        assert_eq!((file.data.format.as_str(), file.data.row_count), ("sav", 4));
        assert_eq!(file.data.encoding.as_deref(), Some(if name == "gbk.sav" { "GBK" } else { "UTF-8" }));
        assert_eq!(values("id"), [json!(1), json!(2), json!(300), json!(-4)], "{name}");
        assert_eq!(
            values("income"),
            [json!(1234.5), json!(-0.25), Value::Null, json!(1_000_000_000_000_i64)]
        );
        assert_eq!(
            values("the_name_of_the_person"),
            [json!("Zo"), json!("张三"), Value::Null, json!("O'Neil")]
        );
        assert_eq!(
            texts(&file, "note"),
            [format!("{}end.", "abcdefghij".repeat(59)), "short".into(), String::new(), "b".repeat(255)]
        );
        assert_eq!(file.column("note").label.as_deref(), Some("备注"));
        assert_eq!(file.column("age").label.as_deref(), Some("Age in years"));
        // whole numbers take little room, whatever their format
        let storage = |column: &str| file.column(column).storage.clone();
        assert_eq!(
            (storage("id"), storage("sex"), storage("income")),
            ("int".into(), "byte".into(), "double".into())
        );
        assert_eq!(
            said(&file, "duration_in_seconds", "took"),
            "took is a duration; it is a number of seconds here"
        );
        assert!(said(&file, "weighted_file", "age").contains("here every row counts once"));
    }
}

#[test]
fn dates_of_spss_become_those_of_stata() {
    let file = read("bytes.sav");
    // days, months, quarters and milliseconds since 1960, counted with Python's datetime
    let dates = [
        ("born", "%td", [10_651.0, -39_995.0, 23_435.0]),
        ("month", "%tm", [494.0, 495.0, -1.0]),
        ("quarter", "%tq", [165.0, 166.0, -1.0]),
        ("at", "%tc", [1_893_553_445_000.0, 1_262_303_999_000.0, 0.0]),
    ];
    let mut reader =
        dta::Reader::open(std::fs::File::open(&file.path).expect("canonical data")).expect("opens");
    let variables = reader.variables().to_vec();
    let block = reader.read_block(9).expect("reads").expect("rows");
    for (name, format, wanted) in dates {
        let at = variables.iter().position(|v| v.name == name).expect("the variable");
        assert_eq!(variables[at].format, format, "{name}");
        let mut numbers = Vec::new();
        block.columns[at].append_doubles(&mut numbers);
        assert_eq!([numbers[0], numbers[1], numbers[3]], wanted, "{name}");
        assert_eq!(dta::Missing::of_double(numbers[2]), Some(dta::Missing::SYSTEM), "{name}");
    }
}

#[test]
fn missing_values_of_spss_keep_letters_and_labels() {
    let file = read("bytes.sav");
    let mut reader =
        dta::Reader::open(std::fs::File::open(&file.path).expect("canonical data")).expect("opens");
    let (variables, meta) = (reader.variables().to_vec(), reader.meta().clone());
    let block = reader.read_block(9).expect("reads").expect("rows");
    let letters = |name: &str| -> Vec<Option<char>> {
        let at = variables.iter().position(|v| v.name == name).expect("the variable");
        let mut numbers = Vec::new();
        block.columns[at].append_doubles(&mut numbers);
        let letter = |x: &f64| dta::Missing::of_double(*x).map(|m| m.rank()).filter(|rank| *rank > 0);
        numbers.iter().map(|x| letter(x).map(|rank| char::from(b'a' + rank - 1))).collect()
    };
    assert_eq!(letters("age"), [None, Some('b'), None, Some('a')], "98 before 99");
    assert_eq!(letters("sex"), [None, None, Some('a'), None]);
    // LOWEST to 0, and 99
    assert_eq!(letters("score"), [None, Some('a'), Some('b'), None]);
    let labels = |name: &str| {
        let variable = variables.iter().find(|v| v.name == name).expect("the variable");
        meta.value_labels
            .iter()
            .find(|set| set.name == variable.value_label)
            .expect("its labels")
            .entries
            .clone()
    };
    let missing = |letter| dta::Missing::from_letter(letter).expect("a letter").long();
    let sex = [(1, "Male".to_owned()), (2, "Female".to_owned()), (missing('a'), "No answer".to_owned())];
    assert_eq!(labels("sex"), sex);
    assert_eq!(labels("age"), [(missing('a'), "Refused".to_owned()), (missing('b'), "Unknown".to_owned())]);
    // labels of missing answers make no categories of ages
    let has_labels =
        |name: &str| file.data.columns.iter().find(|c| c.name == name).is_some_and(|c| c.value_labels);
    assert!(has_labels("sex") && !has_labels("age"));
    assert_eq!(
        said(&file, "user_missing", "age"),
        "age has values that the file declares missing; here 98 (Refused) is .a, 99 (Unknown) is .b"
    );
    assert_eq!(file.values("region"), [json!("N"), json!("S"), Value::Null, json!("N")]);
    assert_eq!(
        said(&file, "user_missing", "region"),
        "the file declares these texts of region missing, here they are empty: \"X\""
    );
    assert!(said(&file, "text_labels", "region").ends_with("\"N\" is North, \"S\" is South"));
}

#[test]
fn damaged_system_files_are_refused_with_the_reason() {
    let whole = std::fs::read(system_file("bytes.sav")).expect("a fixture");
    let cut = refusal(&whole[..whole.len() - 400], "survey.sav");
    assert_eq!(cut.code, ErrorCode::InputParseFailed);
    assert!(cut.message.contains("the file"), "{}", cut.message);
    let mut encrypted = b"\x1c\0\0\0\0\0\0\0ENCRYPTEDSAV".to_vec();
    encrypted.resize(200, 0);
    let encrypted = refusal(&encrypted, "survey.sav");
    assert_eq!(encrypted.code, ErrorCode::InputFormatUnsupported);
    assert!(encrypted.message.contains("without a password"), "{}", encrypted.message);
    let renamed = refusal(b"a,b\n1,2\n", "survey.sav");
    assert!(renamed.message.contains("its content is not"), "{}", renamed.message);
}
