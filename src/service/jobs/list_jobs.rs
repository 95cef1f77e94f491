//! Lists jobs as their clients see them.

use chrono::{DateTime, Utc};

use crate::domain::error::Problem;
use crate::domain::ids::TenantId;
use crate::domain::job::JobStatus;
use crate::ports::store::{JobFilter, StoreExt};
use crate::service::jobs::job_view::{JobView, view_job};
use crate::service::shared::commits::read_problem;
use crate::service::shared::context::Context;

/// The jobs to list; an absent field matches every job. Both bounds of the creation time are exclusive.
#[derive(Debug, Default)]
pub struct JobQuery {
    pub tenant: Option<TenantId>,
    pub status: Option<JobStatus>,
    pub client_ref: Option<String>,
    pub created_after: Option<DateTime<Utc>>,
    pub created_before: Option<DateTime<Utc>>,
}

/// The use case.
pub struct ListJobs<'a>(pub &'a Context);

impl ListJobs<'_> {
    /// Returns at most `limit` jobs after a cursor, newest first, and the cursor of the next page.
    ///
    /// # Errors
    /// `INPUT_VALIDATION_FAILED` for a cursor that no page returned; as reads of the store.
    pub async fn execute(
        &self,
        query: JobQuery,
        cursor: Option<String>,
        limit: usize,
    ) -> Result<(Vec<JobView>, Option<String>), Problem> {
        let JobQuery { tenant, status, client_ref, created_after, created_before } = query;
        let filter = JobFilter { tenant, status, client_ref, created_after, created_before, cursor, limit };
        let page = self.0.store.list_jobs(filter).await.map_err(read_problem)?;
        let mut jobs = Vec::with_capacity(page.items.len());
        for job in &page.items {
            jobs.push(view_job(self.0, job).await?);
        }
        Ok((jobs, page.next_cursor))
    }
}
