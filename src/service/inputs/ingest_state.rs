//! Notes in the job's record that an upload is being read, and how that failed. The notes are housekeeping: what an
//! upload changes is audited where it becomes the inputs.

use std::time::Duration;

use crate::domain::error::{ErrorCode, Problem};
use crate::domain::job::JobRecord;
use crate::domain::job::ingest::{Ingest, IngestState, Reading};
use crate::ports::store::Housekeeping;
use crate::service::shared::commits::{Attempt, put_job_with, with_retries};
use crate::service::shared::context::Context;
use crate::service::shared::quotas::Admitted;

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

/// Returns where the reading of a job's last upload stands, if it outlived its request.
pub fn ingest_state(ctx: &Context, job: &JobRecord) -> Option<IngestState> {
    job.ingest_state(|server| lives(ctx, server))
}

/// True if a server process still runs. One other than this has ended, unless several share the store.
pub fn lives(ctx: &Context, server: &str) -> bool {
    server == ctx.server_id || ctx.cluster.as_ref().is_some_and(|cluster| cluster.lives(server))
}

/// Notes that this server reads an upload; returns the record's new version.
///
/// # Errors
/// `JOB_NOT_FOUND`, `JOB_GONE`, `JOB_VERSION_CONFLICT`, `STORE_UNAVAILABLE`.
pub async fn begin(
    ctx: &Context,
    job: &JobRecord,
    upload_id: &str,
    reading: &Reading,
) -> Result<u64, Problem> {
    with_retries(None, || async {
        let current = ctx.load_job(&job.tenant_id, &job.job_id).await?;
        let next = current.begin_ingest(upload_id, reading.clone(), &ctx.server_id, ctx.clock.now())?;
        note(ctx, &current, next).await
    })
    .await
}

/// Notes that this server reads a bundle, unless another request has it read or it is the inputs already.
///
/// # Errors
/// As [`begin`].
pub async fn claim_bundle(
    ctx: &Context,
    job: &JobRecord,
    upload_id: &str,
    reading: &Reading,
) -> Result<Claim, Problem> {
    with_retries(None, || async {
        let current = ctx.load_job(&job.tenant_id, &job.job_id).await?;
        if current.bundle.as_ref().is_some_and(|bundle| bundle.became_inputs) {
            return Ok(Claim::Done);
        }
        let is_read = |ingest: &Ingest| ingest.failure.is_none() && lives(ctx, &ingest.server);
        if current.ingest.as_ref().is_some_and(is_read) {
            return Ok(Claim::UnderWay);
        }
        let next = current.begin_ingest(upload_id, reading.clone(), &ctx.server_id, ctx.clock.now())?;
        note(ctx, &current, next).await.map(|_| Claim::Taken)
    })
    .await
}

/// Notes that this server continues a reading, whose server has ended or which is its own, into the folder `upload_id`;
/// returns the record with the note, or `None` where another one was first or nothing is left to read. An earlier commit
/// of the reading whose outcome is not known can no longer be applied then.
///
/// # Errors
/// `JOB_NOT_FOUND`, `STORE_UNAVAILABLE`.
pub async fn continue_reading(
    ctx: &Context,
    job: &JobRecord,
    is_ours: impl Fn(&Ingest) -> bool,
    upload_id: &str,
) -> Result<Option<JobRecord>, Problem> {
    with_retries(None, || async {
        let current = ctx.load_job(&job.tenant_id, &job.job_id).await?;
        let left = current.ingest.as_ref().filter(|ingest| current.awaits_ingest() && is_ours(ingest));
        let Some(left) = left else { return Ok(None) };
        let now = ctx.clock.now();
        let (next, continues) = match current.continue_ingest(upload_id, &ctx.server_id, now) {
            Ok(next) => (next, true),
            Err(problem) => match current.fail_ingest(&left.upload_id, &problem, now) {
                Some(next) => (next, false),
                None => return Ok(None),
            },
        };
        note(ctx, &current, next.clone()).await?;
        Ok(continues.then_some(next))
    })
    .await
}

/// Notes why an upload did not become the inputs; returns false where the record no longer says that this reading is under
/// way. Tries until the store takes it: who polls waits for it.
pub async fn fail(ctx: &Context, job: &JobRecord, upload_id: &str, problem: &Problem) -> bool {
    loop {
        let noted = with_retries(None, || async {
            let current = ctx.load_job(&job.tenant_id, &job.job_id).await?;
            match current.fail_ingest(upload_id, problem, ctx.clock.now()) {
                Some(next) => note(ctx, &current, next).await.map(|_| true),
                None => Ok(false),
            }
        });
        match noted.await {
            Err(error) if may_pass(error.code) => tokio::time::sleep(PAUSE).await,
            Ok(noted) => return noted,
            Err(_) => return false,
        }
    }
}

fn may_pass(code: ErrorCode) -> bool {
    matches!(code, ErrorCode::StoreUnavailable | ErrorCode::StorageFull | ErrorCode::JobVersionConflict)
}

async fn note(ctx: &Context, current: &JobRecord, next: JobRecord) -> Result<u64, Attempt> {
    let id = ctx.ids.id("commit");
    let kind = Some(Housekeeping::IngestProgress);
    put_job_with(ctx.store.as_ref(), id, current, next, Vec::new(), kind, &Admitted::default())
        .await
        .map(|(job, _)| job.version)
}
