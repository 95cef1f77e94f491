//! Finds in the rows of canonical data what makes a run fail: repeated keys, negative weights, values that break a rule,
//! variables without variation within units, and regressors that others determine.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use dta::Reader;

use super::count::Columns;
use super::moments::Moments;
use super::separation::Ranges;
use super::steps::carried_out;
use super::{problems, value_checks};
use crate::domain::data_step::DataStep;
use crate::domain::error::Problem;
use crate::domain::expression::Condition;
use crate::ports::tabular::{FoundLevels, FoundRows, FoundValues, RowChecks, RowFindings};

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

/// Checks rows; finds nothing in data that are too large.
///
/// # Errors
/// `INTERNAL_ERROR` where canonical data cannot be read or lack a column.
pub(super) fn check_rows(
    path: &Path,
    steps: &[(DataStep, PathBuf)],
    condition: Option<&Condition>,
    checks: &RowChecks,
) -> Result<RowFindings, Problem> {
    if !steps.is_empty() {
        return after_steps(path, steps, condition, checks);
    }
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

/// Checks the rows that data steps leave; finds nothing where the steps cannot be carried out.
fn after_steps(
    path: &Path,
    steps: &[(DataStep, PathBuf)],
    condition: Option<&Condition>,
    checks: &RowChecks,
) -> Result<RowFindings, Problem> {
    let mut wanted: BTreeSet<String> = checks.columns().map(str::to_owned).collect();
    wanted.extend(condition.iter().flat_map(|c| c.columns()).map(|c| c.name.to_string()));
    let Some(table) = carried_out(path, steps, wanted)? else { return Ok(RowFindings::default()) };
    let places = table.places();
    // a row that a merge brings several times is several rows
    let equal: HashSet<u64> = checks.equal.iter().copied().collect();
    let equal = places.iter().zip(1..).filter(|(place, _)| place.is_some_and(|row| equal.contains(&row)));
    let own = RowChecks { equal: equal.map(|(_, row)| row).collect(), ..checks.clone() };
    let columns = table.columns();
    let mut found = Finder::new(&own, places.len() as u64);
    for row in 0..places.len() {
        if condition.is_none_or(|condition| columns.truth(condition, row) == Some(true)) {
            found.take(&columns, row, row as u64 + 1);
        }
    }
    let mut found = found.end();
    found.moved(|row| places.get(usize::try_from(row - 1).ok()?).copied().flatten());
    Ok(found)
}

impl RowFindings {
    /// The same with the rows of the main data; a finding of which one row is not among them is counted and not named.
    fn moved(&mut self, place: impl Fn(u64) -> Option<u64>) {
        let moved = |rows: &[u64]| rows.iter().map(|row| place(*row)).collect::<Option<Vec<u64>>>();
        let own = [
            &mut self.repeated,
            &mut self.equal_repeated,
            &mut self.negative_weights,
            &mut self.fractional_weights,
        ];
        let broken = self.values.iter_mut().map(|found| &mut found.broken);
        for found in own.into_iter().chain(broken) {
            found.examples = found.examples.iter().filter_map(|rows| moved(rows)).collect();
        }
        for found in &mut self.levels {
            found.rows = found.rows.iter().filter_map(|row| place(*row)).collect();
        }
    }
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
    equal: HashSet<u64>,
    repeated: FoundRows,
    equal_repeated: FoundRows,
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
            equal: checks.equal.iter().copied().collect(),
            repeated: FoundRows::default(),
            equal_repeated: FoundRows::default(),
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
            let (unit, first) = unit.map_or((None, number), |(unit, first)| (Some(unit), first));
            if first != number && self.equal.contains(&number) {
                self.equal_repeated.add(vec![first, number]);
            } else if first != number {
                self.repeated.add(vec![first, number]);
            }
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
            repeated: self.repeated,
            equal_repeated: self.equal_repeated,
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
    /// Least and largest value in each unit, for each variable that has to vary.
    ranges: Vec<HashMap<u32, [f64; 2]>>,
}

impl Keys {
    /// Takes the key of a row; returns the number of its unit and the first row of the key, `None` where a part of the key is
    /// missing.
    fn take(
        &mut self,
        columns: &Columns<'_>,
        key: (&str, &str),
        row: usize,
        number: u64,
    ) -> Option<(u32, u64)> {
        let unit = numbered(&mut self.units, columns.bytes(key.0, row)?.as_ref());
        let time = numbered(&mut self.times, columns.bytes(key.1, row)?.as_ref());
        Some((unit, *self.first.entry((unit, time)).or_insert(number)))
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
