//! Batches that are kept no longer.

use chrono::{DateTime, Utc};

use super::{Deps, Removal, Rules, Summary, due_before};
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
pub(super) async fn ended_batches(
    deps: &Deps,
    rules: &Rules,
    now: DateTime<Utc>,
    limit: usize,
    summary: &mut Summary,
) -> Result<(), ReadError> {
    let Some(days) = rules.shortest(|p| p.jobs_days) else { return Ok(()) };
    for batch in deps.store.due_batches(due_before(now, days), limit).await? {
        summary.looked_at += 1;
        let kept = rules.of(&batch.tenant_id).jobs_days;
        let due_at = batch.ended_at.and_then(|at| days_after(at, kept)).filter(|at| *at <= now);
        let Some(due_at) = due_at else { continue };
        if rules.holds(deps, &batch.tenant_id).await {
            summary.held += 1;
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
        if !summary.dry_run
            && deps.remover().batch(&batch.tenant_id, &batch.batch_id, expired(&actor)).await.is_err()
        {
            summary.postponed += 1;
            continue;
        }
        summary.note(removal);
    }
    Ok(())
}
