//! `POST /v1/jobs/{job_id}/plan/revise`.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use crate::domain::error::{ErrorCode, Problem};
use crate::domain::job::JobStatus;
use crate::http::error::ApiError;
use crate::http::extract::access::{Change, JobAccess};
use crate::http::extract::body::{Json, OptionalJson};
use crate::http::extract::headers::{IfMatch, version_tag};
use crate::http::route::RouteFacts;
use crate::http::state::App;
use crate::service::plans::revise_plan::{RevisePlan, next_revision};

/// Reason of the revision.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReviseRequest {
    /// At most 1,000 characters; kept in the audit trail.
    reason: Option<String>,
}

/// The draft is open again.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ReviseAnswer {
    job_id: String,
    status: JobStatus,
    /// The number of the plan that is frozen next.
    revision: u32,
}

/// The facts of `revise_plan`.
pub const FACTS: RouteFacts = RouteFacts {
    refusals: &[&[ErrorCode::JobIllegalTransition, ErrorCode::JobLocked, ErrorCode::QuotaExceeded]],
    if_match: true,
    tagged: true,
    ..RouteFacts::NONE
};

/// Opens the draft of a frozen plan again; earlier plans, runs and artifacts stay.
///
/// After `confirmed`, `succeeded`, `failed` or `cancelled`, also where a job was cancelled before a plan was frozen. At most
/// 20 plans for a job; a job whose draft is open already is returned as it is.
#[utoipa::path(post, path = "/v1/jobs/{job_id}/plan/revise", tag = "plans", operation_id = "revise_plan",
    params(("job_id" = String, Path)), request_body = ReviseRequest,
    security(("job_token" = []), ("api_key" = ["client", "admin"])),
    responses((status = 200, body = ReviseAnswer)))]
pub async fn handler(
    State(app): State<App>,
    access: JobAccess<Change>,
    IfMatch(if_match): IfMatch,
    OptionalJson(body): OptionalJson<ReviseRequest>,
) -> Result<Response, ApiError> {
    if body.reason.as_ref().is_some_and(|r| r.chars().count() > 1000) {
        return Err(Problem::validation("reason", "must have at most 1000 characters").into());
    }
    let caller = access.caller.because(body.reason);
    let job = RevisePlan(&app.ctx)
        .execute(&caller, &access.job.tenant_id, &access.job.job_id, if_match)
        .await
        .map_err(|problem| ApiError::from(problem).for_if_match(if_match))?;
    let answer =
        ReviseAnswer { job_id: job.job_id.to_string(), status: job.status, revision: next_revision(&job) };
    let mut response = Json(answer).into_response();
    response.headers_mut().insert(header::ETAG, version_tag(job.version));
    Ok(response)
}
