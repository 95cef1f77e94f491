//! The job record: the single source of truth about a job. Written only through commits.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

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

/// The record format that this release writes.
pub const SCHEMA_VERSION: u32 = 4;

/// Amount of data that a language model may see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DataSharing {
    None,
    /// Names, types and labels, no values.
    Schema,
    Samples,
}

/// Times of a job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Timestamps {
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub scheduled_at: Option<DateTime<Utc>>,
    pub finished_at: Option<DateTime<Utc>>,
    pub expires_at: Option<DateTime<Utc>>,
}

/// The token of a job: derived from the task code, never stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TokenState {
    pub code_id: CodeId,
    /// SHA-256 (hex) of the derived secret of this generation.
    pub secret_sha256: String,
    /// Raised by revocation, which makes older tokens invalid.
    pub generation: u32,
    pub expires_at: DateTime<Utc>,
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
    pub confirmed_at: DateTime<Utc>,
    pub notes: Option<String>,
    #[serde(default)]
    pub answers: Map<String, Value>,
    #[serde(default)]
    pub variable_corrections: Map<String, Value>,
    #[serde(default)]
    pub default_overrides: Map<String, Value>,
    #[serde(default)]
    pub expert_suggestions_feedback: Value,
    /// SHA-256 of the canonical request, which decides whether a repeated freeze is the same.
    pub request_sha256: String,
}

/// Place in the queue, set while the job is queued.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QueueEntry {
    /// Order of queueing; assigned by the store when the record becomes `queued`.
    pub queued_at: DateTime<Utc>,
    /// Not before this time (automatic retries wait).
    pub ready_at: DateTime<Utc>,
}

/// No job is made to wait as long as this before it may start: [`retry_delay`](super::ops::retry_delay) ends at 20 s.
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
    pub schema_version: u32,
    /// Grows by one per write; the optimistic lock.
    pub version: u64,
    pub tenant_id: TenantId,
    pub job_id: JobId,
    pub trace_id: TraceId,
    #[serde(default, skip_serializing_if = "JobTrace::is_empty")]
    pub trace: JobTrace,
    pub status: JobStatus,
    pub requirement: String,
    pub title: Option<String>,
    pub client_ref: Option<String>,
    pub data_sharing: DataSharing,
    pub timestamps: Timestamps,
    pub token: Option<TokenState>,
    pub inputs: Option<Inputs>,
    /// Files that are uploaded one by one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bundle: Option<Bundle>,
    /// The reading of the last upload, if it outlived its request and did not become the inputs yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ingest: Option<Ingest>,
    pub draft: Option<Draft>,
    /// The last call to a model for a draft, if it failed and no draft came after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub draft_failure: Option<DraftFailure>,
    /// The last call to a model for an interpretation, if it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interpretation_failure: Option<InterpretationFailure>,
    pub confirmation: Option<Confirmation>,
    pub plan: Option<Plan>,
    #[serde(default)]
    pub earlier_plans: Vec<Plan>,
    pub queue: Option<QueueEntry>,
    /// Grows with every claim.
    #[serde(default)]
    pub fence: u64,
    /// Automatic attempts left before a failure that would be retried becomes final.
    #[serde(default)]
    pub automatic_attempts_used: u32,
    #[serde(default)]
    pub runs: Vec<Run>,
    /// Formats requested with a run, in addition to those of the plan.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub output_formats: Vec<String>,
    #[serde(default)]
    pub artifacts_index: Vec<Artifact>,
    #[serde(default)]
    pub retention: Map<String, Value>,
    #[serde(default)]
    pub migrations: Vec<Value>,
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

    /// Returns true if an artifact has its bytes in this published set.
    pub fn cites_set(&self, set_dir: &str) -> bool {
        self.artifacts_index.iter().any(|a| set_of(a.stored_path()) == Some(set_dir))
    }

    /// Returns the resource name that audit events use.
    pub fn resource(&self) -> String {
        format!("job:{}", self.job_id)
    }
}
