//! Uploaded SAS transport files (.xpt) to canonical data: missing values keep their letters, dates become those of Stata, numbers take
//! the smallest storage that holds them.

mod meaning;

use std::path::Path;

use dta::Column;
use encoding_rs::{Encoding, UTF_8};
use xport::{Facts, FormatKind, Library, Member, Variable};

use super::advance::Counted;
use super::labelled_file::{self, LabelledFile};
use super::legacy_text::{self, Guess};
use super::output::{self, ColumnPlan};
use super::problems;
use super::warnings::Warnings;
use crate::domain::error::{ErrorCode, Problem};
use crate::ports::tabular::{IngestOptions, IngestedDataset};
use meaning::Meaning;

/// Bound on the metadata of an upload that is kept in memory.
const METADATA_LIMIT: u64 = 96 << 20;
/// Observations are counted, the encoding is guessed, what the values are is found, and they are converted.
const PASSES: u64 = 4;
/// Bytes of observations converted at once.
const BLOCK_BYTES: usize = 2 << 20;

/// A data set of the library, read in blocks from its first observation on.
struct DataSet {
    library: Library<Counted>,
    at: usize,
    step: usize,
}

impl DataSet {
    fn open(path: &Path, wanted: Option<&str>) -> Result<Self, Problem> {
        let file = Counted::open(path, PASSES).map_err(|e| problems::io("read the upload", &e))?;
        let library = Library::open(file, METADATA_LIMIT).map_err(|e| problems::xport_read(&e))?;
        let at = choose(library.members(), wanted)?;
        let width: usize = library.members()[at].variables.iter().map(Variable::width).sum();
        let step = (BLOCK_BYTES / width.max(1)).clamp(1, 65_536);
        Ok(Self { library, at, step })
    }

    fn member(&self) -> &Member {
        &self.library.members()[self.at]
    }

    /// Calls `take` with every block of columns.
    fn each_block(
        &mut self,
        mut take: impl FnMut(&[xport::Column]) -> Result<(), Problem>,
    ) -> Result<(), Problem> {
        let mut first = 0;
        while let Some(block) =
            self.library.read_block(self.at, first, self.step).map_err(|e| problems::xport_read(&e))?
        {
            take(&block)?;
            first += self.step as u64;
        }
        Ok(())
    }
}

/// Converts a data set of a transport file, the first one if the options name none.
///
/// # Errors
/// `INPUT_*` with row, column and reason.
pub(super) fn ingest(path: &Path, options: &IngestOptions, dest: &Path) -> Result<IngestedDataset, Problem> {
    let mut warnings = Warnings::default();
    let mut file = DataSet::open(path, options.sheet.as_deref())?;
    let Member { variables, observations, .. } = file.member().clone();
    let names: Vec<String> = file.library.members().iter().map(member_name).collect();
    if observations == 0 {
        return Err(problems::empty(&format!("the data set {} has no observations", names[file.at]))
            .with("sheets", names));
    }
    let encoding = encoding(&mut file, &mut warnings)?;
    let decode = |bytes: &[u8]| encoding.decode_without_bom_handling(bytes).0.into_owned();
    let facts = facts(&mut file, &variables, encoding)?;
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
    let mut output = LabelledFile::create(dest, plans, Vec::new(), observations)?;
    file.each_block(|block| {
        let columns = block.iter().zip(&meanings).map(|(column, meaning)| convert(column, meaning, encoding));
        output.write(columns.collect())
    })?;
    let mut data = output.finish("xpt", encoding.name(), warnings)?;
    if names.len() > 1 {
        data.selected_sheet = Some(names[file.at].clone());
        data.sheet_names = names;
    }
    Ok(data)
}

fn member_name(member: &Member) -> String {
    String::from_utf8_lossy(&member.name).into_owned()
}

fn choose(members: &[Member], wanted: Option<&str>) -> Result<usize, Problem> {
    let found = match wanted {
        Some(name) => members.iter().position(|member| member_name(member).eq_ignore_ascii_case(name)),
        None if members.is_empty() => return Err(problems::empty("the transport file has no data set")),
        None => Some(0),
    };
    found.ok_or_else(|| {
        let name = problems::shown(wanted.unwrap_or_default());
        let names: Vec<String> = members.iter().map(member_name).collect();
        let message = format!("the transport file has no data set named {name}");
        Problem::new(ErrorCode::InputSheetNotFound, message).with("sheets", names)
    })
}

/// The encoding, which no transport file names, by all its texts.
fn encoding(file: &mut DataSet, warnings: &mut Warnings) -> Result<&'static Encoding, Problem> {
    let mut guess = Guess::new();
    for variable in &file.member().variables {
        guess.add(&variable.name);
        guess.add(&variable.label);
    }
    if file.member().variables.iter().any(|variable| variable.is_text) {
        file.each_block(|block| {
            block.iter().flat_map(xport::Column::texts).for_each(|text| guess.add(text));
            Ok(())
        })?;
    }
    let Some(guessed) = guess.encoding() else { return Ok(UTF_8) };
    legacy_text::remark(guessed.name(), "write the file in a SAS session with the encoding UTF-8", warnings);
    Ok(guessed)
}

/// Finds what the values of each variable are.
fn facts(
    file: &mut DataSet,
    variables: &[Variable],
    encoding: &'static Encoding,
) -> Result<Vec<Facts>, Problem> {
    let kinds: Vec<FormatKind> = variables.iter().map(|variable| variable.format.kind()).collect();
    let mut all: Vec<Facts> = variables.iter().map(|_| Facts::default()).collect();
    file.each_block(|block| {
        for ((facts, kind), column) in all.iter_mut().zip(&kinds).zip(block) {
            match column {
                xport::Column::Numbers(numbers) => {
                    numbers.iter().for_each(|number| facts.number(*number, *kind))
                }
                xport::Column::Texts { .. } => {
                    column.texts().for_each(|text| facts.text(&encoding.decode_without_bom_handling(text).0))
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
        FormatKind::Time => {
            let message = format!("{column} is a duration; it is a number of seconds here");
            let advice = "divide by 60 or 3600 with a derived variable";
            warnings.info("duration_in_seconds", Some(column), message, advice);
        }
        FormatKind::Labels => {
            let format = problems::shown(&variable.format.name);
            let message = format!(
                "the values of {column} have labels in the format {format}, which a transport file does not contain"
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
