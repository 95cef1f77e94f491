//! Keeps business routes closed while the production gate is, and those that need what was lost since. Rules
//! are evaluated elsewhere; this reads the last result.

use axum::body::Body;
use axum::extract::{MatchedPath, Request};
use axum::http::{Method, Response};
use axum::response::IntoResponse;

use crate::domain::error::{ErrorCode, Problem};
use crate::domain::gate::Rule;
use crate::http::error::ApiError;
use crate::service::operations::gate::Gate;

/// Ends of the routes (all POST) that start runs and so need the engine.
const ENGINE_ROUTES: &[&str] = &["/{job_id}/run", "/{job_id}/confirm", "/{job_id}/retry"];
/// Seconds after which a closed service may be asked again.
const RETRY_SECONDS: u64 = 15;

/// Refuses what the gate closes. Health, metrics and unknown paths pass: they have their own answers.
pub async fn gate<F>(gate: &Gate, request: Request, next: impl FnOnce(Request) -> F) -> Response<Body>
where
    F: Future<Output = Response<Body>>,
{
    match refusal(gate, &request) {
        Some(problem) => ApiError::from(problem).into_response(),
        None => next(request).await,
    }
}

fn refusal(gate: &Gate, request: &Request) -> Option<Problem> {
    let path = request.uri().path();
    if path != "/v1" && !path.starts_with("/v1/") {
        return None;
    }
    if !gate.is_open() {
        let problem = Problem::new(
            ErrorCode::ServiceNotReady,
            "the service is not ready for production; operators find the violated rules at /health/ready",
        );
        return Some(problem.retry_after(RETRY_SECONDS));
    }
    if request.method() != Method::POST {
        return None;
    }
    let route = request.extensions().get::<MatchedPath>()?;
    if !ENGINE_ROUTES.iter().any(|end| route.as_str().ends_with(end)) {
        return None;
    }
    let since = gate.lost_since(Rule::StataAttested)?;
    let problem = Problem::new(
        ErrorCode::DependencyUnavailable,
        "the engine is out; finished results stay readable and queued runs wait",
    );
    Some(problem.with("dependency", "engine").with("since", since.to_rfc3339()).retry_after(RETRY_SECONDS))
}
