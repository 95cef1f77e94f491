//! Claims: queued jobs are given to a worker, each by one commit.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::store::{Commit, CommitError, Expect, ReadError, Record, Write};
use crate::domain::audit::AuditEvent;
use crate::domain::error::Problem;
use crate::domain::ids::{RunId, TenantId};
use crate::domain::job::JobRecord;

/// Makes the record of a claimed job, one version later, and the event of the claim; or refuses the job.
pub type MakeClaim =
    Arc<dyn Fn(&JobRecord, &RunId) -> Result<(JobRecord, AuditEvent), Problem> + Send + Sync>;

/// The most running jobs.
#[derive(Debug, Clone, Default)]
pub struct RunningLimits {
    /// Of all tenants together, on all servers that share the store: the seats of a licence. `None` for no limit.
    pub all: Option<u64>,
    /// Of a tenant that is not named; `None` for no limit.
    pub default: Option<u64>,
    /// Of tenants with their own limit.
    pub of: HashMap<TenantId, u64>,
}

impl RunningLimits {
    /// Returns the most running jobs of a tenant; `None` for no limit.
    pub fn get(&self, tenant: &TenantId) -> Option<u64> {
        self.of.get(tenant).copied().or(self.default)
    }
}

/// A request for queued jobs.
#[derive(Clone)]
pub struct ClaimAsk {
    /// A new id for each job that is wanted; at least one.
    pub runs: Vec<RunId>,
    /// Running jobs above which a tenant gets no further one.
    pub limits: RunningLimits,
    /// Makes the record of a claimed job.
    pub make: MakeClaim,
}

/// A claim that is left with the store and waits for jobs.
#[derive(Clone)]
pub struct StandingAsk {
    /// A new id for each job that is wanted; at least one.
    pub runs: Vec<RunId>,
    /// The limits at the time of the claim, as [`ClaimAsk::limits`]. Must not block.
    pub limits: Arc<dyn Fn() -> RunningLimits + Send + Sync>,
    /// False where nothing is to be claimed now. Must not block.
    pub may_claim: Arc<dyn Fn() -> bool + Send + Sync>,
    /// Makes the record of a claimed job. Must not block.
    pub make: MakeClaim,
}

/// A claimed job.
#[derive(Debug, Clone, PartialEq)]
pub struct Claimed {
    /// The id out of [`ClaimAsk::runs`] under which it runs.
    pub run_id: RunId,
    /// The record as the claim wrote it.
    pub job: Arc<JobRecord>,
}

/// What a claim got.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Claims {
    /// The claimed jobs, in the order in which they were taken; fewer than wanted where no more may start.
    pub jobs: Vec<Claimed>,
    /// When to ask again (UTC): now where a job was passed over, otherwise when the first of the jobs that wait for their time may
    /// start; `None` where no job waits.
    pub next_ready: Option<DateTime<Utc>>,
}

/// Why nothing was claimed, or is not known to be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClaimError {
    /// Nothing was claimed; may be repeated.
    #[error("the store cannot take a claim now")]
    Unavailable {
        /// Time after which a retry makes sense.
        retry_after: Duration,
    },
    /// Not known: ask [`Store::committed`](super::store::Store::committed) for [`claim_id`] of each run.
    #[error("the outcome of the claim is not known")]
    Indeterminate,
    /// The store has stopped for good in this process.
    #[error("the store has stopped: {reason}")]
    Stopped {
        /// The fault, for operators.
        reason: String,
    },
}

impl From<ReadError> for ClaimError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Unavailable { retry_after } => Self::Unavailable { retry_after },
            ReadError::Stopped { reason } => Self::Stopped { reason },
            other => Self::Stopped { reason: other.to_string() },
        }
    }
}

impl From<CommitError> for ClaimError {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Unavailable { retry_after } | CommitError::Full { retry_after } => {
                Self::Unavailable { retry_after }
            }
            CommitError::Indeterminate { .. } => Self::Indeterminate,
            CommitError::Stopped { reason } => Self::Stopped { reason },
            other => Self::Stopped { reason: other.to_string() },
        }
    }
}

/// Returns the id of the commit by which a job is claimed for a run.
pub fn claim_id(run_id: &RunId) -> String {
    format!("claim:{run_id}")
}

/// Returns the commit that claims a job at the version that was read.
pub fn claim_commit(run_id: &RunId, before: u64, (after, event): (JobRecord, AuditEvent)) -> Commit {
    Commit {
        id: claim_id(run_id),
        writes: vec![Write::Put { record: Record::from(after), expect: Expect::Version(before) }],
        audit: vec![event],
        housekeeping: None,
        within: None,
    }
}
