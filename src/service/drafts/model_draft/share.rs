//! The part of a job shown to a model. Names and labels are untrusted data: they travel as JSON strings
//! inside one document, cut to a length, and never as text of the prompt.

use serde::Serialize;
use serde_json::{Value, json};

use crate::domain::dataset::{Column, Dataset, InferredType};
use crate::domain::error::{ErrorCode, Problem};
use crate::domain::job::JobRecord;
use crate::domain::job::record::DataSharing;
use crate::ports::tabular::Preview;
use crate::service::shared::context::Context;

/// Most columns that are described.
pub const MAX_COLUMNS: usize = 400;
/// Most rows of a sample.
pub const SAMPLE_ROWS: usize = 8;
/// Most columns of a sample.
pub const SAMPLE_COLUMNS: usize = 40;
/// Most further data sets that are named.
const MAX_OTHERS: usize = 10;
const MAX_CELL: usize = 60;
const MAX_LABEL: usize = 80;
const MAX_REQUIREMENT: usize = 8_000;

/// The document of the user message, and what it says of the data.
pub struct Shared {
    /// JSON of the user message: requirement, columns and, if allowed, sample rows.
    pub document: Value,
    /// Amounts of data in `document`, kept as evidence.
    pub left: LeftTheService,
}

/// How much a model may see of a job at the moment of a call: the lower of what the job says and what its
/// tenant allows by now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Sharing {
    /// Lower of both: the amount that a call may show.
    #[serde(rename = "data_sharing")]
    pub effective: DataSharing,
    /// Limit of the job.
    #[serde(rename = "job_data_sharing")]
    pub job: DataSharing,
    /// Limit of the tenant; `None` where it sets none.
    #[serde(rename = "tenant_data_sharing_max")]
    pub tenant_max: Option<DataSharing>,
}

impl Sharing {
    /// Reads what counts now.
    pub fn now(ctx: &Context, job: &JobRecord) -> Self {
        Self::of(job.data_sharing, ctx.tenants.get(&job.tenant_id).and_then(|t| t.data_sharing_max))
    }

    /// The lower of both.
    pub fn of(job: DataSharing, tenant_max: Option<DataSharing>) -> Self {
        Self { effective: tenant_max.map_or(job, |most| most.min(job)), job, tenant_max }
    }

    /// The refusal where nothing may leave.
    pub fn refusal(&self) -> Option<Problem> {
        let text = match (self.effective, self.job) {
            (DataSharing::None, DataSharing::None) => {
                "this job shares nothing with a model; raise data_sharing with a PATCH, or do without the model"
            }
            (DataSharing::None, _) => {
                "the tenant lets nothing leave to a model by now, whatever the job says"
            }
            _ => return None,
        };
        Some(Problem::new(ErrorCode::LlmDataSharingNone, text))
    }
}

/// Data that left the service, for `llm.meta`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LeftTheService {
    /// Limits in force at the call.
    #[serde(flatten)]
    pub sharing: Sharing,
    /// Length of the requirement, in characters.
    pub requirement_chars: usize,
    /// Columns described to the model.
    pub columns: usize,
    /// Columns beyond the largest number that is described.
    pub columns_left_out: usize,
    /// Sample rows shown; 0 unless `samples` is allowed.
    pub sample_rows: usize,
    /// Columns of these rows; 0 unless `samples` is allowed.
    pub sample_columns: usize,
}

/// Describes the job for a model. `sample` is read only where samples may be seen.
pub fn share(job: &JobRecord, sharing: Sharing, dataset: &Dataset, sample: Option<&Preview>) -> Shared {
    let with_values = sharing.effective >= DataSharing::Samples;
    let columns: Vec<Value> =
        dataset.columns.iter().take(MAX_COLUMNS).map(|column| describe(column, with_values)).collect();
    let requirement = cut(&job.requirement, MAX_REQUIREMENT);
    let mut document = json!({
        "requirement": requirement,
        "data": {
            "rows": dataset.row_count,
            "columns": columns,
            "columns_left_out": dataset.columns.len().saturating_sub(MAX_COLUMNS),
        },
    });
    let others = other_data(job, dataset);
    if !others.is_empty() {
        document["data"]["other"] = json!(others);
    }
    let mut left = LeftTheService {
        sharing,
        requirement_chars: requirement.chars().count(),
        columns: columns.len(),
        columns_left_out: dataset.columns.len().saturating_sub(MAX_COLUMNS),
        sample_rows: 0,
        sample_columns: 0,
    };
    if let Some(sample) = sample.filter(|_| with_values) {
        let rows: Vec<Vec<Value>> =
            sample.sample_rows.iter().map(|row| row.iter().map(cell).collect()).collect();
        left.sample_rows = rows.len();
        left.sample_columns = sample.columns.len();
        document["data"]["sample"] = json!({"columns": sample.columns, "rows": rows});
    }
    Shared { document, left }
}

/// The further data sets by the names of their columns; nothing is said of their values.
fn other_data(job: &JobRecord, main: &Dataset) -> Vec<Value> {
    let all = job.inputs.as_ref().map_or(&[][..], |inputs| inputs.datasets.as_slice());
    let others = all.iter().filter(|other| other.dataset_key != main.dataset_key).take(MAX_OTHERS);
    others
        .map(|other| {
            let names: Vec<&str> =
                other.columns.iter().take(SAMPLE_COLUMNS).map(|column| column.name.as_str()).collect();
            json!({"dataset_key": other.dataset_key, "rows": other.row_count, "columns": names})
        })
        .collect()
}

fn describe(column: &Column, with_values: bool) -> Value {
    let mut described = json!({
        "name": column.name,
        "type": column.inferred_type,
        "distinct": column.distinct,
        "missing_share": (column.missing_share * 1000.0).round() / 1000.0,
    });
    let named_otherwise = column.original_name != column.name && column.label.is_none();
    let label = column.label.as_ref().or(named_otherwise.then_some(&column.original_name));
    if let Some(label) = label {
        described["label"] = json!(cut(label, MAX_LABEL));
    }
    if column.value_labels {
        described["coded"] = json!(true);
    }
    let is_number = matches!(column.inferred_type, InferredType::Integer | InferredType::Number);
    if with_values && is_number {
        described["min"] = json!(column.min);
        described["max"] = json!(column.max);
    }
    described
}

fn cell(value: &Value) -> Value {
    match value {
        Value::String(text) => json!(cut(text, MAX_CELL)),
        other => other.clone(),
    }
}

/// Cuts a text and takes control characters out of it.
pub fn cut(text: &str, most: usize) -> String {
    text.chars().filter(|c| !c.is_control() || *c == '\n').take(most).collect()
}
