//! The draft of an analysis: what the client or a model states before the plan is frozen.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::data_step::DataStep;
use super::ids::TemplateId;

/// Author of a draft.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DraftSource {
    /// A language model proposed it from requirement and columns.
    Model,
    /// The client submitted it.
    Client,
    /// The rules of the service made it from the words of the question; no model took part.
    Rules,
}

/// A draft as the job record holds it. Roles are keyed by bind name (`outcome_var`, `regressors` …);
/// the named role fields of the HTTP contract are views of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Draft {
    /// `draft_` and a sortable random part; a new draft has a new id.
    pub draft_id: String,
    /// When the draft was made (UTC).
    pub created_at: DateTime<Utc>,
    /// Author of the draft.
    pub source: DraftSource,
    /// Inputs or requirement changed after this draft was stated.
    #[serde(default)]
    pub stale: bool,
    /// The analysis in words, for people; may be empty.
    #[serde(default)]
    pub draft_text: String,
    /// Requirement of the job at the time of the draft.
    pub requirement: String,
    /// Fingerprint of the inputs at the time of the draft.
    pub input_fingerprint: String,
    /// The template that the client asked for, if any.
    pub template_id: Option<TemplateId>,
    /// Roles, parameters and conditions; the part that is bound at the freeze.
    #[serde(default)]
    pub statement: Statement,
    /// Outcome of selection at the time of the draft.
    pub selection: Selection,
    /// A model's notes on its draft; absent for a client's draft.
    #[serde(default)]
    pub model: Option<ModelNotes>,
    /// Roles that the words of the question name and whose columns are too doubtful to be taken; a plan waits for them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub doubted: Vec<DoubtedRole>,
}

/// A role that a question names without saying clearly which column is meant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DoubtedRole {
    /// The role.
    pub field: String,
    /// The question, for people.
    pub question: String,
    /// Columns that may be meant, the likeliest first.
    pub candidates: Vec<String>,
}

impl Draft {
    /// True for a draft of the same author that says the same of the same data, whatever its id and time.
    pub fn says(&self, other: &Draft) -> bool {
        let renamed = Draft { draft_id: self.draft_id.clone(), created_at: self.created_at, ..other.clone() };
        *self == renamed
    }
}

/// A model's notes on its draft.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelNotes {
    /// 0 to 1, as the model put it; enters the risk of the draft.
    pub confidence: f64,
    /// Points that the model could not decide from requirement and columns.
    #[serde(default)]
    pub open_unknowns: Vec<ModelUnknown>,
    /// Paths of the evidence: prompts, responses, meta.
    #[serde(default)]
    pub evidence: Vec<String>,
}

/// Something that a model left open.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelUnknown {
    /// A role, or `requirement`.
    pub field: String,
    /// The open point, in the words of the model.
    pub description: String,
    /// Consequences of the open point for the analysis, in the words of the model.
    pub impact: String,
    /// Columns that could settle it.
    #[serde(default)]
    pub candidates: Vec<String>,
}

/// A call to a model that failed; it is answered again until a new draft is requested.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DraftFailure {
    /// When the call failed (UTC).
    pub failed_at: DateTime<Utc>,
    /// `LLM_CALL_FAILED` or `LLM_RESPONSE_INVALID`.
    pub error_code: String,
    /// Cause of the failed call, such as `rate_limited`; `response_invalid` for a response that fails its checks.
    pub cause: String,
    /// Description of the failure, for people, without credentials.
    pub detail: String,
    /// Number of attempts over all providers; 0 if no call was made.
    pub attempts: u32,
    /// Requirement of the call; a change of requirement or inputs ends the failure.
    pub requirement: String,
    /// Fingerprint of the inputs of the call.
    pub input_fingerprint: String,
}

/// The typed content of a draft: everything that decides what will be computed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Statement {
    /// Bind name → columns, in order. A role that takes one column has a list of one.
    #[serde(default)]
    pub roles: BTreeMap<String, Vec<String>>,
    /// Parameter name → value as stated (`string`, `number`, `boolean`, list of strings).
    #[serde(default)]
    pub parameters: Map<String, Value>,
    /// Columns to be treated as categories.
    #[serde(default)]
    pub categorical_vars: Vec<String>,
    /// Columns whose labelled numbers enter as amounts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub quantity_vars: Vec<String>,
    /// Column of categories → the level that its others are compared with.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub base_levels: BTreeMap<String, String>,
    /// Interactions, each as the list of its columns.
    #[serde(default)]
    pub interaction_terms: Vec<Vec<String>>,
    /// Further data sets that are merged or appended first, in this order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub data_steps: Vec<DataStep>,
    /// Variables that the run computes, in this order.
    #[serde(default)]
    pub derived_variables: Vec<StatedVariable>,
    /// The sample condition as text in the expression grammar.
    #[serde(default)]
    pub sample_if: Option<String>,
    /// Name of a further input of the template → dataset_key.
    #[serde(default)]
    pub inputs: BTreeMap<String, String>,
    /// Parameter name → value that replaces its default; rejected if no parameter has the name.
    #[serde(default)]
    pub default_overrides: Map<String, Value>,
}

/// A variable that the run computes, as it was stated.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StatedVariable {
    /// Name of the new variable: valid in Stata and not yet a column.
    pub name: String,
    /// In the grammar of `docs/expressions.md`; may read columns and variables stated before.
    pub expression: String,
    /// Variable label; null for none.
    #[serde(default)]
    pub label: Option<String>,
}

/// Result of the selection: the candidates with scores and reasons, and the choice.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Selection {
    /// The chosen template; absent while no template fits, or while a question on the method waits for an answer.
    pub chosen: Option<TemplateId>,
    /// `model`, `ranking`, `client` or `rules`.
    pub chosen_by: Option<String>,
    /// Why, as the chooser said it.
    #[serde(default)]
    pub rationale: String,
    /// Templates offered for the question, the best first.
    #[serde(default)]
    pub candidates: Vec<Candidate>,
}

impl Selection {
    /// True if templates fit and none is chosen: the question leaves the method open.
    pub fn is_open(&self) -> bool {
        self.chosen.is_none() && self.applicable().next().is_some()
    }

    /// Ids of the templates that data and roles allow, the best first.
    pub fn applicable(&self) -> impl Iterator<Item = &TemplateId> {
        self.candidates
            .iter()
            .filter(|candidate| candidate.applicable)
            .map(|candidate| &candidate.template_id)
    }
}

/// One template as a candidate for the question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Candidate {
    /// Id of the template.
    #[schema(value_type = String)]
    pub template_id: TemplateId,
    /// Title of the template, in English.
    pub title: String,
    /// How well it fits; only the order matters.
    pub score: f64,
    /// Arguments in favour of the template, for people.
    pub reasons: Vec<String>,
    /// True if data and roles meet the requirements of the template.
    pub applicable: bool,
    /// Why the template cannot be used, if it cannot.
    #[serde(default)]
    pub blockers: Vec<String>,
}
