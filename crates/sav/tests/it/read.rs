//! Files of PSPP and ReadStat are read as what was written (tests/fixtures/generate.py).

use std::fs::File;
use std::path::PathBuf;

use sav::{Column, FormatKind, HIGHEST, LOWEST, MissingValues, Reader, Variable};
use serde_json::Value;

const LIMIT: u64 = 1 << 20;

fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

fn open(name: &str) -> Reader<File> {
    Reader::open(File::open(fixture(name)).expect("a fixture"), LIMIT).expect("opens")
}

/// Names of the expected columns, and their rows.
fn expected() -> (Vec<String>, Vec<Vec<Value>>) {
    let text = std::fs::read_to_string(fixture("expected.json")).expect("a fixture");
    let mut all: Value = serde_json::from_str(&text).expect("JSON");
    let names = serde_json::from_value(all["names"].take()).expect("names");
    (names, serde_json::from_value(all["rows"].take()).expect("rows"))
}

/// The values of a column, as JSON has them.
fn values(column: &Column, decode: fn(&[u8]) -> String) -> Vec<Value> {
    match column {
        Column::Numbers(numbers) => {
            numbers.iter().map(|x| if x.is_nan() { Value::Null } else { Value::from(*x) }).collect()
        }
        Column::Texts { .. } => column.texts().map(|text| Value::from(decode(text))).collect(),
    }
}

fn utf8(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

fn variable<'a>(reader: &'a Reader<File>, name: &str) -> &'a Variable {
    reader.variables().iter().find(|v| v.name == name.as_bytes()).expect("the variable")
}

#[test]
fn every_compression_holds_the_same_cases() {
    let (names, rows) = expected();
    for name in ["plain.sav", "bytes.sav", "blocks.zsav", "readstat.sav", "readstat.zsav"] {
        let mut reader = open(name);
        assert_eq!(reader.encoding(), Some("UTF-8"), "{name}");
        // once more behind the end, and in blocks that the number of cases does not divide
        for most in [100, 3] {
            let mut found: Vec<Vec<Value>> = vec![Vec::new(); reader.variables().len()];
            while let Some(block) = reader.read_block(most).expect("reads") {
                assert!(block.iter().all(|c| values(c, utf8).len() <= most));
                found.iter_mut().zip(&block).for_each(|(all, column)| all.extend(values(column, utf8)));
            }
            for (variable, found) in reader.variables().iter().zip(&found) {
                let at = names.iter().position(|n| n.as_bytes() == variable.name).expect("a known name");
                let wanted: Vec<Value> = rows.iter().map(|row| as_number(&row[at])).collect();
                assert_eq!(*found, wanted, "{name}: {}", names[at]);
            }
            reader.rewind().expect("goes back");
        }
    }
}

/// Whole numbers of JSON as those with a fraction.
fn as_number(value: &Value) -> Value {
    value.as_f64().map_or_else(|| value.clone(), Value::from)
}

#[test]
fn labels_formats_and_missing_values_are_those_of_the_syntax() {
    let reader = open("bytes.sav");
    assert_eq!(reader.announced_cases(), Some(4));
    assert_eq!(reader.weight().map(|at| utf8(&reader.variables()[at].name)), Some("age".to_owned()));
    let age = variable(&reader, "age");
    assert_eq!((utf8(&age.label).as_str(), age.width), ("Age in years", None));
    assert_eq!(age.labels, [(98.0, b"Refused".to_vec()), (99.0, b"Unknown".to_vec())]);
    assert_eq!(age.missing.numbers, [98.0, 99.0]);
    let score = variable(&reader, "score");
    assert_eq!((score.missing.range, score.missing.numbers.as_slice()), (Some((LOWEST, 0.0)), &[99.0][..]));
    assert!(score.missing.has(-5.0) && score.missing.has(99.0) && !score.missing.has(12.0));
    assert!(!score.missing.has(HIGHEST) && !score.missing.has(f64::NAN));
    let region = variable(&reader, "region");
    assert_eq!((region.width, region.format.kind), (Some(3), FormatKind::Text));
    assert_eq!(region.missing.texts, [b"X".to_vec()]);
    assert_eq!(region.text_labels.len(), 2);
    assert_eq!(region.text_labels[0], (b"N".to_vec(), b"North".to_vec()));
    assert_eq!(variable(&reader, "note").width, Some(600));
    assert_eq!(variable(&reader, "income").missing, MissingValues::default());
    assert_eq!(variable(&reader, "income").format.decimals, 2);
    let kinds: Vec<FormatKind> =
        ["born", "month", "quarter", "at", "took"].map(|n| variable(&reader, n).format.kind).to_vec();
    use FormatKind::{Date, DateTime, Month, Quarter, Time};
    assert_eq!(kinds, [Date, Month, Quarter, DateTime, Time]);
}

#[test]
fn texts_stay_in_the_encoding_of_the_file() {
    let mut reader = open("gbk.sav");
    assert_eq!(reader.encoding(), Some("GBK"));
    let at =
        reader.variables().iter().position(|v| v.name == b"the_name_of_the_person").expect("it is there");
    assert_eq!(variable(&reader, "note").label, [0xb1, 0xb8, 0xd7, 0xa2], "备注");
    let block = reader.read_block(9).expect("reads").expect("cases");
    assert_eq!(block[at].texts().nth(1), Some(&[0xd5, 0xc5, 0xc8, 0xfd][..]), "张三");
}

#[test]
fn the_other_order_of_bytes_is_read() {
    let mut reader = open("big_endian.sav");
    assert_eq!(reader.encoding(), None);
    let block = reader.read_block(9).expect("reads").expect("cases");
    assert_eq!(values(&block[0], utf8), [Value::from(1.5), Value::Null]);
    assert_eq!(values(&block[1], utf8), [Value::from("ab"), Value::from("")]);
}
