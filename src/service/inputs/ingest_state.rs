//! Notes in the job's record that an upload is being read, and how that failed. The notes are housekeeping: what an
//! upload changes is audited where it becomes the inputs.

use std::time::Duration;

use crate::domain::error::{ErrorCode, Problem};
use crate::domain::job::JobRecord;
use crate::domain::job::ingest::IngestState;
use crate::ports::store::Housekeeping;
use crate::service::shared::commits::{Attempt, put_job_with, with_retries};
use crate::service::shared::context::Context;

/// Time between two tries to note a failure.
const PAUSE: Duration = Duration::from_secs(1);

/// The outcome of a claim.
#[derive(Debug)]
pub enum Claim {
    /// The record says now that this server reads the upload.
    Taken,
    /// Another request has it read.
    UnderWay,
    /// The bundle is the inputs.
    Done,
}

/// Returns where the reading of a job's last upload stands, if it outlived its request. A server process other than this
/// one has ended: one process owns the store.
pub fn ingest_state(ctx: &Context, job: &JobRecord) -> Option<IngestState> {
    job.ingest_state(|server| server == ctx.server_id)
}

/// Notes that this server reads an upload; returns the record's new version.
///
/// # Errors
/// `JOB_NOT_FOUND`, `JOB_GONE`, `JOB_VERSION_CONFLICT`, `STORE_UNAVAILABLE`.
pub async fn begin(ctx: &Context, job: &JobRecord, upload_id: &str) -> Result<u64, Problem> {
    with_retries(None, || async {
        let current = ctx.load_job(&job.tenant_id, &job.job_id).await?;
        let next = current.begin_ingest(upload_id, &ctx.server_id, ctx.clock.now())?;
        note(ctx, &current, next).await
    })
    .await
}

/// Notes that this server reads a bundle, unless another request has it read or it is the inputs already.
///
/// # Errors
/// As [`begin`].
pub async fn claim_bundle(ctx: &Context, job: &JobRecord, upload_id: &str) -> Result<Claim, Problem> {
    with_retries(None, || async {
        let current = ctx.load_job(&job.tenant_id, &job.job_id).await?;
        if current.bundle.as_ref().is_some_and(|bundle| bundle.became_inputs) {
            return Ok(Claim::Done);
        }
        if ingest_state(ctx, &current) == Some(IngestState::UnderWay) {
            return Ok(Claim::UnderWay);
        }
        let next = current.begin_ingest(upload_id, &ctx.server_id, ctx.clock.now())?;
        note(ctx, &current, next).await.map(|_| Claim::Taken)
    })
    .await
}

/// Notes why an upload did not become the inputs. Tries until the store takes it: who polls waits for it.
pub async fn fail(ctx: &Context, job: &JobRecord, upload_id: &str, problem: &Problem) {
    loop {
        let noted = with_retries(None, || async {
            let current = ctx.load_job(&job.tenant_id, &job.job_id).await?;
            match current.fail_ingest(upload_id, problem, ctx.clock.now()) {
                Some(next) => note(ctx, &current, next).await.map(drop),
                None => Ok(()),
            }
        });
        match noted.await {
            Err(error) if may_pass(error.code) => tokio::time::sleep(PAUSE).await,
            Ok(()) | Err(_) => return,
        }
    }
}

fn may_pass(code: ErrorCode) -> bool {
    matches!(code, ErrorCode::StoreUnavailable | ErrorCode::StorageFull | ErrorCode::JobVersionConflict)
}

async fn note(ctx: &Context, current: &JobRecord, next: JobRecord) -> Result<u64, Attempt> {
    let id = ctx.ids.id("commit");
    let kind = Some(Housekeeping::IngestProgress);
    put_job_with(ctx.store.as_ref(), id, current, next, Vec::new(), kind).await.map(|(job, _)| job.version)
}
