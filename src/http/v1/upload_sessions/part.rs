//! `PUT /v1/upload-sessions/{upload_session_id}/parts/{part_number}`: one part, by its signed URL.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http_body_util::BodyExt;
use serde::{Deserialize, Serialize};

use crate::domain::error::{ErrorCode, Problem};
use crate::http::error::ApiError;
use crate::http::extract::access::{Change, JobAccess};
use crate::http::extract::body::{Json, Path};
use crate::http::route::RouteFacts;
use crate::http::state::App;
use crate::service::inputs::receive_upload::receive_file;
use crate::service::inputs::upload_parts::{Arrived, SessionParts, part_bytes};

/// Longest pause between two pieces of a body.
const IDLE_LIMIT: Duration = Duration::from_secs(30);

/// The segments of the path.
#[derive(Debug, Deserialize)]
pub struct PartSegment {
    upload_session_id: String,
    part_number: u32,
}

/// A stored part.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct PartView {
    part_number: u32,
    /// The SHA-256 in quotes, as in the header.
    etag: String,
    sha256: String,
    size_bytes: u64,
}

/// The facts of `put_part`.
pub const FACTS: RouteFacts = RouteFacts {
    refusals: &[&[
        ErrorCode::UploadSessionNotFound,
        ErrorCode::UploadSessionExpired,
        ErrorCode::PayloadTooLarge,
        ErrorCode::RequestTimeout,
        ErrorCode::DependencyUnavailable,
    ]],
    tagged: true,
    ..RouteFacts::NONE
};

/// Stores a part; sending it again replaces it.
///
/// By its signed URL, without a credential. The body is the bytes of the part, of exactly the announced size.
#[utoipa::path(put, path = "/v1/upload-sessions/{upload_session_id}/parts/{part_number}", tag = "inputs",
    operation_id = "put_part",
    params(("upload_session_id" = String, Path), ("part_number" = u32, Path),
        ("expires" = Option<i64>, Query)),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    security(("job_token" = []), ("api_key" = ["client", "admin"]), ("signed_link" = [])),
    responses((status = 200, body = PartView)))]
pub async fn handler(
    State(app): State<App>,
    access: JobAccess<Change>,
    Path(segment): Path<PartSegment>,
    request: Request,
) -> Result<Response, ApiError> {
    let PartSegment { upload_session_id, part_number } = segment;
    let wanted = part_bytes(&app.ctx, &access.job, &upload_session_id, part_number)?;
    let parts = SessionParts::of(&app.ctx, &access.job, &upload_session_id);
    let (rel_path, path) = parts.place_for_part(&app.ctx).await?;
    let body = Arc::new(tokio::sync::Mutex::new(request.into_body()));
    let pieces = || {
        let body = Arc::clone(&body);
        async move { next_piece(&mut *body.lock().await).await }
    };
    let kept = match receive_file(&app.ctx, path.clone(), (wanted, wanted), pieces).await {
        Ok((size_bytes, sha256)) => {
            let arrived = Arrived { rel_path, size_bytes, sha256 };
            parts.keep(&app.ctx, part_number, wanted, &arrived).await.map(|()| arrived)
        }
        Err(problem) => Err(problem),
    };
    let arrived = match kept {
        Ok(arrived) => arrived,
        Err(problem) => {
            parts.discard(&app.ctx, path).await;
            return Err(problem.into());
        }
    };
    let etag = format!("\"{}\"", arrived.sha256);
    let tag = HeaderValue::from_str(&etag).expect("hexadecimal digits are a valid header");
    let view = PartView { part_number, etag, sha256: arrived.sha256, size_bytes: arrived.size_bytes };
    let mut response = Json(view).into_response();
    response.headers_mut().insert(header::ETAG, tag);
    Ok(response)
}

async fn next_piece(body: &mut Body) -> Result<Option<Bytes>, Problem> {
    loop {
        let frame = tokio::time::timeout(IDLE_LIMIT, body.frame())
            .await
            .map_err(|_| Problem::new(ErrorCode::RequestTimeout, "the body stopped arriving"))?;
        match frame {
            None => return Ok(None),
            Some(Ok(frame)) => {
                if let Ok(data) = frame.into_data() {
                    return Ok(Some(data));
                }
            }
            Some(Err(_)) => {
                return Err(Problem::validation("body", "the body ended early or cannot be decoded"));
            }
        }
    }
}
