//! Commits of an attempt: its phase, its end. A conflict means that somebody
//! else wrote the job meanwhile: the record is read again and the change made again, as long as the
//! attempt still holds the job.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::files_away::FILES_UNAVAILABLE;
use super::{JobKey, WorkerDeps};
use crate::domain::artifact::Artifact;
use crate::domain::audit::{Actor, AuditEvent};
use crate::domain::error::Problem;
use crate::domain::ids::RunId;
use crate::domain::job::retry::retry_delay;
use crate::domain::job::{JobRecord, JobStatus};
use crate::domain::run::{Cause, Run, RunStatus};
use crate::ports::store::{Commit, CommitError, Expect, Housekeeping, ReadError, Record, StoreExt, Write};
use crate::service::shared::commits::with_batch;

/// Outcome of a commit.
#[derive(Debug)]
pub(super) enum Committed {
    Done(Box<JobRecord>),
    /// The job is not this attempt's (any more); nothing is to be done.
    NotOurs,
    /// The record would be larger than the store takes.
    TooLarge,
    /// The store cannot take it now or ever; the next start recovers the attempt.
    GivenUp,
}

/// How often an unavailable store is asked for a phase. The end of an attempt is asked for
/// until the store stops for good: nobody else would end it.
const UNAVAILABLE_TRIES: u32 = 60;

/// Reads a job, again and again while the store cannot answer; `None` where it is gone, damaged, or the
/// store has stopped.
pub(super) async fn read(
    deps: &WorkerDeps,
    key: &JobKey,
    give_up: impl Fn() -> bool,
) -> Option<Box<JobRecord>> {
    loop {
        match deps.store.job(&key.0, &key.1).await {
            Ok(job) => return job.map(Box::new),
            Err(ReadError::Unavailable { retry_after }) if !give_up() => pause(retry_after),
            Err(_) => return None,
        }
    }
}

/// A commit under way: what it writes and what was learnt from an error.
enum Step {
    End(Committed),
    Again,
    Wait(Duration),
}

/// Reads a job and commits what `change` makes of it, again after every lost race. `give_up` is asked
/// before each wait for a store that is not available.
async fn commit_change(
    deps: &WorkerDeps,
    key: &JobKey,
    action: impl Fn(&JobRecord) -> Option<&'static str>,
    change: impl Fn(&JobRecord) -> Result<JobRecord, Problem>,
    mut give_up: impl FnMut() -> bool,
) -> Committed {
    loop {
        let step = match deps.store.job(&key.0, &key.1).await {
            Ok(Some(job)) => commit_once(deps, key, &job, &action, &change).await,
            Ok(None)
            | Err(ReadError::Corrupt { .. } | ReadError::NewerSchema { .. } | ReadError::InvalidCursor) => {
                Step::End(Committed::NotOurs)
            }
            Err(ReadError::Stopped { .. }) => Step::End(Committed::GivenUp),
            Err(ReadError::Unavailable { retry_after }) => Step::Wait(retry_after),
        };
        match step {
            Step::End(end) => return end,
            Step::Again => {}
            Step::Wait(_) if give_up() => return Committed::GivenUp,
            Step::Wait(retry_after) => pause(retry_after),
        }
    }
}

async fn commit_once(
    deps: &WorkerDeps,
    key: &JobKey,
    before: &JobRecord,
    action: impl Fn(&JobRecord) -> Option<&'static str>,
    change: impl Fn(&JobRecord) -> Result<JobRecord, Problem>,
) -> Step {
    let after = match change(before) {
        Ok(after) => after,
        Err(refused) => {
            tracing::debug!(job_id = %key.1, %refused, "the job is not this attempt's");
            return Step::End(Committed::NotOurs);
        }
    };
    let event = action(&after).map(|name| event(deps, name, before, &after));
    let housekeeping = event.is_none().then_some(Housekeeping::RunProgress);
    let write = Write::Put { record: Record::from(after.clone()), expect: Expect::Version(before.version) };
    let commit = Commit {
        id: deps.ids.id("commit"),
        writes: vec![write],
        audit: event.into_iter().collect(),
        housekeeping,
        within: None,
    };
    let done = || Step::End(Committed::Done(Box::new(after.clone())));
    match deps.store.commit(commit).await {
        Ok(_) => done(),
        Err(CommitError::Conflict { .. }) => Step::Again,
        // It may have been applied: repeating it blindly would lose a claim to itself.
        Err(CommitError::Indeterminate { id }) => match deps.store.committed(&id).await {
            Ok(Some(_)) => done(),
            Ok(None) => Step::Again,
            Err(ReadError::Unavailable { retry_after }) => Step::Wait(retry_after),
            Err(_) => Step::End(Committed::GivenUp),
        },
        Err(CommitError::Unavailable { retry_after } | CommitError::Full { retry_after }) => {
            Step::Wait(retry_after)
        }
        Err(error) => {
            tracing::error!(event = "SS_WORKER_COMMIT_REFUSED", job_id = %key.1, %error, "a commit of the worker was refused");
            let too_large = matches!(error, CommitError::TooLarge { .. });
            Step::End(if too_large { Committed::TooLarge } else { Committed::GivenUp })
        }
    }
}

/// Attempts have threads of their own, which may outlive the clock of the runtime.
fn pause(retry_after: Duration) {
    std::thread::sleep(retry_after.clamp(Duration::from_millis(50), Duration::from_secs(2)));
}

/// Gives up after [`UNAVAILABLE_TRIES`].
fn after_some_tries() -> impl FnMut() -> bool {
    let mut tries = 0;
    move || {
        tries += 1;
        tries >= UNAVAILABLE_TRIES
    }
}

/// The audit event of an attempt's commit.
pub(super) fn event(deps: &WorkerDeps, action: &str, before: &JobRecord, after: &JobRecord) -> AuditEvent {
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
        detail: with_batch(
            run.map_or(serde_json::json!({"version": after.version}), |r| {
                serde_json::json!({
                    "version": after.version, "run_id": r.run_id, "attempt": r.attempt, "fence": r.fence,
                })
            }),
            after,
        ),
    }
}

/// Notes what an attempt is doing.
pub(super) async fn set_phase(deps: &WorkerDeps, key: &JobKey, run_id: &RunId, phase: &str) -> Committed {
    let change =
        |job: &JobRecord| job.update_run(run_id, deps.clock.now(), |run| run.phase = Some(phase.to_owned()));
    commit_change(deps, key, |_| None, change, after_some_tries()).await
}

/// Next step after a failed attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Afterwards {
    /// The job ends with the attempt.
    End,
    /// The job is queued again within its automatic budget.
    Retry(DateTime<Utc>),
    /// The job is queued again; the attempt was the host's fault and costs nothing.
    RetryFree(DateTime<Utc>),
}

/// True for faults of the host, which every job would meet: claims stop until a probe succeeds.
pub(super) fn is_host_fault(cause: Cause, detail: Option<&str>) -> bool {
    match cause {
        Cause::Licence => true,
        // An engine that is too old for one template runs others.
        Cause::EngineMissing => detail != Some("version"),
        _ => false,
    }
}

/// Time after which a job whose files could not be reached may start again.
const FILES_PAUSE: chrono::TimeDelta = chrono::TimeDelta::seconds(2);

/// Details of faults that another attempt would meet again.
const REPEATS_ITSELF: [&str; 3] = ["repeats_itself", "damaged", "record_too_large"];

/// Decides what follows an attempt of a job that has used this many automatic attempts.
pub(super) fn afterwards(run: &Run, attempts_used: u32, jitter: f64, now: DateTime<Utc>) -> Afterwards {
    let Some(cause) = run.cause.filter(|_| run.status == RunStatus::Failed) else { return Afterwards::End };
    let detail = run.cause_detail.as_deref();
    match cause {
        _ if run.cancel_requested.is_some() => Afterwards::End,
        Cause::WorkerLost if matches!(detail, Some("shutdown" | "lease_lost")) => Afterwards::RetryFree(now),
        cause if is_host_fault(cause, detail) => Afterwards::RetryFree(now),
        // Claims stop while the files are away, so that this happens once in an outage.
        Cause::Internal if detail == Some(FILES_UNAVAILABLE) => Afterwards::RetryFree(now + FILES_PAUSE),
        Cause::Killed if detail == Some("process_limit") => Afterwards::End,
        // The next attempt would end in the same way.
        Cause::Internal if detail.is_some_and(|d| REPEATS_ITSELF.contains(&d)) => Afterwards::End,
        cause => match retry_delay(cause, attempts_used, jitter) {
            Some(delay) => Afterwards::Retry(now + delay),
            None => Afterwards::End,
        },
    }
}

/// Commits the end of an attempt with its artifacts, if the attempt still holds the job.
pub(super) async fn finish(
    deps: &WorkerDeps,
    key: &JobKey,
    run: &Run,
    artifacts: &[Artifact],
    give_up: impl FnMut() -> bool,
) -> Committed {
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
    commit_change(deps, key, |after| Some(action_of(after)), change, give_up).await
}

fn action_of(after: &JobRecord) -> &'static str {
    match after.status {
        JobStatus::Succeeded => "run.succeeded",
        JobStatus::Cancelled => "run.cancelled",
        JobStatus::Queued => "run.requeued",
        _ => "run.failed",
    }
}
