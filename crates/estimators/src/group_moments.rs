//! Counts, sums, extremes and variances of many groups at once, in passes over the rows as they lie in memory.
//!
//! Terms are added as integers of 128 bits in a power of two that fits the largest term of the group. Integers add up to
//! the same number in any order, so that neither the order of the rows nor the number of threads can change a digit. A sum
//! is rounded once, from a value that is exact where the terms of a group of `n` rows span less than
//! `2^(73 - log2 n)`; smaller terms are rounded to that unit first.
//!
//! # Source
//! The idea of a fixed-point accumulator: Kulisch, Computer Arithmetic and Validity, 2nd ed. (2013), chapter 8.

use crate::blocks;
use crate::missing::{MISSING, clean, is_missing};

/// The group of a row that belongs to none.
pub const NO_GROUP: u32 = u32::MAX;

/// Rows that one thread adds up at least.
const ROWS_OF_A_PART: usize = 65_536;

/// What a first pass over the rows finds of a group.
#[derive(Clone, Copy)]
struct Range {
    rows: u32,
    low: f64,
    high: f64,
}

/// Counts, sums and extremes of the present values of each group; the sums of squared deviations where a statistic needs them.
pub struct GroupMoments {
    ranges: Vec<Range>,
    sums: Vec<f64>,
    squares: Vec<f64>,
}

impl GroupMoments {
    /// Whether [`Self::by_name`] has this statistic of [`crate::descriptive::by_name`], for rows without weights.
    pub fn has(stat: &str) -> bool {
        matches!(stat, "count" | "mean" | "sum" | "total" | "min" | "max") || needs_squares(stat)
    }

    /// A statistic of each of `count` groups. `groups[row]` is the group of a row, [`NO_GROUP`] outside.
    pub fn by_name(stat: &str, values: &[f64], groups: &[u32], count: usize) -> Option<Vec<f64>> {
        Self::has(stat).then(|| {
            let moments = Self::of(values, groups, count, needs_squares(stat));
            (0..count).map(|g| moments.statistic(stat, g)).collect()
        })
    }

    fn of(values: &[f64], groups: &[u32], count: usize, squares: bool) -> Self {
        let rows = Rows { values, groups, count };
        let ranges = rows.ranges(|x, _| x);
        let sums = rows.sums(&ranges, |x, _| x);
        let squares = if squares {
            let square = |x: f64, g: usize| {
                let deviation = x - sums[g] / f64::from(ranges[g].rows);
                deviation * deviation
            };
            rows.sums(&rows.ranges(square), square)
        } else {
            Vec::new()
        };
        Self { ranges, sums, squares }
    }

    fn statistic(&self, stat: &str, group: usize) -> f64 {
        let Range { rows, low, high } = self.ranges[group];
        let n = f64::from(rows);
        match stat {
            "count" => n,
            "sum" | "total" => self.sums[group],
            _ if rows == 0 => MISSING,
            "mean" => self.sums[group] / n,
            "min" => low,
            "max" => high,
            _ if rows == 1 => MISSING,
            _ => {
                let variance = clean(self.squares[group] / (n - 1.0));
                match stat {
                    _ if is_missing(variance) => MISSING,
                    "sd" => variance.sqrt(),
                    _ => variance.sqrt() / n.sqrt(),
                }
            }
        }
    }
}

fn needs_squares(stat: &str) -> bool {
    matches!(stat, "sd" | "semean")
}

struct Rows<'a> {
    values: &'a [f64],
    groups: &'a [u32],
    count: usize,
}

impl Rows<'_> {
    /// Folds the present rows into one state for each group; threads work on parts of the rows, each with states of its own.
    fn fold<T: Clone + Send + Sync>(
        &self,
        start: T,
        add: impl Fn(&mut T, f64, usize) + Sync,
        merge: impl Fn(&mut T, &T),
    ) -> Vec<T> {
        let rows = self.values.len();
        // states of another part cost about as much as the rows of their groups
        let parts = (rows / (4 * self.count).max(ROWS_OF_A_PART)).clamp(1, 16);
        let size = rows.div_ceil(parts).max(1);
        let folded = blocks::each(parts, |part| {
            let mut states = vec![start.clone(); self.count];
            let range = (part * size).min(rows)..((part + 1) * size).min(rows);
            for (&x, &g) in self.values[range.clone()].iter().zip(&self.groups[range]) {
                if g != NO_GROUP && !is_missing(x) {
                    add(&mut states[g as usize], x, g as usize);
                }
            }
            states
        });
        let mut parts = folded.into_iter();
        let mut whole = parts.next().unwrap_or_default();
        for part in parts {
            whole.iter_mut().zip(&part).for_each(|(state, other)| merge(state, other));
        }
        whole
    }

    fn ranges(&self, term: impl Fn(f64, usize) -> f64 + Sync) -> Vec<Range> {
        let join = |range: &mut Range, rows, low, high| {
            range.rows += rows;
            range.low = if low < range.low { low } else { range.low };
            range.high = if high > range.high { high } else { range.high };
        };
        self.fold(
            Range { rows: 0, low: f64::INFINITY, high: f64::NEG_INFINITY },
            |range, x, g| {
                let term = term(x, g);
                join(range, 1, term, term);
            },
            |range, other| join(range, other.rows, other.low, other.high),
        )
    }

    fn sums(&self, ranges: &[Range], term: impl Fn(f64, usize) -> f64 + Sync) -> Vec<f64> {
        let units: Vec<i32> = ranges.iter().map(Range::unit).collect();
        let sums =
            self.fold(0i128, |sum, x, g| *sum += in_units(term(x, g), units[g]), |sum, other| *sum += other);
        sums.iter().zip(&units).map(|(sum, unit)| from_units(*sum, *unit)).collect()
    }
}

impl Range {
    /// The exponent of the unit of this group's sum: as many terms as it has rows, each as large as the largest, stay
    /// below 2^126.
    fn unit(&self) -> i32 {
        let largest = parts_of(self.low.abs().max(self.high.abs())).1;
        let bits = u32::BITS - self.rows.leading_zeros();
        largest - 73 + bits as i32
    }
}

/// The significand of a double, with its sign, and the exponent of its last bit as the format stores it (1 for subnormals).
fn parts_of(x: f64) -> (i64, i32) {
    let bits = x.to_bits();
    let stored = (bits >> 52) as i32 & 0x7ff;
    let fraction = (bits & ((1 << 52) - 1)) as i64;
    let significand = if stored == 0 { fraction } else { fraction | 1 << 52 };
    (if x < 0.0 { -significand } else { significand }, stored.max(1))
}

/// A term in units, rounded to the nearest one.
fn in_units(x: f64, unit: i32) -> i128 {
    let (significand, exponent) = parts_of(x);
    match exponent - unit {
        shift @ 0.. => i128::from(significand) << shift,
        shift @ -60..0 => i128::from((significand + (1 << (-shift - 1))) >> -shift),
        _ => 0,
    }
}

/// A number of units as a double; infinite where it is too large for one.
fn from_units(sum: i128, unit: i32) -> f64 {
    // the exponent of a double's last bit is stored with an offset of 1075
    let exponent = unit - 1075;
    let power = |k: i32| f64::from_bits(((k + 1023) as u64) << 52);
    let first = exponent.clamp(-1000, 1000);
    sum as f64 * power(first) * power(exponent - first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::descriptive::{Sample, by_name};

    const STATS: [&str; 7] = ["count", "mean", "sum", "min", "max", "sd", "semean"];

    /// Values of very different size, signs and spread, in five groups and outside of them.
    fn rows(n: u64) -> (Vec<f64>, Vec<u32>) {
        let mut state = 7u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 11) as f64 / (1u64 << 53) as f64
        };
        (0..n)
            .map(|i| {
                let (u, group) = (next(), (6.0 * next()) as u32);
                let x = match group {
                    0 => 1e12 + u,
                    1 => (u - 0.5) * 10f64.powi((i % 30) as i32 - 15),
                    2 => -u,
                    3 if i % 3 == 0 => MISSING,
                    3 => 1e-310 * u,
                    _ => (100.0 * u).floor(),
                };
                (x, if group == 5 { NO_GROUP } else { group })
            })
            .unzip()
    }

    #[test]
    fn statistics_are_those_of_each_group_alone() {
        let (values, groups) = rows(20_000);
        for stat in STATS {
            let found = GroupMoments::by_name(stat, &values, &groups, 5).expect("known");
            for (g, found) in found.iter().enumerate() {
                let of_group =
                    || values.iter().zip(&groups).filter(|(_, h)| **h == g as u32).map(|(x, _)| *x);
                let alone = by_name(&Sample::plain(of_group()), stat).expect("known");
                assert!(
                    (found - alone).abs() <= 1e-14 * alone.abs(),
                    "{stat} of group {g}: {found:e}, {alone:e}"
                );
            }
        }
    }

    #[test]
    fn the_order_of_the_rows_changes_no_digit() {
        let (values, groups) = rows(300_000);
        let turned: (Vec<f64>, Vec<u32>) = values.iter().copied().zip(groups.iter().copied()).rev().unzip();
        for stat in STATS {
            let one = GroupMoments::by_name(stat, &values, &groups, 5);
            assert_eq!(one, GroupMoments::by_name(stat, &turned.0, &turned.1, 5), "{stat}");
        }
    }

    #[test]
    fn sums_are_exact_where_doubles_cancel() {
        let sum = |values: &[f64]| GroupMoments::by_name("sum", values, &vec![0; values.len()], 1);
        assert_eq!(sum(&[1e16, 1.0, -1e16, 1.0]), Some(vec![2.0]));
        assert_eq!(sum(&[1e300, 1.0, -1e300]), Some(vec![0.0]));
        assert_eq!(sum(&[0.1; 10]), Some(vec![1.0]));
        assert_eq!(sum(&[5e-324, 5e-324]), Some(vec![1e-323]));
        assert_eq!(sum(&[-5e-324, 3.0]), Some(vec![3.0]));
        assert_eq!(sum(&[8e307, 8e307, 8e307]), Some(vec![f64::INFINITY]));
    }

    #[test]
    fn groups_without_values_have_no_mean() {
        let (values, groups) = ([MISSING, 2.0, 4.0], [0, 1, NO_GROUP]);
        let one = |stat| GroupMoments::by_name(stat, &values, &groups, 3).expect("known");
        assert_eq!(one("count"), [0.0, 1.0, 0.0]);
        assert_eq!(one("sum"), [0.0, 2.0, 0.0]);
        assert_eq!(one("mean"), [MISSING, 2.0, MISSING]);
        assert_eq!(one("sd"), [MISSING; 3]);
    }
}
