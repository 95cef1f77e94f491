//! Batches that are kept no longer.

use super::pass::Pass;
use super::{Deps, Removal};
use crate::domain::audit::Actor;
use crate::domain::job::JobRecord;
use crate::domain::tenant::days_after;
use crate::ports::store::{ReadError, StoreExt};
use crate::service::batches::remove::{Removing, remove_batches};

/// Removes the batches of a job that loses its content; returns the job as it is then, none where a batch is left.
pub(super) async fn without_batches(deps: &Deps, job: &JobRecord) -> Option<JobRecord> {
    if job.kept_batches().next().is_none() {
        return Some(job.clone());
    }
    let actor = Actor::system("retention");
    remove_batches(&deps.remover(), job, expired(&actor)).await.ok()?;
    deps.store.job(&job.tenant_id, &job.job_id).await.ok()?
}

fn expired(actor: &Actor) -> Removing<'_> {
    Removing { actor, by: "retention", reason: Some("batch expired"), address: None, trace_id: None }
}

/// Removes the content of batches that are kept no longer. A batch goes as a whole; its cells are not due by themselves.
pub(super) async fn ended_batches(pass: &mut Pass<'_>) -> Result<(), ReadError> {
    let Some(days) = pass.rules.shortest(|p| p.jobs_days) else { return Ok(()) };
    for batch in pass.deps.store.due_batches(pass.due_before(days), pass.limit).await? {
        pass.summary.looked_at += 1;
        let kept = pass.rules.of(&batch.tenant_id).jobs_days;
        let due_at = batch.ended_at.and_then(|at| days_after(at, kept)).filter(|at| *at <= pass.now);
        let Some(due_at) = due_at else { continue };
        if pass.holds(&batch.tenant_id).await {
            pass.summary.held += 1;
            continue;
        }
        let removal = Removal {
            kind: "batch",
            tenant_id: batch.tenant_id.to_string(),
            job_id: batch.job_id.to_string(),
            path: Some(batch.batch_id.to_string()),
            due_at,
        };
        let actor = Actor::system("retention");
        if !pass.summary.dry_run
            && pass.deps.remover().batch(&batch.tenant_id, &batch.batch_id, expired(&actor)).await.is_err()
        {
            pass.summary.postponed += 1;
            continue;
        }
        pass.summary.note(removal);
    }
    Ok(())
}
