//! `GET /v1/jobs/{job_id}/runs`.

use serde::Serialize;

use crate::domain::run::Run;
use crate::http::extract::access::{JobAccess, ReadTrace};
use crate::http::extract::body::Json;
use crate::http::route::RouteFacts;

/// Every attempt of a job, oldest first.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct RunList {
    runs: Vec<Run>,
}

/// The facts of `list_runs`.
pub const FACTS: RouteFacts = RouteFacts { without_content: true, ..RouteFacts::NONE };

/// Lists the job's attempts.
///
/// Oldest first, each with its verdict, checks, sample flow, results and resources.
#[utoipa::path(get, path = "/v1/jobs/{job_id}/runs", tag = "runs", operation_id = "list_runs",
    params(("job_id" = String, Path)),
    security(("job_token" = []), ("api_key" = ["viewer", "client", "operator", "admin"])),
    responses((status = 200, body = RunList)))]
pub async fn handler(access: JobAccess<ReadTrace>) -> Json<RunList> {
    Json(RunList { runs: access.job.runs.clone() })
}
