//! Damaged and hostile files: always a typed error or rows within the file's size, never a panic
//! or a huge allocation.

use std::io::Cursor;

use dta::{Column, Error, Options, Reader};
use proptest::prelude::*;

const FIXTURES: [&str; 7] = [
    "pandas_114_big.dta",
    "pandas_117_little.dta",
    "pandas_118_big.dta",
    "pandas_119_little.dta",
    "readstat_8.dta",
    "readstat_missing.dta",
    "hand_114.dta",
];

fn fixture(name: &str) -> Vec<u8> {
    let path = format!("{}/tests/fixtures/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(path).expect("the fixture is part of the repository")
}

/// Reads everything and returns the number of cells.
fn drain(bytes: Vec<u8>) -> Result<usize, Error> {
    let mut reader = Reader::open(Cursor::new(bytes))?;
    let mut cells = 0;
    while let Some(block) = reader.read_block(64)? {
        cells += block.columns.iter().map(Column::len).sum::<usize>();
    }
    Ok(cells)
}

#[test]
fn every_truncation_is_an_error() {
    for name in FIXTURES {
        let bytes = fixture(name);
        let whole = drain(bytes.clone()).unwrap();
        assert!(whole > 0);
        for length in 0..bytes.len() {
            let cut = drain(bytes[..length].to_vec());
            // an old file may end at the end of its rows or of a value label
            let old = bytes[0] < 116;
            assert!(cut.is_err() || old && cut.unwrap() == whole, "{name} cut to {length}");
        }
    }
}

#[test]
fn every_changed_byte_is_read_or_refused() {
    for name in FIXTURES {
        let bytes = fixture(name);
        let bound = bytes.len();
        for at in 0..bytes.len() {
            for value in [0, 1, 0x7f, 0x80, 0xff, bytes[at] ^ 1] {
                let mut changed = bytes.clone();
                changed[at] = value;
                if let Ok(cells) = drain(changed) {
                    assert!(cells <= bound, "{name} byte {at} = {value}: {cells} cells");
                }
            }
        }
    }
}

#[test]
fn shared_value_label_text_cannot_ask_for_more_memory_than_the_limit() {
    // one entry's text of 4 MB, shared by 60,000 entries: 240 GB if each were kept
    let entries = 60_000u32;
    let text = 4_000_000u32;
    let mut table = Vec::new();
    table.extend(entries.to_le_bytes());
    table.extend(text.to_le_bytes());
    table.extend((0..entries).flat_map(|_| 0u32.to_le_bytes()));
    table.extend((0..entries).flat_map(u32::to_le_bytes));
    table.extend(std::iter::repeat_n(b'x', text as usize));
    let mut bytes = fixture("hand_114.dta");
    bytes.extend((table.len() as u32).to_le_bytes());
    bytes.extend([b'l'; 33]);
    bytes.extend([0; 3]);
    bytes.extend(table);
    assert!(matches!(drain(bytes), Err(Error::TooLarge { .. })));
}

#[test]
fn metadata_above_the_callers_limit_is_refused() {
    let options = Options { metadata_limit: 200, ..Options::default() };
    let result = Reader::open_with(Cursor::new(fixture("pandas_118_big.dta")), &options);
    assert!(matches!(result.err(), Some(Error::TooLarge { .. })));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = drain(bytes);
    }

    #[test]
    fn spliced_files_never_panic(
        which in 0..FIXTURES.len(),
        at in any::<prop::sample::Index>(),
        remove in 0usize..40,
        insert in proptest::collection::vec(any::<u8>(), 0..40),
    ) {
        let mut bytes = fixture(FIXTURES[which]);
        let start = at.index(bytes.len());
        let end = (start + remove).min(bytes.len());
        bytes.splice(start..end, insert);
        let bound = bytes.len();
        if let Ok(cells) = drain(bytes) {
            prop_assert!(cells <= bound);
        }
    }
}
