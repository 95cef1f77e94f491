//! Damaged and lying files end in an error, never in a panic, another number of rows or much memory.

use parquet_file::{Error, Limits, Reader};
use proptest::prelude::*;

use crate::read::{LIMITS, fixture};

const FILES: [&str; 7] = ["none", "gzip", "v2", "delta", "groups", "duckdb", "fastparquet"];

/// Number of values, all read.
fn read(bytes: Vec<u8>) -> Result<u64, Error> {
    let reader = Reader::open(bytes, LIMITS)?;
    let mut values = 0;
    for column in reader.columns() {
        let mut cells = reader.cells(column);
        // more rows than any fixture has
        for _ in 0..reader.rows().min(50_000) {
            cells.next(|_| ())?;
            values += 1;
        }
    }
    Ok(values)
}

#[test]
fn a_file_that_is_cut_off_anywhere_is_refused() {
    for name in FILES {
        let whole = fixture(&format!("{name}.parquet"));
        read(whole.clone()).expect("whole");
        for length in 0..whole.len() {
            assert!(read(whole[..length].to_vec()).is_err(), "{name}: {length} of {} bytes", whole.len());
            // without its beginning the places are others
            if length > 4 {
                let _ = read([b"PAR1", &whole[length..]].concat());
            }
        }
    }
}

#[test]
fn bytes_that_lie_take_no_memory() {
    for name in ["none", "v2", "delta"] {
        let whole = fixture(&format!("{name}.parquet"));
        for at in 4..whole.len() - 4 {
            for lie in [0x7f, 0xff, whole[at] ^ 0x10] {
                let mut lying = whole.clone();
                lying[at] = lie;
                let _ = read(lying);
            }
        }
    }
}

#[test]
fn lists_and_maps_within_each_other_do_not_exhaust_the_stack() {
    // an unknown field: a list of one list of one list …; a map of one map of one map …
    for (field, inside) in [(0xf9, [0x19, 0x19]), (0xfb, [0x01, 0xbb])] {
        let description: Vec<u8> =
            [field].into_iter().chain(inside.into_iter().cycle().take(900_000)).collect();
        let length = (description.len() as u32).to_le_bytes();
        let file = [b"PAR1", description.as_slice(), &length, b"PAR1"].concat();
        assert!(matches!(read(file), Err(Error::Malformed(_))), "{field:x}");
    }
}

#[test]
fn numbers_without_end_are_refused() {
    // each byte of the description becomes the beginning of a number of many bytes
    let whole = fixture("nonnull.parquet");
    for at in 4..whole.len() - 8 {
        for lie in [[0xff; 4], [0xfe, 0xff, 0xff, 0x7f], [0x80, 0x80, 0x80, 0x7f]] {
            let mut lying = whole.clone();
            lying[at..at + 4].copy_from_slice(&lie);
            let _ = read(lying);
        }
    }
}

/// A number of the compact protocol.
fn varint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value > 0x7f {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

/// A file with one column of so many rows that are a run of the same value.
fn run(rows: u64) -> Vec<u8> {
    let zigzag = |value: u64| varint(value << 1);
    // a dictionary page of one number, and a page with a run of its first entry
    let dictionary =
        [&[0x15, 4, 0x15, 8, 0x15, 8, 0x4c, 0x15, 2, 0x15, 0, 0, 0][..], &7i32.to_le_bytes()].concat();
    let values = [vec![0], varint(rows << 1)].concat();
    let size = zigzag(values.len() as u64);
    let head = [
        vec![0x15, 0, 0x15],
        size.clone(),
        vec![0x15],
        size,
        vec![0x2c, 0x15],
        zigzag(rows),
        vec![0x15, 16, 0x15, 6, 0x15, 6, 0, 0],
    ];
    let data = [head.concat(), values].concat();
    let at = 4 + dictionary.len() as u64;
    let root = [&[0x48, 4][..], b"root", &[0x15, 2, 0]].concat();
    let leaf = [&[0x15, 2, 0x25, 0, 0x18, 1][..], b"x", &[0]].concat();
    let chunk = [
        vec![0x3c, 0x45, 0, 0x16],
        zigzag(rows),
        vec![0x26],
        zigzag(at - 4 + data.len() as u64),
        vec![0x26],
        zigzag(at),
        vec![0x26, 8, 0, 0],
    ];
    let group = [vec![0x19, 0x1c], chunk.concat(), vec![0x26], zigzag(rows), vec![0]].concat();
    let footer =
        [vec![0x15, 2, 0x19, 0x2c], root, leaf, vec![0x16], zigzag(rows), vec![0x19, 0x1c], group, vec![0]]
            .concat();
    [
        b"PAR1".to_vec(),
        dictionary,
        data,
        footer.clone(),
        (footer.len() as u32).to_le_bytes().to_vec(),
        b"PAR1".to_vec(),
    ]
    .concat()
}

#[test]
fn many_rows_in_few_bytes_are_bounded() {
    assert_eq!(read(run(40_000)).expect("reads"), 40_000);
    for rows in [1 << 40, 1 << 62, u64::MAX >> 1] {
        assert!(
            matches!(read(run(rows)), Err(Error::TooLarge { what: "the unpacked data", .. })),
            "{rows}: {:?}",
            read(run(rows))
        );
    }
}

#[test]
fn what_is_above_a_limit_is_refused() {
    let file = fixture("many.parquet");
    for limits in [Limits { metadata: 100, ..LIMITS }, Limits { values: 1000, ..LIMITS }] {
        assert!(matches!(Reader::open(file.clone(), limits).err(), Some(Error::TooLarge { .. })));
    }
    let reader = Reader::open(file, Limits { page: 100, ..LIMITS }).expect("opens");
    let refused = reader.cells(&reader.columns()[0]).next(|_| ()).err();
    assert!(matches!(refused, Some(Error::TooLarge { limit: 100, .. })));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, ..ProptestConfig::default() })]

    #[test]
    fn changed_bytes_never_panic(which in 0usize..FILES.len(), changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6)) {
        let mut file = fixture(&format!("{}.parquet", FILES[which]));
        for (at, byte) in changes {
            let at = at.index(file.len());
            file[at] = byte;
        }
        let _ = read(file);
    }
}
