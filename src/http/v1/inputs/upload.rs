//! `POST /v1/jobs/{job_id}/inputs/upload`.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::multipart::{Field, MultipartError};
use axum::extract::{DefaultBodyLimit, FromRequest, Multipart, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::domain::dataset::{DataWarning, DatasetRole};
use crate::domain::error::{ErrorCode, Problem};
use crate::domain::job::JobRecord;
use crate::http::error::ApiError;
use crate::http::extract::access::{Change, JobAccess};
use crate::http::extract::body::Json;
use crate::http::extract::headers::IfMatch;
use crate::http::route::RouteFacts;
use crate::http::state::App;
use crate::http::v1::openapi::groups::FILES;
use crate::service::inputs::ingest_inputs::{IngestInputs, Ingested, check_unlocked};
use crate::service::inputs::preview_inputs::DatasetBrief;
use crate::service::inputs::receive_upload::Upload;

/// Longest pause between two pieces of a body.
const IDLE_LIMIT: Duration = Duration::from_secs(30);
/// Longest text field.
const MAX_TEXT_BYTES: usize = 4096;

/// The new inputs.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct UploadAnswer {
    job_id: String,
    manifest_rel_path: String,
    fingerprint: String,
    datasets: Vec<DatasetBrief>,
    warnings: Vec<DataWarning>,
}

/// The upload arrived and is being read.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Ingesting {
    job_id: String,
    status: &'static str,
    retry_after_seconds: u64,
}

/// The parts of an upload: `file` × n, `role` × n, `filename` × n, in order.
#[derive(Debug, utoipa::ToSchema)]
#[expect(dead_code, reason = "describes the multipart body in the document")]
pub struct UploadForm {
    #[schema(value_type = Vec<String>, format = Binary)]
    file: Vec<Vec<u8>>,
    #[schema(required = false)]
    role: Vec<DatasetRole>,
    #[schema(required = false)]
    filename: Vec<String>,
}

/// The facts of `upload_inputs`.
pub const FACTS: RouteFacts = RouteFacts {
    refusals: &[
        FILES,
        &[
            ErrorCode::UnsupportedMediaType,
            ErrorCode::RequestTimeout,
            ErrorCode::PayloadTooLarge,
            ErrorCode::InputsMissing,
            ErrorCode::JobLocked,
            ErrorCode::QuotaExceeded,
            ErrorCode::TrialLimit,
        ],
    ],
    if_match: true,
    ..RouteFacts::NONE
};

/// Replaces the inputs of a job.
///
/// Streamed and hashed while it is written; takes effect completely or not at all. 202 when reading takes
/// longer than `upload.answer_seconds`: poll the preview then. Refused once the plan is frozen.
#[utoipa::path(post, path = "/v1/jobs/{job_id}/inputs/upload", tag = "inputs",
    operation_id = "upload_inputs", params(("job_id" = String, Path)),
    request_body(content = UploadForm, content_type = "multipart/form-data"),
    security(("job_token" = []), ("api_key" = ["client", "admin"])),
    responses((status = 200, body = UploadAnswer), (status = 202, body = Ingesting)))]
pub async fn handler(
    State(app): State<App>,
    access: JobAccess<Change>,
    IfMatch(if_match): IfMatch,
    mut request: Request,
) -> Result<Response, ApiError> {
    check_unlocked(&access.job)?;
    // files have their own limit
    DefaultBodyLimit::disable().apply(&mut request);
    let multipart = Multipart::from_request(request, &app).await.map_err(|_| {
        Problem::new(
            ErrorCode::UnsupportedMediaType,
            "send the files as multipart/form-data, parts named file",
        )
    })?;
    let mut upload = Upload::begin(&app.ctx, &access.job).await?;
    let (roles, names) = receive_parts(&app, &mut upload, multipart).await?;
    let files = upload.assign(&roles, &names)?;
    let ingest = IngestInputs(Arc::clone(&app.ctx));
    let (caller, job) = (access.caller, access.job);
    let job_id = job.job_id.to_string();
    let ingested = ingest.execute(caller, job, upload, files, if_match).await;
    match ingested.map_err(|problem| ApiError::from(problem).for_if_match(if_match))? {
        Ingested::Done(job) => Ok(answer(&job)?.into_response()),
        Ingested::UnderWay => {
            let body = Ingesting { job_id, status: "ingesting", retry_after_seconds: 1 };
            Ok((StatusCode::ACCEPTED, Json(body)).into_response())
        }
    }
}

fn answer(job: &JobRecord) -> Result<Json<UploadAnswer>, Problem> {
    let inputs = job.inputs.as_ref().ok_or_else(Problem::internal)?;
    Ok(Json(UploadAnswer {
        job_id: job.job_id.to_string(),
        manifest_rel_path: inputs.manifest_rel_path.clone(),
        fingerprint: inputs.fingerprint.clone(),
        datasets: inputs.datasets.iter().map(DatasetBrief::from).collect(),
        warnings: inputs.warnings.clone(),
    }))
}

async fn receive_parts(
    app: &App,
    upload: &mut Upload,
    mut multipart: Multipart,
) -> Result<(Vec<DatasetRole>, Vec<String>), Problem> {
    let (mut roles, mut names) = (Vec::new(), Vec::new());
    while let Some(field) = in_time(multipart.next_field()).await? {
        match field.name().unwrap_or_default() {
            "file" => {
                let name = field.file_name().unwrap_or("data").to_owned();
                let field = Arc::new(tokio::sync::Mutex::new(field));
                upload
                    .receive(&app.ctx, name, || {
                        let field = Arc::clone(&field);
                        async move { in_time(field.lock().await.chunk()).await }
                    })
                    .await?;
            }
            "role" => {
                let text = short_text(field).await?;
                let role = serde_json::from_value(serde_json::Value::String(text.clone())).map_err(|_| {
                    let shown: String = text.chars().take(60).collect();
                    let message = format!(
                        "the part role holds {shown:?}: a role is primary_dataset (the data that are analysed), \
                         secondary_dataset (data to combine with them) or auxiliary_data; without a part role the first file \
                         is the primary one"
                    );
                    Problem::new(ErrorCode::InputRoleInvalid, message).with("role", shown)
                })?;
                roles.push(role);
            }
            "filename" => names.push(short_text(field).await?),
            other => {
                let shown: String = other.chars().take(60).collect();
                return Err(Problem::validation(shown, "is not a part of an upload: file, role, filename"));
            }
        }
    }
    Ok((roles, names))
}

async fn short_text(mut field: Field<'_>) -> Result<String, Problem> {
    let name = field.name().unwrap_or_default().to_owned();
    let mut bytes = Vec::new();
    while let Some(chunk) = in_time(field.chunk()).await? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > MAX_TEXT_BYTES {
            return Err(Problem::validation(name, format!("must have at most {MAX_TEXT_BYTES} bytes")));
        }
    }
    String::from_utf8(bytes).map_err(|_| Problem::validation(name, "must be UTF-8"))
}

/// Waits for a piece of the body, at most [`IDLE_LIMIT`].
async fn in_time<T>(next: impl Future<Output = Result<T, MultipartError>>) -> Result<T, Problem> {
    match tokio::time::timeout(IDLE_LIMIT, next).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(_)) => Err(Problem::validation("", "the multipart body ended early or is malformed")),
        Err(_) => Err(Problem::new(ErrorCode::RequestTimeout, "the body stopped arriving")),
    }
}
