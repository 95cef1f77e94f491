//! A window of the canonical data with the facts on its columns.

use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use crate::domain::dataset::{Column, DataWarning, Dataset, DatasetRole, InferredType};
use crate::domain::error::{ErrorCode, Problem};
use crate::domain::job::JobRecord;
use crate::domain::job::ingest::IngestState;
use crate::service::inputs::ingest_state::ingest_state;
use crate::service::inputs::receive_upload::local_copy;
use crate::service::inputs::select_sheet::find_dataset;
use crate::service::shared::context::Context;

/// Clients' view of the inputs.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct InputsPreview {
    pub job_id: String,
    pub dataset_key: String,
    pub row_count: u64,
    pub column_count: usize,
    pub sheet_names: Vec<String>,
    pub selected_sheet: Option<String>,
    pub header_row: Option<u32>,
    pub columns: Vec<PreviewColumn>,
    #[schema(value_type = Vec<Vec<serde_json::Value>>)]
    pub sample_rows: Vec<Vec<Value>>,
    pub datasets: Vec<DatasetBrief>,
    pub warnings: Vec<DataWarning>,
}

/// A column in the preview.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct PreviewColumn {
    pub name: String,
    pub original_name: String,
    pub inferred_type: InferredType,
    pub missing_share: f64,
    pub distinct: u64,
    pub label: Option<String>,
}

/// A data set in short.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct DatasetBrief {
    pub dataset_key: String,
    pub role: DatasetRole,
    pub original_name: String,
    pub format: String,
    pub row_count: u64,
    pub column_count: usize,
    /// SHA-256 of the original file.
    pub sha256: String,
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
                return Err(Problem::new(ErrorCode::InputsMissing, "the upload is still being read")
                    .with("reason", "ingesting")
                    .retry_after(1));
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
        let preview = ctx.pools.reads.run(move || tabular.preview(&path, rows, columns)).await??;
        Ok(InputsPreview {
            job_id: job.job_id.to_string(),
            dataset_key: dataset.dataset_key.clone(),
            row_count: dataset.row_count,
            column_count: dataset.columns.len(),
            sheet_names: dataset.sheet_names.clone(),
            selected_sheet: dataset.selected_sheet.clone(),
            header_row: dataset.header_row,
            columns: dataset.columns.iter().take(columns).map(PreviewColumn::from).collect(),
            sample_rows: preview.sample_rows,
            datasets: inputs.datasets.iter().map(DatasetBrief::from).collect(),
            warnings: inputs.warnings.clone(),
        })
    }
}
