//! Cancels a job, or asks its running attempt to end. The commit comes first, the signal follows it.

use crate::domain::error::Problem;
use crate::domain::ids::{JobId, TenantId};
use crate::domain::job::{JobRecord, JobStatus};
use crate::service::shared::commits::{check_if_match, job_event, put_job, with_retries};
use crate::service::shared::context::{Caller, Context};

/// The use case.
pub struct CancelJob<'a>(pub &'a Context);

impl CancelJob<'_> {
    /// Cancels; a job that is cancelled already, or asked to, is answered as it is.
    ///
    /// # Errors
    /// `JOB_ILLEGAL_TRANSITION` after success or failure; `JOB_VERSION_CONFLICT`.
    pub async fn execute(
        &self,
        caller: &Caller,
        tenant: &TenantId,
        job_id: &JobId,
        if_match: Option<u64>,
    ) -> Result<JobRecord, Problem> {
        let ctx = self.0;
        with_retries(if_match, || async {
            let job = ctx.load_job(tenant, job_id).await?;
            check_if_match(if_match, &job)?;
            let asked = job.running_run().is_some_and(|run| run.cancel_requested.is_some());
            if job.status == JobStatus::Cancelled || asked {
                return Ok(job);
            }
            let next = job.cancel(ctx.clock.now())?;
            let action =
                if next.status == JobStatus::Running { "run.cancel_requested" } else { "job.cancelled" };
            let event = job_event(ctx, caller, action, Some(&job), &next);
            put_job(ctx, &job, next, event).await
        })
        .await
    }
}
