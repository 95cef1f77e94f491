//! Opens the draft of a frozen plan again. The plan, its runs and its artifacts stay; the copies of its
//! template get names of their own, since the next freeze writes the usual ones anew.

use std::io::Read;
use std::sync::Arc;

use crate::domain::artifact::Artifact;
use crate::domain::error::Problem;
use crate::domain::ids::{JobId, TenantId};
use crate::domain::job::{JobRecord, JobStatus};
use crate::domain::layout::{TEMPLATE_DIR, plan_copy};
use crate::service::inputs::receive_upload::io_problem;
use crate::service::shared::commits::{check_if_match, job_event, put_job, with_retries};
use crate::service::shared::context::{Caller, Context};
use crate::service::shared::evidence::{Evidence, publish};

/// The use case.
pub struct RevisePlan<'a>(pub &'a Context);

impl RevisePlan<'_> {
    /// Revises; a job whose draft is open again already is answered as it is.
    ///
    /// # Errors
    /// `PLAN_MISSING`, `JOB_ILLEGAL_TRANSITION`, `QUOTA_EXCEEDED {quota: "plan_revisions"}`,
    /// `JOB_VERSION_CONFLICT`, `STORAGE_FULL`.
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
            let open = job.status == JobStatus::DraftReady && job.plan.is_none();
            if open && !job.earlier_plans.is_empty() {
                return Ok(job);
            }
            check_if_match(if_match, &job)?;
            // Refused before anything is written.
            let now = ctx.clock.now();
            job.revise_plan(Vec::new(), now)?;
            let copies = self.copy_template(&job).await?;
            let next = job.revise_plan(copies, now)?;
            let mut event = job_event(ctx, caller, "plan.revised", Some(&job), &next);
            event.detail = serde_json::json!({
                "plan_id": job.plan.as_ref().map(|plan| &plan.plan_id), "revision": next_revision(&next),
            });
            put_job(ctx, &job, next, event).await
        })
        .await
    }

    async fn copy_template(&self, job: &JobRecord) -> Result<Vec<Artifact>, Problem> {
        let ctx = self.0;
        let Some(plan) = &job.plan else { return Ok(Vec::new()) };
        let mut copies = Vec::new();
        for artifact in &job.artifacts_index {
            let Some(name) = artifact.rel_path.strip_prefix(TEMPLATE_DIR) else { continue };
            let rel_path = plan_copy(&plan.plan_id, name);
            if job.artifact(&rel_path).is_some() {
                continue;
            }
            let files = Arc::clone(&ctx.files);
            let (tenant, job_id, from) =
                (job.tenant_id.clone(), job.job_id.clone(), artifact.rel_path.clone());
            let read = move || -> std::io::Result<Vec<u8>> {
                let mut bytes = Vec::new();
                files.open(&tenant, &job_id, &from)?.read_to_end(&mut bytes)?;
                Ok(bytes)
            };
            let bytes = ctx.pools.reads.run(read).await?.map_err(|error| io_problem(&error))?;
            copies.push(Evidence { kind: artifact.kind, rel_path, bytes, meta: artifact.meta.clone() });
        }
        publish(ctx, job, copies).await
    }
}

/// Returns the number that the next plan of a job will have.
pub fn next_revision(job: &JobRecord) -> u32 {
    u32::try_from(job.earlier_plans.len()).unwrap_or(u32::MAX).saturating_add(1)
}
