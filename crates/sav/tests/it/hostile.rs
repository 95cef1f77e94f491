//! Damaged and lying files end in an error, never in a panic, a wrong number of cases or much memory.

use std::io::Cursor;

use proptest::prelude::*;
use sav::{Error, Reader};

const LIMIT: u64 = 1 << 20;
const FILES: [&[u8]; 4] = [
    include_bytes!("../fixtures/plain.sav"),
    include_bytes!("../fixtures/bytes.sav"),
    include_bytes!("../fixtures/blocks.zsav"),
    include_bytes!("../fixtures/readstat.sav"),
];

/// Number of cases, all read.
fn read(bytes: &[u8]) -> Result<usize, Error> {
    let mut reader = Reader::open(Cursor::new(bytes), LIMIT)?;
    let mut rows = 0;
    while let Some(block) = reader.read_block(64)? {
        rows += match &block[0] {
            sav::Column::Numbers(numbers) => numbers.len(),
            sav::Column::Texts { ends, .. } => ends.len(),
        };
        if rows > 100_000 {
            break;
        }
    }
    Ok(rows)
}

#[test]
fn a_file_that_is_cut_off_anywhere_is_refused() {
    for file in FILES {
        assert_eq!(read(file).expect("whole"), 4);
        for length in 0..file.len() {
            let cut = &file[..length];
            // codes behind the last case only say that there is none
            if let Ok(rows) = read(cut) {
                assert!(
                    rows == 4 && length + 8 > file.len() - 8,
                    "{length} of {} bytes gave {rows}",
                    file.len()
                );
            }
        }
    }
}

#[test]
fn other_files_are_named() {
    assert!(matches!(read(b""), Err(Error::NotSav)));
    assert!(matches!(read(b"a,b\n1,2\n"), Err(Error::NotSav)));
    let encrypted = [b"\x1c\0\0\0\0\0\0\0ENCRYPTEDSAV".as_slice(), &[0; 64]].concat();
    assert!(matches!(read(&encrypted), Err(Error::Encrypted)));
}

#[test]
fn fewer_cases_than_announced_are_refused() {
    for file in FILES {
        let mut lying = file.to_vec();
        lying[80..84].copy_from_slice(&5i32.to_le_bytes());
        assert!(
            matches!(read(&lying), Err(Error::MissingCases { announced: 5, found: 4 })),
            "{:?}",
            read(&lying)
        );
    }
}

#[test]
fn more_cases_than_announced_are_refused() {
    for file in FILES {
        for announced in [0i32, 3] {
            let mut lying = file.to_vec();
            lying[80..84].copy_from_slice(&announced.to_le_bytes());
            assert!(matches!(read(&lying), Err(Error::MoreCases { .. })), "{announced}: {:?}", read(&lying));
        }
        // a writer that did not know the number: the record of 64 bits counts, or the cases themselves
        let mut unknown = file.to_vec();
        unknown[80..84].copy_from_slice(&(-1i32).to_le_bytes());
        assert_eq!(read(&unknown).expect("reads"), 4);
    }
}

#[test]
fn counts_that_lie_take_no_memory() {
    // the number of value labels, of missing values, of bytes of a label: each word of the dictionary in turn
    for file in FILES {
        for at in (176..file.len().min(3000)).step_by(4) {
            for lie in [i32::MAX, i32::MIN, -1, 0, 0x7fff_0000] {
                let mut lying = file.to_vec();
                lying[at..at + 4].copy_from_slice(&lie.to_le_bytes());
                let _ = read(&lying);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn changed_bytes_never_panic(which in 0..FILES.len(), changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6)) {
        let mut bytes = FILES[which].to_vec();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let _ = read(&bytes);
    }
}
