//! Files of R (tests/fixtures/generate.R) are read as what R prints of them.

use std::collections::BTreeSet;
use std::io::Cursor;
use std::path::PathBuf;

use rds::{Cell, Error, Frame, Limits, Reader, Text, What, missing_letter};
use serde_json::Value;

pub(crate) const LIMITS: Limits = Limits { metadata: 1 << 20, unpacked: 16 << 20 };

fn fixture(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name);
    std::fs::read(path).expect("a fixture")
}

fn open(name: &str) -> Reader<Vec<u8>> {
    Reader::open(Cursor::new(fixture(name)), Vec::new(), LIMITS).unwrap_or_else(|e| panic!("{name}: {e}"))
}

fn refusal(name: &str) -> String {
    let read = Reader::open(Cursor::new(fixture(name)), Vec::new(), LIMITS);
    read.err().expect("it is refused").to_string()
}

fn text(text: &Text) -> String {
    String::from_utf8_lossy(&text.bytes).into_owned()
}

fn names(frame: &Frame) -> Vec<String> {
    frame.columns.iter().map(|column| text(&column.name)).collect()
}

fn at(frame: &Frame, name: &str) -> usize {
    names(frame).iter().position(|known| known == name).unwrap_or_else(|| panic!("no column {name}"))
}

/// The values of a column as texts: those of factors are levels, missing ones are `None`.
fn texts(reader: &Reader<Vec<u8>>, frame: &Frame, name: &str) -> Vec<Option<String>> {
    let at = at(frame, name);
    let mut found = Vec::new();
    let take = |cell: Cell<'_>| {
        found.push(match (cell, &frame.columns[at].what) {
            (Cell::Number(x), _) if x.is_nan() => None,
            (Cell::Number(x), What::Factor(levels)) => Some(text(&levels[x as usize - 1])),
            (Cell::Number(x), _) => Some(x.to_string()),
            (Cell::Integer(i64::MIN), _) => None,
            (Cell::Integer(x), _) => Some(x.to_string()),
            (Cell::Text(bytes, _), _) => Some(String::from_utf8_lossy(bytes).into_owned()),
        });
    };
    reader.column(frame, at).expect("the column").each(take).expect("reads");
    found
}

fn numbers(reader: &Reader<Vec<u8>>, frame: &Frame, name: &str) -> Vec<f64> {
    let mut found = Vec::new();
    let take = |cell: Cell<'_>| {
        let Cell::Number(x) = cell else { panic!("{name} has no numbers") };
        found.push(x);
    };
    reader.column(frame, at(frame, name)).expect("the column").each(take).expect("reads");
    found
}

/// A value as R wrote it to JSON: numbers with 17 digits as text, missing ones as `NA` or null.
fn same(found: Option<&str>, wanted: &Value) -> bool {
    let wanted = wanted.as_str().filter(|text| !matches!(*text, "NA" | "NaN"));
    match (found, wanted) {
        (Some(found), Some(wanted)) => {
            let number = |text: &str| text.replace("Inf", "inf").parse::<f64>().ok();
            found == wanted || number(found).is_some() && number(found) == number(wanted)
        }
        // the missing text is handed out as the empty one
        (found, wanted) => found.unwrap_or_default().is_empty() && wanted.unwrap_or_default().is_empty(),
    }
}

#[test]
fn every_form_holds_the_same_values() {
    let expected: serde_json::Map<String, Value> =
        serde_json::from_slice(&fixture("survey.json")).expect("JSON");
    for form in ["", "_v2", "_bzip2", "_xz", "_plain", "_ascii", "_hex", "_native"] {
        let reader = open(&format!("survey{form}.rds"));
        let [frame] = reader.frames() else { panic!("one data frame") };
        let known: BTreeSet<String> = expected.keys().cloned().collect();
        let unread = frame.unread.iter().map(|(name, _)| text(name));
        assert_eq!(names(frame).into_iter().chain(unread).collect::<BTreeSet<_>>(), known);
        // R's ASCII form has NaN for negative integer64: R itself reads 9221120237041090560 for -5
        let lost: &[&str] = if matches!(form, "_ascii" | "_hex") { &["account", "count"] } else { &[] };
        let unread: Vec<String> = frame.unread.iter().map(|(name, _)| text(name)).collect();
        assert_eq!(
            (frame.rows, unread.as_slice()),
            (4, &lost.iter().map(|t| (*t).to_owned()).collect::<Vec<_>>()[..])
        );
        for (name, wanted) in expected.iter().filter(|(name, _)| !lost.contains(&name.as_str())) {
            let found = texts(&reader, frame, name);
            let wanted = wanted.as_array().expect("values");
            assert_eq!(found.len(), wanted.len());
            for (found, wanted) in found.iter().zip(wanted) {
                // R writes decimal ASCII with 16 digits: R itself reads 2024.083333333333 for the month 2024 + 1/12
                let short =
                    |text: Option<&str>| text.and_then(|t| Some(format!("{:.15e}", t.parse::<f64>().ok()?)));
                let equal = same(found.as_deref(), wanted)
                    || form == "_ascii" && short(found.as_deref()) == short(wanted.as_str());
                assert!(equal, "{form} {name}: {found:?}, not {wanted}");
            }
        }
        assert_eq!(
            frame.columns[at(frame, "income")].label.as_ref().map(text).as_deref(),
            Some("Household income")
        );
        assert_eq!(reader.encoding(), (form != "_v2").then_some("UTF-8"));
    }
}

#[test]
fn classes_say_what_values_are() {
    let reader = open("survey.rds");
    let frame = &reader.frames()[0];
    let what = |name: &str| frame.columns[at(frame, name)].what.clone();
    let wanted = [
        ("id", What::Number),
        ("yes", What::Logical),
        ("name", What::Text),
        ("born", What::Date),
        ("whole_day", What::Date),
        ("at", What::DateTime("UTC".into())),
        ("berlin", What::DateTime("Europe/Berlin".into())),
        ("took", What::Duration("hours".into())),
        ("clock", What::Duration("secs".into())),
        ("account", What::Integer64),
        ("month", What::Month),
        ("quarter", What::Quarter),
    ];
    for (name, wanted) in wanted {
        assert_eq!(what(name), wanted, "{name}");
    }
    let What::Factor(levels) = what("grade") else { panic!("a factor") };
    assert_eq!(levels.iter().map(text).collect::<Vec<_>>(), ["low", "mid", "high"]);
}

#[test]
fn labels_and_missing_values_are_those_of_haven() {
    let reader = open("labelled.rds");
    let frame = &reader.frames()[0];
    let labels = |name: &str| frame.columns[at(frame, name)].labels.clone();
    let tagged: Vec<Option<char>> =
        numbers(&reader, frame, "tagged").into_iter().map(missing_letter).collect();
    assert_eq!(tagged, [None, Some('a'), Some('z'), None]);
    let of_tagged = labels("tagged").numbers;
    assert_eq!(of_tagged.iter().map(|(_, label)| text(label)).collect::<Vec<_>>(), ["no", "yes", "refused"]);
    assert_eq!(missing_letter(of_tagged[2].0), Some('a'));
    assert_eq!(labels("age").missing_numbers, [98.0, 99.0]);
    assert_eq!(labels("score").missing_range, Some((f64::NEG_INFINITY, 0.0)));
    let region = labels("region").texts;
    assert_eq!((text(&region[0].0), text(&region[0].1)), ("N".into(), "North".into()));
}

#[test]
fn forms_of_their_own_are_read_as_their_values() {
    let reader = open("altrep.rds");
    let frame = &reader.frames()[0];
    assert_eq!(
        (frame.rows, names(frame).as_slice()),
        (300, &["up", "down", "dbl", "text", "sorted"].map(String::from)[..])
    );
    let up: Vec<f64> = (1..=300).map(f64::from).collect();
    assert_eq!(numbers(&reader, frame, "up"), up);
    assert_eq!(numbers(&reader, frame, "dbl"), up);
    assert_eq!(numbers(&reader, frame, "sorted"), up);
    assert_eq!(numbers(&reader, frame, "down"), up.iter().rev().copied().collect::<Vec<_>>());
    let wanted: Vec<Option<String>> = (1..=300).map(|x| Some(x.to_string())).collect();
    assert_eq!(texts(&reader, frame, "text"), wanted);
    // in blocks that do not divide the number of rows
    let mut rows = reader.rows(frame).expect("rows");
    let mut lengths = Vec::new();
    while let Some(block) = rows.read_block(128).expect("reads") {
        let rds::Values::Texts(texts) = &block[3] else { panic!("texts") };
        lengths.push(texts.iter().count());
    }
    assert_eq!(lengths, [128, 128, 44]);
}

#[test]
fn texts_of_numbers_are_those_of_r() {
    let reader = open("deferred.rds");
    let wanted: Value = serde_json::from_slice(&fixture("deferred.json")).expect("JSON");
    let found = texts(&reader, &reader.frames()[0], "text");
    for (found, wanted) in found.iter().zip(wanted["text"].as_array().expect("texts")) {
        assert_eq!(found.as_deref().unwrap_or_default(), wanted.as_str().unwrap_or_default());
    }
}

#[test]
fn data_frames_are_found_among_other_objects() {
    for (name, all) in [
        ("several.RData", &["named", "part", "m", "awkward", "dt"][..]),
        ("several_v2.rda", &["named", "part", "m", "awkward", "dt"]),
        ("one.RData", &["dt"]),
        ("list.rds", &["first", "second"]),
    ] {
        let reader = open(name);
        let frames: Vec<&str> = reader.frames().iter().map(|frame| frame.name.as_str()).collect();
        assert_eq!(frames, all, "{name}");
    }
    let reader = open("several.RData");
    let frames = reader.frames();
    assert_eq!(texts(&reader, &frames[0], "row_names"), ["x", "y", "z"].map(|t| Some(t.to_owned())));
    assert_eq!(numbers(&reader, &frames[1], "row_names"), [2.0, 4.0]);
    assert_eq!(numbers(&reader, &frames[1], "a"), [20.0, 40.0]);
    assert_eq!(names(&frames[4]), ["g", "v", "day"]);
    assert_eq!(numbers(&reader, &frames[4], "day"), [18262.0, 18322.0]);
}

#[test]
fn matrices_are_several_columns() {
    for (reader, at) in [(open("matrix.rds"), 0), (open("several.RData"), 2)] {
        let frame = &reader.frames()[at];
        assert_eq!(names(frame), ["row_names", "one", "two"]);
        assert_eq!(numbers(&reader, frame, "two"), [4.0, 5.0, 6.0]);
        assert_eq!(texts(&reader, frame, "row_names")[2].as_deref(), Some("r3"));
    }
    let reader = open("several.RData");
    let frame = &reader.frames()[3];
    assert_eq!(names(frame), ["a", "m.one", "m.two", "z", "money"]);
    assert_eq!(numbers(&reader, frame, "m.two"), [4.0, 5.0, 6.0]);
    assert_eq!(numbers(&reader, frame, "z"), [-1.0, 0.0, 1.0]);
    assert_eq!(frame.columns[4].class.as_deref(), Some("money"));
}

#[test]
fn columns_that_no_data_set_can_have_are_named() {
    let reader = open("several.RData");
    let unread = &reader.frames()[3].unread;
    let said: Vec<(String, &str)> = unread.iter().map(|(name, why)| (text(name), why.as_str())).collect();
    let why = |name: &str| said.iter().find(|(known, _)| known == name).expect("the column").1;
    assert_eq!(said.len(), 4);
    assert!(why("l").contains("lists"), "{said:?}");
    assert!(why("lt").contains("POSIXlt"), "{said:?}");
    assert!(why("c").contains("complex"), "{said:?}");
    assert!(why("d").contains("data frame"), "{said:?}");
}

#[test]
fn texts_keep_the_encoding_of_their_mark() {
    let reader = open("latin.rds");
    let frame = &reader.frames()[0];
    assert_eq!(frame.columns[0].name, Text { bytes: b"gr\xf6\xdfe".to_vec(), mark: rds::Mark::Latin1 });
    let mut marks = Vec::new();
    let rows = reader.column(frame, 0).expect("the column");
    rows.each(|cell| {
        if let Cell::Text(bytes, mark) = cell {
            marks.push((bytes.to_vec(), mark))
        }
    })
    .expect("reads");
    assert_eq!(marks, [(b"Zo\xeb".to_vec(), rds::Mark::Latin1), ("张".into(), rds::Mark::Utf8)]);
}

#[test]
fn other_objects_are_named() {
    assert!(refusal("model.rds").contains("a list of something else"), "{}", refusal("model.rds"));
    assert!(refusal("vector.rds").contains("a vector"));
    assert!(refusal("function.rds").contains("a function"));
    for bytes in [&b""[..], b"a,b\n1,2\n", b"X\n", b"A\n1\n2\n", b"RData"] {
        assert!(!rds::is_r(Cursor::new(bytes.to_vec())), "{bytes:?}");
        let read = Reader::open(Cursor::new(bytes.to_vec()), Vec::new(), LIMITS);
        assert!(
            matches!(read.err(), Some(Error::NotR | Error::Truncated { .. } | Error::Version(_))),
            "{bytes:?}"
        );
    }
    for name in [
        "survey.rds",
        "survey_xz.rds",
        "survey_native.rds",
        "survey_ascii.rds",
        "one.RData",
        "several_v2.rda",
    ] {
        assert!(rds::is_r(Cursor::new(fixture(name))), "{name}");
    }
}
