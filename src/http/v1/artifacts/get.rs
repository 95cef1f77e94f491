//! `GET /v1/jobs/{job_id}/artifacts/{rel_path}`.

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use crate::domain::artifact::{Artifact, safe_rel_path};
use crate::domain::error::{ErrorCode, Problem};
use crate::http::error::ApiError;
use crate::http::extract::access::{JobAccess, ReadTrace};
use crate::http::extract::body::Path;
use crate::http::extract::headers::Headers;
use crate::http::range::{FileFacts, Wanted, disposition, serve_part, wanted};
use crate::http::route::RouteFacts;
use crate::http::state::App;
use crate::service::jobs::read_artifact::{CHECKED_BYTES, OpenArtifact, direct_url, expired};

/// The rest of the path.
#[derive(Debug, Deserialize)]
pub struct Segments {
    rel_path: String,
}

/// The facts of `get_artifact`.
pub const FACTS: RouteFacts = RouteFacts {
    refusals: &[&[
        ErrorCode::ArtifactNotFound,
        ErrorCode::ArtifactPathUnsafe,
        ErrorCode::ArtifactExpired,
        ErrorCode::RangeNotSatisfiable,
        ErrorCode::DependencyUnavailable,
    ]],
    without_content: true,
    if_none_match: true,
    ranges: true,
    tagged: true,
    download: true,
    ..RouteFacts::NONE
};

/// Returns the bytes of an artifact.
///
/// `rel_path` is taken as the list has it, slashes included. The entity tag is the SHA-256 of the file;
/// `Range` and `If-Range` are honoured. Every file that the service sends is compared with its recorded hash. Where the
/// operator allows it (`files.redirect`), artifacts above 8 MiB are answered with 307 and a URL of the object store, which
/// works for a minute and keeps `Range`, media type and file name; scripts of pages get the bytes from the service.
#[utoipa::path(get, path = "/v1/jobs/{job_id}/artifacts/{*rel_path}", tag = "artifacts",
    operation_id = "get_artifact",
    params(("job_id" = String, Path), ("rel_path" = String, Path), ("expires" = Option<i64>, Query)),
    security(("job_token" = []), ("api_key" = ["viewer", "client", "operator", "admin"]),
        ("signed_link" = [])),
    responses((status = 200, content_type = "*/*", body = String),
        (status = 206, content_type = "*/*", body = String), (status = 304),
        (status = 307, description = "The bytes are at the object store: `Location`")))]
pub async fn handler(
    State(app): State<App>,
    access: JobAccess<ReadTrace>,
    Path(segments): Path<Segments>,
    Headers(headers): Headers,
    method: Method,
) -> Result<Response, ApiError> {
    let rel_path = segments.rel_path;
    if safe_rel_path(&rel_path).is_none() {
        return Err(Problem::new(
            ErrorCode::ArtifactPathUnsafe,
            "the path must name a file below the job's directory",
        )
        .into());
    }
    let job = access.job;
    let missing = || Problem::new(ErrorCode::ArtifactNotFound, "there is no such artifact; list them first");
    let artifact = job.artifact(&rel_path).cloned().ok_or_else(missing)?;
    let inputs_gone = job.inputs_removed_at().is_some() && rel_path.starts_with("inputs/");
    if job.is_removed() || inputs_gone {
        return Err(expired().into());
    }
    let opened = OpenArtifact::find(&app.ctx, &job, &artifact).await?;
    let facts = FileFacts {
        size_bytes: artifact.size_bytes,
        tag: Some(&artifact.sha256),
        media_type: &artifact.media_type,
        file_name: artifact.rel_path.rsplit('/').next().unwrap_or("artifact"),
        sha256: Some(&artifact.sha256).filter(|_| artifact.size_bytes > CHECKED_BYTES).map(String::as_str),
    };
    let part = match wanted(&facts, &headers)? {
        Wanted::NotModified(response) => return Ok(response),
        Wanted::Part(part) => part,
    };
    if may_redirect(&app, &method, &headers, &artifact)
        && let Some(url) =
            direct_url(&app.ctx, &job, &artifact, text_of(&disposition(facts.file_name))).await?
    {
        return Ok(redirect(&url, &artifact.sha256));
    }
    let reader = opened.read(&app.ctx, &job, &artifact, part.range.clone()).await?;
    Ok(serve_part(part, reader, &facts, &app.ctx.pools.reads))
}

/// Artifacts above this size are fetched from the object store where that is allowed, in bytes.
const REDIRECTED_BYTES: u64 = 8 << 20;

/// True for a download that the client fetches from the object store. A script of a page may not follow: its page's policy
/// and the store's rules for origins decide that.
fn may_redirect(app: &App, method: &Method, headers: &HeaderMap, artifact: &Artifact) -> bool {
    let is_script = headers.get("sec-fetch-mode").is_some_and(|mode| mode == "cors");
    app.ctx.options.direct_downloads
        && artifact.size_bytes > REDIRECTED_BYTES
        && *method == Method::GET
        && !is_script
}

fn text_of(value: &HeaderValue) -> String {
    value.to_str().unwrap_or_default().to_owned()
}

fn redirect(url: &str, sha256: &str) -> Response {
    let mut response = (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, url)]).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    // it holds the signature
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    if let Ok(tag) = HeaderValue::from_str(&format!("\"{sha256}\"")) {
        headers.insert(header::ETAG, tag);
    }
    response
}
