//! The declaration of a template (`meta.json`, contract 2.0). Rules on it are checked in `library`.

mod parameter;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::ids::TemplateId;

pub use parameter::{ColumnNeeds, Parameter, ParameterRule, ParameterType};

/// A text in English and, where given, in Chinese.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Bilingual {
    /// In English.
    pub en: String,
    /// In Chinese; absent in declarations that have only English.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zh: Option<String>,
}

/// The whole declaration of one template.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TemplateMeta {
    /// Version of the form of declarations: `2.0`.
    pub contract: String,
    /// Id of the template: `linear.ols_robust`.
    #[schema(value_type = String)]
    pub id: TemplateId,
    /// Version of the template, three numbers with dots.
    pub version: String,
    /// Short name, for people.
    pub title: Bilingual,
    /// At most 400 characters.
    pub description: String,
    /// The same in Chinese.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description_zh: Option<String>,
    /// Family of analyses, the first part of the id: `linear`, `panel`, `tests` …
    pub family: String,
    /// `basic`, `standard` or `expert`.
    pub level: String,
    /// The do-file with its hash.
    pub body: BodyFile,
    /// Version and edition of Stata that are needed.
    pub stata: StataNeeds,
    /// Data sets that are read; one of them has the role `main`.
    pub inputs: Vec<TemplateInput>,
    /// Parameters, in the order of their locals.
    pub parameters: Vec<Parameter>,
    /// Rules between parameters, checked at the freeze.
    #[serde(default)]
    pub rules: Vec<ParameterRule>,
    /// Ado packages and commands that are needed.
    pub dependencies: Vec<Dependency>,
    /// Files that a run leaves.
    pub outputs: Vec<Output>,
    /// Checks that the body makes and reports in the log.
    pub checks: Vec<CheckUse>,
    /// Names that the body must emit as `metric` anchors.
    pub metrics: Vec<String>,
    /// Bounds on rows and missing values.
    pub sample: SampleRules,
    /// `cross_section`, `panel`, `time_series`, `survival`.
    pub shape: Vec<String>,
    /// Whether random numbers are drawn, and from which seed.
    pub seed: SeedPolicy,
    /// Words and facts by which the template is found and ranked.
    pub selection: SelectionMeta,
    /// Bounds on the files that a run may leave; without them those of the service hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archive: Option<ArchiveMeta>,
    /// Resources of a run of usual size; estimates, not limits.
    pub resources: ResourceEstimate,
    /// Names of the steps and events that the log marks.
    pub anchors: AnchorMeta,
    /// Limits of the analysis, each as a sentence, in English.
    pub limitations: Vec<String>,
    /// The same in Chinese, as many and in the same order.
    #[serde(default)]
    pub limitations_zh: Vec<String>,
    /// Sources of the method.
    pub references: Vec<Reference>,
    /// Data and values of the golden run.
    pub sample_data: SampleData,
    /// Independent numbers with which the golden run is compared.
    pub oracle: Oracle,
    /// Engines on which the golden run gave the expected numbers.
    #[serde(default)]
    pub verified: Vec<Verified>,
}

/// The template's do-file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BodyFile {
    /// Path in the library: `do/<id>.do`.
    pub file: String,
    /// SHA-256 of the file, in lower-case hexadecimal digits; `library index` writes it.
    pub sha256: String,
}

/// Which Stata the template needs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StataNeeds {
    /// Oldest version of Stata, 14 to 19.
    pub min_version: u32,
    /// `any`, `se` or `mp`; absent means any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edition: Option<String>,
    /// `supported`, `partial` or `none`: support by the open engine.
    pub engine: String,
}

/// A data set that the template reads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TemplateInput {
    /// Name of the file in the working directory: `data.dta` is the main one.
    pub name: String,
    /// `main`, `merge` or `append`.
    pub role: String,
    /// True if the template cannot run without it.
    pub required: bool,
    /// File formats in which the body can read it.
    pub formats: Vec<String>,
}

/// An ado package or command that the template needs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Dependency {
    /// Name of the package or command.
    pub pkg: String,
    /// `built-in`, `ssc` or `net`.
    pub source: String,
    /// Oldest version that is accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Address of the package; required for the source `net`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// SHA-256 of the package; required for the source `net`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Use of the package in the template.
    pub purpose: String,
    /// Behaviour without the package; absent where the template cannot do without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fallback: Option<String>,
}

/// A declared output file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Output {
    /// Name of the file in the working directory.
    pub file: String,
    /// `table`, `figure`, `log` or `data`.
    #[serde(rename = "type")]
    pub kind: String,
    /// `csv`, `svg`, `dta` or `log`.
    pub format: String,
    /// True if its absence fails the run.
    pub required: bool,
    /// A parameter test such as `odds_ratios=true`; the output exists only where it holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    /// Content of the file, for people.
    pub description: String,
    /// The same in Chinese.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description_zh: Option<String>,
    /// Columns that the table must have; empty for other types.
    #[serde(default)]
    pub columns: Vec<super::plan::OutputColumn>,
    /// Largest size, in bytes.
    pub max_bytes: u64,
}

/// A check that a run of the template makes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckUse {
    /// Id of a check that the service knows, such as `few_clusters`.
    pub id: String,
    /// `warn` or `fail`; the default of the check without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<String>,
    /// Thresholds of the check by name.
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
    /// Fewest complete observations; below them the run fails.
    pub min_observations: u64,
    /// Most rows of the data, above which a freeze is refused; absent for no bound.
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
    /// Seed without one in the plan, 0 to 2147483647; absent where the plan computes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<u32>,
}

/// Part of a declaration that selection reads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SelectionMeta {
    /// Words and phrases that point to the template.
    pub keywords: Keywords,
    /// Kinds of questions that the template answers: `describe`, `associate`, `effect` …
    pub question_kinds: Vec<String>,
    /// Binds of the required parameters that are columns.
    pub roles: Vec<String>,
    /// Facts of the data that rule the template out or lower its score.
    #[serde(default)]
    pub excludes: Vec<Exclusion>,
    /// Ids of templates to which this one is preferred at an equal score.
    #[serde(default)]
    pub prefer_over: Vec<String>,
    /// Questions that the template answers, in everyday words of both languages.
    pub questions: Vec<String>,
}

/// Words by which the template is found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Keywords {
    /// English words.
    pub en: Vec<String>,
    /// Chinese words.
    pub zh: Vec<String>,
}

/// A fact on the data that removes (hard) or lowers (soft) a template.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Exclusion {
    /// Name of the fact, such as `outcome.binary`.
    pub fact: String,
    /// True if the fact only lowers the score.
    #[serde(default)]
    pub soft: bool,
}

/// Bounds of what a run of the template may leave.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ArchiveMeta {
    /// Most files; the bound of the service without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_files: Option<u32>,
    /// Largest size of all files together, in bytes; the bound of the service without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_total_bytes: Option<u64>,
    /// Formats that files may have; those of the declared outputs without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed_formats: Option<Vec<String>>,
    /// Days that the files are kept; as configured without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention_days: Option<u32>,
}

/// Resources needed by a run of usual size.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResourceEstimate {
    /// Longest time of a run of usual size, in seconds.
    pub timeout_s: u64,
    /// Memory of a run of usual size, in MiB.
    pub memory_mb: u64,
    /// Rough class of effort: `low`, `medium` or `high`.
    pub cost: String,
}

/// Progress marks of a template in the log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AnchorMeta {
    /// Names of the steps that the log marks, in their order in the body.
    pub steps: Vec<String>,
    /// Kinds of further lines that the log has, such as `result`.
    #[serde(default)]
    pub events: Vec<String>,
}

/// A source of the method.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reference {
    /// `book`, `article` or `manual`.
    pub kind: String,
    /// Author, year, title and place of publication.
    pub text: String,
    /// DOI without an address: `10.…`; absent where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doi: Option<String>,
}

/// The data that come with the template.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SampleData {
    /// File of the sample data in the library: `datasets/…`.
    pub file: String,
    /// Values of the golden run by parameter name.
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
    /// Program that computed the expected numbers.
    pub tool: String,
    /// File of the expected numbers in the library: `datasets/…`.
    pub expected: String,
    /// Largest relative difference by name of the number; `default` for all others.
    #[schema(value_type = Object)]
    pub tolerance: Map<String, Value>,
}

/// A comparison of the numbers with another program's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Verified {
    /// `stata` or `open`.
    pub engine: String,
    /// Version of the engine.
    pub version: String,
    /// Day of the comparison, as `YYYY-MM-DD`.
    pub date: String,
}
