//! Reads files written by pandas, pyreadstat and by hand (see fixtures/generate.py) and compares
//! every value with what the generator put in.

#![allow(clippy::unwrap_used, reason = "a test and its helpers end with the panic")]

use std::io::Cursor;

use dta::{Block, Column, Error, Missing, Reader, StorageType, ValueLabelSet};

fn fixture(name: &str) -> Vec<u8> {
    let path = format!("{}/tests/fixtures/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(&path).unwrap_or_else(|e| panic!("{path}: {e}"))
}

fn open(name: &str) -> Reader<Cursor<Vec<u8>>> {
    Reader::open(Cursor::new(fixture(name))).unwrap_or_else(|e| panic!("{name}: {e}"))
}

fn one_block(reader: &mut Reader<Cursor<Vec<u8>>>) -> Block {
    let block = reader.read_block(1000).unwrap().expect("there are rows");
    assert!(reader.read_block(1000).unwrap().is_none());
    block
}

fn texts(column: &Column) -> Vec<String> {
    match column {
        Column::Str(texts) => texts.iter().map(str::to_owned).collect(),
        Column::StrL(texts) => {
            (0..texts.rows.len()).map(|row| String::from_utf8(texts.bytes(row).to_vec()).unwrap()).collect()
        }
        other => panic!("{other:?} is no text"),
    }
}

#[test]
fn files_of_pandas_read_in_every_release_and_byte_order() {
    let dot = Missing::SYSTEM;
    for release in [114u16, 117, 118, 119] {
        for order in ["little", "big"] {
            let name = format!("pandas_{release}_{order}.dta");
            let mut reader = open(&name);
            assert_eq!(reader.release(), release);
            assert_eq!(reader.rows(), 3);
            let unicode = release >= 118;
            let meta = reader.meta().clone();
            let label = if unicode { "data 标签" } else { "data label" };
            assert_eq!(meta.label, label, "{name}");
            assert_eq!(meta.timestamp, "04 Mar 2026 05:06", "{name}");
            let names: Vec<_> = meta.variables.iter().map(|v| v.name.as_str()).collect();
            let expected = ["small", "mid", "big", "single", "wide", "word", "day", "grade"];
            assert_eq!(names, expected, "{name}");
            let wide = &meta.variables[4];
            assert_eq!(wide.storage, StorageType::Double);
            assert_eq!(wide.label, if unicode { "工资" } else { "Löhne" }, "{name}");
            assert_eq!(meta.variables[6].format, "%td", "{name}");
            assert_eq!(meta.variables[7].value_label, "grade", "{name}");
            let set =
                ValueLabelSet { name: "grade".into(), entries: vec![(0, "low".into()), (1, "high".into())] };
            assert_eq!(meta.value_labels, [set], "{name}");

            let block = one_block(&mut reader);
            assert_eq!(block.columns[0], Column::Byte(vec![1, -127, 100]), "{name}");
            assert_eq!(block.columns[1], Column::Int(vec![-32767, 0, 32740]), "{name}");
            let big = Column::Long(vec![-2_147_483_647, 7, 2_147_483_620]);
            assert_eq!(block.columns[2], big, "{name}");
            assert_eq!(block.columns[3], Column::Float(vec![0.1, dot.float(), -2.5]), "{name}");
            assert_eq!(block.columns[4], Column::Double(vec![0.1, 1e300, dot.double()]), "{name}");
            let last = if unicode { "工资 zażółć" } else { "café" };
            assert_eq!(texts(&block.columns[5]), ["a", "", last], "{name}");
            // 4 March 2026 is day 24169 after 1 January 1960
            let mut days = Vec::new();
            block.columns[6].append_doubles(&mut days);
            assert_eq!(days, [0.0, 24_169.0, dot.double()], "{name}");
            assert_eq!(block.columns[7], Column::Byte(vec![0, 1, 0]), "{name}");
        }
    }
}

#[test]
fn files_of_pyreadstat_read_in_every_release() {
    for (version, release) in [(8, 113), (10, 114), (12, 115), (13, 117), (14, 118), (15, 119)] {
        let name = format!("readstat_{version}.dta");
        let mut reader = open(&name);
        assert_eq!(reader.release(), release, "{name}");
        let meta = reader.meta().clone();
        assert_eq!(meta.label, "a file", "{name}");
        assert_eq!(meta.variables[0].label, "first", "{name}");
        assert_eq!(meta.variables[1].label, "second", "{name}");
        let set = &meta.value_labels[0];
        assert_eq!(set.name, meta.variables[0].value_label, "{name}");
        assert_eq!((set.text(1), set.text(2)), (Some("one"), Some("two")), "{name}");
        let block = one_block(&mut reader);
        let x = Column::Double(vec![1.0, 2.0, Missing::SYSTEM.double()]);
        assert_eq!(block.columns[0], x, "{name}");
        assert_eq!(texts(&block.columns[1]), ["ab", "", "xyz"], "{name}");
    }
}

#[test]
fn extended_missing_values_and_their_labels_are_told_apart() {
    let mut reader = open("readstat_missing.dta");
    let set = reader.meta().value_labels[0].clone();
    let a = Missing::from_letter('a').unwrap();
    let labelled: Vec<_> =
        set.entries.iter().map(|(code, text)| (ValueLabelSet::missing(*code), text.as_str())).collect();
    assert_eq!(labelled, [(None, "one"), (Some(a), "refused")]);
    let mut values = Vec::new();
    one_block(&mut reader).columns[0].append_doubles(&mut values);
    assert_eq!(values[..2], [1.0, 2.0]);
    assert_eq!(Missing::of_double(values[2]), Some(a));
}

#[test]
fn characteristics_notes_and_sort_order_of_an_old_file_read() {
    let mut reader = open("hand_114.dta");
    let meta = reader.meta().clone();
    let found: Vec<_> = meta
        .characteristics
        .iter()
        .map(|c| (c.owner.as_str(), c.name.as_str(), c.contents.as_str()))
        .collect();
    let expected = [("_dta", "note0", "1"), ("_dta", "note1", "café"), ("txt", "source", "survey")];
    assert_eq!(found, expected);
    assert_eq!(meta.sorted_by, [1, 0]);
    let block = one_block(&mut reader);
    let b = Missing::from_letter('a').unwrap();
    assert_eq!(block.columns[0], Column::Byte(vec![5, b.byte()]));
    assert_eq!(texts(&block.columns[1]), ["abc", "d"]);
}

#[test]
fn selected_columns_and_rows_are_read_by_block() {
    let mut reader = open("pandas_118_big.dta");
    reader.select(vec![5, 0]).unwrap();
    reader.go_to_row(1);
    let first = reader.read_block(1).unwrap().unwrap();
    assert_eq!((first.first_row, first.rows), (1, 1));
    assert_eq!(texts(&first.columns[0]), [""]);
    assert_eq!(first.columns[1], Column::Byte(vec![-127]));
    let second = reader.read_block(5).unwrap().unwrap();
    assert_eq!((second.first_row, second.rows), (2, 1));
    assert_eq!(texts(&second.columns[0]), ["工资 zażółć"]);
    assert!(reader.read_block(5).unwrap().is_none());
    assert!(reader.select(vec![8]).is_err());
}

#[test]
fn other_files_are_refused_by_name() {
    let refuse = |bytes: &[u8]| Reader::open(Cursor::new(bytes.to_vec())).err().expect("refused");
    assert!(matches!(refuse(b""), Error::NotDta));
    assert!(matches!(refuse(b"a,b\n1,2\n"), Error::NotDta));
    assert!(matches!(refuse(b"PK\x03\x04........"), Error::FrameBundle));
    for release in [120u16, 121] {
        let text = format!("<stata_dta><header><release>{release}</release>");
        let error = refuse(text.as_bytes());
        assert!(matches!(error, Error::UnsupportedRelease { release: r } if r == release));
        assert!(error.to_string().contains(&release.to_string()));
    }
    let old = [108, 2, 1, 0, 1, 0, 1, 0, 0, 0, 0];
    assert!(matches!(refuse(&old), Error::UnsupportedRelease { release: 108 }));
}
