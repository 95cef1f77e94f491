//! Cancels the reading of an upload. The commit comes first; whoever reads sees it in the record and ends its reader.

use serde::Serialize;

use crate::domain::error::Problem;
use crate::domain::job::JobRecord;
use crate::service::shared::commits::{job_event, put_job, with_retries};
use crate::service::shared::context::{Caller, Context};

/// What became of the last upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AfterCancel {
    /// Its reading was cancelled, now or before; earlier inputs stay.
    Cancelled,
    /// It is the inputs: there was nothing to cancel.
    InputsReady,
    /// There is none, or it was refused.
    InputsMissing,
}

/// The use case.
pub struct CancelReading<'a>(pub &'a Context);

impl CancelReading<'_> {
    /// Cancels what is being read for a job; where nothing is, says so.
    ///
    /// # Errors
    /// `JOB_NOT_FOUND`, `JOB_VERSION_CONFLICT`, `STORE_UNAVAILABLE`.
    pub async fn execute(&self, caller: &Caller, job: &JobRecord) -> Result<AfterCancel, Problem> {
        let ctx = self.0;
        let after = with_retries(None, || async {
            let current = ctx.load_job(&job.tenant_id, &job.job_id).await?;
            let Some(next) = current.cancel_ingest(ctx.clock.now()) else { return Ok(current) };
            let event = job_event(ctx, caller, "inputs.reading_cancelled", Some(&current), &next);
            put_job(ctx, &current, next, event).await
        })
        .await?;
        // a request that is still under way has no note in the record
        let is_stopped = ctx.readings.stop(&after);
        Ok(match after.inputs {
            _ if is_stopped || after.has_cancelled_ingest() => AfterCancel::Cancelled,
            Some(_) => AfterCancel::InputsReady,
            None => AfterCancel::InputsMissing,
        })
    }
}
