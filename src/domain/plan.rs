//! The frozen plan: a real template with every parameter bound, and all that decides the result.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::data_step::PlannedStep;
use super::expression::Derivation;
use super::ids::{PlanId, TemplateId};

/// The plan format that this release writes.
pub const PLAN_VERSION: u32 = 2;

/// A frozen plan (`artifacts/plan.json`). `plan_id` is the SHA-256 over the canonical JSON of what
/// decides the result; see `docs/api.md`, "Plan".
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Plan {
    pub plan_version: u32,
    /// The generator of the preamble; a plan is rendered only by the generator it was frozen for.
    #[serde(default)]
    pub preamble_version: u32,
    #[schema(value_type = String)]
    pub plan_id: PlanId,
    pub revision: u32,
    pub rel_path: String,
    /// `model` or `client`: who stated the draft that was frozen.
    pub plan_source: String,
    pub created_at: DateTime<Utc>,
    pub template: PlanTemplate,
    pub rationale: Rationale,
    pub contract: Contract,
    /// The sample condition, typed and canonical; absent when all rows are used.
    pub sample_if: Option<PlanCondition>,
    #[serde(default)]
    pub derived_variables: Vec<DerivedVariable>,
    #[serde(default)]
    pub categorical_vars: Vec<CategoricalMark>,
    #[serde(default)]
    pub interaction_terms: Vec<Vec<String>>,
    pub panel: Option<PanelDeclaration>,
    /// Further data sets that the run merges or appends before variables are derived.
    #[serde(default)]
    pub data_steps: Vec<PlannedStep>,
    #[serde(default)]
    pub acknowledged_checks: Vec<AcknowledgedCheck>,
    /// 0..=2147483647, for `set seed` and `set sortseed`.
    pub seed: u32,
    pub input_fingerprint: String,
    /// Input name of the template (`data.dta`, …) → dataset_key.
    #[serde(default)]
    pub input_bindings: BTreeMap<String, String>,
    /// Columns that the run loads, in the order of the data.
    #[serde(default)]
    pub used_columns: Vec<String>,
    pub output_formats: Vec<String>,
    pub steps: Vec<PlanStep>,
}

/// A variable that the run computes, typed and canonical.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DerivedVariable {
    pub name: String,
    /// As it was typed.
    pub expression: String,
    pub canonical: String,
    pub label: Option<String>,
    /// `double`, `byte` or `long`.
    #[serde(rename = "type")]
    pub kind: String,
    #[schema(value_type = Object)]
    pub tree: Derivation,
}

/// The template of a plan, pinned by the hashes of its files.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PlanTemplate {
    #[schema(value_type = String)]
    pub template_id: TemplateId,
    pub version: String,
    /// SHA-256 of the body.
    pub sha256: String,
    pub meta_sha256: String,
    /// SHA-256 over names and contents of the library idioms that are staged.
    pub ado_sha256: String,
    pub title: String,
}

/// Why this template.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Rationale {
    pub text: String,
    /// Paths of the evidence artifacts.
    pub evidence: Vec<String>,
    pub ranking: Vec<RankedTemplate>,
    /// `model`, `ranking` or `client`.
    pub chosen_by: String,
}

/// A template and its score in the ranking.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RankedTemplate {
    #[schema(value_type = String)]
    pub template_id: TemplateId,
    pub score: f64,
}

/// The execution contract: bindings, dependencies, outputs, constraints.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Contract {
    pub parameters: Vec<BoundParameter>,
    /// Parameter name → bound value, for all parameters that have one.
    #[schema(value_type = Object)]
    pub bound: BTreeMap<String, Value>,
    /// Always empty in a frozen plan; filled in a preview.
    pub missing: Vec<String>,
    pub dependencies: Vec<PlanDependency>,
    pub outputs: Vec<PlanOutput>,
    pub constraints: Constraints,
}

/// One parameter with its binding.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct BoundParameter {
    pub name: String,
    #[serde(rename = "type")]
    pub kind: String,
    pub required: bool,
    pub description: String,
    /// `bound`, `default`, `missing` or `unused`.
    pub status: String,
    #[schema(value_type = Value)]
    pub value: Value,
    /// `correction`, `answer`, `client_parameter`, `draft_role` or `default`.
    pub source: Option<String>,
}

/// Dependency that must be installed for the template.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PlanDependency {
    pub pkg: String,
    /// `built-in`, `ssc` or `net`.
    pub source: String,
    pub version: Option<String>,
    pub purpose: String,
    /// `available`, `missing` or `unknown`.
    pub status: String,
    pub checked_at: Option<DateTime<Utc>>,
}

/// A file that the run must or may leave.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PlanOutput {
    pub file: String,
    /// `table`, `figure`, `log` or `data`.
    #[serde(rename = "type")]
    pub kind: String,
    pub format: String,
    pub required: bool,
    pub when: Option<String>,
    pub description: String,
    #[serde(default)]
    pub columns: Vec<OutputColumn>,
    pub max_bytes: u64,
    pub artifact_kind: String,
    /// `artifacts/runs/{run_id}/<file>`, with `{run_id}` literally.
    pub rel_path: String,
}

/// A column of a declared table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct OutputColumn {
    pub name: String,
    /// `text`, `number` or `integer`.
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
}

/// Bounds of the analysis and of what is kept of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Constraints {
    pub min_observations: u64,
    pub archive: ArchiveConstraints,
}

/// Bounds of the archive of one run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ArchiveConstraints {
    pub max_files: u32,
    pub max_total_bytes: u64,
    pub allowed_formats: Vec<String>,
    /// 0: as configured.
    pub retention_days: u32,
}

/// A condition in its three forms: as typed by the user, canonical, and as its typed tree.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PlanCondition {
    pub text: String,
    pub canonical: String,
    #[schema(value_type = Object)]
    pub tree: Value,
}

/// A column that the analysis treats as categories.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CategoricalMark {
    pub column: String,
    /// The numeric companion that bodies receive, where the column itself cannot be used with `i.`.
    pub companion: Option<String>,
    /// How the companion is made: `encode` or `group_label`.
    #[serde(default)]
    pub encoding: Option<String>,
}

/// How the panel or time series is declared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PanelDeclaration {
    pub entity_var: Option<String>,
    pub time_var: Option<String>,
}

/// A warning that the user accepted, with the reason.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AcknowledgedCheck {
    pub id: String,
    pub reason: String,
}

/// One step of the execution.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PlanStep {
    pub step_id: String,
    /// `generate_stata_do` or `run_stata`.
    #[serde(rename = "type")]
    pub kind: String,
    #[schema(value_type = Object)]
    pub params: Value,
    pub depends_on: Vec<String>,
    pub produces: Vec<String>,
}
