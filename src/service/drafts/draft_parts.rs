//! Parts of a draft as clients read it: columns, data sets, questions and open points.

use serde::Serialize;

use crate::domain::dataset::InferredType;
use crate::domain::plan::DerivedVariable;

/// A derived variable with its canonical expression.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct DerivedView {
    /// Name of the new variable.
    pub name: String,
    /// The expression as submitted.
    pub expression: String,
    /// The expression as executed by the engine.
    pub canonical: String,
    /// Words for people; null without any.
    pub label: Option<String>,
    /// `double`, `byte` or `long`.
    #[serde(rename = "type")]
    pub kind: String,
}

impl From<DerivedVariable> for DerivedView {
    fn from(v: DerivedVariable) -> Self {
        Self { name: v.name, expression: v.expression, canonical: v.canonical, label: v.label, kind: v.kind }
    }
}

/// The chosen template.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct DraftTemplate {
    /// Id of the template: `linear.ols_robust`.
    pub template_id: String,
    /// Version of the template in the library now.
    pub version: String,
    /// Title in English.
    pub title: String,
    /// `model`, `ranking`, `client` or `rules`.
    pub chosen_by: String,
}

/// A column that a role could take.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct ColumnCandidate {
    /// Key of the data set: `main` is the primary one, `data_2`, `data_3` … the further ones.
    pub dataset_key: String,
    /// Role of the data set: `primary_dataset`, `secondary_dataset` or `auxiliary_data`.
    pub role: String,
    /// Name of the column in the analysis.
    pub name: String,
}

/// A column whose name was changed at ingest.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct NameNormalization {
    /// Key of the data set: `main` is the primary one, `data_2`, `data_3` … the further ones.
    pub dataset_key: String,
    /// Role of the data set: `primary_dataset`, `secondary_dataset` or `auxiliary_data`.
    pub role: String,
    /// Name of the column in the uploaded file.
    pub original_name: String,
    /// Name of the column in the analysis.
    pub normalized_name: String,
}

/// A role that is still open.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct RequiredVariable {
    /// Role that a plan needs.
    pub field: String,
    /// Meaning of the role for this template, for people.
    pub description: String,
    /// Columns that could fill the role, the most likely first.
    pub candidates: Vec<String>,
}

/// A column of categories with its base.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct CategoryBase {
    /// Name of the column.
    pub column: String,
    /// The level that the others are compared with.
    pub level: String,
    /// Why: `stated`, `control` (a word for absence or control), `scale` (the lowest of an ordered set), `first` (in alphabetical
    /// order), `lowest` (of numbers).
    pub reason: String,
}

/// A question to the analyst; its id is the parameter that the answer binds.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct StageQuestion {
    /// Id that the answer of a freeze names: the parameter.
    pub question_id: String,
    /// The question, for people.
    pub question_text: String,
    /// `single_choice`, `multiple_choice` or `text`.
    pub question_type: String,
    /// Choices; empty for `text`.
    pub options: Vec<QuestionOption>,
    /// Order of the questions; the lowest first.
    pub priority: u32,
}

/// One answer that can be chosen.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct QuestionOption {
    /// Id that the answer of a freeze names.
    pub option_id: String,
    /// Words for people.
    pub label: String,
    /// Value that the parameter gets.
    pub value: String,
}

/// Something that is not known yet.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Unknown {
    /// Role, parameter or topic that is open.
    pub field: String,
    /// The open point, for people.
    pub description: String,
    /// Consequences of the open point.
    pub impact: String,
    /// True if the plan cannot be frozen without it.
    pub blocking: bool,
    /// Possible values, the most likely first; empty where nothing is offered.
    pub candidates: Vec<String>,
}

/// The inferred type of a column.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct VariableType {
    /// Name of the column in the analysis.
    pub name: String,
    /// Type found when the file was read.
    pub inferred_type: InferredType,
}

/// One data set behind the draft.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct DataSource {
    /// Key of the data set: `main` is the primary one, `data_2`, `data_3` … the further ones.
    pub dataset_key: String,
    /// Role of the data set: `primary_dataset`, `secondary_dataset` or `auxiliary_data`.
    pub role: String,
    /// Name of the file as the client uploaded it.
    pub original_name: String,
    /// Format of the file: `csv`, `xlsx`, `dta` …
    pub format: String,
}
