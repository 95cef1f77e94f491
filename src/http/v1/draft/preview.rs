//! `GET` and `POST /v1/jobs/{job_id}/draft/preview`. A GET changes nothing; a POST requests a new draft.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::put::answer_draft;
use crate::domain::error::ErrorCode;
use crate::domain::job::JobRecord;
use crate::domain::job::ingest::IngestState;
use crate::http::error::ApiError;
use crate::http::extract::access::{Change, JobAccess, Read};
use crate::http::extract::body::{Json, OptionalJson, Query};
use crate::http::route::{Effect, RouteFacts};
use crate::http::state::App;
use crate::http::v1::openapi::groups::MODEL;
use crate::service::drafts::draft_view::DraftView;
use crate::service::drafts::model_draft::{DraftByModel, Standing};
use crate::service::inputs::ingest_state::ingest_state;
use crate::service::inputs::reading_progress::{ReadingProgress, reading_progress};
use crate::service::inputs::select_sheet::find_dataset;

/// Choice of the main data set.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub struct MainSource {
    /// A dataset_key.
    main_data_source_id: Option<String>,
}

/// There is no draft yet.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Pending {
    /// Always `pending`.
    status: String,
    /// `inputs_missing`, `ingesting` or `model_working`.
    reason: String,
    message: String,
    retry_after_seconds: u64,
    retry_until: Option<DateTime<Utc>>,
    /// How far the upload is read; absent for other reasons, and where another server reads it.
    #[serde(skip_serializing_if = "Option::is_none")]
    progress: Option<ReadingProgress>,
}

/// Request of a new draft from the model, without content.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDraft {}

/// The facts of `preview_draft`.
pub const GET_FACTS: RouteFacts = RouteFacts {
    refusals: &[MODEL, &[ErrorCode::InputDatasetNotFound, ErrorCode::DraftNotFound]],
    effect: Effect::Writes,
    tagged: true,
    retry_after: true,
    ..RouteFacts::NONE
};

/// Returns the current draft from any source. Without one the model is asked, once for all pollers.
///
/// 200 with the draft; 202 while there is none: inputs are missing or being read, or the model works. N
/// pollers cost one call of the model, and none while inputs are missing. A failed call is kept and returned
/// again until a new draft is requested.
#[utoipa::path(get, path = "/v1/jobs/{job_id}/draft/preview", tag = "drafts",
    operation_id = "preview_draft", params(("job_id" = String, Path), MainSource),
    security(("job_token" = []), ("api_key" = ["viewer", "client", "operator", "admin"])),
    responses((status = 200, body = DraftView), (status = 202, body = Pending)))]
pub async fn get(
    State(app): State<App>,
    access: JobAccess<Read>,
    Query(source): Query<MainSource>,
) -> Result<Response, ApiError> {
    let job = access.job;
    if let (Some(key), Some(inputs)) = (source.main_data_source_id.as_deref(), &job.inputs) {
        find_dataset(inputs, Some(key))?;
    }
    if job.draft.is_some() {
        return answer_draft(&app.ctx, &job);
    }
    if let Some(pending) = waits_for_inputs(&app, &job) {
        return Ok(pending);
    }
    answer(&app, DraftByModel(app.ctx.clone()).poll(&access.caller, Arc::unwrap_or_clone(job)).await?)
}

/// The facts of `request_draft`.
pub const POST_FACTS: RouteFacts = RouteFacts {
    refusals: &[MODEL, &[ErrorCode::JobLocked]],
    tagged: true,
    retry_after: true,
    ..RouteFacts::NONE
};

/// Asks the model for a new draft, to replace the present one or after a failure.
///
/// The present draft stays until the new one is ready. Without inputs the response names what is missing.
#[utoipa::path(post, path = "/v1/jobs/{job_id}/draft/preview", tag = "drafts",
    operation_id = "request_draft", params(("job_id" = String, Path)), request_body = NewDraft,
    security(("job_token" = []), ("api_key" = ["client", "admin"])),
    responses((status = 202, body = Pending)))]
pub async fn post(
    State(app): State<App>,
    access: JobAccess<Change>,
    OptionalJson(NewDraft {}): OptionalJson<NewDraft>,
) -> Result<Response, ApiError> {
    if let Some(pending) = waits_for_inputs(&app, &access.job) {
        return Ok(pending);
    }
    answer(&app, DraftByModel(app.ctx.clone()).renew(&access.caller, Arc::unwrap_or_clone(access.job)).await?)
}

/// The model is not asked while there is no data.
fn waits_for_inputs(app: &App, job: &JobRecord) -> Option<Response> {
    let (reason, message) = match ingest_state(&app.ctx, job) {
        Some(IngestState::UnderWay) => {
            return Some(respond(Pending {
                progress: reading_progress(&app.ctx, job),
                ..Pending::new("ingesting", "the upload is being read")
            }));
        }
        _ if job.inputs.is_none() => ("inputs_missing", "upload the data first"),
        _ => return None,
    };
    Some(respond(Pending::new(reason, message)))
}

fn answer(app: &App, standing: Standing) -> Result<Response, ApiError> {
    match standing {
        Standing::Ready(job) => answer_draft(&app.ctx, &job),
        Standing::Working { retry_until } => {
            let pending = Pending::new("model_working", "the model works on the draft");
            Ok(respond(Pending { retry_until: Some(retry_until), ..pending }))
        }
    }
}

impl Pending {
    fn new(reason: &str, message: &str) -> Self {
        Self {
            status: "pending".to_owned(),
            reason: reason.to_owned(),
            message: message.to_owned(),
            retry_after_seconds: 1,
            retry_until: None,
            progress: None,
        }
    }
}

fn respond(body: Pending) -> Response {
    (StatusCode::ACCEPTED, [(RETRY_AFTER, "1")], Json(body)).into_response()
}
