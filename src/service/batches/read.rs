//! Reads batches, and shows what a request for one would make.

use super::create::{CreateBatch, cell_of};
use super::judge::judge;
use super::request::BatchRequest;
use super::views::BatchPreview;
use crate::domain::batch::{BatchCell, BatchRecord};
use crate::domain::error::{ErrorCode, Problem};
use crate::domain::ids::{BatchId, JobId, TenantId};
use crate::domain::job::JobRecord;
use crate::ports::store::{Page, StoreExt};
use crate::service::shared::commits::read_problem;
use crate::service::shared::context::Context;

/// Earlier batches of a job whose times say how long a new one will take.
const EARLIER: usize = 5;

/// The use cases.
pub struct ReadBatches<'a>(pub &'a Context);

impl ReadBatches<'_> {
    /// Reads a batch of a job.
    ///
    /// # Errors
    /// `BATCH_NOT_FOUND`, also for a batch of another job; as reads of the store.
    pub async fn get(&self, job: &JobRecord, batch_id: &BatchId) -> Result<BatchRecord, Problem> {
        let found = self.0.store.batch(batch_id).await.map_err(read_problem)?;
        let own = |batch: &BatchRecord| (&batch.tenant_id, &batch.job_id) == (&job.tenant_id, &job.job_id);
        found.filter(own).ok_or_else(not_found)
    }

    /// Returns the batches of a job, newest first.
    ///
    /// # Errors
    /// `INPUT_VALIDATION_FAILED` for a cursor of another list; as reads of the store.
    pub async fn list(
        &self,
        job: &JobRecord,
        cursor: Option<String>,
        limit: usize,
    ) -> Result<Page<BatchRecord>, Problem> {
        let found = self.0.store.list_batches(&job.tenant_id, &job.job_id, cursor, limit).await;
        found.map_err(read_problem)
    }

    /// Returns the cells that a request would make, each queued or refused with its reasons. Writes nothing.
    ///
    /// # Errors
    /// As [`CreateBatch::execute`], but for `BATCH_CELLS_INVALID` and quotas.
    pub async fn preview(
        &self,
        tenant: &TenantId,
        job_id: &JobId,
        request: &BatchRequest,
    ) -> Result<BatchPreview, Problem> {
        let ctx = self.0;
        let specs = request.cells(ctx.options.batch_cells)?;
        let job = ctx.load_shared_job(tenant, job_id).await?;
        let basis = CreateBatch(ctx).basis(&job, request)?;
        let cells = judge(ctx, &job, request, &basis, specs).await?;
        let cells = (1..).zip(&cells).map(|(index, judged)| cell_of(index, judged)).collect();
        let earlier = self.list(&job, None, EARLIER).await?.items;
        let earlier: Vec<BatchCell> = earlier.into_iter().flat_map(|batch| batch.cells).collect();
        Ok(BatchPreview::of(ctx, &job, cells, &earlier, request.skip_invalid))
    }
}

/// The refusal of a batch that is not there.
pub fn not_found() -> Problem {
    Problem::new(ErrorCode::BatchNotFound, "the job has no such batch")
}
