//! `GET /v1/upload-sessions/{upload_session_id}`: the parts that have arrived.

use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::Serialize;

use super::refresh::SessionSegment;
use crate::domain::bundle::{BundleFile, UploadSession};
use crate::domain::error::ErrorCode;
use crate::domain::upload_part::{StoredPart, in_force};
use crate::http::error::ApiError;
use crate::http::extract::access::{JobAccess, Read};
use crate::http::extract::body::{Json, Path};
use crate::http::route::RouteFacts;
use crate::http::state::App;
use crate::service::inputs::upload_parts::SessionParts;
use crate::service::inputs::upload_sessions::bundle_of;

/// A part that has arrived.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ArrivedPart {
    part_number: u32,
    size_bytes: u64,
    /// Null for a part that was sent to the object store: it is read when the file is finalized.
    sha256: Option<String>,
    /// The entity tag of the response to the part; null where the object store shows none.
    etag: Option<String>,
}

/// An upload session and the parts that it has.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct SessionState {
    upload_session_id: String,
    job_id: String,
    file_id: String,
    filename: String,
    size_bytes: u64,
    /// Bytes of every part but the last.
    part_size: u64,
    /// Number of parts of the file.
    part_count: u32,
    /// `uploading`, or `received` once the file is complete.
    status: &'static str,
    /// Expiry of the session.
    expires_at: DateTime<Utc>,
    /// SHA-256 of the whole file, once it is complete.
    sha256: Option<String>,
    /// The parts that need not be sent again, in order; empty once the file is complete.
    parts: Vec<ArrivedPart>,
}

/// The facts of `get_upload_session`.
pub const FACTS: RouteFacts = RouteFacts {
    refusals: &[&[
        ErrorCode::UploadSessionNotFound,
        ErrorCode::UploadSessionExpired,
        ErrorCode::DependencyUnavailable,
    ]],
    ..RouteFacts::NONE
};

/// Lists the parts of a file that have arrived.
///
/// An upload that broke off continues with the others, from any machine.
#[utoipa::path(get, path = "/v1/upload-sessions/{upload_session_id}", tag = "inputs",
    operation_id = "get_upload_session", params(("upload_session_id" = String, Path)),
    security(("job_token" = []), ("api_key" = ["viewer", "client", "operator", "admin"])),
    responses((status = 200, body = SessionState)))]
pub async fn handler(
    State(app): State<App>,
    access: JobAccess<Read>,
    Path(segment): Path<SessionSegment>,
) -> Result<Json<SessionState>, ApiError> {
    let job = &access.job;
    let (file, session) = bundle_of(job)?.file_of(&segment.upload_session_id, app.ctx.clock.now())?;
    let parts = match file.received {
        Some(_) => Vec::new(),
        None => SessionParts::of(&app.ctx, job, &segment.upload_session_id).arrived(&app.ctx).await?,
    };
    Ok(Json(SessionState {
        upload_session_id: session.upload_session_id.clone(),
        job_id: job.job_id.to_string(),
        file_id: file.file_id.clone(),
        filename: file.filename.clone(),
        size_bytes: file.size_bytes,
        part_size: session.part_size,
        part_count: session.parts,
        status: if file.received.is_some() { "received" } else { "uploading" },
        expires_at: session.expires_at,
        sha256: file.received.as_ref().map(|received| received.sha256.clone()),
        parts: (1..=session.parts).filter_map(|number| arrived(&parts, file, session, number)).collect(),
    }))
}

/// The part of this number, if it has arrived whole.
fn arrived(
    parts: &[StoredPart],
    file: &BundleFile,
    session: &UploadSession,
    number: u32,
) -> Option<ArrivedPart> {
    let part = in_force(parts, number)?;
    let is_whole = session.bytes_of(number, file.size_bytes) == Some(part.size_bytes);
    is_whole.then(|| ArrivedPart {
        part_number: number,
        size_bytes: part.size_bytes,
        sha256: part.sha256().map(str::to_owned),
        etag: part.tag().map(|tag| format!("\"{tag}\"")),
    })
}
