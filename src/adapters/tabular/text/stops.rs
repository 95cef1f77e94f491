//! Where a byte of two kinds occurs next in a text: one bit for each of 64 bytes at a time. Delimited text has a
//! delimiter every few bytes, so that a search from each to the next costs more than the fields themselves.

use super::marks::{self, STEP, bits_of, step, write_positions};

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
        if marks::has_avx2() {
            // SAFETY: the processor has what the function is compiled for.
            return unsafe { self.fill_with_avx2() };
        }
        self.fill_by(bits_of)
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,bmi1,popcnt")]
    fn fill_with_avx2(&mut self) -> bool {
        self.fill_by(|chunk, wanted| marks::bits_with_avx2(chunk, wanted))
    }

    #[inline(always)]
    fn fill_by(&mut self, bits: impl Fn(&[u8; STEP], [u8; 2]) -> u64) -> bool {
        let rest = self.text.get(self.window.1..).unwrap_or_default();
        let rest = &rest[..rest.len().min(WINDOW)];
        self.window = (self.window.1, self.window.1 + rest.len());
        (self.count, self.next) = (0, 0);
        for at in (0..rest.len()).step_by(STEP) {
            let (chunk, _) = step(rest, at);
            let room = self.found[self.count..].first_chunk_mut().expect("a step fits behind the last one");
            self.count += write_positions(room, at as u32, bits(&chunk, self.wanted));
        }
        !rest.is_empty()
    }
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
    }
}
