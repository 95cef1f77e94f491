//! The only place that knows statuses: problem documents (RFC 9457) for every refusal.

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use axum::response::IntoResponse;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::domain::error::{ErrorClass, ErrorCode, Problem};

/// Returns the status of a code: that of its class.
pub fn status_of(code: ErrorCode) -> StatusCode {
    match code.class() {
        ErrorClass::Invalid => StatusCode::BAD_REQUEST,
        ErrorClass::Unauthenticated => StatusCode::UNAUTHORIZED,
        ErrorClass::Forbidden => StatusCode::FORBIDDEN,
        ErrorClass::NotFound => StatusCode::NOT_FOUND,
        ErrorClass::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        ErrorClass::Timeout => StatusCode::REQUEST_TIMEOUT,
        ErrorClass::Conflict => StatusCode::CONFLICT,
        ErrorClass::Gone => StatusCode::GONE,
        ErrorClass::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        ErrorClass::UriTooLong => StatusCode::URI_TOO_LONG,
        ErrorClass::MediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        ErrorClass::Range => StatusCode::RANGE_NOT_SATISFIABLE,
        ErrorClass::Unprocessable => StatusCode::UNPROCESSABLE_ENTITY,
        ErrorClass::Limited => StatusCode::TOO_MANY_REQUESTS,
        ErrorClass::HeadersTooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
        ErrorClass::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        ErrorClass::Upstream => StatusCode::BAD_GATEWAY,
        ErrorClass::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        ErrorClass::StorageFull => StatusCode::INSUFFICIENT_STORAGE,
    }
}

/// Returns the other status with which some responses carry a code: a failed `If-Match`, and a quota that no wait
/// frees.
pub fn unusual_status(code: ErrorCode) -> Option<StatusCode> {
    match code {
        ErrorCode::JobVersionConflict => Some(StatusCode::PRECONDITION_FAILED),
        ErrorCode::QuotaExceeded => Some(StatusCode::CONFLICT),
        _ => None,
    }
}

/// A refusal on its way out. The body is written by [`super::middleware::problem`], which knows the
/// trace id and the path.
#[derive(Debug, Clone)]
pub struct ApiError {
    problem: Box<Problem>,
    status: StatusCode,
}

impl ApiError {
    /// Returns the code.
    pub fn code(&self) -> ErrorCode {
        self.problem.code
    }

    /// Returns the status of the answer.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Returns a failed `If-Match` as 412 instead of the 409 of a lost race.
    #[must_use]
    pub fn for_if_match(mut self, stated: Option<u64>) -> Self {
        if stated.is_some() && self.problem.code == ErrorCode::JobVersionConflict {
            self.status = StatusCode::PRECONDITION_FAILED;
        }
        self
    }
}

/// Returns after how many seconds a request refused with this status may come again, where the refusal does
/// not say so itself: every answer that asks to come again says when.
fn usual_retry(status: StatusCode, code: ErrorCode) -> Option<u64> {
    match status {
        _ if !code.retryable() => None,
        StatusCode::TOO_MANY_REQUESTS => Some(1),
        StatusCode::SERVICE_UNAVAILABLE => Some(5),
        StatusCode::INSUFFICIENT_STORAGE => Some(60),
        _ => None,
    }
}

impl From<Problem> for ApiError {
    fn from(mut problem: Problem) -> Self {
        let status = match problem.code {
            // A stock is full until something is removed; only a quota per time frees itself.
            ErrorCode::QuotaExceeded if !problem.context.contains_key("resets_at") => StatusCode::CONFLICT,
            code => status_of(code),
        };
        problem.retry_after_seconds = problem.retry_after_seconds.or(usual_retry(status, problem.code));
        Self { problem: Box::new(problem), status }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response<Body> {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = self.status;
        response.extensions_mut().insert(self);
        response
    }
}

/// The document that clients read.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ProblemDocument {
    /// Path into `docs/errors.md`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The code as words.
    pub title: String,
    /// HTTP status of the response.
    pub status: u16,
    /// What happened, for people, with the next step.
    pub detail: String,
    /// Path of the request.
    pub instance: String,
    /// Out of the closed list of `docs/errors.md`.
    pub error_code: String,
    /// The same text as `detail`, for older clients.
    pub message: String,
    /// Typed fields of this code; see its section in `docs/errors.md`.
    #[schema(value_type = Object)]
    pub context: Map<String, Value>,
    /// Trace id in responses, logs and records: 32 hexadecimal digits.
    pub trace_id: String,
    /// True if the same request may succeed later, without a change by the client.
    pub retryable: bool,
    /// Seconds to wait before the same request; absent where waiting does not help.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after_seconds: Option<u64>,
}

impl ProblemDocument {
    /// Builds the document of a refusal.
    pub fn new(problem: &Problem, status: StatusCode, trace_id: &str, instance: &str) -> Self {
        let code = problem.code;
        Self {
            kind: format!("docs/errors.md#{}", code.as_str().to_lowercase()),
            title: title_of(code),
            status: status.as_u16(),
            detail: problem.message.clone(),
            instance: instance.to_owned(),
            error_code: code.as_str().to_owned(),
            message: problem.message.clone(),
            context: problem.context.clone(),
            trace_id: trace_id.to_owned(),
            // what says when to come again may be repeated
            retryable: code.retryable() || problem.retry_after_seconds.is_some(),
            retry_after_seconds: problem.retry_after_seconds,
        }
    }
}

impl ApiError {
    /// Writes the problem document.
    pub fn render(&self, trace_id: &str, instance: &str) -> Response<Body> {
        let document = ProblemDocument::new(&self.problem, self.status, trace_id, instance);
        let body = serde_json::to_vec(&document).expect("a problem document serialises");
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = self.problem.retry_after_seconds {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers
                .insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"stata-service\""));
        }
        response
    }
}

/// Returns the code as words: `JOB_NOT_FOUND` → `Job not found`.
fn title_of(code: ErrorCode) -> String {
    let text = code.as_str().to_lowercase().replace('_', " ");
    let mut chars = text.chars();
    chars.next().map(|c| c.to_ascii_uppercase().to_string() + chars.as_str()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_answer_that_asks_to_come_again_says_when() {
        let busy = [
            StatusCode::TOO_MANY_REQUESTS,
            StatusCode::SERVICE_UNAVAILABLE,
            StatusCode::INSUFFICIENT_STORAGE,
        ];
        let mut seen = 0;
        for code in ErrorCode::ALL.iter().filter(|c| c.retryable() && busy.contains(&status_of(**c))) {
            let answer = ApiError::from(Problem::new(*code, "later")).render("", "/");
            assert!(answer.headers().contains_key(header::RETRY_AFTER), "{}", code.as_str());
            seen += 1;
        }
        assert!(seen >= 5, "{seen}");
        let stated = ApiError::from(Problem::new(ErrorCode::StoreUnavailable, "later").retry_after(17));
        assert_eq!(stated.render("", "/").headers()[header::RETRY_AFTER], "17");
        let never = ApiError::from(Problem::new(ErrorCode::JobNotFound, "no")).render("", "/");
        assert!(!never.headers().contains_key(header::RETRY_AFTER));
    }
}
