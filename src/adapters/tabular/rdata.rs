//! Uploaded data frames of R (.rds, .rda, .RData) to canonical data: factors and labelled values get value labels, dates become those of Stata,
//! numbers take the smallest storage that holds them. Columns that no data set can have are left out by name.

mod encodings;
mod facts;
mod meaning;
mod remarks;

use std::fs::File;
use std::path::Path;

use dta::{Column, StorageType};
use rds::{Frame, Limits, Reader, Values};

use super::advance::{self, Counted};
use super::labelled_file::{self, LabelSets, LabelledFile};
use super::output::{self, ColumnPlan};
use super::problems;
use super::warnings::Warnings;
use crate::domain::error::{ErrorCode, Problem};
use crate::ports::tabular::{IngestOptions, IngestedDataset};
use encodings::Encodings;
use facts::Facts;
use meaning::Meaning;

type Input = Reader<File>;

/// Bound on the metadata of an upload that is kept in memory.
const METADATA_LIMIT: u64 = 96 << 20;
/// The file is unpacked, and its rows are converted.
const PASSES: u64 = 2;
/// Bytes of rows converted at once.
const BLOCK_BYTES: usize = 2 << 20;
/// Most bytes of the unpacked data for each byte of the file, at least and at most: columns of one value are packed tightly.
const MOST_RATIO: u64 = 400;
const UNPACKED_LEAST: u64 = 512 << 20;
const UNPACKED_MOST: u64 = 32 << 30;

/// Converts a data frame; of several the first one if the options name none.
///
/// # Errors
/// `INPUT_*` with row, column and reason.
pub(super) fn ingest(path: &Path, options: &IngestOptions, dest: &Path) -> Result<IngestedDataset, Problem> {
    let mut warnings = Warnings::default();
    let file = Counted::open(path, PASSES).map_err(|e| problems::io("read the upload", &e))?;
    let bytes = std::fs::metadata(path).map_or(0, |facts| facts.len());
    let unpacked = bytes.saturating_mul(MOST_RATIO).clamp(UNPACKED_LEAST, UNPACKED_MOST);
    let spool = output::spool(&dest.with_extension("unpacked"))?;
    let limits = Limits { metadata: METADATA_LIMIT, unpacked };
    let reader = Reader::open(file, spool, limits).map_err(|e| problems::rds_read(&e))?;
    let names: Vec<String> = reader.frames().iter().map(|frame| frame.name.clone()).collect();
    let frame = choose(&reader, &names, options.sheet.as_deref())?;
    check(frame, &names)?;
    let encodings = Encodings::of(&reader, frame, &mut warnings)?;
    let facts = facts::gather(&reader, frame, &encodings)?;
    let columns = frame.columns.iter().zip(&facts);
    let mut meanings: Vec<Meaning> = columns.map(|(c, f)| Meaning::of(c, f)).collect();
    let (plans, labels) = plan(frame, &mut meanings, &facts, &encodings, &mut warnings);
    remarks::on_unread(frame, &encodings, &mut warnings);
    let widths = meanings.iter().zip(&facts).map(|(meaning, facts)| match meaning.storage {
        StorageType::StrL => facts.bytes,
        storage => storage.width(),
    });
    let step = (BLOCK_BYTES / widths.sum::<usize>().max(1)).clamp(1, 65_536);
    let mut output = LabelledFile::create(dest, plans, labels, frame.rows)?;
    let mut rows = reader.rows(frame).map_err(|e| problems::rds_read(&e))?;
    while let Some(block) = rows.read_block(step).map_err(|e| problems::rds_read(&e))? {
        let columns = block.iter().zip(&meanings);
        let columns = columns.map(|(values, meaning)| convert(values, meaning, &encodings));
        output.write(columns.collect())?;
        advance::took((bytes as u128 * step as u128 / u128::from(frame.rows)) as usize);
    }
    let mut data = output.finish("rds", encodings.native.name(), warnings)?;
    if names.len() > 1 {
        data.selected_sheet = Some(frame.name.clone());
        data.sheet_names = names;
    }
    Ok(data)
}

fn choose<'a>(reader: &'a Input, names: &[String], wanted: Option<&str>) -> Result<&'a Frame, Problem> {
    let found = match wanted {
        Some(name) => {
            let exact = names.iter().position(|known| known == name);
            exact.or_else(|| names.iter().position(|known| known.eq_ignore_ascii_case(name)))
        }
        None => Some(0),
    };
    let found = found.and_then(|at| reader.frames().get(at));
    found.ok_or_else(|| {
        let name = problems::shown(wanted.unwrap_or_default());
        let message = format!("the file has no data frame named {name}");
        Problem::new(ErrorCode::InputSheetNotFound, message).with("sheets", names.to_vec())
    })
}

/// Refuses a data frame without data.
fn check(frame: &Frame, names: &[String]) -> Result<(), Problem> {
    if let (true, Some((name, why))) = (frame.columns.is_empty(), frame.unread.first()) {
        let name = String::from_utf8_lossy(&name.bytes);
        return Err(problems::parse(None, Some(&name), &format!("{why}; there is no other column")));
    }
    if frame.columns.is_empty() || frame.rows == 0 {
        let what = if frame.columns.is_empty() { "columns" } else { "rows" };
        let problem = problems::empty(&format!("the data frame has no {what}"));
        return Err(problem.with("sheets", names.to_vec()));
    }
    Ok(())
}

/// Plans the columns and their value labels, and says what is to be known of them.
fn plan(
    frame: &Frame,
    meanings: &mut [Meaning],
    facts: &[Facts],
    encodings: &Encodings,
    warnings: &mut Warnings,
) -> (Vec<ColumnPlan>, Vec<dta::ValueLabelSet>) {
    let plan = |(column, meaning): (&rds::Column, &Meaning)| ColumnPlan {
        original: encodings.text(&column.name),
        name: String::new(),
        label: column.label.as_ref().map(|label| encodings.text(label)),
        storage: meaning.storage,
        format: meaning.format.clone(),
        value_label: String::new(),
    };
    let mut plans: Vec<ColumnPlan> = frame.columns.iter().zip(&*meanings).map(plan).collect();
    output::name_columns(&mut plans, warnings);
    let mut sets = LabelSets::default();
    for ((column, meaning), (plan, facts)) in
        frame.columns.iter().zip(meanings).zip(plans.iter_mut().zip(facts))
    {
        let entries = meaning.labels(column, encodings);
        plan.value_label = sets.name_of(entries, &plan.name, warnings);
        remarks::on(&plan.name, column, meaning, facts, warnings);
    }
    (plans, sets.finish())
}

fn convert(values: &Values, meaning: &Meaning, encodings: &Encodings) -> Column {
    match values {
        Values::Numbers(numbers) if meaning.storage.is_text() => {
            let texts = numbers.iter().map(|x| meaning.level(*x));
            labelled_file::texts(meaning.storage, texts)
        }
        Values::Numbers(numbers) => {
            labelled_file::numbers(meaning.storage, numbers.iter().map(|x| meaning.value(*x)))
        }
        Values::Integers(integers) if meaning.storage.is_text() => {
            let text = |x: &i64| if *x == i64::MIN { String::new() } else { x.to_string() };
            labelled_file::texts(meaning.storage, integers.iter().map(|x| text(x).into()))
        }
        Values::Integers(integers) => {
            let number = |x: &i64| if *x == i64::MIN { Err(dta::Missing::SYSTEM) } else { Ok(*x as f64) };
            labelled_file::numbers(meaning.storage, integers.iter().map(number))
        }
        Values::Texts(texts) => {
            let kept = texts.iter().map(|(bytes, mark)| {
                let text = encodings.decode(bytes, mark);
                // those that the file declares missing become empty
                if meaning.is_missing_text(&text) { "".into() } else { text }
            });
            labelled_file::texts(meaning.storage, kept)
        }
    }
}
