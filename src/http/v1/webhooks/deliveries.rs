//! The deliveries to an endpoint: the log, a test event, replays.

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::domain::error::{ErrorCode, Problem};
use crate::domain::ids::DeliveryId;
use crate::http::error::ApiError;
use crate::http::extract::access::{Change, Read};
use crate::http::extract::body::{Json, OptionalJson, Path, Query};
use crate::http::extract::webhooks::WebhookAccess;
use crate::http::route::RouteFacts;
use crate::http::state::App;
use crate::http::v1::admin::task_codes::PageQuery;
use crate::http::v1::jobs::list::checked_limit;
use crate::service::webhooks::deliveries::{ListDeliveries, TestWebhook};
use crate::service::webhooks::replay::ReplayDeliveries;
use crate::service::webhooks::views::DeliveryView;

/// Deliveries, newest first.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct DeliveryList {
    deliveries: Vec<DeliveryView>,
    /// Cursor of the next page; null after the last.
    next_cursor: Option<String>,
}

/// The delivery's segment.
#[derive(Debug, Deserialize)]
pub struct DeliverySegment {
    delivery_id: String,
}

/// Which failed deliveries are sent again.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplayBody {
    /// Deliveries made at this time or later (RFC 3339).
    since: DateTime<Utc>,
}

/// Outcome of a request for replays.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Replayed {
    /// Number of deliveries that are sent again.
    replayed: usize,
    /// True if there are more failed deliveries; repeat the request.
    more: bool,
}

/// A request without a body.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NoFields {}

/// The facts of `list_webhook_deliveries`.
pub const LIST_FACTS: RouteFacts =
    RouteFacts { refusals: &[&[ErrorCode::WebhookNotFound]], ..RouteFacts::NONE };

/// Lists the deliveries to an endpoint with their attempts, newest first.
///
/// Deliveries that ended are kept for `webhooks.log_days`.
#[utoipa::path(get, path = "/v1/webhooks/{webhook_id}/deliveries", tag = "webhooks",
    operation_id = "list_webhook_deliveries", params(("webhook_id" = String, Path), PageQuery),
    security(("job_token" = []), ("api_key" = ["viewer", "client", "operator", "admin"])),
    responses((status = 200, body = DeliveryList)))]
pub async fn list(
    State(app): State<App>,
    access: WebhookAccess<Read>,
    Query(page): Query<PageQuery>,
) -> Result<Json<DeliveryList>, ApiError> {
    let limit = checked_limit(page.limit)?;
    let page = ListDeliveries(&app.ctx).execute(&access.reach, access.id()?, page.cursor, limit).await?;
    let deliveries = page.items.iter().map(DeliveryView::from).collect();
    Ok(Json(DeliveryList { deliveries, next_cursor: page.next_cursor }))
}

/// The facts of `test_webhook`.
pub const TEST_FACTS: RouteFacts =
    RouteFacts { refusals: &[&[ErrorCode::WebhookNotFound, ErrorCode::WebhookDisabled]], ..RouteFacts::NONE };

/// Sends the event `webhook.test` to an endpoint.
///
/// It is sent whatever events the endpoint takes. The log shows how it went.
#[utoipa::path(post, path = "/v1/webhooks/{webhook_id}/test", tag = "webhooks", operation_id = "test_webhook",
    params(("webhook_id" = String, Path)), request_body = NoFields,
    security(("job_token" = []), ("api_key" = ["client", "admin"])),
    responses((status = 202, body = DeliveryView)))]
pub async fn test(
    State(app): State<App>,
    access: WebhookAccess<Change>,
    OptionalJson(NoFields {}): OptionalJson<NoFields>,
) -> Result<(StatusCode, Json<DeliveryView>), ApiError> {
    let made = TestWebhook(&app.ctx).execute(&access.caller, &access.reach, access.id()?).await?;
    Ok((StatusCode::ACCEPTED, Json(DeliveryView::from(&made))))
}

/// The facts of `replay_webhook_delivery`.
pub const REPLAY_ONE_FACTS: RouteFacts = RouteFacts {
    refusals: &[&[
        ErrorCode::WebhookNotFound,
        ErrorCode::WebhookDeliveryNotFound,
        ErrorCode::WebhookDisabled,
    ]],
    ..RouteFacts::NONE
};

/// Sends a delivery again, with the same id and body.
///
/// One that is pending is sent at once, with a new budget of attempts.
#[utoipa::path(post, path = "/v1/webhooks/{webhook_id}/deliveries/{delivery_id}/replay", tag = "webhooks",
    operation_id = "replay_webhook_delivery",
    params(("webhook_id" = String, Path), ("delivery_id" = String, Path)), request_body = NoFields,
    security(("job_token" = []), ("api_key" = ["client", "admin"])),
    responses((status = 202, body = DeliveryView)))]
pub async fn replay_one(
    State(app): State<App>,
    access: WebhookAccess<Change>,
    Path(segment): Path<DeliverySegment>,
    OptionalJson(NoFields {}): OptionalJson<NoFields>,
) -> Result<(StatusCode, Json<DeliveryView>), ApiError> {
    let delivery_id = DeliveryId::parse(segment.delivery_id)
        .map_err(|_| Problem::new(ErrorCode::WebhookDeliveryNotFound, "the webhook has no such delivery"))?;
    let replayed =
        ReplayDeliveries(&app.ctx).one(&access.caller, &access.reach, access.id()?, &delivery_id).await?;
    Ok((StatusCode::ACCEPTED, Json(DeliveryView::from(&replayed))))
}

/// The facts of `replay_failed_deliveries`.
pub const REPLAY_FACTS: RouteFacts = TEST_FACTS;

/// Sends again every delivery that failed and was made since a time.
///
/// At most about 1,000 are sent again by one request; `more` says that there are others.
#[utoipa::path(post, path = "/v1/webhooks/{webhook_id}/replay", tag = "webhooks",
    operation_id = "replay_failed_deliveries", params(("webhook_id" = String, Path)),
    request_body = ReplayBody, security(("job_token" = []), ("api_key" = ["client", "admin"])),
    responses((status = 202, body = Replayed)))]
pub async fn replay(
    State(app): State<App>,
    access: WebhookAccess<Change>,
    Json(body): Json<ReplayBody>,
) -> Result<(StatusCode, Json<Replayed>), ApiError> {
    let (replayed, more) =
        ReplayDeliveries(&app.ctx).failed(&access.caller, &access.reach, access.id()?, body.since).await?;
    Ok((StatusCode::ACCEPTED, Json(Replayed { replayed, more })))
}
