//! Which bytes of a delimited text are quotes, delimiters and ends of lines, one bit for each of 64 bytes at a time, and
//! which of them stand outside quotes (Langdale and Lemire 2019, section 3.1: within quotes is where the number of quotes
//! so far is odd). That holds where quotes open fields only; [`Quoting`] says where it does not.

use super::scan::Dialect;

/// Bytes that are compared at once.
pub(super) const STEP: usize = 64;
const LOW: u64 = 0x0101_0101_0101_0101;

/// One bit for each of 64 bytes, the first in the lowest one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Marks {
    pub quotes: u64,
    pub delimiters: u64,
    pub terminators: u64,
}

/// Finds the marks, 32 bytes at a time.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
#[inline]
pub(super) fn marks_with_avx2(chunk: &[u8; STEP], dialect: Dialect) -> Marks {
    Marks {
        quotes: bits_with_avx2(chunk, [b'"']),
        delimiters: bits_with_avx2(chunk, [dialect.delimiter]),
        terminators: bits_with_avx2(chunk, [dialect.terminator]),
    }
}

/// One bit for each byte that is one of `wanted`, 32 bytes at a time.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
#[inline]
pub(super) fn bits_with_avx2<const N: usize>(chunk: &[u8; STEP], wanted: [u8; N]) -> u64 {
    use std::arch::x86_64::{
        _mm256_cmpeq_epi8, _mm256_loadu_si256, _mm256_movemask_epi8, _mm256_or_si256, _mm256_set1_epi8,
        _mm256_setzero_si256,
    };
    let halves = [0, 32].map(|at| {
        // SAFETY: both loads lie inside the chunk.
        let bytes = unsafe { _mm256_loadu_si256(chunk.as_ptr().add(at).cast()) };
        let mut found = _mm256_setzero_si256();
        for byte in wanted {
            found = _mm256_or_si256(found, _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8(byte.cast_signed())));
        }
        u64::from(_mm256_movemask_epi8(found).cast_unsigned())
    });
    halves[0] | halves[1] << 32
}

/// The same on any processor, eight bytes at a time.
pub(super) fn marks_of(chunk: &[u8; STEP], dialect: Dialect) -> Marks {
    Marks {
        quotes: bits_of(chunk, [b'"']),
        delimiters: bits_of(chunk, [dialect.delimiter]),
        terminators: bits_of(chunk, [dialect.terminator]),
    }
}

/// One bit for each byte that is one of `wanted`, eight bytes at a time.
pub(super) fn bits_of<const N: usize>(chunk: &[u8; STEP], wanted: [u8; N]) -> u64 {
    // the high bit of every byte that is zero (Warren, Hacker's Delight, 6-1)
    let zeros = |x: u64| !((x & (LOW * 0x7f)).wrapping_add(LOW * 0x7f) | x | (LOW * 0x7f));
    let mut out = 0;
    for (at, word) in chunk.as_chunks::<8>().0.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let found = wanted.iter().fold(0, |found, byte| found | zeros(word ^ (LOW * u64::from(*byte))));
        // moves the eight bits next to each other
        out |= ((found >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56) << (at * 8);
    }
    out
}

/// Writes the positions of the bits, counted from `base`, and returns how many there are. Eight are written at a time, whether
/// there are so many or not: a branch for each would be guessed wrongly too often (Langdale and Lemire 2019, section 3.2).
#[inline(always)]
pub(super) fn write_positions(room: &mut [u32; STEP], base: u32, mut bits: u64) -> usize {
    let found = bits.count_ones() as usize;
    for eight in room.as_chunks_mut::<8>().0.iter_mut().take(found.div_ceil(8)) {
        for slot in eight {
            *slot = base.wrapping_add(bits.trailing_zeros());
            bits &= bits.wrapping_sub(1);
        }
    }
    found
}

/// True if the processor has what [`marks_with_avx2`] and those around it are compiled for.
#[cfg(target_arch = "x86_64")]
pub(super) fn has_avx2() -> bool {
    std::arch::is_x86_feature_detected!("avx2")
        && std::arch::is_x86_feature_detected!("bmi1")
        && std::arch::is_x86_feature_detected!("bmi2")
        && std::arch::is_x86_feature_detected!("lzcnt")
        && std::arch::is_x86_feature_detected!("popcnt")
}

/// What the bytes so far say of the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Quoting {
    /// All bits set where the next byte stands within quotes.
    inside: u64,
    /// 1 where a field may open with a quote: behind a separator, and at the front.
    separated: u64,
    /// 1 behind a quote that closed.
    closed: u64,
}

impl Quoting {
    /// At the front of a record.
    pub(super) const FRONT: Self = Self { inside: 0, separated: 1, closed: 0 };

    /// Within quotes, or outside behind a byte that may be a separator, or behind the quote that closed a field.
    pub(super) fn behind(inside: bool, separated: bool, closed: bool) -> Self {
        Self { inside: u64::from(inside).wrapping_neg(), separated: separated.into(), closed: closed.into() }
    }

    /// True where the next byte stands within quotes.
    pub(super) fn is_inside(self) -> bool {
        self.inside != 0
    }

    /// True behind a quote that closed.
    pub(super) fn is_closed(self) -> bool {
        self.closed != 0
    }

    /// Takes in the marks of the next `length` bytes, 1 to 64; returns the bits outside quotes, and the quotes that stand
    /// twice for one. `None`, and nothing is taken in, where a quote stands in a text without quotes around it: it opens
    /// nothing.
    #[inline(always)]
    pub(super) fn outside(&mut self, marks: &Marks, length: usize) -> Option<(u64, u64)> {
        let inside = odd_so_far(marks.quotes) ^ self.inside;
        let (opening, closing) = (marks.quotes & inside, marks.quotes & !inside);
        let separators = (marks.delimiters | marks.terminators) & !inside;
        let twice = opening & (closing << 1 | self.closed);
        if opening & !(separators << 1 | self.separated | twice) != 0 {
            return None;
        }
        let last = |bits: u64| bits >> (length - 1) & 1;
        *self =
            Self { inside: last(inside).wrapping_neg(), separated: last(separators), closed: last(closing) };
        Some((!inside, twice))
    }
}

/// Each bit tells whether the number of bits up to it, itself included, is odd.
#[inline(always)]
fn odd_so_far(mut bits: u64) -> u64 {
    for distance in [1, 2, 4, 8, 16, 32] {
        bits ^= bits << distance;
    }
    bits
}

/// The 64 bytes of a text from `at` on, filled up with zeros behind its end, and how many of them are its own.
#[inline(always)]
pub(super) fn step(text: &[u8], at: usize) -> ([u8; STEP], usize) {
    let rest = &text[at..];
    match rest.first_chunk() {
        Some(chunk) => (*chunk, STEP),
        None => {
            let mut padded = [0; STEP];
            padded[..rest.len()].copy_from_slice(rest);
            (padded, rest.len())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const COMMA: Dialect = Dialect { delimiter: b',', terminator: b'\n' };

    proptest! {
        #[test]
        fn words_and_vectors_give_the_same_bits(chunk in proptest::collection::vec(any::<u8>(), 64), a in 1u8.., b in 1u8..) {
            let chunk: [u8; 64] = chunk.try_into().unwrap();
            let expected = (0..64).fold(0, |bits, at| bits | u64::from(chunk[at] == a || chunk[at] == b) << at);
            prop_assert_eq!(bits_of(&chunk, [a, b]), expected);
            #[cfg(target_arch = "x86_64")]
            if std::arch::is_x86_feature_detected!("avx2") {
                // SAFETY: the processor has AVX2.
                prop_assert_eq!(unsafe { bits_with_avx2(&chunk, [a, b]) }, expected);
            }
        }

        #[test]
        fn words_and_vectors_give_the_same_marks(chunk in proptest::collection::vec(any::<u8>(), 64), a in 1u8.., b in 1u8..) {
            let chunk: [u8; 64] = chunk.try_into().expect("64 bytes");
            let dialect = Dialect { delimiter: a, terminator: b };
            let bits = |wanted| (0..64).fold(0, |bits, at| bits | u64::from(chunk[at] == wanted) << at);
            let expected = Marks { quotes: bits(b'"'), delimiters: bits(a), terminators: bits(b) };
            prop_assert_eq!(marks_of(&chunk, dialect), expected);
            #[cfg(target_arch = "x86_64")]
            if has_avx2() {
                // SAFETY: the processor has AVX2.
                prop_assert_eq!(unsafe { marks_with_avx2(&chunk, dialect) }, expected);
            }
        }

        /// Bit by bit, as RFC 4180 is read here: quotes open fields only, and stand twice within.
        #[test]
        fn bits_outside_quotes_are_those_of_a_plain_reading(text in "[a\",\n]{0,200}") {
            let bytes = text.as_bytes();
            let (mut inside, mut valid, mut expected) = (false, true, Vec::new());
            let mut at = 0;
            while at < bytes.len() {
                let before = at.checked_sub(1).map_or(b'\n', |i| bytes[i]);
                match (bytes[at], inside) {
                    (b'"', false) if matches!(before, b',' | b'\n') => inside = true,
                    (b'"', false) => valid = false,
                    (b'"', true) if bytes.get(at + 1) == Some(&b'"') => at += 1,
                    (b'"', true) => inside = false,
                    (b',' | b'\n', false) => expected.push(at),
                    _ => {}
                }
                at += 1;
            }
            let mut quoting = Quoting::FRONT;
            let (mut found, mut at) = (Some(Vec::new()), 0);
            while at < bytes.len() {
                let (chunk, length) = step(bytes, at);
                let marks = marks_of(&chunk, COMMA);
                let bits = quoting.outside(&marks, length).map(|(outside, _)| (marks.delimiters | marks.terminators) & outside);
                found = found.zip(bits).map(|(mut found, bits)| {
                    found.extend((0..64).filter(|bit| bits >> bit & 1 == 1).map(|bit| at + bit));
                    found
                });
                at += length;
            }
            prop_assert_eq!(found.is_some(), valid, "{:?}", text);
            if valid {
                prop_assert_eq!(found.expect("valid"), expected);
                prop_assert_eq!(quoting.is_inside(), inside);
            }
        }
    }
}
