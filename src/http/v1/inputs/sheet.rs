//! `POST /v1/jobs/{job_id}/inputs/primary/sheet` and `…/inputs/datasets/{dataset_key}/sheet`.

use axum::extract::State;
use serde::Deserialize;

use crate::domain::error::{ErrorCode, Problem};
use crate::http::error::ApiError;
use crate::http::extract::access::{Change, JobAccess};
use crate::http::extract::body::{Json, OptionalJson, Path, Query};
use crate::http::extract::headers::IfMatch;
use crate::http::route::RouteFacts;
use crate::http::state::App;
use crate::http::v1::openapi::groups::FILES;
use crate::service::inputs::preview_inputs::{InputsPreview, PreviewInputs};
use crate::service::inputs::select_sheet::{IngestOptions, SelectSheet};

/// Sheet and header row; in the body or in the query.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub struct SheetChoice {
    sheet_name: Option<String>,
    /// 1-based.
    header_row: Option<u32>,
}

/// The data set's segment.
#[derive(Debug, Deserialize)]
pub struct DatasetSegment {
    dataset_key: String,
}

/// The facts of `select_primary_sheet`.
pub const PRIMARY_FACTS: RouteFacts = RouteFacts {
    refusals: &[FILES, &[ErrorCode::InputsMissing, ErrorCode::JobLocked]],
    if_match: true,
    ..RouteFacts::NONE
};

/// Reads the primary workbook again with another sheet or header row.
///
/// For workbooks with several sheets or a header that is not in the first row. The file is read again and
/// its columns replaced.
#[utoipa::path(post, path = "/v1/jobs/{job_id}/inputs/primary/sheet", tag = "inputs",
    operation_id = "select_primary_sheet", params(("job_id" = String, Path), SheetChoice),
    request_body = SheetChoice, security(("job_token" = []), ("api_key" = ["client", "admin"])),
    responses((status = 200, body = InputsPreview)))]
pub async fn primary(
    State(app): State<App>,
    access: JobAccess<Change>,
    if_match: IfMatch,
    Query(query): Query<SheetChoice>,
    OptionalJson(body): OptionalJson<SheetChoice>,
) -> Result<Json<InputsPreview>, ApiError> {
    select(&app, &access, None, if_match.0, query, body).await
}

/// The facts of `select_dataset_sheet`.
pub const DATASET_FACTS: RouteFacts = RouteFacts {
    refusals: &[FILES, &[ErrorCode::InputsMissing, ErrorCode::InputDatasetNotFound, ErrorCode::JobLocked]],
    if_match: true,
    ..RouteFacts::NONE
};

/// Reads a workbook again with another sheet or header row.
///
/// For workbooks with several sheets or a header that is not in the first row. The file is read again and
/// its columns replaced.
#[utoipa::path(post, path = "/v1/jobs/{job_id}/inputs/datasets/{dataset_key}/sheet", tag = "inputs",
    operation_id = "select_dataset_sheet",
    params(("job_id" = String, Path), ("dataset_key" = String, Path), SheetChoice),
    request_body = SheetChoice, security(("job_token" = []), ("api_key" = ["client", "admin"])),
    responses((status = 200, body = InputsPreview)))]
pub async fn dataset(
    State(app): State<App>,
    access: JobAccess<Change>,
    Path(segment): Path<DatasetSegment>,
    if_match: IfMatch,
    Query(query): Query<SheetChoice>,
    OptionalJson(body): OptionalJson<SheetChoice>,
) -> Result<Json<InputsPreview>, ApiError> {
    select(&app, &access, Some(segment.dataset_key), if_match.0, query, body).await
}

async fn select(
    app: &App,
    access: &JobAccess<Change>,
    dataset_key: Option<String>,
    if_match: Option<u64>,
    query: SheetChoice,
    body: SheetChoice,
) -> Result<Json<InputsPreview>, ApiError> {
    let options = IngestOptions {
        sheet: body.sheet_name.or(query.sheet_name),
        header_row: body.header_row.or(query.header_row),
    };
    if options.sheet.is_none() && options.header_row.is_none() {
        return Err(Problem::validation("sheet_name", "give a sheet_name, a header_row or both").into());
    }
    if options.header_row == Some(0) {
        return Err(Problem::validation("header_row", "rows count from 1").into());
    }
    let job = SelectSheet(&app.ctx)
        .execute(&access.caller, &access.job, dataset_key.as_deref(), options, if_match)
        .await
        .map_err(|problem| ApiError::from(problem).for_if_match(if_match))?;
    Ok(Json(PreviewInputs(&app.ctx).execute(&job, dataset_key.as_deref(), 20, 50).await?))
}
