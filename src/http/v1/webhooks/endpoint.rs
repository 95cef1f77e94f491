//! `/v1/webhooks/{webhook_id}`: read, change, delete an endpoint, rotate its secret.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use super::{shown_once, tagged};
use crate::domain::error::ErrorCode;
use crate::http::error::ApiError;
use crate::http::extract::access::{Change, Read};
use crate::http::extract::body::{Json, OptionalJson};
use crate::http::extract::headers::IfMatch;
use crate::http::extract::webhooks::WebhookAccess;
use crate::http::route::RouteFacts;
use crate::http::state::App;
use crate::service::webhooks::endpoints::{Endpoints, WebhookChange};
use crate::service::webhooks::views::WebhookView;

/// Overlap during which the old secret signs too.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RotateSecretBody {
    /// 24 when absent; 0 ends every earlier secret at once.
    overlap_hours: Option<u32>,
}

/// The facts of `get_webhook`.
pub const GET_FACTS: RouteFacts =
    RouteFacts { refusals: &[&[ErrorCode::WebhookNotFound]], tagged: true, ..RouteFacts::NONE };

/// Reads an endpoint.
///
/// The token of a job reads the endpoints of that job, a key those of its tenant and of the tenant's jobs.
#[utoipa::path(get, path = "/v1/webhooks/{webhook_id}", tag = "webhooks", operation_id = "get_webhook",
    params(("webhook_id" = String, Path)),
    security(("job_token" = []), ("api_key" = ["viewer", "client", "operator", "admin"])),
    responses((status = 200, body = WebhookView)))]
pub async fn get(State(app): State<App>, access: WebhookAccess<Read>) -> Result<Response, ApiError> {
    let found = Endpoints(&app.ctx).get(&access.reach, access.id()?).await?;
    Ok(tagged(&app.ctx, &found))
}

/// The facts of `patch_webhook`.
pub const PATCH_FACTS: RouteFacts = RouteFacts {
    refusals: &[&[ErrorCode::WebhookNotFound, ErrorCode::WebhookAddressRefused]],
    if_match: true,
    tagged: true,
    ..RouteFacts::NONE
};

/// Changes address, events or state of an endpoint.
///
/// An endpoint that the service disabled starts again with `enabled: true`. A request that changes nothing creates no
/// new version.
#[utoipa::path(patch, path = "/v1/webhooks/{webhook_id}", tag = "webhooks", operation_id = "patch_webhook",
    params(("webhook_id" = String, Path)), request_body = WebhookChange,
    security(("job_token" = []), ("api_key" = ["client", "admin"])),
    responses((status = 200, body = WebhookView)))]
pub async fn patch(
    State(app): State<App>,
    access: WebhookAccess<Change>,
    IfMatch(if_match): IfMatch,
    Json(body): Json<WebhookChange>,
) -> Result<Response, ApiError> {
    let changed = Endpoints(&app.ctx)
        .change(&access.caller, &access.reach, access.id()?, &body, if_match)
        .await
        .map_err(|problem| ApiError::from(problem).for_if_match(if_match))?;
    Ok(tagged(&app.ctx, &changed))
}

/// The facts of `delete_webhook`.
pub const DELETE_FACTS: RouteFacts =
    RouteFacts { refusals: &[&[ErrorCode::WebhookNotFound]], if_match: true, ..RouteFacts::NONE };

/// Deletes an endpoint with its log; pending deliveries are not sent any more.
///
/// An attempt that is under way may still arrive. Repeating the deletion finds no such endpoint.
#[utoipa::path(delete, path = "/v1/webhooks/{webhook_id}", tag = "webhooks", operation_id = "delete_webhook",
    params(("webhook_id" = String, Path)), security(("job_token" = []), ("api_key" = ["client", "admin"])),
    responses((status = 204)))]
pub async fn delete(
    State(app): State<App>,
    access: WebhookAccess<Change>,
    IfMatch(if_match): IfMatch,
) -> Result<StatusCode, ApiError> {
    Endpoints(&app.ctx)
        .delete(&access.caller, &access.reach, access.id()?, if_match)
        .await
        .map_err(|problem| ApiError::from(problem).for_if_match(if_match))?;
    Ok(StatusCode::NO_CONTENT)
}

/// The facts of `rotate_webhook_secret`.
pub const ROTATE_FACTS: RouteFacts = RouteFacts {
    refusals: &[&[ErrorCode::WebhookNotFound, ErrorCode::QuotaExceeded]],
    secret: true,
    tagged: true,
    ..RouteFacts::NONE
};

/// Replaces the secret; the old one signs too for the given overlap.
///
/// During the overlap each delivery carries a signature of each secret. Only this response shows the new one.
#[utoipa::path(post, path = "/v1/webhooks/{webhook_id}/rotate-secret", tag = "webhooks",
    operation_id = "rotate_webhook_secret", params(("webhook_id" = String, Path)),
    request_body = RotateSecretBody, security(("job_token" = []), ("api_key" = ["client", "admin"])),
    responses((status = 200, body = WebhookView)))]
pub async fn rotate(
    State(app): State<App>,
    access: WebhookAccess<Change>,
    OptionalJson(body): OptionalJson<RotateSecretBody>,
) -> Result<Response, ApiError> {
    let (record, secret) =
        Endpoints(&app.ctx).rotate(&access.caller, &access.reach, access.id()?, body.overlap_hours).await?;
    Ok(shown_once(&app.ctx, StatusCode::OK, &record, secret))
}
