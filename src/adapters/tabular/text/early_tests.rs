use std::fs;

use proptest::collection::vec;
use proptest::prelude::*;
use tempfile::TempDir;

use super::super::ingest_with;
use super::*;
use crate::ports::tabular::IngestOptions;

/// Two passes for every file.
const NEVER: Early = Early { least_bytes: u64::MAX, piece: 1, parts: 1, sample: 1 };
/// Every file is guessed at; the pieces are the whole of a small one.
const ALWAYS: Early = Early { least_bytes: 0, piece: 64, parts: 3, sample: 1 << 20 };

/// All that a reading leaves: the answer and the bytes of the data, or the refusal.
fn outcome(text: &[u8], early: &Early) -> Result<(serde_json::Value, Vec<u8>), String> {
    let folder = TempDir::new().expect("a folder");
    let (source, dest) = (folder.path().join("t.csv"), folder.path().join("data.dta"));
    fs::write(&source, text).expect("the source");
    match ingest_with(&source, "t.csv", &IngestOptions::default(), &dest, early) {
        Ok(data) => {
            let bytes = fs::read(&dest).expect("the data");
            Ok((serde_json::to_value(data).expect("an answer is JSON"), bytes))
        }
        Err(problem) => {
            assert!(!dest.exists(), "a refusal leaves nothing behind");
            Err(format!("{problem:?}"))
        }
    }
}

/// What becomes of the guess at a file.
#[derive(Debug, PartialEq, Eq)]
enum Fate {
    NotTried,
    Wrong,
    Right,
}

fn fate(text: &str, early: &Early) -> Fate {
    let folder = TempDir::new().expect("a folder");
    let (source, dest) = (folder.path().join("t.csv"), folder.path().join("data.dta"));
    fs::write(&source, text).expect("the source");
    let encoding = super::super::sniff::likely_encoding(&source).expect("a file").expect("UTF-8");
    let table = Table::open(&source, "t.csv", &IngestOptions::default(), encoding).expect("a table");
    let Some((inferred, converted)) = infer(&table, &dest, early) else { return Fate::NotTried };
    let plan = Plan::of(&table.header, &inferred.columns, table.decimal_comma());
    match converted.is_some_and(|converted| converted.is_by(&plan, inferred.rows)) {
        true => Fate::Right,
        false => Fate::Wrong,
    }
}

fn same(text: &str, early: &Early) {
    assert_eq!(outcome(text.as_bytes(), early), outcome(text.as_bytes(), &NEVER));
}

/// A table of `rows` rows with columns of all kinds; `change` has its say on every row.
fn table(rows: usize, change: impl Fn(usize, String) -> String) -> String {
    let mut text = "code,n,amount,day,name,share,,yes\n".to_owned();
    for row in 0..rows {
        let name = ["\"a, b\"", "NA", "\"say \"\"so\"\"\"", "北京"][row % 4];
        let line = format!(
            "{:06},{},{}.25,2020-01-{:02},{name},{}%,,true\n",
            row % 7,
            row as i64 - 9,
            row * 3,
            row % 28 + 1,
            row % 50
        );
        text += &change(row, line);
    }
    text
}

#[test]
fn a_right_guess_gives_what_two_passes_give() {
    let text = table(400, |_, line| line);
    assert_eq!(fate(&text, &ALWAYS), Fate::Right);
    same(&text, &ALWAYS);
    let returned = text.replace('\n', "\r\n");
    assert_eq!(fate(&returned, &ALWAYS), Fate::Right);
    same(&returned, &ALWAYS);
    let marked = format!("\u{feff}Title\n\n{text}\n\n");
    assert_eq!(fate(&marked, &ALWAYS), Fate::Right);
    same(&marked, &ALWAYS);
}

#[test]
fn a_wrong_guess_changes_nothing() {
    // a piece of 600 bytes for every 400 rows or so: the exception stands between two of them
    let early = Early { sample: 600, ..ALWAYS };
    assert_eq!(fate(&table(3000, |_, line| line), &early), Fate::Right);
    for (from, to) in [
        ("北京", "a longer name"),
        (".25,", ".2x,"),
        ("000001,", "1,"),
        ("2020-01-", "01/02/20"),
        ("-16,", "-16 10:30,"),
        ("true", "yes and no"),
        ("%,,", "%,7,"),
        ("true\n", "true\n  \n"),
    ] {
        let text = table(3000, |row, text| if row == 603 { text.replace(from, to) } else { text });
        assert_eq!(fate(&text, &early), Fate::Wrong, "{from} {to}");
        same(&text, &early);
    }
}

#[test]
fn texts_are_measured_where_pieces_differ_in_length() {
    let early = Early { sample: 600, ..ALWAYS };
    let names = table(3000, |row, line| match row % 4 {
        3 => line.replace("北京", &"京".repeat(row % 97 + 1)),
        2 if row == 602 => line.replace("so\"\"", &format!("so\"\"{}", "\"\"".repeat(300))),
        1 if row == 601 => line.replace("NA", &format!("{}NA", " ".repeat(1000))),
        _ => line,
    });
    assert_eq!(fate(&names, &early), Fate::Right);
    same(&names, &early);
}

#[test]
fn nothing_is_tried_where_pieces_differ_or_a_record_is_not_complete() {
    let early = Early { sample: 600, ..ALWAYS };
    let days = table(3000, |row, line| if row > 100 { line.replace("2020-01-", "") } else { line });
    let truths = table(3000, |row, line| if row < 500 { line.replace("true", "12") } else { line });
    for text in [days, truths] {
        assert_eq!(fate(&text, &early), Fate::NotTried);
        same(&text, &early);
    }
    let long = table(3000, |row, line| line.replace("北京", &"x".repeat(row % 2977)));
    assert_eq!(fate(&long, &early), Fate::NotTried);
    same(&long, &early);
    let open = table(300, |row, line| if row == 200 { line.replace("true", "\"true") } else { line });
    assert_eq!(fate(&open, &ALWAYS), Fate::NotTried);
    same(&open, &ALWAYS);
    let ragged = table(300, |row, line| if row == 200 { "1,2\n".to_owned() } else { line });
    assert_eq!(fate(&ragged, &ALWAYS), Fate::NotTried);
    same(&ragged, &ALWAYS);
    let folder = TempDir::new().expect("a folder");
    let source = folder.path().join("t.csv");
    fs::write(&source, table(300, |_, line| line)).expect("the source");
    let nowhere = folder.path().join("missing/data.dta");
    let ingest = |early| {
        let options = IngestOptions::default();
        format!("{:?}", ingest_with(&source, "t.csv", &options, &nowhere, early).expect_err("no folder"))
    };
    assert_eq!(ingest(&ALWAYS), ingest(&NEVER));
}

/// Cells of one column, mostly alike.
fn cells() -> impl Strategy<Value = Vec<String>> {
    let kind = prop_oneof![
        Just("[0-9]{1,3}"),
        Just("-?[0-9]{1,9}"),
        Just("0[0-9]{3}"),
        Just("-?[0-9]{1,12}\\.[0-9]{1,9}"),
        Just("[0-9]{1,2}(\\.[0-9]e[0-9]{1,2})?"),
        Just("20[0-9]{2}-0[1-9]-1[0-9]( 1[0-9]:00)?"),
        Just("[1-9],[0-9]{3}"),
        Just("[ab é\n\"]{0,6}"),
        Just("[ab,;\r\n\"]{0,90}"),
        Just("(true|FALSE|yes)"),
        Just("\\(?[1-9]{1,3}\\)?"),
        Just("(|NA|\\.|\\.a)"),
    ];
    let odd = prop_oneof![
        Just(""),
        Just("NA"),
        Just("None"),
        Just("-"),
        Just("+"),
        Just(".z"),
        Just("x"),
        Just(" 7 "),
        Just("1e400"),
        Just("inf")
    ];
    kind.prop_flat_map(move |kind| {
        vec(prop_oneof![30 => kind.prop_map(String::from), 1 => odd.clone().prop_map(str::to_owned)], 60)
    })
}

/// Bytes of a table, now and then with something wrong.
fn file() -> impl Strategy<Value = Vec<u8>> {
    let columns = vec(cells(), 1..5);
    let signs = (prop_oneof![Just(","), Just(";"), Just("\t")], prop_oneof![Just("\n"), Just("\r\n")]);
    let damage = vec((0usize..4000, prop_oneof![Just("\""), Just("\n"), Just("x,"), Just("\u{feff}")]), 0..2);
    let byte = prop_oneof![9 => Just(None), 1 => (0usize..4000).prop_map(Some)];
    (columns, signs, 0usize..61, any::<[bool; 3]>(), damage, byte).prop_map(
        |(columns, (delimiter, end), rows, [mark, quoted, terminated], damage, byte)| {
            let mut text = if mark { "\u{feff}" } else { "" }.to_owned();
            let names: Vec<String> = (0..columns.len()).map(|at| format!("v{at}")).collect();
            text += &names.join(delimiter);
            for row in 0..rows {
                text += end;
                let cell = |column: &Vec<String>| {
                    let cell = &column[row];
                    let needs = cell.contains(['"', '\n', '\r']) || cell.contains(delimiter);
                    let quotes = needs || quoted && row % 3 == 0;
                    if quotes { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell.clone() }
                };
                text += &columns.iter().map(cell).collect::<Vec<_>>().join(delimiter);
            }
            text += if terminated { end } else { "" };
            for (at, what) in damage {
                if text.is_char_boundary(at) && at > 40 {
                    text.insert_str(at, what);
                }
            }
            let mut bytes = text.into_bytes();
            if let Some(byte) = byte.and_then(|at| bytes.get_mut(at)) {
                *byte = 0xff;
            }
            bytes
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn both_forms_agree_on_any_file(
        bytes in file(),
        piece in 1usize..300,
        parts in 1u64..5,
        sample in prop_oneof![Just(1usize << 20), 20usize..900],
    ) {
        let early = Early { least_bytes: 0, piece, parts, sample };
        prop_assert_eq!(outcome(&bytes, &early), outcome(&bytes, &NEVER));
    }
}
