//! Removes the content of a job on request. First the record loses it, in one commit; then the files go.
//! Whatever a crash leaves of them is found by the record and removed by the sweeper.

use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;

use crate::domain::error::Problem;
use crate::domain::ids::{JobId, TenantId};
use crate::domain::job::JobRecord;
use crate::ports::blob_store::BlobStore;
use crate::ports::legacy::LegacyRecords;
use crate::ports::workspace::Workspace;
use crate::service::access::tenants::check_hold;
use crate::service::batches::remove::{Remover, Removing, remove_batches};
use crate::service::shared::commits::{check_if_match, job_event, put_job, with_retries};
use crate::service::shared::context::{Caller, Context};

/// Directories of a job's blobs.
const BLOBS: [&str; 3] = ["inputs", "uploads", "artifacts"];
/// Directories of a job's scratch space.
pub const SCRATCH: [&str; 3] = ["inputs", "uploads", "runs"];

/// The ports to a job's files.
#[derive(Clone)]
pub struct ContentFiles {
    /// Published files that records cite; immutable.
    pub blobs: Arc<dyn BlobStore>,
    /// Local scratch space: uploads and working folders of runs.
    pub workspace: Arc<dyn Workspace>,
    /// Job records in the places of older releases.
    pub legacy: Arc<dyn LegacyRecords>,
}

impl ContentFiles {
    /// Removes the files of a job's content. Blocks.
    ///
    /// # Errors
    /// The first I/O error; the rest is tried all the same.
    pub fn remove(&self, tenant: &TenantId, job_id: &JobId) -> io::Result<()> {
        let blobs = BLOBS.map(|dir| self.blobs.delete(tenant, job_id, dir));
        let scratch = SCRATCH.map(|dir| self.workspace.remove(tenant, job_id, dir));
        let legacy = self.legacy.remove_dirs_of(tenant, job_id);
        blobs.into_iter().chain(scratch).chain([legacy]).collect()
    }

    /// Removes the files of these uploads of a job, and of no other: a new one may be published at this moment. Blocks.
    ///
    /// # Errors
    /// Any I/O error.
    pub fn remove_inputs(
        &self,
        tenant: &TenantId,
        job_id: &JobId,
        uploads: &BTreeSet<String>,
    ) -> io::Result<()> {
        uploads.iter().try_for_each(|upload| {
            self.blobs.delete(tenant, job_id, upload)?;
            self.workspace.remove(tenant, job_id, upload)
        })
    }
}

/// The use case.
pub struct DeleteJob<'a>(pub &'a Context);

impl DeleteJob<'_> {
    /// Removes the content, that of its batches before; a job whose content was removed is answered as it is.
    ///
    /// # Errors
    /// `RETENTION_HOLD`, `JOB_ILLEGAL_TRANSITION` while it or a batch of it runs, `JOB_LOCKED` for a cell of a batch,
    /// `JOB_VERSION_CONFLICT`, `STORE_UNAVAILABLE`.
    pub async fn execute(
        &self,
        caller: &Caller,
        tenant: &TenantId,
        job_id: &JobId,
        if_match: Option<u64>,
    ) -> Result<JobRecord, Problem> {
        let ctx = self.0;
        let found = ctx.load_job(tenant, job_id).await?;
        let if_match = match found.kept_batches().next() {
            Some(_) if !found.is_removed() => {
                self.remove_batches(caller, &found, if_match).await?;
                // this request itself wrote the record
                None
            }
            _ => if_match,
        };
        let done = with_retries(if_match, || async {
            let job = ctx.load_job(tenant, job_id).await?;
            if job.is_removed() {
                return Ok(job);
            }
            check_if_match(if_match, &job)?;
            job.check_own_plan()?;
            check_hold(ctx.store.as_ref(), tenant).await?;
            let next = job.remove_content("request", caller.reason.clone(), ctx.clock.now())?;
            let event = job_event(ctx, caller, "job.deleted", Some(&job), &next);
            put_job(ctx, &job, next, event).await
        })
        .await?;
        let files = ContentFiles {
            blobs: Arc::clone(&ctx.blobs),
            workspace: Arc::clone(&ctx.workspace),
            legacy: Arc::clone(&ctx.legacy),
        };
        let (tenant, job_id) = (tenant.clone(), job_id.clone());
        // The work continues if the caller leaves, and the sweeper repeats it in any case.
        let removed = ctx.pools.writes.run(move || files.remove(&tenant, &job_id)).await;
        if let Ok(Err(error)) = removed {
            tracing::warn!(event = "SS_CONTENT_NOT_REMOVED", %error, "files of removed content are left for the sweeper");
        }
        Ok(done)
    }

    /// Removes the batches of a job that can be removed itself.
    async fn remove_batches(
        &self,
        caller: &Caller,
        job: &JobRecord,
        if_match: Option<u64>,
    ) -> Result<(), Problem> {
        let ctx = self.0;
        check_if_match(if_match, job)?;
        check_hold(ctx.store.as_ref(), &job.tenant_id).await?;
        job.remove_content("request", None, ctx.clock.now())?;
        remove_batches(&Remover::from(ctx), job, Removing::asked_by(caller)).await
    }
}
