//! Every plan that a job had, with the runs of each.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::domain::job::JobRecord;
use crate::domain::plan::Plan;

/// One revision of the plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PlanRevision {
    /// SHA-256 of everything that determines the result.
    pub plan_id: String,
    /// Number of the plan, counted from 1.
    pub revision: u32,
    /// When the plan was frozen (RFC 3339, UTC).
    pub frozen_at: DateTime<Utc>,
    /// Id of the template: `linear.ols_robust`.
    pub template_id: String,
    /// Ids of its attempts.
    #[serde(default)]
    pub runs: Vec<String>,
}

impl From<&Plan> for PlanRevision {
    fn from(plan: &Plan) -> Self {
        Self {
            plan_id: plan.plan_id.to_string(),
            revision: plan.revision,
            frozen_at: plan.created_at,
            template_id: plan.template.template_id.to_string(),
            runs: Vec::new(),
        }
    }
}

/// Lists the plans of a job, oldest first; of a removed one what is left of them.
pub fn list_plans(job: &JobRecord) -> Vec<PlanRevision> {
    let mut plans: Vec<PlanRevision> = job.earlier_plans.iter().chain(&job.plan).map(Into::into).collect();
    if job.is_removed() {
        plans.extend(job.removed_plans().iter().filter_map(|plan| PlanRevision::deserialize(plan).ok()));
    }
    for run in &job.runs {
        // The same plan may be frozen twice: a run belongs to the last freeze before it.
        let own = plans
            .iter_mut()
            .rfind(|plan| plan.plan_id == run.plan_id.as_str() && plan.frozen_at <= run.started_at);
        if let Some(plan) = own {
            plan.runs.push(run.run_id.to_string());
        }
    }
    plans
}
