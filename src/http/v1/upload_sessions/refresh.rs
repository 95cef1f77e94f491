//! `POST /v1/upload-sessions/{upload_session_id}/refresh-urls`: fresh URLs of parts.

use axum::Extension;
use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::domain::error::{ErrorCode, Problem};
use crate::http::error::ApiError;
use crate::http::extract::access::{Change, JobAccess};
use crate::http::extract::body::{Json, Path};
use crate::http::middleware::idempotency::{HoldsSecret, holds_links};
use crate::http::route::{Effect, RouteFacts};
use crate::http::state::App;
use crate::http::v1::inputs::bundle::{PartUrls, PresignedPart, part_urls};
use crate::service::inputs::upload_sessions::bundle_of;

/// The session's segment.
#[derive(Debug, Deserialize)]
pub struct SessionSegment {
    /// Id of the upload session, as the client wrote it.
    pub upload_session_id: String,
}

/// Numbers of the parts.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RefreshBody {
    part_numbers: Vec<u32>,
}

/// Fresh URLs.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct RefreshedParts {
    parts: Vec<PresignedPart>,
    expires_at: DateTime<Utc>,
}

/// The facts of `refresh_upload_urls`.
pub const FACTS: RouteFacts = RouteFacts {
    refusals: &[&[
        ErrorCode::UploadSessionNotFound,
        ErrorCode::UploadSessionExpired,
        ErrorCode::DependencyUnavailable,
    ]],
    effect: Effect::Reads,
    ..RouteFacts::NONE
};

/// Signs new URLs for some parts.
///
/// For uploads that take longer than the URLs work.
#[utoipa::path(post, path = "/v1/upload-sessions/{upload_session_id}/refresh-urls", tag = "inputs",
    operation_id = "refresh_upload_urls", params(("upload_session_id" = String, Path)),
    request_body = RefreshBody, security(("job_token" = []), ("api_key" = ["client", "admin"])),
    responses((status = 200, body = RefreshedParts)))]
pub async fn handler(
    State(app): State<App>,
    access: JobAccess<Change>,
    Path(segment): Path<SessionSegment>,
    Json(body): Json<RefreshBody>,
) -> Result<(Extension<HoldsSecret>, Json<RefreshedParts>), ApiError> {
    let bundle = bundle_of(&access.job)?;
    let (file, session) = bundle.file_of(&segment.upload_session_id, app.ctx.clock.now())?;
    if body.part_numbers.len() > session.parts as usize {
        let message = format!("must name each of the {} parts once at most", session.parts);
        return Err(Problem::validation("part_numbers", message).into());
    }
    if body.part_numbers.iter().any(|part| *part == 0 || *part > session.parts) {
        let message = format!("must be 1 to {}", session.parts);
        return Err(Problem::validation("part_numbers", message).into());
    }
    let PartUrls { parts, expires_at, .. } =
        part_urls(&app, &access.job, session, file.size_bytes, body.part_numbers).await?;
    Ok((holds_links(&access.job), Json(RefreshedParts { parts, expires_at })))
}
