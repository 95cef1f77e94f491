//! The only place that knows statuses: problem documents (RFC 9457) for every refusal.

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use axum::response::IntoResponse;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::domain::error::{ErrorCode, Problem};

/// Returns the status of a code.
pub fn status_of(code: ErrorCode) -> StatusCode {
    use ErrorCode as E;
    match code {
        E::AuthBearerTokenMissing | E::AuthBearerTokenInvalid | E::AuthLoginFailed => {
            StatusCode::UNAUTHORIZED
        }
        E::AuthTokenInvalid | E::AuthTokenForbidden | E::RetentionHold => StatusCode::FORBIDDEN,
        E::JobNotFound
        | E::RouteNotFound
        | E::TaskCodeNotFound
        | E::ApiKeyNotFound
        | E::AdminTokenNotFound
        | E::InputDatasetNotFound
        | E::UploadSessionNotFound
        | E::TemplateNotFound
        | E::DraftNotFound
        | E::RunNotFound
        | E::ArtifactNotFound => StatusCode::NOT_FOUND,
        E::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        E::UriTooLong => StatusCode::URI_TOO_LONG,
        E::HeadersTooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
        E::RequestTimeout => StatusCode::REQUEST_TIMEOUT,
        E::PayloadTooLarge | E::InputTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        E::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        E::RangeNotSatisfiable => StatusCode::RANGE_NOT_SATISFIABLE,
        E::InternalError | E::JobCorrupt | E::JobSchemaNewer => StatusCode::INTERNAL_SERVER_ERROR,
        E::StoreUnavailable
        | E::ServiceNotReady
        | E::DependencyUnavailable
        | E::ServiceShuttingDown
        | E::LlmNotConfigured
        | E::LlmConfigInvalid => StatusCode::SERVICE_UNAVAILABLE,
        E::LlmCallFailed | E::LlmResponseInvalid => StatusCode::BAD_GATEWAY,
        E::StorageFull => StatusCode::INSUFFICIENT_STORAGE,
        E::RateLimited | E::QuotaExceeded => StatusCode::TOO_MANY_REQUESTS,
        E::JobVersionConflict
        | E::JobLocked
        | E::JobIllegalTransition
        | E::IdempotencySecretNotReplayable
        | E::TaskCodeRedeemConflict
        | E::InputsMissing
        | E::ConfigReloadFailed
        | E::PlanFreezeNotAllowed
        | E::PlanAlreadyFrozenConflict
        | E::PlanMissing
        | E::PlanOutdated
        | E::RunNotSucceeded
        | E::LlmDataSharingNone => StatusCode::CONFLICT,
        E::IdempotencyKeyReused | E::RenderingFailed => StatusCode::UNPROCESSABLE_ENTITY,
        E::ArtifactExpired | E::JobGone | E::UploadSessionExpired => StatusCode::GONE,
        E::TenantIdUnsafe
        | E::InputValidationFailed
        | E::TaskCodeInvalid
        | E::TaskCodeExpired
        | E::TaskCodeRevoked
        | E::InputFormatUnsupported
        | E::InputFileNameForbidden
        | E::InputParseFailed
        | E::InputEmpty
        | E::InputEncodingInvalid
        | E::InputSheetNotFound
        | E::InputRoleInvalid
        | E::DraftConfirmBlocked
        | E::ExpressionInvalid
        | E::ContractColumnNotFound
        | E::RoleUnused
        | E::TemplateNotApplicable
        | E::DoTemplateSelectionInvalidTemplateId
        | E::PlanFreezeMissingRequired
        | E::ArtifactPathUnsafe => StatusCode::BAD_REQUEST,
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

    /// Answers a failed `If-Match` as 412 instead of the 409 of a lost race.
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
    pub title: String,
    pub status: u16,
    pub detail: String,
    pub instance: String,
    /// Out of the closed list of `docs/errors.md`.
    pub error_code: String,
    /// The same text as `detail`, for older clients.
    pub message: String,
    #[schema(value_type = Object)]
    pub context: Map<String, Value>,
    pub trace_id: String,
    pub retryable: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after_seconds: Option<u64>,
}

impl ApiError {
    /// Writes the problem document.
    pub fn render(&self, trace_id: &str, instance: &str) -> Response<Body> {
        let code = self.problem.code;
        let document = ProblemDocument {
            kind: format!("docs/errors.md#{}", code.as_str().to_lowercase()),
            title: title_of(code),
            status: self.status.as_u16(),
            detail: self.problem.message.clone(),
            instance: instance.to_owned(),
            error_code: code.as_str().to_owned(),
            message: self.problem.message.clone(),
            context: self.problem.context.clone(),
            trace_id: trace_id.to_owned(),
            retryable: code.retryable(),
            retry_after_seconds: self.problem.retry_after_seconds,
        };
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
