//! Facts on the values of canonical columns (missing, distinct, range) and equal rows, gathered block by
//! block in bounded memory. Every count is exact or says that it is a lower bound.

use std::hash::BuildHasher;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use dta::{Column, Missing};
use foldhash::fast::RandomState;

use super::distinct::Seen;

/// Most distinct values counted of one column.
const MOST_DISTINCT: usize = 100_000;
/// Most values remembered over all columns of one gatherer.
const DISTINCT_BUDGET: usize = 1_500_000;
/// Rows that are compared with each other.
pub(super) const ROWS_COMPARED: usize = 1_000_000;

/// Facts on one column.
#[derive(Debug, Clone)]
pub(super) struct Profile {
    pub missing: u64,
    pub min: Option<f64>,
    pub max: Option<f64>,
    pub whole: bool,
    pub max_bytes: usize,
    /// A text has blanks around it.
    pub blanks: bool,
    seen: Seen,
    cap: usize,
}

impl Profile {
    /// Number of distinct values, and whether counting stopped there.
    pub(super) fn distinct(&self) -> (u64, bool) {
        match self.seen.count(self.cap) {
            Some(count) => (count, false),
            None => (self.cap as u64, true),
        }
    }

    /// Takes in the range of some numbers, if there are any.
    fn range(&mut self, low: f64, high: f64) {
        if low <= high {
            self.min = Some(self.min.map_or(low, |m| m.min(low)));
            self.max = Some(self.max.map_or(high, |m| m.max(high)));
        }
    }

    fn merge(&mut self, other: Self, random: &RandomState) {
        self.missing += other.missing;
        self.min = smaller(self.min, other.min, f64::min);
        self.max = smaller(self.max, other.max, f64::max);
        self.whole &= other.whole;
        self.max_bytes = self.max_bytes.max(other.max_bytes);
        self.blanks |= other.blanks;
        self.seen = std::mem::replace(&mut self.seen, Seen::Nothing).merge(other.seen, random, self.cap);
    }
}

fn smaller(a: Option<f64>, b: Option<f64>, pick: fn(f64, f64) -> f64) -> Option<f64> {
    match (a, b) {
        (Some(a), Some(b)) => Some(pick(a, b)),
        (a, b) => a.or(b),
    }
}

/// Gathers the facts of all columns.
pub(super) struct Gatherer {
    pub columns: Vec<Profile>,
    random: RandomState,
    /// Columns with more different values than are counted, known to all gatherers that are merged.
    many: Arc<[AtomicBool]>,
}

impl Gatherer {
    /// For so many columns.
    pub(super) fn new(columns: usize, random: RandomState) -> Self {
        let cap = (DISTINCT_BUDGET / columns.max(1)).clamp(16, MOST_DISTINCT);
        let empty = Profile {
            missing: 0,
            min: None,
            max: None,
            whole: true,
            max_bytes: 0,
            blanks: false,
            seen: Seen::Nothing,
            cap,
        };
        let many = (0..columns).map(|_| AtomicBool::new(false)).collect();
        Self { columns: vec![empty; columns], random, many }
    }

    /// An empty one for other rows of the same table, to be merged later. It must be made before this one has rows.
    pub(super) fn beside(&self) -> Self {
        Self { columns: self.columns.clone(), random: self.random.clone(), many: Arc::clone(&self.many) }
    }

    /// Takes in a block and returns one hash per row over all its values; [`EMPTY`] for a row without any.
    pub(super) fn add(&mut self, block: &[Column]) -> Vec<u64> {
        let rows = block.first().map_or(0, Column::len);
        let mut hashes = vec![self.random.hash_one(0u64); rows];
        for ((profile, column), many) in self.columns.iter_mut().zip(block).zip(&*self.many) {
            if many.load(Ordering::Relaxed) {
                profile.seen = Seen::Many;
            }
            add_column(profile, column, &self.random, &mut hashes);
            if matches!(profile.seen, Seen::Many) {
                many.store(true, Ordering::Relaxed);
            }
        }
        let empty = block.iter().fold(self.random.hash_one(0u64), |row, column| mix(row, absent(column)));
        hashes.iter_mut().filter(|hash| **hash == empty).for_each(|hash| *hash = EMPTY);
        hashes
    }

    /// Adds what another gatherer saw.
    pub(super) fn merge(&mut self, other: Self) {
        for (mine, theirs) in self.columns.iter_mut().zip(other.columns) {
            mine.merge(theirs, &self.random);
        }
    }
}

/// The hash of a row without a value, which is the repetition of no observation.
const EMPTY: u64 = 0;
/// What a hash has for a missing double, with its rank, and for an empty text.
const MISSING_BITS: u64 = 0x7fe0_0000_0000_0000;
const NO_TEXT: u64 = 1;

/// What the hash of a row takes in for a cell of a column that holds nothing.
fn absent(column: &Column) -> u64 {
    match column {
        Column::Byte(_) => i64::from(Missing::SYSTEM.byte()).cast_unsigned(),
        Column::Int(_) => i64::from(Missing::SYSTEM.int()).cast_unsigned(),
        Column::Long(_) => i64::from(Missing::SYSTEM.long()).cast_unsigned(),
        Column::Float(_) | Column::Double(_) => u64::from(Missing::SYSTEM.rank()) | MISSING_BITS,
        Column::Str(_) | Column::StrL(_) => NO_TEXT,
    }
}

#[inline]
fn mix(row: u64, value: u64) -> u64 {
    let product = u128::from(row ^ value ^ 0x9e37_79b9_7f4a_7c15) * u128::from(0xa076_1d64_78bd_642f_u64);
    (product >> 64) as u64 ^ product as u64
}

fn add_column(profile: &mut Profile, column: &Column, random: &RandomState, rows: &mut [u64]) {
    match column {
        Column::Byte(v) => add_whole(profile, v, Missing::SYSTEM.byte(), random, rows),
        Column::Int(v) => add_whole(profile, v, Missing::SYSTEM.int(), random, rows),
        Column::Long(v) => add_whole(profile, v, Missing::SYSTEM.long(), random, rows),
        Column::Float(v) => {
            let value = |v: &f32| Missing::of_float(*v).map_or(f64::from(*v), Missing::double);
            add_doubles(profile, v.iter().map(value), random, rows);
        }
        Column::Double(v) => add_doubles(profile, v.iter().copied(), random, rows),
        Column::Str(v) => {
            for (row, text) in rows.iter_mut().zip(v.iter()) {
                add_text(profile, text.as_bytes(), random, row);
                profile.blanks |= has_blanks(text);
            }
        }
        Column::StrL(v) => {
            for (at, row) in rows.iter_mut().enumerate() {
                add_text(profile, v.bytes(at), random, row);
            }
        }
    }
}

/// Takes in whole numbers, of which those from `missing` on are codes of missing values.
fn add_whole<T: Copy + Ord + Into<i64>>(
    profile: &mut Profile,
    values: &[T],
    missing: T,
    random: &RandomState,
    rows: &mut [u64],
) {
    let (mut low, mut high, mut codes) = (i64::MAX, i64::MIN, 0);
    for (row, &value) in rows.iter_mut().zip(values) {
        let (code, value) = (value >= missing, value.into());
        codes += u64::from(code);
        low = low.min(if code { i64::MAX } else { value });
        high = high.max(if code { i64::MIN } else { value });
        *row = mix(*row, value.cast_unsigned());
    }
    profile.missing += codes;
    if low > high {
        return;
    }
    profile.range(low as f64, high as f64);
    let numbers = values.iter().filter(|value| **value < missing);
    if profile.seen.reach(low, high, profile.cap) {
        if let Seen::Near { base, bits } = &mut profile.seen {
            for &value in numbers {
                let at = (value.into() - *base) as usize;
                let (word, bit) = (&mut bits[at / 64], 1 << (at % 64));
                // most numbers were seen before, and a store would wait for the one before it
                if *word & bit == 0 {
                    *word |= bit;
                }
            }
        }
        return;
    }
    let cap = profile.cap;
    profile.seen = std::mem::replace(&mut profile.seen, Seen::Nothing).into_hashes(random, cap);
    if !matches!(profile.seen, Seen::Many) {
        numbers.for_each(|&v| profile.seen.hash(random.hash_one((v.into() as f64).to_bits()), cap));
    }
}

/// Takes in doubles, some of which are codes of missing values.
fn add_doubles(
    profile: &mut Profile,
    values: impl Iterator<Item = f64> + Clone,
    random: &RandomState,
    rows: &mut [u64],
) {
    let (mut low, mut high, mut whole) = (f64::INFINITY, f64::NEG_INFINITY, profile.whole);
    for (row, value) in rows.iter_mut().zip(values.clone()) {
        let bits = match Missing::of_double(value) {
            Some(missing) => {
                profile.missing += 1;
                u64::from(missing.rank()) | MISSING_BITS
            }
            None => {
                // 0.0 and -0.0 are one value
                let number = value + 0.0;
                low = low.min(number);
                high = high.max(number);
                whole = whole && number.fract() == 0.0;
                number.to_bits()
            }
        };
        *row = mix(*row, bits);
    }
    profile.whole = whole;
    profile.range(low, high);
    let mut numbers = values.filter(|v| Missing::of_double(*v).is_none());
    while !matches!(profile.seen, Seen::Many)
        && let Some(value) = numbers.next()
    {
        profile.seen.hash(random.hash_one((value + 0.0).to_bits()), profile.cap);
    }
}

#[inline]
fn add_text(profile: &mut Profile, text: &[u8], random: &RandomState, row: &mut u64) {
    if text.is_empty() {
        profile.missing += 1;
        *row = mix(*row, NO_TEXT);
        return;
    }
    profile.max_bytes = profile.max_bytes.max(text.len());
    let hash = random.hash_one(text);
    profile.seen.hash(hash, profile.cap);
    *row = mix(*row, hash);
}

/// True for a text with white space around it.
#[inline]
fn has_blanks(text: &str) -> bool {
    // only ASCII beyond the space is certain without a closer look
    let plain = |byte: Option<&u8>| byte.is_none_or(|b| b.is_ascii_graphic());
    let bytes = text.as_bytes();
    !(plain(bytes.first()) && plain(bytes.last())) && text.trim().len() < text.len()
}

/// Counts rows that are equal to an earlier one, among the first [`ROWS_COMPARED`] different rows.
#[derive(Default)]
pub(super) struct Duplicates {
    /// Hashes of different rows by their last bits, zero where there is none; at most half full.
    seen: Vec<u64>,
    different: usize,
    pub rows: u64,
    /// First row (counted from 1 among the data) that repeats an earlier one.
    pub first: Option<u64>,
    count: u64,
}

impl Duplicates {
    /// For so many rows, with room for all of their hashes.
    pub(super) fn of_rows(rows: u64) -> Self {
        let mut new = Self::default();
        new.make_room(usize::try_from(rows).unwrap_or(ROWS_COMPARED).min(ROWS_COMPARED));
        new
    }

    /// Takes in the hashes of the next rows.
    pub(super) fn add(&mut self, hashes: &[u64]) {
        for some in hashes.chunks(32) {
            self.make_room(some.len());
            // the table is larger than a processor's cache: its lines are fetched together
            let mask = self.seen.len() - 1;
            std::hint::black_box(some.iter().fold(0, |all, hash| all ^ self.seen[*hash as usize & mask]));
            some.iter().for_each(|hash| self.see(*hash));
        }
    }

    fn see(&mut self, hash: u64) {
        self.count += 1;
        if hash == EMPTY {
            return;
        }
        let mask = self.seen.len() - 1;
        let mut at = hash as usize & mask;
        while self.seen[at] != 0 {
            if self.seen[at] == hash {
                self.rows += 1;
                self.first.get_or_insert(self.count);
                return;
            }
            at = (at + 1) & mask;
        }
        if self.different < ROWS_COMPARED {
            self.seen[at] = hash;
            self.different += 1;
        }
    }

    /// Keeps half of the table free.
    fn make_room(&mut self, more: usize) {
        let most = (self.different + more).min(ROWS_COMPARED + 1);
        if most * 2 <= self.seen.len() {
            return;
        }
        let size = (most * 2).next_power_of_two().max(4096);
        let before = std::mem::replace(&mut self.seen, vec![0; size]);
        for hash in before.into_iter().filter(|hash| *hash != 0) {
            let mut at = hash as usize & (size - 1);
            while self.seen[at] != 0 {
                at = (at + 1) & (size - 1);
            }
            self.seen[at] = hash;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_without_a_value_repeat_nothing() {
        let nothing = f64::from_bits(0x7fe0_0000_0000_0000);
        let block = [
            Column::Int(vec![3, 32_741, 32_741, 3]),
            Column::Double(vec![1.5, nothing, nothing, 1.5]),
            Column::Str(["a", "", "", "a"].into_iter().collect()),
        ];
        let mut duplicates = Duplicates::of_rows(4);
        duplicates.add(&Gatherer::new(3, RandomState::default()).add(&block));
        assert_eq!((duplicates.rows, duplicates.first), (1, Some(4)));
    }

    #[test]
    fn facts_are_exact_and_merge() {
        let random = RandomState::default();
        let first = [Column::Int(vec![3, -1, 32_741]), Column::Str(["a", "", "bb"].into_iter().collect())];
        let second = [Column::Int(vec![3, 3, 3]), Column::Str(["a", "a", "c"].into_iter().collect())];
        let mut a = Gatherer::new(2, random);
        let mut b = a.beside();
        let mut duplicates = Duplicates::default();
        duplicates.add(&a.add(&first));
        duplicates.add(&b.add(&second));
        a.merge(b);
        let (number, text) = (&a.columns[0], &a.columns[1]);
        assert_eq!((number.missing, number.min, number.max), (1, Some(-1.0), Some(3.0)));
        assert_eq!(number.distinct(), (2, false));
        assert_eq!((text.missing, text.max_bytes, text.distinct()), (1, 2, (3, false)));
        assert_eq!((duplicates.rows, duplicates.first), (2, Some(4)));
    }

    #[test]
    fn counting_stops_at_the_cap() {
        let mut g = Gatherer::new(1, RandomState::default());
        g.add(&[Column::Double((0..=MOST_DISTINCT).map(|x| x as f64 + 0.5).collect())]);
        assert_eq!(g.columns[0].distinct(), (MOST_DISTINCT as u64, true));
        assert!(!g.columns[0].whole);
        let mut a = Gatherer::new(2, RandomState::default());
        let mut b = a.beside();
        let doubles = |from: usize, count: usize| {
            Column::Double((from..from + count).map(|x| x as f64 / 7.0).collect())
        };
        for _ in 0..2 {
            a.add(&[doubles(0, MOST_DISTINCT / 2), doubles(0, 10)]);
            b.add(&[doubles(MOST_DISTINCT / 2, MOST_DISTINCT / 2 + 1), doubles(5, 10)]);
        }
        assert_eq!(b.columns[0].distinct(), (MOST_DISTINCT as u64 / 2 + 1, false));
        b.add(&[doubles(0, MOST_DISTINCT), doubles(0, 1)]);
        a.add(&[doubles(0, 1), doubles(0, 1)]);
        assert!(matches!(a.columns[0].seen, Seen::Many), "one that has seen too many stops the others");
        a.merge(b);
        assert_eq!(a.columns[0].distinct(), (MOST_DISTINCT as u64, true));
        assert_eq!(a.columns[1].distinct(), (15, false));
    }
}
