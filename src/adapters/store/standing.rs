//! A claim that waits for jobs: one that is queued while nobody waits before it is claimed in the transaction that queues
//! it, so that its run waits for one synced write and not for two.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use rusqlite::Connection;
use tokio::sync::oneshot;

use super::apply::{Applied, apply};
use super::committer::Effects;
use super::heads::Heads;
use super::job_cache::Written;
use super::prepare::prepare;
use super::shared::Core;
use super::sqlite::SqliteStore;
use crate::domain::ids::{JobId, RunId, TenantId};
use crate::domain::job::JobRecord;
use crate::domain::job::record::may_start;
use crate::ports::store::{Claimed, RunningLimits, StandingAsk, claim_commit};

/// The claim that waits.
#[derive(Default)]
pub(super) struct Standing(Mutex<Option<Waiter>>);

struct Waiter {
    ask: StandingAsk,
    max_commit_bytes: usize,
    reply: oneshot::Sender<Vec<Claimed>>,
}

impl Standing {
    fn waiter(&self) -> MutexGuard<'_, Option<Waiter>> {
        // single assignments only: a panic elsewhere leaves nothing half changed
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Leaves a claim; an earlier one ends without an answer.
    pub(super) fn leave(&self, ask: StandingAsk, max_commit_bytes: usize) -> oneshot::Receiver<Vec<Claimed>> {
        let (reply, answer) = oneshot::channel();
        *self.waiter() = Some(Waiter { ask, max_commit_bytes, reply });
        answer
    }

    /// Takes the claim back; false where there is none, or it is being answered.
    pub(super) fn withdraw(&self) -> bool {
        self.waiter().take().is_some()
    }
}

impl SqliteStore {
    /// Leaves a claim with the committer; `None` where it ends, or the queue cannot be read.
    pub(super) fn leave(&self, ask: StandingAsk) -> Option<oneshot::Receiver<Vec<Claimed>>> {
        if self.core().fault().is_some() || self.core().is_closing() || self.load_queue().is_err() {
            return None;
        }
        Some(self.core().standing.leave(ask, self.max_commit_bytes))
    }
}

/// Jobs that the transaction under way claims.
pub(super) struct Fused {
    reply: oneshot::Sender<Vec<Claimed>>,
    jobs: Vec<Claimed>,
}

impl Fused {
    /// Tells who waits, once the transaction is durable.
    pub(super) fn answer(self) {
        // a worker that ends meanwhile leaves its runs to the next start, as after any claim
        let _ = self.reply.send(self.jobs);
    }

    /// Forgets the claims of a transaction that failed; the worker gets no answer.
    pub(super) fn release(self, core: &Core) {
        for claimed in &self.jobs {
            let key = (claimed.job.tenant_id.clone(), claimed.job.job_id.clone());
            core.waiting.let_go(&key, false);
        }
    }
}

/// Claims jobs that the transaction under way queues, for the claim that waits.
///
/// # Errors
/// Any error of the database.
pub(super) fn claim(
    core: &Core,
    conn: &Connection,
    heads: &mut Heads,
    now: DateTime<Utc>,
    effects: &mut Effects,
) -> rusqlite::Result<()> {
    // most transactions queue nothing
    if effects.jobs.iter().all(|job| job.queue_seq.is_none()) {
        return Ok(());
    }
    // held until it is known whether there is an answer: who takes the claim back learns it
    let mut slot = core.standing.waiter();
    let Some(waiter) = slot.take() else { return Ok(()) };
    let mut jobs = Vec::new();
    let mut outcome = Ok(());
    if (waiter.ask.may_claim)() {
        let limits = (waiter.ask.limits)();
        for (job, run_id) in queued(&effects.jobs, now).iter().zip(&waiter.ask.runs) {
            match waiter.claim_one(core, conn, (heads, now), &limits, (job, run_id)) {
                Ok(Some((applied, claimed))) => {
                    effects.changes.extend(applied.changes);
                    effects.jobs.extend(applied.jobs);
                    jobs.push(claimed);
                }
                Ok(None) => {}
                Err(error) => {
                    outcome = Err(error);
                    break;
                }
            }
        }
    }
    if jobs.is_empty() && outcome.is_ok() {
        *slot = Some(waiter);
    } else {
        effects.fused = Some(Fused { reply: waiter.reply, jobs });
    }
    outcome
}

/// The jobs that a transaction queues and leaves queued, and that may start, in the order of queueing.
fn queued(written: &[Written], now: DateTime<Utc>) -> Vec<Arc<JobRecord>> {
    let mut last: BTreeMap<(&TenantId, &JobId), &Written> = BTreeMap::new();
    for job in written {
        last.insert((&job.tenant, &job.job_id), job);
    }
    let mut queued: Vec<(u64, Arc<JobRecord>)> = Vec::new();
    for job in last.into_values() {
        let Some((seq, (record, _))) = job.queue_seq.zip(job.record.as_ref()) else { continue };
        if record.queue.as_ref().is_some_and(|queue| may_start(queue.ready_at, now)) {
            queued.push((seq, Arc::clone(record)));
        }
    }
    queued.sort_by_key(|(seq, _)| *seq);
    queued.into_iter().map(|(_, job)| job).collect()
}

impl Waiter {
    /// Claims one job inside the transaction; `None` where it is left in the queue.
    fn claim_one(
        &self,
        core: &Core,
        conn: &Connection,
        (heads, now): (&mut Heads, DateTime<Utc>),
        limits: &RunningLimits,
        (job, run_id): (&JobRecord, &RunId),
    ) -> rusqlite::Result<Option<(Applied, Claimed)>> {
        let key = (job.tenant_id.clone(), job.job_id.clone());
        if !core.waiting.take_new(&key, now, limits) {
            return Ok(None);
        }
        let made = (self.ask.make)(job, run_id).ok().and_then(|made| {
            let after = Arc::new(made.0.clone());
            let commit = prepare(claim_commit(run_id, job.version, made), self.max_commit_bytes).ok()?;
            Some((commit, Claimed { run_id: run_id.clone(), job: after }))
        });
        let applied = match made {
            Some((commit, claimed)) => {
                apply(conn, heads, now.timestamp_millis(), &commit).map(|done| Some((done.ok()?, claimed)))
            }
            None => Ok(None),
        };
        if !matches!(applied, Ok(Some(_))) {
            core.waiting.let_go(&key, false);
        }
        applied
    }
}
