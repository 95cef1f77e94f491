//! Uploaded Parquet files to canonical data: dates become those of Stata, numbers take the smallest storage that holds them, whole numbers and
//! decimals that no `double` holds stay texts. Nested columns are left out by name.

mod facts;
mod meaning;
mod notes;

use std::fs::File;
use std::io;
use std::path::Path;

use dta::{Missing, StorageType};
use parquet_file::{Cells, Column, Limits, Reader, Source, What};

use super::advance;
use super::labelled_file::{self, LabelledFile};
use super::output::{self, ColumnPlan};
use super::problems;
use super::remarks;
use super::warnings::Warnings;
use crate::domain::error::Problem;
use crate::ports::tabular::IngestedDataset;
use facts::Facts;
use meaning::Meaning;
use notes::Notes;

type Input = Reader<Upload>;

/// Bound on the description of the data, which is kept in memory.
const METADATA_LIMIT: u64 = 96 << 20;
/// Most bytes of a page, and of the pages of all columns together.
const PAGE_LIMIT: u64 = 512 << 20;
/// What the values are is found first, then they are converted.
const PASSES: u64 = 2;
/// Bytes of rows converted at once.
const BLOCK_BYTES: usize = 2 << 20;
/// Most bytes of all values for each byte of the file, at least and at most: a run of the same value takes a few bytes.
const MOST_RATIO: u64 = 400;
const VALUES_LEAST: u64 = 512 << 20;
const VALUES_MOST: u64 = 32 << 30;

/// An upload whose bytes are counted.
struct Upload(File);

impl Source for Upload {
    fn length(&self) -> io::Result<u64> {
        self.0.length()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let bytes = self.0.read_at(offset, buffer)?;
        advance::took(bytes);
        Ok(bytes)
    }
}

/// Converts a Parquet file.
///
/// # Errors
/// `INPUT_*` with row, column and reason.
pub(super) fn ingest(path: &Path, dest: &Path) -> Result<IngestedDataset, Problem> {
    let mut warnings = Warnings::default();
    let reader = open(path)?;
    let notes = Notes::of(&reader);
    let all = reader.columns().iter().map(|column| facts::gather(&reader, column));
    let all = all.collect::<Result<Vec<Facts>, Problem>>()?;
    check_memory(&all)?;
    for (name, why) in reader.unread() {
        remarks::on_left_out(name, why, &mut warnings);
    }
    let (mut columns, mut meanings, mut kept) = (Vec::new(), Vec::new(), Vec::new());
    for (column, facts) in reader.columns().iter().zip(all) {
        if facts.is_binary {
            remarks::on_left_out(
                &column.name,
                "its values are bytes, and no texts or numbers",
                &mut warnings,
            );
            continue;
        }
        columns.push(column);
        meanings.push(Meaning::of(column, &facts));
        kept.push(facts);
    }
    check(&reader, &columns)?;
    let mut plans: Vec<ColumnPlan> =
        columns.iter().zip(&meanings).map(|(column, meaning)| plan(column, meaning, &notes)).collect();
    output::name_columns(&mut plans, &mut warnings);
    for ((column, meaning), (plan, facts)) in columns.iter().zip(&meanings).zip(plans.iter().zip(&kept)) {
        remark(&plan.name, column, meaning, facts, &notes, &mut warnings);
    }
    let widths = meanings.iter().zip(&kept).map(|(meaning, facts)| match meaning.storage {
        StorageType::StrL => facts.bytes,
        storage => storage.width(),
    });
    let step = (BLOCK_BYTES / widths.sum::<usize>().max(1)).clamp(1, 65_536) as u64;
    let mut output = LabelledFile::create(dest, plans, Vec::new(), reader.rows())?;
    let mut cells: Vec<Cells<'_, Upload>> = columns.iter().map(|column| reader.cells(column)).collect();
    let mut row = 0;
    while row < reader.rows() {
        let rows = step.min(reader.rows() - row);
        let block = cells.iter_mut().zip(&meanings).map(|(cells, meaning)| convert(cells, meaning, rows));
        output.write(block.collect::<Result<_, Problem>>()?)?;
        row += rows;
    }
    output.finish("parquet", "UTF-8", warnings)
}

fn open(path: &Path) -> Result<Input, Problem> {
    let file = File::open(path).map_err(|e| problems::io("read the upload", &e))?;
    advance::expect(&file, PASSES);
    let bytes = file.metadata().map_or(0, |facts| facts.len());
    let values = bytes.saturating_mul(MOST_RATIO).clamp(VALUES_LEAST, VALUES_MOST);
    let limits = Limits { metadata: METADATA_LIMIT, page: PAGE_LIMIT, values };
    Reader::open(Upload(file), limits).map_err(|e| problems::parquet_read(&e))
}

/// Refuses files whose columns need too much memory next to each other.
fn check_memory(facts: &[Facts]) -> Result<(), Problem> {
    let memory: u64 = facts.iter().map(|facts| facts.memory).sum();
    if memory > PAGE_LIMIT {
        let what =
            "the pages of all columns together are too large; write the file in smaller groups of rows";
        return Err(problems::too_large(what, PAGE_LIMIT));
    }
    Ok(())
}

/// Refuses a file without data.
fn check(reader: &Input, columns: &[&Column]) -> Result<(), Problem> {
    if reader.rows() == 0 {
        return Err(problems::empty("the file has no rows"));
    }
    if !columns.is_empty() {
        return Ok(());
    }
    Err(match reader.unread().first() {
        Some((name, why)) => problems::parse(None, Some(name), &format!("{why}; there is no other column")),
        None => problems::empty("the file has no columns of texts, numbers or dates"),
    })
}

fn plan(column: &Column, meaning: &Meaning, notes: &Notes) -> ColumnPlan {
    ColumnPlan {
        original: notes.name_of(&column.name),
        name: String::new(),
        label: None,
        storage: meaning.storage,
        format: meaning.format.clone(),
        value_label: String::new(),
    }
}

/// What a user has to know of a column beyond its values.
fn remark(
    name: &str,
    column: &Column,
    meaning: &Meaning,
    facts: &Facts,
    notes: &Notes,
    warnings: &mut Warnings,
) {
    if facts.infinite > 0 {
        remarks::on_infinite(facts.infinite, facts.first_infinite, name, warnings);
    }
    if meaning.are_codes() {
        remarks::on_codes(name, warnings);
    }
    match column.what {
        What::Time(_) => remarks::on_seconds(name, warnings),
        What::Date | What::Timestamp(..)
            if meaning.reading == dta::Reading::Number && facts.range.is_some() =>
        {
            remarks::on_no_dates(name, warnings);
        }
        What::Timestamp(..) => {
            if let Some(zone) = notes.zone_of(&column.name) {
                remarks::on_zone(name, zone, warnings);
            }
        }
        _ => {}
    }
}

fn convert(cells: &mut Cells<'_, Upload>, meaning: &Meaning, rows: u64) -> Result<dta::Column, Problem> {
    if meaning.storage.is_text() {
        let texts = (0..rows).map(|_| cells.next(|cell| meaning.text(cell)));
        let texts = texts.collect::<Result<Vec<String>, _>>().map_err(|e| problems::parquet_read(&e))?;
        return Ok(labelled_file::texts(meaning.storage, texts.into_iter().map(Into::into)));
    }
    let numbers = (0..rows).map(|_| cells.next(|cell| meaning.value(cell)));
    let numbers = numbers.collect::<Result<Vec<Result<f64, Missing>>, _>>();
    let numbers = numbers.map_err(|e| problems::parquet_read(&e))?;
    Ok(labelled_file::numbers(meaning.storage, numbers.into_iter()))
}
