//! Damaged and lying files end in an error, never in a panic, a wrong number of observations or much memory.

use std::io::Cursor;

use proptest::prelude::*;
use xport::{Error, Library};

const LIMIT: u64 = 1 << 20;
const FILES: [(&[u8], u64); 3] = [
    (include_bytes!("../fixtures/version5.xpt"), 4),
    (include_bytes!("../fixtures/version8.xpt"), 4),
    (include_bytes!("../fixtures/library.xpt"), 46),
];

/// Number of observations of all data sets, all read.
fn read(bytes: &[u8]) -> Result<u64, Error> {
    let mut library = Library::open(Cursor::new(bytes), LIMIT)?;
    let mut rows = 0;
    for at in 0..library.members().len() {
        let mut first = 0;
        while let Some(block) = library.read_block(at, first, 64)? {
            first += match &block[0] {
                xport::Column::Numbers(numbers) => numbers.len() as u64,
                xport::Column::Texts { ends, .. } => ends.len() as u64,
            };
        }
        assert_eq!(first, library.members()[at].observations);
        rows += first;
    }
    Ok(rows)
}

/// Offset of the first header of this kind.
fn header(file: &[u8], kind: &str) -> usize {
    let wanted = format!("HEADER RECORD*******{kind:8}");
    let found = file.chunks(80).position(|record| record.starts_with(wanted.as_bytes()));
    found.expect("the header") * 80
}

#[test]
fn a_file_that_is_cut_off_within_a_record_is_refused() {
    for (file, rows) in FILES {
        assert_eq!(read(file).expect("whole"), rows);
        for length in (0..file.len()).filter(|length| length % 80 != 0) {
            assert!(read(&file[..length]).is_err(), "{length} of {} bytes", file.len());
        }
    }
}

#[test]
fn a_file_that_is_cut_off_between_records_is_refused_or_shorter() {
    for (file, rows) in FILES {
        for length in (0..file.len()).step_by(80) {
            // version 5 does not say how many observations there are
            if let Ok(found) = read(&file[..length]) {
                assert!(found < rows, "{length} of {} bytes", file.len());
            }
        }
    }
    let (file, _) = FILES[1];
    assert!(matches!(read(&file[..file.len() - 80]), Err(Error::Observations { announced: 4, .. })));
}

#[test]
fn other_files_are_named() {
    for bytes in [&b""[..], b"a,b\n1,2\n", &[b' '; 400], b"HEADER RECORD*******MEMBER  HEADER RECORD!!!!!!!"]
    {
        assert!(matches!(read(bytes), Err(Error::NotXport)), "{:?}", read(bytes));
    }
}

#[test]
fn another_number_of_observations_than_announced_is_refused() {
    let (file, _) = FILES[1];
    let at = header(file, "OBSV8") + 48;
    for announced in ["3", "5", "999999999999999"] {
        let mut lying = file.to_vec();
        lying[at..at + 15].copy_from_slice(format!("{announced:>15}").as_bytes());
        assert!(matches!(read(&lying), Err(Error::Observations { .. })), "{announced}: {:?}", read(&lying));
    }
    // a header of zeros says nothing
    let mut unknown = file.to_vec();
    unknown[at..at + 15].copy_from_slice(b"000000000000000");
    assert_eq!(read(&unknown).expect("reads"), 4);
}

#[test]
fn counts_and_lengths_that_lie_are_refused() {
    for (file, _) in FILES {
        let kind = if file.windows(8).any(|word| word == b"NAMSTV8 ") { "NAMSTV8" } else { "NAMESTR" };
        let names = header(file, kind);
        for count in ["0000000000", "0000000001", "0000009999", "9999999999", "          ", "00000000-1"] {
            let mut lying = file.to_vec();
            lying[names + 48..names + 58].copy_from_slice(count.as_bytes());
            assert!(read(&lying).is_err(), "{kind} {count}");
        }
        // type, length and position of the first variable
        for (at, bytes) in
            [(0, [0, 3]), (4, [0, 0]), (4, [0x7f, 0xff]), (4, [0xff, 0xff]), (84, [0xff, 0xff]), (86, [0, 1])]
        {
            let mut lying = file.to_vec();
            lying[names + 80 + at..names + 82 + at].copy_from_slice(&bytes);
            assert!(read(&lying).is_err(), "{at} {bytes:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn changed_bytes_never_panic(which in 0usize..3, changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6)) {
        let mut file = FILES[which].0.to_vec();
        for (at, byte) in changes {
            let at = at.index(file.len());
            file[at] = byte;
        }
        let _ = read(&file);
    }
}
