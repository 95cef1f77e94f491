//! A model reads the results of a run in plain language: asked once for however many clients, checked number
//! by number against the output tables, kept as an artifact with its evidence. A failure is kept as well.

pub mod check;
pub mod numbers;
mod numerals;
mod render;
pub mod tables;
mod wording;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Value, json};

use self::check::Reading;
use self::tables::Facts;
use crate::domain::artifact::{Artifact, ArtifactKind};
use crate::domain::error::{ErrorCode, Problem};
use crate::domain::job::JobRecord;
use crate::domain::job::interpretation::InterpretationFailure;
use crate::domain::plan::Plan;
use crate::domain::run::Run;
use crate::ports::llm::{LlmCall, Message, Role};
use crate::service::drafts::model_draft::Model;
use crate::service::drafts::model_draft::call_tracker::{AloneTurn, CallKey};
use crate::service::drafts::model_draft::failure::Failed;
use crate::service::drafts::model_draft::prompts::INTERPRETATION;
use crate::service::drafts::model_draft::share::Sharing;
use crate::service::drafts::model_draft::talk::{Question, ask};
use crate::service::shared::commits::{job_event, put_job, with_retries};
use crate::service::shared::context::{Caller, Context};
use crate::service::shared::evidence::{Evidence, publish};

/// The languages in which results are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// English.
    En,
    /// Chinese.
    Zh,
}

impl Language {
    /// The text of the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Zh => "zh",
        }
    }

    /// Reads what a client states.
    ///
    /// # Errors
    /// `INPUT_VALIDATION_FAILED`.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        match text {
            "en" => Ok(Self::En),
            "zh" => Ok(Self::Zh),
            _ => Err(Problem::validation("language", "must be en or zh")),
        }
    }

    /// The language of a text: Chinese where it holds Chinese characters.
    pub fn of(text: &str) -> Self {
        if text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c)) { Self::Zh } else { Self::En }
    }
}

/// State of an interpretation.
pub enum Standing {
    /// The interpretation is published as this artifact.
    Ready(Box<Artifact>),
    /// A call to the model is under way.
    Working {
        /// Time after which to stop polling (UTC).
        retry_until: DateTime<Utc>,
    },
}

/// Request of an interpretation.
#[derive(Debug, Clone, Copy, Default)]
pub struct Asked {
    /// The requirement's own where absent.
    pub language: Option<Language>,
    /// A new one, instead of the present one or after a failure.
    pub renew: bool,
}

/// The use case. Needs a configured model.
pub struct Interpret(pub Arc<Context>);

impl Interpret {
    /// Returns the interpretation of the latest succeeded run; else starts the model's work, unless it is
    /// under way, and waits a moment for it. Equal requests share one call.
    ///
    /// # Errors
    /// `LLM_NOT_CONFIGURED`, `LLM_DATA_SHARING_NONE`, `JOB_ILLEGAL_TRANSITION` without a succeeded run; the
    /// kept failure of the last call (`LLM_CALL_FAILED`, `LLM_RESPONSE_INVALID`) unless a new one is requested.
    pub async fn execute(&self, caller: &Caller, job: &JobRecord, asked: Asked) -> Result<Standing, Problem> {
        let ctx = &self.0;
        let language = asked.language.unwrap_or_else(|| Language::of(&job.requirement));
        let run = subject(job)?;
        if !asked.renew
            && let Some(standing) = standing(job, run, language)
        {
            return standing;
        }
        let model = ctx.model.clone().ok_or_else(|| {
            Problem::new(ErrorCode::LlmNotConfigured, "no language model is configured; the tables are there")
        })?;
        check_sharing(ctx, job)?;
        let key = CallKey::new(job, format!("interpretation {} {}", run.run_id, language.as_str()));
        if let Some(turn) = ctx.calls.begin_alone(ctx, key.clone(), model.budget).await? {
            self.start(caller, job, run, language, turn).await?;
        }
        let retry_until = ctx.clock.now() + model.budget;
        if !ctx.calls.ended(&key, model.wait).await {
            return Ok(Standing::Working { retry_until });
        }
        let now = ctx.load_job(&job.tenant_id, &job.job_id).await?;
        standing(&now, run, language).unwrap_or(Ok(Standing::Working { retry_until }))
    }

    /// Starts the work, unless it was done since the caller read the job.
    async fn start(
        &self,
        caller: &Caller,
        seen: &JobRecord,
        run: &Run,
        language: Language,
        turn: AloneTurn,
    ) -> Result<(), Problem> {
        let ctx = &self.0;
        let job = ctx.load_job(&seen.tenant_id, &seen.job_id).await?;
        if outcome_of(&job, run, language) != outcome_of(seen, run, language) {
            return Ok(());
        }
        let sharing = check_sharing(ctx, &job)?;
        let run_id = run.run_id.clone();
        let (ctx, caller) = (Arc::clone(ctx), caller.clone());
        let work = async move {
            let run = job.run(&run_id).expect("a run of the job that was just read");
            Work { ctx: &ctx, caller: &caller, job: &job, run, language, sharing }.make(turn).await;
        };
        tokio::spawn(tracing::Instrument::instrument(work, tracing::Span::current()));
        Ok(())
    }
}

/// The latest succeeded run.
fn subject(job: &JobRecord) -> Result<&Run, Problem> {
    job.latest_succeeded_run().ok_or_else(|| {
        Problem::new(ErrorCode::JobIllegalTransition, "there is no succeeded run to interpret")
            .with("status", job.status.as_str())
            .with("operation", "interpret")
            .with("allowed", json!(["run"]))
    })
}

/// The plan that a run carried out.
fn plan_of<'a>(job: &'a JobRecord, run: &Run) -> Result<&'a Plan, Problem> {
    let mut plans = job.plan.iter().chain(&job.earlier_plans);
    plans.find(|plan| plan.plan_id == run.plan_id).ok_or_else(Problem::internal)
}

fn check_sharing(ctx: &Context, job: &JobRecord) -> Result<Sharing, Problem> {
    let sharing = Sharing::now(ctx, job);
    sharing.refusal().map_or(Ok(sharing), Err)
}

/// The record's state of this interpretation: the newest one, else the failure of the last call.
fn standing(job: &JobRecord, run: &Run, language: Language) -> Option<Result<Standing, Problem>> {
    // a failure that is kept came after the newest interpretation, which clears it
    if let Some(failure) = job.failed_interpretation(&run.run_id, language.as_str()) {
        return Some(Err(as_problem(job, failure)));
    }
    let artifact = job.interpretation(&run.run_id, language.as_str())?;
    Some(Ok(Standing::Ready(Box::new(artifact.clone()))))
}

fn outcome_of<'a>(
    job: &'a JobRecord,
    run: &Run,
    language: Language,
) -> (Option<&'a str>, Option<DateTime<Utc>>) {
    let artifact = job.interpretation(&run.run_id, language.as_str()).map(|a| a.rel_path.as_str());
    let failure = job.failed_interpretation(&run.run_id, language.as_str());
    (artifact, failure.map(|failure| failure.failed_at))
}

fn as_problem(job: &JobRecord, failure: &InterpretationFailure) -> Problem {
    let code = match failure.error_code.as_str() {
        "LLM_RESPONSE_INVALID" => ErrorCode::LlmResponseInvalid,
        _ => ErrorCode::LlmCallFailed,
    };
    let path = format!("/v1/jobs/{}/interpretation", job.job_id);
    Problem::new(code, format!("the language model gave no usable interpretation: {}", failure.detail))
        .with("cause", failure.cause.clone())
        .with("failed_at", json!(failure.failed_at))
        .with("attempts", failure.attempts)
        .with(
            "next_actions",
            json!([{"action": "ask_again", "method": "POST", "path": path,
                    "payload_schema": {"language": failure.language, "renew": true}}]),
        )
}

/// One call's work, from the tables to the commit.
struct Work<'a> {
    ctx: &'a Context,
    caller: &'a Caller,
    job: &'a JobRecord,
    run: &'a Run,
    language: Language,
    sharing: Sharing,
}

impl Work<'_> {
    async fn make(&self, turn: AloneTurn) {
        let Some(model) = &self.ctx.model else { return };
        let id = self.ctx.ids.id("interpretation");
        let mut evidence = Vec::new();
        let made = tokio::time::timeout(model.budget, self.ask(model, &id, &mut evidence))
            .await
            .unwrap_or_else(|_| Err(Failed::out_of_time(model.budget)));
        let committed = match made {
            Ok(text) => self.commit(&id, text, evidence).await,
            Err(failed) => self.commit_failure(failed, evidence).await,
        };
        drop(turn);
        if let Err(problem) = committed {
            tracing::warn!(
                event = "SS_LLM_INTERPRETATION_DROPPED",
                code = problem.code.as_str(),
                "an interpretation could not be kept"
            );
        }
    }

    /// Asks and checks; returns the document.
    async fn ask(&self, model: &Model, id: &str, evidence: &mut Vec<Evidence>) -> Result<String, Failed> {
        let plan = plan_of(self.job, self.run).map_err(Failed::defect)?;
        let facts = tables::read(self.ctx, self.job, self.run, plan).await.map_err(Failed::defect)?;
        let meta = self.ctx.library.get(&plan.template.template_id).map(|template| &template.meta);
        let (title, limits) = match (meta, self.language) {
            (Some(meta), Language::Zh) => {
                (meta.title.zh.as_deref().unwrap_or(&meta.title.en), meta.limitations_zh.as_slice())
            }
            (Some(meta), Language::En) => (meta.title.en.as_str(), meta.limitations.as_slice()),
            (None, _) => (plan.template.title.as_str(), &[][..]),
        };
        let (shown, mut left) = tables::shown(&facts, self.sharing.effective);
        left["sharing"] = json!(self.sharing);
        let document = json!({
            "language": self.language,
            "analysis": {
                "template": plan.template.template_id, "title": title, "limits": limits,
                "description": meta.map(|meta| &meta.description),
            },
            "variables": self.variables(&facts, plan),
            "tables": shown,
        });
        let folder = format!("artifacts/llm/{id}/interpretation");
        let question = Question {
            call: LlmCall {
                purpose: "interpretation",
                tenant: self.job.tenant_id.clone(),
                system: INTERPRETATION.text.to_owned(),
                messages: vec![Message { role: Role::User, content: document.to_string() }],
                schema: check::schema(),
                max_output_tokens: model.max_output_tokens,
            },
            prompt: INTERPRETATION,
            folder: &folder,
            left,
        };
        let talk = ask(model.llm.as_ref(), question, |answer| check::check(answer, &facts)).await;
        evidence.extend(talk.evidence);
        let reading: Reading = talk.outcome.map_err(Failed::from)?;
        let report =
            render::Report { language: self.language, title, run: self.run, reading: &reading, limits };
        Ok(render::render(&report))
    }

    /// Labels of the columns that the tables name, and how derived variables are made.
    fn variables(&self, facts: &Facts, plan: &Plan) -> Vec<Value> {
        let columns =
            self.job.inputs.as_ref().and_then(|inputs| inputs.primary()).map(|d| d.columns.as_slice());
        let named = columns.unwrap_or_default().iter().filter(|column| facts.names.contains(&column.name));
        let columns = named.map(|column| json!({"name": column.name, "label": column.label}));
        let derived = plan.derived_variables.iter().map(
            |variable| json!({"name": variable.name, "label": variable.label, "made_as": variable.canonical}),
        );
        columns.chain(derived).collect()
    }

    async fn commit(&self, id: &str, text: String, mut evidence: Vec<Evidence>) -> Result<(), Problem> {
        let (ctx, job) = (self.ctx, self.job);
        let paths: Vec<String> = evidence.iter().map(|file| file.rel_path.clone()).collect();
        let rel_path = format!("artifacts/interpretations/{id}.md");
        let mut report = Evidence::raw(ArtifactKind::ReportInterpretation, rel_path, text.into_bytes());
        for (key, value) in [
            ("run_id", json!(self.run.run_id)),
            ("plan_id", json!(self.run.plan_id)),
            ("language", json!(self.language)),
            ("prompt", json!(INTERPRETATION.name)),
            ("evidence", json!(paths)),
        ] {
            report.meta.insert(key.to_owned(), value);
        }
        evidence.push(report);
        let artifacts = publish(ctx, job, evidence).await?;
        with_retries(None, || async {
            let current = ctx.load_job(&job.tenant_id, &job.job_id).await?;
            let next = current.add_interpretation(artifacts.clone(), ctx.clock.now())?;
            let mut event = job_event(ctx, self.caller, "run.interpreted", Some(&current), &next);
            event.detail = json!({"run_id": self.run.run_id, "language": self.language});
            put_job(ctx, &current, next, event).await
        })
        .await
        .map(drop)
    }

    async fn commit_failure(&self, failed: Failed, evidence: Vec<Evidence>) -> Result<(), Problem> {
        let (ctx, job) = (self.ctx, self.job);
        tracing::warn!(
            event = "SS_LLM_FAILED",
            cause = failed.cause.as_str(),
            attempts = failed.attempts,
            code = failed.code.as_str(),
            "the language model gave no usable interpretation"
        );
        let failure = InterpretationFailure {
            failed_at: ctx.clock.now(),
            error_code: failed.code.as_str().to_owned(),
            cause: failed.cause,
            detail: failed.detail,
            attempts: failed.attempts,
            run_id: self.run.run_id.clone(),
            language: self.language.as_str().to_owned(),
        };
        let artifacts = publish(ctx, job, evidence).await?;
        with_retries(None, || async {
            let current = ctx.load_job(&job.tenant_id, &job.job_id).await?;
            let next = current.fail_interpretation(failure.clone(), artifacts.clone(), ctx.clock.now())?;
            let mut event = job_event(ctx, self.caller, "run.interpretation_failed", Some(&current), &next);
            event.detail = json!({"code": failure.error_code, "cause": failure.cause});
            put_job(ctx, &current, next, event).await
        })
        .await
        .map(drop)
    }
}
