//! Keeps the records of batches up to date: a task follows the changes of cells that this server makes, and looks at every
//! open batch at the start and from time to time, for cells that another server changed before it was lost. Each write has
//! a condition on the version of the batch, so that several servers may follow, and none is needed for a cell to run.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{Read, batch_event, read_jobs, seen};
use crate::domain::audit::{Actor, AuditEvent};
use crate::domain::batch::BatchRecord;
use crate::domain::error::Problem;
use crate::domain::ids::{BatchId, JobId};
use crate::ports::store::{
    Change, ChangedRecord, Commit, CommitError, Expect, Housekeeping, Record, StoreExt, Write,
};
use crate::service::shared::commits::{Attempt, commit_attempt, read_problem};
use crate::service::shared::context::{Caller, Context};

/// Changes within this time are handled together.
const GATHER: Duration = Duration::from_millis(100);
/// Pause after an error of the store.
const AGAIN: Duration = Duration::from_secs(2);
/// Time between two looks at every open batch.
const LOOK: Duration = Duration::from_secs(60);
/// Most times that one batch is written again after another writer.
const TRIES: u32 = 20;

/// Cells that changed, by their batch.
type Changed = BTreeMap<BatchId, BTreeSet<JobId>>;

/// Follows the cells of batches.
pub struct BatchFollower {
    ctx: Arc<Context>,
    changes: mpsc::UnboundedReceiver<Change>,
    changed: Changed,
}

impl BatchFollower {
    /// Listens from now on, and brings every open batch up to date: nothing falls between.
    ///
    /// # Errors
    /// As reads of the store.
    pub async fn start(ctx: Arc<Context>) -> Result<Self, Problem> {
        let changes = ctx.store.changes();
        let mut follower = Self { ctx, changes, changed: Changed::new() };
        follower.look().await?;
        follower.catch_up().await;
        Ok(follower)
    }

    /// Notes every open batch; [`follow_batch`] reads the cells that are open in its record.
    async fn look(&mut self) -> Result<(), Problem> {
        for batch in self.ctx.store.open_batches().await.map_err(read_problem)? {
            self.changed.entry(batch.batch_id).or_default();
        }
        Ok(())
    }

    /// Follows until `stop` fires or the store closes.
    pub async fn run(mut self, stop: CancellationToken) {
        loop {
            let pause = if self.changed.is_empty() { LOOK } else { AGAIN };
            tokio::select! {
                () = stop.cancelled() => return,
                change = self.changes.recv() => match change {
                    Some(change) => self.note(change),
                    None => return,
                },
                // what could not be read or written is tried again
                () = tokio::time::sleep(pause) => drop(self.look().await),
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(GATHER) => {}
            }
            while let Ok(change) = self.changes.try_recv() {
                self.note(change);
            }
            self.catch_up().await;
        }
    }

    fn note(&mut self, change: Change) {
        if let ChangedRecord::Job(job) = change.record
            && let Some(cell) = &job.cell
        {
            self.changed.entry(cell.batch_id.clone()).or_default().insert(job.job_id.clone());
        }
    }

    /// Brings every batch with a changed cell up to date; what fails is kept for the next time.
    async fn catch_up(&mut self) {
        for (batch_id, cells) in std::mem::take(&mut self.changed) {
            if let Err(problem) = follow_batch(&self.ctx, &batch_id, &cells).await {
                let code = problem.code.as_str();
                tracing::warn!(event = "SS_BATCH_POSTPONED", %batch_id, code, "a batch cannot be brought up to date now");
                self.changed.entry(batch_id).or_default().extend(cells);
            }
        }
    }
}

/// Brings a batch up to date with these cells and those that are open in its record.
///
/// # Errors
/// As the store's.
pub async fn follow_batch(ctx: &Context, batch_id: &BatchId, cells: &BTreeSet<JobId>) -> Result<(), Problem> {
    for _ in 0..TRIES {
        let Some(batch) = ctx.store.batch(batch_id).await.map_err(read_problem)? else { return Ok(()) };
        let wanted = batch.jobs().filter(|(cell, id)| cell.status.is_open() || cells.contains(id));
        let jobs: Vec<Read> = read_jobs(ctx, &batch, wanted.map(|(_, id)| id)).await?;
        let Some(next) = batch.followed(&seen(&jobs), ctx.clock.now()) else { return Ok(()) };
        match write(ctx, &batch, &next).await {
            Ok(()) => {
                ctx.subscriptions.changed(&next.tenant_id, &next.job_id);
                return Ok(());
            }
            Err(Attempt::Lost { .. }) => {}
            Err(Attempt::Refused(problem)) => return Err(problem),
        }
    }
    Err(Problem::internal())
}

/// Writes the next version of a batch; its end and its new beginning are events of its job, whose record notes them.
async fn write(ctx: &Context, batch: &BatchRecord, next: &BatchRecord) -> Result<(), Attempt> {
    let put = Write::Put { record: next.clone().into(), expect: Expect::Version(batch.version) };
    let job = match ctx.store.job(&next.tenant_id, &next.job_id).await {
        Ok(job) if batch.is_open() != next.is_open() => job,
        // without a readable record of the job the batch is brought up to date all the same
        _ => None,
    };
    let (mut writes, mut audit) = (vec![put], Vec::new());
    if let Some(job) = job {
        let marked = job.batch_ended(&next.batch_id, next.ended_at, ctx.clock.now());
        let action = if next.is_open() { "batch.opened_again" } else { "batch.completed" };
        audit.push(own_event(ctx, action, &marked, next));
        writes.push(Write::Put { record: Record::from(marked), expect: Expect::Version(job.version) });
    }
    let housekeeping = audit.is_empty().then_some(Housekeeping::BatchProgress);
    let commit = Commit { id: ctx.ids.id("commit"), writes, audit, housekeeping, within: None };
    match ctx.store.commit(commit).await {
        Ok(_) => Ok(()),
        Err(CommitError::Conflict { .. }) => Err(Attempt::Lost { expected: 0, actual: 0 }),
        Err(error) => Err(commit_attempt(error)),
    }
}

fn own_event(
    ctx: &Context,
    action: &str,
    job: &crate::domain::job::JobRecord,
    batch: &BatchRecord,
) -> AuditEvent {
    let caller = Caller {
        actor: Actor::system("batches"),
        trace_id: job.trace_id.clone(),
        address: None,
        reason: None,
    };
    batch_event(ctx, &caller, action, job, batch)
}
