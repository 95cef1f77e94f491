//! Changes to files of R, SPSS and SAS, Parquet files and binary workbooks: counts that are not true, cuts, flipped bits.

use super::mutate::{EDGES, anywhere, parts, put};
use crate::faults::Rng;

/// Numbers of several bytes at even places, in either order of bytes.
pub(crate) fn binary(rng: &mut Rng, seed: &[u8]) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..=rng.below(3) {
        if bytes.is_empty() {
            break;
        }
        match rng.below(5) {
            0 => anywhere(rng, &mut bytes),
            1 => {
                let at = rng.below(bytes.len().min(512));
                put(rng, &mut bytes, at);
            }
            2 => numbers(rng, &mut bytes, 4),
            3 => numbers(rng, &mut bytes, 8),
            _ => numbers(rng, &mut bytes, 1),
        }
    }
    bytes
}

/// Sets a number at a multiple of `step`, or at such a place behind the first two bytes, as files of R have them.
fn numbers(rng: &mut Rng, bytes: &mut [u8], step: usize) {
    let at = rng.below(bytes.len()) / step * step + [0, 2][rng.below(2)];
    put(rng, bytes, at);
}

/// Records of 80 bytes whose counts are written in digits.
pub(crate) fn records(rng: &mut Rng, seed: &[u8]) -> Vec<u8> {
    const NUMBERS: &[&[u8]] =
        &[b"0000", b"9999", b"-001", b"    ", b"00ff", b"2147483647", b"99999999999999999999"];
    let mut bytes = seed.to_vec();
    for _ in 0..=rng.below(3) {
        let digits: Vec<usize> = (0..bytes.len()).filter(|at| bytes[*at].is_ascii_digit()).collect();
        match rng.below(4) {
            0 | 1 if !digits.is_empty() => {
                let at = *rng.one(&digits);
                let number = *rng.one(NUMBERS);
                for (place, byte) in bytes[at..].iter_mut().zip(number) {
                    *place = *byte;
                }
            }
            2 => {
                let length = bytes.len() / 80 * 80;
                bytes.truncate(length.saturating_sub(80 * rng.below(4)));
            }
            _ => bytes = binary(rng, &bytes),
        }
    }
    bytes
}

/// A Parquet file: its footer of numbers in as many bytes as they need, the headers of its pages, its pages.
pub(crate) fn parquet(rng: &mut Rng, seed: &[u8]) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    let length: [u8; 4] = seed[seed.len() - 8..seed.len() - 4].try_into().expect("four bytes");
    let footer = u32::from_le_bytes(length) as usize;
    for _ in 0..=rng.below(3) {
        let begin = bytes.len().saturating_sub(8 + footer);
        match rng.below(6) {
            0 => anywhere(rng, &mut bytes),
            1 => {
                let at = bytes.len().saturating_sub(8);
                put(rng, &mut bytes, at);
            }
            2 if begin > 0 => {
                let at = rng.below(begin);
                put(rng, &mut bytes, at);
            }
            _ if begin + 8 < bytes.len() => {
                // a number of the footer is another one; the bytes behind it move, and so does the length of the footer
                let at = begin + rng.below(bytes.len() - begin - 8);
                let number = varint(*rng.one(EDGES));
                let end = (at + 1 + rng.below(3)).min(bytes.len() - 8);
                let before = bytes.len();
                bytes.splice(at..end, number);
                let longer = (footer + bytes.len()).saturating_sub(before) as u32;
                let place = bytes.len() - 8;
                bytes[place..place + 4].copy_from_slice(&longer.to_le_bytes());
            }
            _ => {}
        }
    }
    bytes
}

/// A number in groups of seven bits, the lowest first.
fn varint(mut number: u64) -> Vec<u8> {
    let mut out = Vec::new();
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
    out
}

/// A binary workbook: the records of its parts.
pub(crate) fn xlsb(rng: &mut Rng, seed: &[u8]) -> Vec<u8> {
    parts(rng, seed, |rng, bytes| *bytes = binary(rng, bytes))
}
