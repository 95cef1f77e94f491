//! The routes of a server that answers no clients: metrics, and the live log of runs for the servers that pass requests on.

use axum::extract::Request;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::domain::cluster::Role;

/// Passes a request that a server of this role answers; any other route does not exist there.
pub async fn role<F: Future<Output = Response>>(
    role: Role,
    request: Request,
    next: impl FnOnce(Request) -> F,
) -> Response {
    if role.serves_clients() || is_of_workers(request.method(), request.uri().path()) {
        next(request).await
    } else {
        StatusCode::NOT_FOUND.into_response()
    }
}

/// True for a route that a server which only runs jobs answers.
fn is_of_workers(method: &Method, path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    method == Method::GET && matches!(parts.as_slice(), ["metrics"] | ["v1", "jobs", _, "runs", _, "log"])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_answers_for_its_runs_and_nothing_else() {
        for path in ["/metrics", "/v1/jobs/job_1/runs/run_1/log"] {
            assert!(is_of_workers(&Method::GET, path), "{path}");
            assert!(!is_of_workers(&Method::POST, path), "{path}");
        }
        for path in ["/", "", "/v1", "/v1/jobs/job_1", "/v1/jobs/a/b/runs/run_1/log", "//metrics"] {
            assert!(!is_of_workers(&Method::GET, path), "{path}");
        }
    }
}
