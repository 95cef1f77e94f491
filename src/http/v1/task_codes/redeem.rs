//! `POST /v1/task-codes/redeem`: the only way to create a job.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::domain::error::ErrorCode;
use crate::domain::job::record::DataSharing;
use crate::http::error::ApiError;
use crate::http::extract::access::Anonymous;
use crate::http::extract::body::Json;
use crate::http::middleware::idempotency::HoldsSecret;
use crate::http::route::RouteFacts;
use crate::http::state::App;
use crate::service::access::failure_limiter::Subject;
use crate::service::access::redeem_task_code::{RedeemRequest, RedeemTaskCode};

/// A task code and the empirical question.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RedeemBody {
    task_code: String,
    /// Required the first time; may be empty.
    requirement: Option<String>,
    data_sharing: Option<DataSharing>,
    client_ref: Option<String>,
}

/// The job and its token.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct RedeemAnswer {
    job_id: String,
    /// `ssv1.<job_id>.<secret>`; the same for every redeem of the code.
    token: String,
    expires_at: DateTime<Utc>,
    /// The code had been redeemed before.
    is_idempotent: bool,
}

/// The facts of `redeem_task_code`.
pub const FACTS: RouteFacts = RouteFacts {
    refusals: &[&[
        ErrorCode::TaskCodeNotFound,
        ErrorCode::TaskCodeInvalid,
        ErrorCode::TaskCodeExpired,
        ErrorCode::TaskCodeRevoked,
        ErrorCode::TaskCodeRedeemConflict,
        ErrorCode::QuotaExceeded,
    ]],
    tenant_header: true,
    ..RouteFacts::NONE
};

/// Redeems a task code.
///
/// The only way to create a job. The same code returns the same job and token again, with `is_idempotent:
/// true`; a different requirement is refused. The token opens this one job and nothing else.
#[utoipa::path(post, path = "/v1/task-codes/redeem", tag = "jobs", operation_id = "redeem_task_code",
    request_body = RedeemBody, responses((status = 200, body = RedeemAnswer)))]
pub async fn handler(
    State(app): State<App>,
    caller: Anonymous,
    Json(body): Json<RedeemBody>,
) -> Result<Response, ApiError> {
    let request = RedeemRequest {
        task_code: body.task_code,
        requirement: body.requirement,
        data_sharing: body.data_sharing,
        client_ref: body.client_ref,
    };
    let subject = [Subject::address("redeem", &caller.network)];
    let redeemed = RedeemTaskCode(&app.ctx).execute(&caller.caller, &caller.tenant, &request).await;
    if redeemed.as_ref().is_err_and(|problem| problem.code == ErrorCode::TaskCodeNotFound) {
        // a code that was issued is redeemed however many others are guessed at the same address
        app.ctx.failure_limiter.take(&app.ctx, &subject, Some(&request.task_code)).await?;
    }
    let redeemed = redeemed?;
    let resource = format!("job:{}", redeemed.job_id);
    let mut response = Json(RedeemAnswer {
        job_id: redeemed.job_id.to_string(),
        token: redeemed.token,
        expires_at: redeemed.expires_at,
        is_idempotent: redeemed.is_idempotent,
    })
    .into_response();
    response.extensions_mut().insert(HoldsSecret { resource });
    Ok(response)
}
