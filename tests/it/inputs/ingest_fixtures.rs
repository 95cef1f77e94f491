//! Ingest of the fixtures: every value of every format must come out as it was put in by other tools.

use std::path::{Path, PathBuf};

use serde_json::Value;
use stata_service::adapters::tabular::TabularFiles;
use stata_service::domain::dataset::Column;
use stata_service::domain::error::{ErrorCode, Problem};
use stata_service::ports::tabular::{IngestOptions, IngestedDataset, Tabular};

pub(crate) fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/ingest").join(name)
}

/// A conversion and the folder that holds its result.
pub(crate) struct Converted {
    pub data: IngestedDataset,
    pub path: PathBuf,
    _folder: tempfile::TempDir,
}

impl Converted {
    pub(crate) fn column(&self, name: &str) -> &Column {
        self.data.columns.iter().find(|c| c.name == name).unwrap_or_else(|| panic!("no column {name}"))
    }

    pub(crate) fn values(&self, name: &str) -> Vec<Value> {
        let at = self.data.columns.iter().position(|c| c.name == name).expect("the column exists");
        let preview = TabularFiles.preview(&self.path, 1000, 1000).expect("canonical data can be read");
        preview.sample_rows.into_iter().map(|mut row| row.swap_remove(at)).collect()
    }

    pub(crate) fn warned(&self, kind: &str) -> bool {
        self.data.warnings.iter().any(|w| w.kind == kind)
    }
}

pub(crate) fn convert(path: &Path, name: &str, options: &IngestOptions) -> Result<Converted, Problem> {
    let folder = tempfile::tempdir().expect("a folder for the result");
    let dest = folder.path().join("canonical.dta");
    match TabularFiles.ingest(path, name, options, &dest) {
        Ok(data) => Ok(Converted { data, path: dest, _folder: folder }),
        Err(problem) => {
            let left = std::fs::read_dir(folder.path()).expect("the folder is readable").count();
            assert_eq!(left, 0, "a refused file leaves nothing behind");
            Err(problem)
        }
    }
}

/// Writes bytes to a file and converts it.
pub(crate) fn convert_bytes(bytes: &[u8], name: &str, options: &IngestOptions) -> Result<Converted, Problem> {
    let folder = tempfile::tempdir().expect("a folder for the upload");
    let path = folder.path().join("upload");
    std::fs::write(&path, bytes).expect("the upload can be written");
    convert(&path, name, options)
}

fn same(found: &Value, expected: &Value) -> bool {
    match (found.as_f64(), expected.as_f64()) {
        (Some(a), Some(b)) => a == b,
        _ => found == expected,
    }
}

#[test]
fn every_value_of_every_format_comes_out_as_it_went_in() {
    let text = std::fs::read_to_string(fixture("expected.json")).expect("the list of expected values");
    let all: serde_json::Map<String, Value> = serde_json::from_str(&text).expect("valid JSON");
    assert!(all.len() >= 15, "the list names every fixture");
    for (file, expected) in &all {
        let got = convert(&fixture(file), file, &IngestOptions::default())
            .unwrap_or_else(|p| panic!("{file}: {p} {:?}", p.context));
        assert_eq!(got.data.row_count, expected["rows"].as_u64().unwrap(), "{file}");
        for (name, facts) in expected["columns"].as_object().unwrap() {
            let column = got.column(name);
            let what = format!("{file} {name}");
            assert_eq!(column.original_name, facts["original"].as_str().unwrap(), "{what}");
            assert_eq!(serde_json::to_value(column.inferred_type).unwrap(), facts["type"], "{what}");
            if let Some(storage) = facts["storage"].as_str() {
                assert_eq!(column.storage, storage, "{what}");
            }
            let values = got.values(name);
            let wanted = facts["values"].as_array().unwrap();
            assert_eq!(values.len(), wanted.len(), "{what}");
            for (found, wanted) in values.iter().zip(wanted) {
                assert!(same(found, wanted), "{what}: found {found}, expected {wanted}");
            }
            let missing = wanted.iter().filter(|v| v.is_null()).count() as u64;
            assert_eq!(column.missing, missing, "{what}");
            let mut distinct: Vec<String> =
                wanted.iter().filter(|v| !v.is_null()).map(Value::to_string).collect();
            distinct.sort();
            distinct.dedup();
            assert_eq!(
                (column.distinct, column.distinct_is_lower_bound),
                (distinct.len() as u64, false),
                "{what}"
            );
        }
    }
}

#[test]
fn the_hash_is_that_of_the_file_and_repeats() {
    use sha2::Digest;
    let options = IngestOptions::default();
    let one = convert(&fixture("spellings.csv"), "a.csv", &options).unwrap();
    let two = convert(&fixture("spellings.csv"), "b.csv", &options).unwrap();
    let bytes = std::fs::read(&one.path).unwrap();
    assert_eq!(one.data.canonical.sha256, hex::encode(sha2::Sha256::digest(&bytes)));
    assert_eq!(one.data.canonical.size_bytes, bytes.len() as u64);
    assert_eq!(one.data.canonical, two.data.canonical);
}

#[test]
fn labels_of_an_upload_are_kept_but_carry_no_macro_and_no_smcl() {
    let got = convert(&fixture("release_118.dta"), "x.dta", &IngestOptions::default()).unwrap();
    assert_eq!(got.column("Wage").label.as_deref(), Some("monthly ‘pay’ ＄x ｛bf:y｝ ”z”"));
    assert_eq!(got.column("merge").label.as_deref(), Some("_merge"), "the original name becomes the label");
    assert!(got.column("grade").value_labels);
    let file = std::io::BufReader::new(std::fs::File::open(&got.path).unwrap());
    let reader = dta::Reader::open(file).unwrap();
    assert_eq!(reader.meta().value_labels[0].text(1), Some("high"));
    let kept = reader.meta().characteristics.iter().find(|c| c.owner == "merge").unwrap();
    assert_eq!((kept.name.as_str(), kept.contents.as_str()), ("ss_original_name", "_merge"));
}

#[test]
fn long_names_are_cut_in_the_label_and_whole_in_the_mapping() {
    let long = "收入".repeat(2500);
    let got =
        convert_bytes(format!("{long},{long},x\n1,2,3\n").as_bytes(), "x.csv", &IngestOptions::default());
    let got = got.unwrap();
    let columns = &got.data.columns;
    assert_eq!(columns[0].name.chars().count(), 32);
    assert_ne!(columns[0].name, columns[1].name);
    assert_eq!(columns[0].label.as_ref().unwrap().chars().count(), 80);
    assert_eq!(columns[0].original_name, long);
}

#[test]
fn sheets_and_header_rows_can_be_selected() {
    let book = fixture("book.xlsx");
    let first = convert(&book, "book.xlsx", &IngestOptions::default()).unwrap();
    assert_eq!(first.data.sheet_names, ["数据", "second", "empty"]);
    assert_eq!(first.data.selected_sheet.as_deref(), Some("数据"));
    assert!(first.warned("error_cells"));
    let second = IngestOptions { sheet: Some("second".into()), header_row: Some(4) };
    let got = convert(&book, "book.xlsx", &second).unwrap();
    assert_eq!((got.data.row_count, got.data.header_row), (2, Some(4)));
    assert_eq!(got.values("x"), [serde_json::json!(1), serde_json::json!(2.5)]);
    assert_eq!(got.values("y"), ["a", "b"]);
    let absent = IngestOptions { sheet: Some("nope".into()), header_row: None };
    let problem = convert(&book, "book.xlsx", &absent).err().unwrap();
    assert_eq!(problem.code, ErrorCode::InputSheetNotFound);
    let empty = IngestOptions { sheet: Some("empty".into()), header_row: None };
    assert_eq!(convert(&book, "book.xlsx", &empty).err().unwrap().code, ErrorCode::InputEmpty);
    let csv = IngestOptions { sheet: None, header_row: Some(3) };
    let got = convert_bytes(b"Table 1\n\na,b\n1,2\n", "x.csv", &csv).unwrap();
    assert_eq!((got.data.row_count, got.values("b")), (1, vec![serde_json::json!(2)]));
}

#[test]
fn the_preview_is_a_window() {
    let got = convert(&fixture("spellings.csv"), "x.csv", &IngestOptions::default()).unwrap();
    let window = TabularFiles.preview(&got.path, 2, 3).unwrap();
    assert_eq!((window.row_count, window.column_count), (4, 14));
    assert_eq!(window.columns, ["Flag", "zero_one", "population"]);
    assert_eq!(window.sample_rows.len(), 2);
    assert_eq!(window.sample_rows[1], [serde_json::json!(0), serde_json::json!(1), serde_json::json!(12)]);
}
