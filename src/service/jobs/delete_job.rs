//! Removes the content of a job on request. First the record loses it, in one commit; then the files go.
//! Whatever a crash leaves of them is found by the record and removed by the sweeper.

use std::io;
use std::sync::Arc;

use crate::domain::error::Problem;
use crate::domain::ids::{JobId, TenantId};
use crate::domain::job::JobRecord;
use crate::ports::job_files::JobFiles;
use crate::service::access::tenants::check_hold;
use crate::service::shared::commits::{check_if_match, job_event, put_job, with_retries};
use crate::service::shared::context::{Caller, Context};

/// What lies below a job's directory and is its content.
const CONTENT: [&str; 4] = ["inputs", "uploads", "artifacts", "runs"];

/// The use case.
pub struct DeleteJob<'a>(pub &'a Context);

impl DeleteJob<'_> {
    /// Removes the content; a job whose content was removed is answered as it is.
    ///
    /// # Errors
    /// `RETENTION_HOLD`, `JOB_ILLEGAL_TRANSITION` while it runs, `JOB_VERSION_CONFLICT`,
    /// `STORE_UNAVAILABLE`.
    pub async fn execute(
        &self,
        caller: &Caller,
        tenant: &TenantId,
        job_id: &JobId,
        if_match: Option<u64>,
    ) -> Result<JobRecord, Problem> {
        let ctx = self.0;
        let done = with_retries(if_match, || async {
            let job = ctx.load_job(tenant, job_id).await?;
            if job.is_removed() {
                return Ok(job);
            }
            check_if_match(if_match, &job)?;
            check_hold(ctx.store.as_ref(), tenant).await?;
            let next = job.remove_content("request", caller.reason.clone(), ctx.clock.now())?;
            let event = job_event(ctx, caller, "job.deleted", Some(&job), &next);
            put_job(ctx, &job, next, event).await
        })
        .await?;
        let (files, tenant, job_id) = (Arc::clone(&ctx.files), tenant.clone(), job_id.clone());
        // The work goes on if the caller leaves, and the sweeper repeats it in any case.
        let removed = ctx.pools.writes.run(move || remove_files(files.as_ref(), &tenant, &job_id)).await;
        if let Ok(Err(error)) = removed {
            tracing::warn!(event = "SS_CONTENT_NOT_REMOVED", %error, "files of removed content are left for the sweeper");
        }
        Ok(done)
    }
}

/// Removes the files of a job's content. Blocks.
///
/// # Errors
/// The first I/O error; the rest is tried all the same.
pub fn remove_files(files: &dyn JobFiles, tenant: &TenantId, job_id: &JobId) -> io::Result<()> {
    let mut first = files.remove_older(tenant, job_id);
    for part in CONTENT {
        if let Err(error) = files.remove(tenant, job_id, part) {
            first = first.and(Err(error));
        }
    }
    first
}
