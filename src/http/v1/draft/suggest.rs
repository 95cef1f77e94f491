//! `POST /v1/jobs/{job_id}/draft/suggest`.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use crate::domain::error::ErrorCode;
use crate::http::error::ApiError;
use crate::http::extract::access::{Change, JobAccess};
use crate::http::extract::body::{Json, OptionalJson};
use crate::http::extract::headers::{IfMatch, version_tag};
use crate::http::route::RouteFacts;
use crate::http::state::App;
use crate::http::v1::openapi::groups::BINDING;
use crate::service::drafts::suggest_draft::{SuggestDraft, SuggestedDraft};

/// What becomes of the suggestion.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SuggestRequest {
    /// Submits the suggestion as the draft of the job, with the source `rules`. Without it nothing changes.
    #[serde(default)]
    submit: bool,
}

/// The facts of `suggest_draft`.
pub const FACTS: RouteFacts = RouteFacts {
    refusals: &[BINDING, &[ErrorCode::JobLocked, ErrorCode::JobIllegalTransition]],
    if_match: true,
    tagged: true,
    ..RouteFacts::NONE
};

/// Makes a draft from the requirement by rules, without a language model.
///
/// Every choice comes with its words, reason, alternatives and confidence; roles that the requirement does not name
/// are open questions. The same version of a job gives the same draft. The job changes only with `submit`. `draft` is
/// a body for the PUT.
#[utoipa::path(post, path = "/v1/jobs/{job_id}/draft/suggest", tag = "drafts", operation_id = "suggest_draft",
    params(("job_id" = String, Path)), request_body = SuggestRequest,
    security(("job_token" = []), ("api_key" = ["client", "admin"])),
    responses((status = 200, body = SuggestedDraft)))]
pub async fn handler(
    State(app): State<App>,
    access: JobAccess<Change>,
    IfMatch(if_match): IfMatch,
    OptionalJson(request): OptionalJson<SuggestRequest>,
) -> Result<Response, ApiError> {
    let suggested = SuggestDraft(&app.ctx)
        .execute(&access.caller, access.job, request.submit, if_match)
        .await
        .map_err(|problem| ApiError::from(problem).for_if_match(if_match))?;
    let version = suggested.version;
    let mut response = Json(suggested).into_response();
    response.headers_mut().insert(header::ETAG, version_tag(version));
    Ok(response)
}
