//! `GET /v1/jobs/{job_id}/plan` and `…/plans`.

use axum::response::Response;
use serde::Serialize;

use super::freeze::{PlanAnswer, answer_plan};
use crate::domain::error::ErrorCode;
use crate::http::error::ApiError;
use crate::http::extract::access::{JobAccess, Read, ReadTrace};
use crate::http::extract::body::Json;
use crate::http::route::RouteFacts;
use crate::service::plans::plan_list::{PlanRevision, list_plans};

/// Every revision, oldest first.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct PlanList {
    job_id: String,
    plans: Vec<PlanRevision>,
}

/// The facts of `get_plan`.
pub const CURRENT_FACTS: RouteFacts =
    RouteFacts { refusals: &[&[ErrorCode::PlanMissing]], tagged: true, ..RouteFacts::NONE };

/// Returns the frozen plan.
///
/// With every bound value and its source. `artifacts/plan.json` is the same document.
#[utoipa::path(get, path = "/v1/jobs/{job_id}/plan", tag = "plans", operation_id = "get_plan",
    params(("job_id" = String, Path)),
    security(("job_token" = []), ("api_key" = ["viewer", "client", "operator", "admin"])),
    responses((status = 200, body = PlanAnswer)))]
pub async fn current(access: JobAccess<Read>) -> Result<Response, ApiError> {
    answer_plan(&access.job)
}

/// The facts of `list_plans`.
pub const REVISIONS_FACTS: RouteFacts = RouteFacts { without_content: true, ..RouteFacts::NONE };

/// Lists all revisions of the plan.
///
/// Oldest first, each with its runs.
#[utoipa::path(get, path = "/v1/jobs/{job_id}/plans", tag = "plans", operation_id = "list_plans",
    params(("job_id" = String, Path)),
    security(("job_token" = []), ("api_key" = ["viewer", "client", "operator", "admin"])),
    responses((status = 200, body = PlanList)))]
pub async fn revisions(access: JobAccess<ReadTrace>) -> Json<PlanList> {
    Json(PlanList { job_id: access.job.job_id.to_string(), plans: list_plans(&access.job) })
}
