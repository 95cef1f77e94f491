//! Opens the draft of a frozen plan again. The plan, its runs and its artifacts stay; the copies of its
//! template are listed under the plan's id, since the next freeze lists its copies under the usual names.

use crate::domain::artifact::Artifact;
use crate::domain::error::Problem;
use crate::domain::ids::{JobId, TenantId};
use crate::domain::job::{JobRecord, JobStatus};
use crate::domain::layout::{TEMPLATE_DIR, plan_copy};
use crate::service::shared::commits::{check_if_match, job_event, put_job, with_retries};
use crate::service::shared::context::{Caller, Context};

/// The use case.
pub struct RevisePlan<'a>(pub &'a Context);

impl RevisePlan<'_> {
    /// Revises; a job whose draft is open already is answered as it is. One that was cancelled before a plan was frozen
    /// gets its draft, or its upload, open again.
    ///
    /// # Errors
    /// `JOB_ILLEGAL_TRANSITION`, `QUOTA_EXCEEDED {quota: "plan_revisions"}`,
    /// `JOB_VERSION_CONFLICT`.
    pub async fn execute(
        &self,
        caller: &Caller,
        tenant: &TenantId,
        job_id: &JobId,
        if_match: Option<u64>,
    ) -> Result<JobRecord, Problem> {
        let ctx = self.0;
        with_retries(if_match, || async {
            let job = ctx.load_job(tenant, job_id).await?;
            if matches!(job.status, JobStatus::Created | JobStatus::DraftReady) {
                return Ok(job);
            }
            check_if_match(if_match, &job)?;
            let next = job.revise_plan(copies_of_template(&job), ctx.clock.now())?;
            let mut event = job_event(ctx, caller, "plan.revised", Some(&job), &next);
            event.detail = serde_json::json!({
                "plan_id": job.plan.as_ref().map(|plan| &plan.plan_id), "revision": next_revision(&next),
            });
            put_job(ctx, &job, next, event).await
        })
        .await
    }
}

/// Lists the copies of the plan's template a second time, under names of this plan. The bytes stay where
/// they are: the next freeze writes its copies elsewhere.
fn copies_of_template(job: &JobRecord) -> Vec<Artifact> {
    let Some(plan) = &job.plan else { return Vec::new() };
    let copy = |artifact: &Artifact| {
        let rel_path = plan_copy(&plan.plan_id, artifact.rel_path.strip_prefix(TEMPLATE_DIR)?);
        let stored_as = Some(artifact.stored_path().to_owned());
        job.artifact(&rel_path).is_none().then(|| Artifact { rel_path, stored_as, ..artifact.clone() })
    };
    job.artifacts_index.iter().filter_map(copy).collect()
}

/// Returns the number that the next plan of a job will have.
pub fn next_revision(job: &JobRecord) -> u32 {
    u32::try_from(job.earlier_plans.len()).unwrap_or(u32::MAX).saturating_add(1)
}
