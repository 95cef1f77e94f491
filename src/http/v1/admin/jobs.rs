//! `/v1/admin/jobs`: the jobs of a tenant for operators, those of every tenant for administrators.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::Serialize;

use super::listed_tenant;
use super::task_codes::Reason;
use crate::domain::artifact::Artifact;
use crate::domain::error::{ErrorCode, Problem};
use crate::domain::job::JobStatus;
use crate::domain::run::Run;
use crate::http::error::ApiError;
use crate::http::extract::access::{Administer, JobAccess, KeyAccess};
use crate::http::extract::body::{Json, OptionalJson, Query};
use crate::http::extract::headers::IfMatch;
use crate::http::extract::roles::Operators;
use crate::http::route::RouteFacts;
use crate::http::state::App;
use crate::http::v1::jobs::list::{Filter, JobList};
use crate::http::v1::jobs::run::RunAnswer;
use crate::service::jobs::cancel_job::CancelJob;
use crate::service::jobs::job_view::{JobView, view_job};
use crate::service::runs::enqueue_run::EnqueueRun;

/// A job with additional data for operators. Its token is never shown.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct AdminJob {
    job: JobView,
    /// Every attempt, oldest first.
    runs: Vec<Run>,
    /// Task code that created the job, and expiry of its token.
    token: Option<TokenFacts>,
}

/// Metadata of a job's token.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct TokenFacts {
    code_id: String,
    expires_at: DateTime<Utc>,
    revoked: bool,
}

/// Every published file of a job.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct AdminArtifactList {
    job_id: String,
    tenant_id: String,
    artifacts: Vec<Artifact>,
}

/// The facts of `admin_list_jobs`.
pub const LIST_FACTS: RouteFacts = RouteFacts::NONE;

/// Lists the jobs of the key's tenant, newest first; for administrators without X-SS-Tenant-ID those of every tenant.
///
/// With the filters of `GET /v1/jobs`. Pages follow `next_cursor`; jobs that are created meanwhile do not
/// disturb them.
#[utoipa::path(get, path = "/v1/admin/jobs", tag = "admin", operation_id = "admin_list_jobs",
    params(Filter), security(("api_key" = ["operator", "admin"])),
    responses((status = 200, body = JobList)))]
pub async fn list(
    State(app): State<App>,
    access: KeyAccess<Operators>,
    Query(filter): Query<Filter>,
) -> Result<Json<JobList>, ApiError> {
    Ok(Json(filter.page(&app.ctx, listed_tenant(&access)).await?))
}

/// The facts of `admin_get_job`.
pub const DETAIL_FACTS: RouteFacts = RouteFacts { without_content: true, ..RouteFacts::NONE };

/// Shows a job with all its attempts.
///
/// With additional data for operators: every attempt in full, and metadata of the token,
/// which itself is never shown.
#[utoipa::path(get, path = "/v1/admin/jobs/{job_id}", tag = "admin", operation_id = "admin_get_job",
    params(("job_id" = String, Path)), security(("api_key" = ["operator", "admin"])),
    responses((status = 200, body = AdminJob)))]
pub async fn detail(
    State(app): State<App>,
    access: JobAccess<Administer>,
) -> Result<Json<AdminJob>, ApiError> {
    let job = view_job(&app.ctx, &access.job).await?;
    let token = access.job.token.as_ref().map(|token| TokenFacts {
        code_id: token.code_id.to_string(),
        expires_at: token.expires_at,
        revoked: token.revoked,
    });
    Ok(Json(AdminJob { job, runs: access.job.runs.clone(), token }))
}

/// The facts of `admin_retry_job`.
pub const RETRY_FACTS: RouteFacts = RouteFacts {
    refusals: &[&[
        ErrorCode::JobIllegalTransition,
        ErrorCode::PlanMissing,
        ErrorCode::PlanOutdated,
        ErrorCode::QuotaExceeded,
        ErrorCode::DependencyUnavailable,
    ]],
    if_match: true,
    ..RouteFacts::NONE
};

/// Queues a new run of a job that failed or was cancelled, with a new budget of automatic retries.
///
/// For jobs that failed or were cancelled; their plan stays the same. Queued, running and succeeded jobs
/// are returned unchanged.
#[utoipa::path(post, path = "/v1/admin/jobs/{job_id}/retry", tag = "admin",
    operation_id = "admin_retry_job", params(("job_id" = String, Path)), request_body = Reason,
    security(("api_key" = ["operator", "admin"])), responses((status = 200, body = RunAnswer)))]
pub async fn retry(
    State(app): State<App>,
    access: JobAccess<Administer>,
    IfMatch(if_match): IfMatch,
    OptionalJson(body): OptionalJson<Reason>,
) -> Result<Json<RunAnswer>, ApiError> {
    let caller = access.caller.because(checked(body.reason)?);
    let job = EnqueueRun(&app.ctx)
        .execute(&caller, &access.job.tenant_id, &access.job.job_id, &[], if_match)
        .await
        .map_err(|problem| ApiError::from(problem).for_if_match(if_match))?;
    Ok(Json(RunAnswer::from(&job)))
}

/// The facts of `admin_cancel_job`.
pub const CANCEL_FACTS: RouteFacts = RouteFacts {
    refusals: &[&[ErrorCode::JobIllegalTransition]],
    without_content: true,
    if_match: true,
    ..RouteFacts::NONE
};

/// Cancels a job; 202 while the engine's processes are being ended.
///
/// The same as the job's own cancel, for operators. The reason is kept in the audit trail.
#[utoipa::path(post, path = "/v1/admin/jobs/{job_id}/cancel", tag = "admin",
    operation_id = "admin_cancel_job", params(("job_id" = String, Path)), request_body = Reason,
    security(("api_key" = ["operator", "admin"])),
    responses((status = 200, body = RunAnswer), (status = 202, body = RunAnswer)))]
pub async fn cancel(
    State(app): State<App>,
    access: JobAccess<Administer>,
    IfMatch(if_match): IfMatch,
    OptionalJson(body): OptionalJson<Reason>,
) -> Result<Response, ApiError> {
    let caller = access.caller.because(checked(body.reason)?);
    let job = CancelJob(&app.ctx)
        .execute(&caller, &access.job.tenant_id, &access.job.job_id, if_match)
        .await
        .map_err(|problem| ApiError::from(problem).for_if_match(if_match))?;
    let status = if job.status == JobStatus::Running { StatusCode::ACCEPTED } else { StatusCode::OK };
    Ok((status, Json(RunAnswer::from(&job))).into_response())
}

/// The facts of `admin_list_artifacts`.
pub const ARTIFACTS_FACTS: RouteFacts = RouteFacts { without_content: true, ..RouteFacts::NONE };

/// Lists a job's artifacts.
///
/// Files stay listed with their hashes after their content was removed.
#[utoipa::path(get, path = "/v1/admin/jobs/{job_id}/artifacts", tag = "admin",
    operation_id = "admin_list_artifacts", params(("job_id" = String, Path)),
    security(("api_key" = ["operator", "admin"])), responses((status = 200, body = AdminArtifactList)))]
pub async fn artifacts(access: JobAccess<Administer>) -> Json<AdminArtifactList> {
    Json(AdminArtifactList {
        job_id: access.job.job_id.to_string(),
        tenant_id: access.job.tenant_id.to_string(),
        artifacts: access.job.public_artifacts(),
    })
}

fn checked(reason: Option<String>) -> Result<Option<String>, Problem> {
    if reason.as_ref().is_some_and(|text| text.chars().count() > 1000) {
        return Err(Problem::validation("reason", "must have at most 1000 characters"));
    }
    Ok(reason)
}
