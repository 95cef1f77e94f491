//! `POST /v1/trial`: a task code for anyone, where the operator offers trials.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::domain::error::ErrorCode;
use crate::domain::trial::TrialTerms;
use crate::http::error::ApiError;
use crate::http::extract::access::Anonymous;
use crate::http::extract::body::Json;
use crate::http::middleware::idempotency::HoldsSecret;
use crate::http::route::RouteFacts;
use crate::http::state::App;
use crate::service::access::offer_trial::OfferTrial;

/// The task code of a trial.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct TrialAnswer {
    /// Redeem it with `X-SS-Tenant-ID` set to `tenant_id`; shown once.
    task_code: String,
    /// Tenant of the code.
    tenant_id: String,
    /// When the code expires, if it is not redeemed (RFC 3339, UTC).
    expires_at: DateTime<Utc>,
    /// Bounds of the trial.
    trial: TrialTerms,
}

/// The facts of `begin_trial`.
pub const FACTS: RouteFacts =
    RouteFacts { refusals: &[&[ErrorCode::TrialNotOffered, ErrorCode::QuotaExceeded]], ..RouteFacts::NONE };

/// Begins a trial: creates a task code with narrow bounds, for anyone.
///
/// Where the operator offers trials (`trial` in the capabilities). The code is redeemed like any other; its job takes
/// the sample data of the console, or small files if the bounds permit, has few and short runs, and is removed after
/// hours. Each address may begin a few in an hour.
#[utoipa::path(post, path = "/v1/trial", tag = "jobs", operation_id = "begin_trial",
    responses((status = 200, body = TrialAnswer)))]
pub async fn handler(State(app): State<App>, caller: Anonymous) -> Result<Response, ApiError> {
    let offered = OfferTrial(&app.ctx).execute(&caller.caller, &caller.network).await?;
    let resource = format!("tenant:{}", offered.tenant_id);
    let mut response = Json(TrialAnswer {
        task_code: offered.task_code,
        tenant_id: offered.tenant_id.to_string(),
        expires_at: offered.expires_at,
        trial: offered.terms,
    })
    .into_response();
    response.extensions_mut().insert(HoldsSecret { resource });
    Ok(response)
}
