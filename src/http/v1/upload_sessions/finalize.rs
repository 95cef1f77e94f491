//! `POST /v1/upload-sessions/{upload_session_id}/finalize`: the end of a file, and with the last one of the
//! bundle.

use std::sync::Arc;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;

use super::refresh::SessionSegment;
use crate::domain::error::{ErrorCode, Problem};
use crate::domain::upload_part::StatedPart;
use crate::http::error::ApiError;
use crate::http::extract::access::{Change, JobAccess};
use crate::http::extract::body::{Json, OptionalJson, Path};
use crate::http::route::RouteFacts;
use crate::http::state::App;
use crate::http::v1::openapi::groups::FILES;
use crate::service::inputs::upload_sessions::{Finished, NotFinished, UploadSessions};

/// A part as the client sent it.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StatedPartBody {
    part_number: u32,
    etag: Option<String>,
    sha256: Option<String>,
}

/// The client's declaration of the parts, compared with the parts received.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FinalizeBody {
    #[serde(default)]
    parts: Vec<StatedPartBody>,
}

/// Result: the file is complete, or the reason why it is not.
#[derive(Debug, Default, Serialize, utoipa::ToSchema)]
pub struct FinalizeAnswer {
    success: bool,
    /// `received` (other files are still missing), `ingesting` (see inputs/preview) or `inputs_ready`.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'static str>,
    upload_session_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    file_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sha256: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    size_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retryable: Option<bool>,
    /// `CHECKSUM_MISMATCH`, `UPLOAD_INCOMPLETE` or `UPLOAD_PARTS_INVALID`.
    #[serde(skip_serializing_if = "Option::is_none")]
    error_code: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}

/// The facts of `finalize_upload`.
pub const FACTS: RouteFacts = RouteFacts {
    refusals: &[
        FILES,
        &[
            ErrorCode::UploadSessionNotFound,
            ErrorCode::UploadSessionExpired,
            ErrorCode::InputsMissing,
            ErrorCode::JobLocked,
            ErrorCode::QuotaExceeded,
            ErrorCode::TrialLimit,
        ],
    ],
    ..RouteFacts::NONE
};

/// Ends the upload of a file; repeating it returns the same response.
///
/// The client's declaration of its parts is compared with the parts received. With the last file of the bundle the
/// inputs are replaced in one write. A failure that can be repeated returns `success: false` with a code.
#[utoipa::path(post, path = "/v1/upload-sessions/{upload_session_id}/finalize", tag = "inputs",
    operation_id = "finalize_upload", params(("upload_session_id" = String, Path)),
    request_body = FinalizeBody, security(("job_token" = []), ("api_key" = ["client", "admin"])),
    responses((status = 200, body = FinalizeAnswer)))]
pub async fn handler(
    State(app): State<App>,
    access: JobAccess<Change>,
    Path(segment): Path<SessionSegment>,
    OptionalJson(body): OptionalJson<FinalizeBody>,
) -> Result<Json<FinalizeAnswer>, ApiError> {
    let stated = body.parts.into_iter().map(|part| StatedPart {
        part_number: part.part_number,
        etag: part.etag,
        sha256: part.sha256,
    });
    let upload_session_id = segment.upload_session_id;
    let sessions = UploadSessions(Arc::clone(&app.ctx));
    let done = sessions.finalize(&access.caller, &access.job, &upload_session_id, stated.collect()).await?;
    let (file, job) = match done {
        Ok(done) => done,
        Err(reason) => return Ok(Json(refused(upload_session_id, reason))),
    };
    let caller = access.caller;
    let (noted, is_noted) = oneshot::channel();
    let reading = tokio::spawn(async move { sessions.ingest(caller, Arc::new(job), noted).await });
    // before the record says that the bundle is being read, no other server would continue it
    let answer_within = tokio::time::sleep(app.ctx.options.upload_answer_within);
    let under_way = async {
        match is_noted.await {
            Ok(()) => answer_within.await,
            Err(_) => std::future::pending().await,
        }
    };
    let finished = tokio::select! {
        joined = reading => joined.map_err(|_| Problem::internal())??,
        () = under_way => Finished::Ingesting,
    };
    let received = file.received.ok_or_else(Problem::internal)?;
    Ok(Json(FinalizeAnswer {
        success: true,
        status: Some(match finished {
            Finished::Received => "received",
            Finished::Ingesting => "ingesting",
            Finished::InputsReady => "inputs_ready",
        }),
        upload_session_id,
        file_id: Some(file.file_id),
        sha256: Some(received.sha256),
        size_bytes: Some(received.size_bytes),
        ..FinalizeAnswer::default()
    }))
}

fn refused(upload_session_id: String, reason: NotFinished) -> FinalizeAnswer {
    let (code, retryable, message) = match reason {
        NotFinished::ChecksumMismatch(message) => ("CHECKSUM_MISMATCH", true, message),
        NotFinished::Incomplete(message) => ("UPLOAD_INCOMPLETE", true, message),
        NotFinished::PartsInvalid(message) => ("UPLOAD_PARTS_INVALID", false, message),
    };
    FinalizeAnswer {
        upload_session_id,
        retryable: Some(retryable),
        error_code: Some(code),
        message: Some(message),
        ..FinalizeAnswer::default()
    }
}
