//! `GET /v1/jobs/{job_id}/plan` and `…/plans`.

use axum::response::Response;
use chrono::{DateTime, Utc};
use serde::Serialize;

use super::freeze::{PlanAnswer, answer_plan};
use crate::domain::job::JobRecord;
use crate::domain::plan::Plan;
use crate::http::error::{ApiError, ProblemDocument};
use crate::http::extract::access::{JobAccess, Read, ReadTrace};
use crate::http::extract::body::Json;

/// One revision of the plan.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct PlanRevision {
    plan_id: String,
    revision: u32,
    frozen_at: DateTime<Utc>,
    template_id: String,
    /// Ids of its attempts.
    runs: Vec<String>,
}

/// Every revision, oldest first.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct PlanList {
    job_id: String,
    plans: Vec<PlanRevision>,
}

/// Returns the frozen plan.
#[utoipa::path(get, path = "/v1/jobs/{job_id}/plan", tag = "plans", operation_id = "get_plan",
    params(("job_id" = String, Path)), security(("job_token" = []), ("api_key" = [])),
    responses((status = 200, body = PlanAnswer), (status = 409, body = ProblemDocument)))]
pub async fn current(access: JobAccess<Read>) -> Result<Response, ApiError> {
    answer_plan(&access.job)
}

/// Lists all revisions of the plan.
#[utoipa::path(get, path = "/v1/jobs/{job_id}/plans", tag = "plans", operation_id = "list_plans",
    params(("job_id" = String, Path)), security(("job_token" = []), ("api_key" = [])),
    responses((status = 200, body = PlanList)))]
pub async fn revisions(access: JobAccess<ReadTrace>) -> Json<PlanList> {
    let job = &access.job;
    let plans = job.earlier_plans.iter().chain(&job.plan).map(|plan| revision(job, plan)).collect();
    Json(PlanList { job_id: job.job_id.to_string(), plans })
}

fn revision(job: &JobRecord, plan: &Plan) -> PlanRevision {
    PlanRevision {
        plan_id: plan.plan_id.to_string(),
        revision: plan.revision,
        frozen_at: plan.created_at,
        template_id: plan.template.template_id.to_string(),
        runs: job.runs.iter().filter(|r| r.plan_id == plan.plan_id).map(|r| r.run_id.to_string()).collect(),
    }
}
