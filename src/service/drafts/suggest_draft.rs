//! A draft by rules: from the words of the requirement and the profile of the columns, without a model. It changes
//! the job only if the caller asks for that.

use std::sync::Arc;

use serde::Serialize;
use serde_json::{Map, Value};

use super::draft_request::DraftRequest;
use super::draft_view::{DraftView, view_draft};
use super::state_draft::StateDraft;
use crate::domain::draft::DraftSource;
use crate::domain::error::{ErrorCode, Problem};
use crate::domain::job::{JobRecord, Operation};
use crate::library::suggest::{
    Choice, MethodChoice, OpenQuestion, RULES_VERSION, SuggestInput, Suggestion, draft_of, submitted_of,
    suggest,
};
use crate::service::inputs::receive_upload::local_copy;
use crate::service::shared::commits::{check_if_match, with_retries};
use crate::service::shared::context::{Caller, Context};

/// Rows of text columns whose values may be named in a question.
const ROWS: usize = 5_000;
/// Most values of a column.
const VALUES: usize = 50;

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
            StateDraft(ctx).state(caller, &job, &stated, DraftSource::Rules, if_match).await
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
        let (tabular, library) = (Arc::clone(&ctx.tabular), Arc::clone(&ctx.library));
        let question = job.requirement.clone();
        let made = move || {
            let values = tabular.texts(&path, ROWS, VALUES)?;
            let (question, dataset, values) = (&question, &dataset, &values);
            Ok(suggest(&SuggestInput { library: &library, question, dataset, values }))
        };
        ctx.pools.reads.run(made).await?
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
