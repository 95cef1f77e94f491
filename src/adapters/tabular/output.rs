//! Writes canonical data (.dta 118, 119 above 32,767 variables) and describes its columns.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use dta::limits::{CHARACTERISTIC_BYTES, LABEL_BYTES, LABEL_CHARS};
use dta::{Characteristic, ColumnRef, Meta, RowEncoder, StorageType, ValueLabelSet, Variable, Writer};

use super::counted;
use super::hashed_file::HashedFile;
use super::index_columns;
use super::problems;
use super::profile::{Duplicates, Gatherer, Profile, ROWS_COMPARED};
use super::warnings::Warnings;
use crate::domain::dataset::{Column, InferredType};
use crate::domain::error::Problem;
use crate::domain::naming;
use crate::ports::blob_store::Written;

/// The characteristic of a variable that keeps its original name.
const ORIGINAL_NAME: &str = "ss_original_name";

/// One column of the canonical data before its values are known.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ColumnPlan {
    pub original: String,
    pub name: String,
    /// A label of the source; the original name takes its place where there is none.
    pub label: Option<String>,
    pub storage: StorageType,
    pub format: String,
    /// Name of a value-label set, or empty.
    pub value_label: String,
}

/// Gives the columns their names: plans with `original` and without `name`.
pub(super) fn name_columns(plans: &mut [ColumnPlan], warnings: &mut Warnings) {
    let originals: Vec<String> = plans.iter().map(|p| p.original.clone()).collect();
    let mut seen: HashMap<&str, u32> = HashMap::new();
    for ((plan, original), name) in plans.iter_mut().zip(&originals).zip(naming::column_names(&originals)) {
        let nth = seen.entry(original.as_str()).or_default();
        *nth += 1;
        if name != plan.original {
            let original = problems::shown(&plan.original);
            warnings.info(
                "renamed_column",
                Some(&name),
                format!("column \"{original}\" is named {name} here"),
                "use the new name; the original one is kept as the label",
            );
        }
        let label = plan.label.take().filter(|l| !l.trim().is_empty());
        let label = label.or_else(|| {
            (name != plan.original).then(|| match *nth {
                2.. if !plan.original.trim().is_empty() => format!("{} ({nth})", plan.original),
                _ => plan.original.clone(),
            })
        });
        plan.label =
            label.map(|l| naming::neutral_text(&l, LABEL_CHARS, LABEL_BYTES)).filter(|l| !l.is_empty());
        plan.name = name;
    }
}

/// A canonical file being written; it is removed again unless it is finished.
pub(super) struct Output {
    path: PathBuf,
    writer: Option<Writer<HashedFile>>,
    spare: Spare,
    finished: bool,
}

/// Memory of blocks that were written, for the next ones.
type Spare = Arc<Mutex<Vec<Vec<u8>>>>;

impl Output {
    /// Starts the file at `path`, which must not exist, for so many rows.
    ///
    /// # Errors
    /// I/O, or metadata that the format cannot hold.
    pub(super) fn create(
        path: &Path,
        plans: &[ColumnPlan],
        labels: Vec<ValueLabelSet>,
        rows: u64,
    ) -> Result<Self, Problem> {
        let file = HashedFile::new(create(path).map_err(|e| problems::io("create the data file", &e))?);
        let mut output =
            Self { path: path.to_owned(), writer: None, spare: Spare::default(), finished: false };
        let meta = meta(plans, labels);
        let long = plans.iter().any(|p| p.storage == StorageType::StrL);
        let writer = if long {
            Writer::with_spool(file, meta, spool(&path.with_extension("strl"))?)
        } else {
            Writer::with_rows(file, meta, rows)
        };
        output.writer = Some(writer.map_err(|e| problems::dta_write(&e))?);
        Ok(output)
    }

    /// Appends a block of rows.
    ///
    /// # Errors
    /// I/O, or a value that does not fit its column.
    pub(super) fn write(&mut self, block: Block) -> Result<(), Problem> {
        let writer = self.writer.as_mut().expect("a file that is being written has its writer");
        match block {
            Block::Columns(columns) => writer.write_rows(&views(&columns)),
            Block::Rows(bytes) => {
                let written = writer.write_encoded(&bytes);
                self.spare.lock().unwrap_or_else(PoisonError::into_inner).push(bytes);
                written
            }
        }
        .map_err(|e| problems::dta_write(&e))
    }

    /// Returns what turns columns into blocks, on any thread.
    pub(super) fn encoder(&self) -> Encoder {
        let writer = self.writer.as_ref().expect("a file that is being written has its writer");
        Encoder { rows: writer.encoder(), spare: Arc::clone(&self.spare) }
    }

    /// Completes the file and hashes it.
    ///
    /// # Errors
    /// I/O.
    pub(super) fn finish(mut self) -> Result<Written, Problem> {
        let writer = self.writer.take().expect("a file that is being written has its writer");
        let file = writer.finish().map_err(|e| problems::dta_write(&e))?;
        let written = file.finish().map_err(|e| problems::io("read the data back", &e))?;
        self.finished = true;
        Ok(written)
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        if !self.finished {
            // best effort: the caller's directory is removed with the failed upload anyway
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create_new(true).open(path)
}

/// A new file for what memory should not hold.
///
/// # Errors
/// I/O.
pub(super) fn spool(path: &Path) -> Result<File, Problem> {
    let spool = create(path).map_err(|e| problems::io("create a spool file", &e))?;
    // the open file lives on without a name, so that no crash leaves it behind
    std::fs::remove_file(path).map_err(|e| problems::io("unlink a spool file", &e))?;
    Ok(spool)
}

/// Rows on their way to a file.
pub(super) enum Block {
    Columns(Vec<dta::Column>),
    /// As the bytes of the file.
    Rows(Vec<u8>),
}

/// Prepares rows for a file. Long texts are kept apart from the rows, so that only the file can encode rows with them.
#[derive(Clone)]
pub(super) struct Encoder {
    rows: Option<Arc<RowEncoder>>,
    spare: Spare,
}

impl Encoder {
    /// Turns columns into a block.
    ///
    /// # Errors
    /// A value that does not fit its column.
    pub(super) fn block(&self, columns: Vec<dta::Column>) -> Result<Block, Problem> {
        let Some(encoder) = &self.rows else { return Ok(Block::Columns(columns)) };
        let mut bytes = self.spare.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default();
        bytes.clear();
        encoder.encode(&views(&columns), 0, &mut bytes).map_err(|e| problems::dta_write(&e))?;
        Ok(Block::Rows(bytes))
    }
}

fn views(columns: &[dta::Column]) -> Vec<ColumnRef<'_>> {
    columns.iter().map(dta::Column::view).collect()
}

fn meta(plans: &[ColumnPlan], value_labels: Vec<ValueLabelSet>) -> Meta {
    let variables = plans
        .iter()
        .map(|p| Variable {
            name: p.name.clone(),
            storage: p.storage,
            format: p.format.clone(),
            label: p.label.clone().unwrap_or_default(),
            value_label: p.value_label.clone(),
        })
        .collect();
    let characteristics = plans
        .iter()
        .filter(|p| p.name != p.original)
        .map(|p| Characteristic {
            owner: p.name.clone(),
            name: ORIGINAL_NAME.to_owned(),
            contents: naming::neutral_text(&p.original, usize::MAX, CHARACTERISTIC_BYTES - 1),
        })
        .collect();
    Meta { variables, value_labels, characteristics, ..Meta::default() }
}

/// Describes the columns once all values were seen.
pub(super) fn describe(plans: Vec<ColumnPlan>, facts: &Gatherer, rows: u64) -> Vec<Column> {
    plans
        .into_iter()
        .zip(&facts.columns)
        .map(|(plan, profile)| {
            let (distinct, capped) = profile.distinct();
            let text = plan.storage.is_text();
            Column {
                inferred_type: inferred_type(&plan, profile, rows),
                name: plan.name,
                original_name: plan.original,
                storage: plan.storage.name(),
                format: plan.format,
                label: plan.label,
                value_labels: !plan.value_label.is_empty(),
                missing: profile.missing,
                missing_share: if rows == 0 { 0.0 } else { profile.missing as f64 / rows as f64 },
                distinct,
                distinct_is_lower_bound: capped,
                min: profile.min,
                max: profile.max,
                integer_valued: !text && profile.min.is_some() && profile.whole,
                has_negative: profile.min.is_some_and(|m| m < 0.0),
                max_bytes: text.then_some(profile.max_bytes as u32),
                levels: Vec::new(),
                names: Vec::new(),
            }
        })
        .collect()
}

fn inferred_type(plan: &ColumnPlan, profile: &Profile, rows: u64) -> InferredType {
    if profile.missing == rows {
        return InferredType::Empty;
    }
    if plan.storage.is_text() {
        return InferredType::Text;
    }
    let format = plan.format.trim_start_matches('%').trim_start_matches('-');
    if format.starts_with("td") || format.starts_with('d') {
        return InferredType::Date;
    }
    if format.starts_with("tc") || format.starts_with("tC") {
        return InferredType::Datetime;
    }
    let binary = profile.distinct() == (2, false) && profile.min == Some(0.0) && profile.max == Some(1.0);
    match profile.whole {
        true if binary => InferredType::Binary,
        true => InferredType::Integer,
        false => InferredType::Number,
    }
}

/// Adds the remarks that follow from the described columns.
pub(super) fn remark(columns: &[Column], duplicates: &Duplicates, rows: u64, warnings: &mut Warnings) {
    if lies_on_its_side(columns, rows, warnings.count("mixed_types")) {
        on_its_side(columns, rows, warnings);
        return;
    }
    if duplicates.rows > 0 {
        let scope = if rows as usize > ROWS_COMPARED { "at least " } else { "" };
        warnings.warn(
            "duplicated_rows",
            None,
            format!(
                "{scope}{} an earlier row (the first is data row {})",
                problems::counted(duplicates.rows, "row repeats", "rows repeat"),
                duplicates.first.unwrap_or_default()
            ),
            "check whether the rows were entered twice; the analysis keeps all of them",
        );
    }
    counted::remark(columns, rows, warnings);
    index_columns::remark(columns, rows, warnings);
    for column in columns {
        let name = Some(column.name.as_str());
        if column.inferred_type == InferredType::Empty {
            let hint = "leave it out; where its cells hold formulas, save the workbook in a spreadsheet program, so that their \
                        results are stored, and upload it again";
            warnings.warn("empty_column", name, format!("{} holds no value", column.name), hint);
            continue;
        }
        if column.distinct == 1 && rows > 1 {
            let message = format!("{} has the same value in every row that has one", column.name);
            warnings.info("constant_column", name, message, "a constant explains nothing");
        }
        if column.missing_share >= 0.2 {
            let message =
                format!("{} is missing in {:.1} % of the rows", column.name, column.missing_share * 100.0);
            let hint = "rows with missing values are dropped from models that use the column";
            if column.missing_share >= 0.5 {
                warnings.warn("missing_share", name, message, hint);
            } else {
                warnings.info("missing_share", name, message, hint);
            }
        }
        if column.storage == "strL" {
            let message =
                format!("{} holds texts of up to {} bytes", column.name, column.max_bytes.unwrap_or(0));
            warnings.info("long_text", name, message, "long texts cannot be keys or categories");
        }
    }
}

/// True for a table whose rows look like variables: numbers where names of columns are expected, a different text at the
/// beginning of each row, and more columns than rows; or such a table with numbers and texts in nearly every column. A column for
/// each year is the wide form of a panel.
fn lies_on_its_side(columns: &[Column], rows: u64, mixed: usize) -> bool {
    let Some((first, others)) = columns.split_first().filter(|_| rows > 1) else { return false };
    let titled = first.is_text() && first.missing == 0 && first.distinct == rows;
    if !titled || first.distinct_is_lower_bound || columns.len() as u64 <= rows || others.len() < 4 {
        return false;
    }
    // a variable of numbers and one of texts make each column one of both
    if mixed * 10 >= others.len() * 9 {
        return true;
    }
    // the second of two equal cells has a number behind it as a name, and not as the original
    let number = |c: &Column| super::number::plain(c.original_name.trim().as_bytes()).map(|p| p.value);
    let numbers: Vec<f64> = others.iter().filter_map(number).collect();
    let years = numbers.iter().all(|year| (1000.0..3000.0).contains(year) && year.fract() == 0.0)
        && numbers.windows(2).all(|pair| (pair[0] - pair[1]).abs() == 1.0);
    numbers.len() * 10 >= others.len() * 9 && !years
}

/// Says it once, instead of remarks on columns that are none.
fn on_its_side(columns: &[Column], rows: u64, warnings: &mut Warnings) {
    warnings.withdraw_on_columns();
    warnings.withdraw_kind("header_is_data");
    let names: Vec<String> =
        columns.iter().skip(1).take(3).map(|c| problems::shown(&c.original_name)).collect();
    let numbered = columns.iter().skip(1).all(|c| c.original_name.starts_with(|l: char| l.is_ascii_digit()));
    let message = format!(
        "the table may lie on its side: {} ({}), and {} has another text in each of the {rows} rows",
        if numbered { "the header holds numbers" } else { "the columns hold numbers and texts" },
        names.join(", "),
        columns[0].name
    );
    let hint = "if each row is a variable, transpose the table in the spreadsheet (copy it, paste it transposed) and upload \
                it again";
    warnings.warn("transposed", None, message, hint);
}

/// Says that a sheet may hold two tables next to each other: an empty column without a name stands between columns of
/// both. `kept` are the positions of the columns in the file.
pub(super) fn side_by_side(kept: &[usize], columns: &[Column], warnings: &mut Warnings) {
    let gaps: Vec<usize> = (1..kept.len()).filter(|at| kept[*at] > kept[*at - 1] + 1).collect();
    let [at] = gaps[..] else { return };
    if at < 2 || columns.len() - at < 2 {
        return;
    }
    let names = |columns: &[Column]| {
        let names: Vec<String> = columns.iter().take(3).map(|c| problems::shown(&c.original_name)).collect();
        names.join(", ")
    };
    let message = format!(
        "an empty column stands between {} and {}: the sheet may hold two tables next to each other, and each row joins a row of \
         one with a row of the other",
        names(&columns[..at]),
        names(&columns[at..])
    );
    let hint = "if they are two tables, save each in a file of its own, upload both, and merge them by a column that both have";
    warnings.warn("side_by_side", None, message, hint);
}
