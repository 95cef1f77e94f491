//! The reader returns the written content unchanged; scripts/checks/dta_roundtrip.py checks the same
//! files with pandas and pyreadstat.

#![allow(clippy::unwrap_used, reason = "a test and its helpers end with the panic")]

use std::io::Cursor;

use dta::{
    Block, Characteristic, Column, ColumnRef, Error, LongText, LongTexts, Meta, Missing, Reader, StorageType,
    Texts, ValueLabelSet, Variable, Writer,
};
use proptest::prelude::*;

fn read_all(bytes: Vec<u8>) -> (Meta, u16, Vec<Block>) {
    let mut reader = Reader::open(Cursor::new(bytes)).unwrap();
    let mut blocks = Vec::new();
    while let Some(block) = reader.read_block(100_000).unwrap() {
        blocks.push(block);
    }
    (reader.meta().clone(), reader.release(), blocks)
}

fn write(meta: Meta, columns: &[ColumnRef<'_>]) -> Result<Vec<u8>, Error> {
    let mut writer = Writer::create(Cursor::new(Vec::new()), meta)?;
    writer.write_rows(columns)?;
    Ok(writer.finish()?.into_inner())
}

fn variable(name: &str, storage: StorageType) -> Variable {
    Variable::new(name, storage)
}

/// The sample without its strL variable.
fn sized_sample() -> (Meta, Block) {
    let (mut meta, mut block) = sample();
    meta.variables.remove(6);
    block.columns.remove(6);
    (meta, block)
}

#[test]
fn a_file_of_a_known_size_is_the_same_file() {
    let (meta, block) = sized_sample();
    let columns: Vec<ColumnRef<'_>> = block.columns.iter().map(Column::view).collect();
    let expected = write(meta.clone(), &columns).unwrap();
    let mut writer = Writer::with_rows(Cursor::new(Vec::new()), meta.clone(), 10).unwrap();
    let encoder = writer.encoder().unwrap();
    let mut rows = Vec::new();
    encoder.encode(&columns, 0, &mut rows).unwrap();
    encoder.encode(&columns, 5, &mut rows).unwrap();
    writer.write_encoded(&rows).unwrap();
    let twice = writer.finish().unwrap().into_inner();
    let half = rows.len() / 2;
    assert_eq!(rows[..half], rows[half..]);
    let mut writer = Writer::with_rows(Cursor::new(Vec::new()), meta.clone(), 5).unwrap();
    writer.write_encoded(&rows[..half]).unwrap();
    assert!(writer.write_encoded(&rows[half..]).is_err(), "more rows than were stated");
    assert_eq!(writer.finish().unwrap().into_inner(), expected);
    assert_eq!(read_all(twice).2[0].rows, 10);
    let mut writer = Writer::with_rows(Cursor::new(Vec::new()), meta, 6).unwrap();
    writer.write_encoded(&rows[..half]).unwrap();
    assert!(writer.write_encoded(&rows[..7]).is_err(), "no whole rows");
    assert!(writer.finish().is_err(), "fewer rows than were stated");
    assert!(Writer::with_rows(Cursor::new(Vec::new()), sample().0, 5).is_err(), "strL");
}

/// All types, labels, characteristics; 5 rows.
fn sample() -> (Meta, Block) {
    let m = |letter| Missing::from_letter(letter).unwrap();
    let mut variables = vec![
        variable("b", StorageType::Byte),
        variable("i", StorageType::Int),
        variable("l", StorageType::Long),
        variable("f", StorageType::Float),
        variable("d", StorageType::Double),
        variable("s", StorageType::Str(9)),
        variable("long_text", StorageType::StrL),
        variable("工资", StorageType::Double),
    ];
    variables[0].value_label = "grade".into();
    variables[4].format = "%td".into();
    variables[7].label = "monthly pay, 元".into();
    let meta = Meta {
        label: "sample 数据".into(),
        timestamp: "04 Mar 2026 05:06".into(),
        variables,
        sorted_by: vec![2, 0],
        value_labels: vec![ValueLabelSet {
            name: "grade".into(),
            entries: vec![(-1, "below".into()), (1, "low 低".into()), (m('a').long(), "refused".into())],
        }],
        characteristics: vec![
            Characteristic { owner: "_dta".into(), name: "note0".into(), contents: "1".into() },
            Characteristic {
                owner: "b".into(), name: "source".into(), contents: "survey 2025 问卷".into()
            },
        ],
    };
    let long = LongTexts {
        values: vec![LongText::Text("x".repeat(3000)), LongText::Text("zażółć".into())],
        rows: vec![Some(0), None, Some(1), None, None],
    };
    let dot = Missing::SYSTEM;
    let columns = vec![
        Column::Byte(vec![-127, 1, 100, dot.byte(), m('a').byte()]),
        Column::Int(vec![-32767, 0, 32740, dot.int(), m('b').int()]),
        Column::Long(vec![-2_147_483_647, 0, 2_147_483_620, dot.long(), m('z').long()]),
        Column::Float(vec![0.1, -1.5e38, 0.0, dot.float(), m('c').float()]),
        Column::Double(vec![0.1, -1e307, 24_169.0, dot.double(), m('z').double()]),
        Column::Str(Texts::from_iter(["ab", "", "工资x", "123456789", " "])),
        Column::StrL(long),
        Column::Double(vec![1.0, 2.0, 3.0, 4.0, 5.0]),
    ];
    let block = Block { first_row: 0, rows: 5, columns };
    (meta, block)
}

#[test]
fn everything_written_reads_back() {
    let (meta, block) = sample();
    let mut writer = Writer::create(Cursor::new(Vec::new()), meta.clone()).unwrap();
    writer.write_block(&block).unwrap();
    writer.write_block(&block).unwrap();
    let (found, release, blocks) = read_all(writer.finish().unwrap().into_inner());
    assert_eq!(release, 118);
    assert_eq!(found, meta);
    assert_eq!(blocks.len(), 1);
    assert_eq!(blocks[0].rows, 10);
    let mut reader_columns = blocks[0].columns.iter();
    let Some(Column::Byte(bytes)) = reader_columns.next() else { panic!("byte expected") };
    assert_eq!(bytes[..5], [-127, 1, 100, 101, 102]);
    assert_eq!(bytes[5..], bytes[..5]);
    let Column::StrL(long) = &blocks[0].columns[6] else { panic!("strL expected") };
    for start in [0, 5] {
        assert_eq!(long.bytes(start), "x".repeat(3000).as_bytes());
        assert_eq!(long.bytes(start + 1), b"");
        assert_eq!(long.bytes(start + 2), "zażółć".as_bytes());
    }
}

#[test]
fn a_spool_and_an_offset_in_the_output_change_nothing() {
    let (meta, block) = sample();
    let mut plain = Writer::create(Cursor::new(Vec::new()), meta.clone()).unwrap();
    plain.write_block(&block).unwrap();
    let plain = plain.finish().unwrap().into_inner();
    let mut out = Cursor::new(Vec::new());
    out.get_mut().extend(b"before");
    out.set_position(6);
    let spool = tempfile::tempfile().unwrap();
    let mut writer = Writer::with_spool(out, meta, spool).unwrap();
    writer.write_block(&block).unwrap();
    assert_eq!(writer.finish().unwrap().into_inner()[6..], plain);
}

#[test]
fn doubles_are_converted_to_the_storage_type_or_refused() {
    let types = [StorageType::Byte, StorageType::Int, StorageType::Long, StorageType::Float];
    let a = Missing::from_letter('a').unwrap().double();
    for storage in types {
        let meta = Meta { variables: vec![variable("x", storage)], ..Meta::default() };
        let values = [3.0, -7.0, f64::NAN, a];
        let bytes = write(meta, &[ColumnRef::Numbers(&values)]).unwrap();
        let mut found = Vec::new();
        read_all(bytes).2[0].columns[0].append_doubles(&mut found);
        assert_eq!(found, [3.0, -7.0, Missing::SYSTEM.double(), a]);
    }
    let too_large = [
        (StorageType::Byte, 101.0),
        (StorageType::Byte, -128.0),
        (StorageType::Byte, 0.5),
        (StorageType::Int, 32_741.0),
        (StorageType::Long, 2_147_483_621.0),
        (StorageType::Float, 1.8e38),
    ];
    for (storage, value) in too_large {
        let meta = Meta { variables: vec![variable("x", storage)], ..Meta::default() };
        let error = write(meta, &[ColumnRef::Numbers(&[1.0, value])]).unwrap_err();
        assert!(matches!(error, Error::Value { row: 2, .. }), "{error}");
    }
}

#[test]
fn what_does_not_fit_the_format_is_refused_by_name() {
    let refuse = |change: &dyn Fn(&mut Meta)| {
        let (mut meta, _) = sample();
        change(&mut meta);
        let error = Writer::create(Cursor::new(Vec::new()), meta).err().expect("refused");
        error.to_string()
    };
    assert!(refuse(&|m| m.variables[1].name = "b".into()).contains("two variables are named b"));
    assert!(refuse(&|m| m.variables[0].name = "x".repeat(33)).contains("xxx"));
    assert!(refuse(&|m| m.variables[0].label = "x".repeat(81)).contains("label of b"));
    assert!(refuse(&|m| m.variables[0].format = "9.0g".into()).contains("format of b"));
    assert!(refuse(&|m| m.variables[5].storage = StorageType::Str(2046)).contains("str2046"));
    assert!(refuse(&|m| m.sorted_by = vec![8]).contains("sort order"));
    assert!(refuse(&|m| m.value_labels[0].entries[1].0 = -1).contains("twice"));
    assert!(refuse(&|m| m.characteristics[1].owner = "nobody".into()).contains("nobody"));
    assert!(refuse(&|m| m.timestamp = "yesterday".into()).contains("timestamp"));
}

#[test]
fn wrong_columns_are_refused() {
    let meta = || Meta {
        variables: vec![variable("x", StorageType::Byte), variable("s", StorageType::Str(2))],
        ..Meta::default()
    };
    let bytes = [1i8, 2];
    let good = ["a", "b"];
    let long = ["a", "toolong"];
    let x = ColumnRef::Byte(&bytes);
    assert!(write(meta(), &[x, ColumnRef::Text(&Texts::from_iter(good))]).is_ok());
    assert!(write(meta(), &[x]).is_err());
    assert!(write(meta(), &[x, ColumnRef::Text(&Texts::from_iter(["a"]))]).is_err());
    assert!(write(meta(), &[x, x]).is_err());
    let error = write(meta(), &[x, ColumnRef::Text(&Texts::from_iter(long))]).unwrap_err();
    assert!(matches!(error, Error::Value { row: 2, .. }), "{error}");
}

#[test]
fn above_the_variable_limit_release_119_is_written() {
    let count = dta::limits::VARIABLES_118 + 1;
    let mut variables: Vec<Variable> =
        (0..count).map(|i| variable(&format!("v{i}"), StorageType::Byte)).collect();
    variables[count - 1].storage = StorageType::StrL;
    let meta = Meta { variables, sorted_by: vec![count - 2], ..Meta::default() };
    let values = [7i8];
    let text = Texts::from_iter(["last"]);
    let mut columns = vec![ColumnRef::Byte(&values); count];
    columns[count - 1] = ColumnRef::Text(&text);
    let (found, release, blocks) = read_all(write(meta.clone(), &columns).unwrap());
    assert_eq!(release, 119);
    assert_eq!(found, meta);
    let Column::StrL(long) = &blocks[0].columns[count - 1] else { panic!("strL expected") };
    assert_eq!(long.bytes(0), b"last");
}

/// Writes the sample where the cross-check script looks for it.
#[test]
fn the_sample_is_left_for_the_cross_check() {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("dta_roundtrip");
    std::fs::create_dir_all(&folder).unwrap();
    let (meta, block) = sample();
    let file = std::fs::File::create(folder.join("sample_118.dta")).unwrap();
    let mut writer = Writer::create(file, meta).unwrap();
    writer.write_block(&block).unwrap();
    let written = writer.finish().unwrap().metadata().unwrap().len();
    assert!(written > 3000);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_texts_and_numbers_read_back(
        rows in proptest::collection::vec((any::<f64>(), "\\PC{0,20}", "\\PC{0,60}"), 1..50),
    ) {
        let meta = Meta {
            variables: vec![
                variable("x", StorageType::Double),
                variable("s", StorageType::Str(80)),
                variable("l", StorageType::StrL),
            ],
            ..Meta::default()
        };
        let numbers: Vec<f64> = rows.iter().map(|r| r.0).collect();
        let short: Vec<&str> = rows.iter().map(|r| r.1.as_str()).collect();
        let long: Vec<&str> = rows.iter().map(|r| r.2.as_str()).collect();
        let columns = [
            ColumnRef::Numbers(&numbers),
            ColumnRef::Text(&short),
            ColumnRef::Text(&long),
        ];
        let (_, _, blocks) = read_all(write(meta, &columns).unwrap());
        let Column::Double(x) = &blocks[0].columns[0] else { panic!() };
        let Column::Str(s) = &blocks[0].columns[1] else { panic!() };
        let Column::StrL(l) = &blocks[0].columns[2] else { panic!() };
        for (at, row) in rows.iter().enumerate() {
            let expected = if row.0.is_finite() && row.0 < Missing::SYSTEM.double() {
                row.0
            } else {
                x[at]
            };
            prop_assert_eq!(x[at].to_bits(), expected.to_bits());
            prop_assert_eq!(Missing::of_double(x[at]).is_some(), !(row.0 < Missing::SYSTEM.double() && row.0.is_finite()));
            prop_assert_eq!(s.get(at), row.1.as_str());
            prop_assert_eq!(l.bytes(at), row.2.as_bytes());
        }
    }
}
