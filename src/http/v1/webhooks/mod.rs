//! `/v1/webhooks` and `/v1/jobs/{job_id}/webhooks`: the endpoints that receive events, and their deliveries.

pub mod collection;
pub mod deliveries;
pub mod endpoint;

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::domain::webhook::WebhookRecord;
use crate::http::extract::body::Json;
use crate::http::extract::headers::version_tag;
use crate::http::middleware::idempotency::HoldsSecret;
use crate::service::Context;
use crate::service::webhooks::views::WebhookView;

/// An endpoint with its entity tag.
fn tagged(ctx: &Context, record: &WebhookRecord) -> Response {
    let mut response = Json(WebhookView::of(record, ctx.clock.now())).into_response();
    response.headers_mut().insert(header::ETAG, version_tag(record.revision));
    response
}

/// An endpoint with its new secret, which no other response shows.
fn shown_once(ctx: &Context, status: StatusCode, record: &WebhookRecord, secret: String) -> Response {
    let view = WebhookView::of(record, ctx.clock.now()).with_secret(secret);
    let mut response = (status, Json(view)).into_response();
    response.headers_mut().insert(header::ETAG, version_tag(record.revision));
    response.extensions_mut().insert(HoldsSecret { resource: record.resource() });
    response
}
