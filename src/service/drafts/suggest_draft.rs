//! A draft by rules: from the words of the requirement and the profile of the columns, without a model. It changes
//! the job only if the caller asks for that.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Serialize;
use serde_json::{Map, Value};

use super::draft_request::DraftRequest;
use super::draft_view::{DraftView, view_draft};
use super::joined::{joined, left_out};
use super::state_draft::{Author, StateDraft};
use crate::domain::data_step::{ConvertTo, DataStep};
use crate::domain::dataset::{DataWarning, Dataset};
use crate::domain::draft::{DoubtedRole, DraftSource};
use crate::domain::error::{ErrorCode, Problem};
use crate::domain::job::{JobRecord, Operation};
use crate::domain::template::Bilingual;
use crate::library::repairs::{after_repairs, named_columns, proposable_repairs};
use crate::library::suggest::{
    Choice, MethodChoice, OpenQuestion, RULES_VERSION, SuggestInput, Suggestion, draft_of, submitted_of,
    suggest_beside,
};
use crate::service::inputs::receive_upload::local_copy;
use crate::service::shared::commits::{check_if_match, with_retries};
use crate::service::shared::context::{Caller, Context};

/// Rows of text columns whose values may be named in a question.
const ROWS: usize = 5_000;
/// Most values of a column.
const VALUES: usize = 50;

/// Confidence in a repair that the reader of the file offers: nothing else fits the column, but a person has not seen it.
const REPAIR_CONFIDENCE: f64 = 0.8;

/// The use case.
pub struct SuggestDraft<'a>(pub &'a Context);

/// A draft by rules with its explanation.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct SuggestedDraft {
    /// The job.
    pub job_id: String,
    /// Version of the job after the request.
    pub version: u64,
    /// Always `rules`: no language model took part.
    pub source: DraftSource,
    /// Version of the rules; with the same version the same job gives the same draft.
    pub rules_version: u32,
    /// The requirement that was read.
    pub requirement: String,
    /// A body for `PUT …/draft`.
    #[schema(value_type = Object)]
    pub draft: Map<String, Value>,
    /// Why this method, and which others are possible; null where no template is applicable.
    pub method: Option<MethodChoice>,
    /// One entry for each role and parameter that was filled.
    pub choices: Vec<Choice>,
    /// Points that the requirement leaves open, as questions to the analyst.
    pub open_questions: Vec<OpenQuestion>,
    /// 0 to 1: the least certain of the choices, halved by every open question that blocks.
    pub confidence: f64,
    /// True if the draft was submitted and is now the draft of the job.
    pub submitted: bool,
    /// The draft of the job after it was submitted; null otherwise.
    pub submitted_draft: Option<DraftView>,
}

impl SuggestDraft<'_> {
    /// Makes the draft; with `submit` it becomes the draft of the job, with the source `rules`.
    ///
    /// # Errors
    /// `INPUTS_MISSING`, `JOB_ILLEGAL_TRANSITION`, `JOB_VERSION_CONFLICT`, and with `submit` those of a submitted
    /// draft.
    pub async fn execute(
        &self,
        caller: &Caller,
        job: Arc<JobRecord>,
        submit: bool,
        if_match: Option<u64>,
    ) -> Result<SuggestedDraft, Problem> {
        let ctx = self.0;
        check_if_match(if_match, &job)?;
        if !submit {
            let suggestion = self.suggest(&job).await?;
            return Ok(answer(&job, suggestion, None));
        }
        job.status.after(Operation::StateDraft)?;
        let (tenant, job_id) = (job.tenant_id.clone(), job.job_id.clone());
        let committed = with_retries(if_match, || async {
            // read again, so that requirement and data are those of the version that is committed
            let job = ctx.load_job(&tenant, &job_id).await?;
            let suggestion = self.suggest(&job).await?;
            let body = submitted_of(&suggestion);
            let request: DraftRequest =
                serde_json::from_value(Value::Object(body)).map_err(|_| Problem::internal())?;
            let stated = request.read()?;
            let doubted = doubted(&suggestion);
            StateDraft(ctx).state(caller, &job, &stated, Author::Rules, doubted, if_match).await
        })
        .await?;
        // the same requirement and data give the same suggestion
        let suggestion = self.suggest(&committed).await?;
        let view = view_draft(ctx, &committed)?;
        Ok(answer(&committed, suggestion, Some(view)))
    }

    async fn suggest(&self, job: &JobRecord) -> Result<Suggestion, Problem> {
        let ctx = self.0;
        let dataset = job.inputs.as_ref().and_then(|inputs| inputs.primary()).cloned().ok_or_else(|| {
            Problem::new(ErrorCode::InputsMissing, "upload the data first").with("reason", "inputs_missing")
        })?;
        let path = local_copy(ctx, job, &dataset.canonical_rel_path).await?;
        let of_job = job.inputs.iter().flat_map(|inputs| &inputs.datasets);
        let others: Vec<Dataset> =
            of_job.filter(|other| other.dataset_key != dataset.dataset_key).cloned().collect();
        let mut further = Vec::new();
        for other in &others {
            further.push(local_copy(ctx, job, &other.canonical_rel_path).await?);
        }
        let (tabular, library) = (Arc::clone(&ctx.tabular), Arc::clone(&ctx.library));
        let question = job.requirement.clone();
        let chosen = chosen_repairs(job, &dataset);
        let mixed = mixed_columns(job, &dataset, chosen.as_deref().unwrap_or_default());
        let made = move || {
            let steps = chosen.clone().unwrap_or_else(|| proposable_repairs(&dataset));
            let dropped: Vec<u64> = steps.iter().flat_map(|step| &step.rows).copied().collect();
            let mut values = tabular.texts(&path, ROWS, &dropped, VALUES)?;
            let repaired = after_repairs(&dataset, &steps);
            values_after(&mut values, &steps, &dataset);
            let (whole, additions) = joined(&repaired, &others);
            for addition in &additions {
                let texts = tabular.texts(&further[addition.place], ROWS, &[], VALUES)?.into_iter();
                values.extend(texts.filter(|(name, _)| addition.columns.contains(name)));
            }
            let input =
                SuggestInput { library: &library, question: &question, dataset: &whole, values: &values };
            let mut suggestion = suggest_beside(&input, &mixed);
            let steps = if chosen.is_some() { steps } else { needed(steps, &suggestion, &repaired) };
            suggestion.choices.extend(steps.iter().map(choice_of));
            suggestion.statement.data_steps = steps;
            let named = named_columns(&suggestion.statement, &whole);
            for addition in additions.iter().filter(|addition| !addition.columns.is_disjoint(&named)) {
                let (step, choice) = addition.proposed();
                suggestion.choices.push(choice);
                suggestion.statement.data_steps.push(step);
            }
            let used = |other: &&Dataset| {
                suggestion.statement.data_steps.iter().any(|step| step.dataset_key == other.dataset_key)
            };
            let unused: Vec<OpenQuestion> = others.iter().filter(|o| !used(o)).map(left_out).collect();
            suggestion.open_questions.extend(unused);
            Ok(suggestion)
        };
        ctx.pools.reads.run(made).await?
    }
}

/// The roles that the suggestion asks for because the columns of the question's words are too doubtful: the draft is made without
/// them, and a plan without them would leave out what the question names.
fn doubted(suggestion: &Suggestion) -> Vec<DoubtedRole> {
    let asked = suggestion.open_questions.iter().filter(|q| q.blocking);
    let of_roles = asked.filter(|q| suggestion.statement.roles.contains_key(&q.field));
    of_roles
        .map(|q| DoubtedRole {
            field: q.field.clone(),
            question: q.question.en.clone(),
            candidates: q.candidates.clone(),
        })
        .collect()
}

/// The words of the columns after the repairs: those of a column that becomes numbers or dates are gone, those of a column that is
/// spelt in another way are in their new spelling. The words for yes and no still say what 0 and 1 are, and labels are those of the
/// numbers that stay.
fn values_after(values: &mut BTreeMap<String, Vec<String>>, steps: &[DataStep], dataset: &Dataset) {
    for step in steps {
        let Some(column) = step.column.as_deref().and_then(|name| dataset.column(name)) else { continue };
        match &step.to {
            Some(to) if to.is_text() => {
                if let Some(words) = values.get_mut(&column.name) {
                    let new: BTreeSet<String> = words.iter().filter_map(|word| step.respelt(word)).collect();
                    *words = new.into_iter().collect();
                }
            }
            Some(ConvertTo::YesNo | ConvertTo::FillDown) => {}
            Some(_) if column.is_text() => {
                values.remove(&column.name);
            }
            _ => {}
        }
    }
}

/// Most different values of a column of codes, some of which look like numbers.
const MOST_CODES: u64 = 12;

/// The columns of numbers that are written in two ways, or that hold limits such as `>60`, which is for a person to settle;
/// `chosen` are the repairs that the draft has already.
fn mixed_columns(job: &JobRecord, dataset: &Dataset, chosen: &[DataStep]) -> BTreeSet<String> {
    // many numbers next to other values, as in a column of which many cells are limits
    let is_number = |w: &DataWarning| {
        let column = w.column.as_deref().and_then(|name| dataset.column(name));
        w.kind == "mixed_types" && column.is_some_and(|c| c.is_text() && c.distinct > MOST_CODES)
    };
    let of_it = |w: &&DataWarning| {
        (w.kind == "mixed_number_styles" || is_number(w))
            && w.dataset_key.as_deref().is_none_or(|key| key == dataset.dataset_key)
    };
    let warnings = job.inputs.iter().flat_map(|inputs| &inputs.warnings);
    let written = warnings.filter(of_it).filter_map(|w| w.column.clone());
    // a repair that would lose a number is offered, and is no repair that the rules take
    let proposable = proposable_repairs(dataset);
    let settled = |column: &Option<String>| proposable.iter().chain(chosen).any(|s| s.column == *column);
    let steps = dataset.repairs.iter().map(|repair| &repair.step);
    let limits = steps.filter(|s| s.to == Some(ConvertTo::Number) && !settled(&s.column));
    let all = written.chain(limits.filter_map(|s| s.column.clone()));
    // a column that a step reads is no longer text
    let read = |name: &String| proposable.iter().chain(chosen).any(|s| s.column.as_ref() == Some(name));
    all.filter(|name| !read(name)).collect()
}

/// The repairs that the draft of the job has; `None` without any.
fn chosen_repairs(job: &JobRecord, dataset: &Dataset) -> Option<Vec<DataStep>> {
    let offered = |step: &&DataStep| dataset.repairs.iter().any(|repair| repair.step == **step);
    let steps = &job.draft.as_ref()?.statement.data_steps;
    let chosen: Vec<DataStep> = steps.iter().filter(offered).cloned().collect();
    (!chosen.is_empty()).then_some(chosen)
}

/// The repairs without which the columns of a suggestion would not be what it takes them for: rows that are no observations,
/// which distort every analysis, and those of its columns.
fn needed(steps: Vec<DataStep>, suggestion: &Suggestion, dataset: &Dataset) -> Vec<DataStep> {
    let named = named_columns(&suggestion.statement, dataset);
    let is_used = |step: &DataStep| step.column.as_ref().is_none_or(|column| named.contains(column));
    steps.into_iter().filter(is_used).collect()
}

/// A repair as a choice of the suggestion.
fn choice_of(step: &DataStep) -> Choice {
    let (words, words_zh) = (step.words(), step.words_zh());
    Choice {
        field: "data_steps".to_owned(),
        columns: step.column.clone().into_iter().collect(),
        words: Vec::new(),
        basis: "structure".to_owned(),
        reason: Bilingual {
            en: format!(
                "a data step repairs what the reader of the file found ({words}); the file stays as it is"
            ),
            zh: Some(format!("用数据步骤修正读取文件时发现的问题（{words_zh}）；文件本身不变")),
        },
        confidence: REPAIR_CONFIDENCE,
        alternatives: Vec::new(),
    }
}

fn answer(job: &JobRecord, suggestion: Suggestion, submitted_draft: Option<DraftView>) -> SuggestedDraft {
    // what is submitted has no doubtful outcome; a proposal is looked at first
    let draft = if submitted_draft.is_some() { submitted_of(&suggestion) } else { draft_of(&suggestion) };
    SuggestedDraft {
        job_id: job.job_id.to_string(),
        version: job.version,
        source: DraftSource::Rules,
        rules_version: RULES_VERSION,
        requirement: job.requirement.clone(),
        draft,
        method: suggestion.method,
        choices: suggestion.choices,
        open_questions: suggestion.open_questions,
        confidence: suggestion.confidence,
        submitted: submitted_draft.is_some(),
        submitted_draft,
    }
}
