//! Uploaded .dta files to canonical data: text recoded to UTF-8, names and labels made safe, everything
//! that could steer the engine (characteristics, sort marks) left out. Values are kept as they are.

use std::collections::{BTreeMap, HashMap};
use std::io::BufReader;
use std::path::Path;
use std::sync::{Arc, Mutex};

use dta::limits::{VALUE_LABEL_BYTES, VALUE_LABEL_ENTRIES};
use dta::{Column, LegacyText, Missing, Options, Reader, StorageType, ValueLabelSet, Variable};
use encoding_rs::Encoding;

use super::advance::Counted;
use super::infer::text_storage;
use super::labelled_file::LabelledFile;
use super::legacy_text::{self, Guess};
use super::output::{self, ColumnPlan};
use super::problems;
use super::warnings::Warnings;
use crate::domain::error::Problem;
use crate::domain::naming;
use crate::ports::tabular::IngestedDataset;

type Input = Reader<BufReader<Counted>>;

/// Bound on the metadata of an upload that is kept in memory.
const METADATA_LIMIT: u64 = 96 << 20;
/// The widths of texts are found first, then the rows are converted.
const PASSES: u64 = 2;
/// Bytes of rows converted at once.
const BLOCK_BYTES: u64 = 2 << 20;

/// Converts a .dta file of release 113 to 119.
///
/// # Errors
/// `INPUT_*` with row, column and reason.
pub(super) fn ingest(path: &Path, dest: &Path) -> Result<IngestedDataset, Problem> {
    let mut warnings = Warnings::default();
    let mut encoding = "UTF-8".to_owned();
    let mut legacy = LegacyText::Detect;
    let mut reader = open(path, &legacy)?;
    if reader.release() < 118
        && let Some(guessed) = guess_encoding(path)?
    {
        encoding = guessed.name().to_owned();
        legacy_text::remark(&encoding, "save as release 118", &mut warnings);
        legacy = LegacyText::With(Arc::new(|b| guessed.decode_without_bom_handling(b).0.into_owned()));
        reader = open(path, &legacy)?;
    }
    if reader.rows() == 0 || reader.variables().is_empty() {
        return Err(problems::empty("the file has no observations"));
    }
    let widths = text_widths(&mut reader)?;
    let (mut plans, labels) = plan(&reader, &widths, &mut warnings);
    output::name_columns(&mut plans, &mut warnings);
    let rows = reader.rows();
    let mut file = LabelledFile::create(dest, plans, labels, rows)?;
    reader.go_to_row(0);
    let step = block_rows(reader.variables());
    while let Some(mut block) = reader.read_block(step).map_err(|e| problems::dta_read(&e))? {
        block.columns.iter_mut().for_each(normalise);
        file.write(block.columns)?;
    }
    file.finish("dta", &encoding, warnings)
}

fn open(path: &Path, legacy: &LegacyText) -> Result<Input, Problem> {
    let file = Counted::open(path, PASSES).map_err(|e| problems::io("read the upload", &e))?;
    let options = Options { legacy_text: legacy.clone(), metadata_limit: METADATA_LIMIT };
    let reader = Reader::open_with(BufReader::with_capacity(256 * 1024, file), &options)
        .map_err(|e| problems::dta_read(&e))?;
    Ok(reader)
}

fn block_rows(variables: &[Variable]) -> usize {
    let width: u64 = variables.iter().map(|v| v.storage.width() as u64).sum();
    (BLOCK_BYTES / width.max(1)).clamp(1, 65_536) as usize
}

/// Text columns by position.
fn text_columns(reader: &Input) -> Vec<usize> {
    let variables = reader.variables().iter().enumerate();
    variables.filter(|(_, v)| matches!(v.storage, StorageType::Str(_))).map(|(at, _)| at).collect()
}

/// Guesses the encoding of a file that does not say it; `None` if all its text is UTF-8 (or ASCII).
fn guess_encoding(path: &Path) -> Result<Option<&'static Encoding>, Problem> {
    let guess = Arc::new(Mutex::new(Guess::new()));
    let sink = guess.clone();
    let watch = LegacyText::With(Arc::new(move |bytes| {
        sink.lock().unwrap_or_else(std::sync::PoisonError::into_inner).add(bytes);
        String::new()
    }));
    let mut reader = open(path, &watch)?;
    let texts = text_columns(&reader);
    if !texts.is_empty() {
        let step = block_rows(reader.variables());
        reader.select(texts).map_err(|e| problems::dta_read(&e))?;
        while reader.read_block(step).map_err(|e| problems::dta_read(&e))?.is_some() {}
    }
    let guess = guess.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    Ok(guess.encoding())
}

/// The longest decoded text of every `str#` column in bytes: recoding can make texts longer.
fn text_widths(reader: &mut Input) -> Result<HashMap<usize, usize>, Problem> {
    let texts = text_columns(reader);
    let mut widths: HashMap<usize, usize> = texts.iter().map(|&at| (at, 0)).collect();
    if texts.is_empty() {
        return Ok(widths);
    }
    let step = block_rows(reader.variables());
    let all = (0..reader.variables().len()).collect();
    reader.select(texts.clone()).map_err(|e| problems::dta_read(&e))?;
    while let Some(block) = reader.read_block(step).map_err(|e| problems::dta_read(&e))? {
        for (at, column) in texts.iter().zip(&block.columns) {
            if let Column::Str(values) = column {
                let longest = values.iter().map(str::len).max().unwrap_or(0);
                let width = widths.entry(*at).or_default();
                *width = longest.max(*width);
            }
        }
    }
    reader.select(all).map_err(|e| problems::dta_read(&e))?;
    Ok(widths)
}

/// Plans the columns and the value labels that they use, under safe names.
fn plan(
    reader: &Input,
    widths: &HashMap<usize, usize>,
    warnings: &mut Warnings,
) -> (Vec<ColumnPlan>, Vec<ValueLabelSet>) {
    let sets: HashMap<&str, &ValueLabelSet> =
        reader.meta().value_labels.iter().map(|set| (set.name.as_str(), set)).collect();
    let used: Vec<String> = reader
        .variables()
        .iter()
        .filter(|v| !v.storage.is_text() && sets.contains_key(v.value_label.as_str()))
        .map(|v| v.value_label.clone())
        .collect::<std::collections::BTreeSet<_>>()
        .into_iter()
        .collect();
    let safe: BTreeMap<&String, String> = used.iter().zip(naming::column_names(&used)).collect();
    let labels =
        safe.iter().map(|(name, safe)| neutral_set(&sets[name.as_str()].entries, safe, warnings)).collect();
    let plans = reader
        .variables()
        .iter()
        .enumerate()
        .map(|(at, v)| {
            let (storage, format) = match v.storage {
                StorageType::Str(_) => text_storage(widths[&at]),
                storage => (storage, safe_format(v)),
            };
            let value_label = safe.get(&v.value_label).filter(|_| !storage.is_text()).cloned();
            ColumnPlan {
                original: v.name.clone(),
                name: String::new(),
                label: Some(v.label.clone()),
                storage,
                format,
                value_label: value_label.unwrap_or_default(),
            }
        })
        .collect();
    (plans, labels)
}

/// Value labels under a safe name with harmless texts, at most as many as the format has.
pub(super) fn neutral_set<'a>(
    labels: impl IntoIterator<Item = &'a (i32, String)>,
    name: &str,
    warnings: &mut Warnings,
) -> ValueLabelSet {
    let mut entries = BTreeMap::new();
    for (code, text) in labels {
        let text = naming::neutral_text(text, usize::MAX, VALUE_LABEL_BYTES);
        if !text.is_empty() && Missing::of_long(*code) != Some(Missing::SYSTEM) {
            entries.entry(*code).or_insert(text);
        }
    }
    if entries.len() > VALUE_LABEL_ENTRIES {
        let message = format!("only the first {VALUE_LABEL_ENTRIES} value labels of {name} are kept");
        warnings.warn("value_labels_cut", None, message, "");
    }
    ValueLabelSet { name: name.to_owned(), entries: entries.into_iter().take(VALUE_LABEL_ENTRIES).collect() }
}

/// The display format if it is made of harmless characters and suits the type, else the type's default.
fn safe_format(variable: &Variable) -> String {
    let format = &variable.format;
    let harmless = format.len() <= dta::limits::FORMAT_BYTES
        && format.len() > 1
        && format.starts_with('%')
        && format[1..].chars().all(|c| c.is_ascii_alphanumeric() || "-~.,_:/!+ ".contains(c));
    let suits = format.ends_with('s') == variable.storage.is_text() || format.starts_with("%t");
    if harmless && suits {
        format.clone()
    } else {
        Variable::new(variable.name.clone(), variable.storage).format
    }
}

/// NaN and infinities of hostile or foreign writers become missing values.
fn normalise(column: &mut Column) {
    match column {
        Column::Float(values) => {
            values.iter_mut().filter(|v| !v.is_finite()).for_each(|v| *v = Missing::SYSTEM.float());
        }
        Column::Double(values) => {
            values.iter_mut().filter(|v| !v.is_finite()).for_each(|v| *v = Missing::SYSTEM.double());
        }
        _ => {}
    }
}
