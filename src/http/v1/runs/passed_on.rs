//! A request that another server answers: what of it is sent there, and what of the response comes back.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri};
use axum::response::Response;
use futures_util::StreamExt;

use crate::domain::run::Run;
use crate::http::error::ApiError;
use crate::http::extract::access::{JobAccess, Read};
use crate::http::state::App;
use crate::service::runs::pass_on::{PASSED_ON, PassOn, Sent};

/// Headers of a request that the other server needs.
const SENT: &[&str] = &[
    "accept",
    "authorization",
    "x-ss-tenant-id",
    "range",
    "if-range",
    "if-none-match",
    "last-event-id",
    "traceparent",
    "tracestate",
    PASSED_ON,
];
/// Headers of its response that the client gets; the layers of this server add their own.
const RETURNED: &[&str] = &[
    "content-type",
    "content-length",
    "content-range",
    "content-disposition",
    "accept-ranges",
    "cache-control",
    "etag",
    "retry-after",
    "x-accel-buffering",
];

/// Returns the response of the server that carries out a run; none where this one has it, or has to answer.
///
/// # Errors
/// `DEPENDENCY_UNAVAILABLE`, `RATE_LIMITED` where the caller has too many streams open.
pub(super) async fn passed_on(
    app: &App,
    access: &JobAccess<Read>,
    run: &Run,
    uri: &Uri,
    headers: &HeaderMap,
    is_stream: bool,
) -> Result<Option<Response>, ApiError> {
    let text = |name: &&str| Some(((*name).to_owned(), headers.get(*name)?.to_str().ok()?.to_owned()));
    let mut sent = Sent {
        target: uri.path_and_query().map_or_else(String::new, ToString::to_string),
        headers: SENT.iter().filter_map(text).collect(),
    };
    if !headers.contains_key("traceparent") {
        // so that both servers name the same trace
        let parent = format!("00-{}-{}-00", access.caller.trace_id, "1".repeat(16));
        sent.headers.push(("traceparent".to_owned(), parent));
    }
    let Some(answer) = PassOn(&app.ctx).execute(run, sent).await? else { return Ok(None) };
    let open = is_stream.then(|| app.edge.open_stream(&access.principal)).transpose()?;
    let body = answer.body.map(move |piece| {
        let _counted = &open;
        piece
    });
    let mut response = Response::new(Body::from_stream(body));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::BAD_GATEWAY);
    for (name, value) in answer.headers.iter().filter(|(name, _)| RETURNED.contains(&name.as_str())) {
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_str(value)) {
            response.headers_mut().insert(name, value);
        }
    }
    Ok(Some(response))
}
