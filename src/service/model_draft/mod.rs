//! A model makes the draft: it states the analysis, the library ranks its templates, the model chooses among
//! the candidates, and draft and evidence are committed together. A failure is committed as well, so that
//! every poller gets the same answer until a new draft is asked for.

pub mod answers;
pub mod board;
mod failure;
pub mod prompts;
pub mod share;
pub mod talk;

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use self::answers::{CheckedDraft, CheckedSelection, check_draft, check_selection};
use self::board::Turn;
use self::failure::{Failed, as_problem};
use self::prompts::Prompt;
use self::share::{SAMPLE_COLUMNS, SAMPLE_ROWS, Shared, share};
use self::talk::{Question, Talk, ask};
use super::commits::{job_event, put_job, with_retries};
use super::context::{Caller, Context};
use super::evidence::{Evidence, publish};
use super::state_draft::evidence_of;
use crate::domain::dataset::{Dataset, Inputs};
use crate::domain::draft::{Draft, DraftFailure, DraftSource, ModelNotes, Selection};
use crate::domain::error::{ErrorCode, Problem};
use crate::domain::ids::TemplateId;
use crate::domain::job::record::DataSharing;
use crate::domain::job::{JobRecord, Operation};
use crate::library::derived::with_derived;
use crate::library::select::{Selected, SelectionInput, Stage2, select};
use crate::ports::llm::{AnswerSchema, Llm, LlmCall, Message, Role};

/// The configured model, with what every call of it uses.
pub struct Model {
    pub llm: Arc<dyn Llm>,
    /// Longest answer, in tokens.
    pub max_output_tokens: u32,
    /// How long a request waits for its draft before it answers 202.
    pub wait: Duration,
    /// The longest that a draft may take: all calls with their attempts.
    pub budget: Duration,
}

/// Where the draft of a job stands for a poller.
pub enum Standing {
    /// There is a draft.
    Ready(Box<JobRecord>),
    /// The model works on it.
    Working { retry_until: chrono::DateTime<chrono::Utc> },
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
        self.start(caller, &job, None)?;
        self.wait(job).await
    }

    /// Asks for a new draft, also where there is one or the last call failed; equal requests share one call.
    ///
    /// # Errors
    /// As [`DraftByModel::poll`], without the kept failure.
    pub async fn renew(&self, caller: &Caller, job: JobRecord) -> Result<Standing, Problem> {
        let replaced = job.draft.as_ref().map(|draft| draft.draft_id.clone());
        let working = self.start(caller, &job, replaced)?;
        Ok(Standing::Working { retry_until: self.0.clock.now() + working.budget })
    }

    fn start(
        &self,
        caller: &Caller,
        job: &JobRecord,
        replaced: Option<String>,
    ) -> Result<Arc<Model>, Problem> {
        let ctx = &self.0;
        let model = ctx.model.clone().ok_or_else(|| not_configured(job))?;
        job.status.after(Operation::StateDraft)?;
        if job.data_sharing == DataSharing::None {
            return Err(Problem::new(
                ErrorCode::LlmDataSharingNone,
                "this job shares nothing with a model; state the draft yourself, or raise data_sharing with a PATCH",
            )
            .with("next_actions", next_actions(job)));
        }
        if !ctx.drafts.is_working(job) {
            let (ctx, caller, job) = (Arc::clone(ctx), caller.clone(), job.clone());
            let span = tracing::Span::current();
            let work = async move {
                let Some(turn) = ctx.drafts.begin(&job) else { return };
                Work { ctx: &ctx, caller: &caller, replaced }.make(&job, turn).await;
            };
            tokio::spawn(tracing::Instrument::instrument(work, span));
        }
        Ok(model)
    }

    async fn wait(&self, job: JobRecord) -> Result<Standing, Problem> {
        let ctx = &self.0;
        let Some(model) = &ctx.model else { return Err(not_configured(&job)) };
        // The task takes its turn when it is first run.
        tokio::task::yield_now().await;
        let ended = ctx.drafts.ended(&job, model.wait).await;
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

/// The refusal where no model is there, with the way to go on.
pub fn not_configured(job: &JobRecord) -> Problem {
    Problem::new(
        ErrorCode::LlmNotConfigured,
        "no language model is configured; state the draft yourself with PUT draft",
    )
    .with("next_actions", next_actions(job))
}

fn next_actions(job: &JobRecord) -> Value {
    json!([{"action": "state_draft", "method": "PUT", "path": format!("/v1/jobs/{}/draft", job.job_id)}])
}

/// A draft that a model made, before it is committed.
pub struct Made {
    pub draft: CheckedDraft,
    pub selected: Selected,
    pub choice: Option<CheckedSelection>,
    /// Answers of the model that were refused before the choice.
    pub refused: Vec<String>,
}

/// One call's work, from the prompt to the commit.
struct Work<'a> {
    ctx: &'a Context,
    caller: &'a Caller,
    /// The draft that the caller wants replaced; any other that is there at the end stays.
    replaced: Option<String>,
}

impl Work<'_> {
    async fn make(&self, job: &JobRecord, turn: Turn<'_>) {
        let Some(model) = &self.ctx.model else { return };
        let draft_id = self.ctx.ids.id("draft");
        let folder = format!("artifacts/llm/{draft_id}");
        let mut evidence = Vec::new();
        let made = tokio::time::timeout(
            model.budget,
            make_draft(self.ctx, model.llm.as_ref(), job, &folder, &mut evidence),
        )
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

/// Makes a draft with a model: statement, ranking, choice. `evidence` has everything that was asked and
/// answered, also after a failure.
///
/// # Errors
/// [`Failed`].
pub async fn make_draft(
    ctx: &Context,
    llm: &dyn Llm,
    job: &JobRecord,
    folder: &str,
    evidence: &mut Vec<Evidence>,
) -> Result<Made, Failed> {
    let inputs = inputs_of(job).map_err(Failed::defect)?;
    let dataset = inputs.primary().ok_or_else(|| Failed::defect(Problem::internal()))?;
    let shared = shared(ctx, job, dataset).await.map_err(Failed::defect)?;
    let asked = Asked { ctx, job, shared: &shared };
    let place = format!("{folder}/draft");
    let question =
        asked.question("draft", prompts::DRAFT, &place, answers::draft_schema(), shared.document.clone());
    let draft = take(ask(llm, question, |answer| check_draft(answer, &dataset.columns)).await, evidence)?;
    let (inputs, _) = with_derived(inputs, &draft.statement);
    let dataset = inputs.primary().ok_or_else(|| Failed::defect(Problem::internal()))?;
    let selected = select(&SelectionInput {
        library: &ctx.library,
        question: &format!("{}\n{}", job.requirement, draft.draft_text),
        question_kinds: &draft.question_kinds,
        statement: &draft.statement,
        dataset: Some(dataset),
    });
    if selected.candidates.offered.is_empty() {
        return Ok(Made { draft, selected, choice: None, refused: Vec::new() });
    }
    let mut document = shared.document.clone();
    document["draft"] = json!({"draft_text": draft.draft_text, "roles": draft.statement.roles,
        "derived_variables": draft.statement.derived_variables});
    document["candidates"] = candidates(ctx, &selected);
    let folder = format!("{folder}/selection");
    let question =
        asked.question("selection", prompts::SELECTION, &folder, answers::selection_schema(), document);
    let mut refused = Vec::new();
    let talk = ask(llm, question, |answer| {
        check_selection(answer, &ctx.library, &selected, &draft.statement, &dataset.columns)
            .inspect_err(|problems| refused.push(problems.join("; ")))
    })
    .await;
    let choice = take(talk, evidence)?;
    Ok(Made { draft, selected, choice: Some(choice), refused })
}

fn take<T>(talk: Talk<T>, evidence: &mut Vec<Evidence>) -> Result<T, Failed> {
    evidence.extend(talk.evidence);
    talk.outcome.map_err(Failed::from)
}

/// What every question of one draft has in common.
struct Asked<'a> {
    ctx: &'a Context,
    job: &'a JobRecord,
    shared: &'a Shared,
}

impl Asked<'_> {
    fn question<'q>(
        &self,
        purpose: &'static str,
        prompt: Prompt,
        folder: &'q str,
        schema: AnswerSchema,
        document: Value,
    ) -> Question<'q> {
        let max_output_tokens = self.ctx.model.as_ref().map_or(4_096, |model| model.max_output_tokens);
        Question {
            call: LlmCall {
                purpose,
                tenant: self.job.tenant_id.clone(),
                system: prompt.text.to_owned(),
                messages: vec![Message { role: Role::User, content: document.to_string() }],
                schema,
                max_output_tokens,
            },
            prompt,
            folder,
            left: json!(self.shared.left),
        }
    }
}

async fn shared(ctx: &Context, job: &JobRecord, dataset: &Dataset) -> Result<Shared, Problem> {
    if job.data_sharing < DataSharing::Samples {
        return Ok(share(job, dataset, None));
    }
    let path = ctx.files.path(&job.tenant_id, &job.job_id, &dataset.canonical_rel_path);
    let tabular = Arc::clone(&ctx.tabular);
    let sample = ctx.pools.reads.run(move || tabular.preview(&path, SAMPLE_ROWS, SAMPLE_COLUMNS)).await??;
    Ok(share(job, dataset, Some(&sample)))
}

/// The candidates as the model sees them: what they are for and what they need.
fn candidates(ctx: &Context, selected: &Selected) -> Value {
    let of = |id: &TemplateId| {
        let meta = &ctx.library.get(id)?.meta;
        let parameters: Vec<Value> = meta
            .parameters
            .iter()
            .filter(|p| p.bind != "sample" && p.bind != "seed")
            .map(|p| {
                json!({
                    "name": p.name, "type": p.kind.as_str(), "required": p.required, "bind": p.bind,
                    "label": p.label.en, "values": p.values, "default": p.default,
                    "kinds": p.column.as_ref().map(|c| &c.kinds),
                })
            })
            .collect();
        let ranked = selected.candidates.ranking.iter().find(|r| r.template_id == *id);
        Some(json!({
            "template_id": id, "title": meta.title.en, "description": meta.description,
            "limits": meta.limitations, "rank_reasons": ranked.map(|r| &r.reasons),
            "parameters": parameters,
        }))
    };
    selected.candidates.offered.iter().filter_map(of).collect()
}
