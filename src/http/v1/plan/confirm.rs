//! `POST /v1/jobs/{job_id}/confirm`: freezes and queues in one step.

use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::formats::checked_formats;
use crate::domain::error::{ErrorCode, Problem};
use crate::domain::job::JobStatus;
use crate::http::error::ApiError;
use crate::http::extract::access::{Change, JobAccess};
use crate::http::extract::body::Json;
use crate::http::extract::headers::IfMatch;
use crate::http::route::RouteFacts;
use crate::http::state::App;
use crate::http::v1::openapi::groups::{BINDING, FREEZE};
use crate::service::plans::freeze_plan::{FreezeBody, FreezePlan};

/// A freeze with the confirmation to run.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfirmRequest {
    /// Must be true.
    confirmed: bool,
    notes: Option<String>,
    output_formats: Option<Vec<String>>,
    #[schema(value_type = Option<Object>)]
    variable_corrections: Option<serde_json::Map<String, serde_json::Value>>,
    #[schema(value_type = Option<Object>)]
    answers: Option<serde_json::Map<String, serde_json::Value>>,
    #[schema(value_type = Option<Object>)]
    default_overrides: Option<serde_json::Map<String, serde_json::Value>>,
    #[schema(value_type = Option<Value>)]
    expert_suggestions_feedback: Option<serde_json::Value>,
}

/// The queued job.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ConfirmAnswer {
    job_id: String,
    status: JobStatus,
    scheduled_at: Option<DateTime<Utc>>,
    message: String,
}

/// The facts of `confirm_plan`.
pub const FACTS: RouteFacts = RouteFacts {
    refusals: &[
        FREEZE,
        BINDING,
        &[
            ErrorCode::DraftConfirmBlocked,
            ErrorCode::PlanOutdated,
            ErrorCode::QuotaExceeded,
            ErrorCode::TrialLimit,
            ErrorCode::DependencyUnavailable,
        ],
    ],
    if_match: true,
    ..RouteFacts::NONE
};

/// Freezes the plan and queues its run.
///
/// The present draft is frozen with the answers given here. If something still blocks, the error lists
/// everything that is missing.
#[utoipa::path(post, path = "/v1/jobs/{job_id}/confirm", tag = "plans", operation_id = "confirm_plan",
    params(("job_id" = String, Path)), request_body = ConfirmRequest,
    security(("job_token" = []), ("api_key" = ["client", "admin"])),
    responses((status = 200, body = ConfirmAnswer)))]
pub async fn handler(
    State(app): State<App>,
    access: JobAccess<Change>,
    IfMatch(if_match): IfMatch,
    Json(request): Json<ConfirmRequest>,
) -> Result<Json<ConfirmAnswer>, ApiError> {
    if !request.confirmed {
        return Err(Problem::validation("confirmed", "must be true; nothing is queued otherwise").into());
    }
    let body = FreezeBody {
        notes: request.notes,
        answers: request.answers.unwrap_or_default(),
        variable_corrections: request.variable_corrections.unwrap_or_default(),
        default_overrides: request.default_overrides.unwrap_or_default(),
        seed: None,
        output_formats: request.output_formats.unwrap_or_default(),
        acknowledged_checks: Vec::new(),
        expert_suggestions_feedback: request.expert_suggestions_feedback.unwrap_or_default(),
    };
    body.check()?;
    checked_formats(&body.output_formats)?;
    let caller = access.caller.because(body.notes.clone());
    let job = FreezePlan(&app.ctx)
        .confirm(&caller, &access.job.tenant_id, &access.job.job_id, &body, if_match)
        .await
        .map_err(|problem| ApiError::from(problem).for_if_match(if_match))?;
    Ok(Json(ConfirmAnswer {
        job_id: job.job_id.to_string(),
        status: job.status,
        scheduled_at: job.timestamps.scheduled_at,
        message: format!("the job is {}", job.status.as_str()),
    }))
}
