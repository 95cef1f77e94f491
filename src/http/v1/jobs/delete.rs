//! `DELETE /v1/jobs/{job_id}`.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::get::answer_job;
use crate::domain::error::ErrorCode;
use crate::http::error::ApiError;
use crate::http::extract::access::{JobAccess, Remove};
use crate::http::extract::headers::IfMatch;
use crate::http::route::RouteFacts;
use crate::http::state::App;
use crate::service::jobs::delete_job::DeleteJob;
use crate::service::jobs::job_view::JobView;

/// The facts of `delete_job`.
pub const FACTS: RouteFacts = RouteFacts {
    refusals: &[&[ErrorCode::RetentionHold, ErrorCode::JobIllegalTransition, ErrorCode::JobLocked]],
    without_content: true,
    if_match: true,
    tagged: true,
    ..RouteFacts::NONE
};

/// Removes the content of a job: inputs, artifacts, runs, texts. Ids, hashes and the audit trail stay.
///
/// The job itself stays readable with `removed`. A waiting job is cancelled first; a running one refuses
/// (409), and so does everything under a hold (403). Repeating the removal returns the same response.
#[utoipa::path(delete, path = "/v1/jobs/{job_id}", tag = "jobs", operation_id = "delete_job",
    params(("job_id" = String, Path)), security(("job_token" = []), ("api_key" = ["operator", "admin"])),
    responses((status = 200, body = JobView)))]
pub async fn handler(
    State(app): State<App>,
    access: JobAccess<Remove>,
    IfMatch(if_match): IfMatch,
) -> Result<Response, ApiError> {
    let job = DeleteJob(&app.ctx)
        .execute(&access.caller, &access.job.tenant_id, &access.job.job_id, if_match)
        .await
        .map_err(|problem| ApiError::from(problem).for_if_match(if_match))?;
    answer_job(&app.ctx, &job, StatusCode::OK).await
}
