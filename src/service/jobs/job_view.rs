//! The job as clients read it, computed from the record and the projections.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;

use crate::domain::draft::DraftSource;
use crate::domain::error::Problem;
use crate::domain::job::record::{DataSharing, Timestamps};
use crate::domain::job::removal::Removed;
use crate::domain::job::{JobRecord, JobStatus};
use crate::domain::run::{Cause, Run, RunStatus};
use crate::domain::trial::Trial;
use crate::ports::store::StoreExt;
use crate::service::runs::progress::Progress;
use crate::service::shared::commits::read_problem;
use crate::service::shared::context::Context;

/// A job as the API returns it.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct JobView {
    /// Id of the job; opaque.
    pub job_id: String,
    /// Id of the tenant.
    pub tenant_id: String,
    /// Trace that made the job: 32 hexadecimal digits.
    pub trace_id: String,
    /// State of the job; see `docs/ARCHITECTURE.md`, "The job".
    pub status: JobStatus,
    /// Version of the record; the entity tag is `"v<version>"`.
    pub version: u64,
    /// Title given by the client, at most 200 characters; null without one.
    pub title: Option<String>,
    /// The client's own reference, at most 200 characters; null without one.
    pub client_ref: Option<String>,
    /// The empirical question, in the user's words.
    pub requirement: String,
    /// Amount of data that a language model may see: `none`, `schema` or `samples`.
    pub data_sharing: DataSharing,
    /// Template that the draft or plan uses; null while there is none.
    pub selected_template_id: Option<String>,
    /// Times of the steps of the job's life (RFC 3339, UTC).
    pub timestamps: Timestamps,
    /// Bounds of the job and the time of its removal, if it is a trial; null otherwise.
    pub trial: Option<Trial>,
    /// When and why the content was removed; ids and hashes are what is left.
    pub removed: Option<Removed>,
    /// Summary of the inputs; null while there are none.
    pub inputs: Option<InputsBrief>,
    /// Summary of the draft; null while there is none.
    pub draft: Option<DraftBrief>,
    /// The frozen plan; null while there is none.
    pub plan: Option<PlanBrief>,
    /// Position among the waiting jobs; null if the job does not wait.
    pub queue: Option<QueueBrief>,
    /// Numbers of the published files.
    pub artifacts: ArtifactsBrief,
    /// Summary of the last attempt; null before the first.
    pub latest_run: Option<RunBrief>,
    /// When to look again, while something is under way.
    pub poll_after_seconds: Option<f64>,
    /// Requests that are useful in this state.
    pub next_actions: Vec<NextAction>,
}

/// The inputs in short.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct InputsBrief {
    /// SHA-256 over all data sets and the way they were read; part of the plan id.
    pub fingerprint: String,
    /// Number of data sets.
    pub datasets: usize,
}

/// The draft in short.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct DraftBrief {
    /// When it was made (RFC 3339, UTC).
    pub created_at: DateTime<Utc>,
    /// Length of the draft's text, in characters.
    pub text_chars: usize,
    /// Author of the draft: a model, or the client.
    pub source: DraftSource,
    /// True if inputs or requirement changed since it was made.
    pub stale: bool,
}

/// The plan in short.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct PlanBrief {
    /// SHA-256 of everything that determines the result.
    pub plan_id: String,
    /// Number of the plan, counted from 1.
    pub revision: u32,
}

/// Place in the queue.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct QueueBrief {
    /// Jobs before this one.
    pub position: u64,
    /// When an automatic retry may start, while it waits for that.
    pub retry_at: Option<DateTime<Utc>>,
}

/// The artifacts in numbers.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct ArtifactsBrief {
    /// Number of published files.
    pub total: usize,
    /// Number of files by kind.
    pub by_kind: BTreeMap<&'static str, usize>,
}

/// The latest attempt in short.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct RunBrief {
    /// Id of the attempt.
    pub run_id: String,
    /// Number of the attempt within the job, counted from 1.
    pub attempt: u32,
    /// State of the attempt.
    pub status: RunStatus,
    /// `starting`, `running` (the engine works) or `finishing`; only while the attempt runs.
    pub phase: Option<String>,
    /// Cause of the result, from the closed list of causes; null after a success and while the attempt runs.
    pub cause: Option<Cause>,
    /// Checks of severity `warn`, as `id: message`.
    pub warnings: Vec<String>,
    /// Progress of the run; null if not known.
    pub progress: Option<Progress>,
    /// When it began (RFC 3339, UTC).
    pub started_at: DateTime<Utc>,
    /// When it ended (RFC 3339, UTC); null before.
    pub ended_at: Option<DateTime<Utc>>,
    /// Number of files that the attempt published.
    pub artifacts_count: usize,
}

/// Something the client can do now.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct NextAction {
    /// The possible action, as a stable word.
    pub action: &'static str,
    /// Words for people.
    pub label: &'static str,
    /// HTTP method of the request.
    pub method: &'static str,
    /// Path of the request, with the job's id.
    pub path: String,
    /// JSON Schema of the body; null without one.
    #[schema(value_type = Object)]
    pub payload_schema: &'static Value,
}

/// Builds the view of a job.
///
/// # Errors
/// As reads of the store.
pub async fn view_job(ctx: &Context, job: &JobRecord) -> Result<JobView, Problem> {
    let position = match job.status {
        JobStatus::Queued => {
            ctx.store.queue_position(&job.tenant_id, &job.job_id).await.map_err(read_problem)?
        }
        _ => None,
    };
    let retry_at = job.queue.as_ref().map(|queue| queue.ready_at).filter(|at| *at > ctx.clock.now());
    let mut by_kind = BTreeMap::new();
    for artifact in &job.artifacts_index {
        *by_kind.entry(artifact.kind.as_str()).or_insert(0) += 1;
    }
    Ok(JobView {
        job_id: job.job_id.to_string(),
        tenant_id: job.tenant_id.to_string(),
        trace_id: job.trace_id.to_string(),
        status: job.status,
        version: job.version,
        title: job.title.clone(),
        client_ref: job.client_ref.clone(),
        requirement: job.requirement.clone(),
        data_sharing: job.data_sharing,
        selected_template_id: selected_template(job),
        timestamps: timestamps(ctx, job),
        trial: job.trial.clone(),
        removed: job.removed(),
        inputs: job.inputs.as_ref().map(|inputs| InputsBrief {
            fingerprint: inputs.fingerprint.clone(),
            datasets: inputs.datasets.len(),
        }),
        draft: job.draft.as_ref().map(|draft| DraftBrief {
            created_at: draft.created_at,
            text_chars: draft.draft_text.chars().count(),
            source: draft.source,
            stale: draft.stale,
        }),
        plan: job
            .plan
            .as_ref()
            .map(|plan| PlanBrief { plan_id: plan.plan_id.to_string(), revision: plan.revision }),
        queue: position.map(|position| QueueBrief { position, retry_at }),
        artifacts: ArtifactsBrief { total: job.artifacts_index.len(), by_kind },
        latest_run: job.latest_run().map(|run| brief_run(ctx, job, run)),
        poll_after_seconds: matches!(job.status, JobStatus::Queued | JobStatus::Running)
            .then(|| retry_at.map_or(0.5, |at| seconds_until(at, ctx.clock.now()).clamp(0.5, 30.0))),
        next_actions: if job.is_removed() { Vec::new() } else { next_actions(job) },
    })
}

/// True for a job whose view follows from its record and [`expires_at`] alone: it neither waits nor runs.
pub fn is_settled(job: &JobRecord) -> bool {
    !matches!(job.status, JobStatus::Queued | JobStatus::Running)
        && job.queue.is_none()
        && job.latest_run().is_none_or(|run| run.ended_at.is_some() && run.status != RunStatus::Running)
}

/// When a job's time ends: it follows from the settings, and a hold takes it away.
pub fn expires_at(ctx: &Context, job: &JobRecord) -> Option<DateTime<Utc>> {
    let held = ctx.tenants.get(&job.tenant_id).is_some_and(|tenant| tenant.hold.is_some());
    if held { None } else { job.expires_at(&ctx.retention_of(&job.tenant_id)) }
}

fn timestamps(ctx: &Context, job: &JobRecord) -> Timestamps {
    Timestamps { expires_at: expires_at(ctx, job), ..job.timestamps.clone() }
}

fn seconds_until(at: DateTime<Utc>, now: DateTime<Utc>) -> f64 {
    (at - now).num_milliseconds() as f64 / 1000.0
}

fn selected_template(job: &JobRecord) -> Option<String> {
    let planned = job.plan.as_ref().map(|plan| plan.template.template_id.to_string());
    planned.or_else(|| job.draft.as_ref()?.selection.chosen.as_ref().map(ToString::to_string))
}

fn brief_run(ctx: &Context, job: &JobRecord, run: &Run) -> RunBrief {
    let prefix = format!("artifacts/runs/{}/", run.run_id);
    RunBrief {
        run_id: run.run_id.to_string(),
        attempt: run.attempt,
        status: run.status,
        phase: run.phase.clone(),
        cause: run.cause,
        warnings: run
            .checks
            .iter()
            .filter(|check| check.status == "warn")
            .map(|check| match &check.message {
                Some(message) => format!("{}: {message}", check.id),
                None => check.id.clone(),
            })
            .collect(),
        // the worker forgets it a moment after the end is committed
        progress: ctx.progress.get(&run.run_id).filter(|_| run.ended_at.is_none()).map(|progress| Progress {
            elapsed_seconds: u64::try_from((ctx.clock.now() - run.started_at).num_seconds()).unwrap_or(0),
            ..progress
        }),
        started_at: run.started_at,
        ended_at: run.ended_at,
        artifacts_count: job.artifacts_index.iter().filter(|a| a.rel_path.starts_with(&prefix)).count(),
    }
}

/// Bodies of next actions; built once, because every read of a job returns them.
mod payloads {
    use std::sync::LazyLock;

    use serde_json::{Value, json};

    pub(super) static NOTHING: LazyLock<Value> = LazyLock::new(|| json!({}));
    pub(super) static REASON: LazyLock<Value> = LazyLock::new(|| json!({"reason": "string?"}));
    pub(super) static UPLOAD: LazyLock<Value> = LazyLock::new(
        || json!({"content_type": "multipart/form-data", "fields": ["file", "role", "filename"]}),
    );
    pub(super) static DRAFT: LazyLock<Value> =
        LazyLock::new(|| json!({"template_id": "string?", "roles": "object?", "parameters": "object?"}));
    pub(super) static FREEZE: LazyLock<Value> =
        LazyLock::new(|| json!({"answers": "object?", "variable_corrections": "object?"}));
}

/// Returns what the state of a job allows next, most useful first.
fn next_actions(job: &JobRecord) -> Vec<NextAction> {
    use payloads::{DRAFT, FREEZE, NOTHING, REASON, UPLOAD};
    let action = |action, label, method, path: &str, payload: &'static Value| NextAction {
        action,
        label,
        method,
        path: ["/v1/jobs/", job.job_id.as_str(), path].concat(),
        payload_schema: payload,
    };
    let upload = || action("upload_inputs", "Upload the data", "POST", "/inputs/upload", &UPLOAD);
    let draft = || action("state_draft", "Submit the draft", "PUT", "/draft", &DRAFT);
    let cancel = || action("cancel", "Cancel the job", "POST", "/cancel", &REASON);
    let run = |label| action("run", label, "POST", "/run", &NOTHING);
    let revise = || action("revise_plan", "Revise the plan", "POST", "/plan/revise", &REASON);
    let mut actions = match job.status {
        JobStatus::Created if job.inputs.is_none() => vec![upload(), cancel()],
        JobStatus::Created => vec![draft(), upload(), cancel()],
        JobStatus::DraftReady => vec![
            action("freeze_plan", "Freeze the plan", "POST", "/plan/freeze", &FREEZE),
            draft(),
            upload(),
            cancel(),
        ],
        JobStatus::Confirmed => vec![run("Run the plan"), revise(), cancel()],
        JobStatus::Queued | JobStatus::Running => vec![cancel()],
        JobStatus::Succeeded => {
            vec![action("artifacts", "Download the results", "GET", "/artifacts", &NOTHING), revise()]
        }
        // data or plan made the run fail: the same plan would fail again
        JobStatus::Failed if job.plan.is_some() && job.latest_run().is_some_and(|run| !run.retryable) => {
            vec![revise(), run("Run the plan again")]
        }
        JobStatus::Failed | JobStatus::Cancelled if job.plan.is_some() => {
            vec![run("Run the plan again"), revise()]
        }
        JobStatus::Cancelled => {
            vec![action("revise_plan", "Open the draft again", "POST", "/plan/revise", &REASON)]
        }
        JobStatus::Failed => vec![],
    };
    if job.awaits_ingest() {
        let path = "/inputs/cancel";
        actions
            .insert(0, action("cancel_reading", "Cancel the reading of the upload", "POST", path, &REASON));
    }
    actions
}
