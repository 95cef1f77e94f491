//! `POST /v1/jobs/{job_id}/links`: a link that a browser can open without a credential.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};

use crate::domain::error::{ErrorCode, Problem};
use crate::domain::job::JobRecord;
use crate::domain::signed_link::{MAX_TTL, signed_url};
use crate::http::error::ApiError;
use crate::http::extract::access::{JobAccess, Read};
use crate::http::extract::body::Json;
use crate::http::route::{Effect, RouteFacts};
use crate::http::state::App;
use crate::service::runs::capsule::chosen_run;

/// What a link opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LinkScope {
    Events,
    Log,
    Artifact,
    Capsule,
}

/// The link that is asked for.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkRequest {
    scope: LinkScope,
    /// With `log`; with `capsule` where another run than the latest is wanted.
    run_id: Option<String>,
    /// With `artifact`, as listed.
    rel_path: Option<String>,
    /// 1 to 900; 300 when absent.
    ttl_seconds: Option<u32>,
}

/// A signed link.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Link {
    /// Path and query at this service; GET only. More parameters may be added to it.
    pub url: String,
    pub expires_at: DateTime<Utc>,
}

/// The facts of `create_link`.
pub const FACTS: RouteFacts = RouteFacts {
    refusals: &[&[ErrorCode::RunNotFound, ErrorCode::RunNotSucceeded, ErrorCode::ArtifactNotFound]],
    effect: Effect::Reads,
    ..RouteFacts::NONE
};

/// Signs a link to one path of the job.
///
/// For event streams, images and downloads in browsers, which cannot send a credential with them. A link
/// opens one path by GET and ends with the job's token at the latest.
#[utoipa::path(post, path = "/v1/jobs/{job_id}/links", tag = "jobs", operation_id = "create_link",
    params(("job_id" = String, Path)), request_body = LinkRequest,
    security(("job_token" = []), ("api_key" = ["viewer", "client", "operator", "admin"])),
    responses((status = 200, body = Link)))]
pub async fn handler(
    State(app): State<App>,
    access: JobAccess<Read>,
    Json(request): Json<LinkRequest>,
) -> Result<Response, ApiError> {
    let job = &access.job;
    let seconds = i64::from(request.ttl_seconds.unwrap_or(300));
    if seconds == 0 || seconds > MAX_TTL.num_seconds() {
        return Err(Problem::validation("ttl_seconds", "must be 1 to 900").into());
    }
    let path = path_of(job, &request)?;
    let ttl = Duration::seconds(seconds);
    let (mut url, expires_at) = signed_url(job, "GET", &path, ttl, app.ctx.clock.now())?;
    if let (LinkScope::Capsule, Some(run_id)) = (request.scope, &request.run_id) {
        url.push_str(&format!("&run_id={run_id}"));
    }
    Ok(Json(Link { url, expires_at }).into_response())
}

fn path_of(job: &JobRecord, request: &LinkRequest) -> Result<String, Problem> {
    let base = format!("/v1/jobs/{}", job.job_id);
    let needs = |field: &str| Problem::validation(field, "is needed for this scope");
    match request.scope {
        LinkScope::Events => Ok(format!("{base}/events")),
        LinkScope::Log => {
            let asked = request.run_id.as_deref().ok_or_else(|| needs("run_id"))?;
            let run = job
                .runs
                .iter()
                .find(|run| run.run_id.as_str() == asked)
                .ok_or_else(|| Problem::new(ErrorCode::RunNotFound, "the job has no such run"))?;
            Ok(format!("{base}/runs/{}/log", run.run_id))
        }
        LinkScope::Capsule => {
            // refused now, not when the link is opened
            chosen_run(job, request.run_id.as_deref())?;
            Ok(format!("{base}/capsule"))
        }
        LinkScope::Artifact => {
            let asked = request.rel_path.as_deref().ok_or_else(|| needs("rel_path"))?;
            let artifact = job
                .artifact(asked)
                .ok_or_else(|| Problem::new(ErrorCode::ArtifactNotFound, "the job has no such artifact"))?;
            Ok(format!("{base}/artifacts/{}", percent_encoded(&artifact.rel_path)))
        }
    }
}

/// Everything outside RFC 3986's unreserved characters and `/` as `%XX`: the path as clients send it.
fn percent_encoded(path: &str) -> String {
    use std::fmt::Write;
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}
