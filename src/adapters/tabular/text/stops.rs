//! Where a byte of two kinds occurs next in a text: one bit for each of 64 bytes at a time. Delimited text has a
//! delimiter every few bytes, so that a search from each to the next costs more than the fields themselves.

/// Bytes that are compared at once.
const STEP: usize = 64;
/// Bytes whose positions are kept at once; fits the first-level cache.
const WINDOW: usize = 64 * STEP;

/// Goes forward through the positions of two bytes.
#[derive(Debug)]
pub(super) struct Stops<'a> {
    text: &'a [u8],
    wanted: [u8; 2],
    /// Positions in the window, counted from its beginning, with room for those of a step behind the last.
    found: Box<[u32; WINDOW + STEP]>,
    count: usize,
    next: usize,
    /// Where the window begins and ends.
    window: (usize, usize),
}

impl<'a> Stops<'a> {
    /// Starts at a place within a text; neither byte may be NUL.
    pub(super) fn from(text: &'a [u8], at: usize, wanted: [u8; 2]) -> Self {
        debug_assert!(!wanted.contains(&0));
        Self { text, wanted, found: Box::new([0; WINDOW + STEP]), count: 0, next: 0, window: (at, at) }
    }

    /// Passes the next position from `from` on and returns it; the length of the text where there is none.
    #[inline]
    pub(super) fn next(&mut self, from: usize) -> usize {
        loop {
            while self.next < self.count {
                let at = self.window.0 + self.found[self.next] as usize;
                self.next += 1;
                if at >= from {
                    return at;
                }
            }
            if !self.fill() {
                return self.text.len();
            }
        }
    }

    /// Finds the positions in the next window; false at the end of the text.
    fn fill(&mut self) -> bool {
        #[cfg(target_arch = "x86_64")]
        if std::arch::is_x86_feature_detected!("avx2")
            && std::arch::is_x86_feature_detected!("bmi1")
            && std::arch::is_x86_feature_detected!("popcnt")
        {
            // SAFETY: the processor has what the function is compiled for.
            return unsafe { self.fill_with_avx2() };
        }
        self.fill_by(bits_of)
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,bmi1,popcnt")]
    fn fill_with_avx2(&mut self) -> bool {
        self.fill_by(|chunk, wanted| bits_with_avx2(chunk, wanted))
    }

    #[inline(always)]
    fn fill_by(&mut self, bits: impl Fn(&[u8; STEP], [u8; 2]) -> u64) -> bool {
        let rest = self.text.get(self.window.1..).unwrap_or_default();
        let rest = &rest[..rest.len().min(WINDOW)];
        self.window = (self.window.1, self.window.1 + rest.len());
        (self.count, self.next) = (0, 0);
        let mut base = 0;
        let (chunks, last) = rest.as_chunks::<STEP>();
        for chunk in chunks {
            self.keep(base, bits(chunk, self.wanted));
            base += STEP as u32;
        }
        if !last.is_empty() {
            let mut padded = [0; STEP];
            padded[..last.len()].copy_from_slice(last);
            self.keep(base, bits(&padded, self.wanted));
        }
        !rest.is_empty()
    }

    /// Keeps the positions of the bits. Eight are written at a time, whether there are so many or not: a branch for
    /// each would be guessed wrongly too often (Langdale and Lemire 2019, section 3.2).
    #[inline(always)]
    fn keep(&mut self, base: u32, mut bits: u64) {
        let count = bits.count_ones() as usize;
        let room =
            self.found[self.count..].first_chunk_mut::<STEP>().expect("a step fits behind the last one");
        for eight in room.as_chunks_mut::<8>().0.iter_mut().take(count.div_ceil(8)) {
            for slot in eight {
                *slot = base + bits.trailing_zeros();
                bits &= bits.wrapping_sub(1);
            }
        }
        self.count += count;
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn bits_with_avx2(chunk: &[u8; STEP], wanted: [u8; 2]) -> u64 {
    use std::arch::x86_64::{
        _mm256_cmpeq_epi8, _mm256_loadu_si256, _mm256_movemask_epi8, _mm256_or_si256, _mm256_set1_epi8,
    };
    let [a, b] = wanted.map(|byte| _mm256_set1_epi8(byte.cast_signed()));
    let halves = [0, 32].map(|at| {
        // SAFETY: both loads lie inside the chunk.
        let bytes = unsafe { _mm256_loadu_si256(chunk.as_ptr().add(at).cast()) };
        let found = _mm256_or_si256(_mm256_cmpeq_epi8(bytes, a), _mm256_cmpeq_epi8(bytes, b));
        u64::from(_mm256_movemask_epi8(found).cast_unsigned())
    });
    halves[0] | halves[1] << 32
}

/// One bit for each byte that is one of `wanted`, eight bytes at a time.
fn bits_of(chunk: &[u8; STEP], wanted: [u8; 2]) -> u64 {
    const LOW: u64 = 0x0101_0101_0101_0101;
    // the high bit of every byte that is zero (Warren, Hacker's Delight, 6-1)
    let zeros = |x: u64| !((x & (LOW * 0x7f)).wrapping_add(LOW * 0x7f) | x | (LOW * 0x7f));
    let mut out = 0;
    for (at, word) in chunk.chunks_exact(8).enumerate() {
        let word = u64::from_le_bytes(word.try_into().expect("eight bytes"));
        let found = wanted.iter().fold(0, |found, &byte| found | zeros(word ^ (LOW * u64::from(byte))));
        // moves the eight bits next to each other
        out |= ((found >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56) << (at * 8);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn positions_are_those_of_a_plain_search(
            text in proptest::collection::vec(prop_oneof![Just(b','), Just(b'\n'), any::<u8>()], 0..9000),
            skips in proptest::collection::vec(prop_oneof![0usize..4, 0usize..90, 0usize..5000], 0..60),
        ) {
            let mut stops = Stops::from(&text, 0, [b',', b'\n']);
            let mut from = 0;
            for skip in skips {
                from = (from + skip).min(text.len());
                let found = text[from..].iter().position(|b| matches!(b, b',' | b'\n'));
                let expected = found.map_or(text.len(), |at| from + at);
                prop_assert_eq!(stops.next(from), expected);
                from = (expected + 1).min(text.len());
            }
        }

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
    }
}
