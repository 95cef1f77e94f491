//! The wire formats: each reads its request into an `Ask` and writes an `Answer` whole or as events.

pub(crate) mod anthropic;
pub(crate) mod gemini;
pub(crate) mod openai;
pub(crate) mod responses;

use std::time::Duration;

use serde_json::Value;

/// A refusal in the words of a wire format.
#[derive(Debug, Clone)]
pub(crate) struct Refusal {
    pub status: u16,
    pub code: String,
    pub message: String,
    /// When to come again; Gemini says it in the body.
    pub retry_after: Option<Duration>,
}

impl Refusal {
    /// A request that is not as the format says.
    pub(crate) fn bad(message: impl Into<String>) -> Self {
        Self {
            status: 400,
            code: "invalid_request_error".to_owned(),
            message: message.into(),
            retry_after: None,
        }
    }
}

/// The wire format of a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Wire {
    OpenAi,
    Responses,
    Anthropic,
    Gemini,
}

impl Wire {
    /// The provider's name in metrics.
    pub(crate) fn provider(self) -> &'static str {
        match self {
            Self::OpenAi | Self::Responses => "openai",
            Self::Anthropic => "anthropic",
            Self::Gemini => "gemini",
        }
    }

    /// A refusal with the usual code of its status.
    pub(crate) fn refusal(self, status: u16, message: impl Into<String>) -> Refusal {
        Refusal { status, code: self.code(status).to_owned(), ..Refusal::bad(message) }
    }

    /// A refusal as this format writes it.
    pub(crate) fn error(self, refusal: &Refusal, request_id: &str) -> Value {
        match self {
            Self::OpenAi | Self::Responses => openai::error(refusal),
            Self::Anthropic => anthropic::error(refusal, request_id),
            Self::Gemini => gemini::error(refusal),
        }
    }

    /// The usual code of a status.
    pub(crate) fn code(self, status: u16) -> &'static str {
        match (self, status) {
            (Self::Anthropic, 400 | 422) => "invalid_request_error",
            (Self::Anthropic, 401) => "authentication_error",
            (Self::Anthropic, 402) => "billing_error",
            (Self::Anthropic, 403) => "permission_error",
            (Self::Anthropic, 404) => "not_found_error",
            (Self::Anthropic, 413) => "request_too_large",
            (Self::Anthropic, 409) => "conflict_error",
            (Self::Anthropic, 429) => "rate_limit_error",
            (Self::Anthropic, 504) => "timeout_error",
            (Self::Anthropic, 529) => "overloaded_error",
            (Self::Anthropic, _) => "api_error",
            (Self::Gemini, 400 | 422) => "INVALID_ARGUMENT",
            (Self::Gemini, 401) => "UNAUTHENTICATED",
            (Self::Gemini, 403) => "PERMISSION_DENIED",
            (Self::Gemini, 404) => "NOT_FOUND",
            (Self::Gemini, 429) => "RESOURCE_EXHAUSTED",
            (Self::Gemini, 503) => "UNAVAILABLE",
            (Self::Gemini, 504) => "DEADLINE_EXCEEDED",
            (Self::Gemini, _) => "INTERNAL",
            (_, 400 | 413 | 422) => "invalid_request_error",
            (_, 401) => "invalid_api_key",
            (_, 404) => "model_not_found",
            (_, 429) => "rate_limit_exceeded",
            (_, 503) => "service_unavailable_error",
            _ => "server_error",
        }
    }
}

/// An answer as texts of a stream: before the pieces, one for each piece, after them.
pub(crate) type Events = (Vec<String>, Vec<String>, Vec<String>);

/// One server-sent event.
pub(crate) fn event(name: Option<&str>, data: &Value) -> String {
    match name {
        Some(name) => format!("event: {name}\ndata: {data}\n\n"),
        None => format!("data: {data}\n\n"),
    }
}

/// The texts of a content field: a text, or a list of parts with one each.
pub(crate) fn texts(content: &Value, into: &mut String) {
    match content {
        Value::String(text) => {
            into.push_str(text);
            into.push('\n');
        }
        Value::Array(parts) => parts.iter().for_each(|part| texts(&part["text"], into)),
        _ => {}
    }
}

/// A count that must be a whole number where it is given.
///
/// # Errors
/// A refusal that names the field.
pub(crate) fn count(body: &Value, key: &str) -> Result<Option<usize>, Refusal> {
    match &body[key] {
        Value::Null => Ok(None),
        value => match value.as_u64() {
            Some(n) => Ok(Some(usize::try_from(n).unwrap_or(usize::MAX))),
            None => Err(Refusal::bad(format!("{key} must be a whole number that is not negative"))),
        },
    }
}

/// A text or a list of texts.
pub(crate) fn text_list(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(texts) => texts.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}
