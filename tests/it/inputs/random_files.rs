//! Random and damaged files: each is read or refused, and nothing panics.

use proptest::prelude::*;
use stata_service::adapters::tabular::reader_process::IsolatedReaders;
use stata_service::domain::error::{ErrorCode, Problem};
use stata_service::ports::tabular::{IngestOptions, IngestedDataset, Tabular};

use crate::inputs::ingest_fixtures::{convert_bytes, fixture};

/// As the service reads an upload: in a process for this file alone.
fn convert_isolated(bytes: &[u8], name: &str) -> Result<IngestedDataset, Problem> {
    let folder = tempfile::tempdir().unwrap();
    let (source, dest) = (folder.path().join("upload"), folder.path().join("canonical.dta"));
    std::fs::write(&source, bytes).unwrap();
    let readers = IsolatedReaders::new(Some(env!("CARGO_BIN_EXE_stata-service").into()));
    readers.ingest(&source, name, &IngestOptions::default(), &dest)
}

#[test]
fn an_old_workbook_that_states_a_thousand_million_rows_is_refused() {
    let mut bytes = std::fs::read(fixture("book.xls")).unwrap();
    let dimensions = bytes.windows(4).position(|head| head == [0x00, 0x02, 14, 0]).unwrap();
    // the highest byte of the last row
    bytes[dimensions + 11] = 0x40;
    let problem = convert_isolated(&bytes, "book.xls").unwrap_err();
    assert_eq!(problem.code, ErrorCode::InputParseFailed, "{problem}");
}

fn extension() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["x.csv", "x.xlsx", "x.xls", "x.dta", "x"])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_bytes_make_ingest_panic(bytes in prop::collection::vec(any::<u8>(), 0..400), name in extension()) {
        if let Err(problem) = convert_bytes(&bytes, name, &IngestOptions::default()) {
            prop_assert!(problem.code.as_str().starts_with("INPUT_"), "{}", problem);
        }
    }

    #[test]
    fn no_text_makes_ingest_panic(text in "[ab12,;\"\\.\\-%年月日/: \r\n\t]{0,200}") {
        if let Err(problem) = convert_bytes(text.as_bytes(), "x.csv", &IngestOptions::default()) {
            prop_assert!(problem.code.as_str().starts_with("INPUT_"), "{}", problem);
        }
    }

    #[test]
    fn one_changed_byte_of_a_good_file_is_read_or_refused(
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
        name in prop::sample::select(vec!["book.xlsx", "book.xls", "release_117.dta", "release_119.dta"]),
    ) {
        let mut bytes = std::fs::read(fixture(name)).unwrap();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        // an XLS that states 10^9 rows ends its reader
        if let Err(problem) = convert_isolated(&bytes, name) {
            prop_assert!(problem.code.as_str().starts_with("INPUT_"), "{}", problem);
        }
    }
}
