//! `POST /v1/jobs/{job_id}/plan/freeze`.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::formats::checked_formats;
use crate::domain::error::{ErrorCode, Problem};
use crate::domain::job::JobRecord;
use crate::domain::plan::Plan;
use crate::http::error::ApiError;
use crate::http::extract::access::{Change, JobAccess};
use crate::http::extract::body::{Json, OptionalJson};
use crate::http::extract::headers::{IfMatch, version_tag};
use crate::http::route::RouteFacts;
use crate::http::state::App;
use crate::http::v1::openapi::groups::{BINDING, FREEZE};
use crate::service::plans::freeze_plan::{FreezeBody, FreezePlan};

/// The job's plan.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct PlanAnswer {
    job_id: String,
    plan: Plan,
}

/// The facts of `freeze_plan`.
pub const FACTS: RouteFacts =
    RouteFacts { refusals: &[FREEZE, BINDING], if_match: true, tagged: true, ..RouteFacts::NONE };

/// Freezes the plan.
///
/// Fixes template, parameters, data, seed and outputs. The same request returns the same plan; another
/// one is refused until the plan is revised. The error lists everything that is missing, with candidates.
#[utoipa::path(post, path = "/v1/jobs/{job_id}/plan/freeze", tag = "plans", operation_id = "freeze_plan",
    params(("job_id" = String, Path)), request_body = FreezeBody,
    security(("job_token" = []), ("api_key" = ["client", "admin"])),
    responses((status = 200, body = PlanAnswer)))]
pub async fn handler(
    State(app): State<App>,
    access: JobAccess<Change>,
    IfMatch(if_match): IfMatch,
    OptionalJson(body): OptionalJson<FreezeBody>,
) -> Result<Response, ApiError> {
    body.check()?;
    checked_formats(&body.output_formats)?;
    let caller = access.caller.because(body.notes.clone());
    let job = FreezePlan(&app.ctx)
        .execute(&caller, &access.job.tenant_id, &access.job.job_id, &body, if_match)
        .await
        .map_err(|problem| ApiError::from(problem).for_if_match(if_match))?;
    answer_plan(&job)
}

/// Returns the plan of a job with the job's entity tag.
///
/// # Errors
/// `PLAN_MISSING`.
pub fn answer_plan(job: &JobRecord) -> Result<Response, ApiError> {
    let plan =
        job.plan.clone().ok_or_else(|| Problem::new(ErrorCode::PlanMissing, "the job has no frozen plan"))?;
    let mut response = Json(PlanAnswer { job_id: job.job_id.to_string(), plan }).into_response();
    response.headers_mut().insert(header::ETAG, version_tag(job.version));
    Ok(response)
}
