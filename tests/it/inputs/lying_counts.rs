//! Files that state counts and sizes that they do not have: each costs its own upload. The server lives, answers with a
//! refusal that says what to do, and takes the next upload.

use std::io::{Cursor, Read, Write};
use std::path::{Path, PathBuf};

use stata_service::adapters::tabular::reader_process::IsolatedReaders;
use stata_service::ports::tabular::{IngestOptions, Tabular};

use crate::faults::{Rng, full};
use crate::support::app::TestApp;

const XLSX: &[u8] = include_bytes!("../../fixtures/ingest/book.xlsx");
const XLS: &[u8] = include_bytes!("../../fixtures/ingest/book.xls");
const DTA: &[u8] = include_bytes!("../../fixtures/ingest/release_118.dta");
const CSV: &[u8] = include_bytes!("../../fixtures/ingest/utf8.csv");

/// A workbook whose part is changed, with one more part.
fn with_part(name: &str, change: impl Fn(&str) -> String, more: Option<(&str, &str)>) -> Vec<u8> {
    let mut from = zip::ZipArchive::new(Cursor::new(XLSX)).expect("a workbook");
    let mut to = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options: zip::write::SimpleFileOptions = Default::default();
    let mut found = false;
    for at in 0..from.len() {
        let mut part = from.by_index(at).expect("a part");
        let part_name = part.name().expect("a name").to_string();
        let mut bytes = Vec::new();
        part.read_to_end(&mut bytes).expect("read");
        if part_name == name {
            found = true;
            bytes = change(&String::from_utf8(bytes).expect("XML")).into_bytes();
        }
        to.start_file(part_name, options).expect("started");
        to.write_all(&bytes).expect("written");
    }
    assert!(found, "{name} is a part of the fixture");
    if let Some((name, text)) = more {
        to.start_file(name, options).expect("started");
        to.write_all(text.as_bytes()).expect("written");
    }
    to.finish().expect("finished").into_inner()
}

/// The workbook of the finding: shared texts that state to be 4,000,000,000.
fn many_texts() -> Vec<u8> {
    let texts = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\
         <sst xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\" count=\"4000000000\" \
         uniqueCount=\"4000000000\"><si><t>a</t></si></sst>";
    let relation = "<Relationship Id=\"rId99\" Target=\"sharedStrings.xml\" Type=\"http://schemas.openxmlformats.org/\
         officeDocument/2006/relationships/sharedStrings\"/></Relationships>";
    with_part(
        "xl/_rels/workbook.xml.rels",
        |xml| xml.replace("</Relationships>", relation),
        Some(("xl/sharedStrings.xml", texts)),
    )
}

/// An XLS whose DIMENSIONS records (0x0200, 14 bytes) state 2³² rows and 2¹⁶ columns.
fn many_rows() -> Vec<u8> {
    let mut bytes = XLS.to_vec();
    let places: Vec<usize> = (0..bytes.len() - 18).filter(|at| bytes[*at..at + 4] == [0, 2, 14, 0]).collect();
    assert!(!places.is_empty(), "the fixture has a DIMENSIONS record");
    for at in places {
        bytes[at + 4..at + 8].fill(0);
        bytes[at + 8..at + 12].fill(0xFF);
        bytes[at + 12..at + 14].fill(0);
        bytes[at + 14..at + 16].fill(0xFF);
    }
    bytes
}

/// A .dta whose element holds other bytes; `tag` is the element's name.
fn dta_with(tag: &str, value: &[u8]) -> Vec<u8> {
    let mut bytes = DTA.to_vec();
    let open = format!("<{tag}>");
    let at = bytes.windows(open.len()).position(|w| w == open.as_bytes()).expect("the element") + open.len();
    bytes[at..at + value.len()].copy_from_slice(value);
    bytes
}

fn liars() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("texts.xlsx", many_texts()),
        ("rows.xls", many_rows()),
        ("rows.dta", dta_with("N", &[0xFF; 8])),
        ("columns.dta", dta_with("K", &[0xFF; 2])),
        (
            "dimension.xlsx",
            with_part(
                "xl/worksheets/sheet1.xml",
                |xml| {
                    let from = xml.find("<dimension ref=\"").map(|at| at + 16);
                    match from {
                        Some(from) => {
                            let to = from + xml[from..].find('"').expect("closed");
                            format!("{}A1:XFD4294967295{}", &xml[..from], &xml[to..])
                        }
                        None => {
                            xml.replacen("<sheetData", "<dimension ref=\"A1:XFD4294967295\"/><sheetData", 1)
                        }
                    }
                },
                None,
            ),
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_with_lying_counts_costs_its_own_upload_only() {
    let app = TestApp::start().await;
    let job = app.job("What goes with higher pay?").await;
    for (name, bytes) in liars() {
        let answer = app.upload(&job, name, bytes).await;
        // a reader that does not trust the count may read the file; one that does is refused
        if answer.status != 200 {
            let problem = answer.refused(400, "INPUT_PARSE_FAILED");
            let message = problem["message"].as_str().expect("a message");
            assert!(message.len() > 20, "{name}: {message}");
        }
        let live = app.http.get(format!("{}/health/live", app.base)).send().await.expect("the server lives");
        assert_eq!(live.status(), 200, "after {name}");
    }
    app.upload(&job, "good.csv", CSV).await.ok();
}

/// As the adapter is used by the service: each file in a process of its own.
fn outcome(readers: &IsolatedReaders, dir: &Path, name: &str, bytes: &[u8]) -> Result<(), String> {
    let (source, dest): (PathBuf, PathBuf) = (dir.join("source"), dir.join("made.dta"));
    std::fs::write(&source, bytes).expect("written");
    let _ = std::fs::remove_file(&dest);
    let made = readers.ingest(&source, name, &IngestOptions::default(), &dest);
    assert_eq!(made.is_ok(), dest.exists(), "nothing is left after a refusal of {name}");
    made.map(drop).map_err(|problem| {
        assert_ne!(problem.code.as_str(), "INTERNAL_ERROR", "{name}: {problem}");
        problem.to_string()
    })
}

#[test]
fn damaged_counts_of_every_format_are_answered() {
    let rounds = if full() { 25_000 } else { 60 };
    let readers = IsolatedReaders::new(Some(env!("CARGO_BIN_EXE_stata-service").into()));
    let dir = tempfile::tempdir().expect("a directory");
    let mut rng = Rng(0x5eed);
    for (name, bytes) in liars() {
        let _ = outcome(&readers, dir.path(), name, &bytes);
    }
    for (name, whole) in [("x.xlsx", XLSX), ("x.xls", XLS), ("x.dta", DTA), ("x.csv", CSV)] {
        assert_eq!(outcome(&readers, dir.path(), name, whole), Ok(()), "{name}");
        for _ in 0..rounds {
            let mut bytes = whole.to_vec();
            for _ in 0..=rng.below(2) {
                let width = [1, 2, 4, 8][rng.below(4)];
                let at = rng.below(bytes.len() - width);
                let fill = [0x00, 0x7F, 0x80, 0xFF][rng.below(4)];
                bytes[at..at + width].fill(fill);
            }
            if rng.below(8) == 0 {
                bytes.truncate(rng.below(bytes.len()));
            }
            let _ = outcome(&readers, dir.path(), name, &bytes);
        }
    }
}
