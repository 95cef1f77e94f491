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
    /// Version of the plan's format, counted from 1.
    pub plan_version: u32,
    /// The generator of the preamble; a plan is rendered only by the generator it was frozen for.
    #[serde(default)]
    pub preamble_version: u32,
    /// SHA-256 of everything that decides the result, in lower-case hexadecimal digits.
    #[schema(value_type = String)]
    pub plan_id: PlanId,
    /// Number of the plan in its job, counted from 1; one more with each revision.
    pub revision: u32,
    /// Path for the artifact routes while the plan is the current one: `artifacts/plan.json`.
    pub rel_path: String,
    /// `model`, `client` or `rules`: who stated the draft that was frozen.
    pub plan_source: String,
    /// When the plan was frozen (RFC 3339, UTC).
    pub created_at: DateTime<Utc>,
    /// The template, with the hashes of its files.
    pub template: PlanTemplate,
    /// Why this template was chosen; not part of `plan_id`.
    pub rationale: Rationale,
    /// Bound parameters, dependencies, outputs and bounds.
    pub contract: Contract,
    /// The sample condition, typed and canonical; absent when all rows are used.
    pub sample_if: Option<PlanCondition>,
    /// Variables that are computed from columns before the analysis, in this order.
    #[serde(default)]
    pub derived_variables: Vec<DerivedVariable>,
    /// Columns that are treated as categories.
    #[serde(default)]
    pub categorical_vars: Vec<CategoricalMark>,
    /// Interactions, each as the list of its columns.
    #[serde(default)]
    pub interaction_terms: Vec<Vec<String>>,
    /// Units and time of a panel; null without one.
    pub panel: Option<PanelDeclaration>,
    /// Further data sets that the run merges or appends before variables are derived.
    #[serde(default)]
    pub data_steps: Vec<PlannedStep>,
    /// Checks whose failure is accepted, each with the reason.
    #[serde(default)]
    pub acknowledged_checks: Vec<AcknowledgedCheck>,
    /// 0..=2147483647, for `set seed` and `set sortseed`.
    pub seed: u32,
    /// Fingerprint of the inputs that the run must find.
    pub input_fingerprint: String,
    /// Input name of the template (`data.dta`, …) → dataset_key.
    #[serde(default)]
    pub input_bindings: BTreeMap<String, String>,
    /// Columns that the run loads, in the order of the data.
    #[serde(default)]
    pub used_columns: Vec<String>,
    /// Formats of tables and figures: csv, svg, log and do always; xlsx, docx, tex, pdf, png, dta on request.
    pub output_formats: Vec<String>,
    /// The two steps of the execution: the do-file is written, then run.
    pub steps: Vec<PlanStep>,
    /// Odd choices that were seen when the plan was frozen; its runs repeat them. Not part of `plan_id`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<PlanRemark>,
}

/// An odd choice of a plan, which its run accepts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PlanRemark {
    /// Id of the check, as the preview of the plan has it.
    pub id: String,
    /// The odd choice and what would help, for people.
    pub message: String,
}

/// A variable that the run computes, typed and canonical.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DerivedVariable {
    /// Name of the new variable, valid in Stata.
    pub name: String,
    /// As it was typed.
    pub expression: String,
    /// The expression in its one canonical spelling; part of `plan_id`.
    pub canonical: String,
    /// Variable label; null for none.
    pub label: Option<String>,
    /// `double`, `byte` or `long`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The expression as a typed tree, from which the do-file is written.
    #[schema(value_type = Object)]
    pub tree: Derivation,
}

/// The template of a plan, pinned by the hashes of its files.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PlanTemplate {
    /// Id of the template: `linear.ols_robust`.
    #[schema(value_type = String)]
    pub template_id: TemplateId,
    /// Version of the template, such as `1.0.0`.
    pub version: String,
    /// SHA-256 of the body.
    pub sha256: String,
    /// SHA-256 of the template's declaration, in lower-case hexadecimal digits.
    pub meta_sha256: String,
    /// SHA-256 over names and contents of the library idioms that are staged.
    pub ado_sha256: String,
    /// Title of the template, in English.
    pub title: String,
}

/// Why this template.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Rationale {
    /// The reason in the words of the model, or a fixed sentence for the ranking and the client.
    pub text: String,
    /// Paths of the evidence artifacts.
    pub evidence: Vec<String>,
    /// Templates that were offered, by score, the best first.
    pub ranking: Vec<RankedTemplate>,
    /// `model`, `ranking`, `client` or `rules`.
    pub chosen_by: String,
}

/// A template and its score in the ranking.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RankedTemplate {
    /// Id of the template.
    #[schema(value_type = String)]
    pub template_id: TemplateId,
    /// How well it fits; only the order matters.
    pub score: f64,
}

/// The execution contract: bindings, dependencies, outputs, constraints.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Contract {
    /// Every declared parameter of the template, in the order of its declaration.
    pub parameters: Vec<BoundParameter>,
    /// Parameter name → bound value, for all parameters that have one.
    #[schema(value_type = Object)]
    pub bound: BTreeMap<String, Value>,
    /// Always empty in a frozen plan; filled in a preview.
    pub missing: Vec<String>,
    /// Commands and packages that the template uses, with their availability at the freeze.
    pub dependencies: Vec<PlanDependency>,
    /// Files that the run must or may leave; those whose condition does not hold are left out.
    pub outputs: Vec<PlanOutput>,
    /// Bounds on observations and on the archive.
    pub constraints: Constraints,
}

/// One parameter with its binding.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct BoundParameter {
    /// Name of the parameter.
    pub name: String,
    /// Type of the parameter: `varname`, `varlist`, `terms`, `int`, `number`, `enum`, `condition`, `date`, `text` or
    /// `boolean`.
    #[serde(rename = "type")]
    pub kind: String,
    /// True if the plan cannot be frozen without a value.
    pub required: bool,
    /// Explanation of the value to enter, for people, in English.
    pub description: String,
    /// `bound`, `default`, `missing` or `unused`.
    pub status: String,
    /// The bound value; null if there is none.
    #[schema(value_type = Value)]
    pub value: Value,
    /// `correction`, `answer`, `client_parameter`, `draft_role` or `default`.
    pub source: Option<String>,
}

impl BoundParameter {
    /// Returns the texts of the value: one, or those of a list; none of other values.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        let values = match &self.value {
            Value::Array(items) => items.as_slice(),
            value => std::slice::from_ref(value),
        };
        values.iter().filter_map(Value::as_str)
    }
}

/// Dependency that must be installed for the template.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PlanDependency {
    /// Name of the package or command.
    pub pkg: String,
    /// `built-in`, `ssc` or `net`.
    pub source: String,
    /// Oldest version that is accepted; null for any.
    pub version: Option<String>,
    /// Use of the package in the template.
    pub purpose: String,
    /// `available`, `missing` or `unknown`.
    pub status: String,
    /// When the availability was checked (RFC 3339, UTC); null if it was not.
    pub checked_at: Option<DateTime<Utc>>,
}

/// A file that the run must or may leave.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PlanOutput {
    /// Name of the file in the working directory of the run.
    pub file: String,
    /// `table`, `figure`, `log` or `data`.
    #[serde(rename = "type")]
    pub kind: String,
    /// `csv`, `svg`, `dta` or `log`.
    pub format: String,
    /// True if its absence fails the run.
    pub required: bool,
    /// Test of a parameter that was true at the freeze; null for an output that always exists.
    pub when: Option<String>,
    /// Description, for people, in English.
    pub description: String,
    /// Columns that the table must have; empty for other types.
    #[serde(default)]
    pub columns: Vec<OutputColumn>,
    /// Largest size, in bytes; a larger file that is required fails the run.
    pub max_bytes: u64,
    /// Kind under which the file is published: `stata.export.table` …
    pub artifact_kind: String,
    /// `artifacts/runs/{run_id}/<file>`, with `{run_id}` literally.
    pub rel_path: String,
}

/// A column of a declared table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct OutputColumn {
    /// Name of the column, as in the header of the file.
    pub name: String,
    /// `text`, `number` or `integer`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Unit of the column; absent where it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
}

/// Bounds of the analysis and of what is kept of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Constraints {
    /// Fewest complete observations; the run fails below them.
    pub min_observations: u64,
    /// Bounds on the published files.
    pub archive: ArchiveConstraints,
}

/// Bounds of the archive of one run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ArchiveConstraints {
    /// Most files.
    pub max_files: u32,
    /// Largest size of all files together, in bytes.
    pub max_total_bytes: u64,
    /// Formats that published files may have.
    pub allowed_formats: Vec<String>,
    /// 0: as configured.
    pub retention_days: u32,
}

/// A condition in its three forms: as typed by the user, canonical, and as its typed tree.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PlanCondition {
    /// The condition as it was typed.
    pub text: String,
    /// The condition in its one canonical spelling; part of `plan_id`.
    pub canonical: String,
    /// The condition as a typed tree, from which the do-file is written.
    #[schema(value_type = Object)]
    pub tree: Value,
}

/// A column that the analysis treats as categories.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CategoricalMark {
    /// Name of the column.
    pub column: String,
    /// The numeric companion that bodies receive, where the column itself cannot be used with `i.`.
    pub companion: Option<String>,
    /// How the companion is made: `encode` or `group_label`.
    #[serde(default)]
    pub encoding: Option<String>,
    /// Levels of a text that are numbered first, in this order; the others follow in alphabetical order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub order: Vec<String>,
    /// The level that the others are compared with, where the rows of the analysis have it; null in plans of earlier releases.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<BaseLevel>,
}

/// The base of a column of categories.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct BaseLevel {
    /// The level: a text, or a number as the data have it.
    pub level: String,
    /// Why: `stated` by the client, `control` (a word for absence or control), `scale` (the lowest of an ordered set), `first`
    /// (in alphabetical order), `lowest` (of numbers).
    pub reason: String,
}

/// How the panel or time series is declared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PanelDeclaration {
    /// Column that identifies the units; null for a time series.
    pub entity_var: Option<String>,
    /// Column that orders the observations in time; null for a panel without time.
    pub time_var: Option<String>,
}

/// A warning that the user accepted, with the reason.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AcknowledgedCheck {
    /// Id of the accepted check.
    pub id: String,
    /// Why it is accepted, in the words of the user.
    pub reason: String,
}

/// One step of the execution.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PlanStep {
    /// Id of the step, unique in the plan.
    pub step_id: String,
    /// `generate_stata_do` or `run_stata`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Facts that the step works with.
    #[schema(value_type = Object)]
    pub params: Value,
    /// Ids of the steps that must have ended before.
    pub depends_on: Vec<String>,
    /// Paths of the files that the step creates.
    pub produces: Vec<String>,
}
