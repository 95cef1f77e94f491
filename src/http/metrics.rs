//! `/metrics`: for scrapers, without credentials. Everything but one gauge is read from memory: a store that does not
//! answer, or a full disk, does not keep its own metrics back.

use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};

use super::state::App;
use crate::domain::job::JobStatus;
use crate::http::route::RouteFacts;
use crate::telemetry::metrics::Format;

/// How long the store may take to report the queued jobs of tenants with settings of their own.
const STORE_TIMEOUT: Duration = Duration::from_secs(1);

/// The facts of `get_metrics`.
pub const METRICS_FACTS: RouteFacts = RouteFacts::NONE;

/// Returns the metrics in the Prometheus text format, or in OpenMetrics where that is requested.
///
/// For scrapers; needs no credential and counts in no limit. `Accept: application/openmetrics-text` asks for
/// OpenMetrics, with exemplars.
#[utoipa::path(get, path = "/metrics", tag = "health", operation_id = "get_metrics",
    responses((status = 200, content((String = "text/plain"), (String = "application/openmetrics-text")))))]
pub async fn metrics(State(app): State<App>, headers: HeaderMap) -> Response {
    let accept = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let format = Format::accepted(&accept.collect::<Vec<_>>().join(","));
    // an answer that is late or missing leaves the last number
    if let Ok(Ok(own)) = tokio::time::timeout(STORE_TIMEOUT, app.ctx.queued_of_limited_tenants()).await {
        app.metrics.jobs.note_queued_own(own);
    }
    let text = {
        let _one = app.metrics.reading();
        bring_up_to_date(&app);
        app.metrics.render(format)
    };
    let mut response = text.into_response();
    let answer = response.headers_mut();
    answer.insert(header::CONTENT_TYPE, HeaderValue::from_static(format.content_type()));
    answer.insert(header::VARY, HeaderValue::from_static("accept"));
    response
}

/// Sets the gauges that are facts of the moment, from what lies in memory.
fn bring_up_to_date(app: &App) {
    let now = app.ctx.clock.now();
    let facts = app.ctx.store_status();
    let count = |status: &JobStatus| facts.jobs.get(status).copied().unwrap_or(0);
    let jobs: Vec<(&str, u64)> = JobStatus::ALL.iter().map(|s| (s.as_str(), count(s))).collect();
    app.metrics.jobs.set_jobs(&jobs);
    let audit_events = facts.audit_heads.iter().map(|(_, seq, _)| *seq).sum();
    app.metrics.store.set(
        facts.fault.is_some(),
        facts.quarantined_records,
        audit_events,
        facts.audit_write_failures,
    );
    app.metrics.jobs.set_queue(count(&JobStatus::Queued), now.timestamp_millis());
    for (name, check) in app.health.ready(false).checks {
        let age = (now - check.checked_at).as_seconds_f64().max(0.0);
        app.metrics.host.set_check_age(&name, age);
    }
}
