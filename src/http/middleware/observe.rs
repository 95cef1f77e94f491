//! Gives each request its trace and request ids, its span, its log line and its metrics.

use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use axum::extract::{ConnectInfo, MatchedPath, Request};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Uri, header};
use axum::response::Response;
use tracing::Instrument;

use super::edge::Decisions;
use crate::domain::ids::TraceId;
use crate::http::state::App;

/// 32 hexadecimal digits that name the trace in answers, logs and records.
pub const X_TRACE_ID: HeaderName = HeaderName::from_static("x-trace-id");
/// Echoed when the client gives one.
pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What is known of a request before it is authenticated.
#[derive(Debug, Clone)]
pub struct RequestMeta {
    pub trace_id: TraceId,
    pub request_id: String,
    pub address: Option<IpAddr>,
    pub path: String,
    /// What the limiters said so far.
    pub decisions: Decisions,
}

/// Opens the request's span and closes it with one log line and the request metrics.
pub async fn observe<F>(app: &App, mut request: Request, next: impl FnOnce(Request) -> F) -> Response
where
    F: Future<Output = Response>,
{
    let started = Instant::now();
    let trace_id = trace_of(request.headers()).unwrap_or_else(|| fresh_trace(app));
    let request_id = request_id_of(request.headers()).unwrap_or_else(|| trace_id.to_string());
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip());
    let address = peer.map(|peer| app.edge.client(peer, request.headers()));
    let decisions = Decisions::default();
    let path = without_secrets(request.uri());
    let method = request.method().clone();
    // A path that matches no route would make labels without bound.
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "unmatched".to_owned(), |matched| matched.as_str().to_owned());
    request.extensions_mut().insert(RequestMeta {
        trace_id: trace_id.clone(),
        request_id: request_id.clone(),
        address,
        path: path.clone(),
        decisions: decisions.clone(),
    });
    let span = tracing::info_span!(
        "request",
        trace_id = %trace_id,
        http.method = %method,
        http.route = %route,
        job_id = tracing::field::Empty,
        tenant_id = tracing::field::Empty
    );
    let in_flight = app.metrics.http.started();
    let mut response = next(request).instrument(span.clone()).await;
    drop(in_flight);
    let status = response.status().as_u16();
    let elapsed = started.elapsed();
    app.metrics.http.finished(method.as_str(), &route, status, elapsed.as_secs_f64(), trace_id.as_str());
    let duration_ms = elapsed.as_secs_f64() * 1000.0;
    span.in_scope(|| {
        if status >= 500 {
            tracing::warn!(event = "SS_HTTP_REQUEST", status, duration_ms, path, "request failed");
        } else {
            tracing::debug!(event = "SS_HTTP_REQUEST", status, duration_ms, path, "request answered");
        }
    });
    let headers = response.headers_mut();
    headers.insert(X_TRACE_ID, header_value(trace_id.as_str()));
    headers.insert(X_REQUEST_ID, header_value(&request_id));
    decisions.write(headers);
    app.edge.protect(headers);
    if app.health.is_draining() {
        // The client's next request goes to a connection that is not about to be closed.
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

fn header_value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or_else(|_| HeaderValue::from_static("invalid"))
}

/// Reads the trace id of a W3C `traceparent` (version 00 and later, not all zero).
fn trace_of(headers: &HeaderMap) -> Option<TraceId> {
    let text = headers.get("traceparent")?.to_str().ok()?;
    let mut parts = text.split('-');
    let (version, trace) = (parts.next()?, parts.next()?);
    let valid = version.len() == 2 && version != "ff" && trace.bytes().any(|b| b != b'0');
    valid.then(|| TraceId::parse(trace).ok()).flatten()
}

fn fresh_trace(app: &App) -> TraceId {
    TraceId::parse(hex::encode(app.ctx.ids.secret(16))).expect("16 bytes are 32 hexadecimal digits")
}

/// Reads a client's request id: at most 128 visible ASCII characters.
fn request_id_of(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(X_REQUEST_ID)?.to_str().ok()?;
    (!text.is_empty() && text.len() <= 128 && text.bytes().all(|b| b.is_ascii_graphic()))
        .then(|| text.to_owned())
}

/// Returns the path without its query, which may hold a signature.
fn without_secrets(uri: &Uri) -> String {
    uri.path().chars().take(512).collect()
}
