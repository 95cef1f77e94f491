//! Converts one received file to canonical data.

use std::path::PathBuf;

use crate::domain::dataset::{Column, Dataset, DatasetRole};
use crate::domain::error::Problem;
use crate::domain::job::ingest::{Original, cancelled};
use crate::domain::layout::upload_dir;
use crate::ports::stop::Stop;
use crate::ports::tabular::{Advance, IngestOptions, Tabular};

/// One file on its way to canonical data.
pub struct IngestSource {
    /// Local path of the file, to be read only.
    pub path: PathBuf,
    /// Local directory that the canonical data are written into.
    pub dir: PathBuf,
    /// Id of the upload that the canonical data belong to, part of their paths in the record.
    pub upload_id: String,
    /// Name, role, size and hash of the file.
    pub file: Original,
    /// Sheet and header row to read.
    pub options: IngestOptions,
    /// Ends the reading from outside.
    pub stop: Stop,
    /// Notes how far the reading is.
    pub advance: Advance,
}

/// Converts one received file.
///
/// # Errors
/// As [`Tabular::ingest`].
pub fn ingest_one(
    tabular: &dyn Tabular,
    source: IngestSource,
) -> Result<(Dataset, Vec<crate::domain::dataset::DataWarning>), Problem> {
    let IngestSource { path, dir, upload_id, file, options, stop, advance } = source;
    if stop.is_stopped() {
        return Err(cancelled());
    }
    let name = format!("{}.dta", file.dataset_key);
    let dest = dir.join(&name);
    let name_in_file = &file.original_name;
    let done = tabular.ingest_unless_stopped(&path, name_in_file, &options, &dest, &stop, &advance)?;
    let columns = with_levels(tabular, &dest, done.columns)?;
    let is_main = file.role == DatasetRole::PrimaryDataset;
    let warnings = done
        .warnings
        .into_iter()
        .map(|mut warning| {
            warning.dataset_key = Some(file.dataset_key.clone());
            if !is_main {
                warning.repairs.clear();
            }
            warning
        })
        .collect();
    let dataset = Dataset {
        dataset_key: file.dataset_key,
        role: file.role,
        original_name: file.original_name,
        format: done.format,
        original_rel_path: file.rel_path,
        original_sha256: file.sha256,
        original_size_bytes: file.size_bytes,
        canonical_rel_path: format!("{}/{name}", upload_dir(&upload_id)),
        canonical_sha256: done.canonical.sha256,
        canonical_size_bytes: done.canonical.size_bytes,
        row_count: done.row_count,
        columns,
        // a repair is a step on the main data
        repairs: if is_main { done.repairs } else { Vec::new() },
        sheet_names: done.sheet_names,
        selected_sheet: done.selected_sheet,
        header_row: done.header_row,
        encoding: done.encoding,
        delimiter: done.delimiter,
    };
    Ok((dataset, warnings))
}

/// Rows in which the levels of texts are found.
const ROWS_OF_LEVELS: usize = 50_000;
/// Most levels of a text column that are kept; columns with more are no categories that a reader compares one by one.
const MOST_LEVELS: u64 = 30;
/// Most columns whose levels are kept, so that a record of many columns stays small.
const MOST_COLUMNS: usize = 500;

/// Notes the levels of text columns with few of them.
fn with_levels(
    tabular: &dyn Tabular,
    canonical: &std::path::Path,
    mut columns: Vec<Column>,
) -> Result<Vec<Column>, Problem> {
    let has_few = |c: &&mut Column| {
        c.is_text() && c.storage != "strL" && c.distinct <= MOST_LEVELS && !c.distinct_is_lower_bound
    };
    let mut few: Vec<&mut Column> = columns.iter_mut().filter(has_few).take(MOST_COLUMNS).collect();
    if few.is_empty() {
        return Ok(columns);
    }
    let mut found = tabular.texts(canonical, ROWS_OF_LEVELS, &[], MOST_LEVELS as usize)?;
    for column in &mut few {
        column.levels = found.remove(&column.name).unwrap_or_default();
    }
    Ok(columns)
}
