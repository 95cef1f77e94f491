//! `POST /v1/jobs/{job_id}/run`.

use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::domain::error::ErrorCode;
use crate::domain::job::{JobRecord, JobStatus};
use crate::http::error::ApiError;
use crate::http::extract::access::{JobAccess, Operate};
use crate::http::extract::body::{Json, OptionalJson, Query};
use crate::http::extract::headers::IfMatch;
use crate::http::route::RouteFacts;
use crate::http::state::App;
use crate::http::v1::plan::formats::{Formats, checked_formats};
use crate::service::runs::enqueue_run::EnqueueRun;

/// Additional formats of the outputs; also accepted in the query.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RunRequest {
    output_formats: Option<Vec<String>>,
}

/// The state of the job after the request.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct RunAnswer {
    /// Id of the job; opaque.
    pub job_id: String,
    /// State of the job after the request: `queued`, or a later one.
    pub status: JobStatus,
    /// When the job was queued (RFC 3339, UTC); null before.
    pub scheduled_at: Option<DateTime<Utc>>,
}

impl From<&JobRecord> for RunAnswer {
    fn from(job: &JobRecord) -> Self {
        Self { job_id: job.job_id.to_string(), status: job.status, scheduled_at: job.timestamps.scheduled_at }
    }
}

/// The facts of `run_job`.
pub const FACTS: RouteFacts = RouteFacts {
    refusals: &[&[
        ErrorCode::JobIllegalTransition,
        ErrorCode::PlanMissing,
        ErrorCode::PlanOutdated,
        ErrorCode::QuotaExceeded,
        ErrorCode::TrialLimit,
        ErrorCode::DependencyUnavailable,
    ]],
    if_match: true,
    ..RouteFacts::NONE
};

/// Queues a run of the frozen plan.
///
/// Starts nothing itself: workers take queued jobs in order. Queued, running and succeeded jobs are returned
/// unchanged.
#[utoipa::path(post, path = "/v1/jobs/{job_id}/run", tag = "jobs", operation_id = "run_job",
    params(("job_id" = String, Path), Formats), request_body = RunRequest,
    security(("job_token" = []), ("api_key" = ["client", "operator", "admin"])),
    responses((status = 200, body = RunAnswer)))]
pub async fn handler(
    State(app): State<App>,
    access: JobAccess<Operate>,
    IfMatch(if_match): IfMatch,
    Query(query): Query<Formats>,
    OptionalJson(body): OptionalJson<RunRequest>,
) -> Result<Json<RunAnswer>, ApiError> {
    let formats = [body.output_formats.unwrap_or_default(), query.list()].concat();
    checked_formats(&formats)?;
    let job = EnqueueRun(&app.ctx)
        .execute(&access.caller, &access.job.tenant_id, &access.job.job_id, &formats, if_match)
        .await
        .map_err(|problem| ApiError::from(problem).for_if_match(if_match))?;
    Ok(Json(RunAnswer::from(&job)))
}
