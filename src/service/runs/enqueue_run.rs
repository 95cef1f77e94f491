//! Queues a run of the frozen plan. Never runs anything itself; workers wake up by the commit.

use crate::domain::error::{ErrorCode, Problem};
use crate::domain::ids::{JobId, TenantId};
use crate::domain::job::{JobRecord, JobStatus};
use crate::domain::plan::PLAN_VERSION;
use crate::service::shared::commits::{check_if_match, job_event, put_job, put_job_within, with_retries};
use crate::service::shared::context::{Caller, Context};
use crate::service::shared::quotas::admit_queued;
use crate::telemetry::traces;

/// The use case.
pub struct EnqueueRun<'a>(pub &'a Context);

impl EnqueueRun<'_> {
    /// Queues the job, or answers its state if it is queued, running or succeeded already. `formats` are made of
    /// the next success in addition to those of the plan; a job that has succeeded is rendered by its own request.
    ///
    /// # Errors
    /// `PLAN_MISSING`, `PLAN_OUTDATED`, `JOB_ILLEGAL_TRANSITION`, `JOB_VERSION_CONFLICT`, `STORAGE_FULL`,
    /// `QUOTA_EXCEEDED {quota: "queued"}`, `ARTIFACT_EXPIRED` where the inputs are not kept any more.
    pub async fn execute(
        &self,
        caller: &Caller,
        tenant: &TenantId,
        job_id: &JobId,
        formats: &[String],
        if_match: Option<u64>,
    ) -> Result<JobRecord, Problem> {
        let ctx = self.0;
        with_retries(if_match, || async {
            let job = ctx.load_job(tenant, job_id).await?;
            check_if_match(if_match, &job)?;
            if matches!(job.status, JobStatus::Queued | JobStatus::Running | JobStatus::Succeeded) {
                let waits = job.status != JobStatus::Succeeded;
                let Some(next) = job.with_formats(formats, ctx.clock.now()).filter(|_| waits) else {
                    return Ok(job);
                };
                let event = job_event(ctx, caller, "run.formats_added", Some(&job), &next);
                return put_job(ctx, &job, next, event).await;
            }
            check_plan(&job)?;
            check_inputs(ctx, &job).await?;
            if let Some(trial) = &job.trial {
                trial.check_runs(job.runs.len())?;
            }
            ctx.check_space().await?;
            let admitted = admit_queued(ctx, tenant, 1).await?;
            let mut next = job.enqueue(ctx.clock.now())?;
            next.ask_formats(formats);
            next.trace.asked = traces::current();
            let event = job_event(ctx, caller, "run.queued", Some(&job), &next);
            put_job_within(ctx, &job, next, event, &admitted).await
        })
        .await
    }
}

/// Checks that the inputs of a job are kept; those of a cell are those of the job that its batch belongs to.
///
/// # Errors
/// `ARTIFACT_EXPIRED`, `JOB_GONE`; as reads of the store.
pub async fn check_inputs(ctx: &Context, job: &JobRecord) -> Result<(), Problem> {
    job.check_inputs_kept()?;
    let Some(cell) = &job.cell else { return Ok(()) };
    let owner = ctx.load_shared_job(&job.tenant_id, &cell.job_id).await?;
    owner.check_kept()?;
    owner.check_inputs_kept()
}

/// Checks that the job has a plan that this release can run.
///
/// # Errors
/// `PLAN_MISSING`, `PLAN_OUTDATED`.
pub fn check_plan(job: &JobRecord) -> Result<(), Problem> {
    match &job.plan {
        None => Err(Problem::new(ErrorCode::PlanMissing, "freeze a plan before asking for a run")),
        Some(plan) if plan.plan_version != PLAN_VERSION => Err(Problem::new(
            ErrorCode::PlanOutdated,
            "the plan was frozen by an older release; revise it and freeze it again",
        )
        .with("plan_version", plan.plan_version)
        .with("current_version", PLAN_VERSION)),
        Some(_) => Ok(()),
    }
}
