//! Create and list the batches of a job, and show what a request would make.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::{JUDGE, answer};
use crate::domain::error::ErrorCode;
use crate::http::error::ApiError;
use crate::http::extract::access::{Change, JobAccess, ReadTrace};
use crate::http::extract::body::{Json, Query};
use crate::http::extract::headers::IfMatch;
use crate::http::route::{Effect, RouteFacts};
use crate::http::state::App;
use crate::http::v1::jobs::list::checked_limit;
use crate::http::v1::openapi::groups::BINDING;
use crate::http::v1::plan::formats::checked_formats;
use crate::service::batches::create::CreateBatch;
use crate::service::batches::read::ReadBatches;
use crate::service::batches::request::BatchRequest;
use crate::service::batches::views::{BatchBrief, BatchPreview, BatchView};

/// The facts of `create_batch`.
pub const CREATE_FACTS: RouteFacts = RouteFacts {
    refusals: &[
        JUDGE,
        BINDING,
        &[ErrorCode::BatchCellsInvalid, ErrorCode::QuotaExceeded, ErrorCode::DependencyUnavailable],
    ],
    if_match: true,
    tagged: true,
    ..RouteFacts::NONE
};

/// Makes a batch: several specifications on the job's inputs, each frozen and queued as a job.
///
/// Every cell is judged as a draft and a freeze would. If one cannot be frozen, nothing is made and the error lists every
/// cell with its fields; with `skip_invalid` the others run. The same request on the same inputs returns its batch (200).
#[utoipa::path(post, path = "/v1/jobs/{job_id}/batches", tag = "batches", operation_id = "create_batch",
    params(("job_id" = String, Path)), request_body = BatchRequest,
    security(("job_token" = []), ("api_key" = ["client", "admin"])),
    responses((status = 201, body = BatchView), (status = 200, body = BatchView)))]
pub async fn create(
    State(app): State<App>,
    access: JobAccess<Change>,
    IfMatch(if_match): IfMatch,
    Json(body): Json<BatchRequest>,
) -> Result<Response, ApiError> {
    checked_formats(&body.output_formats)?;
    let (batch, made) = CreateBatch(&app.ctx)
        .execute(&access.caller, &access.job.tenant_id, &access.job.job_id, &body, if_match)
        .await
        .map_err(|problem| ApiError::from(problem).for_if_match(if_match))?;
    let status = if made { StatusCode::CREATED } else { StatusCode::OK };
    Ok(answer(&app.ctx, &batch, status))
}

/// The facts of `preview_batch`.
pub const PREVIEW_FACTS: RouteFacts =
    RouteFacts { refusals: &[JUDGE, BINDING], effect: Effect::Reads, ..RouteFacts::NONE };

/// Shows the cells that a request would make, with their plans or the reasons against them.
///
/// Writes nothing. The body is that of the request itself; `estimated_seconds` is known once a run of the job has ended.
#[utoipa::path(post, path = "/v1/jobs/{job_id}/batch/preview", tag = "batches", operation_id = "preview_batch",
    params(("job_id" = String, Path)), request_body = BatchRequest,
    security(("job_token" = []), ("api_key" = ["client", "admin"])),
    responses((status = 200, body = BatchPreview)))]
pub async fn preview(
    State(app): State<App>,
    access: JobAccess<Change>,
    Json(body): Json<BatchRequest>,
) -> Result<Json<BatchPreview>, ApiError> {
    checked_formats(&body.output_formats)?;
    Ok(Json(ReadBatches(&app.ctx).preview(&access.job.tenant_id, &access.job.job_id, &body).await?))
}

/// Page of batches.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub struct BatchPage {
    /// 1 to 200; 50 when absent.
    limit: Option<usize>,
    cursor: Option<String>,
}

/// One page of batches, newest first.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct BatchList {
    batches: Vec<BatchBrief>,
    next_cursor: Option<String>,
}

/// The facts of `list_batches`.
pub const LIST_FACTS: RouteFacts = RouteFacts { without_content: true, ..RouteFacts::NONE };

/// Lists the batches of a job, newest first, without their cells.
///
/// Batches whose content was removed are listed with their states.
#[utoipa::path(get, path = "/v1/jobs/{job_id}/batches", tag = "batches", operation_id = "list_batches",
    params(("job_id" = String, Path), BatchPage),
    security(("job_token" = []), ("api_key" = ["viewer", "client", "operator", "admin"])),
    responses((status = 200, body = BatchList)))]
pub async fn list(
    State(app): State<App>,
    access: JobAccess<ReadTrace>,
    Query(page): Query<BatchPage>,
) -> Result<Json<BatchList>, ApiError> {
    let limit = checked_limit(page.limit)?;
    let found = ReadBatches(&app.ctx).list(&access.job, page.cursor, limit).await?;
    let batches = found.items.iter().map(|batch| BatchBrief::of(&app.ctx, batch)).collect();
    Ok(Json(BatchList { batches, next_cursor: found.next_cursor }))
}
