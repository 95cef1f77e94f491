//! `GET /v1/jobs/{job_id}/artifacts/{rel_path}`.

use std::fs::File;
use std::io::{Read as _, Seek as _};
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;

use crate::domain::artifact::{Artifact, safe_rel_path};
use crate::domain::canonical::sha256_hex;
use crate::domain::error::{ErrorCode, Problem};
use crate::http::error::ApiError;
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
///
/// `rel_path` is taken as the list has it, slashes included. The entity tag is the SHA-256 of the file;
/// `Range` and `If-Range` are honoured. Every file is compared with its recorded hash before it is served.
#[utoipa::path(get, path = "/v1/jobs/{job_id}/artifacts/{*rel_path}", tag = "artifacts",
    operation_id = "get_artifact",
    params(("job_id" = String, Path), ("rel_path" = String, Path), ("expires" = Option<i64>, Query)),
    security(("job_token" = []), ("api_key" = ["viewer", "client", "operator", "admin"]),
        ("signed_link" = [])),
    responses((status = 200, content_type = "*/*", body = String),
        (status = 206, content_type = "*/*", body = String), (status = 304)))]
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
    let stored = artifact.stored_path().to_owned();
    let opened = app.ctx.pools.reads.run(move || files.open(&tenant, &job_id, &stored)).await?;
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
    let file = checked(&app, file, &artifact).await?;
    let facts = FileFacts {
        size_bytes: artifact.size_bytes,
        tag: Some(&artifact.sha256),
        media_type: &artifact.media_type,
        file_name: artifact.rel_path.rsplit('/').next().unwrap_or("artifact"),
        sha256: Some(&artifact.sha256).filter(|_| artifact.size_bytes > CHECKED_BYTES).map(String::as_str),
    };
    serve_file(file, &facts, &headers, &app.ctx.pools.reads)
}

/// Files up to this size are compared with their hash before their first byte is sent, larger ones while
/// they are streamed.
const CHECKED_BYTES: u64 = 4 << 20;

/// Checks the file against the hash in the record.
async fn checked(app: &App, mut file: File, artifact: &Artifact) -> Result<File, Problem> {
    if artifact.size_bytes > CHECKED_BYTES {
        return Ok(file);
    }
    let read = move || -> std::io::Result<(File, String)> {
        let mut bytes = Vec::new();
        (&mut file).take(CHECKED_BYTES + 1).read_to_end(&mut bytes)?;
        file.rewind()?;
        Ok((file, sha256_hex(bytes)))
    };
    match app.ctx.pools.reads.run(read).await? {
        Ok((file, sha256)) if sha256 == artifact.sha256 => Ok(file),
        Ok(_) => {
            tracing::error!(
                event = "SS_ARTIFACT_DAMAGED",
                rel_path = artifact.rel_path,
                "an artifact is not what its hash says; it is not served"
            );
            Err(Problem::new(
                ErrorCode::JobCorrupt,
                "the stored file is damaged; an operator can restore it from a backup",
            )
            .with("rel_path", artifact.rel_path.clone()))
        }
        Err(error) => {
            tracing::error!(event = "SS_ARTIFACT_UNREADABLE", rel_path = artifact.rel_path, %error, "an artifact cannot be read");
            Err(Problem::internal())
        }
    }
}
