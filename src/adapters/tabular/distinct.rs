//! Different values of a column, counted exactly up to a bound.

use std::collections::HashSet;
use std::hash::{BuildHasher, BuildHasherDefault, Hasher};

use foldhash::fast::RandomState;

/// Passes on a hash that is already mixed.
#[derive(Default)]
pub(super) struct Mixed(u64);

impl Hasher for Mixed {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, _: &[u8]) {
        unreachable!("only u64 hashes are kept")
    }
    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

/// A column with so many different values gets room for as many as are counted: a table that grows by and by moves each
/// hash several times.
const SOME: usize = 10_000;

/// Hashes of values.
pub(super) type Hashes = HashSet<u64, BuildHasherDefault<Mixed>>;

/// Different values of one column.
#[derive(Debug, Clone)]
pub(super) enum Seen {
    Nothing,
    /// Whole numbers that lie close together: one bit for each from `base` on.
    Near {
        base: i64,
        bits: Vec<u64>,
    },
    Hashes {
        all: Hashes,
        last: u64,
    },
    /// More than are counted.
    Many,
}

impl Seen {
    /// Takes in a hash; more than `cap` of them are not kept.
    #[inline]
    pub(super) fn hash(&mut self, hash: u64, cap: usize) {
        match self {
            Self::Many => {}
            Self::Hashes { last, .. } if *last == hash => {}
            Self::Hashes { all, last } => {
                *last = hash;
                if all.len() == all.capacity() && all.len() >= SOME {
                    all.reserve(cap.saturating_sub(all.len()) + 1);
                }
                if all.insert(hash) && all.len() > cap {
                    *self = Self::Many;
                }
            }
            Self::Nothing | Self::Near { .. } => {
                *self = Self::Hashes { all: Hashes::from_iter([hash]), last: hash };
            }
        }
    }

    /// Makes room for whole numbers of this range; false where they lie too far apart for bits.
    pub(super) fn reach(&mut self, low: i64, high: i64, cap: usize) -> bool {
        if let Self::Nothing = self {
            *self = Self::Near { base: low & !63, bits: Vec::new() };
        }
        let Self::Near { base, bits } = self else { return false };
        let (first, last) = (low.min(*base) & !63, high.max(*base + bits.len() as i64 * 64 - 1));
        // as many words as there may be hashes
        let words = ((last - first) / 64 + 1) as usize;
        if words > cap {
            return false;
        }
        let before = ((*base - first) / 64) as usize;
        bits.splice(..0, std::iter::repeat_n(0, before));
        bits.resize(words, 0);
        *base = first;
        true
    }

    /// Turns bits into the hashes of their numbers.
    pub(super) fn into_hashes(self, random: &RandomState, cap: usize) -> Self {
        let Self::Near { base, bits } = self else { return self };
        let mut out = Self::Nothing;
        for (word, mut ahead) in (base..).step_by(64).zip(bits) {
            while ahead != 0 {
                let value = word + i64::from(ahead.trailing_zeros());
                out.hash(random.hash_one((value as f64).to_bits()), cap);
                ahead &= ahead - 1;
            }
        }
        out
    }

    pub(super) fn merge(self, other: Self, random: &RandomState, cap: usize) -> Self {
        match (self, other) {
            (Self::Nothing, only) | (only, Self::Nothing) => only,
            (Self::Many, _) | (_, Self::Many) => Self::Many,
            (mut mine @ Self::Near { .. }, Self::Near { base, bits }) => {
                if !mine.reach(base, base + bits.len() as i64 * 64 - 1, cap) {
                    let theirs = Self::Near { base, bits }.into_hashes(random, cap);
                    return mine.into_hashes(random, cap).merge(theirs, random, cap);
                }
                if let Self::Near { base: first, bits: words } = &mut mine {
                    let from = ((base - *first) / 64) as usize;
                    words[from..].iter_mut().zip(bits).for_each(|(word, more)| *word |= more);
                }
                mine
            }
            (mine, theirs) => match (mine.into_hashes(random, cap), theirs.into_hashes(random, cap)) {
                (Self::Hashes { mut all, last }, Self::Hashes { all: more, .. }) => {
                    all.extend(more);
                    if all.len() > cap { Self::Many } else { Self::Hashes { all, last } }
                }
                (Self::Nothing, only) | (only, Self::Nothing) => only,
                _ => Self::Many,
            },
        }
    }

    /// Number of different values; `None` above `cap`.
    pub(super) fn count(&self, cap: usize) -> Option<u64> {
        let count = match self {
            Self::Nothing => 0,
            Self::Near { bits, .. } => bits.iter().map(|word| u64::from(word.count_ones())).sum(),
            Self::Hashes { all, .. } => all.len() as u64,
            Self::Many => return None,
        };
        (count <= cap as u64).then_some(count)
    }
}
