//! The inputs of a job: what was uploaded, what it became, and what its columns look like.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::data_step::{DataStep, Repair};

/// Purpose of an uploaded file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DatasetRole {
    /// The data set that is analysed; a job has exactly one.
    PrimaryDataset,
    /// A further data set that a data step or an input of a template can read.
    SecondaryDataset,
    /// A further data set that the client marks as supporting; it is read like a secondary one.
    AuxiliaryData,
}

/// The inputs as the job record holds them; the whole is replaced or nothing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Inputs {
    /// Path of the manifest below the job's directory; an artifact of kind `inputs.manifest`.
    pub manifest_rel_path: String,
    /// SHA-256 over the canonical data files, their keys and roles, in order.
    pub fingerprint: String,
    /// When the upload became the inputs (UTC).
    pub created_at: DateTime<Utc>,
    /// Data sets in the order of the upload; one of them is the primary one.
    pub datasets: Vec<Dataset>,
    /// Remarks on the data that do not stop the job.
    #[serde(default)]
    pub warnings: Vec<DataWarning>,
}

impl Inputs {
    /// Returns the primary data set, of which there is exactly one.
    pub fn primary(&self) -> Option<&Dataset> {
        self.datasets.iter().find(|d| d.role == DatasetRole::PrimaryDataset)
    }

    /// Returns the hash of an original or canonical file, by its path below the job's directory.
    pub fn sha256_of(&self, rel_path: &str) -> Option<&str> {
        self.datasets.iter().find_map(|d| match rel_path {
            path if path == d.canonical_rel_path => Some(d.canonical_sha256.as_str()),
            path if path == d.original_rel_path => Some(d.original_sha256.as_str()),
            _ => None,
        })
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
    /// Purpose of the data set.
    pub role: DatasetRole,
    /// Name of the uploaded file at the client.
    pub original_name: String,
    /// `csv`, `xlsx`, `xls` or `dta`.
    pub format: String,
    /// Original file, relative to the job's directory.
    pub original_rel_path: String,
    /// Lower-case hexadecimal SHA-256 of the uploaded file.
    pub original_sha256: String,
    /// Size of the uploaded file, in bytes.
    pub original_size_bytes: u64,
    /// Canonical .dta, relative to the job's directory.
    pub canonical_rel_path: String,
    /// Lower-case hexadecimal SHA-256 of the canonical .dta.
    pub canonical_sha256: String,
    /// Size of the canonical .dta, in bytes.
    pub canonical_size_bytes: u64,
    /// Rows of the canonical data.
    pub row_count: u64,
    /// Columns, in the order of the data.
    pub columns: Vec<Column>,
    /// Repairs that the reader of the file offers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub repairs: Vec<Repair>,
    /// Sheets of the workbook, in its order; empty for other formats.
    #[serde(default)]
    pub sheet_names: Vec<String>,
    /// Sheet that is read; null for formats without sheets.
    pub selected_sheet: Option<String>,
    /// Row of the column names, counted from 1; null for formats that store the names.
    pub header_row: Option<u32>,
    /// Detected text encoding (`UTF-8`, `GB18030` …) and delimiter, for text files.
    pub encoding: Option<String>,
    /// Delimiter of a text file, one character; null for other formats.
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
    /// Values that are none of the others, as UTF-8.
    Text,
    /// No value at all.
    Empty,
}

/// One column of the canonical data with the facts that binding and selection read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Column {
    /// Normalised name, unique ignoring case.
    pub name: String,
    /// Name in the uploaded file.
    pub original_name: String,
    /// Kind of values that ingest found in the column.
    pub inferred_type: InferredType,
    /// Storage type in the canonical data: `byte`, `int`, `long`, `float`, `double`, `str12`, `strL`.
    pub storage: String,
    /// Display format.
    pub format: String,
    /// Variable label; null if the file has none.
    pub label: Option<String>,
    /// True if labels name more than half of the values.
    #[serde(default)]
    pub value_labels: bool,
    /// Number of missing values; for text, of empty ones.
    pub missing: u64,
    /// Share of missing values, 0 to 1.
    pub missing_share: f64,
    /// Number of distinct non-missing values; exact up to `distinct_capped_at`.
    pub distinct: u64,
    /// True if counting stopped and `distinct` is a lower bound.
    #[serde(default)]
    pub distinct_is_lower_bound: bool,
    /// Smallest and largest number (dates in storage units); absent for text and empty columns.
    pub min: Option<f64>,
    /// Largest number, with the same rules as `min`.
    pub max: Option<f64>,
    /// True if every number is whole.
    #[serde(default)]
    pub integer_valued: bool,
    /// True if any number is negative.
    #[serde(default)]
    pub has_negative: bool,
    /// For text: the longest value in bytes.
    pub max_bytes: Option<u32>,
    /// For text with few different values among its first rows: these values in a fixed order; else empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub levels: Vec<String>,
    /// For whole numbers whose labels name more than half of the values: the labels within the range of the values, the lowest
    /// value first, at most 50; else empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<NamedValue>,
}

/// A number of a column and its label in the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct NamedValue {
    /// The number.
    pub value: i32,
    /// Its label.
    pub label: String,
}

/// Most labels that a column keeps.
pub const MOST_NAMES: usize = 50;

impl Column {
    /// True for columns that hold text.
    pub fn is_text(&self) -> bool {
        self.storage.starts_with("str")
    }

    /// True for codes of groups as the file itself declares them, such as a factor of R: each of a few whole numbers has a label.
    pub fn is_declared_factor(&self) -> bool {
        let is_yes_no = self.min == Some(0.0) && self.max == Some(1.0);
        self.integer_valued
            && !self.has_negative
            && !is_yes_no
            && !self.distinct_is_lower_bound
            && self.distinct >= 2
            && self.names.len() as u64 >= self.distinct
    }

    /// The number that this label names; `None` where no one number has it, or the text is another number of the column.
    pub fn value_named(&self, label: &str) -> Option<i32> {
        let mut named = self.names.iter().filter(|named| named.label.trim() == label.trim());
        let value = named.next()?.value;
        let other = label.trim().parse::<i32>().ok().filter(|number| *number != value);
        let is_other = other.is_some_and(|number| self.names.iter().any(|named| named.value == number));
        (named.next().is_none() && !is_other).then_some(value)
    }

    /// The values with their labels, `1 = Food, 2 = Textiles`; the first of many.
    pub fn legend(&self) -> String {
        const SHOWN: usize = 12;
        let shown = self.names.iter().take(SHOWN).map(|named| format!("{} = {}", named.value, named.label));
        let more = (self.names.len() > SHOWN).then(|| "…".to_owned());
        shown.chain(more).collect::<Vec<_>>().join(", ")
    }
}

/// A value of a column of categories.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Category {
    /// The number, or the text; `.a` to `.z` for missing values with labels.
    #[schema(value_type = serde_json::Value)]
    pub value: serde_json::Value,
    /// Label of the value; null where it has none.
    pub label: Option<String>,
    /// Number of rows that have the value; null where they were not counted.
    pub rows: Option<u64>,
}

/// A remark on the data that does not stop the job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DataWarning {
    /// `duplicated_rows`, `constant_column`, `mixed_types`, `missing_share`, `renamed_column` …
    #[serde(rename = "type")]
    pub kind: String,
    /// `info` or `warning`.
    pub severity: String,
    /// The remark, for people.
    pub message: String,
    /// Suggested correction; null if there is none.
    pub suggestion: Option<String>,
    /// Key of the data set; null if the warning concerns all inputs.
    pub dataset_key: Option<String>,
    /// Name of the column; null if the warning concerns the whole data set.
    pub column: Option<String>,
    /// Data steps that repair it; each can be submitted as it is in `data_steps` of a draft.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub repairs: Vec<DataStep>,
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
