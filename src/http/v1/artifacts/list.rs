//! `GET /v1/jobs/{job_id}/artifacts`.

use serde::Serialize;

use crate::domain::artifact::Artifact;
use crate::http::extract::access::{JobAccess, ReadTrace};
use crate::http::extract::body::Json;
use crate::http::route::RouteFacts;

/// Every published file of a job.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ArtifactList {
    job_id: String,
    artifacts: Vec<Artifact>,
}

/// The facts of `list_artifacts`.
pub const FACTS: RouteFacts = RouteFacts { without_content: true, ..RouteFacts::NONE };

/// Lists the job's artifacts.
///
/// Everything that the job published: inputs, evidence of each choice, plan, do-files, logs, tables,
/// figures. Files stay listed with their hashes after their content was removed.
#[utoipa::path(get, path = "/v1/jobs/{job_id}/artifacts", tag = "artifacts",
    operation_id = "list_artifacts", params(("job_id" = String, Path)),
    security(("job_token" = []), ("api_key" = ["viewer", "client", "operator", "admin"])),
    responses((status = 200, body = ArtifactList)))]
pub async fn handler(access: JobAccess<ReadTrace>) -> Json<ArtifactList> {
    Json(ArtifactList { job_id: access.job.job_id.to_string(), artifacts: access.job.public_artifacts() })
}
