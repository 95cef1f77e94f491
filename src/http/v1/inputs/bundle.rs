//! `POST` and `GET /v1/jobs/{job_id}/inputs/bundle`, `POST …/inputs/upload-sessions`: the files that are
//! uploaded one by one.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};

use crate::domain::bundle::{Bundle, BundleFile, UploadSession};
use crate::domain::dataset::DatasetRole;
use crate::domain::error::{ErrorCode, Problem};
use crate::domain::job::JobRecord;
use crate::domain::signed_link::{LinkedRequest, MAX_TTL};
use crate::http::error::ApiError;
use crate::http::extract::access::{Change, JobAccess, Read};
use crate::http::extract::body::Json;
use crate::http::middleware::idempotency::{HoldsSecret, holds_links};
use crate::http::route::RouteFacts;
use crate::http::state::App;
use crate::service::inputs::upload_parts::SessionParts;
use crate::service::inputs::upload_sessions::{AnnouncedFile, UploadSessions, bundle_of};

/// A file as it is announced.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AnnouncedFileBody {
    filename: String,
    /// Exact; the parts must add up to it.
    size_bytes: u64,
    role: DatasetRole,
    mime_type: Option<String>,
}

/// The files that are to become the inputs.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BundleBody {
    files: Vec<AnnouncedFileBody>,
}

/// A file of a bundle.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct BundleFileView {
    file_id: String,
    filename: String,
    size_bytes: u64,
    role: DatasetRole,
    mime_type: Option<String>,
    /// `waiting`, `uploading` or `received`.
    status: &'static str,
    upload_session_id: Option<String>,
    sha256: Option<String>,
}

/// A bundle.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct BundleView {
    bundle_id: String,
    job_id: String,
    /// `uploading`, or `inputs_ready` once the bundle is the job's inputs.
    status: &'static str,
    files: Vec<BundleFileView>,
}

impl BundleView {
    fn of(job: &JobRecord, bundle: &Bundle) -> Self {
        let view = |file: &BundleFile| BundleFileView {
            file_id: file.file_id.clone(),
            filename: file.filename.clone(),
            size_bytes: file.size_bytes,
            role: file.role,
            mime_type: file.mime_type.clone(),
            status: match (&file.session, &file.received) {
                (_, Some(_)) => "received",
                (Some(_), None) => "uploading",
                (None, None) => "waiting",
            },
            upload_session_id: file.session.as_ref().map(|session| session.upload_session_id.clone()),
            sha256: file.received.as_ref().map(|received| received.sha256.clone()),
        };
        Self {
            bundle_id: bundle.bundle_id.clone(),
            job_id: job.job_id.to_string(),
            status: if bundle.became_inputs { "inputs_ready" } else { "uploading" },
            files: bundle.files.iter().map(view).collect(),
        }
    }
}

/// The facts of `state_bundle`.
pub const STATE_FACTS: RouteFacts = RouteFacts {
    refusals: &[&[
        ErrorCode::InputFormatUnsupported,
        ErrorCode::InputFileNameForbidden,
        ErrorCode::InputEmpty,
        ErrorCode::InputTooLarge,
        ErrorCode::InputRoleInvalid,
        ErrorCode::JobLocked,
        ErrorCode::QuotaExceeded,
    ]],
    ..RouteFacts::NONE
};

/// Declares the files of the inputs; declaring the same files again returns the same bundle while it is open.
///
/// The first step of an upload in sessions; then each file gets a session, its parts and its end. With the
/// last file the bundle becomes the inputs in one write.
#[utoipa::path(post, path = "/v1/jobs/{job_id}/inputs/bundle", tag = "inputs",
    operation_id = "state_bundle", params(("job_id" = String, Path)), request_body = BundleBody,
    security(("job_token" = []), ("api_key" = ["client", "admin"])),
    responses((status = 200, body = BundleView)))]
pub async fn state(
    State(app): State<App>,
    access: JobAccess<Change>,
    Json(body): Json<BundleBody>,
) -> Result<Json<BundleView>, ApiError> {
    let files = body.files.into_iter().map(|file| AnnouncedFile {
        filename: file.filename,
        size_bytes: file.size_bytes,
        role: file.role,
        mime_type: file.mime_type,
    });
    let sessions = UploadSessions(Arc::clone(&app.ctx));
    let job = sessions.state_bundle(&access.caller, &access.job, files.collect()).await?;
    Ok(Json(BundleView::of(&job, bundle_of(&job)?)))
}

/// The facts of `get_bundle`.
pub const GET_FACTS: RouteFacts =
    RouteFacts { refusals: &[&[ErrorCode::UploadSessionNotFound]], ..RouteFacts::NONE };

/// Shows the progress of the bundle.
///
/// Each file with its state and, while it arrives, its session.
#[utoipa::path(get, path = "/v1/jobs/{job_id}/inputs/bundle", tag = "inputs", operation_id = "get_bundle",
    params(("job_id" = String, Path)),
    security(("job_token" = []), ("api_key" = ["viewer", "client", "operator", "admin"])),
    responses((status = 200, body = BundleView)))]
pub async fn get(access: JobAccess<Read>) -> Result<Json<BundleView>, ApiError> {
    Ok(Json(BundleView::of(&access.job, bundle_of(&access.job)?)))
}

/// The announced file.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SessionBody {
    bundle_id: String,
    file_id: String,
}

/// Destination of a part.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct PresignedPart {
    part_number: u32,
    /// For PUT with the bytes of the part as the body: path and query at this service, or an absolute URL of the object
    /// store.
    url: String,
}

/// An open session.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct SessionView {
    upload_session_id: String,
    job_id: String,
    file_id: String,
    /// `direct` or `multipart`.
    upload_strategy: &'static str,
    /// `service`, or `object_store` where the URLs are those of the object store: send no credential with them. The parts
    /// may be sent to the service in both cases.
    upload_to: &'static str,
    /// Expiry of the session; a URL works for 15 minutes and is renewed by refresh-urls.
    expires_at: DateTime<Utc>,
    #[serde(skip_serializing_if = "Option::is_none")]
    presigned_url: Option<String>,
    /// Bytes of every part but the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    part_size: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    presigned_urls: Option<Vec<PresignedPart>>,
}

/// The facts of `open_upload_session`.
pub const OPEN_FACTS: RouteFacts = RouteFacts {
    refusals: &[&[ErrorCode::UploadSessionNotFound, ErrorCode::JobLocked, ErrorCode::DependencyUnavailable]],
    ..RouteFacts::NONE
};

/// Opens a session for a file, or shows the open one with fresh URLs.
///
/// Small files get one URL, larger ones a URL for each part. The URLs need no credential and work for 15
/// minutes.
#[utoipa::path(post, path = "/v1/jobs/{job_id}/inputs/upload-sessions", tag = "inputs",
    operation_id = "open_upload_session", params(("job_id" = String, Path)), request_body = SessionBody,
    security(("job_token" = []), ("api_key" = ["client", "admin"])),
    responses((status = 200, body = SessionView)))]
pub async fn open(
    State(app): State<App>,
    access: JobAccess<Change>,
    Json(body): Json<SessionBody>,
) -> Result<(Extension<HoldsSecret>, Json<SessionView>), ApiError> {
    let sessions = UploadSessions(Arc::clone(&app.ctx));
    let (file, session) = sessions.open(&access.caller, &access.job, &body.bundle_id, &body.file_id).await?;
    let numbers = (1..=session.parts).collect();
    let PartUrls { parts: mut urls, upload_to, .. } =
        part_urls(&app, &access.job, &session, file.size_bytes, numbers).await?;
    let direct = session.parts == 1;
    let view = SessionView {
        upload_session_id: session.upload_session_id,
        job_id: access.job.job_id.to_string(),
        file_id: file.file_id,
        upload_strategy: if direct { "direct" } else { "multipart" },
        upload_to,
        expires_at: session.expires_at,
        presigned_url: direct.then(|| urls.remove(0).url),
        part_size: (!direct).then_some(session.part_size),
        presigned_urls: (!direct).then_some(urls),
    };
    Ok((holds_links(&access.job), Json(view)))
}

/// URLs of parts.
pub struct PartUrls {
    /// The URLs, in the order of the numbers.
    pub parts: Vec<PresignedPart>,
    /// When they stop working (UTC).
    pub expires_at: DateTime<Utc>,
    /// `service` or `object_store`.
    pub upload_to: &'static str,
}

/// Signs the URLs of parts of a file of `size_bytes`.
///
/// # Errors
/// `AUTH_TOKEN_FORBIDDEN` for a job without a token; `DEPENDENCY_UNAVAILABLE`.
pub async fn part_urls(
    app: &App,
    job: &JobRecord,
    session: &UploadSession,
    size_bytes: u64,
    numbers: Vec<u32>,
) -> Result<PartUrls, Problem> {
    let now = app.ctx.clock.now();
    let ttl = MAX_TTL.min(session.expires_at - now).max(Duration::seconds(1));
    let expires_at = now + ttl;
    let direct = match app.ctx.options.direct_uploads {
        false => None,
        true => {
            let parts = SessionParts::of(&app.ctx, job, &session.upload_session_id);
            let ttl = ttl.to_std().unwrap_or_default();
            parts.direct_urls(&app.ctx, session, size_bytes, numbers.clone(), ttl).await?
        }
    };
    if let Some(urls) = direct {
        let part = |(part_number, url)| PresignedPart { part_number, url };
        let parts = numbers.into_iter().zip(urls).map(part).collect();
        return Ok(PartUrls { parts, expires_at, upload_to: "object_store" });
    }
    let url = |part_number: u32| {
        let path = format!("/v1/upload-sessions/{}/parts/{part_number}", session.upload_session_id);
        let request = LinkedRequest { method: "PUT", path: &path, query: "" };
        Ok(PresignedPart { part_number, url: app.ctx.link_keys.signed_url(job, request, ttl, now)?.0 })
    };
    let parts = numbers.into_iter().map(url).collect::<Result<_, Problem>>()?;
    Ok(PartUrls { parts, expires_at, upload_to: "service" })
}
