//! `/health/live`, `/health/ready` and `/metrics`: for orchestrators and scrapers, without credentials.

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::extract::body::{Json, Query};
use super::state::App;
use crate::domain::job::JobStatus;
use crate::service::check_health::HealthReport;

/// Which dependencies decide.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub struct Scope {
    /// `traffic`: only what keeps the service from answering at all.
    scope: Option<String>,
}

/// Tells that the process answers.
#[utoipa::path(get, path = "/health/live", tag = "health", operation_id = "get_health_live",
    responses((status = 200, body = HealthReport)))]
pub async fn live(State(app): State<App>) -> Json<HealthReport> {
    Json(app.health.live())
}

/// Tells whether the service can do its work.
#[utoipa::path(get, path = "/health/ready", tag = "health", operation_id = "get_health_ready", params(Scope),
    responses((status = 200, body = HealthReport), (status = 503, body = HealthReport)))]
pub async fn ready(State(app): State<App>, Query(query): Query<Scope>) -> Response {
    let report = app.health.ready(query.scope.as_deref() == Some("traffic"));
    let status = match report.status.as_str() {
        "ok" | "degraded" => StatusCode::OK,
        _ => StatusCode::SERVICE_UNAVAILABLE,
    };
    (status, Json(report)).into_response()
}

/// Answers the metrics in the Prometheus text format.
#[utoipa::path(get, path = "/metrics", tag = "health", operation_id = "get_metrics",
    responses((status = 200, body = String, content_type = "text/plain")))]
pub async fn metrics(State(app): State<App>) -> Response {
    let facts = app.ctx.store.status();
    let jobs: Vec<(&str, u64)> =
        JobStatus::ALL.iter().map(|s| (s.as_str(), facts.jobs.get(s).copied().unwrap_or(0))).collect();
    let events = facts.audit_heads.iter().map(|(_, seq, _)| *seq).sum();
    app.metrics.store(facts.fault.is_some(), facts.quarantined_records, &jobs, events);
    let queued = facts.jobs.get(&JobStatus::Queued).copied().unwrap_or(0);
    let oldest = app.ctx.store.queued(0, 1).await.ok().and_then(|jobs| jobs.into_iter().next());
    let age = oldest.map_or(0.0, |job| (app.ctx.clock.now() - job.ready_at).as_seconds_f64().max(0.0));
    app.metrics.queue(queued, age);
    let mut response = app.metrics.render().into_response();
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8"));
    response
}
