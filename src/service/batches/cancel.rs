//! Cancels a batch in one commit: its queued cells are cancelled, its running cells asked to end, so that no cell starts
//! afterwards.

use super::{batch_event, check_version, commit, next_version, read_jobs, seen};
use crate::domain::batch::{BatchRecord, BatchStatus};
use crate::domain::error::Problem;
use crate::domain::ids::BatchId;
use crate::domain::job::{JobRecord, JobStatus};
use crate::service::batches::read::ReadBatches;
use crate::service::shared::commits::{job_event, with_retries_up_to};
use crate::service::shared::context::{Caller, Context};
use crate::service::shared::quotas::Admitted;

/// The use case.
pub struct CancelBatch<'a>(pub &'a Context);

impl CancelBatch<'_> {
    /// Cancels; a batch that is cancelled already, or asked to, is returned as it is.
    ///
    /// # Errors
    /// `BATCH_NOT_FOUND`, `JOB_GONE`, `JOB_ILLEGAL_TRANSITION` after the end, `JOB_VERSION_CONFLICT`.
    pub async fn execute(
        &self,
        caller: &Caller,
        job: &JobRecord,
        batch_id: &BatchId,
        if_match: Option<u64>,
    ) -> Result<BatchRecord, Problem> {
        let ctx = self.0;
        with_retries_up_to(super::RETRIES, || async {
            let batch = ReadBatches(ctx).get(job, batch_id).await?;
            let asked = batch.cancel_requested.is_some() && batch.is_open();
            if asked || (batch.status == BatchStatus::Cancelled && batch.removed.is_none()) {
                return Ok(batch);
            }
            check_version(if_match, &batch)?;
            let now = ctx.clock.now();
            let mut jobs = read_jobs(ctx, &batch, batch.jobs().map(|(_, id)| id)).await?;
            let (mut writes, mut events) = (Vec::new(), Vec::new());
            for (_, found) in &mut jobs {
                let open = found.as_ref().filter(|job| waits_or_runs(job)).cloned();
                let Some(cell) = open else { continue };
                let next = cell.cancel(now)?;
                let running = next.status == JobStatus::Running;
                let action = if running { "run.cancel_requested" } else { "job.cancelled" };
                events.push(job_event(ctx, caller, action, Some(&cell), &next));
                writes.push(next_version(next.clone()));
                *found = Some(next.into());
            }
            let next = batch.cancel(&seen(&jobs), now)?;
            events.insert(0, batch_event(ctx, caller, "batch.cancel_requested", job, &next));
            writes.push(next_version(next.clone()));
            commit(ctx, writes, events, &Admitted::default()).await.map(|()| next)
        })
        .await
    }
}

/// True for a cell that a cancel changes.
fn waits_or_runs(job: &JobRecord) -> bool {
    let asked = job.running_run().is_some_and(|run| run.cancel_requested.is_some());
    matches!(job.status, JobStatus::Queued | JobStatus::Running) && !asked
}
