//! `POST /v1/jobs/{job_id}/cancel`.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use crate::domain::error::{ErrorCode, Problem};
use crate::domain::job::JobStatus;
use crate::http::error::ApiError;
use crate::http::extract::access::{JobAccess, Operate};
use crate::http::extract::body::{Json, OptionalJson};
use crate::http::extract::headers::IfMatch;
use crate::http::route::RouteFacts;
use crate::http::state::App;
use crate::service::jobs::cancel_job::CancelJob;

/// Reason of the cancellation.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CancelRequest {
    /// At most 1,000 characters; kept in the audit trail.
    reason: Option<String>,
}

impl CancelRequest {
    /// Returns the reason.
    ///
    /// # Errors
    /// `INPUT_VALIDATION_FAILED` for one that is too long.
    pub fn checked(self) -> Result<Option<String>, Problem> {
        if self.reason.as_ref().is_some_and(|r| r.chars().count() > 1000) {
            return Err(Problem::validation("reason", "must have at most 1000 characters"));
        }
        Ok(self.reason)
    }
}

/// The state of the job after the request.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct CancelAnswer {
    job_id: String,
    status: JobStatus,
}

/// The facts of `cancel_job`.
pub const FACTS: RouteFacts =
    RouteFacts { refusals: &[&[ErrorCode::JobIllegalTransition]], if_match: true, ..RouteFacts::NONE };

/// Cancels the job; 202 while the engine's processes are being ended.
///
/// Ends the whole tree of the engine's processes. Repeating the cancel returns the same response; a job that has ended
/// refuses it.
#[utoipa::path(post, path = "/v1/jobs/{job_id}/cancel", tag = "jobs", operation_id = "cancel_job",
    params(("job_id" = String, Path)), request_body = CancelRequest,
    security(("job_token" = []), ("api_key" = ["client", "operator", "admin"])),
    responses((status = 200, body = CancelAnswer), (status = 202, body = CancelAnswer)))]
pub async fn handler(
    State(app): State<App>,
    access: JobAccess<Operate>,
    IfMatch(if_match): IfMatch,
    OptionalJson(body): OptionalJson<CancelRequest>,
) -> Result<Response, ApiError> {
    let caller = access.caller.because(body.checked()?);
    let job = CancelJob(&app.ctx)
        .execute(&caller, &access.job.tenant_id, &access.job.job_id, if_match)
        .await
        .map_err(|problem| ApiError::from(problem).for_if_match(if_match))?;
    let status = if job.status == JobStatus::Running { StatusCode::ACCEPTED } else { StatusCode::OK };
    Ok((status, Json(CancelAnswer { job_id: job.job_id.to_string(), status: job.status })).into_response())
}
