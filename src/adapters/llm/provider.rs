//! Code shared by the clients of both providers: the connection, the key and its redaction, the causes derived from a
//! status and a usual error body, and the reading of an event stream to its end mark.

use std::sync::Arc;
use std::time::{Duration, Instant};

use secrecy::ExposeSecret;
use serde_json::Value;

use super::key::LiveKey;
use super::sse::{Decoder, Event};
use super::transport::{self, Answer, Timeouts};
use crate::adapters::guard::Guard;
use crate::ports::clock::Clock;
use crate::ports::llm::{AttemptNote, LlmCause, LlmFailure, LlmReply, Structure, Usage};

/// Stands where a key was.
const REDACTED: &str = "[redacted]";

/// How to reach one model.
pub struct Provider {
    /// `openai`, `anthropic`, or the name that the settings give a second one.
    pub name: String,
    /// Without a slash at its end; the clients add the path.
    pub base_url: String,
    /// Key of the provider; read again when its file is reloaded.
    pub api_key: LiveKey,
    /// Name of the model as the provider knows it.
    pub model: String,
    /// Sampling temperature; without it the provider's default applies.
    pub temperature: Option<f64>,
    /// Bounds of each exchange.
    pub timeouts: Timeouts,
    /// Source of the current time, for the durations of calls.
    pub clock: Arc<dyn Clock>,
    /// Client with the timeout for connecting, the certificates and the address rules.
    pub http: reqwest::Client,
}

/// Settings of a provider as the composition root knows them.
pub struct ProviderOptions {
    /// Name in logs, metrics and evidence: `openai`, `anthropic`, or that of the second provider.
    pub name: String,
    /// Base URL of the provider, to which the clients add the path.
    pub base_url: String,
    /// Key of the provider; read again when its file is reloaded.
    pub api_key: LiveKey,
    /// Name of the model as the provider knows it.
    pub model: String,
    /// Sampling temperature; without it the provider's default applies.
    pub temperature: Option<f64>,
    /// Bounds of each exchange.
    pub timeouts: Timeouts,
    /// Certificates (PEM) to be trusted instead of the system's.
    pub ca_pem: Option<Vec<u8>>,
    /// Which addresses the provider may have; any without it.
    pub guard: Option<Guard>,
}

impl Provider {
    /// Builds the connection.
    ///
    /// # Errors
    /// A text that says what is wrong with the certificates.
    pub fn new(options: ProviderOptions, clock: Arc<dyn Clock>) -> Result<Self, String> {
        let http = transport::client(&options.timeouts, options.ca_pem.as_deref(), options.guard.as_ref())?;
        Ok(Self {
            name: options.name,
            base_url: options.base_url.trim_end_matches('/').to_owned(),
            api_key: options.api_key,
            model: options.model,
            temperature: options.temperature,
            timeouts: options.timeouts,
            clock,
            http,
        })
    }

    /// Takes the key out of a text that comes from outside.
    pub fn redact(&self, text: &str) -> String {
        let key = self.api_key.read();
        let key = key.expose_secret();
        if key.is_empty() { text.to_owned() } else { text.replace(key, REDACTED) }
    }

    /// Makes an answer out of what a client read, with the key taken out of every text.
    pub fn reply(&self, read: Read, structure: Structure, parameters: Value, started: Instant) -> LlmReply {
        let elapsed = started.elapsed();
        LlmReply {
            text: self.redact(&read.text),
            provider: self.name.clone(),
            model: self.redact(read.model.as_deref().unwrap_or(&self.model)),
            structure,
            usage: read.usage,
            request_id: read.request_id.map(|id| self.redact(&id)),
            parameters,
            elapsed,
            attempts: vec![self.note("answered", None, elapsed)],
        }
    }

    /// Completes a failure with the note of its attempt; the key is taken out of every text.
    pub fn failed(&self, mut failure: LlmFailure, started: Instant) -> LlmFailure {
        failure.detail = self.redact(&failure.detail);
        let note = self.note(failure.cause.as_str(), Some(failure.detail.clone()), started.elapsed());
        failure.attempts = vec![note];
        failure
    }

    fn note(&self, outcome: &str, detail: Option<String>, elapsed: Duration) -> AttemptNote {
        AttemptNote {
            provider: self.name.clone(),
            attempt: 1,
            elapsed_ms: u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX),
            outcome: outcome.to_owned(),
            detail,
            next_delay_ms: None,
        }
    }
}

/// The part of an answer that a client read.
#[derive(Debug, Default)]
pub struct Read {
    pub text: String,
    pub model: Option<String>,
    pub usage: Usage,
    pub request_id: Option<String>,
}

/// Gathers the events of a stream.
pub(super) trait Gather {
    /// Takes one event; true when it was the end mark.
    ///
    /// # Errors
    /// The failure that the event tells.
    fn event(&mut self, event: &Event) -> Result<bool, LlmFailure>;
}

/// Reads a stream up to its end mark.
///
/// # Errors
/// `Truncated` for a stream without one; `Protocol` for bytes that are no events; those of the transport.
pub(super) async fn read_stream(answer: &mut Answer, gather: &mut impl Gather) -> Result<(), LlmFailure> {
    let mut decoder = Decoder::default();
    while let Some(piece) = answer.next().await? {
        let events = decoder.push(&piece).map_err(|e| LlmFailure::new(LlmCause::Protocol, e.to_string()))?;
        for event in events {
            if gather.event(&event)? {
                return Ok(());
            }
        }
    }
    Err(LlmFailure::new(LlmCause::Truncated, "the answer ended before its end mark"))
}

/// Parses a JSON document of the protocol.
///
/// # Errors
/// `Protocol`.
pub(super) fn document(bytes: &[u8]) -> Result<Value, LlmFailure> {
    serde_json::from_slice(bytes)
        .map_err(|_| LlmFailure::new(LlmCause::Protocol, "the answer is not the provider's JSON"))
}

/// Refuses an answer of another type than the two that the protocol has.
///
/// # Errors
/// `Protocol`, naming the type.
pub(super) fn check_media_type(answer: &Answer) -> Result<bool, LlmFailure> {
    match answer.media_type().as_str() {
        "text/event-stream" => Ok(true),
        "application/json" => Ok(false),
        other => {
            let shown: String = other.chars().take(60).collect();
            Err(LlmFailure::new(LlmCause::Protocol, format!("the answer has the type {shown:?}, not JSON")))
        }
    }
}

/// The cause that a status tells by itself.
pub(super) fn by_status(status: u16) -> LlmCause {
    match status {
        401 => LlmCause::Authentication,
        402 => LlmCause::QuotaExhausted,
        403 => LlmCause::Forbidden,
        404 => LlmCause::ModelNotFound,
        408 | 409 | 425 => LlmCause::ServerError,
        413 => LlmCause::ContextTooLong,
        429 => LlmCause::RateLimited,
        503 | 529 => LlmCause::Overloaded,
        500.. => LlmCause::ServerError,
        _ => LlmCause::InvalidRequest,
    }
}

/// A number of the provider's usage block.
pub(super) fn count(usage: &Value, key: &str) -> u64 {
    usage[key].as_u64().unwrap_or(0)
}
