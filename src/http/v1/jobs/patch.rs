//! `PATCH /v1/jobs/{job_id}`.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::get::answer_job;
use crate::domain::error::ErrorCode;
use crate::http::error::ApiError;
use crate::http::extract::access::{Change, JobAccess};
use crate::http::extract::body::Json;
use crate::http::extract::headers::IfMatch;
use crate::http::route::RouteFacts;
use crate::http::state::App;
use crate::service::jobs::job_view::JobView;
use crate::service::jobs::patch_job::{PatchBody, PatchJob};

/// The facts of `patch_job`.
pub const FACTS: RouteFacts =
    RouteFacts { refusals: &[&[ErrorCode::JobLocked]], if_match: true, tagged: true, ..RouteFacts::NONE };

/// Changes requirement, title, reference or data sharing; a changed requirement makes the draft stale.
///
/// The requirement changes before the freeze only. `null` clears title and reference. A request that changes
/// nothing creates no new version.
#[utoipa::path(patch, path = "/v1/jobs/{job_id}", tag = "jobs", operation_id = "patch_job",
    params(("job_id" = String, Path)), request_body = PatchBody,
    security(("job_token" = []), ("api_key" = ["client", "admin"])),
    responses((status = 200, body = JobView)))]
pub async fn handler(
    State(app): State<App>,
    access: JobAccess<Change>,
    IfMatch(if_match): IfMatch,
    Json(body): Json<PatchBody>,
) -> Result<Response, ApiError> {
    let job = PatchJob(&app.ctx)
        .execute(&access.caller, &access.job.tenant_id, &access.job.job_id, &body, if_match)
        .await
        .map_err(|problem| ApiError::from(problem).for_if_match(if_match))?;
    answer_job(&app.ctx, &job, StatusCode::OK).await
}
