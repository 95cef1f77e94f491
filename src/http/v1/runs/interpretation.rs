//! `POST /v1/jobs/{job_id}/interpretation`: asks for a reading of the results, and polls for it.

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::domain::artifact::Artifact;
use crate::domain::error::ErrorCode;
use crate::http::error::ApiError;
use crate::http::extract::access::{Change, JobAccess};
use crate::http::extract::body::{Json, OptionalJson};
use crate::http::route::RouteFacts;
use crate::http::state::App;
use crate::http::v1::openapi::groups::MODEL;
use crate::service::runs::interpretation::{Asked, Interpret, Language, Standing};

/// Options of the interpretation.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InterpretationRequest {
    /// `en` or `zh`; by default the requirement's language.
    language: Option<String>,
    /// Asks the model again, to replace the present interpretation or after a failure; poll without it.
    #[serde(default)]
    renew: bool,
}

/// The interpretation, or its pending state.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct InterpretationAnswer {
    job_id: String,
    /// `ready` or `pending`.
    status: String,
    artifact: Option<Artifact>,
    /// Only while `pending`: time after which to repeat the request without `renew`.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_seconds: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_until: Option<DateTime<Utc>>,
}

/// The facts of `interpret_results`.
pub const FACTS: RouteFacts = RouteFacts {
    refusals: &[MODEL, &[ErrorCode::JobIllegalTransition]],
    retry_after: true,
    ..RouteFacts::NONE
};

/// Asks the model to describe the latest succeeded run in plain language; the request without `renew` polls for
/// it.
///
/// Every number of the interpretation is checked against the results. 202 while the model works.
#[utoipa::path(post, path = "/v1/jobs/{job_id}/interpretation", tag = "runs",
    operation_id = "interpret_results", params(("job_id" = String, Path)),
    request_body = InterpretationRequest, security(("job_token" = []), ("api_key" = ["client", "admin"])),
    responses((status = 200, body = InterpretationAnswer), (status = 202, body = InterpretationAnswer)))]
pub async fn handler(
    State(app): State<App>,
    access: JobAccess<Change>,
    OptionalJson(body): OptionalJson<InterpretationRequest>,
) -> Result<Response, ApiError> {
    let language = body.language.as_deref().map(Language::parse).transpose()?;
    let asked = Asked { language, renew: body.renew };
    let job_id = access.job.job_id.to_string();
    Ok(match Interpret(app.ctx.clone()).execute(&access.caller, &access.job, asked).await? {
        Standing::Ready(artifact) => Json(InterpretationAnswer {
            job_id,
            status: "ready".to_owned(),
            artifact: Some(artifact.public()),
            retry_after_seconds: None,
            retry_until: None,
        })
        .into_response(),
        Standing::Working { retry_until } => {
            let answer = InterpretationAnswer {
                job_id,
                status: "pending".to_owned(),
                artifact: None,
                retry_after_seconds: Some(1),
                retry_until: Some(retry_until),
            };
            (StatusCode::ACCEPTED, [(RETRY_AFTER, "1")], Json(answer)).into_response()
        }
    })
}
