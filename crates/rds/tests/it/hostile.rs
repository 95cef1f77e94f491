//! Damaged and lying files end in an error, never in a panic, wrong rows or much memory.

use std::io::{Cursor, Write as _};

use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use rds::{Error, Limits, Reader};

use crate::read::LIMITS;

const FILES: [&[u8]; 7] = [
    include_bytes!("../fixtures/survey_plain.rds"),
    include_bytes!("../fixtures/survey_native.rds"),
    include_bytes!("../fixtures/survey_hex.rds"),
    include_bytes!("../fixtures/survey.rds"),
    include_bytes!("../fixtures/survey_bzip2.rds"),
    include_bytes!("../fixtures/survey_xz.rds"),
    include_bytes!("../fixtures/one.RData"),
];
const PLAIN: [&[u8]; 3] = [FILES[0], FILES[1], FILES[2]];

/// Number of rows of all data frames, all read.
fn read(bytes: &[u8]) -> Result<u64, Error> {
    let reader = Reader::open(Cursor::new(bytes.to_vec()), Vec::new(), LIMITS)?;
    let mut all = 0;
    for frame in reader.frames() {
        if frame.rows > 100_000 {
            continue;
        }
        let mut rows = reader.rows(frame)?;
        while let Some(block) = rows.read_block(64)? {
            let length = |values: &rds::Values| match values {
                rds::Values::Numbers(numbers) => numbers.len(),
                rds::Values::Integers(integers) => integers.len(),
                rds::Values::Texts(texts) => texts.iter().count(),
            };
            all += block.first().map_or(0, length) as u64;
        }
    }
    Ok(all)
}

#[test]
fn a_file_that_is_cut_off_anywhere_is_refused() {
    for (at, file) in FILES.iter().enumerate() {
        let rows = read(file).expect("whole");
        for length in 0..file.len() {
            // marks of the end behind the last object say nothing about it
            if let Ok(found) = read(&file[..length]) {
                assert!(
                    found == rows && length + 48 > file.len(),
                    "file {at}: {length} of {} bytes",
                    file.len()
                );
            }
        }
    }
}

#[test]
fn words_that_lie_take_no_memory() {
    for file in &PLAIN[..2] {
        for at in 2..file.len() - 4 {
            for lie in [i32::MAX, i32::MIN, -1, 0, 0x7fff_0000, 238, 19 | 1 << 9, 16, 255, 2 | 1 << 10, 21] {
                let mut lying = file.to_vec();
                lying[at..at + 4].copy_from_slice(&lie.to_be_bytes());
                let _ = read(&lying);
                lying[at..at + 4].copy_from_slice(&lie.to_le_bytes());
                let _ = read(&lying);
            }
        }
    }
}

fn words(words: &[i32]) -> Vec<u8> {
    let header = [3, 0x04_0200, 0x03_0500, 5];
    let bytes = |words: &[i32]| words.iter().flat_map(|word| word.to_be_bytes()).collect::<Vec<u8>>();
    [b"X\n".to_vec(), bytes(&header), b"UTF-8".to_vec(), bytes(words)].concat()
}

#[test]
fn deep_objects_are_refused() {
    for word in [vec![19, 1], vec![2], vec![6], vec![238]] {
        let deep = words(&word.repeat(100_000));
        let error = read(&deep).expect_err("refused");
        assert!(error.to_string().contains("within each other"), "{error}");
    }
    // a list of 200,000 elements behind each other is not deep, and is no data frame
    let long = words(&[2, 254].repeat(200_000));
    assert!(matches!(read(&long), Err(Error::TooLarge { .. } | Error::Truncated { .. })));
}

#[test]
fn a_list_of_many_elements_takes_no_memory() {
    let mut many = vec![19, 3_000_000];
    many.extend(std::iter::repeat_n(254, 3_000_000));
    assert!(matches!(read(&words(&many)), Err(Error::NoFrame(_))));
}

#[test]
fn bombs_are_refused() {
    // 64 MiB of zeros in 64 KiB, as a vector of raw bytes
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    packed.write_all(&words(&[24, i32::MAX])).expect("packs");
    (0..64).for_each(|_| packed.write_all(&vec![0; 1 << 20]).expect("packs"));
    let bomb = packed.finish().expect("packs");
    assert!(
        matches!(read(&bomb), Err(Error::TooLarge { what: "the unpacked file", .. })),
        "{:?}",
        read(&bomb)
    );
}

/// A data frame of one column that is a sequence of so many numbers.
fn sequence(length: f64) -> Vec<u8> {
    let text =
        |text: &str| [[9 | 1 << 18, text.len() as i32].map(i32::to_be_bytes).concat(), text.into()].concat();
    let symbol = |name: &str| [1i32.to_be_bytes().to_vec(), text(name)].concat();
    let w = |words: &[i32]| words.iter().flat_map(|word| word.to_be_bytes()).collect::<Vec<u8>>();
    let reals = [length, 1.0, 1.0].iter().flat_map(|x| x.to_be_bytes()).collect::<Vec<u8>>();
    let info = [w(&[2]), symbol("compact_intseq"), w(&[2]), symbol("base"), w(&[2, 13, 1, 13, 254])].concat();
    let column = [w(&[238]), info, w(&[14, 3]), reals, w(&[254])].concat();
    let tagged = |name: &str| [w(&[2 | 1 << 10]), symbol(name)].concat();
    let attributes = [
        tagged("names"),
        w(&[16, 1]),
        text("x"),
        tagged("class"),
        w(&[16, 1]),
        text("data.frame"),
        tagged("row.names"),
        w(&[13, 2, i32::MIN, -(length as i32), 254]),
    ];
    [words(&[19 | 1 << 9, 1]), column, attributes.concat()].concat()
}

#[test]
fn sequences_without_stored_values_are_bounded() {
    assert_eq!(read(&sequence(1000.0)).expect("reads"), 1000);
    for length in [2e9, 9e15, -1.0, 0.5, f64::NAN, f64::INFINITY] {
        assert!(read(&sequence(length)).is_err(), "{length}");
    }
}

#[test]
fn an_end_behind_the_data_does_not_matter() {
    let file = [PLAIN[0], b"more"].concat();
    assert_eq!(read(&file).expect("reads"), 4);
    let small = Limits { metadata: 2000, unpacked: 16 << 20 };
    let refused = Reader::open(Cursor::new(PLAIN[0].to_vec()), Vec::new(), small).err();
    assert!(matches!(refused, Some(Error::TooLarge { limit: 2000, .. })));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, ..ProptestConfig::default() })]

    #[test]
    fn changed_bytes_never_panic(which in 0usize..FILES.len(), changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6)) {
        let mut file = FILES[which].to_vec();
        for (at, byte) in changes {
            let at = at.index(file.len());
            file[at] = byte;
        }
        let _ = read(&file);
    }
}
