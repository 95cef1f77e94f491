//! The job record: the single source of truth about a job. Written only through commits.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::cell::{BatchMark, CellOf};
use super::ingest::Ingest;
use super::interpretation::InterpretationFailure;
use super::state::JobStatus;
use crate::domain::artifact::Artifact;
use crate::domain::bundle::Bundle;
use crate::domain::dataset::Inputs;
use crate::domain::draft::{Draft, DraftFailure};
use crate::domain::ids::{CodeId, JobId, RunId, TenantId, TraceId};
use crate::domain::layout::set_of;
use crate::domain::plan::Plan;
use crate::domain::run::{Run, RunStatus};
use crate::domain::trial::Trial;

/// The record format that this release writes.
pub const SCHEMA_VERSION: u32 = 4;

/// Amount of data that a language model may see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DataSharing {
    /// Nothing: no call to a model is made for the job.
    None,
    /// Names, types and labels, no values.
    Schema,
    /// Schema, smallest and largest values, and a few rows.
    Samples,
}

/// Times of a job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Timestamps {
    /// When the job was created (RFC 3339, UTC).
    pub created_at: DateTime<Utc>,
    /// When the record changed last (RFC 3339, UTC).
    pub updated_at: DateTime<Utc>,
    /// When the job was queued last (RFC 3339, UTC); null before the first run.
    pub scheduled_at: Option<DateTime<Utc>>,
    /// When the job ended (RFC 3339, UTC); null before, and again after a revision or a new run.
    pub finished_at: Option<DateTime<Utc>>,
    /// When the content expires (RFC 3339, UTC); null if it is kept.
    pub expires_at: Option<DateTime<Utc>>,
}

/// The token of a job: derived from the task code, never stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TokenState {
    /// Task code from which the token is derived.
    pub code_id: CodeId,
    /// SHA-256 (hex) of the derived secret of this generation.
    pub secret_sha256: String,
    /// Raised by revocation, which makes older tokens invalid.
    pub generation: u32,
    /// End of validity (UTC).
    pub expires_at: DateTime<Utc>,
    /// True after a revocation; it is never undone.
    pub revoked: bool,
}

impl TokenState {
    /// True unless it was revoked or has expired.
    pub fn is_alive(&self, now: DateTime<Utc>) -> bool {
        !self.revoked && self.expires_at > now
    }
}

/// The user's input when the plan was confirmed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Confirmation {
    /// When the plan was confirmed (UTC).
    pub confirmed_at: DateTime<Utc>,
    /// Notes for the record; absent where none were given.
    pub notes: Option<String>,
    /// Id of a question → option id, list of option ids, or text.
    #[serde(default)]
    pub answers: Map<String, Value>,
    /// Old column, parameter or role → column that replaces it.
    #[serde(default)]
    pub variable_corrections: Map<String, Value>,
    /// Parameter name → value that replaces its default.
    #[serde(default)]
    pub default_overrides: Map<String, Value>,
    /// Feedback on the suggestions as the client sent it; kept as evidence only. Null without any.
    #[serde(default)]
    pub expert_suggestions_feedback: Value,
    /// SHA-256 of the canonical request, which decides whether a repeated freeze is the same.
    pub request_sha256: String,
}

/// Place in the queue, set while the job is queued.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QueueEntry {
    /// When the job was queued (UTC); the store numbers the queue itself.
    pub queued_at: DateTime<Utc>,
    /// Not before this time (automatic retries wait).
    pub ready_at: DateTime<Utc>,
}

/// No job is made to wait as long as this before it may start: [`retry_delay`](super::retry::retry_delay) ends at 20 s.
const LONGEST_WAIT: chrono::TimeDelta = chrono::TimeDelta::minutes(2);

/// True if a job that waits until `ready_at` may start. A time further away than any wait shows that the clock was set
/// back since, and says nothing any more.
pub fn may_start(ready_at: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    ready_at <= now || ready_at - now > LONGEST_WAIT
}

/// The spans that the life of a job hangs from, each as a W3C `traceparent`; absent where nobody traced.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobTrace {
    /// The request that created the job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<String>,
    /// The request that queued it last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<String>,
}

impl JobTrace {
    /// True if nothing is known.
    pub fn is_empty(&self) -> bool {
        self.created.is_none() && self.asked.is_none()
    }

    /// Parent and link of a run's span. A request with its own trace is linked only, so that
    /// the job's life stays in one trace.
    pub fn of_run(&self, trace_id: &TraceId) -> (Option<&str>, Option<&str>) {
        let is_own = |parent: &&str| parent.split('-').nth(1) == Some(trace_id.as_str());
        let (created, asked) = (self.created.as_deref().filter(is_own), self.asked.as_deref());
        match asked.filter(is_own) {
            Some(asked) => (Some(asked), None),
            None => (created, asked),
        }
    }
}

/// A job, schema version 4. Fields that this release does not know are kept as they came.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JobRecord {
    /// [`SCHEMA_VERSION`] in a record that this release wrote.
    pub schema_version: u32,
    /// Grows by one per write; the optimistic lock.
    pub version: u64,
    /// Tenant of the job; never changes.
    pub tenant_id: TenantId,
    /// Id of the job, unique in its tenant; never changes.
    pub job_id: JobId,
    /// Trace id of the request that created the job; its runs belong to the same trace.
    pub trace_id: TraceId,
    /// Spans of the requests that created and queued the job.
    #[serde(default, skip_serializing_if = "JobTrace::is_empty")]
    pub trace: JobTrace,
    /// State of the job; `state.rs` has the transitions.
    pub status: JobStatus,
    /// The empirical question in the user's words; empty after the removal of the content.
    pub requirement: String,
    /// Short name given by the client; absent without one.
    pub title: Option<String>,
    /// The client's own reference, at most 200 characters; absent without one.
    pub client_ref: Option<String>,
    /// The most that a language model may see of the data; a tenant's bound may be lower.
    pub data_sharing: DataSharing,
    /// Times of creation, last change, queueing, end and expiry.
    pub timestamps: Timestamps,
    /// Bounds of the job, if it is a trial.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trial: Option<Trial>,
    /// State of the job's token; absent for a job that was made without a task code.
    pub token: Option<TokenState>,
    /// The data sets; absent before the first upload and after the removal of the content.
    pub inputs: Option<Inputs>,
    /// Files that are uploaded one by one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bundle: Option<Bundle>,
    /// The reading of the last upload, if it outlived its request and did not become the inputs yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ingest: Option<Ingest>,
    /// The last draft; absent before the first. A stale one cannot be frozen.
    pub draft: Option<Draft>,
    /// The last call to a model for a draft, if it failed and no draft came after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub draft_failure: Option<DraftFailure>,
    /// The last call to a model for an interpretation, if it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interpretation_failure: Option<InterpretationFailure>,
    /// Request by which the plan was confirmed; absent while there is no plan.
    pub confirmation: Option<Confirmation>,
    /// The frozen plan; absent before the freeze and after a revision.
    pub plan: Option<Plan>,
    /// Plans that were revised, oldest first; their runs and artifacts stay.
    #[serde(default)]
    pub earlier_plans: Vec<Plan>,
    /// Times of queueing; set exactly while the status is `queued`.
    pub queue: Option<QueueEntry>,
    /// Grows with every claim.
    #[serde(default)]
    pub fence: u64,
    /// Attempts since a run was requested; at [`AUTOMATIC_ATTEMPTS`](super::retry::AUTOMATIC_ATTEMPTS) a failure that
    /// would be retried is final.
    #[serde(default)]
    pub automatic_attempts_used: u32,
    /// Attempts, oldest first; only the last can be running.
    #[serde(default)]
    pub runs: Vec<Run>,
    /// Formats requested with a run, in addition to those of the plan.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub output_formats: Vec<String>,
    /// Published files, oldest first; paths are unique.
    #[serde(default)]
    pub artifacts_index: Vec<Artifact>,
    /// Marks of the removal of inputs or content; see `removal.rs`. Empty while everything is kept.
    #[serde(default)]
    pub retention: Map<String, Value>,
    /// Place of the job in a batch; absent for a job that is none of its cells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cell: Option<CellOf>,
    /// Batches on the inputs of this job, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub batches: Vec<BatchMark>,
    /// Upgrades of the record: `{from, to, at}` of each, oldest first.
    #[serde(default)]
    pub migrations: Vec<Value>,
    /// Members that this release does not know, written back unchanged.
    #[serde(flatten)]
    pub unknown: Map<String, Value>,
}

impl JobRecord {
    /// Returns the latest attempt.
    pub fn latest_run(&self) -> Option<&Run> {
        self.runs.last()
    }

    /// Returns the attempt with this id.
    pub fn run(&self, run_id: &RunId) -> Option<&Run> {
        self.runs.iter().find(|r| r.run_id == *run_id)
    }

    /// Returns the attempt that is under way.
    pub fn running_run(&self) -> Option<&Run> {
        self.runs.last().filter(|r| r.status == RunStatus::Running)
    }

    /// Returns the published file with this path.
    pub fn artifact(&self, rel_path: &str) -> Option<&Artifact> {
        self.artifacts_index.iter().find(|a| a.rel_path == rel_path)
    }

    /// Returns the failure of the last call for a draft, while it is about the present requirement and inputs.
    pub fn current_draft_failure(&self) -> Option<&DraftFailure> {
        let fingerprint = self.inputs.as_ref().map(|inputs| inputs.fingerprint.as_str());
        self.draft_failure.as_ref().filter(|failure| {
            failure.requirement == self.requirement && Some(failure.input_fingerprint.as_str()) == fingerprint
        })
    }

    /// Returns the published files that are kept: none of removed content, no inputs that have expired.
    pub fn kept_artifacts(&self) -> impl Iterator<Item = &Artifact> {
        let (removed, inputs_gone) = (self.is_removed(), self.inputs_removed_at().is_some());
        let kept = move |a: &&Artifact| !removed && (!inputs_gone || !a.rel_path.starts_with("inputs/"));
        self.artifacts_index.iter().filter(kept)
    }

    /// Returns the published files as clients see them.
    pub fn public_artifacts(&self) -> Vec<Artifact> {
        self.artifacts_index.iter().cloned().map(Artifact::public).collect()
    }

    /// Returns true if an artifact, or a batch that is kept, has its bytes in this published set.
    pub fn cites_set(&self, set_dir: &str) -> bool {
        self.artifacts_index.iter().any(|a| set_of(a.stored_path()) == Some(set_dir))
            || self.kept_batches().any(|mark| mark.set == set_dir)
    }

    /// Returns the resource name that audit events use.
    pub fn resource(&self) -> String {
        format!("job:{}", self.job_id)
    }
}
