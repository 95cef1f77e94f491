//! Data steps: further data sets that a run merges with the main data or appends to it before anything is
//! derived. How they are checked is in `library::data_steps`, how they are printed in `library::render`.

use serde::{Deserialize, Serialize};

/// Most data steps of a draft.
pub const MAX_STEPS: usize = 10;
/// Most keys of a merge.
pub const MAX_KEYS: usize = 20;

/// Operation of a step on its data set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StepKind {
    /// Adds columns by keys.
    Merge,
    /// Adds rows.
    Append,
}

impl StepKind {
    /// Returns the text of the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Merge => "merge",
            Self::Append => "append",
        }
    }
}

/// On which sides of a merge the keys identify rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub enum MergeType {
    /// Keys identify the rows of both sides.
    #[serde(rename = "1:1")]
    OneToOne,
    /// Keys identify the rows of the further data set; rows of the data so far may share them.
    #[serde(rename = "m:1")]
    ManyToOne,
    /// Keys identify the rows of the data so far; rows of the further data set may share them.
    #[serde(rename = "1:m")]
    OneToMany,
}

impl MergeType {
    /// Returns the text of the contract, which is Stata's.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OneToOne => "1:1",
            Self::ManyToOne => "m:1",
            Self::OneToMany => "1:m",
        }
    }

    /// True if the keys must identify the rows of the data so far.
    pub fn unique_main(self) -> bool {
        self != Self::ManyToOne
    }

    /// True if the keys must identify the rows of the other data set.
    pub fn unique_other(self) -> bool {
        self != Self::OneToMany
    }
}

/// Which rows of a merge stay.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Keep {
    /// Rows of both sides that belong together.
    Matched,
    /// All rows of the data so far, with or without a partner.
    #[default]
    Master,
    /// All rows of both sides.
    All,
}

impl Keep {
    /// Returns the text of the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Matched => "matched",
            Self::Master => "master",
            Self::All => "all",
        }
    }
}

/// A data step as a draft states it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DataStep {
    /// Adds columns (`merge`) or rows (`append`).
    pub kind: StepKind,
    /// Key of the further data set: `data_2`, `data_3` …
    pub dataset_key: String,
    /// The columns of both sides by which rows belong together; none for an append.
    #[serde(default)]
    pub keys: Vec<String>,
    /// Of a merge only, and needed there.
    #[serde(default)]
    pub merge_type: Option<MergeType>,
    /// Of a merge only; `master` without it.
    #[serde(default)]
    pub keep: Option<Keep>,
}

/// A data step as a plan carries it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PlannedStep {
    /// The step as it was submitted.
    #[serde(flatten)]
    pub step: DataStep,
    /// The columns that the run takes from the data set, besides the keys of a merge.
    pub columns: Vec<String>,
    /// Columns of both sides that are no keys: after a merge the values of the data so far stay.
    pub overlap: Vec<String>,
}

impl PlannedStep {
    /// Returns which rows of a merge stay.
    pub fn keep(&self) -> Keep {
        self.step.keep.unwrap_or_default()
    }

    /// Reason text of a merge in a sample flow: rows that matched, rows of the data so far and of the other data
    /// set without a partner, and which stay. `None` for an append, or where a number is not known.
    pub fn flow_reason(&self, [matched, main_only, other_only]: [Option<u64>; 3]) -> Option<String> {
        if self.step.kind == StepKind::Append {
            return None;
        }
        let merge_type = self.step.merge_type?.as_str();
        Some(format!(
            "{merge_type} by {}: {} matched, {} only in the data before, {} only in {}; kept: {}",
            self.step.keys.join(", "),
            matched?,
            main_only?,
            other_only?,
            self.step.dataset_key,
            self.keep().as_str()
        ))
    }
}
