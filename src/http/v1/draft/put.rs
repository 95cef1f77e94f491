//! `PUT /v1/jobs/{job_id}/draft`.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};

use crate::domain::error::ErrorCode;
use crate::domain::job::JobRecord;
use crate::http::error::ApiError;
use crate::http::extract::access::{Change, JobAccess};
use crate::http::extract::body::Json;
use crate::http::extract::headers::{IfMatch, version_tag};
use crate::http::route::RouteFacts;
use crate::http::state::App;
use crate::http::v1::openapi::groups::BINDING;
use crate::service::Context;
use crate::service::drafts::draft_request::DraftRequest;
use crate::service::drafts::draft_view::{DraftView, view_draft};
use crate::service::drafts::state_draft::StateDraft;

/// The facts of `state_draft`.
pub const FACTS: RouteFacts = RouteFacts {
    refusals: &[BINDING, &[ErrorCode::DraftNotFound, ErrorCode::JobLocked, ErrorCode::JobIllegalTransition]],
    if_match: true,
    tagged: true,
    ..RouteFacts::NONE
};

/// Submits the draft; replaces the present one completely.
///
/// Checked like a model's draft: the template must apply, columns must exist, conditions must be valid.
/// The named role fields are views of `roles`; setting both to different values is an error.
#[utoipa::path(put, path = "/v1/jobs/{job_id}/draft", tag = "drafts", operation_id = "state_draft",
    params(("job_id" = String, Path)), request_body = DraftRequest,
    security(("job_token" = []), ("api_key" = ["client", "admin"])),
    responses((status = 200, body = DraftView)))]
pub async fn handler(
    State(app): State<App>,
    access: JobAccess<Change>,
    IfMatch(if_match): IfMatch,
    Json(request): Json<DraftRequest>,
) -> Result<Response, ApiError> {
    let stated = request.read()?;
    let job = StateDraft(&app.ctx)
        .execute(&access.caller, &access.job.tenant_id, &access.job.job_id, stated, if_match)
        .await
        .map_err(|problem| ApiError::from(problem).for_if_match(if_match))?;
    answer_draft(&app.ctx, &job)
}

/// Returns the draft of a job with its entity tag.
///
/// # Errors
/// `DRAFT_NOT_FOUND`.
pub fn answer_draft(ctx: &Context, job: &JobRecord) -> Result<Response, ApiError> {
    let mut response = Json(view_draft(ctx, job)?).into_response();
    response.headers_mut().insert(header::ETAG, version_tag(job.version));
    Ok(response)
}
