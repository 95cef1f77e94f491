//! Uploaded data sets of SAS (.sas7bdat, and .xpt, the transport files) to canonical data: missing values keep their letters, dates become those of Stata, numbers take
//! the smallest storage that holds them.

mod meaning;
mod source;

use std::path::Path;

use dta::Column;
use encoding_rs::{Encoding, UTF_8};
use xport::{Facts, FormatKind, Variable};

use super::labelled_file::{self, LabelledFile};
use super::legacy_text::{self, Guess};
use super::output::{self, ColumnPlan};
use super::problems;
use super::remarks;
use super::warnings::Warnings;
use crate::domain::error::Problem;
use crate::ports::tabular::{IngestOptions, IngestedDataset};
use meaning::Meaning;
use source::Source;

/// Observations are counted, the encoding is guessed, what the values are is found, and they are converted.
const PASSES: u64 = 4;

/// The two kinds of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Transport,
    Native,
}

/// Converts a data set; of several in a transport file the first one if the options name none.
///
/// # Errors
/// `INPUT_*` with row, column and reason.
pub(super) fn ingest(
    path: &Path,
    kind: Kind,
    options: &IngestOptions,
    dest: &Path,
) -> Result<IngestedDataset, Problem> {
    let mut warnings = Warnings::default();
    let mut source = match kind {
        Kind::Transport => Source::transport(path, options.sheet.as_deref(), PASSES)?,
        Kind::Native => Source::native(path, PASSES - 1)?,
    };
    if source.observations == 0 {
        return Err(
            problems::empty("the data set has no observations").with("sheets", source.members.clone())
        );
    }
    let encoding = encoding(&mut source, &mut warnings)?;
    let names = source.encoding_of_names.unwrap_or(encoding);
    let decode = |bytes: &[u8]| names.decode_without_bom_handling(bytes).0.into_owned();
    let facts = facts(&mut source, encoding)?;
    let variables = source.variables.clone();
    let meanings: Vec<Meaning> = variables.iter().zip(&facts).map(|(v, f)| Meaning::of(v, f)).collect();
    let plan = |(variable, meaning): (&Variable, &Meaning)| ColumnPlan {
        original: decode(&variable.name),
        name: String::new(),
        label: Some(decode(&variable.label)),
        storage: meaning.storage,
        format: meaning.format.clone(),
        value_label: String::new(),
    };
    let mut plans: Vec<ColumnPlan> = variables.iter().zip(&meanings).map(plan).collect();
    output::name_columns(&mut plans, &mut warnings);
    for (variable, plan) in variables.iter().zip(&plans) {
        remark(variable, &plan.name, &mut warnings);
    }
    let mut output = LabelledFile::create(dest, plans, Vec::new(), source.observations)?;
    source.each_block(|block| {
        let columns = block.iter().zip(&meanings).map(|(column, meaning)| convert(column, meaning, encoding));
        output.write(columns.collect())
    })?;
    let format = if kind == Kind::Transport { "xpt" } else { "sas7bdat" };
    let mut data = output.finish(format, encoding.name(), warnings)?;
    if source.members.len() > 1 {
        data.selected_sheet = Some(source.members[source.member].clone());
        data.sheet_names = source.members;
    }
    Ok(data)
}

/// The encoding that the file names, or a guess from all its texts.
fn encoding(source: &mut Source, warnings: &mut Warnings) -> Result<&'static Encoding, Problem> {
    if let Some(encoding) = source.encoding {
        return Ok(encoding);
    }
    let mut guess = Guess::new();
    for variable in &source.variables {
        guess.add(&variable.name);
        guess.add(&variable.label);
    }
    if source.variables.iter().any(|variable| variable.is_text) {
        source.each_block(|block| {
            block.iter().flat_map(xport::Column::texts).for_each(|text| guess.add(text));
            Ok(())
        })?;
    }
    let Some(guessed) = guess.encoding() else { return Ok(UTF_8) };
    legacy_text::remark(guessed.name(), "write the file in a SAS session with the encoding UTF-8", warnings);
    Ok(guessed)
}

/// Finds what the values of each variable are.
fn facts(source: &mut Source, encoding: &'static Encoding) -> Result<Vec<Facts>, Problem> {
    let kinds: Vec<FormatKind> = source.variables.iter().map(|variable| variable.format.kind()).collect();
    let mut all: Vec<Facts> = kinds.iter().map(|_| Facts::default()).collect();
    source.each_block(|block| {
        for ((facts, kind), column) in all.iter_mut().zip(&kinds).zip(block) {
            match column {
                xport::Column::Numbers(numbers) => {
                    numbers.iter().for_each(|number| facts.number(*number, *kind));
                }
                xport::Column::Texts { .. } => {
                    let decoded = column.texts().map(|text| encoding.decode_without_bom_handling(text).0);
                    decoded.for_each(|text| facts.text(&text));
                }
            }
        }
        Ok(())
    })?;
    Ok(all)
}

/// What a user has to know of a variable beyond its values.
fn remark(variable: &Variable, column: &str, warnings: &mut Warnings) {
    match variable.format.kind() {
        FormatKind::Time => remarks::on_seconds(column, warnings),
        FormatKind::Labels => {
            let format = problems::shown(&variable.format.name);
            let message = format!(
                "the values of {column} have labels in the format {format}, which the file does not contain"
            );
            let advice = "take their meaning from the study's documentation, or upload a file that has value labels (.sav, .dta)";
            warnings.info("labels_elsewhere", Some(column), message, advice);
        }
        _ => {}
    }
}

fn convert(column: &xport::Column, meaning: &Meaning, encoding: &'static Encoding) -> Column {
    match column {
        xport::Column::Numbers(numbers) => {
            labelled_file::numbers(meaning.storage, numbers.iter().map(|number| meaning.value(*number)))
        }
        xport::Column::Texts { .. } => {
            let decoded = column.texts().map(|text| encoding.decode_without_bom_handling(text).0);
            labelled_file::texts(meaning.storage, decoded)
        }
    }
}
