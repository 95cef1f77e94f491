//! One HTTP exchange with a provider: time-outs for connecting, the first byte, each silence and the whole,
//! a bound on the answer, and the causes of failures. What the bytes mean belongs to the providers' files.

use std::time::{Duration, Instant};

use futures_util::StreamExt;
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use serde_json::Value;
use tokio::time::timeout;

use super::headers;
use crate::adapters::guard::Guard;
use crate::ports::clock::Clock;
use crate::ports::llm::{LlmCause, LlmFailure};

/// Largest answer that is read.
const MAX_ANSWER: usize = 4 << 20;
/// Largest error body that is read.
const MAX_ERROR: usize = 64 << 10;

/// Bounds of one exchange.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// Longest time to connect, TLS included.
    pub connect: Duration,
    /// From the end of the request to the first byte of the body.
    pub first_byte: Duration,
    /// Longest silence within the body.
    pub idle: Duration,
    /// Longest time of the whole exchange.
    pub total: Duration,
}

/// An answer whose body has begun.
pub(super) struct Answer {
    pub headers: HeaderMap,
    response: reqwest::Response,
    timeouts: Timeouts,
    deadline: Instant,
    read: usize,
    first: bool,
}

/// Chooses the cryptography of TLS for the whole process; every HTTP client needs it, also for plain HTTP.
pub fn install_tls() {
    // another part of the process may have done it already
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// Builds the client that all exchanges with one provider share. With a guard it connects to no address of a name that
/// the guard refuses; an address in the URL itself is judged with the settings.
///
/// # Errors
/// A text that says what is wrong with the certificates.
pub(super) fn client(
    timeouts: &Timeouts,
    ca_pem: Option<&[u8]>,
    guard: Option<&Guard>,
) -> Result<reqwest::Client, String> {
    install_tls();
    let mut builder = reqwest::Client::builder()
        .connect_timeout(timeouts.connect)
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("stata-service/", env!("CARGO_PKG_VERSION")))
        .no_proxy();
    if let Some(guard) = guard {
        builder = builder.dns_resolver(guard.clone());
    }
    if let Some(pem) = ca_pem {
        let roots = reqwest::Certificate::from_pem_bundle(pem)
            .map_err(|error| format!("the certificates of the provider cannot be read: {error}"))?;
        builder = builder.tls_certs_only(roots);
    }
    builder.build().map_err(|error| format!("no HTTPS client can be built: {error}"))
}

/// Sends a request and waits for the beginning of a successful answer.
///
/// # Errors
/// A failure with the cause that status and body tell (`classify`), or that of the transport.
pub(super) async fn send(
    request: reqwest::RequestBuilder,
    timeouts: Timeouts,
    clock: &dyn Clock,
    classify: fn(u16, &Value) -> LlmCause,
) -> Result<Answer, LlmFailure> {
    let mut context = HeaderMap::new();
    edge::otel::inject(&tracing::Span::current(), &mut context);
    let request = request.headers(context);
    let deadline = Instant::now() + timeouts.total;
    let waited = timeouts.connect + timeouts.first_byte;
    let limit = waited.min(timeouts.total);
    let response = match timeout(limit, request.send()).await {
        Err(_) if limit == timeouts.total => {
            return Err(LlmFailure::new(LlmCause::TotalTimeout, "no answer within the total time"));
        }
        Err(_) => return Err(LlmFailure::new(LlmCause::FirstByteTimeout, "no answer within the time")),
        Ok(Err(error)) => return Err(transport_failure(&error)),
        Ok(Ok(response)) => response,
    };
    let status = response.status();
    let answer =
        Answer { headers: response.headers().clone(), response, timeouts, deadline, read: 0, first: true };
    if status.is_success() {
        Ok(answer)
    } else {
        Err(refused(status.as_u16(), answer, clock, classify).await)
    }
}

impl Answer {
    /// The media type without parameters, lower case.
    pub(super) fn media_type(&self) -> String {
        let stated = self.headers.get(CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
        stated.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
    }

    /// Returns the next bytes; `None` at the end of the body.
    ///
    /// # Errors
    /// `FirstByteTimeout`, `IdleTimeout`, `TotalTimeout`, `Transport`, `TooLarge`.
    pub(super) async fn next(&mut self) -> Result<Option<bytes::Bytes>, LlmFailure> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        let silence = if self.first { self.timeouts.first_byte } else { self.timeouts.idle };
        let piece = match timeout(silence.min(left), self.response.chunk()).await {
            Err(_) if left <= silence => {
                return Err(LlmFailure::new(
                    LlmCause::TotalTimeout,
                    "the answer took longer than the total time",
                ));
            }
            Err(_) if self.first => {
                return Err(LlmFailure::new(LlmCause::FirstByteTimeout, "headers came, but no body"));
            }
            Err(_) => return Err(LlmFailure::new(LlmCause::IdleTimeout, "the answer stopped in the middle")),
            Ok(Err(error)) => return Err(transport_failure(&error)),
            Ok(Ok(piece)) => piece,
        };
        self.first = false;
        self.read += piece.as_ref().map_or(0, bytes::Bytes::len);
        if self.read > MAX_ANSWER {
            return Err(LlmFailure::new(
                LlmCause::TooLarge,
                format!("the answer is larger than {MAX_ANSWER} bytes"),
            ));
        }
        Ok(piece)
    }

    /// Reads the body to its end.
    ///
    /// # Errors
    /// As [`Answer::next`].
    pub(super) async fn body(&mut self) -> Result<Vec<u8>, LlmFailure> {
        let mut body = Vec::new();
        while let Some(piece) = self.next().await? {
            body.extend_from_slice(&piece);
        }
        Ok(body)
    }
}

/// Reads a refusal; a body that cannot be read leaves the status to speak.
async fn refused(
    status: u16,
    answer: Answer,
    clock: &dyn Clock,
    classify: fn(u16, &Value) -> LlmCause,
) -> LlmFailure {
    let headers = answer.headers.clone();
    let idle = answer.timeouts.idle;
    let mut stream = answer.response.bytes_stream();
    let mut body = Vec::new();
    while let Ok(Some(Ok(piece))) = timeout(idle, stream.next()).await {
        body.extend_from_slice(&piece);
        if body.len() >= MAX_ERROR {
            break;
        }
    }
    let document: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
    let mut failure = LlmFailure::new(classify(status, &document), refusal_text(status, &document));
    failure.status = Some(status);
    failure.retry_after = headers::retry_after(status, &headers, clock.now());
    failure.should_retry = headers::should_retry(&headers);
    failure
}

/// The provider's own words where it has the usual envelope; never a page of HTML.
fn refusal_text(status: u16, document: &Value) -> String {
    let error = &document["error"];
    let message =
        error["message"].as_str().or_else(|| error.as_str()).or_else(|| document["message"].as_str());
    match message {
        Some(message) => format!("status {status}: {}", message.trim()),
        None => format!("status {status}"),
    }
}

fn transport_failure(error: &reqwest::Error) -> LlmFailure {
    let mut texts = Vec::new();
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(inner) = source {
        texts.push(inner.to_string());
        source = inner.source();
    }
    let all = texts.join(": ");
    let lower = all.to_ascii_lowercase();
    let words = ["certificate", "tls", "handshake", "invalid peer", "corrupt message", "fatal alert"];
    let is_tls = words.iter().any(|word| lower.contains(word));
    let cause = if error.is_connect() && error.is_timeout() {
        LlmCause::ConnectTimeout
    } else if error.is_connect() && is_tls {
        LlmCause::Tls
    } else if error.is_connect() {
        LlmCause::Connect
    } else {
        LlmCause::Transport
    };
    // The address is the operator's own setting; only the last, most precise text is shown.
    LlmFailure::new(cause, texts.pop().unwrap_or_default())
}
