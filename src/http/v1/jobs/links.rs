//! `POST /v1/jobs/{job_id}/links`: a link that a browser can open without a credential.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};

use crate::domain::error::{ErrorCode, Problem};
use crate::domain::job::JobRecord;
use crate::domain::signed_link::{LinkedRequest, MAX_TTL};
use crate::http::error::ApiError;
use crate::http::extract::access::{JobAccess, Read};
use crate::http::extract::body::Json;
use crate::http::middleware::idempotency::holds_links;
use crate::http::route::{Effect, RouteFacts};
use crate::http::state::App;
use crate::service::access::open_link::token_holder;
use crate::service::runs::capsule::chosen_run;

/// Resource that a link opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LinkScope {
    /// The stream of the job's events.
    Events,
    /// The log of a run.
    Log,
    /// One artifact, by its path.
    Artifact,
    /// The capsule of a run.
    Capsule,
}

/// The requested link.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkRequest {
    scope: LinkScope,
    /// With `log`; with `capsule` to choose another run than the latest.
    run_id: Option<String>,
    /// With `log`: the link follows the log while the run is running.
    #[serde(default)]
    follow: bool,
    /// With `capsule`: `include` or `hash`, as the route's own parameter.
    data: Option<String>,
    /// With `capsule`: `include` or `exclude`, as the route's own parameter.
    llm: Option<String>,
    /// With `artifact`, as listed.
    rel_path: Option<String>,
    /// 1 to 900; the default is 300.
    ttl_seconds: Option<u32>,
}

/// A signed link.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Link {
    /// Path and query at this service; GET only. The signature covers the whole query: nothing can be added or changed.
    pub url: String,
    /// End of the link's validity (RFC 3339, UTC).
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
/// opens one path with one query by GET and ends with the job's token at the latest. Its requests count against the
/// limits of that token.
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
    let (path, query) = (path_of(job, &request)?, query_of(&request)?);
    let linked = LinkedRequest { method: "GET", path: &path, query: &query };
    let ttl = Duration::seconds(seconds);
    let holder = token_holder(&app.ctx, job).await?;
    let (url, expires_at) = app.ctx.link_keys.signed_url(&holder, linked, ttl, app.ctx.clock.now())?;
    Ok((holds_links(job), Json(Link { url, expires_at })).into_response())
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

/// Returns the parameters that the linked route takes, in a fixed order.
fn query_of(request: &LinkRequest) -> Result<String, Problem> {
    let one_of = |field: &str, value: &Option<String>, allowed: [&str; 2]| match value.as_deref() {
        Some(value) if !allowed.contains(&value) => {
            Err(Problem::validation(field, format!("must be {} or {}", allowed[0], allowed[1])))
        }
        Some(value) => Ok(Some(format!("{field}={value}"))),
        None => Ok(None),
    };
    let parameters = match request.scope {
        LinkScope::Log => vec![request.follow.then(|| "follow=true".to_owned())],
        LinkScope::Capsule => vec![
            request.run_id.as_deref().map(|run_id| format!("run_id={}", percent_encoded(run_id))),
            one_of("data", &request.data, ["include", "hash"])?,
            one_of("llm", &request.llm, ["include", "exclude"])?,
        ],
        LinkScope::Events | LinkScope::Artifact => Vec::new(),
    };
    Ok(parameters.into_iter().flatten().collect::<Vec<_>>().join("&"))
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
