//! Commits as use cases make them: errors of the store as problems, audit events, conflict retries.

use std::future::Future;

use crate::domain::audit::AuditEvent;
use crate::domain::error::{ErrorCode, Problem};
use crate::domain::job::JobRecord;
use crate::domain::job::ops::version_conflict;
use crate::ports::store::{
    Commit, CommitError, Expect, Housekeeping, ReadError, Receipt, Record, Store, Write,
};

use crate::service::shared::context::{Caller, Context};
use crate::service::shared::quotas::{Admitted, exceeded};

/// Most times that a use case repeats itself after a lost race, where the caller stated no version.
pub const CONFLICT_RETRIES: usize = 16;

/// How a use case failed on its way to a commit.
#[derive(Debug)]
pub enum Attempt {
    /// Another writer was first; read again and repeat.
    Lost {
        /// Version that the commit was based on.
        expected: u64,
        /// Version that the store holds.
        actual: u64,
    },
    /// Final.
    Refused(Problem),
}

impl From<Problem> for Attempt {
    fn from(problem: Problem) -> Self {
        Self::Refused(problem)
    }
}

/// Turns an error of a read into the answer for clients.
pub fn read_problem(error: ReadError) -> Problem {
    match error {
        ReadError::Corrupt { key } => {
            tracing::error!(event = "SS_RECORD_DAMAGED", ?key, "a stored record is damaged");
            Problem::new(
                ErrorCode::JobCorrupt,
                "the stored record is damaged and quarantined; an operator can restore it from a backup",
            )
        }
        ReadError::NewerSchema { key } => {
            tracing::error!(
                event = "SS_RECORD_NEWER",
                ?key,
                "a stored record was written by a newer release"
            );
            Problem::new(
                ErrorCode::JobSchemaNewer,
                "the record was written by a newer release than this one, which leaves it as it is",
            )
        }
        ReadError::InvalidCursor => {
            Problem::validation("cursor", "is not a cursor of this list; use next_cursor as it was answered")
        }
        ReadError::Unavailable { retry_after } => unavailable().retry_after(retry_after.as_secs().max(1)),
        ReadError::Stopped { reason } => {
            tracing::error!(event = "SS_STORE_STOPPED", reason, "the store has stopped");
            unavailable()
        }
    }
}

fn unavailable() -> Problem {
    Problem::new(
        ErrorCode::StoreUnavailable,
        "the store cannot take the request now; nothing was changed, send it again",
    )
    .retry_after(1)
}

/// Turns an error of a commit into an attempt's outcome.
pub fn commit_attempt(error: CommitError) -> Attempt {
    match error {
        CommitError::Conflict { expected, actual, .. } => {
            Attempt::Lost { expected: expected.unwrap_or(0), actual: actual.unwrap_or(0) }
        }
        CommitError::OverBound(passed) => Attempt::Refused(exceeded(&passed)),
        CommitError::Unavailable { retry_after } => {
            Attempt::Refused(unavailable().retry_after(retry_after.as_secs().max(1)))
        }
        CommitError::Full { retry_after } => Attempt::Refused(
            Problem::new(ErrorCode::StorageFull, "the data volume is full; nothing was changed")
                .with("free_bytes", 0)
                .retry_after(retry_after.as_secs().max(1)),
        ),
        CommitError::Indeterminate { id } => {
            tracing::error!(event = "SS_COMMIT_UNKNOWN", commit = id, "the outcome of a commit is not known");
            Attempt::Refused(Problem::new(
                ErrorCode::StoreUnavailable,
                "the outcome is not known; read the job before repeating the request",
            ))
        }
        CommitError::Stopped { reason } => {
            tracing::error!(event = "SS_STORE_STOPPED", reason, "the store has stopped");
            Attempt::Refused(unavailable())
        }
        CommitError::Invalid { reason } => {
            tracing::error!(event = "SS_DEFECT", reason, "a use case made an invalid commit");
            Attempt::Refused(Problem::internal())
        }
        CommitError::TooLarge { limit } => Attempt::Refused(
            Problem::new(ErrorCode::PayloadTooLarge, "the record would become too large")
                .with("limit_bytes", limit),
        ),
    }
}

/// Repeats an attempt after a lost race, at most [`CONFLICT_RETRIES`] times and only if the caller
/// stated no version.
///
/// # Errors
/// The refusal, or `JOB_VERSION_CONFLICT` with both versions.
pub async fn with_retries<T, F, Fut>(if_match: Option<u64>, attempt: F) -> Result<T, Problem>
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<T, Attempt>>,
{
    let most = if if_match.is_some() { 0 } else { CONFLICT_RETRIES };
    with_retries_up_to(most, attempt).await
}

/// Repeats an attempt after a lost race, at most `most` times.
///
/// # Errors
/// The refusal, or `JOB_VERSION_CONFLICT` with both versions.
pub async fn with_retries_up_to<T, F, Fut>(most: usize, mut attempt: F) -> Result<T, Problem>
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<T, Attempt>>,
{
    let mut lost = 0;
    loop {
        match attempt().await {
            Ok(value) => return Ok(value),
            Err(Attempt::Refused(problem)) => return Err(problem),
            Err(Attempt::Lost { expected, actual }) if lost == most => {
                return Err(version_conflict(expected, actual));
            }
            Err(Attempt::Lost { .. }) => lost += 1,
        }
        tokio::task::yield_now().await;
    }
}

/// Checks the version that the caller stated.
///
/// # Errors
/// `JOB_VERSION_CONFLICT` with both versions.
pub fn check_if_match(if_match: Option<u64>, job: &JobRecord) -> Result<(), Problem> {
    match if_match {
        Some(expected) if expected != job.version => Err(version_conflict(expected, job.version)),
        _ => Ok(()),
    }
}

/// Builds the audit event of a change of a job's record.
pub fn job_event(
    ctx: &Context,
    caller: &Caller,
    action: &str,
    before: Option<&JobRecord>,
    after: &JobRecord,
) -> AuditEvent {
    AuditEvent {
        time: ctx.clock.now(),
        tenant: after.tenant_id.clone(),
        actor: caller.actor.clone(),
        action: action.to_owned(),
        resource: after.resource(),
        before: before.map(|job| job.status.as_str().to_owned()),
        after: Some(after.status.as_str().to_owned()),
        reason: caller.reason.clone(),
        trace_id: Some(caller.trace_id.to_string()),
        address: caller.address.clone(),
        detail: with_batch(serde_json::json!({"version": after.version}), after),
    }
}

/// Names the batch of a cell in the detail of an event, so that readers can tell its events from those of other jobs.
pub fn with_batch(mut detail: serde_json::Value, job: &JobRecord) -> serde_json::Value {
    if let Some(cell) = &job.cell {
        detail["batch_id"] = serde_json::json!(cell.batch_id);
    }
    detail
}

/// Commits the next version of a job with its audit event.
///
/// # Errors
/// As the store's, as an [`Attempt`].
pub async fn put_job(
    ctx: &Context,
    before: &JobRecord,
    after: JobRecord,
    event: AuditEvent,
) -> Result<JobRecord, Attempt> {
    put_job_within(ctx, before, after, event, &Admitted::default()).await
}

/// Commits the next version of a job that holds more, within the limits of its tenant.
///
/// # Errors
/// As [`put_job`]; `QUOTA_EXCEEDED` where others took what was left.
pub async fn put_job_within(
    ctx: &Context,
    before: &JobRecord,
    after: JobRecord,
    mut event: AuditEvent,
    admitted: &Admitted,
) -> Result<JobRecord, Attempt> {
    if let serde_json::Value::Object(detail) = &mut event.detail {
        detail.entry("version").or_insert(after.version.into());
    }
    put_job_with(ctx.store.as_ref(), ctx.ids.id("commit"), before, after, vec![event], None, admitted)
        .await
        .map(|(job, _)| job)
}

/// Commits the next version of a job with any events; `housekeeping` allows none.
///
/// # Errors
/// As the store's, as an [`Attempt`].
pub async fn put_job_with(
    store: &dyn Store,
    commit_id: String,
    before: &JobRecord,
    after: JobRecord,
    audit: Vec<AuditEvent>,
    housekeeping: Option<Housekeeping>,
    admitted: &Admitted,
) -> Result<(JobRecord, Receipt), Attempt> {
    let write = Write::Put { record: Record::from(after.clone()), expect: Expect::Version(before.version) };
    let commit =
        Commit { id: commit_id, writes: vec![write], audit, housekeeping, within: admitted.bounds() };
    let receipt = store.commit(commit).await.map_err(commit_attempt)?;
    Ok((after, receipt))
}
