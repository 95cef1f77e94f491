//! `POST /v1/jobs/{job_id}/plan/preview`.

use axum::extract::State;

use super::formats::checked_formats;
use crate::http::error::ApiError;
use crate::http::extract::access::{Change, JobAccess};
use crate::http::extract::body::{Json, OptionalJson};
use crate::http::route::{Effect, RouteFacts};
use crate::http::state::App;
use crate::http::v1::openapi::groups::{BINDING, FREEZE};
use crate::service::plans::freeze_plan::FreezeBody;
use crate::service::plans::preview_plan::{PlanPreview, PreviewPlan};

/// The facts of `preview_plan`.
pub const FACTS: RouteFacts =
    RouteFacts { refusals: &[FREEZE, BINDING], effect: Effect::Reads, ..RouteFacts::NONE };

/// Shows the plan that a freeze with the same body would create, and its errors. Writes nothing.
///
/// `ready` is true if the same freeze would succeed; `do_file` is the program that would run, with `preview` for values
/// that only a run knows.
#[utoipa::path(post, path = "/v1/jobs/{job_id}/plan/preview", tag = "plans", operation_id = "preview_plan",
    params(("job_id" = String, Path)), request_body = FreezeBody,
    security(("job_token" = []), ("api_key" = ["client", "admin"])),
    responses((status = 200, body = PlanPreview)))]
pub async fn handler(
    State(app): State<App>,
    access: JobAccess<Change>,
    OptionalJson(body): OptionalJson<FreezeBody>,
) -> Result<Json<PlanPreview>, ApiError> {
    body.check()?;
    checked_formats(&body.output_formats)?;
    Ok(Json(PreviewPlan(&app.ctx).execute(&access.job.tenant_id, &access.job.job_id, &body).await?))
}
