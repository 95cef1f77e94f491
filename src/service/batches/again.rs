//! Queues the cells of a batch that failed or were cancelled once more, in one commit.

use super::{batch_event, check_version, commit, next_version, read_jobs, seen};
use crate::domain::batch::{BatchRecord, CellStatus};
use crate::domain::error::Problem;
use crate::domain::ids::BatchId;
use crate::domain::job::JobRecord;
use crate::ports::store::{Expect, Record, Write};
use crate::service::batches::read::ReadBatches;
use crate::service::runs::enqueue_run::check_plan;
use crate::service::shared::commits::{job_event, with_retries_up_to};
use crate::service::shared::context::{Caller, Context};
use crate::service::shared::quotas::admit_queued;
use crate::telemetry::traces;

/// The use case.
pub struct RunBatchAgain<'a>(pub &'a Context);

impl RunBatchAgain<'_> {
    /// Queues every failed and cancelled cell with a new budget of attempts; a batch without such a cell is returned as
    /// it is.
    ///
    /// # Errors
    /// `BATCH_NOT_FOUND`, `JOB_GONE`, `ARTIFACT_EXPIRED` where the inputs are not kept any more, `PLAN_OUTDATED`,
    /// `QUOTA_EXCEEDED`, `STORAGE_FULL`, `JOB_VERSION_CONFLICT`.
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
            check_version(if_match, &batch)?;
            batch.check_kept()?;
            let ended = batch
                .jobs()
                .filter(|(cell, _)| matches!(cell.status, CellStatus::Failed | CellStatus::Cancelled))
                .map(|(_, id)| id);
            let mut jobs = read_jobs(ctx, &batch, ended).await?;
            jobs.retain(|(_, found)| found.as_ref().is_some_and(|cell| ended_without_results(cell)));
            if jobs.is_empty() {
                return Ok(batch);
            }
            let owner = ctx.load_job(&job.tenant_id, &job.job_id).await?;
            owner.check_kept()?;
            owner.check_inputs_kept()?;
            ctx.check_space().await?;
            let admitted = admit_queued(ctx, &job.tenant_id, jobs.len() as u64).await?;
            let now = ctx.clock.now();
            let (mut writes, mut events) = (Vec::new(), Vec::new());
            for (_, found) in &mut jobs {
                let Some(cell) = found.clone() else { continue };
                check_plan(&cell)?;
                let mut next = cell.enqueue(now)?;
                next.trace.asked = traces::current();
                events.push(job_event(ctx, caller, "run.queued", Some(&cell), &next));
                writes.push(next_version(next.clone()));
                *found = Some(next.into());
            }
            let next = batch.queued_again(&seen(&jobs), now)?;
            let marked = owner.batch_ended(&batch.batch_id, None, now);
            events.insert(0, batch_event(ctx, caller, "batch.queued_again", &marked, &next));
            writes.push(Write::Put { record: Record::from(marked), expect: Expect::Version(owner.version) });
            writes.push(next_version(next.clone()));
            commit(ctx, writes, events, &admitted).await.map(|()| next)
        })
        .await
    }
}

fn ended_without_results(job: &JobRecord) -> bool {
    use crate::domain::job::JobStatus::{Cancelled, Failed};
    matches!(job.status, Failed | Cancelled)
}
