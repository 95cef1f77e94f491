//! `GET /v1/jobs`: the jobs of an API key's tenant.

use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::domain::error::Problem;
use crate::domain::ids::TenantId;
use crate::domain::job::JobStatus;
use crate::http::error::ApiError;
use crate::http::extract::access::KeyAccess;
use crate::http::extract::body::{Json, Query};
use crate::http::extract::roles::AnyRole;
use crate::http::route::RouteFacts;
use crate::http::state::App;
use crate::service::Context;
use crate::service::jobs::job_view::JobView;
use crate::service::jobs::list_jobs::{JobQuery, ListJobs};

/// Most rows of one page.
pub const MAX_LIMIT: usize = 200;

/// Filters of jobs.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub struct Filter {
    /// 1 to 200; 50 when absent.
    limit: Option<usize>,
    cursor: Option<String>,
    #[param(inline)]
    status: Option<JobStatus>,
    client_ref: Option<String>,
    created_after: Option<DateTime<Utc>>,
    created_before: Option<DateTime<Utc>>,
}

/// One page of jobs, newest first.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct JobList {
    jobs: Vec<JobView>,
    next_cursor: Option<String>,
}

/// The facts of `list_jobs`.
pub const FACTS: RouteFacts = RouteFacts::NONE;

/// Lists jobs of the key's tenant.
///
/// Newest first, of the key's tenant. Pages follow `next_cursor`.
#[utoipa::path(get, path = "/v1/jobs", tag = "jobs", operation_id = "list_jobs", params(Filter),
    security(("api_key" = ["viewer", "client", "operator", "admin"])),
    responses((status = 200, body = JobList)))]
pub async fn handler(
    State(app): State<App>,
    access: KeyAccess<AnyRole>,
    Query(filter): Query<Filter>,
) -> Result<Json<JobList>, ApiError> {
    Ok(Json(filter.page(&app.ctx, Some(access.tenant)).await?))
}

impl Filter {
    /// Returns the page of jobs of a tenant, or of all, that the query asks for.
    ///
    /// # Errors
    /// `INPUT_VALIDATION_FAILED`; as reads of the store.
    pub async fn page(self, ctx: &Context, tenant: Option<TenantId>) -> Result<JobList, Problem> {
        let limit = checked_limit(self.limit)?;
        let query = JobQuery {
            tenant,
            status: self.status,
            client_ref: self.client_ref,
            created_after: self.created_after,
            created_before: self.created_before,
        };
        let (jobs, next_cursor) = ListJobs(ctx).execute(query, self.cursor, limit).await?;
        Ok(JobList { jobs, next_cursor })
    }
}

/// Checks a list's `limit`.
///
/// # Errors
/// `INPUT_VALIDATION_FAILED` outside 1 to 200.
pub fn checked_limit(limit: Option<usize>) -> Result<usize, Problem> {
    match limit {
        None => Ok(50),
        Some(n) if (1..=MAX_LIMIT).contains(&n) => Ok(n),
        Some(_) => Err(Problem::validation("limit", format!("must be 1 to {MAX_LIMIT}"))),
    }
}
