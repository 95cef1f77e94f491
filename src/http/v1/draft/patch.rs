//! `POST /v1/jobs/{job_id}/draft/patch`.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::domain::error::ErrorCode;
use crate::http::error::ApiError;
use crate::http::extract::access::{Change, JobAccess};
use crate::http::extract::body::Json;
use crate::http::extract::headers::{IfMatch, version_tag};
use crate::http::route::RouteFacts;
use crate::http::state::App;
use crate::http::v1::openapi::groups::BINDING;
use crate::service::drafts::draft_parts::Unknown;
use crate::service::drafts::draft_view::{DraftView, view_draft};
use crate::service::drafts::state_draft::StateDraft;

/// Keys of PUT, dotted `parameters.<name>` and `roles.<name>`; `null` clears.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PatchRequest {
    #[schema(value_type = Object)]
    field_updates: Map<String, Value>,
}

/// Open points after the patch.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct PatchAnswer {
    /// Always `patched`.
    status: String,
    patched_fields: Vec<String>,
    remaining_unknowns_count: usize,
    open_unknowns: Vec<Unknown>,
    draft_preview: DraftView,
}

/// The facts of `patch_draft`.
pub const FACTS: RouteFacts = RouteFacts {
    refusals: &[BINDING, &[ErrorCode::DraftNotFound, ErrorCode::JobLocked, ErrorCode::JobIllegalTransition]],
    if_match: true,
    tagged: true,
    ..RouteFacts::NONE
};

/// Changes parts of the draft.
///
/// Keys are those of the PUT, with dots for single parameters and roles (`parameters.level`,
/// `roles.controls`). `null` clears a key.
#[utoipa::path(post, path = "/v1/jobs/{job_id}/draft/patch", tag = "drafts", operation_id = "patch_draft",
    params(("job_id" = String, Path)), request_body = PatchRequest,
    security(("job_token" = []), ("api_key" = ["client", "admin"])),
    responses((status = 200, body = PatchAnswer)))]
pub async fn handler(
    State(app): State<App>,
    access: JobAccess<Change>,
    IfMatch(if_match): IfMatch,
    Json(request): Json<PatchRequest>,
) -> Result<Response, ApiError> {
    let job = StateDraft(&app.ctx)
        .patch(&access.caller, &access.job.tenant_id, &access.job.job_id, &request.field_updates, if_match)
        .await
        .map_err(|problem| ApiError::from(problem).for_if_match(if_match))?;
    let draft_preview = view_draft(&app.ctx, &job)?;
    let answer = PatchAnswer {
        status: "patched".to_owned(),
        patched_fields: request.field_updates.keys().cloned().collect(),
        remaining_unknowns_count: draft_preview.open_unknowns.len(),
        open_unknowns: draft_preview.open_unknowns.clone(),
        draft_preview,
    };
    let mut response = Json(answer).into_response();
    response.headers_mut().insert(header::ETAG, version_tag(job.version));
    Ok(response)
}
