//! A window of the canonical data with the facts on its columns.

use std::sync::Arc;

use serde::Serialize;
use serde_json::{Value, json};

use crate::domain::dataset::{Category, Column, DataWarning, Dataset, DatasetRole, InferredType};
use crate::domain::error::{ErrorCode, Problem};
use crate::domain::job::JobRecord;
use crate::domain::job::ingest::IngestState;
use crate::service::inputs::ingest_state::ingest_state;
use crate::service::inputs::reading_progress::reading_progress;
use crate::service::inputs::receive_upload::local_copy;
use crate::service::inputs::select_sheet::find_dataset;
use crate::service::shared::context::Context;

/// Clients' view of the inputs.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct InputsPreview {
    /// Id of the job; opaque.
    pub job_id: String,
    /// Key of the data set: `main` is the primary one, `data_2`, `data_3` … the further ones.
    pub dataset_key: String,
    /// Number of rows.
    pub row_count: u64,
    /// Number of columns.
    pub column_count: usize,
    /// Sheets of the workbook; empty for other formats.
    pub sheet_names: Vec<String>,
    /// Sheet that is read; null for formats without sheets.
    pub selected_sheet: Option<String>,
    /// Row of the column names, counted from 1.
    pub header_row: Option<u32>,
    /// Columns, in the order of the data.
    pub columns: Vec<PreviewColumn>,
    /// The first rows, by column.
    #[schema(value_type = Vec<Vec<serde_json::Value>>)]
    pub sample_rows: Vec<Vec<Value>>,
    /// Data sets, the primary one first.
    pub datasets: Vec<DatasetBrief>,
    /// Remarks that a careful reader of these data should know.
    pub warnings: Vec<DataWarning>,
}

/// A column in the preview.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct PreviewColumn {
    /// Name of the column in the analysis, valid in Stata.
    pub name: String,
    /// Name in the uploaded file.
    pub original_name: String,
    /// Type found when the file was read.
    pub inferred_type: InferredType,
    /// Share of missing values, 0 to 1.
    pub missing_share: f64,
    /// Number of different values, missing ones not counted.
    pub distinct: u64,
    /// Label of the column in a `.dta` file; null without one.
    pub label: Option<String>,
    /// Values of a column with value labels, or of one of text with up to 30 values: each with its label and its number of rows, at
    /// most 30. Absent for other columns; the rows of large data are not counted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub categories: Vec<Category>,
}

/// A data set in short.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct DatasetBrief {
    /// Key of the data set: `main` is the primary one, `data_2`, `data_3` … the further ones.
    pub dataset_key: String,
    /// Role of the data set: `primary_dataset`, `secondary_dataset` or `auxiliary_data`.
    pub role: DatasetRole,
    /// Name of the file as the client uploaded it.
    pub original_name: String,
    /// Format of the file: `csv`, `xlsx`, `dta` …
    pub format: String,
    /// Number of rows.
    pub row_count: u64,
    /// Number of columns.
    pub column_count: usize,
    /// SHA-256 of the original file.
    pub sha256: String,
    /// Size of the original file, in bytes.
    pub size_bytes: u64,
}

impl From<&Dataset> for DatasetBrief {
    fn from(d: &Dataset) -> Self {
        Self {
            dataset_key: d.dataset_key.clone(),
            role: d.role,
            original_name: d.original_name.clone(),
            format: d.format.clone(),
            row_count: d.row_count,
            column_count: d.columns.len(),
            sha256: d.original_sha256.clone(),
            size_bytes: d.original_size_bytes,
        }
    }
}

impl From<&Column> for PreviewColumn {
    fn from(c: &Column) -> Self {
        Self {
            name: c.name.clone(),
            original_name: c.original_name.clone(),
            inferred_type: c.inferred_type,
            missing_share: c.missing_share,
            distinct: c.distinct,
            label: c.label.clone(),
            categories: Vec::new(),
        }
    }
}

/// The use case.
pub struct PreviewInputs<'a>(pub &'a Context);

impl PreviewInputs<'_> {
    /// Reads the first `rows` × `columns` of a data set.
    ///
    /// # Errors
    /// `INPUTS_MISSING` (with `reason` `ingesting` while an upload is being read, `ingest_interrupted` where the server
    /// stopped meanwhile), the problem of a failed background ingest, `INPUT_DATASET_NOT_FOUND`.
    pub async fn execute(
        &self,
        job: &JobRecord,
        dataset_key: Option<&str>,
        rows: usize,
        columns: usize,
    ) -> Result<InputsPreview, Problem> {
        let ctx = self.0;
        let inputs = match (&job.inputs, ingest_state(ctx, job)) {
            (_, Some(IngestState::UnderWay)) => {
                let problem =
                    Problem::new(ErrorCode::InputsMissing, "the upload is still being read; ask again")
                        .with("reason", "ingesting")
                        .retry_after(1);
                return Err(match reading_progress(ctx, job) {
                    Some(progress) => problem.with("progress", json!(progress)),
                    None => problem,
                });
            }
            (None, Some(IngestState::Failed(problem))) => return Err(problem),
            (None, None) => {
                return Err(Problem::new(ErrorCode::InputsMissing, "upload the data first")
                    .with("reason", "inputs_missing"));
            }
            (Some(inputs), _) => inputs,
        };
        job.check_inputs_kept()?;
        let dataset = find_dataset(inputs, dataset_key)?;
        let path = local_copy(ctx, job, &dataset.canonical_rel_path).await?;
        let tabular = Arc::clone(&ctx.tabular);
        let (named, counted) = with_categories(dataset, columns);
        let read = move || {
            let tallies = if named.is_empty() {
                Default::default()
            } else {
                tabular.tallies(&path, &named, counted)?
            };
            Ok::<_, Problem>((tabular.preview(&path, rows, columns)?, tallies))
        };
        let (preview, mut tallies) = ctx.pools.reads.run(read).await??;
        let described = dataset.columns.iter().take(columns).map(|column| PreviewColumn {
            categories: tallies.remove(&column.name).unwrap_or_default(),
            ..PreviewColumn::from(column)
        });
        Ok(InputsPreview {
            job_id: job.job_id.to_string(),
            dataset_key: dataset.dataset_key.clone(),
            row_count: dataset.row_count,
            column_count: dataset.columns.len(),
            sheet_names: dataset.sheet_names.clone(),
            selected_sheet: dataset.selected_sheet.clone(),
            header_row: dataset.header_row,
            columns: described.collect(),
            sample_rows: preview.sample_rows,
            datasets: inputs.datasets.iter().map(DatasetBrief::from).collect(),
            warnings: inputs.warnings.clone(),
        })
    }
}

/// Most bytes of canonical data whose rows are counted by category for each preview.
const MOST_COUNTED: u64 = 32 << 20;
/// Most values of a text column that counts as one of categories.
const MOST_TEXTS: u64 = 30;

/// The columns whose categories are shown, and whether their rows are counted.
fn with_categories(dataset: &Dataset, columns: usize) -> (Vec<String>, bool) {
    let counted = dataset.canonical_size_bytes <= MOST_COUNTED;
    let has_some = |c: &&Column| {
        let few = c.distinct <= MOST_TEXTS && !c.distinct_is_lower_bound && c.storage != "strL";
        c.value_labels || (counted && c.is_text() && few)
    };
    (dataset.columns.iter().take(columns).filter(has_some).map(|c| c.name.clone()).collect(), counted)
}
