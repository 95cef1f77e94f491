//! Makes every refusal a problem document, whoever refused: a handler, the router, a limit or a panic.

use std::any::Any;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{Response, StatusCode, header};
use axum::response::IntoResponse;

use super::observe::RequestMeta;
use crate::domain::error::{ErrorCode, Problem};
use crate::http::error::ApiError;

/// Writes the body of refusals and replaces bare ones.
pub async fn problem<F>(request: Request, next: impl FnOnce(Request) -> F) -> Response<Body>
where
    F: Future<Output = Response<Body>>,
{
    let meta = request.extensions().get::<RequestMeta>().cloned();
    let mut response = next(request).await;
    let error = match response.extensions_mut().remove::<ApiError>() {
        Some(error) => error,
        None if is_bare_refusal(&response) => ApiError::from(bare(response.status())),
        None => return response,
    };
    let (trace_id, path) = meta.map(|m| (m.trace_id.to_string(), m.path)).unwrap_or_default();
    let mut rendered = error.render(&trace_id, &path);
    if let Some(allow) = response.headers().get(header::ALLOW) {
        rendered.headers_mut().insert(header::ALLOW, allow.clone());
    }
    rendered
}

fn is_bare_refusal(response: &Response<Body>) -> bool {
    let status = response.status();
    let is_json = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|v| v.as_bytes().starts_with(b"application/"));
    (status.is_client_error() || status.is_server_error()) && !is_json
}

fn bare(status: StatusCode) -> Problem {
    match status {
        StatusCode::NOT_FOUND => Problem::new(
            ErrorCode::RouteNotFound,
            "there is no such route; all business routes are below /v1, see /v1/openapi.json",
        ),
        StatusCode::METHOD_NOT_ALLOWED => {
            Problem::new(ErrorCode::MethodNotAllowed, "this route does not take that method; see Allow")
        }
        StatusCode::PAYLOAD_TOO_LARGE => Problem::new(ErrorCode::PayloadTooLarge, "the body is too large"),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => Problem::new(
            ErrorCode::UnsupportedMediaType,
            "this route does not take that content type or encoding",
        ),
        StatusCode::REQUEST_TIMEOUT => {
            Problem::new(ErrorCode::RequestTimeout, "the request took too long to arrive").retry_after(1)
        }
        StatusCode::SERVICE_UNAVAILABLE => {
            Problem::new(ErrorCode::ServiceNotReady, "the service is busy; try again shortly").retry_after(1)
        }
        s if s.is_client_error() => Problem::validation("", "the request cannot be read"),
        _ => Problem::internal(),
    }
}

/// Answers a panic of a handler: logged with its message, said to the client without it.
pub fn panicked(cause: Box<dyn Any + Send + 'static>) -> Response<Body> {
    let message = cause
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| cause.downcast_ref::<&str>().copied())
        .unwrap_or("not a text");
    tracing::error!(event = "SS_HTTP_PANIC", message, "a handler panicked");
    ApiError::from(Problem::internal()).into_response()
}
