//! `GET /v1/jobs/{job_id}/runs/{run_id}/log`: the log, live while the attempt runs.

use std::fs::File;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;

use super::get::{RunSegment, find_run};
use crate::domain::error::{ErrorCode, Problem};
use crate::domain::layout::{run_artifact, run_dir};
use crate::http::error::{ApiError, ProblemDocument};
use crate::http::extract::access::{JobAccess, Read};
use crate::http::extract::body::Path;
use crate::http::extract::headers::Headers;
use crate::http::range::{FileFacts, serve_file};
use crate::http::state::App;

/// Returns the log of an attempt, or the part that `Range` asks for.
#[utoipa::path(get, path = "/v1/jobs/{job_id}/runs/{run_id}/log", tag = "runs", operation_id = "get_run_log",
    params(("job_id" = String, Path), ("run_id" = String, Path)),
    security(("job_token" = []), ("api_key" = [])),
    responses((status = 200, content_type = "text/plain"), (status = 206),
        (status = 404, body = ProblemDocument), (status = 416, body = ProblemDocument)))]
pub async fn handler(
    State(app): State<App>,
    access: JobAccess<Read>,
    Path(segment): Path<RunSegment>,
    Headers(headers): Headers,
) -> Result<Response, ApiError> {
    let job = access.job;
    let run = find_run(&job, &segment.run_id)?;
    let published = run_artifact(&run.run_id, "main.log");
    let working = format!("{}/work/main.log", run_dir(&run.run_id));
    let sha256 = job.artifact(&published).map(|a| a.sha256.clone());
    let files = Arc::clone(&app.ctx.files);
    let (tenant, job_id) = (job.tenant_id.clone(), job.job_id.clone());
    let opened: std::io::Result<(File, u64)> = app
        .ctx
        .pools
        .reads
        .run(move || {
            // The verdict moves the log from the working space to the artifacts.
            let file = files
                .open(&tenant, &job_id, &published)
                .or_else(|_| files.open(&tenant, &job_id, &working))
                .or_else(|_| files.open(&tenant, &job_id, &published))?;
            let size = file.metadata()?.len();
            Ok((file, size))
        })
        .await?;
    let (file, size_bytes) =
        opened.map_err(|_| Problem::new(ErrorCode::ArtifactNotFound, "the run has not written a log yet"))?;
    let facts = FileFacts {
        size_bytes,
        tag: sha256.as_deref(),
        media_type: "text/plain; charset=utf-8",
        file_name: "main.log",
        sha256: None,
    };
    serve_file(file, &facts, &headers, &app.ctx.pools.reads)
}
