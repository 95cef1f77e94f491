//! `/health/live` and `/health/ready`: for orchestrators, without credentials.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::extract::body::{Json, Query};
use super::state::App;
use crate::http::route::RouteFacts;
use crate::service::operations::check_health::HealthReport;

/// Which dependencies decide.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub struct Scope {
    /// `traffic`: only what keeps the service from answering at all.
    scope: Option<String>,
}

/// The facts of `get_health_live`.
pub const LIVE_FACTS: RouteFacts = RouteFacts::NONE;

/// Shows that the process responds.
///
/// Depends on nothing outside the process: for the probe that restarts a process that hangs. Always 200
/// while the process answers.
#[utoipa::path(get, path = "/health/live", tag = "health", operation_id = "get_health_live",
    responses((status = 200, body = HealthReport)))]
pub async fn live(State(app): State<App>) -> Json<HealthReport> {
    Json(app.health.live())
}

/// The facts of `get_health_ready`.
pub const READY_FACTS: RouteFacts = RouteFacts::NONE;

/// Shows whether the service is ready.
///
/// Returns the results of checks that run in the background, so that a probe costs nothing. `ok` and `degraded` are
/// 200, `not_ready` and `draining` are 503. With `scope=traffic` only what keeps finished results from
/// being read counts.
#[utoipa::path(get, path = "/health/ready", tag = "health", operation_id = "get_health_ready",
    params(Scope), responses((status = 200, body = HealthReport), (status = 503, body = HealthReport)))]
pub async fn ready(State(app): State<App>, Query(query): Query<Scope>) -> Response {
    let report = app.health.ready(query.scope.as_deref() == Some("traffic"));
    let status = match report.status.as_str() {
        "ok" | "degraded" => StatusCode::OK,
        _ => StatusCode::SERVICE_UNAVAILABLE,
    };
    (status, Json(report)).into_response()
}
