//! `GET /v1/jobs/{job_id}/runs/{run_id}`.

use serde::Deserialize;

use crate::domain::error::{ErrorCode, Problem};
use crate::domain::job::JobRecord;
use crate::domain::run::Run;
use crate::http::error::ApiError;
use crate::http::extract::access::{JobAccess, ReadTrace};
use crate::http::extract::body::{Json, Path};
use crate::http::route::RouteFacts;

/// The run's segment.
#[derive(Debug, Deserialize)]
pub struct RunSegment {
    /// Id of the attempt, as the client wrote it.
    pub run_id: String,
}

/// The facts of `get_run`.
pub const FACTS: RouteFacts =
    RouteFacts { refusals: &[&[ErrorCode::RunNotFound]], without_content: true, ..RouteFacts::NONE };

/// Returns one attempt.
///
/// Status and cause with the lines of the log that prove it, the next actions, and the
/// results.
#[utoipa::path(get, path = "/v1/jobs/{job_id}/runs/{run_id}", tag = "runs", operation_id = "get_run",
    params(("job_id" = String, Path), ("run_id" = String, Path)),
    security(("job_token" = []), ("api_key" = ["viewer", "client", "operator", "admin"])),
    responses((status = 200, body = Run)))]
pub async fn handler(
    access: JobAccess<ReadTrace>,
    Path(segment): Path<RunSegment>,
) -> Result<Json<Run>, ApiError> {
    Ok(Json(find_run(&access.job, &segment.run_id)?.clone()))
}

/// Finds an attempt of a job.
///
/// # Errors
/// `RUN_NOT_FOUND`.
pub fn find_run<'a>(job: &'a JobRecord, run_id: &str) -> Result<&'a Run, Problem> {
    let found = job.runs.iter().find(|run| run.run_id.as_str() == run_id);
    let run = found.ok_or_else(|| {
        Problem::new(ErrorCode::RunNotFound, "the job has no such run; list its runs first")
    })?;
    tracing::Span::current().record("run_id", run.run_id.as_str());
    Ok(run)
}
