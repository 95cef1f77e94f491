//! `GET /v1/jobs/{job_id}/artifacts`.

use serde::Serialize;

use crate::domain::artifact::Artifact;
use crate::http::error::ProblemDocument;
use crate::http::extract::access::{JobAccess, ReadTrace};
use crate::http::extract::body::Json;

/// Every published file of a job.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ArtifactList {
    job_id: String,
    artifacts: Vec<Artifact>,
}

/// Lists the job's artifacts.
#[utoipa::path(get, path = "/v1/jobs/{job_id}/artifacts", tag = "artifacts", operation_id = "list_artifacts",
    params(("job_id" = String, Path)), security(("job_token" = []), ("api_key" = [])),
    responses((status = 200, body = ArtifactList), (status = 404, body = ProblemDocument)))]
pub async fn handler(access: JobAccess<ReadTrace>) -> Json<ArtifactList> {
    Json(ArtifactList {
        job_id: access.job.job_id.to_string(),
        artifacts: access.job.artifacts_index.clone(),
    })
}
