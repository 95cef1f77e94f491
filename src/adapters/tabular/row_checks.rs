//! Finds in the rows of canonical data what makes a run fail: repeated keys, negative weights, values that break a rule,
//! variables without variation within units, and regressors that others determine.

use std::collections::HashMap;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use dta::Reader;

use super::count::Columns;
use super::separation::Ranges;
use super::{problems, value_checks};
use crate::domain::error::Problem;
use crate::domain::expression::Condition;
use crate::ports::tabular::{Determined, FoundLevels, FoundRows, FoundValues, RowChecks, RowFindings};

/// Rows read at once.
const STEP: usize = 65_536;
/// Larger data are left to the run.
const MOST_ROWS: u64 = 5_000_000;
/// Most products for the covariances of regressors; above it they are left to the run.
const MOST_PRODUCTS: u64 = 400_000_000;
/// Most different values that are counted in a column.
const MOST_LEVELS: usize = 200_000;
/// Rows that are named of each finding.
const EXAMPLES: usize = 3;
/// Share of a regressor's variance below which others determine it. Values that were written as decimals differ from an
/// exact combination by a relative rounding of about 1e-16, and products by 1e-13.
const DETERMINED: f64 = 1e-12;
/// Least size of a term of a combination, with regressors of variance one.
const TERM: f64 = 1e-6;

/// Checks rows; finds nothing in data that are too large.
///
/// # Errors
/// `INTERNAL_ERROR` where canonical data cannot be read or lack a column.
pub(super) fn check_rows(
    path: &Path,
    condition: Option<&Condition>,
    checks: &RowChecks,
) -> Result<RowFindings, Problem> {
    let unreadable = |error: dta::Error| {
        tracing::error!(event = "SS_PREVIEW_FAILED", error = %error, "canonical data cannot be read");
        Problem::internal()
    };
    let file = File::open(path).map_err(|e| problems::io("open the data", &e))?;
    let mut reader = Reader::open(BufReader::with_capacity(256 * 1024, file)).map_err(unreadable)?;
    let mut names: Vec<&str> = checks.columns().collect();
    names.extend(condition.iter().flat_map(|c| c.columns()).map(|c| c.name.as_str()));
    names.sort_unstable();
    names.dedup();
    if names.is_empty() || reader.rows() > MOST_ROWS {
        return Ok(RowFindings::default());
    }
    let mut selected = Vec::with_capacity(names.len());
    for name in names {
        selected.push((reader.position(name).ok_or_else(Problem::internal)?, name.to_owned()));
    }
    // a selection keeps the order of the file
    selected.sort_unstable();
    let mut found = Finder::new(checks, reader.rows());
    reader.select(selected.iter().map(|(at, _)| *at).collect()).map_err(unreadable)?;
    let mut before = 0;
    while let Some(block) = reader.read_block(STEP).map_err(unreadable)? {
        let columns = Columns::of(&block, &selected);
        for row in 0..block.rows {
            if condition.is_none_or(|condition| columns.truth(condition, row) == Some(true)) {
                found.take(&columns, row, before + row as u64 + 1);
            }
        }
        before += block.rows as u64;
    }
    Ok(found.end())
}

/// The values of a column as bytes, each with its number of rows and its first row.
type Levels = HashMap<Box<[u8]>, (u64, u64)>;

fn counted(levels: &Levels) -> FoundLevels {
    let mut single: Vec<u64> =
        levels.values().filter(|(rows, _)| *rows == 1).map(|(_, first)| *first).collect();
    single.sort_unstable();
    let examples = single.iter().take(EXAMPLES).copied().collect();
    FoundLevels { count: levels.len() as u64, single: single.len() as u64, rows: examples }
}

/// What is known after some rows.
struct Finder<'a> {
    checks: &'a RowChecks,
    keys: Keys,
    negative: FoundRows,
    fractional: FoundRows,
    weighted: u64,
    values: Vec<FoundValues>,
    levels: Vec<Levels>,
    used: u64,
    /// The regressors, and after them the outcome.
    summed: Vec<String>,
    moments: Option<Moments>,
    ranges: Ranges,
    row: Vec<f64>,
}

impl<'a> Finder<'a> {
    fn new(checks: &'a RowChecks, rows: u64) -> Self {
        let outcome = checks.outcome.iter().filter(|_| !checks.regressors.is_empty());
        let summed: Vec<String> = checks.regressors.iter().chain(outcome).cloned().collect();
        let k = summed.len() as u64;
        let moments =
            (k > 0 && rows.saturating_mul(k * k) <= MOST_PRODUCTS).then(|| Moments::new(k as usize));
        let keys = Keys { ranges: vec![HashMap::new(); checks.within.len()], ..Keys::default() };
        Self {
            checks,
            keys,
            negative: FoundRows::default(),
            fractional: FoundRows::default(),
            weighted: 0,
            values: vec![FoundValues::default(); checks.values.len()],
            levels: vec![Levels::new(); checks.levels.len()],
            used: 0,
            summed,
            moments,
            ranges: Ranges::new(checks.separable.as_ref().map_or(0, |(_, names)| names.len())),
            row: Vec::new(),
        }
    }

    /// Takes a row of the sample; `number` counts the rows of the data from 1.
    fn take(&mut self, columns: &Columns<'_>, row: usize, number: u64) {
        let checks = self.checks;
        if let Some(weight) = &checks.weight {
            let value = columns.number(weight, row);
            if checks.whole_weights && value.is_some_and(|w| w.fract() != 0.0) {
                self.fractional.add(vec![number]);
            }
            match value {
                Some(w) if w < 0.0 => self.negative.add(vec![number]),
                // rows without weight are no rows of the sample
                Some(w) if w > 0.0 => self.weighted += 1,
                _ => return,
            }
        }
        if checks.complete.iter().any(|name| columns.missing(name, row)) {
            return;
        }
        self.used += 1;
        for (name, found) in checks.levels.iter().zip(&mut self.levels) {
            let Some(value) = columns.bytes(name, row) else { continue };
            if let Some((rows, _)) = found.get_mut(value.as_ref()) {
                *rows += 1;
            } else if found.len() < MOST_LEVELS {
                found.insert(value.into(), (1, number));
            }
        }
        for ((name, rule), found) in checks.values.iter().zip(&mut self.values) {
            value_checks::take(found, *rule, columns, (name, row), number);
        }
        if let Some((unit, time)) = &checks.key {
            let unit = self.keys.take(columns, (unit.as_str(), time.as_str()), row, number);
            for (ranges, name) in self.keys.ranges.iter_mut().zip(&checks.within) {
                let (Some(unit), Some(value)) = (unit, columns.number(name, row)) else { continue };
                let range = ranges.entry(unit).or_insert([value, value]);
                *range = [range[0].min(value), range[1].max(value)];
            }
        }
        if let Some((outcome, names)) = &checks.separable
            && let Some(outcome) = columns.number(outcome, row)
        {
            self.ranges.take(outcome != 0.0, names.iter().map(|name| columns.number(name, row)));
        }
        if let Some(moments) = &mut self.moments {
            self.row.clear();
            self.row.extend(self.summed.iter().map_while(|name| columns.number(name, row)));
            if self.row.len() == self.summed.len() {
                moments.take(&self.row);
            }
        }
    }

    fn end(self) -> RowFindings {
        let checks = self.checks;
        let mut no_within = Vec::new();
        for (ranges, name) in self.keys.ranges.iter().zip(&checks.within) {
            if !ranges.is_empty() && ranges.values().all(|[least, most]| least >= most) {
                no_within.push(name.clone());
            }
        }
        RowFindings {
            repeated: self.keys.repeated,
            negative_weights: self.negative,
            fractional_weights: self.fractional,
            no_within,
            weightless: checks.weight.is_some() && self.weighted == 0,
            values: self.values,
            used: self.used,
            levels: self.levels.iter().map(counted).collect(),
            determined: self.moments.map(|m| m.determined(&self.summed)).unwrap_or_default(),
            separating: checks
                .separable
                .as_ref()
                .map_or_else(Vec::new, |(_, names)| self.ranges.separating(names)),
        }
    }
}

/// Units, and the first row of each unit in each period.
#[derive(Default)]
struct Keys {
    units: HashMap<Box<[u8]>, u32>,
    times: HashMap<Box<[u8]>, u32>,
    first: HashMap<(u32, u32), u64>,
    repeated: FoundRows,
    /// Least and largest value in each unit, for each variable that has to vary.
    ranges: Vec<HashMap<u32, [f64; 2]>>,
}

impl Keys {
    /// Takes the key of a row; returns the number of its unit, `None` where a part of the key is missing.
    fn take(&mut self, columns: &Columns<'_>, key: (&str, &str), row: usize, number: u64) -> Option<u32> {
        let unit = numbered(&mut self.units, columns.bytes(key.0, row)?.as_ref());
        let time = numbered(&mut self.times, columns.bytes(key.1, row)?.as_ref());
        let first = *self.first.entry((unit, time)).or_insert(number);
        if first != number {
            self.repeated.add(vec![first, number]);
        }
        Some(unit)
    }
}

fn numbered(known: &mut HashMap<Box<[u8]>, u32>, value: &[u8]) -> u32 {
    if let Some(n) = known.get(value) {
        return *n;
    }
    let n = u32::try_from(known.len()).unwrap_or(u32::MAX);
    known.insert(value.into(), n);
    n
}

impl FoundRows {
    pub(super) fn add(&mut self, rows: Vec<u64>) {
        self.count += 1;
        if self.examples.len() < EXAMPLES {
            self.examples.push(rows);
        }
    }
}

/// Means and products of deviations from them, one row after the other (Welford 1962, in the form for several variables).
struct Moments {
    n: f64,
    means: Vec<f64>,
    /// Lower triangle, row by row.
    products: Vec<f64>,
    deviations: Vec<f64>,
}

impl Moments {
    fn new(k: usize) -> Self {
        Self { n: 0.0, means: vec![0.0; k], products: vec![0.0; k * (k + 1) / 2], deviations: vec![0.0; k] }
    }

    fn take(&mut self, row: &[f64]) {
        self.n += 1.0;
        let share = (self.n - 1.0) / self.n;
        for ((deviation, mean), value) in self.deviations.iter_mut().zip(&mut self.means).zip(row) {
            *deviation = value - *mean;
            *mean += *deviation / self.n;
        }
        let mut at = 0;
        for (i, a) in self.deviations.iter().enumerate() {
            let a = a * share;
            for (product, b) in self.products[at..].iter_mut().zip(&self.deviations[..=i]) {
                *product += a * b;
            }
            at += i + 1;
        }
    }

    /// Returns the variables that are constant or combinations of earlier ones, by a Cholesky factor of the correlations.
    fn determined(&self, names: &[String]) -> Vec<Determined> {
        let product = |i: usize, j: usize| self.products[i * (i + 1) / 2 + j];
        let spread: Vec<f64> = (0..names.len()).map(|i| product(i, i).sqrt()).collect();
        let mut kept: Vec<usize> = Vec::new();
        let mut factor: Vec<Vec<f64>> = Vec::new();
        let mut found = Vec::new();
        if self.n < 2.0 {
            return found;
        }
        for (i, name) in names.iter().enumerate() {
            // a mean of equal numbers is exact up to rounding
            let size = self.means[i].abs() * self.n.sqrt();
            if spread[i] <= size * 1e-13 {
                found.push(Determined { column: name.clone(), by: Vec::new() });
                continue;
            }
            let mut line: Vec<f64> = Vec::with_capacity(kept.len() + 1);
            for (row, j) in factor.iter().zip(&kept) {
                let done: f64 = line.iter().zip(row).map(|(a, b)| a * b).sum();
                let last = row.last().copied().unwrap_or(1.0);
                line.push((product(i.max(*j), i.min(*j)) / (spread[i] * spread[*j]) - done) / last);
            }
            let rest = 1.0 - line.iter().map(|a| a * a).sum::<f64>();
            if rest > DETERMINED {
                line.push(rest.sqrt());
                factor.push(line);
                kept.push(i);
                continue;
            }
            let terms = solved(&factor, line);
            let by = kept.iter().zip(terms).filter(|(_, term)| term.abs() > TERM);
            let by = by.map(|(j, term)| (names[*j].clone(), term * spread[i] / spread[*j])).collect();
            found.push(Determined { column: name.clone(), by });
        }
        found
    }
}

/// Solves the transposed triangular system of a factor.
fn solved(factor: &[Vec<f64>], mut line: Vec<f64>) -> Vec<f64> {
    for i in (0..line.len()).rev() {
        let value = line[i] / factor[i][i];
        line[i] = value;
        for (rest, term) in line[..i].iter_mut().zip(&factor[i]) {
            *rest -= term * value;
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn determined(rows: &[[f64; 3]]) -> Vec<Determined> {
        let mut moments = Moments::new(3);
        rows.iter().for_each(|row| moments.take(row));
        moments.determined(&["a", "b", "c"].map(str::to_owned))
    }

    #[test]
    fn combinations_are_found_with_their_terms() {
        let pairs = [[0.1, 7.0], [0.7, 3.2], [2.3, 5.5], [-1.9, 0.3], [4.4, 4.1]];
        let rows = pairs.map(|[a, b]| [a, b, 1000.0 + 2.0 * a - 0.5 * b]);
        let found = determined(&rows);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].column, "c");
        for ((name, term), (known, expected)) in found[0].by.iter().zip([("a", 2.0), ("b", -0.5)]) {
            assert_eq!(name, known);
            assert!((term - expected).abs() < 1e-9, "{term}");
        }
        assert!(determined(&pairs.map(|[a, b]| [a, b, a * b])).is_empty());
        assert!(determined(&[]).is_empty());
    }

    #[test]
    fn a_constant_is_determined_by_nothing() {
        let rows: Vec<[f64; 3]> = (0..9).map(|i| [f64::from(i), 0.1, 3.0 * f64::from(i)]).collect();
        let found = determined(&rows);
        assert_eq!((found[0].column.as_str(), found[0].by.len()), ("b", 0));
        assert_eq!((found[1].column.as_str(), found[1].by[0].0.as_str()), ("c", "a"));
    }

    #[test]
    fn close_is_not_determined() {
        let rows: Vec<[f64; 3]> = (0..50)
            .map(|i| [f64::from(i), f64::from(i * i % 17), f64::from(i) + 1e-4 * f64::from(i % 3)])
            .collect();
        assert!(determined(&rows).is_empty());
    }
}
