//! Facts on the values of canonical columns (missing, distinct, range) and equal rows, gathered block by
//! block in bounded memory. Every count is exact or says that it is a lower bound.

use std::collections::HashSet;
use std::hash::{BuildHasher, BuildHasherDefault, Hasher};

use dta::{Column, Missing};
use foldhash::fast::RandomState;

/// Most distinct values counted of one column.
const MOST_DISTINCT: usize = 100_000;
/// Most values remembered over all columns of one gatherer.
const DISTINCT_BUDGET: usize = 1_500_000;
/// Rows that are compared with each other.
pub(super) const ROWS_COMPARED: usize = 1_000_000;

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

type Hashes = HashSet<u64, BuildHasherDefault<Mixed>>;

/// Facts on one column.
#[derive(Debug, Clone)]
pub(super) struct Profile {
    pub missing: u64,
    pub min: Option<f64>,
    pub max: Option<f64>,
    pub whole: bool,
    pub max_bytes: usize,
    seen: Option<Hashes>,
    cap: usize,
    last: u64,
}

impl Profile {
    /// Number of distinct values, and whether counting stopped there.
    pub(super) fn distinct(&self) -> (u64, bool) {
        match &self.seen {
            Some(seen) => (seen.len() as u64, false),
            None => (self.cap as u64, true),
        }
    }

    fn see(&mut self, hash: u64) {
        if hash == self.last && self.seen.as_ref().is_some_and(|s| !s.is_empty()) {
            return;
        }
        self.last = hash;
        if let Some(seen) = &mut self.seen {
            seen.insert(hash);
            if seen.len() > self.cap {
                self.seen = None;
            }
        }
    }

    fn number(&mut self, value: f64) {
        self.min = Some(self.min.map_or(value, |m| m.min(value)));
        self.max = Some(self.max.map_or(value, |m| m.max(value)));
        self.whole &= value.fract() == 0.0;
    }

    fn merge(&mut self, other: Self) {
        self.missing += other.missing;
        self.min = smaller(self.min, other.min, f64::min);
        self.max = smaller(self.max, other.max, f64::max);
        self.whole &= other.whole;
        self.max_bytes = self.max_bytes.max(other.max_bytes);
        self.seen = match (self.seen.take(), other.seen) {
            (Some(mut a), Some(b)) => {
                a.extend(b);
                (a.len() <= self.cap).then_some(a)
            }
            _ => None,
        };
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
}

impl Gatherer {
    /// For so many columns; gatherers that are merged must share `random`.
    pub(super) fn new(columns: usize, random: RandomState) -> Self {
        let cap = (DISTINCT_BUDGET / columns.max(1)).clamp(16, MOST_DISTINCT);
        let empty = Profile {
            missing: 0,
            min: None,
            max: None,
            whole: true,
            max_bytes: 0,
            seen: Some(Hashes::default()),
            cap,
            last: 0,
        };
        Self { columns: vec![empty; columns], random }
    }

    /// Takes in a block and returns one hash per row over all its values.
    pub(super) fn add(&mut self, block: &[Column]) -> Vec<u64> {
        let rows = block.first().map_or(0, Column::len);
        let mut hashes = vec![self.random.hash_one(0u64); rows];
        for (profile, column) in self.columns.iter_mut().zip(block) {
            add_column(profile, column, &self.random, &mut hashes);
        }
        hashes
    }

    /// Adds what another gatherer saw.
    pub(super) fn merge(&mut self, other: Self) {
        for (mine, theirs) in self.columns.iter_mut().zip(other.columns) {
            mine.merge(theirs);
        }
    }
}

fn mix(row: u64, value: u64) -> u64 {
    let product = u128::from(row ^ value ^ 0x9e37_79b9_7f4a_7c15) * u128::from(0xa076_1d64_78bd_642f_u64);
    (product >> 64) as u64 ^ product as u64
}

fn add_column(profile: &mut Profile, column: &Column, random: &RandomState, rows: &mut [u64]) {
    macro_rules! numbers {
        ($values:expr, $missing:path, $number:expr) => {
            for (row, &value) in rows.iter_mut().zip($values) {
                let bits = match $missing(value) {
                    Some(missing) => {
                        profile.missing += 1;
                        u64::from(missing.rank()) | 0x7fe0_0000_0000_0000
                    }
                    None => {
                        // 0.0 and -0.0 are one value
                        let number: f64 = $number(value) + 0.0;
                        profile.number(number);
                        let hash = random.hash_one(number.to_bits());
                        profile.see(hash);
                        hash
                    }
                };
                *row = mix(*row, bits);
            }
        };
    }
    match column {
        Column::Byte(v) => numbers!(v, Missing::of_byte, f64::from),
        Column::Int(v) => numbers!(v, Missing::of_int, f64::from),
        Column::Long(v) => numbers!(v, Missing::of_long, f64::from),
        Column::Float(v) => numbers!(v, Missing::of_float, f64::from),
        Column::Double(v) => numbers!(v, Missing::of_double, std::convert::identity),
        Column::Str(v) => {
            for (row, text) in rows.iter_mut().zip(v.iter()) {
                add_text(profile, text.as_bytes(), random, row);
            }
        }
        Column::StrL(v) => {
            for (at, row) in rows.iter_mut().enumerate() {
                add_text(profile, v.bytes(at), random, row);
            }
        }
    }
}

fn add_text(profile: &mut Profile, text: &[u8], random: &RandomState, row: &mut u64) {
    if text.is_empty() {
        profile.missing += 1;
        *row = mix(*row, 1);
        return;
    }
    profile.max_bytes = profile.max_bytes.max(text.len());
    let hash = random.hash_one(text);
    profile.see(hash);
    *row = mix(*row, hash);
}

/// Counts rows that are equal to an earlier one, among the first [`ROWS_COMPARED`] different rows.
#[derive(Default)]
pub(super) struct Duplicates {
    seen: Hashes,
    pub rows: u64,
    /// First row (counted from 1 among the data) that repeats an earlier one.
    pub first: Option<u64>,
    count: u64,
}

impl Duplicates {
    /// Takes in the hashes of the next rows.
    pub(super) fn add(&mut self, hashes: &[u64]) {
        for &hash in hashes {
            self.count += 1;
            let repeated = if self.seen.len() < ROWS_COMPARED {
                !self.seen.insert(hash)
            } else {
                self.seen.contains(&hash)
            };
            if repeated {
                self.rows += 1;
                self.first.get_or_insert(self.count);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_exact_and_merge() {
        let random = RandomState::default();
        let first = [Column::Int(vec![3, -1, 32_741]), Column::Str(["a", "", "bb"].into_iter().collect())];
        let second = [Column::Int(vec![3, 3, 3]), Column::Str(["a", "a", "c"].into_iter().collect())];
        let mut a = Gatherer::new(2, random.clone());
        let mut b = Gatherer::new(2, random);
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
    }
}
