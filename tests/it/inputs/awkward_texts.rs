//! Text tables larger than the blocks in which they are read, with what is awkward at a block's end: quotes, ends of
//! lines, byte order marks, encodings of several bytes. The cells are known before the file is written.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use dta::{Column, Reader};
use stata_service::adapters::tabular::TabularFiles;
use stata_service::domain::error::Problem;
use stata_service::ports::tabular::{IngestOptions, IngestedDataset, Tabular};

/// Bytes that the reader takes in at once.
const PIECE: usize = 512 * 1024;

/// Rows of a number and a text.
type Rows = Vec<(u32, String)>;

fn rows(count: u32, text: impl Fn(u32) -> String) -> Rows {
    (0..count).map(|n| (n * 37 % 100_003, text(n))).collect()
}

/// The rows as a file with the text in quotes.
fn written(rows: &Rows, end: &str) -> String {
    let line = |(number, text): &(u32, String)| format!("{number},\"{}\"", text.replace('"', "\"\""));
    let lines: Vec<String> = std::iter::once("n,t".to_owned()).chain(rows.iter().map(line)).collect();
    lines.join(end)
}

fn ingest(bytes: &[u8], dest: &Path) -> Result<IngestedDataset, Problem> {
    let source = dest.with_extension("csv");
    std::fs::write(&source, bytes).expect("written");
    TabularFiles.ingest(&source, "table.csv", &IngestOptions::default(), dest)
}

/// Checks that the canonical data of a file has these rows, and no others.
fn holds(bytes: &[u8], expected: &Rows, what: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    let dest = folder.path().join("canonical.dta");
    let data = ingest(bytes, &dest).unwrap_or_else(|problem| panic!("{what}: {problem}"));
    assert_eq!(data.row_count, expected.len() as u64, "{what}");
    let file = BufReader::new(File::open(&dest).expect("opens"));
    let block = Reader::open(file).expect("a file of data").read_block(expected.len()).expect("reads");
    let columns = block.expect("rows").columns;
    let mut numbers = Vec::new();
    columns[0].append_doubles(&mut numbers);
    for (at, (number, text)) in expected.iter().enumerate() {
        assert_eq!(numbers[at], f64::from(*number), "{what}: row {at}");
        let found = match &columns[1] {
            Column::Str(texts) => texts.get(at).as_bytes(),
            Column::StrL(texts) => texts.bytes(at),
            _ => panic!("{what}: the texts are no texts"),
        };
        assert_eq!(found, text.as_bytes(), "{what}: row {at}");
    }
}

#[test]
fn quotes_and_line_ends_at_the_end_of_a_block_are_read_as_elsewhere() {
    let rest = rows(20_000, |n| format!("a \"{n}\"\nb\r\n\"c\""));
    for shift in 0..12 {
        for end in ["\n", "\r\n"] {
            // the doubled quote, the break and the closing quote of the first text move over the end of the piece
            let mut all = vec![(7, format!("{}\"\"\r\n\"", "x".repeat(PIECE - 20 + shift)))];
            all.extend(rest.iter().take(if shift == 0 { 20_000 } else { 40 }).cloned());
            holds(written(&all, end).as_bytes(), &all, &format!("moved by {shift}, {end:?}"));
        }
    }
}

#[test]
fn encodings_marks_and_missing_last_lines_change_no_cell() {
    let all = rows(40_000, |n| format!("上海 第{}行, {}", n % 977, "路".repeat(n as usize % 13)));
    let text = written(&all, "\r\n");
    let utf16 = |bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
        std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(bytes).collect()
    };
    let (gbk, _, lost) = encoding_rs::GBK.encode(&text);
    assert!(!lost, "GBK has all of these letters");
    holds(text.as_bytes(), &all, "UTF-8");
    holds(format!("{text}\r\n").as_bytes(), &all, "UTF-8 with an end of line");
    holds(format!("{text}\r\n\r\n  \r\n").as_bytes(), &all, "UTF-8 with blank lines");
    holds(format!("\u{feff}{text}").as_bytes(), &all, "UTF-8 with a mark");
    holds(&utf16(u16::to_le_bytes), &all, "UTF-16LE");
    holds(&utf16(u16::to_be_bytes), &all, "UTF-16BE");
    holds(&gbk, &all, "GBK");
}

#[test]
fn a_mistake_far_behind_is_named_with_its_row() {
    let folder = tempfile::tempdir().expect("a folder");
    let good = written(&rows(60_000, |n| format!("line\n{n}")), "\n");
    assert!(good.len() > 2 * PIECE);
    for (bad, field) in [("1,2,3", 3), ("1", 1)] {
        let text = format!("{good}\n{bad}\n5,x\n");
        let problem = ingest(text.as_bytes(), &folder.path().join("a.dta")).expect_err("a ragged row");
        assert_eq!(problem.context["row"], 60_002, "{problem}");
        assert_eq!(problem.context["found_fields"], field, "{problem}");
    }
    let open = format!("{good}\n4,\"open\n5,x\n");
    let problem = ingest(open.as_bytes(), &folder.path().join("b.dta")).expect_err("an open quote");
    assert_eq!(problem.context["row"], 60_002, "{problem}");
}
