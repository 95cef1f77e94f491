//! Description of the data in a capsule, whether it contains the files or not (`evidence/inputs.json`).

use serde::{Deserialize, Serialize};

use crate::domain::canonical::sha256_of;
use crate::domain::dataset::{DatasetRole, InferredType};

/// The data of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InputFacts {
    /// SHA-256 over keys, roles and canonical hashes; stands in the plan.
    pub fingerprint: String,
    /// Files read by the engine.
    pub read: Vec<ReadFile>,
    /// Every data set of the job as it was at the time of the plan; empty where that is not known any more.
    pub datasets: Vec<DatasetFacts>,
    /// Remarks on files that the capsule does not contain.
    pub remarks: Vec<String>,
}

/// A file that the engine read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadFile {
    /// In the capsule: `data.dta` or `inputs/<name>`.
    pub path: String,
    /// Key of the data set that the file belongs to: `main`, `data_2` …
    pub dataset_key: String,
    /// Lower-case hexadecimal SHA-256 of the file.
    pub sha256: String,
    /// Size of the file, in bytes.
    pub size_bytes: u64,
    /// False: only its hash is here.
    pub included: bool,
}

/// One data set: the uploaded file, what it became, and how.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DatasetFacts {
    /// Short name within the job: `main`, `data_2` …
    pub dataset_key: String,
    /// Purpose of the data set.
    pub role: DatasetRole,
    /// Name of the uploaded file at the client.
    pub original_name: String,
    /// In the capsule, where it is there.
    pub original_path: Option<String>,
    /// Lower-case hexadecimal SHA-256 of the uploaded file.
    pub original_sha256: String,
    /// Size of the uploaded file, in bytes.
    pub original_size_bytes: u64,
    /// Lower-case hexadecimal SHA-256 of the canonical .dta; part of the fingerprint.
    pub canonical_sha256: String,
    /// Size of the canonical .dta, in bytes.
    pub canonical_size_bytes: u64,
    /// `csv`, `xlsx`, `xls` or `dta`.
    pub format: String,
    /// Sheet that was read; absent for formats without sheets.
    pub selected_sheet: Option<String>,
    /// 1-based row of the column names; absent for formats that store names.
    pub header_row: Option<u32>,
    /// Encoding of a text file, such as `UTF-8`; absent for other formats.
    pub encoding: Option<String>,
    /// Delimiter of a text file, one character; absent for other formats.
    pub delimiter: Option<String>,
    /// Rows of the canonical data.
    pub row_count: u64,
    /// Names and types, no values.
    pub columns: Vec<ColumnFacts>,
}

/// One column, without anything that tells of single values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ColumnFacts {
    /// Name in the canonical data, valid in Stata.
    pub name: String,
    /// Name in the uploaded file.
    pub original_name: String,
    /// Variable label; absent where the file has none.
    pub label: Option<String>,
    /// Kind of values that ingest found.
    pub inferred_type: InferredType,
    /// Stata's storage type: `byte`, `int`, `long`, `float`, `double`, `str12`, `strL`.
    pub storage: String,
}

impl InputFacts {
    /// Returns the fingerprint that these data sets have, as a plan states it.
    pub fn expected_fingerprint(&self) -> String {
        let parts: Vec<_> = self
            .datasets
            .iter()
            .map(|d| {
                serde_json::json!({
                    "dataset_key": d.dataset_key, "role": d.role, "canonical_sha256": d.canonical_sha256,
                })
            })
            .collect();
        sha256_of(&parts)
    }
}
