//! Uploaded system files of SPSS (.sav, .zsav) to canonical data: user-missing values become extended missing values with their
//! labels, dates become those of Stata, numbers take the smallest storage that holds them.

pub(super) mod meaning;
pub(super) mod remarks;

use std::path::Path;

use dta::{Column, ValueLabelSet};
use encoding_rs::{Encoding, UTF_8};
use sav::{Facts, Reader, Variable};

use super::advance::Counted;
use super::labelled_file::{self, LabelSets, LabelledFile};
use super::legacy_text::{self, Guess};
use super::output::{self, ColumnPlan};
use super::problems;
use super::warnings::Warnings;
use crate::domain::error::Problem;
use crate::ports::tabular::IngestedDataset;
use meaning::Meaning;

type Input = Reader<Counted>;

/// Bound on the metadata of an upload that is kept in memory.
const METADATA_LIMIT: u64 = 96 << 20;
/// What the values are is found first, then the cases are converted.
const PASSES: u64 = 2;
/// Bytes of cases converted at once.
const BLOCK_BYTES: usize = 2 << 20;

/// Converts a system file.
///
/// # Errors
/// `INPUT_*` with row, column and reason.
pub(super) fn ingest(path: &Path, dest: &Path) -> Result<IngestedDataset, Problem> {
    let mut warnings = Warnings::default();
    let file = Counted::open(path, PASSES).map_err(|e| problems::io("read the upload", &e))?;
    let mut reader = Reader::open(file, METADATA_LIMIT).map_err(|e| problems::sav_read(&e))?;
    let step = block_rows(reader.variables());
    let encoding = encoding(&mut reader, step, &mut warnings)?;
    let decode = |bytes: &[u8]| encoding.decode_without_bom_handling(bytes).0.into_owned();
    let (rows, facts) = facts(&mut reader, step, encoding)?;
    if rows == 0 {
        return Err(problems::empty("the file has no cases"));
    }
    let variables = reader.variables().to_vec();
    let meanings: Vec<Meaning> = variables.iter().zip(&facts).map(|(v, f)| Meaning::of(v, f)).collect();
    let mut plans: Vec<ColumnPlan> = variables
        .iter()
        .zip(&meanings)
        .map(|(variable, meaning)| ColumnPlan {
            original: decode(&variable.name),
            name: String::new(),
            label: Some(decode(&variable.label)),
            storage: meaning.storage,
            format: meaning.format.clone(),
            value_label: String::new(),
        })
        .collect();
    output::name_columns(&mut plans, &mut warnings);
    let labels = value_labels(&variables, &meanings, &mut plans, decode, &mut warnings);
    for ((variable, meaning), (plan, facts)) in variables.iter().zip(&meanings).zip(plans.iter().zip(&facts))
    {
        remarks::on(&plan.name, variable, meaning, facts, decode, &mut warnings);
    }
    remarks::on_weight(reader.weight().map(|at| plans[at].name.as_str()), &mut warnings);
    let mut output = LabelledFile::create(dest, plans, labels, rows)?;
    reader.rewind().map_err(|e| problems::sav_read(&e))?;
    while let Some(block) = reader.read_block(step).map_err(|e| problems::sav_read(&e))? {
        let columns = block.iter().zip(variables.iter().zip(&meanings));
        let columns =
            columns.map(|(column, (variable, meaning))| convert(column, variable, meaning, encoding));
        output.write(columns.collect())?;
    }
    output.finish("sav", encoding.name(), warnings)
}

fn block_rows(variables: &[Variable]) -> usize {
    let width: usize = variables.iter().map(|v| v.width.unwrap_or(8)).sum();
    (BLOCK_BYTES / width.max(1)).clamp(1, 65_536)
}

/// The encoding that the file names, or a guess from all its texts.
fn encoding(reader: &mut Input, step: usize, warnings: &mut Warnings) -> Result<&'static Encoding, Problem> {
    if let Some(encoding) = reader.encoding().and_then(|name| Encoding::for_label(name.as_bytes())) {
        return Ok(encoding);
    }
    let mut guess = Guess::new();
    for variable in reader.variables() {
        guess.add(&variable.name);
        guess.add(&variable.label);
        variable.labels.iter().for_each(|(_, label)| guess.add(label));
        variable.text_labels.iter().for_each(|(_, label)| guess.add(label));
    }
    while let Some(block) = reader.read_block(step).map_err(|e| problems::sav_read(&e))? {
        block.iter().flat_map(sav::Column::texts).for_each(|text| guess.add(text));
    }
    reader.rewind().map_err(|e| problems::sav_read(&e))?;
    let Some(guessed) = guess.encoding() else { return Ok(UTF_8) };
    legacy_text::remark(guessed.name(), "save the file with a current release of SPSS", warnings);
    Ok(guessed)
}

/// Counts the cases and finds what the values of each variable are.
fn facts(reader: &mut Input, step: usize, encoding: &'static Encoding) -> Result<(u64, Vec<Facts>), Problem> {
    let variables = reader.variables().to_vec();
    let mut facts: Vec<Facts> = variables.iter().map(|_| Facts::default()).collect();
    let mut rows = 0;
    while let Some(block) = reader.read_block(step).map_err(|e| problems::sav_read(&e))? {
        for ((variable, facts), column) in variables.iter().zip(&mut facts).zip(&block) {
            match column {
                sav::Column::Numbers(numbers) => numbers.iter().for_each(|x| facts.number(*x, variable)),
                sav::Column::Texts { .. } => column.texts().for_each(|text| {
                    facts.text(text, &encoding.decode_without_bom_handling(text).0, variable);
                }),
            }
        }
        rows += match &block[0] {
            sav::Column::Numbers(numbers) => numbers.len() as u64,
            sav::Column::Texts { ends, .. } => ends.len() as u64,
        };
    }
    Ok((rows, facts))
}

/// Value labels of the canonical data. Gives the plans their names.
fn value_labels(
    variables: &[Variable],
    meanings: &[Meaning],
    plans: &mut [ColumnPlan],
    decode: impl Fn(&[u8]) -> String,
    warnings: &mut Warnings,
) -> Vec<ValueLabelSet> {
    let mut sets = LabelSets::default();
    for ((variable, meaning), plan) in variables.iter().zip(meanings).zip(plans) {
        let coded =
            variable.labels.iter().filter_map(|(value, label)| Some((meaning.code(*value)?, decode(label))));
        plan.value_label = sets.name_of(coded.collect(), &plan.name, warnings);
    }
    sets.finish()
}

fn convert(
    column: &sav::Column,
    variable: &Variable,
    meaning: &Meaning,
    encoding: &'static Encoding,
) -> Column {
    let sav::Column::Numbers(numbers) = column else {
        // those that the file declares missing become empty
        let kept = column.texts().map(|text| if variable.missing.has_text(text) { &b""[..] } else { text });
        let decoded = kept.map(|text| encoding.decode_without_bom_handling(text).0);
        return labelled_file::texts(meaning.storage, decoded);
    };
    labelled_file::numbers(meaning.storage, numbers.iter().map(|x| meaning.value(*x)))
}
