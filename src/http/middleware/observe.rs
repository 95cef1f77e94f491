//! Gives each request its trace and request ids, its span, its log line and its metrics.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use axum::extract::{ConnectInfo, MatchedPath, Request};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header};
use axum::response::Response;
use chrono::{DateTime, Utc};
use tracing::field::Empty;
use tracing::{Instrument, Span};

use super::edge::Decisions;
use crate::domain::ids::TraceId;
use crate::domain::job::JobRecord;
use crate::http::state::App;
use crate::telemetry::traces;

/// 32 hexadecimal digits that name the trace in answers, logs and records.
pub const X_TRACE_ID: HeaderName = HeaderName::from_static("x-trace-id");
/// Echoed when the client gives one.
pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The trace of a request: the caller's, where it names one; else that of the job it is about, once it has shown that
/// it may know the job; else one of its own.
#[derive(Debug)]
pub struct RequestTrace {
    own: TraceId,
    is_callers: bool,
    job: OnceLock<TraceId>,
}

impl RequestTrace {
    /// The trace as it is known by now.
    pub fn id(&self) -> &TraceId {
        self.job.get().unwrap_or(&self.own)
    }

    /// Records the job of an authorized request, with the request's span current.
    pub fn is_about(&self, job: &JobRecord) {
        let span = Span::current();
        let created = job.trace.created.as_deref();
        if self.is_callers {
            if let Some(created) = created.filter(|_| job.trace_id != self.own) {
                span.record("otel.link", created);
            }
        } else if self.job.set(job.trace_id.clone()).is_ok() {
            if let Some(created) = created {
                span.record("otel.parent", created);
            }
            span.record("trace_id", job.trace_id.as_str());
        }
        span.record("job_id", job.job_id.as_str());
        span.record("tenant_id", job.tenant_id.as_str());
    }
}

/// The route of liveness probes.
const LIVE: &str = "/health/live";

/// Properties of a request known before it is authenticated; one pointer.
#[derive(Debug, Clone)]
pub struct RequestMeta(Arc<Known>);

impl std::ops::Deref for RequestMeta {
    type Target = Known;

    fn deref(&self) -> &Known {
        &self.0
    }
}

/// What [`RequestMeta`] shares.
#[derive(Debug)]
pub struct Known {
    /// Trace of the request, as the caller continued it or as it was begun here.
    pub trace: RequestTrace,
    /// The client's id of this request; without one it is the trace that was begun here.
    request_id: Option<HeaderValue>,
    /// Address of the client behind trusted proxies; `None` where the connection has none.
    pub address: Option<IpAddr>,
    uri: Uri,
    /// Decisions of the limiters so far.
    pub decisions: Decisions,
}

impl Known {
    /// Path of the request, at most 512 characters, without its query, which may hold a signature.
    pub fn path(&self) -> &str {
        let path = self.uri.path();
        path.char_indices().nth(512).map_or(path, |(end, _)| &path[..end])
    }

    fn of(app: &App, request: &Request) -> Self {
        let headers = request.headers();
        let callers = edge::otel::caller(headers).and_then(|id| TraceId::parse(id).ok());
        let is_callers = callers.is_some();
        let own = callers.unwrap_or_else(|| fresh_trace(app));
        let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip());
        Self {
            trace: RequestTrace { own, is_callers, job: OnceLock::new() },
            request_id: request_id_of(headers),
            address: peer.map(|peer| app.edge.client(peer, headers)),
            uri: request.uri().clone(),
            decisions: Decisions::default(),
        }
    }

    fn write_ids(&self, headers: &mut HeaderMap) {
        let request_id = self.request_id.clone();
        headers.insert(X_TRACE_ID, header_value(self.trace.id().as_str()));
        headers.insert(X_REQUEST_ID, request_id.unwrap_or_else(|| header_value(self.trace.own.as_str())));
    }
}

/// Opens the request's span and closes it with one log line and the request metrics.
pub async fn observe<F>(app: &App, mut request: Request, next: impl FnOnce(Request) -> F) -> Response
where
    F: Future<Output = Response>,
{
    let started = Instant::now();
    let meta = RequestMeta(Arc::new(Known::of(app, &request)));
    let method = request.method().clone();
    let matched = request.extensions().get::<MatchedPath>().cloned();
    // A path that matches no route would make labels without bound.
    let route = matched.as_ref().map_or("unmatched", MatchedPath::as_str);
    request.extensions_mut().insert(meta.clone());
    // a liveness probe says nothing in a log or a trace, never fails and comes most often of all: it has no span
    let span = if route == LIVE { Span::none() } else { span_of(&meta.trace, &method, route) };
    if meta.trace.is_callers {
        edge::otel::adopt(&span, request.headers());
    }
    let in_flight = app.metrics.http.started();
    let mut response =
        if span.is_none() { next(request).await } else { next(request).instrument(span.clone()).await };
    drop(in_flight);
    let status = response.status().as_u16();
    let elapsed = started.elapsed().as_secs_f64();
    app.metrics.http.finished(method.as_str(), route, status, elapsed, meta.trace.id().as_str());
    let (duration_ms, path) = (elapsed * 1000.0, meta.path());
    span.in_scope(|| {
        if status >= 500 {
            tracing::warn!(event = "SS_HTTP_REQUEST", status, duration_ms, path, "request failed");
        } else {
            tracing::debug!(event = "SS_HTTP_REQUEST", status, duration_ms, path, "request answered");
        }
    });
    if edge::otel::is_traced(&span) {
        end_span(&span, method.as_str(), route, status, app.ctx.clock.now());
    }
    let headers = response.headers_mut();
    app.edge.protect(headers);
    meta.write_ids(headers);
    meta.decisions.write(headers);
    if app.health.is_draining() {
        // The client's next request goes to a connection that is not about to be closed.
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// The span of a request, open for what is found out later.
fn span_of(trace: &RequestTrace, method: &Method, route: &str) -> Span {
    // of the highest level, so that no filter of log lines takes their ids from them
    tracing::error_span!(
        "request",
        trace_id = trace.own.as_str(),
        http.method = method.as_str(),
        http.route = route,
        job_id = Empty,
        tenant_id = Empty,
        run_id = Empty,
        http.status_code = Empty,
        otel.kind = "server",
        otel.discard = is_probe(route),
        otel.name = Empty,
        otel.parent = Empty,
        otel.link = Empty,
        otel.status_code = Empty,
        otel.end_ns = Empty,
    )
}

fn header_value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or_else(|_| HeaderValue::from_static("invalid"))
}

/// Probes and scrapes come every few seconds and say nothing in a trace.
fn is_probe(route: &str) -> bool {
    route == "/metrics" || route.starts_with("/health")
}

/// Completes the span of an answered request; work that continues behind it does not lengthen it.
fn end_span(span: &Span, method: &str, route: &str, status: u16, now: DateTime<Utc>) {
    span.record("otel.name", format!("{method} {route}"));
    span.record("http.status_code", status);
    if status >= 500 {
        span.record("otel.status_code", "error");
    }
    span.record("otel.end_ns", traces::nanos(now));
}

fn fresh_trace(app: &App) -> TraceId {
    let mut digits = [0; 32];
    hex::encode_to_slice(app.ctx.ids.secret(16), &mut digits).expect("16 bytes are 32 hexadecimal digits");
    TraceId::parse(String::from_utf8_lossy(&digits)).expect("hexadecimal digits are a trace id")
}

/// Reads a client's request id: at most 128 visible ASCII characters.
fn request_id_of(headers: &HeaderMap) -> Option<HeaderValue> {
    let text = headers.get(X_REQUEST_ID)?.to_str().ok()?;
    let is_sound = !text.is_empty() && text.len() <= 128 && text.bytes().all(|b| b.is_ascii_graphic());
    // a copy: the header itself would keep the buffer of the whole request
    is_sound.then(|| header_value(text))
}
