//! `GET /v1/jobs/{job_id}`.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::domain::job::JobRecord;
use crate::http::error::ApiError;
use crate::http::extract::access::{JobAccess, ReadTrace};
use crate::http::extract::body::{Json, json_bytes, json_response};
use crate::http::extract::headers::{IfNoneMatch, version_tag};
use crate::http::route::RouteFacts;
use crate::http::state::App;
use crate::service::Context;
use crate::service::jobs::job_view::{JobView, expires_at, is_settled, view_job};

/// The facts of `get_job`.
pub const FACTS: RouteFacts =
    RouteFacts { without_content: true, if_none_match: true, tagged: true, ..RouteFacts::NONE };

/// Returns the job.
///
/// Contains everything a client needs to continue: `next_actions` lists the requests that are useful now,
/// `poll_after_seconds` is the time until the next poll. The entity tag is the version; an unchanged job returns 304.
#[utoipa::path(get, path = "/v1/jobs/{job_id}", tag = "jobs", operation_id = "get_job",
    params(("job_id" = String, Path)),
    security(("job_token" = []), ("api_key" = ["viewer", "client", "operator", "admin"])),
    responses((status = 200, body = JobView), (status = 304)))]
pub async fn handler(
    State(app): State<App>,
    access: JobAccess<ReadTrace>,
    none_match: IfNoneMatch,
) -> Result<Response, ApiError> {
    // A queued job's place changes without a new version, so only other states answer 304.
    let settled = access.job.queue.is_none() && access.job.running_run().is_none();
    if settled && none_match.is_stated() && none_match.hits(&format!("\"v{}\"", access.job.version)) {
        let mut response = StatusCode::NOT_MODIFIED.into_response();
        response.headers_mut().insert(header::ETAG, version_tag(access.job.version));
        return Ok(response);
    }
    if !is_settled(&access.job) {
        return answer_job(&app.ctx, &access.job, StatusCode::OK).await;
    }
    // an answer that nothing but the record and this time decides is written once
    let expires_at = expires_at(&app.ctx, &access.job);
    let body = match app.bodies.get(&access.job, expires_at) {
        Some(body) => body,
        None => {
            let body = json_bytes(&view_job(&app.ctx, &access.job).await?);
            app.bodies.keep(&access.job, expires_at, &body);
            body
        }
    };
    let mut response = json_response(body);
    response.headers_mut().insert(header::ETAG, version_tag(access.job.version));
    Ok(response)
}

/// Returns a job with its entity tag.
///
/// # Errors
/// As reads of the store.
pub async fn answer_job(ctx: &Context, job: &JobRecord, status: StatusCode) -> Result<Response, ApiError> {
    let view = view_job(ctx, job).await?;
    let mut response = (status, Json(view)).into_response();
    response.headers_mut().insert(header::ETAG, version_tag(job.version));
    Ok(response)
}
