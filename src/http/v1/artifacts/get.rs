//! `GET /v1/jobs/{job_id}/artifacts/{rel_path}`.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;

use crate::domain::artifact::safe_rel_path;
use crate::domain::error::{ErrorCode, Problem};
use crate::http::error::{ApiError, ProblemDocument};
use crate::http::extract::access::{JobAccess, ReadTrace};
use crate::http::extract::body::Path;
use crate::http::extract::headers::Headers;
use crate::http::range::{FileFacts, serve_file};
use crate::http::state::App;

/// The rest of the path.
#[derive(Debug, Deserialize)]
pub struct Segments {
    rel_path: String,
}

fn expired() -> Problem {
    Problem::new(ErrorCode::ArtifactExpired, "the artifact is not kept any more; its hash is in the list")
}

/// Returns the bytes of an artifact.
#[utoipa::path(get, path = "/v1/jobs/{job_id}/artifacts/{*rel_path}", tag = "artifacts",
    operation_id = "get_artifact",
    params(("job_id" = String, Path), ("rel_path" = String, Path)),
    security(("job_token" = []), ("api_key" = [])),
    responses((status = 200, content_type = "application/octet-stream"), (status = 206), (status = 304),
        (status = 400, body = ProblemDocument), (status = 404, body = ProblemDocument),
        (status = 410, body = ProblemDocument), (status = 416, body = ProblemDocument)))]
pub async fn handler(
    State(app): State<App>,
    access: JobAccess<ReadTrace>,
    Path(segments): Path<Segments>,
    Headers(headers): Headers,
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
    let files = Arc::clone(&app.ctx.files);
    let (tenant, job_id) = (job.tenant_id.clone(), job.job_id.clone());
    let opened = app.ctx.pools.reads.run(move || files.open(&tenant, &job_id, &rel_path)).await?;
    let file = opened.map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            tracing::error!(event = "SS_ARTIFACT_UNREADABLE", rel_path = artifact.rel_path, "an indexed artifact is gone");
            expired()
        }
        _ => {
            tracing::error!(event = "SS_ARTIFACT_UNREADABLE", rel_path = artifact.rel_path, %error, "an artifact cannot be read");
            Problem::internal()
        }
    })?;
    let facts = FileFacts {
        size_bytes: artifact.size_bytes,
        tag: Some(&artifact.sha256),
        media_type: &artifact.media_type,
        file_name: artifact.rel_path.rsplit('/').next().unwrap_or("artifact"),
    };
    serve_file(file, &facts, &headers, &app.ctx.pools.reads)
}
