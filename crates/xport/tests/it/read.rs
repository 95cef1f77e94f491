//! Files of ReadStat, and one after SAS technical note TS-140, are read as what was written (tests/fixtures/generate.py).

use std::fs::File;
use std::path::PathBuf;

use dta::Reading;
use serde_json::Value;
use xport::{Column, Facts, FormatKind, Library, Number};

const LIMIT: u64 = 1 << 20;

fn open(name: &str) -> Library<File> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name);
    Library::open(File::open(path).expect("a fixture"), LIMIT).expect("opens")
}

/// The rows that the files of ReadStat hold.
fn expected() -> Vec<Vec<Value>> {
    let mut all: Value = serde_json::from_str(include_str!("../fixtures/expected.json")).expect("JSON");
    serde_json::from_value(all["rows"].take()).expect("rows")
}

/// The values of a column, as JSON has them.
fn values(column: &Column) -> Vec<Value> {
    match column {
        Column::Numbers(numbers) => numbers
            .iter()
            .map(|number| match number {
                Number::Value(x) => Value::from(*x),
                Number::Missing('.') => Value::Null,
                Number::Missing(letter) => Value::from(format!(".{letter}")),
            })
            .collect(),
        Column::Texts { .. } => {
            column.texts().map(|text| Value::from(String::from_utf8_lossy(text).into_owned())).collect()
        }
    }
}

#[test]
fn both_versions_hold_the_same_observations() {
    for name in ["version5.xpt", "version8.xpt"] {
        let mut library = open(name);
        let member = library.members()[0].clone();
        assert_eq!(
            (library.members().len(), member.name.as_slice(), member.observations),
            (1, &b"SURVEY"[..], 4)
        );
        // in blocks that the number of observations does not divide
        for most in [100, 3] {
            let mut found: Vec<Vec<Value>> = vec![Vec::new(); member.variables.len()];
            let mut first = 0;
            while let Some(block) = library.read_block(0, first, most).expect("reads") {
                found.iter_mut().zip(&block).for_each(|(all, column)| all.extend(values(column)));
                first += most as u64;
            }
            for (at, row) in expected().iter().enumerate() {
                let read: Vec<&Value> = found.iter().map(|column| &column[at]).collect();
                assert_eq!(read, row.iter().collect::<Vec<_>>(), "{name}, row {at}");
            }
        }
    }
}

#[test]
fn names_and_labels_are_as_long_as_the_version_allows() {
    let last = |name: &str| open(name).members()[0].variables.last().expect("a variable").clone();
    let (short, long) = (last("version5.xpt"), last("version8.xpt"));
    assert_eq!(short.name, b"person");
    assert_eq!(short.label, b"A label of more than forty characters, w");
    assert_eq!(long.name, b"the_name_of_the_person");
    assert_eq!(long.label, b"A label of more than forty characters, which version 5 cannot hold");
}

#[test]
fn formats_say_what_numbers_are() {
    let library = open("version5.xpt");
    let kind = |name: &str| {
        let variable = library.members()[0].variables.iter().find(|v| v.name == name.as_bytes());
        variable.expect("the variable").format.kind()
    };
    let kinds = ["born", "at", "took", "month", "quarter", "income", "tiny", "id"].map(kind);
    let wanted = [
        FormatKind::Date,
        FormatKind::DateTime,
        FormatKind::Time,
        FormatKind::Month,
        FormatKind::Quarter,
        FormatKind::Plain,
        FormatKind::Plain,
        FormatKind::Labels,
    ];
    assert_eq!(kinds, wanted);
}

#[test]
fn separators_are_part_of_the_names_of_date_formats() {
    let kind = |name: &str| xport::Format { name: name.to_owned(), ..xport::Format::default() }.kind();
    for name in ["YYMMDD", "YYMMDDN", "DDMMYYP", "MMDDYYS", "E8601DA"] {
        assert_eq!(kind(name), FormatKind::Date, "{name}");
    }
    assert_eq!(
        [kind("YYMM"), kind("YYMMN"), kind("YYQ"), kind("YYQD")].map(|k| k == FormatKind::Quarter),
        [false, false, true, true]
    );
    for name in ["YYMMX", "DATEX", "YESNO", "$GENDER"] {
        assert_eq!(kind(name), FormatKind::Labels, "{name}");
    }
}

#[test]
fn data_sets_of_a_library_are_found_one_behind_the_other() {
    let mut library = open("library.xpt");
    let sets: Vec<(Vec<u8>, u64)> =
        library.members().iter().map(|m| (m.name.clone(), m.observations)).collect();
    assert_eq!(sets, [(b"FIRST".to_vec(), 5), (b"SECOND".to_vec(), 41)]);
    let first = library.read_block(0, 0, 100).expect("reads").expect("rows");
    assert_eq!(first[0].texts().nth(2), Some(&b"Gen\xe8ve"[..]));
    // numbers of 3, 4 and 8 bytes, missing values with letters
    assert_eq!(values(&first[1]), [31.0.into(), ".A".into(), 120.0.into(), 7.0.into(), Value::from(1.0)]);
    assert_eq!(
        values(&first[2]),
        [(-2.5).into(), Value::Null, 0.0625.into(), 4096.0.into(), Value::from(2.0)]
    );
    assert_eq!(values(&first[3]), [70.25.into(), ".Z".into(), "._".into(), 1e-5.into(), Value::from(3.0)]);
    // from an observation in the middle, and back
    let last = library.read_block(1, 38, 100).expect("reads").expect("rows");
    assert_eq!(values(&last[0]), [39.0, 40.0, 41.0].map(Value::from));
    assert_eq!(last[1].texts().collect::<Vec<_>>(), [&b"row 39"[..], b"", b""]);
    assert!(library.read_block(1, 41, 100).expect("reads").is_none());
}

#[test]
fn dates_become_those_of_stata() {
    let mut library = open("version8.xpt");
    let variables = library.members()[0].variables.clone();
    let block = library.read_block(0, 0, 100).expect("reads").expect("rows");
    let read = |name: &str| {
        let at = variables.iter().position(|v| v.name == name.as_bytes()).expect("the variable");
        let Column::Numbers(numbers) = &block[at] else { panic!("{name} is a text") };
        let mut facts = Facts::default();
        numbers.iter().for_each(|number| facts.number(*number, variables[at].format.kind()));
        let reading = xport::reading(variables[at].format.kind(), &facts);
        let values = numbers.iter().filter_map(|number| xport::value(reading, *number).ok());
        (reading, values.collect::<Vec<_>>())
    };
    // counted with Python's datetime
    assert_eq!(read("born"), (Reading::Day, vec![10_651.0, -39_995.0, 23_435.0]));
    assert_eq!(read("month"), (Reading::Month, vec![494.0, 495.0, -1.0]));
    assert_eq!(read("quarter"), (Reading::Quarter, vec![165.0, 166.0, -1.0]));
    assert_eq!(read("at"), (Reading::Clock, vec![1_893_553_445_000.0, 1_262_303_999_000.0, 0.0]));
    assert_eq!(read("took").0, Reading::Number);
}
