//! Server-sent events (HTML standard, section 9.2): framing, heartbeats, the place to continue from.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use futures_util::{Stream, StreamExt};

use crate::domain::error::Problem;
use crate::http::middleware::streams::OpenStream;

/// Longest silence: a comment is sent, so that proxies keep the connection.
pub const HEARTBEAT: Duration = Duration::from_secs(15);

/// Longest life of one stream. A reader comes back with `Last-Event-ID` and shows its credential again.
pub const LONGEST: Duration = Duration::from_secs(3600);

/// When a reader whose connection broke comes back.
const RETRY: Duration = Duration::from_secs(1);

/// One event, or a comment, as it goes over the connection.
#[derive(Debug)]
pub struct Event(String);

impl Event {
    /// An event whose id moves a reader's place. The text may be empty and may have several lines, without carriage
    /// returns. axum's own event leaves out empty data, and a reader drops an event without data: a line that is
    /// blank would be lost.
    pub fn new(name: &str, id: Option<u64>, text: &str) -> Self {
        let mut framed = format!("event: {name}\n");
        for line in text.split('\n') {
            framed.extend(["data: ", line, "\n"]);
        }
        if let Some(id) = id {
            framed.extend(["id: ", &id.to_string(), "\n"]);
        }
        framed.push('\n');
        Self(framed)
    }

    /// A comment that says that the service is still there.
    pub fn heartbeat() -> Self {
        Self(": still here\n\n".to_owned())
    }
}

/// Responds with a stream of events. Nothing is produced that the reader has no room for.
pub fn answer(events: impl Stream<Item = Event> + Send + 'static, open: OpenStream) -> Response {
    let hello = Event(format!(": following\nretry: {}\n\n", RETRY.as_millis()));
    let pieces = futures_util::stream::once(async { hello }).chain(events).map(move |event| {
        let _counted = &open;
        Ok::<_, std::convert::Infallible>(Bytes::from(event.0))
    });
    let mut response = Response::new(Body::from_stream(pieces));
    for (name, value) in [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-cache"),
        // proxies that collect answers would hold events back
        (header::HeaderName::from_static("x-accel-buffering"), "no"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    // a reader stays for long: nothing is kept for it that only its request needed
    response.extensions_mut().insert(edge::serve::Detached);
    response
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
