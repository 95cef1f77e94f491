//! Server-sent events (HTML standard, section 9.2): framing, heartbeats, the place to continue from.

use std::time::Duration;

use axum::http::HeaderMap;
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::Stream;

use crate::domain::error::Problem;
use crate::http::middleware::streams::OpenStream;

/// Longest silence: a comment is sent, so that proxies keep the connection.
pub const HEARTBEAT: Duration = Duration::from_secs(15);

/// Longest life of one stream. A reader comes back with `Last-Event-ID` and shows its credential again.
pub const LONGEST: Duration = Duration::from_secs(3600);

/// When a reader whose connection broke comes back.
const RETRY: Duration = Duration::from_secs(1);

/// Responds with a stream of events. Nothing is produced that the reader has no room for.
pub fn answer(events: impl Stream<Item = Event> + Send + 'static, open: OpenStream) -> Response {
    use futures_util::StreamExt;
    let hello = futures_util::stream::once(async { Event::default().retry(RETRY).comment("following") });
    let events = hello.chain(events).map(move |event| {
        let _counted = &open;
        Ok::<_, std::convert::Infallible>(event)
    });
    let mut response = Sse::new(events).into_response();
    // proxies that collect answers would hold events back
    response.headers_mut().insert("x-accel-buffering", axum::http::HeaderValue::from_static("no"));
    response
}

/// A comment that says that the service is still there.
pub fn heartbeat() -> Event {
    Event::default().comment("still here")
}

/// Position at which a reader continues: the number of `Last-Event-ID`, 0 without one.
///
/// # Errors
/// `INPUT_VALIDATION_FAILED` for anything but digits.
pub fn last_event_id(headers: &HeaderMap) -> Result<u64, Problem> {
    let Some(value) = headers.get("last-event-id") else { return Ok(0) };
    let text = value.to_str().unwrap_or("?").trim();
    if text.is_empty() {
        return Ok(0);
    }
    text.parse()
        .map_err(|_| Problem::validation("Last-Event-ID", "must be the id of an event of this stream"))
}
