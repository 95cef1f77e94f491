//! Reads the cells of a batch for a comparison.

use super::columns::of_cell;
use super::{Compared, labels_of};
use crate::domain::error::Problem;
use crate::domain::ids::BatchId;
use crate::domain::job::JobRecord;
use crate::service::batches::read::ReadBatches;
use crate::service::batches::read_jobs;
use crate::service::shared::context::Context;

/// The use case.
pub struct CompareBatch<'a>(pub &'a Context);

impl CompareBatch<'_> {
    /// Reads every cell: those with results, and the others with the reason why they have none. `wanted` is a term or a column;
    /// absent: the focus of the batch.
    ///
    /// # Errors
    /// `BATCH_NOT_FOUND`, `JOB_GONE`; as reads of the store.
    pub async fn execute(
        &self,
        job: &JobRecord,
        batch_id: &BatchId,
        wanted: Option<String>,
    ) -> Result<Compared, Problem> {
        let batch = ReadBatches(self.0).get(job, batch_id).await?;
        batch.check_kept()?;
        let jobs = read_jobs(self.0, &batch, batch.jobs().map(|(_, id)| id)).await?;
        let columns = batch.cells.iter().map(|cell| {
            let found = jobs.iter().find(|(id, _)| Some(id) == cell.job_id.as_ref());
            of_cell(&self.0.library, cell, found.and_then(|(_, job)| job.as_deref()))
        });
        Ok(Compared {
            title: batch.title.clone(),
            wanted: wanted.or_else(|| batch.focus.clone()),
            columns: columns.collect(),
            labels: labels_of(jobs.iter().filter_map(|(_, job)| job.as_ref())),
            ended_at: batch.ended_at.unwrap_or(batch.updated_at).timestamp(),
        }
        .named())
    }
}
