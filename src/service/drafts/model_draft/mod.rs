//! A model makes the draft: it states the analysis, the library ranks its templates, the model chooses among
//! the candidates, and draft and evidence are committed together. A failure is committed as well, so that
//! every poller gets the same answer until a new draft is requested.

pub mod answers;
pub mod call_tracker;
pub(in crate::service) mod failure;
pub mod make;
pub mod prompts;
pub mod replay;
pub mod share;
pub mod talk;

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use self::call_tracker::{AloneTurn, CallKey};
use self::failure::{Failed, as_problem};
use self::make::{Made, Maker};
use self::share::{SAMPLE_COLUMNS, SAMPLE_ROWS, Shared, Sharing, share};
use crate::domain::dataset::{Dataset, Inputs};
use crate::domain::draft::{Draft, DraftFailure, DraftSource, ModelNotes, Selection};
use crate::domain::error::{ErrorCode, Problem};
use crate::domain::job::record::DataSharing;
use crate::domain::job::{JobRecord, Operation};
use crate::library::select::Stage2;
use crate::ports::llm::Llm;
use crate::service::drafts::state_draft::evidence_of;
use crate::service::inputs::receive_upload::local_copy;
use crate::service::shared::commits::{job_event, put_job, with_retries};
use crate::service::shared::context::{Caller, Context};
use crate::service::shared::evidence::{Evidence, publish};

/// The configured model, with what every call of it uses.
pub struct Model {
    /// Client of the model with its retries, breakers and limits.
    pub llm: Arc<dyn Llm>,
    /// Longest answer, in tokens.
    pub max_output_tokens: u32,
    /// How long a request waits for its draft before it returns 202.
    pub wait: Duration,
    /// The longest that a draft may take: all calls with their attempts.
    pub budget: Duration,
}

/// State of a job's draft for a poller.
pub enum Standing {
    /// There is a draft.
    Ready(Box<JobRecord>),
    /// The model works on it.
    Working {
        /// Time after which to stop polling (UTC).
        retry_until: chrono::DateTime<chrono::Utc>,
    },
}

/// The use case. Needs a configured model.
pub struct DraftByModel(pub Arc<Context>);

impl DraftByModel {
    /// Returns the draft if there is one; else starts the model's work, unless it is under way, and waits a
    /// moment for it.
    ///
    /// # Errors
    /// `LLM_NOT_CONFIGURED`, `LLM_DATA_SHARING_NONE`; the kept failure of the last call (`LLM_CALL_FAILED`,
    /// `LLM_RESPONSE_INVALID`); `JOB_ILLEGAL_TRANSITION`.
    pub async fn poll(&self, caller: &Caller, job: JobRecord) -> Result<Standing, Problem> {
        if let Some(failure) = job.current_draft_failure() {
            return Err(as_problem(&job, failure));
        }
        self.start(caller, &job).await?;
        self.wait(job).await
    }

    /// Asks for a new draft, also where there is one or the last call failed; equal requests share one call.
    ///
    /// # Errors
    /// As [`DraftByModel::poll`], without the kept failure.
    pub async fn renew(&self, caller: &Caller, job: JobRecord) -> Result<Standing, Problem> {
        let model = self.start(caller, &job).await?;
        Ok(Standing::Working { retry_until: self.0.clock.now() + model.budget })
    }

    /// Starts the work, unless it is under way or was done since the caller read the job: who holds an older
    /// record must not pay for a second call.
    async fn start(&self, caller: &Caller, seen: &JobRecord) -> Result<Arc<Model>, Problem> {
        let ctx = &self.0;
        let model = ctx.model.clone().ok_or_else(|| not_configured(seen))?;
        check_askable(ctx, seen)?;
        let turn = ctx.calls.begin_alone(ctx, CallKey::draft(seen), model.budget).await?;
        let Some(turn) = turn else { return Ok(model) };
        let job = ctx.load_job(&seen.tenant_id, &seen.job_id).await?;
        if outcome_of(&job) != outcome_of(seen) {
            return Ok(model);
        }
        let sharing = check_askable(ctx, &job)?;
        let (ctx, caller) = (Arc::clone(ctx), caller.clone());
        let replaced = job.draft.as_ref().map(|draft| draft.draft_id.clone());
        let work =
            async move { Work { ctx: &ctx, caller: &caller, sharing, replaced }.make(&job, turn).await };
        tokio::spawn(tracing::Instrument::instrument(work, tracing::Span::current()));
        Ok(model)
    }

    async fn wait(&self, job: JobRecord) -> Result<Standing, Problem> {
        let ctx = &self.0;
        let Some(model) = &ctx.model else { return Err(not_configured(&job)) };
        let ended = ctx.calls.ended(&CallKey::draft(&job), model.wait).await;
        if ended {
            let job = ctx.load_job(&job.tenant_id, &job.job_id).await?;
            if let Some(failure) = job.current_draft_failure() {
                return Err(as_problem(&job, failure));
            }
            if job.draft.is_some() {
                return Ok(Standing::Ready(Box::new(job)));
            }
        }
        Ok(Standing::Working { retry_until: ctx.clock.now() + model.budget })
    }
}

/// Outcome of earlier calls in the record: a record with another outcome was written after this one.
fn outcome_of(job: &JobRecord) -> (Option<&str>, Option<DateTime<Utc>>) {
    let draft = job.draft.as_ref().map(|draft| draft.draft_id.as_str());
    (draft, job.draft_failure.as_ref().map(|failure| failure.failed_at))
}

/// Checks that a model may be asked about this job now, and how much it may see.
fn check_askable(ctx: &Context, job: &JobRecord) -> Result<Sharing, Problem> {
    job.status.after(Operation::StateDraft)?;
    let sharing = Sharing::now(ctx, job);
    match sharing.refusal() {
        Some(problem) => Err(problem.with("next_actions", next_actions(job))),
        None => Ok(sharing),
    }
}

/// The refusal where no model is there, with the way to continue.
pub fn not_configured(job: &JobRecord) -> Problem {
    Problem::new(
        ErrorCode::LlmNotConfigured,
        "no language model is configured; submit the draft yourself with PUT draft",
    )
    .with("next_actions", next_actions(job))
}

fn next_actions(job: &JobRecord) -> Value {
    json!([{"action": "state_draft", "method": "PUT", "path": format!("/v1/jobs/{}/draft", job.job_id)}])
}

/// One call's work, from the prompt to the commit.
struct Work<'a> {
    ctx: &'a Context,
    caller: &'a Caller,
    sharing: Sharing,
    /// The draft that the caller wants replaced; any other that is there at the end stays.
    replaced: Option<String>,
}

impl Work<'_> {
    async fn make(&self, job: &JobRecord, turn: AloneTurn) {
        let Some(model) = &self.ctx.model else { return };
        let draft_id = self.ctx.ids.id("draft");
        let folder = format!("artifacts/llm/{draft_id}");
        let mut evidence = Vec::new();
        let made = tokio::time::timeout(model.budget, self.ask(model, job, &folder, &mut evidence))
            .await
            .unwrap_or_else(|_| Err(Failed::out_of_time(model.budget)));
        let committed = match made {
            Ok(made) => self.commit(job, draft_id, made, evidence).await,
            Err(failed) => self.commit_failure(job, failed, evidence).await,
        };
        drop(turn);
        if let Err(problem) = committed {
            tracing::warn!(
                event = "SS_LLM_DRAFT_DROPPED",
                code = problem.code.as_str(),
                "a model's draft came too late for its job"
            );
        }
    }

    async fn ask(
        &self,
        model: &Model,
        job: &JobRecord,
        folder: &str,
        evidence: &mut Vec<Evidence>,
    ) -> Result<Made, Failed> {
        let inputs = inputs_of(job).map_err(Failed::defect)?;
        let dataset = inputs.primary().ok_or_else(|| Failed::defect(Problem::internal()))?;
        let shared = shared(self.ctx, job, dataset, self.sharing).await.map_err(Failed::defect)?;
        let maker = Maker {
            library: &self.ctx.library,
            llm: model.llm.as_ref(),
            tenant: &job.tenant_id,
            requirement: &job.requirement,
            inputs,
            prompts: (prompts::DRAFT, prompts::SELECTION),
            document: &shared.document,
            left: json!(shared.left),
            max_output_tokens: model.max_output_tokens,
        };
        maker.make(folder, evidence).await
    }

    async fn commit(
        &self,
        job: &JobRecord,
        draft_id: String,
        made: Made,
        mut evidence: Vec<Evidence>,
    ) -> Result<(), Problem> {
        let ctx = self.ctx;
        let inputs = inputs_of(job)?;
        let stage2 = made.choice.as_ref().map(|choice| Stage2 {
            chosen: choice.template_id.clone(),
            chosen_by: "model".to_owned(),
            rationale: choice.rationale.clone(),
            evidence: choice.evidence.clone(),
            refused: made.refused.clone(),
        });
        let notes = ModelNotes {
            confidence: made.draft.confidence,
            open_unknowns: made.draft.open_unknowns,
            evidence: evidence.iter().map(|file| file.rel_path.clone()).collect(),
        };
        evidence.extend(evidence_of(&made.selected, stage2.as_ref()));
        let artifacts = publish(ctx, job, evidence).await?;
        let draft = Draft {
            draft_id,
            created_at: ctx.clock.now(),
            source: DraftSource::Model,
            stale: false,
            draft_text: made.draft.draft_text,
            requirement: job.requirement.clone(),
            input_fingerprint: inputs.fingerprint.clone(),
            template_id: None,
            selection: Selection {
                chosen: stage2.as_ref().map(|s| s.chosen.clone()),
                chosen_by: stage2.as_ref().map(|s| s.chosen_by.clone()),
                rationale: stage2.as_ref().map(|s| s.rationale.clone()).unwrap_or_default(),
                candidates: made.selected.draft_candidates(&ctx.library, None),
            },
            statement: made.choice.map_or(made.draft.statement, |choice| choice.statement),
            model: Some(notes),
            doubted: Vec::new(),
        };
        with_retries(None, || async {
            let current = self.still_wanted(job).await?;
            let next = current.state_draft(draft.clone(), artifacts.clone(), ctx.clock.now())?;
            let mut event = job_event(ctx, self.caller, "draft.made_by_model", Some(&current), &next);
            event.detail = stage2
                .as_ref()
                .map_or(Value::Null, |s| json!({"template_id": s.chosen, "chosen_by": s.chosen_by}));
            put_job(ctx, &current, next, event).await
        })
        .await
        .map(drop)
    }

    async fn commit_failure(
        &self,
        job: &JobRecord,
        failed: Failed,
        evidence: Vec<Evidence>,
    ) -> Result<(), Problem> {
        let ctx = self.ctx;
        tracing::warn!(
            event = "SS_LLM_FAILED",
            cause = failed.cause.as_str(),
            attempts = failed.attempts,
            code = failed.code.as_str(),
            "the language model gave no usable draft"
        );
        let failure = DraftFailure {
            failed_at: ctx.clock.now(),
            error_code: failed.code.as_str().to_owned(),
            cause: failed.cause,
            detail: failed.detail,
            attempts: failed.attempts,
            requirement: job.requirement.clone(),
            input_fingerprint: inputs_of(job)?.fingerprint.clone(),
        };
        let artifacts = publish(ctx, job, evidence).await?;
        with_retries(None, || async {
            let current = self.still_wanted(job).await?;
            let next = current.fail_draft(failure.clone(), artifacts.clone(), ctx.clock.now())?;
            let mut event = job_event(ctx, self.caller, "draft.model_failed", Some(&current), &next);
            event.detail = json!({"code": failure.error_code, "cause": failure.cause});
            put_job(ctx, &current, next, event).await
        })
        .await
        .map(drop)
    }

    /// Reads the job again and refuses where the answer is about something else by now.
    async fn still_wanted(&self, asked: &JobRecord) -> Result<JobRecord, Problem> {
        let job = self.ctx.load_job(&asked.tenant_id, &asked.job_id).await?;
        let same_inputs =
            job.inputs.as_ref().map(|i| &i.fingerprint) == asked.inputs.as_ref().map(|i| &i.fingerprint);
        let draft_id = job.draft.as_ref().map(|draft| draft.draft_id.clone());
        if same_inputs && job.requirement == asked.requirement && draft_id == self.replaced {
            return Ok(job);
        }
        Err(Problem::new(ErrorCode::JobVersionConflict, "requirement, inputs or draft changed meanwhile"))
    }
}

fn inputs_of(job: &JobRecord) -> Result<&Inputs, Problem> {
    job.inputs.as_ref().ok_or_else(|| {
        Problem::new(ErrorCode::InputsMissing, "upload the data first").with("reason", "inputs_missing")
    })
}

/// Describes the job for the model, as far as it may see it at this moment.
async fn shared(
    ctx: &Context,
    job: &JobRecord,
    dataset: &Dataset,
    sharing: Sharing,
) -> Result<Shared, Problem> {
    if sharing.effective < DataSharing::Samples {
        return Ok(share(job, sharing, dataset, None));
    }
    let path = local_copy(ctx, job, &dataset.canonical_rel_path).await?;
    let tabular = Arc::clone(&ctx.tabular);
    let sample = ctx.pools.reads.run(move || tabular.preview(&path, SAMPLE_ROWS, SAMPLE_COLUMNS)).await??;
    Ok(share(job, sharing, dataset, Some(&sample)))
}
