//! The declaration of a template (`meta.json`, contract 2.0). Rules on it are checked in `library`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::ids::TemplateId;

/// A text in English and, where given, in Chinese.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Bilingual {
    pub en: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zh: Option<String>,
}

/// The whole declaration of one template.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TemplateMeta {
    pub contract: String,
    #[schema(value_type = String)]
    pub id: TemplateId,
    pub version: String,
    pub title: Bilingual,
    /// At most 400 characters.
    pub description: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description_zh: Option<String>,
    pub family: String,
    /// `basic`, `standard` or `expert`.
    pub level: String,
    pub body: BodyFile,
    pub stata: StataNeeds,
    pub inputs: Vec<TemplateInput>,
    pub parameters: Vec<Parameter>,
    #[serde(default)]
    pub rules: Vec<ParameterRule>,
    pub dependencies: Vec<Dependency>,
    pub outputs: Vec<Output>,
    pub checks: Vec<CheckUse>,
    /// Names that the body must emit as `metric` anchors.
    pub metrics: Vec<String>,
    pub sample: SampleRules,
    /// `cross_section`, `panel`, `time_series`, `survival`.
    pub shape: Vec<String>,
    pub seed: SeedPolicy,
    pub selection: SelectionMeta,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archive: Option<ArchiveMeta>,
    pub resources: ResourceEstimate,
    pub anchors: AnchorMeta,
    pub limitations: Vec<String>,
    #[serde(default)]
    pub limitations_zh: Vec<String>,
    pub references: Vec<Reference>,
    pub sample_data: SampleData,
    pub oracle: Oracle,
    #[serde(default)]
    pub verified: Vec<Verified>,
}

/// The template's do-file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BodyFile {
    pub file: String,
    pub sha256: String,
}

/// Which Stata the template needs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StataNeeds {
    pub min_version: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edition: Option<String>,
    /// `supported`, `partial` or `none`: support by the open engine.
    pub engine: String,
}

/// A data set that the template reads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TemplateInput {
    pub name: String,
    /// `main`, `merge` or `append`.
    pub role: String,
    pub required: bool,
    pub formats: Vec<String>,
}

/// The type of a parameter; its grammar is in `docs/library.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ParameterType {
    Varname,
    Varlist,
    Int,
    Number,
    Enum,
    Condition,
    Date,
    Text,
    Boolean,
}

impl ParameterType {
    /// Returns the text of the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Varname => "varname",
            Self::Varlist => "varlist",
            Self::Int => "int",
            Self::Number => "number",
            Self::Enum => "enum",
            Self::Condition => "condition",
            Self::Date => "date",
            Self::Text => "text",
            Self::Boolean => "boolean",
        }
    }
}

/// One declared parameter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Parameter {
    pub name: String,
    #[serde(rename = "type")]
    pub kind: ParameterType,
    pub required: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Value)]
    pub default: Option<Value>,
    pub label: Bilingual,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<Bilingual>,
    /// The role that fills it, or `option`, `sample`, `seed`.
    pub bind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<ColumnNeeds>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
    /// Allowed values of an enum.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub values: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_items: Option<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_items: Option<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_length: Option<usize>,
    /// Names of parameters that may not share a column with this one.
    #[serde(default)]
    pub distinct_from: Vec<String>,
}

/// Requirements on a column of this parameter.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ColumnNeeds {
    /// `continuous`, `binary`, `ordered`, `categorical`, `count`, `share`, `positive`, `date`, `id`, `text`.
    #[serde(default)]
    pub kinds: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_distinct: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_distinct: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_missing_share: Option<f64>,
}

/// A condition between parameters. `if` is `name` (given) or `name=value`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ParameterRule {
    #[serde(rename = "if", default, skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    #[serde(default)]
    pub then_required: Vec<String>,
    #[serde(default)]
    pub then_forbidden: Vec<String>,
    #[serde(default)]
    pub disjoint: Vec<String>,
    pub message: String,
}

/// An ado package or command that the template needs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Dependency {
    pub pkg: String,
    /// `built-in`, `ssc` or `net`.
    pub source: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    pub purpose: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fallback: Option<String>,
}

/// A declared output file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Output {
    pub file: String,
    /// `table`, `figure`, `log` or `data`.
    #[serde(rename = "type")]
    pub kind: String,
    /// `csv`, `svg`, `dta` or `log`.
    pub format: String,
    pub required: bool,
    /// A parameter test such as `odds_ratios=true`; the output exists only where it holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    pub description: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description_zh: Option<String>,
    #[serde(default)]
    pub columns: Vec<super::plan::OutputColumn>,
    pub max_bytes: u64,
}

/// A check that a run of the template makes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckUse {
    pub id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<String>,
    #[serde(default)]
    #[schema(value_type = Object)]
    pub params: Map<String, Value>,
}

/// Bounds of the sample.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SampleRules {
    /// `listwise`, `pairwise` or `keep`.
    pub missing: String,
    pub min_observations: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_rows: Option<u64>,
    /// `allowed` or `forbidden`.
    pub sample_if: String,
}

/// Whether random numbers are used.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SeedPolicy {
    /// `none`, `required` or `optional`.
    pub policy: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<u32>,
}

/// Part of a declaration that selection reads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SelectionMeta {
    pub keywords: Keywords,
    pub question_kinds: Vec<String>,
    /// Binds of the required parameters that are columns.
    pub roles: Vec<String>,
    #[serde(default)]
    pub excludes: Vec<Exclusion>,
    #[serde(default)]
    pub prefer_over: Vec<String>,
    pub questions: Vec<String>,
}

/// Words by which the template is found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Keywords {
    pub en: Vec<String>,
    pub zh: Vec<String>,
}

/// A fact on the data that removes (hard) or lowers (soft) a template.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Exclusion {
    pub fact: String,
    #[serde(default)]
    pub soft: bool,
}

/// Bounds of what a run of the template may leave.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ArchiveMeta {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_files: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_total_bytes: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed_formats: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention_days: Option<u32>,
}

/// Resources needed by a run of usual size.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResourceEstimate {
    pub timeout_s: u64,
    pub memory_mb: u64,
    pub cost: String,
}

/// Progress marks of a template in the log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AnchorMeta {
    pub steps: Vec<String>,
    #[serde(default)]
    pub events: Vec<String>,
}

/// A source of the method.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reference {
    pub kind: String,
    pub text: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doi: Option<String>,
}

/// The data that come with the template.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SampleData {
    pub file: String,
    #[schema(value_type = Object)]
    pub parameters: Map<String, Value>,
    /// Sample files of the further inputs, by the input's name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub inputs: BTreeMap<String, String>,
    /// Columns that the golden run marks as categorical.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub categorical: Vec<String>,
}

/// Source of the numbers used for comparison.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Oracle {
    pub tool: String,
    pub expected: String,
    #[schema(value_type = Object)]
    pub tolerance: Map<String, Value>,
}

/// A comparison of the numbers with another program's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Verified {
    pub engine: String,
    pub version: String,
    pub date: String,
}
