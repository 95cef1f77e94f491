//! Create and list endpoints: of a tenant, and of one job.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;

use super::shown_once;
use crate::domain::error::ErrorCode;
use crate::domain::webhook::WebhookRecord;
use crate::http::error::ApiError;
use crate::http::extract::access::{Change, JobAccess, KeyAccess, Read};
use crate::http::extract::body::Json;
use crate::http::extract::roles::{AnyRole, CodeKeepers};
use crate::http::route::RouteFacts;
use crate::http::state::App;
use crate::service::Context;
use crate::service::webhooks::endpoints::{Endpoints, NewWebhook};
use crate::service::webhooks::views::WebhookView;

/// Endpoints, oldest first.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct WebhookList {
    webhooks: Vec<WebhookView>,
}

fn list_of(ctx: &Context, found: &[WebhookRecord]) -> Json<WebhookList> {
    let now = ctx.clock.now();
    Json(WebhookList { webhooks: found.iter().map(|record| WebhookView::of(record, now)).collect() })
}

/// The facts of `create_webhook`.
pub const CREATE_FACTS: RouteFacts = RouteFacts {
    refusals: &[&[ErrorCode::WebhookAddressRefused, ErrorCode::QuotaExceeded]],
    secret: true,
    tagged: true,
    ..RouteFacts::NONE
};

/// Creates an endpoint that receives the events of every job of the tenant.
///
/// Only this response and those of rotations show the secret that signs deliveries. The tenant is that of the key; for
/// administrators that of `X-SS-Tenant-ID`, else `default`.
#[utoipa::path(post, path = "/v1/webhooks", tag = "webhooks", operation_id = "create_webhook",
    request_body = NewWebhook, security(("api_key" = ["client", "admin"])),
    responses((status = 201, body = WebhookView)))]
pub async fn create(
    State(app): State<App>,
    access: KeyAccess<CodeKeepers>,
    Json(body): Json<NewWebhook>,
) -> Result<Response, ApiError> {
    let made = Endpoints(&app.ctx).create(&access.caller, &access.tenant, None, body).await?;
    Ok(shown_once(&app.ctx, StatusCode::CREATED, &made.0, made.1))
}

/// The facts of `list_webhooks`.
pub const LIST_FACTS: RouteFacts = RouteFacts::NONE;

/// Lists the endpoints that receive the events of every job of the tenant.
///
/// Those of single jobs are listed at the job. Secrets are never shown.
#[utoipa::path(get, path = "/v1/webhooks", tag = "webhooks", operation_id = "list_webhooks",
    security(("api_key" = ["viewer", "client", "operator", "admin"])),
    responses((status = 200, body = WebhookList)))]
pub async fn list(State(app): State<App>, access: KeyAccess<AnyRole>) -> Result<Json<WebhookList>, ApiError> {
    Ok(list_of(&app.ctx, &Endpoints(&app.ctx).list(&access.tenant, None).await?))
}

/// The facts of `create_job_webhook`.
pub const CREATE_OF_JOB_FACTS: RouteFacts = RouteFacts {
    refusals: &[&[ErrorCode::WebhookAddressRefused, ErrorCode::QuotaExceeded, ErrorCode::TrialLimit]],
    ..CREATE_FACTS
};

/// Creates an endpoint that receives the events of one job.
///
/// It ends with the content of the job. Only this response and those of rotations show the secret that signs deliveries.
#[utoipa::path(post, path = "/v1/jobs/{job_id}/webhooks", tag = "webhooks", operation_id = "create_job_webhook",
    params(("job_id" = String, Path)), request_body = NewWebhook,
    security(("job_token" = []), ("api_key" = ["client", "admin"])),
    responses((status = 201, body = WebhookView)))]
pub async fn create_of_job(
    State(app): State<App>,
    access: JobAccess<Change>,
    Json(body): Json<NewWebhook>,
) -> Result<Response, ApiError> {
    let (tenant, job_id) = (&access.job.tenant_id, &access.job.job_id);
    let made = Endpoints(&app.ctx).create(&access.caller, tenant, Some(job_id), body).await?;
    Ok(shown_once(&app.ctx, StatusCode::CREATED, &made.0, made.1))
}

/// The facts of `list_job_webhooks`.
pub const LIST_OF_JOB_FACTS: RouteFacts = RouteFacts::NONE;

/// Lists the endpoints that receive the events of one job.
///
/// Those of its tenant are listed at `/v1/webhooks`. Secrets are never shown.
#[utoipa::path(get, path = "/v1/jobs/{job_id}/webhooks", tag = "webhooks", operation_id = "list_job_webhooks",
    params(("job_id" = String, Path)),
    security(("job_token" = []), ("api_key" = ["viewer", "client", "operator", "admin"])),
    responses((status = 200, body = WebhookList)))]
pub async fn list_of_job(
    State(app): State<App>,
    access: JobAccess<Read>,
) -> Result<Json<WebhookList>, ApiError> {
    let found = Endpoints(&app.ctx).list(&access.job.tenant_id, Some(&access.job.job_id)).await?;
    Ok(list_of(&app.ctx, &found))
}
