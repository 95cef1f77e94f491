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
    /// Tenant of the jobs; absent for an administrator who sees all tenants.
    pub tenant: Option<TenantId>,
    /// State of the jobs.
    pub status: Option<JobStatus>,
    /// The client's own reference; compared as a whole.
    pub client_ref: Option<String>,
    /// Lower bound of the creation time (UTC).
    pub created_after: Option<DateTime<Utc>>,
    /// Upper bound of the creation time (UTC).
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
