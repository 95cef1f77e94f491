//! Makes every refusal a problem document, from any source: a handler, the router, a limit or a panic.

use std::any::Any;

use axum::body::Body;
use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderValue, Method, Response, StatusCode, header};
use axum::response::IntoResponse;

use super::observe::RequestMeta;
use crate::domain::error::{ErrorCode, Problem};
use crate::domain::ids::TenantId;
use crate::http::error::ApiError;
use crate::http::state::App;
use crate::service::access::refused_requests::Refusal;

/// Writes the body of refusals, replaces bare ones, and passes refusals of access on to the audit.
pub async fn problem<F>(app: &App, request: Request, next: impl FnOnce(Request) -> F) -> Response<Body>
where
    F: Future<Output = Response<Body>>,
{
    let asked = Asked::of(&request);
    let meta = request.extensions().get::<RequestMeta>().cloned();
    let mut response = next(request).await;
    let error = match response.extensions_mut().remove::<ApiError>() {
        Some(error) => app.ctx.cause_of(error.code()).await.map_or(error, ApiError::from),
        None if is_bare_refusal(&response) => ApiError::from(bare(response.status())),
        None => return response,
    };
    if let Some(meta) = &meta {
        asked.note_refusal(app, meta, &error);
    }
    let (trace_id, path) = meta.as_ref().map(|m| (m.trace.id().as_str(), m.path())).unwrap_or_default();
    let mut rendered = error.render(trace_id, path);
    if let Some(allow) = response.headers().get(header::ALLOW) {
        rendered.headers_mut().insert(header::ALLOW, allow.clone());
    }
    rendered
}

/// Data of a refused request for the audit.
struct Asked {
    method: Method,
    route: Option<MatchedPath>,
    authorization: Option<HeaderValue>,
    tenant: Option<HeaderValue>,
}

impl Asked {
    fn of(request: &Request) -> Self {
        Self {
            method: request.method().clone(),
            route: request.extensions().get::<MatchedPath>().cloned(),
            authorization: request.headers().get(header::AUTHORIZATION).cloned(),
            tenant: request.headers().get("x-ss-tenant-id").cloned(),
        }
    }

    fn note_refusal(&self, app: &App, meta: &RequestMeta, error: &ApiError) {
        let bearer = self.authorization.as_ref().and_then(|value| value.to_str().ok());
        let tenant = self.tenant.as_ref().and_then(|value| value.to_str().ok());
        let refusal = Refusal {
            status: error.status().as_u16(),
            code: error.code().as_str(),
            method: self.method.as_str(),
            route: self.route.as_ref().map_or("unmatched", MatchedPath::as_str),
            bearer: bearer.map(|text| text.split_once(' ').map_or(text, |(_, token)| token.trim())),
            tenant: tenant.and_then(|text| TenantId::parse(text).ok()),
            trace_id: meta.trace.id().to_string(),
            address: meta.address.map(|address| address.to_string()),
        };
        app.refused.note(&app.ctx, &refusal);
    }
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

/// Responds to a panic of a handler: logged with its message, sent to the client without it.
pub fn panicked(cause: Box<dyn Any + Send + 'static>) -> Response<Body> {
    let message = cause
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| cause.downcast_ref::<&str>().copied())
        .unwrap_or("not a text");
    tracing::error!(event = "SS_HTTP_PANIC", message, "a handler panicked");
    ApiError::from(Problem::internal()).into_response()
}
