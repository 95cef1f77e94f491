//! `GET /v1/jobs/{job_id}/inputs/preview`.

use axum::extract::State;
use serde::Deserialize;

use crate::domain::error::{ErrorCode, Problem};
use crate::http::error::ApiError;
use crate::http::extract::access::{JobAccess, Read};
use crate::http::extract::body::{Json, Query};
use crate::http::route::RouteFacts;
use crate::http::state::App;
use crate::http::v1::openapi::groups::FILES;
use crate::service::inputs::preview_inputs::{InputsPreview, PreviewInputs};

/// Window of a data set.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// The primary data set when absent.
    dataset_key: Option<String>,
    /// 1 to 200; 20 when absent.
    rows: Option<usize>,
    /// 1 to 200; 50 when absent.
    columns: Option<usize>,
}

/// The facts of `preview_inputs`.
pub const FACTS: RouteFacts = RouteFacts {
    refusals: &[
        FILES,
        // of an upload that was read after its request had been answered
        &[ErrorCode::JobVersionConflict, ErrorCode::JobLocked, ErrorCode::QuotaExceeded],
        &[ErrorCode::InputsMissing, ErrorCode::InputDatasetNotFound],
    ],
    retry_after: true,
    ..RouteFacts::NONE
};

/// Shows a window of the canonical data.
///
/// Rows and columns as the analysis sees them, with the types that were inferred and the warnings on the
/// data.
#[utoipa::path(get, path = "/v1/jobs/{job_id}/inputs/preview", tag = "inputs",
    operation_id = "preview_inputs", params(("job_id" = String, Path), Window),
    security(("job_token" = []), ("api_key" = ["viewer", "client", "operator", "admin"])),
    responses((status = 200, body = InputsPreview)))]
pub async fn handler(
    State(app): State<App>,
    access: JobAccess<Read>,
    Query(window): Query<Window>,
) -> Result<Json<InputsPreview>, ApiError> {
    let rows = bounded("rows", window.rows, 20)?;
    let columns = bounded("columns", window.columns, 50)?;
    let preview =
        PreviewInputs(&app.ctx).execute(&access.job, window.dataset_key.as_deref(), rows, columns).await?;
    Ok(Json(preview))
}

fn bounded(name: &str, value: Option<usize>, default: usize) -> Result<usize, Problem> {
    match value.unwrap_or(default) {
        n @ 1..=200 => Ok(n),
        _ => Err(Problem::validation(name, "must be 1 to 200")),
    }
}
