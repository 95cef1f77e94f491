//! The inputs of a job: what was uploaded, what it became, and what its columns look like.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Purpose of an uploaded file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DatasetRole {
    PrimaryDataset,
    SecondaryDataset,
    AuxiliaryData,
}

/// The inputs as the job record holds them; the whole is replaced or nothing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Inputs {
    pub manifest_rel_path: String,
    /// SHA-256 over the canonical data files, their keys and roles, in order.
    pub fingerprint: String,
    pub created_at: DateTime<Utc>,
    pub datasets: Vec<Dataset>,
    #[serde(default)]
    pub warnings: Vec<DataWarning>,
}

impl Inputs {
    /// Returns the primary data set, of which there is exactly one.
    pub fn primary(&self) -> Option<&Dataset> {
        self.datasets.iter().find(|d| d.role == DatasetRole::PrimaryDataset)
    }

    /// Returns the data set with this key.
    pub fn dataset(&self, key: &str) -> Option<&Dataset> {
        self.datasets.iter().find(|d| d.dataset_key == key)
    }
}

/// One uploaded file and the canonical data made of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Dataset {
    /// Short name within the job: `main`, `data_2`, … unique.
    pub dataset_key: String,
    pub role: DatasetRole,
    pub original_name: String,
    /// `csv`, `xlsx`, `xls` or `dta`.
    pub format: String,
    /// Original file, relative to the job's directory.
    pub original_rel_path: String,
    pub original_sha256: String,
    pub original_size_bytes: u64,
    /// Canonical .dta, relative to the job's directory.
    pub canonical_rel_path: String,
    pub canonical_sha256: String,
    pub canonical_size_bytes: u64,
    pub row_count: u64,
    pub columns: Vec<Column>,
    #[serde(default)]
    pub sheet_names: Vec<String>,
    pub selected_sheet: Option<String>,
    pub header_row: Option<u32>,
    /// Detected text encoding (`UTF-8`, `GB18030` …) and delimiter, for text files.
    pub encoding: Option<String>,
    pub delimiter: Option<String>,
}

impl Dataset {
    /// Returns the column with this (normalised) name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|c| c.name == name)
    }
}

/// The kind of values that a column holds, as ingest infers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum InferredType {
    /// Whole numbers.
    Integer,
    /// Numbers with fractions.
    Number,
    /// Exactly the values 0 and 1.
    Binary,
    /// Calendar dates (stored as days since 1960-01-01).
    Date,
    /// Dates with a time of day (stored as milliseconds since 1960-01-01).
    Datetime,
    Text,
    /// No value at all.
    Empty,
}

/// One column of the canonical data with the facts that binding and selection read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Column {
    /// Normalised name, unique ignoring case.
    pub name: String,
    pub original_name: String,
    pub inferred_type: InferredType,
    /// Storage type in the canonical data: `byte`, `int`, `long`, `float`, `double`, `str12`, `strL`.
    pub storage: String,
    /// Display format.
    pub format: String,
    pub label: Option<String>,
    /// True if values carry labels.
    #[serde(default)]
    pub value_labels: bool,
    pub missing: u64,
    pub missing_share: f64,
    /// Number of distinct non-missing values; exact up to `distinct_capped_at`.
    pub distinct: u64,
    /// True if counting stopped and `distinct` is a lower bound.
    #[serde(default)]
    pub distinct_is_lower_bound: bool,
    /// Smallest and largest number (dates in storage units); absent for text and empty columns.
    pub min: Option<f64>,
    pub max: Option<f64>,
    /// True if every number is whole.
    #[serde(default)]
    pub integer_valued: bool,
    /// True if any number is negative.
    #[serde(default)]
    pub has_negative: bool,
    /// For text: the longest value in bytes.
    pub max_bytes: Option<u32>,
}

impl Column {
    /// True for columns that hold text.
    pub fn is_text(&self) -> bool {
        self.storage.starts_with("str")
    }
}

/// A remark on the data that does not stop the job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DataWarning {
    /// `duplicated_rows`, `constant_column`, `mixed_types`, `missing_share`, `renamed_column` …
    #[serde(rename = "type")]
    pub kind: String,
    /// `info` or `warning`.
    pub severity: String,
    pub message: String,
    pub suggestion: Option<String>,
    pub dataset_key: Option<String>,
    pub column: Option<String>,
}

/// Returns the fingerprint of inputs: SHA-256 of the canonical JSON of key, role and canonical hash of
/// every data set, in order.
pub fn fingerprint(datasets: &[Dataset]) -> String {
    let parts: Vec<_> = datasets
        .iter()
        .map(|d| {
            serde_json::json!({
                "dataset_key": d.dataset_key,
                "role": d.role,
                "canonical_sha256": d.canonical_sha256,
            })
        })
        .collect();
    super::canonical::sha256_of(&parts)
}
