//! The draft as clients read it, with what is still open.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::domain::data_step::DataStep;
use crate::domain::dataset::{Column, DataWarning, Inputs};
use crate::domain::draft::{Candidate, Draft, DraftSource, Statement};
use crate::domain::error::{ErrorCode, Problem};
use crate::domain::job::JobRecord;
use crate::library::Template;
use crate::library::categories::bases;
use crate::library::derived::with_derived;
use crate::library::missing_parameters::{
    Misfit, MissingParameter, ParameterView, draft_gaps, misfits, parameter_views,
};
use crate::service::drafts::choose_template::OPEN_METHOD;
use crate::service::drafts::draft_parts::{
    CategoryBase, ColumnCandidate, DataSource, DerivedView, DraftTemplate, NameNormalization, QuestionOption,
    RequiredVariable, StageQuestion, Unknown, VariableType,
};
use crate::service::shared::context::Context;

/// A draft as the API returns it.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct DraftView {
    /// Id of the job; opaque.
    pub job_id: String,
    /// Always `ready`.
    pub status: String,
    /// The analysis in words, for people.
    pub draft_text: String,
    /// Id of this state of the draft.
    pub draft_id: String,
    /// Author of the draft: a model, or the client.
    pub source: DraftSource,
    /// True if inputs or requirement changed since it was made.
    pub stale: bool,
    /// Version of the job that the draft belongs to.
    pub version: u64,
    /// The empirical question, in the user's words.
    pub requirement: String,
    /// Fingerprint of the inputs that were used.
    pub input_fingerprint: String,
    /// `auto_freeze`, `require_confirm` or `require_confirm_with_downgrade`; see `docs/api.md`, "Decision".
    pub decision: String,
    /// 0 (nothing open) to 1; see `docs/api.md`, "Decision".
    pub risk_score: f64,
    /// Template that the draft uses; null where none fits.
    pub template: Option<DraftTemplate>,
    /// Templates that could be used, the best first.
    pub template_candidates: Vec<Candidate>,
    /// Columns by role.
    pub roles: BTreeMap<String, Vec<String>>,
    /// Parameters of the template with their values and sources; empty without a template.
    #[schema(value_type = Vec<Object>)]
    pub parameters: Vec<ParameterView>,
    /// Dependent variable.
    pub outcome_var: Option<String>,
    /// Variable whose effect is estimated.
    pub treatment_var: Option<String>,
    /// Control variables.
    pub controls: Vec<String>,
    /// Column that orders the observations in time.
    pub time_var: Option<String>,
    /// Column that identifies the units of a panel.
    pub entity_var: Option<String>,
    /// Column by whose groups the standard errors are clustered.
    pub cluster_var: Option<String>,
    /// Columns whose groups get fixed effects.
    pub fixed_effects: Vec<String>,
    /// Interactions, each as the list of its columns.
    pub interaction_terms: Vec<Vec<String>>,
    /// Instruments.
    pub instrument_vars: Vec<String>,
    /// Columns treated as categories, with their base level if one is given.
    pub categorical_vars: Vec<String>,
    /// Columns whose labelled numbers enter as amounts.
    pub quantity_vars: Vec<String>,
    /// Columns that the analysis treats as categories, each with the level that its others are compared with and why.
    pub category_bases: Vec<CategoryBase>,
    /// Merges and appends of further data sets, in this order.
    pub data_steps: Vec<DataStep>,
    /// Variables that are computed from columns before the analysis.
    pub derived_variables: Vec<DerivedView>,
    /// Condition on the rows that are analysed; null for all.
    pub sample_if: Option<String>,
    /// Columns of the primary data set, after data steps and derived variables.
    pub column_candidates: Vec<String>,
    /// Columns of all data sets, each with its data set.
    pub column_candidates_v2: Vec<ColumnCandidate>,
    /// Columns with names that are invalid in Stata, with their new names.
    pub column_name_normalizations: Vec<NameNormalization>,
    /// Variables that the template needs and the draft does not name.
    pub required_variables: Vec<RequiredVariable>,
    /// Remarks that a careful reader of these data should know.
    pub data_quality_warnings: Vec<DataWarning>,
    /// Questions on missing parameters, one each; the freeze takes the answers.
    pub stage1_questions: Vec<StageQuestion>,
    /// Open points, with their consequences.
    pub open_unknowns: Vec<Unknown>,
    /// Inferred type of each column.
    pub variable_types: Vec<VariableType>,
    /// Data sets of the job.
    pub data_sources: Vec<DataSource>,
    /// Values of parameters that replace their defaults.
    #[schema(value_type = Object)]
    pub default_overrides: Map<String, Value>,
}

/// Weight of an open point that blocks the freeze, of one that does not, and of a warning on the data, in
/// `risk_score`.
const BLOCKING_RISK: f64 = 0.5;
const OPEN_RISK: f64 = 0.15;
const WARNING_RISK: f64 = 0.1;

/// Builds the view of the job's draft.
///
/// # Errors
/// `DRAFT_NOT_FOUND`.
pub fn view_draft(ctx: &Context, job: &JobRecord) -> Result<DraftView, Problem> {
    let draft =
        job.draft.as_ref().ok_or_else(|| Problem::new(ErrorCode::DraftNotFound, "the job has no draft"))?;
    let (inputs, derived) = job.inputs.as_ref().map(|inputs| with_derived(inputs, &draft.statement)).unzip();
    let (inputs, derived) = (inputs.as_ref(), derived.unwrap_or_default());
    let columns = derived.columns.as_slice();
    let template = draft.selection.chosen.as_ref().and_then(|id| ctx.library.get(id));
    let gaps = template.map(|t| draft_gaps(&t.meta, &draft.statement, columns)).unwrap_or_default();
    let parameters =
        template.map(|t| parameter_views(&t.meta, &draft.statement, columns)).unwrap_or_default();
    let misfits = template.map(|t| misfits(&t.meta, &draft.statement, columns)).unwrap_or_default();
    let unknowns = unknowns(&gaps, misfits, draft);
    let warnings = inputs.map(|i| i.warnings.clone()).unwrap_or_default();
    let (decision, risk_score) = decide(draft, &unknowns, &warnings);
    let one = |bind: &str| draft.statement.roles.get(bind).and_then(|c| c.first()).cloned();
    let many = |bind: &str| draft.statement.roles.get(bind).cloned().unwrap_or_default();
    Ok(DraftView {
        job_id: job.job_id.to_string(),
        status: "ready".to_owned(),
        draft_text: draft.draft_text.clone(),
        draft_id: draft.draft_id.clone(),
        source: draft.source,
        stale: draft.stale,
        version: job.version,
        requirement: draft.requirement.clone(),
        input_fingerprint: draft.input_fingerprint.clone(),
        decision,
        risk_score,
        template: template.map(|t| brief(t, draft)),
        template_candidates: draft.selection.candidates.clone(),
        outcome_var: one("outcome_var"),
        treatment_var: one("treatment_var"),
        controls: many("controls"),
        time_var: one("time_var"),
        entity_var: one("entity_var"),
        cluster_var: one("cluster_var"),
        fixed_effects: many("fixed_effects"),
        interaction_terms: draft.statement.interaction_terms.clone(),
        instrument_vars: many("instrument_vars"),
        categorical_vars: draft.statement.categorical_vars.clone(),
        quantity_vars: draft.statement.quantity_vars.clone(),
        category_bases: category_bases(template, columns, &draft.statement),
        data_steps: draft.statement.data_steps.clone(),
        derived_variables: derived.variables.iter().cloned().map(DerivedView::from).collect(),
        sample_if: draft.statement.sample_if.clone(),
        column_candidates: columns.iter().map(|c| c.name.clone()).collect(),
        column_candidates_v2: all_columns(inputs),
        column_name_normalizations: normalizations(inputs),
        required_variables: gaps
            .iter()
            .filter(|gap| gap.is_role)
            .map(|gap| RequiredVariable {
                field: gap.field.clone(),
                description: gap.description.clone(),
                candidates: gap.candidates.clone(),
            })
            .collect(),
        data_quality_warnings: warnings,
        stage1_questions: gaps.iter().map(question).collect(),
        open_unknowns: unknowns,
        variable_types: columns
            .iter()
            .map(|c| VariableType { name: c.name.clone(), inferred_type: c.inferred_type })
            .collect(),
        data_sources: data_sources(inputs),
        roles: draft.statement.roles.clone(),
        parameters,
        default_overrides: draft.statement.default_overrides.clone(),
    })
}

fn category_bases(
    template: Option<&Template>,
    columns: &[Column],
    statement: &Statement,
) -> Vec<CategoryBase> {
    let bases = template.map(|t| bases(&t.meta, columns, statement)).unwrap_or_default();
    bases
        .into_iter()
        .map(|(column, base)| CategoryBase { column, level: base.level, reason: base.reason })
        .collect()
}

fn brief(template: &Template, draft: &Draft) -> DraftTemplate {
    DraftTemplate {
        template_id: template.meta.id.to_string(),
        version: template.meta.version.clone(),
        title: template.meta.title.en.clone(),
        chosen_by: draft.selection.chosen_by.clone().unwrap_or_default(),
    }
}

/// Open points: a method that is asked for, required parameters without a value, names and values that do not fit, and what a model left open.
fn unknowns(gaps: &[MissingParameter], misfits: Vec<Misfit>, draft: &Draft) -> Vec<Unknown> {
    let missing = gaps.iter().map(|gap| Unknown {
        field: gap.field.clone(),
        description: gap.description.clone(),
        impact: gap.impact.clone(),
        blocking: true,
        candidates: gap.candidates.clone(),
    });
    let invalid = misfits.into_iter().map(|misfit| Unknown {
        field: misfit.field,
        description: misfit.description,
        impact: "the plan cannot be frozen with it".to_owned(),
        blocking: true,
        candidates: misfit.candidates,
    });
    let known = |field: &str| gaps.iter().any(|gap| gap.field == field);
    let doubted = draft.doubted.iter().filter(|doubt| !known(&doubt.field)).map(|doubt| Unknown {
        field: doubt.field.clone(),
        description: doubt.question.clone(),
        impact: "the question names it; null leaves it out".to_owned(),
        blocking: true,
        candidates: doubt.candidates.clone(),
    });
    let left_open = draft.model.iter().flat_map(|notes| &notes.open_unknowns).map(|unknown| Unknown {
        field: unknown.field.clone(),
        description: unknown.description.clone(),
        impact: unknown.impact.clone(),
        blocking: false,
        candidates: unknown.candidates.clone(),
    });
    open_method(draft).into_iter().chain(missing).chain(doubted).chain(invalid).chain(left_open).collect()
}

/// The open point of a draft whose method the question does not say.
fn open_method(draft: &Draft) -> Option<Unknown> {
    draft.selection.is_open().then(|| Unknown {
        field: "template_id".to_owned(),
        description: OPEN_METHOD.to_owned(),
        impact: "the plan cannot be frozen without an analysis".to_owned(),
        blocking: true,
        candidates: draft.selection.applicable().map(ToString::to_string).collect(),
    })
}

/// The decision and the risk: `1 − Π (1 − w)` over open points that block (w = 0.5) and that do not (0.15),
/// warnings on the data (0.1), and a model's doubt (0.5 times 1 − confidence). A chosen template with a soft
/// exclusion asks for a confirmation with a downgrade; a person confirms every draft by rules.
fn decide(draft: &Draft, unknowns: &[Unknown], warnings: &[DataWarning]) -> (String, f64) {
    let blocking = unknowns.iter().filter(|u| u.blocking).count();
    let serious = warnings.iter().filter(|w| w.severity == "warning").count();
    let safe = (1.0 - BLOCKING_RISK).powi(i32::try_from(blocking).unwrap_or(i32::MAX))
        * (1.0 - OPEN_RISK).powi(i32::try_from(unknowns.len() - blocking).unwrap_or(i32::MAX))
        * (1.0 - WARNING_RISK).powi(i32::try_from(serious).unwrap_or(i32::MAX))
        * draft.model.as_ref().map_or(1.0, |notes| 1.0 - 0.5 * (1.0 - notes.confidence));
    let risk = ((1.0 - safe) * 1000.0).round() / 1000.0;
    let first = draft.selection.applicable().next();
    let second_choice = draft.selection.chosen.is_some() && first != draft.selection.chosen.as_ref();
    let decision = if blocking > 0 || draft.stale || draft.selection.chosen.is_none() {
        "require_confirm"
    } else if second_choice && draft.selection.chosen_by.as_deref() != Some("client") {
        "require_confirm_with_downgrade"
    } else if risk < 0.25 && draft.source != DraftSource::Rules {
        "auto_freeze"
    } else {
        "require_confirm"
    };
    (decision.to_owned(), risk)
}

fn question(gap: &MissingParameter) -> StageQuestion {
    let question_type = match gap.kind {
        _ if gap.candidates.is_empty() => "text",
        "varlist" => "multiple_choice",
        _ => "single_choice",
    };
    StageQuestion {
        question_id: gap.parameter.clone(),
        question_text: gap.description.clone(),
        question_type: question_type.to_owned(),
        options: gap
            .candidates
            .iter()
            .map(|c| QuestionOption { option_id: c.clone(), label: c.clone(), value: c.clone() })
            .collect(),
        priority: 1,
    }
}

fn role_text(role: crate::domain::dataset::DatasetRole) -> String {
    match serde_json::to_value(role) {
        Ok(Value::String(text)) => text,
        _ => unreachable!("a unit variant serialises to a string"),
    }
}

fn all_columns(inputs: Option<&Inputs>) -> Vec<ColumnCandidate> {
    let datasets = inputs.map_or(&[][..], |i| i.datasets.as_slice());
    let of = |d: &crate::domain::dataset::Dataset| {
        let (key, role) = (d.dataset_key.clone(), role_text(d.role));
        d.columns
            .iter()
            .map(move |c| ColumnCandidate {
                dataset_key: key.clone(),
                role: role.clone(),
                name: c.name.clone(),
            })
            .collect::<Vec<_>>()
    };
    datasets.iter().flat_map(of).collect()
}

fn normalizations(inputs: Option<&Inputs>) -> Vec<NameNormalization> {
    let mut found = Vec::new();
    for dataset in inputs.map_or(&[][..], |i| i.datasets.as_slice()) {
        for column in dataset.columns.iter().filter(|c| c.name != c.original_name) {
            found.push(NameNormalization {
                dataset_key: dataset.dataset_key.clone(),
                role: role_text(dataset.role),
                original_name: column.original_name.clone(),
                normalized_name: column.name.clone(),
            });
        }
    }
    found
}

fn data_sources(inputs: Option<&Inputs>) -> Vec<DataSource> {
    let datasets = inputs.map_or(&[][..], |i| i.datasets.as_slice());
    datasets
        .iter()
        .map(|d| DataSource {
            dataset_key: d.dataset_key.clone(),
            role: role_text(d.role),
            original_name: d.original_name.clone(),
            format: d.format.clone(),
        })
        .collect()
}
