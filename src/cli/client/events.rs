//! Server-sent events (HTML standard, section 9.2.6), across broken connections.

use std::time::Duration;

use reqwest::Response;
use serde_json::Value;

use super::api::{Api, backoff};
use super::failure::Failure;

/// Longest line of a stream.
const MOST_LINE: usize = 4 << 20;
/// Attempts to come back without having received anything.
const ATTEMPTS: u32 = 8;

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Event {
    pub name: String,
    pub text: String,
}

impl Event {
    /// The text as JSON; null if it is not.
    pub(super) fn data(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or(Value::Null)
    }
}

/// Puts the lines of a stream together.
#[derive(Default)]
struct Lines {
    bytes: Vec<u8>,
    name: String,
    data: Vec<String>,
    /// Id of the last complete event.
    last_id: Option<String>,
    id: Option<String>,
}

impl Lines {
    /// Takes bytes and returns the events that they complete.
    fn take(&mut self, bytes: &[u8]) -> Result<Vec<Event>, ()> {
        self.bytes.extend_from_slice(bytes);
        let mut events = Vec::new();
        let mut begin = 0;
        while let Some(at) = self.bytes[begin..].iter().position(|b| *b == b'\n') {
            let line = String::from_utf8_lossy(&self.bytes[begin..begin + at]).into_owned();
            events.extend(self.line(line.trim_end_matches('\r')));
            begin += at + 1;
        }
        self.bytes.drain(..begin);
        if self.bytes.len() > MOST_LINE { Err(()) } else { Ok(events) }
    }

    fn line(&mut self, line: &str) -> Option<Event> {
        if line.is_empty() {
            self.last_id.clone_from(&self.id);
            let (name, data) = (std::mem::take(&mut self.name), std::mem::take(&mut self.data));
            return (!data.is_empty()).then(|| Event { name, text: data.join("\n") });
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "data" => self.data.push(value.to_owned()),
            "event" => value.clone_into(&mut self.name),
            "id" if !value.contains('\0') => self.id = Some(value.to_owned()),
            // a comment is a sign of life; other fields mean nothing
            _ => {}
        }
        None
    }

    /// A new connection begins after the last complete event.
    fn restart(&mut self) {
        let last_id = self.last_id.take();
        *self = Self { id: last_id.clone(), last_id, ..Self::default() };
    }
}

/// A stream that continues where its connection broke.
pub(super) struct Events<'a> {
    api: &'a Api,
    path: String,
    lines: Lines,
    response: Option<Response>,
    ready: std::collections::VecDeque<Event>,
    failures: u32,
    /// Called with the reason when a connection is lost.
    lost: Box<dyn FnMut(&str) + Send + 'a>,
}

impl<'a> Events<'a> {
    pub(super) fn new(api: &'a Api, path: String, lost: impl FnMut(&str) + Send + 'a) -> Self {
        Self {
            api,
            path,
            lines: Lines::default(),
            response: None,
            ready: std::collections::VecDeque::new(),
            failures: 0,
            lost: Box::new(lost),
        }
    }

    /// Waits for the next event. Dropping the future loses nothing.
    ///
    /// # Errors
    /// [`Failure::Refused`] if the service does not permit the stream, [`Failure::Unreachable`] if it stays away.
    pub(super) async fn next(&mut self) -> Result<Event, Failure> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Ok(event);
            }
            let Some(response) = &mut self.response else {
                let mut headers = vec![("Accept", "text/event-stream".to_owned())];
                headers.extend(self.lines.last_id.clone().map(|id| ("Last-Event-ID", id)));
                let response = self.api.open(&self.path, &headers).await?;
                self.lines.restart();
                self.response = Some(response);
                continue;
            };
            let broken = match response.chunk().await {
                Ok(Some(piece)) => match self.lines.take(&piece) {
                    Ok(events) => {
                        self.failures = 0;
                        self.ready.extend(events);
                        continue;
                    }
                    Err(()) => return Err(Failure::Unexpected("an event has no end".to_owned())),
                },
                // the service ends a stream after an hour, and when it stops
                Ok(None) => "the stream ended".to_owned(),
                Err(error) => error.to_string(),
            };
            self.response = None;
            self.failures += 1;
            if self.failures >= ATTEMPTS {
                return Err(self.api.unreachable(&broken));
            }
            (self.lost)(&broken);
            tokio::time::sleep(backoff(self.failures).max(Duration::from_millis(100))).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(name: &str, text: &str) -> Event {
        Event { name: name.to_owned(), text: text.to_owned() }
    }

    #[test]
    fn events_are_put_together_from_any_pieces() {
        let text = ": hello\nretry: 1000\n\nevent: run.started\ndata: {\"a\":1}\nid: 7\n\r\ndata: x\ndata:y\n\nevent: z\n\n";
        for size in [1, 3, 1000] {
            let mut lines = Lines::default();
            let mut events = Vec::new();
            for piece in text.as_bytes().chunks(size) {
                events.extend(lines.take(piece).expect("short lines"));
            }
            assert_eq!(events, [event("run.started", "{\"a\":1}"), event("", "x\ny")]);
            assert_eq!(lines.last_id.as_deref(), Some("7"));
        }
    }

    #[test]
    fn an_event_that_breaks_off_is_not_told_and_its_id_does_not_count() {
        let mut lines = Lines::default();
        lines.take(b"id: 7\ndata: a\n\nid: 8\ndata: b").expect("short lines");
        lines.restart();
        assert_eq!(lines.last_id.as_deref(), Some("7"));
        assert_eq!(lines.take(b"data: c\n\n").expect("short"), [event("", "c")]);
        let endless = vec![b'x'; MOST_LINE + 1];
        assert!(lines.take(&endless).is_err());
    }
}
