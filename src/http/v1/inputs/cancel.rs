//! `POST /v1/jobs/{job_id}/inputs/cancel`.

use axum::extract::State;
use serde::Serialize;

use crate::http::error::ApiError;
use crate::http::extract::access::{JobAccess, Operate};
use crate::http::extract::body::{Json, OptionalJson};
use crate::http::route::RouteFacts;
use crate::http::state::App;
use crate::http::v1::jobs::cancel::CancelRequest;
use crate::service::inputs::cancel_reading::{AfterCancel, CancelReading};

/// What became of the upload.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct CancelReadingAnswer {
    job_id: String,
    status: AfterCancel,
}

/// The facts of `cancel_reading`.
pub const FACTS: RouteFacts = RouteFacts::NONE;

/// Cancels the reading of an upload.
///
/// For an upload that is being read (`ingesting`): its reader ends, its files are removed, and the job takes another
/// upload at once. The job itself and earlier inputs stay. Repeating it returns the same response; where nothing is being
/// read, the response says what there is.
#[utoipa::path(post, path = "/v1/jobs/{job_id}/inputs/cancel", tag = "inputs", operation_id = "cancel_reading",
    params(("job_id" = String, Path)), request_body = CancelRequest,
    security(("job_token" = []), ("api_key" = ["client", "operator", "admin"])),
    responses((status = 200, body = CancelReadingAnswer)))]
pub async fn handler(
    State(app): State<App>,
    access: JobAccess<Operate>,
    OptionalJson(body): OptionalJson<CancelRequest>,
) -> Result<Json<CancelReadingAnswer>, ApiError> {
    let caller = access.caller.because(body.checked()?);
    let status = CancelReading(&app.ctx).execute(&caller, &access.job).await?;
    Ok(Json(CancelReadingAnswer { job_id: access.job.job_id.to_string(), status }))
}
