//! Counts what data steps do: rows that match and rows that do not, keys that do not identify rows, and the
//! rows that a condition leaves at the end. Only the columns that decide it are read.

use std::collections::{BTreeSet, HashMap};
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use dta::{Column, Missing, Reader};

use super::count::{Columns, Values};
use super::problems;
use super::repairs::apply;
use crate::domain::data_step::{ConvertTo, DataStep, Keep, MergeType, StepKind};
use crate::domain::error::Problem;
use crate::domain::expression::Condition;
use crate::ports::tabular::{RowCounts, StepCounts, SteppedCounts};

/// Rows read at once.
const STEP: usize = 65_536;
/// Most rows of all files together that are counted.
const MOST_ROWS: u64 = 20_000_000;

/// The column that keeps the rows of the main data, under a name that no column has.
const PLACE: &str = "";

/// The columns of a table that matter, in memory.
pub(super) struct Table {
    rows: usize,
    columns: HashMap<String, Data>,
}

enum Data {
    /// With the codes of missing values.
    Numbers(Vec<f64>),
    Texts(Vec<Box<[u8]>>),
}

/// Counts the steps on canonical data; see [`crate::ports::tabular::Tabular::count_steps`].
///
/// # Errors
/// `INTERNAL_ERROR` where canonical data cannot be read.
pub(super) fn count_steps(
    main: &Path,
    steps: &[(DataStep, PathBuf)],
    condition: Option<&Condition>,
    complete: &[String],
) -> Result<SteppedCounts, Problem> {
    let mut wanted: BTreeSet<String> = complete.iter().cloned().collect();
    wanted.extend(condition.iter().flat_map(|c| c.columns()).map(|c| c.name.to_string()));
    let mut out = SteppedCounts { steps: Vec::new(), rows: None };
    let table = step_by_step(main, steps, wanted, &mut out.steps)?;
    out.rows = table.map(|table| table.counts(condition, complete));
    Ok(out)
}

/// The wanted columns after data steps; `None` where the data are too large, or where keys do not identify rows as a merge says.
///
/// # Errors
/// `INTERNAL_ERROR` where canonical data cannot be read.
pub(super) fn carried_out(
    main: &Path,
    steps: &[(DataStep, PathBuf)],
    wanted: BTreeSet<String>,
) -> Result<Option<Table>, Problem> {
    step_by_step(main, steps, wanted, &mut Vec::new())
}

fn step_by_step(
    main: &Path,
    steps: &[(DataStep, PathBuf)],
    mut wanted: BTreeSet<String>,
    counted: &mut Vec<StepCounts>,
) -> Result<Option<Table>, Problem> {
    wanted.extend(steps.iter().flat_map(|(step, _)| step.keys.iter().cloned()));
    let mut total = rows_of(main)?;
    for (_, path) in steps.iter().filter(|(step, _)| !step.kind.is_repair()) {
        total = total.saturating_add(rows_of(path)?);
    }
    if total > MOST_ROWS {
        return Ok(None);
    }
    let mut table = load(main, &wanted)?;
    let rows: Vec<f64> = (0..table.rows).map(|row| row as f64 + 1.0).collect();
    table.columns.insert(PLACE.to_owned(), Data::Numbers(rows));
    for (step, path) in steps {
        let counts = match step.kind {
            StepKind::Append => append(&mut table, load(path, &wanted)?),
            StepKind::Merge => merge(&mut table, &load(path, &wanted)?, step),
            StepKind::DropRows => drop_rows(&mut table, step),
            StepKind::Convert => convert(&mut table, step),
        };
        let broken = counts.repeated_main > 0 || counts.repeated_other > 0;
        counted.push(counts);
        if broken {
            return Ok(None);
        }
    }
    Ok(Some(table))
}

fn open(path: &Path) -> Result<Reader<BufReader<File>>, Problem> {
    let file = File::open(path).map_err(|e| problems::io("open the data", &e))?;
    Reader::open(BufReader::with_capacity(256 * 1024, file)).map_err(unreadable)
}

fn unreadable(error: dta::Error) -> Problem {
    tracing::error!(event = "SS_PREVIEW_FAILED", error = %error, "canonical data cannot be read");
    Problem::internal()
}

fn rows_of(path: &Path) -> Result<u64, Problem> {
    Ok(open(path)?.rows())
}

/// Reads the wanted columns that the file has.
fn load(path: &Path, wanted: &BTreeSet<String>) -> Result<Table, Problem> {
    let mut reader = open(path)?;
    let mut selected: Vec<(usize, &String)> =
        wanted.iter().filter_map(|name| Some((reader.position(name)?, name))).collect();
    selected.sort_unstable();
    let rows = usize::try_from(reader.rows()).map_err(|_| Problem::internal())?;
    let mut data: Vec<Option<Data>> = selected.iter().map(|_| None).collect();
    if !selected.is_empty() {
        reader.select(selected.iter().map(|(at, _)| *at).collect()).map_err(unreadable)?;
        while let Some(block) = reader.read_block(STEP).map_err(unreadable)? {
            for (data, column) in data.iter_mut().zip(&block.columns) {
                push(data, column);
            }
        }
    }
    let columns = selected
        .into_iter()
        .zip(data)
        .map(|((_, name), data)| (name.clone(), data.unwrap_or(Data::Numbers(Vec::new()))))
        .collect();
    Ok(Table { rows, columns })
}

fn push(data: &mut Option<Data>, column: &Column) {
    let texts = |bytes: &mut dyn Iterator<Item = Box<[u8]>>, data: &mut Option<Data>| {
        if let Data::Texts(all) = data.get_or_insert_with(|| Data::Texts(Vec::new())) {
            all.extend(bytes);
        }
    };
    match column {
        Column::Str(values) => texts(&mut values.iter().map(|t| t.as_bytes().into()), data),
        Column::StrL(values) => texts(&mut (0..column.len()).map(|row| values.bytes(row).into()), data),
        numbers => {
            if let Data::Numbers(all) = data.get_or_insert_with(|| Data::Numbers(Vec::new())) {
                numbers.append_doubles(all);
            }
        }
    }
}

impl Data {
    /// The values of these rows; missing where there is none.
    fn gather(&self, rows: &[Option<usize>]) -> Self {
        match self {
            Self::Numbers(values) => {
                Self::Numbers(rows.iter().map(|row| row.map_or(system_missing(), |r| values[r])).collect())
            }
            Self::Texts(values) => Self::Texts(
                rows.iter().map(|row| row.map_or_else(Box::default, |r| values[r].clone())).collect(),
            ),
        }
    }

    fn extend(&mut self, more: Option<Self>, rows: usize) {
        match (self, more) {
            (Self::Numbers(all), Some(Self::Numbers(values))) => all.extend(values),
            (Self::Texts(all), Some(Self::Texts(values))) => all.extend(values),
            (Self::Numbers(all), _) => all.resize(all.len() + rows, system_missing()),
            (Self::Texts(all), _) => all.resize_with(all.len() + rows, Box::default),
        }
    }

    fn write_key(&self, row: usize, key: &mut Vec<u8>) {
        match self {
            // a negative zero is a zero
            Self::Numbers(values) => key.extend_from_slice(&(values[row] + 0.0).to_bits().to_le_bytes()),
            Self::Texts(values) => {
                key.extend_from_slice(&values[row].len().to_le_bytes());
                key.extend_from_slice(&values[row]);
            }
        }
    }
}

fn system_missing() -> f64 {
    Missing::SYSTEM.double()
}

impl Table {
    /// The rows of every key, in the order of the rows.
    fn by_key(&self, keys: &[String]) -> HashMap<Vec<u8>, Vec<usize>> {
        let columns: Vec<&Data> = keys.iter().filter_map(|k| self.columns.get(k)).collect();
        let mut found: HashMap<Vec<u8>, Vec<usize>> = HashMap::new();
        for row in 0..self.rows {
            let mut key = Vec::new();
            columns.iter().for_each(|c| c.write_key(row, &mut key));
            found.entry(key).or_default().push(row);
        }
        found
    }

    /// The row of the main data, counted from 1, that each row comes from; `None` for a row of another data set.
    pub(super) fn places(&self) -> Vec<Option<u64>> {
        let Some(Data::Numbers(rows)) = self.columns.get(PLACE) else { return vec![None; self.rows] };
        rows.iter().map(|row| Some(*row as u64).filter(|_| *row < system_missing())).collect()
    }

    /// The columns, on which conditions are judged.
    pub(super) fn columns(&self) -> Columns<'_> {
        let values = self.columns.iter().map(|(name, data)| {
            let values = match data {
                Data::Numbers(numbers) => Values::All(numbers),
                Data::Texts(texts) => Values::Bytes(texts),
            };
            (name.as_str(), values)
        });
        Columns(values.collect())
    }

    fn counts(&self, condition: Option<&Condition>, complete: &[String]) -> RowCounts {
        let columns = self.columns();
        let mut counts = RowCounts { rows: self.rows as u64, matching: 0, complete: 0 };
        for row in 0..self.rows {
            if condition.is_none_or(|condition| columns.truth(condition, row) == Some(true)) {
                counts.matching += 1;
                counts.complete += u64::from(!complete.iter().any(|name| columns.missing(name, row)));
            }
        }
        counts
    }
}

fn drop_rows(table: &mut Table, step: &DataStep) -> StepCounts {
    let kept: Vec<Option<usize>> =
        (0..table.rows).filter(|row| !step.rows.contains(&(*row as u64 + 1))).map(Some).collect();
    for data in table.columns.values_mut() {
        *data = data.gather(&kept);
    }
    table.rows = kept.len();
    StepCounts { rows: table.rows as u64, ..StepCounts::default() }
}

fn convert(table: &mut Table, step: &DataStep) -> StepCounts {
    if let Some(data) = step.column.as_ref().and_then(|name| table.columns.get_mut(name)) {
        let missing = system_missing();
        if step.to == Some(ConvertTo::FillDown) {
            let from = match &*data {
                Data::Texts(texts) => apply::filled_down(texts.iter().map(|t| t.is_empty())),
                Data::Numbers(numbers) => apply::filled_down(numbers.iter().map(|v| *v >= missing)),
            };
            *data = data.gather(&from.into_iter().map(Some).collect::<Vec<_>>());
            return StepCounts { rows: table.rows as u64, ..StepCounts::default() };
        }
        *data = match data {
            Data::Texts(texts) if step.to.as_ref().is_some_and(ConvertTo::is_text) => {
                let cell = |t: &[u8]| step.respelt(&String::from_utf8_lossy(t)).unwrap_or_default();
                Data::Texts(texts.iter().map(|t| cell(t).into_bytes().into()).collect())
            }
            Data::Texts(texts) => Data::Numbers(
                texts
                    .iter()
                    .map(|t| apply::text(step, &String::from_utf8_lossy(t)).unwrap_or(missing))
                    .collect(),
            ),
            Data::Numbers(numbers) => Data::Numbers(
                numbers
                    .iter()
                    .map(|v| if *v >= missing { *v } else { apply::number(step, *v).unwrap_or(missing) })
                    .collect(),
            ),
        };
    }
    StepCounts { rows: table.rows as u64, ..StepCounts::default() }
}

fn append(table: &mut Table, mut other: Table) -> StepCounts {
    let (mine, theirs) = (table.rows, other.rows);
    for (name, data) in &mut table.columns {
        data.extend(other.columns.remove(name), theirs);
    }
    for (name, data) in other.columns {
        let rows: Vec<Option<usize>> = (0..mine).map(|_| None).chain((0..theirs).map(Some)).collect();
        table.columns.insert(name, data.gather(&rows));
    }
    table.rows = mine + theirs;
    StepCounts { rows: table.rows as u64, ..StepCounts::default() }
}

fn repeated(by_key: &HashMap<Vec<u8>, Vec<usize>>) -> u64 {
    by_key.values().filter(|rows| rows.len() > 1).map(|rows| rows.len() as u64).sum()
}

fn merge(table: &mut Table, other: &Table, step: &DataStep) -> StepCounts {
    let merge_type = step.merge_type.unwrap_or(MergeType::OneToOne);
    let (mine, theirs) = (table.by_key(&step.keys), other.by_key(&step.keys));
    let mut counts = StepCounts::default();
    if merge_type.unique_main() {
        counts.repeated_main = repeated(&mine);
    }
    if merge_type.unique_other() {
        counts.repeated_other = repeated(&theirs);
    }
    if counts.repeated_main > 0 || counts.repeated_other > 0 {
        return counts;
    }
    let keep = step.keep.unwrap_or_default();
    let mut pairs: Vec<(Option<usize>, Option<usize>)> = Vec::new();
    for (key, rows) in &mine {
        match theirs.get(key) {
            Some(partners) => {
                let both = rows.iter().flat_map(|m| partners.iter().map(|o| (Some(*m), Some(*o))));
                let before = pairs.len();
                pairs.extend(both);
                counts.matched += (pairs.len() - before) as u64;
            }
            None => {
                counts.main_only += rows.len() as u64;
                if keep != Keep::Matched {
                    pairs.extend(rows.iter().map(|m| (Some(*m), None)));
                }
            }
        }
    }
    for (_, rows) in theirs.iter().filter(|(key, _)| !mine.contains_key(*key)) {
        counts.other_only += rows.len() as u64;
        if keep == Keep::All {
            pairs.extend(rows.iter().map(|o| (None, Some(*o))));
        }
    }
    combine(table, other, &step.keys, &pairs);
    counts.rows = table.rows as u64;
    counts
}

/// The rows of a merge: the main side wins where both have a column, keys come from either.
fn combine(table: &mut Table, other: &Table, keys: &[String], pairs: &[(Option<usize>, Option<usize>)]) {
    let mine: Vec<Option<usize>> = pairs.iter().map(|(m, _)| *m).collect();
    let theirs: Vec<Option<usize>> = pairs.iter().map(|(_, o)| *o).collect();
    let mut columns = HashMap::new();
    for (name, data) in &table.columns {
        let mut data = data.gather(&mine);
        if let Some(partner) = other.columns.get(name).filter(|_| keys.contains(name)) {
            for (row, (m, o)) in pairs.iter().enumerate() {
                let (None, Some(o)) = (m, o) else { continue };
                match (&mut data, partner) {
                    (Data::Numbers(all), Data::Numbers(values)) => all[row] = values[*o],
                    (Data::Texts(all), Data::Texts(values)) => all[row].clone_from(&values[*o]),
                    _ => {}
                }
            }
        }
        columns.insert(name.clone(), data);
    }
    for (name, data) in other.columns.iter().filter(|(name, _)| !table.columns.contains_key(*name)) {
        columns.insert(name.clone(), data.gather(&theirs));
    }
    *table = Table { rows: pairs.len(), columns };
}
