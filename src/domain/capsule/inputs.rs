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
    pub dataset_key: String,
    pub sha256: String,
    pub size_bytes: u64,
    /// False: only its hash is here.
    pub included: bool,
}

/// One data set: the uploaded file, what it became, and how.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DatasetFacts {
    pub dataset_key: String,
    pub role: DatasetRole,
    pub original_name: String,
    /// In the capsule, where it is there.
    pub original_path: Option<String>,
    pub original_sha256: String,
    pub original_size_bytes: u64,
    pub canonical_sha256: String,
    pub canonical_size_bytes: u64,
    pub format: String,
    pub selected_sheet: Option<String>,
    pub header_row: Option<u32>,
    pub encoding: Option<String>,
    pub delimiter: Option<String>,
    pub row_count: u64,
    /// Names and types, no values.
    pub columns: Vec<ColumnFacts>,
}

/// One column, without anything that tells of single values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ColumnFacts {
    pub name: String,
    pub original_name: String,
    pub label: Option<String>,
    pub inferred_type: InferredType,
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
