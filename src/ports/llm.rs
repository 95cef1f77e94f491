//! Language models as a port: one call, one checked answer or one failure with its cause. What is asked and
//! what is done with the answer belongs to the use cases.

use std::time::Duration;

use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::ids::TenantId;

/// One call to a model.
#[derive(Debug, Clone)]
pub struct LlmCall {
    /// `draft`, `draft_repair`, `selection` or `interpretation`: a label of logs and metrics.
    pub purpose: &'static str,
    /// Whose budget pays.
    pub tenant: TenantId,
    /// Instructions that come before the turns.
    pub system: String,
    /// Turns after the system text, in order; the first is the user's.
    pub messages: Vec<Message>,
    /// The answer is one JSON document of this form.
    pub schema: AnswerSchema,
    /// Most tokens that the model may write; a longer answer is cut and fails as `output_limit`.
    pub max_output_tokens: u32,
}

/// One turn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Author of the turn.
    pub role: Role,
    /// Text of the turn.
    pub content: String,
}

/// Author of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The service, with question and data.
    User,
    /// The model, with an answer that is to be repaired.
    Assistant,
}

/// The form of an answer, as a JSON Schema in the strict subset of structured outputs: every property is
/// required, objects admit no others, optional means a union with null.
#[derive(Debug, Clone, PartialEq)]
pub struct AnswerSchema {
    /// At most 64 of `[A-Za-z0-9_-]`.
    pub name: &'static str,
    /// The JSON Schema itself, an object.
    pub schema: Value,
}

/// Form in which the answer was requested.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Structure {
    /// The server was given the schema.
    JsonSchema,
    /// The server was asked for JSON and the prompt holds the schema.
    JsonObject,
    /// The answer is the input of a tool that the model had to call.
    Tool,
}

/// Tokens of a call as the provider counts them; 0 where it said nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Tokens of the prompt.
    pub input_tokens: u64,
    /// Tokens of the answer.
    pub output_tokens: u64,
}

/// A model's reply.
#[derive(Debug, Clone, PartialEq)]
pub struct LlmReply {
    /// The JSON document as text, complete, not yet checked against the schema.
    pub text: String,
    /// Name of the provider that answered, such as `openai`.
    pub provider: String,
    /// The model as the answer names it.
    pub model: String,
    /// Form in which the answer was requested.
    pub structure: Structure,
    /// Tokens of the answered attempt.
    pub usage: Usage,
    /// The provider's id of the request.
    pub request_id: Option<String>,
    /// Sampling parameters and limits that were sent.
    pub parameters: Value,
    /// Duration of the answered attempt, to the last byte of the answer.
    pub elapsed: Duration,
    /// Every attempt, the answered one last.
    pub attempts: Vec<AttemptNote>,
}

/// One attempt of a call, for logs and for `llm.meta`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AttemptNote {
    /// Name of the provider that was called.
    pub provider: String,
    /// From 1, over all providers of the call.
    pub attempt: u32,
    /// Duration of the attempt, in milliseconds.
    pub elapsed_ms: u64,
    /// `answered`, or the cause of the failure.
    pub outcome: String,
    /// Description of the failure, for people; absent for an answer.
    pub detail: Option<String>,
    /// Wait before the next attempt.
    pub next_delay_ms: Option<u64>,
}

/// Why a call failed. The list is closed: it labels metrics and stands in `context.cause`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LlmCause {
    /// The address could not be reached.
    Connect,
    /// No connection was made within the time for it.
    ConnectTimeout,
    /// The certificate or the handshake was refused.
    Tls,
    /// The connection was made, and no byte of an answer came in time.
    FirstByteTimeout,
    /// The stream stopped without an end.
    IdleTimeout,
    /// The attempt took longer than all of it may take.
    TotalTimeout,
    /// The connection broke while the answer came.
    Transport,
    /// The provider asks to send fewer requests (429).
    RateLimited,
    /// The account has no credit left; waiting does not heal it.
    QuotaExhausted,
    /// The provider has no capacity now (503, 529).
    Overloaded,
    /// The provider failed (5xx).
    ServerError,
    /// The key was refused.
    Authentication,
    /// The key may not use the model or the region (403).
    Forbidden,
    /// The provider has no model of this name (404).
    ModelNotFound,
    /// The provider rejects the form of the request (4xx).
    InvalidRequest,
    /// The prompt does not fit the model.
    ContextTooLong,
    /// The stream ended before its end mark.
    Truncated,
    /// The model ran into the limit of tokens; its JSON is cut.
    OutputLimit,
    /// The model refused to answer.
    Refused,
    /// The provider's filter held the answer back.
    ContentFiltered,
    /// Not what the provider's protocol says: no JSON, wrong type of content, unknown form.
    Protocol,
    /// More bytes than the service accepts.
    TooLarge,
    /// The breaker of every provider is open.
    BreakerOpen,
    /// Too many calls at once.
    Busy,
    /// The tenant's tokens of this day are used up.
    Budget,
}

impl LlmCause {
    /// The name in logs, metrics and answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::ConnectTimeout => "connect_timeout",
            Self::Tls => "tls",
            Self::FirstByteTimeout => "first_byte_timeout",
            Self::IdleTimeout => "idle_timeout",
            Self::TotalTimeout => "total_timeout",
            Self::Transport => "transport",
            Self::RateLimited => "rate_limited",
            Self::QuotaExhausted => "quota_exhausted",
            Self::Overloaded => "overloaded",
            Self::ServerError => "server_error",
            Self::Authentication => "authentication",
            Self::Forbidden => "forbidden",
            Self::ModelNotFound => "model_not_found",
            Self::InvalidRequest => "invalid_request",
            Self::ContextTooLong => "context_too_long",
            Self::Truncated => "truncated",
            Self::OutputLimit => "output_limit",
            Self::Refused => "refused",
            Self::ContentFiltered => "content_filtered",
            Self::Protocol => "protocol",
            Self::TooLarge => "too_large",
            Self::BreakerOpen => "breaker_open",
            Self::Busy => "busy",
            Self::Budget => "budget",
        }
    }

    /// True if the same call may succeed a moment later.
    pub fn is_transient(self) -> bool {
        matches!(
            self,
            Self::Connect
                | Self::ConnectTimeout
                | Self::FirstByteTimeout
                | Self::IdleTimeout
                | Self::Transport
                | Self::RateLimited
                | Self::Overloaded
                | Self::ServerError
                | Self::Truncated
                | Self::Protocol
                | Self::Busy
        )
    }

    /// True if the failure says something about the provider's health, not about this call.
    pub fn counts_against_provider(self) -> bool {
        matches!(
            self,
            Self::Connect
                | Self::ConnectTimeout
                | Self::Tls
                | Self::FirstByteTimeout
                | Self::IdleTimeout
                | Self::TotalTimeout
                | Self::Transport
                | Self::Overloaded
                | Self::ServerError
                | Self::Truncated
                | Self::Protocol
                | Self::Authentication
                | Self::QuotaExhausted
        )
    }

    /// True if another provider may answer where this one did not.
    pub fn may_fail_over(self) -> bool {
        self.counts_against_provider()
            || matches!(
                self,
                Self::RateLimited | Self::BreakerOpen | Self::Busy | Self::Forbidden | Self::ModelNotFound
            )
    }
}

/// A call that failed for good.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("the language model call failed: {}: {detail}", cause.as_str())]
pub struct LlmFailure {
    /// Cause of the last attempt.
    pub cause: LlmCause,
    /// For people: what the provider or the transport said, without credentials, at most 500 characters.
    pub detail: String,
    /// Wait requested by the provider.
    pub retry_after: Option<Duration>,
    /// `x-should-retry` of the provider, which overrules the status.
    pub should_retry: Option<bool>,
    /// HTTP status of the last attempt; absent where no response came.
    pub status: Option<u16>,
    /// Every attempt, the last one at the end.
    pub attempts: Vec<AttemptNote>,
}

impl LlmFailure {
    /// Builds a failure without an HTTP status.
    pub fn new(cause: LlmCause, detail: impl Into<String>) -> Self {
        let mut detail: String = detail.into();
        if let Some((end, _)) = detail.char_indices().nth(500) {
            detail.truncate(end);
        }
        Self { cause, detail, retry_after: None, should_retry: None, status: None, attempts: Vec::new() }
    }

    /// True if the same provider may be asked again.
    pub fn is_retryable(&self) -> bool {
        self.should_retry.unwrap_or_else(|| self.cause.is_transient())
    }
}

/// A model, or a chain of decorators around models.
pub trait Llm: Send + Sync {
    /// Makes the call. Dropping the future gives it up.
    fn complete<'a>(&'a self, call: &'a LlmCall) -> BoxFuture<'a, Result<LlmReply, LlmFailure>>;
}

/// Metrics of the calls.
pub trait LlmMeter: Send + Sync {
    /// One attempt ended.
    fn attempt(&self, provider: &str, model: &str, outcome: &str, elapsed: Duration);
    /// Another attempt will follow.
    fn retry(&self, provider: &str);
    /// Tokens of an answer.
    fn tokens(&self, provider: &str, model: &str, usage: Usage);
    /// A breaker opened or closed.
    fn breaker(&self, provider: &str, open: bool);
}
