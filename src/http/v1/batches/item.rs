//! One batch: read, cancel, run again, remove.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::{BatchSegment, answer};
use crate::domain::error::{ErrorCode, Problem};
use crate::http::error::ApiError;
use crate::http::extract::access::{JobAccess, Operate, ReadTrace, Remove};
use crate::http::extract::body::{OptionalJson, Path};
use crate::http::extract::headers::{IfMatch, IfNoneMatch, version_tag};
use crate::http::route::RouteFacts;
use crate::http::state::App;
use crate::service::batches::again::RunBatchAgain;
use crate::service::batches::cancel::CancelBatch;
use crate::service::batches::read::ReadBatches;
use crate::service::batches::remove::DeleteBatch;
use crate::service::batches::views::BatchView;

/// The facts of `get_batch`.
pub const GET_FACTS: RouteFacts = RouteFacts {
    refusals: &[&[ErrorCode::BatchNotFound]],
    without_content: true,
    if_none_match: true,
    tagged: true,
    ..RouteFacts::NONE
};

/// Returns a batch with every cell: its choices, plan, job, state and, where it was refused, the reasons.
///
/// The entity tag is the version; a batch whose cells have all ended returns 304 to the same tag.
#[utoipa::path(get, path = "/v1/jobs/{job_id}/batches/{batch_id}", tag = "batches", operation_id = "get_batch",
    params(("job_id" = String, Path), ("batch_id" = String, Path)),
    security(("job_token" = []), ("api_key" = ["viewer", "client", "operator", "admin"])),
    responses((status = 200, body = BatchView), (status = 304)))]
pub async fn get(
    State(app): State<App>,
    access: JobAccess<ReadTrace>,
    Path(segment): Path<BatchSegment>,
    none_match: IfNoneMatch,
) -> Result<Response, ApiError> {
    let batch = ReadBatches(&app.ctx).get(&access.job, &segment.id()?).await?;
    if !batch.is_open() && none_match.hits(&format!("\"v{}\"", batch.version)) {
        let mut response = StatusCode::NOT_MODIFIED.into_response();
        response.headers_mut().insert(header::ETAG, version_tag(batch.version));
        return Ok(response);
    }
    Ok(answer(&app.ctx, &batch, StatusCode::OK))
}

/// Reason of the cancellation of a batch.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CancelBatchRequest {
    /// At most 1,000 characters; kept in the audit trail.
    reason: Option<String>,
}

/// The facts of `cancel_batch`.
pub const CANCEL_FACTS: RouteFacts = RouteFacts {
    refusals: &[&[ErrorCode::BatchNotFound, ErrorCode::JobIllegalTransition]],
    if_match: true,
    tagged: true,
    ..RouteFacts::NONE
};

/// Cancels a batch: queued cells never start, running ones are ended; 202 while these end.
///
/// Cells that have ended keep their results. Repeating the cancel returns the batch; one that has ended refuses it.
#[utoipa::path(post, path = "/v1/jobs/{job_id}/batches/{batch_id}/cancel", tag = "batches", operation_id = "cancel_batch",
    params(("job_id" = String, Path), ("batch_id" = String, Path)), request_body = CancelBatchRequest,
    security(("job_token" = []), ("api_key" = ["client", "operator", "admin"])),
    responses((status = 200, body = BatchView), (status = 202, body = BatchView)))]
pub async fn cancel(
    State(app): State<App>,
    access: JobAccess<Operate>,
    Path(segment): Path<BatchSegment>,
    IfMatch(if_match): IfMatch,
    OptionalJson(body): OptionalJson<CancelBatchRequest>,
) -> Result<Response, ApiError> {
    if body.reason.as_ref().is_some_and(|r| r.chars().count() > 1000) {
        return Err(Problem::validation("reason", "must have at most 1000 characters").into());
    }
    let caller = access.caller.because(body.reason);
    let batch = CancelBatch(&app.ctx)
        .execute(&caller, &access.job, &segment.id()?, if_match)
        .await
        .map_err(|problem| ApiError::from(problem).for_if_match(if_match))?;
    let status = if batch.is_open() { StatusCode::ACCEPTED } else { StatusCode::OK };
    Ok(answer(&app.ctx, &batch, status))
}

/// The facts of `run_batch_again`.
pub const RUN_FACTS: RouteFacts = RouteFacts {
    refusals: &[&[
        ErrorCode::BatchNotFound,
        ErrorCode::JobIllegalTransition,
        ErrorCode::PlanMissing,
        ErrorCode::PlanOutdated,
        ErrorCode::ArtifactExpired,
        ErrorCode::QuotaExceeded,
        ErrorCode::DependencyUnavailable,
    ]],
    if_match: true,
    tagged: true,
    ..RouteFacts::NONE
};

/// Queues the cells that failed or were cancelled once more.
///
/// The plans stay as they are. A batch without such a cell is returned unchanged.
#[utoipa::path(post, path = "/v1/jobs/{job_id}/batches/{batch_id}/run", tag = "batches", operation_id = "run_batch_again",
    params(("job_id" = String, Path), ("batch_id" = String, Path)),
    security(("job_token" = []), ("api_key" = ["client", "operator", "admin"])),
    responses((status = 200, body = BatchView)))]
pub async fn run(
    State(app): State<App>,
    access: JobAccess<Operate>,
    Path(segment): Path<BatchSegment>,
    IfMatch(if_match): IfMatch,
) -> Result<Response, ApiError> {
    let batch = RunBatchAgain(&app.ctx)
        .execute(&access.caller, &access.job, &segment.id()?, if_match)
        .await
        .map_err(|problem| ApiError::from(problem).for_if_match(if_match))?;
    Ok(answer(&app.ctx, &batch, StatusCode::OK))
}

/// The facts of `delete_batch`.
pub const DELETE_FACTS: RouteFacts = RouteFacts {
    refusals: &[&[ErrorCode::BatchNotFound, ErrorCode::RetentionHold, ErrorCode::JobIllegalTransition]],
    without_content: true,
    if_match: true,
    tagged: true,
    ..RouteFacts::NONE
};

/// Removes the content of a batch and of its cells: requests, plans, runs, results. Ids and states stay.
///
/// A batch with an open cell refuses (409): cancel it first. Repeating the removal returns the same response.
#[utoipa::path(delete, path = "/v1/jobs/{job_id}/batches/{batch_id}", tag = "batches", operation_id = "delete_batch",
    params(("job_id" = String, Path), ("batch_id" = String, Path)),
    security(("job_token" = []), ("api_key" = ["operator", "admin"])),
    responses((status = 200, body = BatchView)))]
pub async fn delete(
    State(app): State<App>,
    access: JobAccess<Remove>,
    Path(segment): Path<BatchSegment>,
    IfMatch(if_match): IfMatch,
) -> Result<Response, ApiError> {
    let batch = DeleteBatch(&app.ctx)
        .execute(&access.caller, &access.job, &segment.id()?, if_match)
        .await
        .map_err(|problem| ApiError::from(problem).for_if_match(if_match))?;
    Ok(answer(&app.ctx, &batch, StatusCode::OK))
}
