//! `GET` and `POST /v1/jobs/{job_id}/draft/preview`. A GET changes nothing; a new draft is asked for by a POST.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use super::put::answer_draft;
use crate::domain::error::{ErrorCode, Problem};
use crate::domain::job::JobRecord;
use crate::http::error::{ApiError, ProblemDocument};
use crate::http::extract::access::{Change, JobAccess, Read};
use crate::http::extract::body::{Json, OptionalJson, Query};
use crate::http::state::App;
use crate::service::draft_view::DraftView;
use crate::service::ingest_inputs::Ingest;
use crate::service::select_sheet::find_dataset;

/// Which data set is the main one.
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
    retry_until: Option<chrono::DateTime<chrono::Utc>>,
}

/// States nothing; asks the model for a new draft.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDraft {}

/// Returns the current draft, whatever its source.
#[utoipa::path(get, path = "/v1/jobs/{job_id}/draft/preview", tag = "drafts", operation_id = "preview_draft",
    params(("job_id" = String, Path), MainSource), security(("job_token" = []), ("api_key" = [])),
    responses((status = 200, body = DraftView), (status = 202, body = Pending),
        (status = 404, body = ProblemDocument), (status = 503, body = ProblemDocument)))]
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
    pending(&app, &job)
}

/// Asks the model for a new draft.
#[utoipa::path(post, path = "/v1/jobs/{job_id}/draft/preview", tag = "drafts", operation_id = "request_draft",
    params(("job_id" = String, Path)), request_body = NewDraft,
    security(("job_token" = []), ("api_key" = [])),
    responses((status = 202, body = Pending), (status = 503, body = ProblemDocument)))]
pub async fn post(
    State(app): State<App>,
    access: JobAccess<Change>,
    OptionalJson(NewDraft {}): OptionalJson<NewDraft>,
) -> Result<Response, ApiError> {
    pending(&app, &access.job)
}

/// Says what the draft waits for, or that nothing can make one here.
fn pending(app: &App, job: &JobRecord) -> Result<Response, ApiError> {
    let (reason, message) = match app.ctx.ingests.get(job) {
        Some(Ingest::UnderWay) => ("ingesting", "the upload is being read"),
        _ if job.inputs.is_none() => ("inputs_missing", "upload the data first"),
        _ => {
            return Err(Problem::new(
                ErrorCode::LlmNotConfigured,
                "no language model is configured; state the draft yourself with PUT draft",
            )
            .with(
                "next_actions",
                vec![serde_json::json!({
                    "action": "state_draft", "method": "PUT", "path": format!("/v1/jobs/{}/draft", job.job_id)
                })],
            )
            .into());
        }
    };
    let body = Pending {
        status: "pending".to_owned(),
        reason: reason.to_owned(),
        message: message.to_owned(),
        retry_after_seconds: 1,
        retry_until: None,
    };
    Ok((StatusCode::ACCEPTED, Json(body)).into_response())
}
