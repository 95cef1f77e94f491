//! Commits of an attempt: the claim at its beginning, its phase, its end. A conflict means that somebody
//! else wrote the job meanwhile: the record is read again and the change made again, as long as the
//! attempt still holds the job.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::WorkerDeps;
use super::queue::JobKey;
use crate::domain::artifact::Artifact;
use crate::domain::audit::{Actor, AuditEvent};
use crate::domain::error::{ErrorCode, Problem};
use crate::domain::ids::RunId;
use crate::domain::job::ops::retry_delay;
use crate::domain::job::{JobRecord, JobStatus};
use crate::domain::run::{Cause, Run, RunStatus};
use crate::ports::store::{Commit, CommitError, Expect, Housekeeping, ReadError, Record, Write};

/// What became of a commit.
#[derive(Debug)]
pub enum Committed {
    Done(Box<JobRecord>),
    /// The job is not this attempt's (any more); nothing is to be done.
    NotOurs,
    /// The store cannot take it now or ever; the next start recovers the attempt.
    GivenUp,
}

/// How often an unavailable store is asked again before an attempt is left to recovery.
const UNAVAILABLE_TRIES: u32 = 60;

/// Reads a job and commits what `change` makes of it, again after every lost race.
async fn commit_change(
    deps: &WorkerDeps,
    key: &JobKey,
    action: impl Fn(&JobRecord) -> Option<&'static str>,
    change: impl Fn(&JobRecord) -> Result<JobRecord, Problem>,
) -> Committed {
    let mut unavailable = 0;
    loop {
        let before = match deps.store.job(&key.0, &key.1).await {
            Ok(Some(job)) => job,
            Ok(None)
            | Err(ReadError::Corrupt { .. } | ReadError::NewerSchema { .. } | ReadError::InvalidCursor) => {
                return Committed::NotOurs;
            }
            Err(ReadError::Stopped { .. }) => return Committed::GivenUp,
            Err(ReadError::Unavailable { retry_after }) => {
                if !wait_for_store(&mut unavailable, retry_after).await {
                    return Committed::GivenUp;
                }
                continue;
            }
        };
        let after = match change(&before) {
            Ok(after) => after,
            Err(refused) => {
                tracing::debug!(job_id = %key.1, %refused, "the job is not this attempt's");
                return Committed::NotOurs;
            }
        };
        let event = action(&after).map(|name| event(deps, name, &before, &after));
        let housekeeping = event.is_none().then_some(Housekeeping::RunProgress);
        let write = Write::Put {
            record: Record::Job(Box::new(after.clone())),
            expect: Expect::Version(before.version),
        };
        let commit = Commit {
            id: deps.ids.id("commit"),
            writes: vec![write],
            audit: event.into_iter().collect(),
            housekeeping,
        };
        match deps.store.commit(commit).await {
            Ok(_) => return Committed::Done(Box::new(after)),
            Err(CommitError::Conflict { .. } | CommitError::Indeterminate { .. }) => {}
            Err(CommitError::Unavailable { retry_after }) => {
                if !wait_for_store(&mut unavailable, retry_after).await {
                    return Committed::GivenUp;
                }
            }
            Err(error) => {
                tracing::error!(event = "SS_WORKER_COMMIT_REFUSED", job_id = %key.1, %error, "a commit of the worker was refused");
                return Committed::GivenUp;
            }
        }
    }
}

async fn wait_for_store(tries: &mut u32, retry_after: Duration) -> bool {
    *tries += 1;
    tokio::time::sleep(retry_after.clamp(Duration::from_millis(50), Duration::from_secs(2))).await;
    *tries < UNAVAILABLE_TRIES
}

fn event(deps: &WorkerDeps, action: &str, before: &JobRecord, after: &JobRecord) -> AuditEvent {
    let run = after.latest_run();
    AuditEvent {
        time: deps.clock.now(),
        tenant: after.tenant_id.clone(),
        actor: Actor::system("worker"),
        action: action.to_owned(),
        resource: after.resource(),
        before: Some(before.status.as_str().to_owned()),
        after: Some(after.status.as_str().to_owned()),
        reason: run.and_then(|r| r.cause).map(|c| c.as_str().to_owned()),
        trace_id: Some(after.trace_id.to_string()),
        address: None,
        detail: run.map_or(
            serde_json::Value::Null,
            |r| serde_json::json!({"run_id": r.run_id, "attempt": r.attempt, "fence": r.fence}),
        ),
    }
}

/// Takes a queued job for an attempt.
pub async fn claim(deps: &WorkerDeps, key: &JobKey, run_id: &RunId) -> Committed {
    let change = |job: &JobRecord| {
        let now = deps.clock.now();
        if job.queue.as_ref().is_some_and(|q| q.ready_at > now) {
            return Err(Problem::new(ErrorCode::JobIllegalTransition, "the job may not start yet"));
        }
        job.claim(run_id.clone(), now)
    };
    commit_change(deps, key, |_| Some("run.started"), change).await
}

/// Notes what an attempt is doing.
pub async fn set_phase(deps: &WorkerDeps, key: &JobKey, run_id: &RunId, phase: &str) -> Committed {
    let change =
        |job: &JobRecord| job.update_run(run_id, deps.clock.now(), |run| run.phase = Some(phase.to_owned()));
    commit_change(deps, key, |_| None, change).await
}

/// What follows a failed attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Afterwards {
    /// The job ends with the attempt.
    End,
    /// The job is queued again within its automatic budget.
    Retry(DateTime<Utc>),
    /// The job is queued again; the attempt was the host's fault and costs nothing.
    RetryFree(DateTime<Utc>),
}

/// True for faults of the host, which every job would meet: claims stop until a probe succeeds.
pub fn is_host_fault(cause: Cause, detail: Option<&str>) -> bool {
    match cause {
        Cause::Licence => true,
        // An engine that is too old for one template runs others.
        Cause::EngineMissing => detail != Some("version"),
        _ => false,
    }
}

/// Decides what follows an attempt of a job that has used this many automatic attempts.
pub fn afterwards(run: &Run, attempts_used: u32, jitter: f64, now: DateTime<Utc>) -> Afterwards {
    let Some(cause) = run.cause.filter(|_| run.status == RunStatus::Failed) else { return Afterwards::End };
    let detail = run.cause_detail.as_deref();
    match cause {
        _ if run.cancel_requested.is_some() => Afterwards::End,
        Cause::WorkerLost if detail == Some("shutdown") => Afterwards::RetryFree(now),
        cause if is_host_fault(cause, detail) => Afterwards::RetryFree(now),
        Cause::Killed if detail == Some("process_limit") => Afterwards::End,
        Cause::Internal if detail == Some("repeats_itself") => Afterwards::End,
        cause => match retry_delay(cause, attempts_used, jitter) {
            Some(delay) => Afterwards::Retry(now + delay),
            None => Afterwards::End,
        },
    }
}

/// Commits the end of an attempt with its artifacts, if the attempt still holds the job.
pub async fn finish(deps: &WorkerDeps, key: &JobKey, run: &Run, artifacts: &[Artifact]) -> Committed {
    let jitter = f64::from(deps.ids.secret(1)[0]) / 255.0;
    let change = |job: &JobRecord| {
        let now = deps.clock.now();
        let mut run = run.clone();
        // A wish to cancel may have been committed while the engine ended by itself.
        run.cancel_requested = job.running_run().and_then(|r| r.cancel_requested);
        if run.cancel_requested.is_some() && run.cause == Some(Cause::WorkerLost) {
            run.status = RunStatus::Cancelled;
            run.cause = Some(Cause::Cancelled);
        }
        let follows = afterwards(&run, job.automatic_attempts_used, jitter, now);
        let retry_at = match follows {
            Afterwards::End => None,
            Afterwards::Retry(at) | Afterwards::RetryFree(at) => Some(at),
        };
        let mut after = job.finish_run(run, artifacts.to_vec(), retry_at, now)?;
        if matches!(follows, Afterwards::RetryFree(_)) {
            after.automatic_attempts_used = after.automatic_attempts_used.saturating_sub(1);
        }
        Ok(after)
    };
    commit_change(deps, key, |after| Some(action_of(after)), change).await
}

fn action_of(after: &JobRecord) -> &'static str {
    match after.status {
        JobStatus::Succeeded => "run.succeeded",
        JobStatus::Cancelled => "run.cancelled",
        JobStatus::Queued => "run.requeued",
        _ => "run.failed",
    }
}
