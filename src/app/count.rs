//! Counts what committed changes tell of jobs and runs, and passes them on to those who follow a job:
//! metrics are a projection of the records, so that no use case has to remember to count.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::domain::ids::{BatchId, JobId, TenantId};
use crate::domain::job::{JobRecord, JobStatus};
use crate::domain::run::{Cause, Run, RunStatus};
use crate::http::state::App;
use crate::ports::store::{ChangedRecord, Key, ReadError, StoreExt};

/// Jobs seen running; true for those that an earlier process left so.
type Running = HashMap<(TenantId, JobId), bool>;

/// When the open upload sessions of a job expire, for jobs that have some.
type Uploads = HashMap<(TenantId, JobId), Vec<DateTime<Utc>>>;

/// How often expired sessions are looked for.
const EXPIRY_LOOK: Duration = Duration::from_secs(2);

fn note_uploads(uploads: &mut Uploads, job: &JobRecord) {
    let open = job.uploads_open_until();
    let key = (job.tenant_id.clone(), job.job_id.clone());
    if open.is_empty() {
        uploads.remove(&key);
    } else {
        uploads.insert(key, open);
    }
}

/// Reads the tenants' limits and settings again, which another server may have changed; again while the store does not answer.
fn read_tenants_again(app: &App) {
    let ctx = Arc::clone(&app.ctx);
    tokio::spawn(async move {
        while let Err(error) = ctx.tenants.refresh(ctx.store.as_ref()).await {
            tracing::warn!(event = "SS_TENANTS_UNREADABLE", %error, "the tenants' settings cannot be read again");
            match error {
                ReadError::Unavailable { retry_after } => tokio::time::sleep(retry_after).await,
                _ => return,
            }
        }
    });
}

/// Wakes those who follow the job of a batch that another server brought up to date. Its name does not say which job that is.
fn wake_readers_of(app: &App, batch_id: BatchId) {
    if app.ctx.subscriptions.is_empty() {
        return;
    }
    let ctx = Arc::clone(&app.ctx);
    // apart: the changes of others do not wait for it
    tokio::spawn(async move {
        if let Ok(Some(batch)) = ctx.store.batch(&batch_id).await {
            ctx.subscriptions.changed(&batch.tenant_id, &batch.job_id);
        }
    });
}

/// Sets the gauge; what has expired is forgotten.
fn count_uploads(app: &App, uploads: &mut Uploads) {
    let now = app.ctx.clock.now();
    uploads.retain(|_, open| {
        open.retain(|until| *until > now);
        !open.is_empty()
    });
    app.metrics.jobs.set_uploads_open(uploads.values().map(Vec::len).sum());
}

/// Listens from now on; the answer counts until the store closes.
///
/// # Errors
/// The store's, where running jobs cannot be listed.
pub(super) async fn count_changes(app: App) -> Result<impl Future<Output = ()> + Send, ReadError> {
    let mut changes = app.ctx.store.changes();
    let found = app.ctx.store.running().await?;
    let mut running: Running = found.into_iter().map(|job| ((job.tenant_id, job.job_id), true)).collect();
    let mut uploads = Uploads::new();
    let open = app.ctx.store.jobs_with_uploads(app.ctx.clock.now()).await?;
    open.iter().for_each(|job| note_uploads(&mut uploads, job));
    count_uploads(&app, &mut uploads);
    Ok(async move {
        loop {
            let change = tokio::select! {
                change = changes.recv() => change,
                () = tokio::time::sleep(EXPIRY_LOOK), if !uploads.is_empty() => {
                    count_uploads(&app, &mut uploads);
                    continue;
                }
            };
            let Some(change) = change else { return };
            let some = !uploads.is_empty();
            match change.record {
                ChangedRecord::Job(job) => {
                    note_uploads(&mut uploads, &job);
                    app.ctx.subscriptions.changed(&job.tenant_id, &job.job_id);
                    count(&app, &mut running, &job, change.is_own);
                }
                ChangedRecord::Deleted(Key::Job(tenant, job_id)) => {
                    uploads.remove(&(tenant, job_id));
                }
                ChangedRecord::Other(Key::Tenant(_)) => {
                    read_tenants_again(&app);
                    continue;
                }
                ChangedRecord::Other(Key::Batch(batch_id)) if !change.is_own => {
                    wake_readers_of(&app, batch_id);
                    continue;
                }
                ChangedRecord::Deleted(_) | ChangedRecord::Other(_) => continue,
            }
            if some || !uploads.is_empty() {
                count_uploads(&app, &mut uploads);
            }
        }
    })
}

/// Counts a change of a job, if this server made it; those of other servers are counted there.
fn count(app: &App, running: &mut Running, job: &JobRecord, is_own: bool) {
    if is_own {
        app.metrics.jobs.changed(job.status.as_str());
    }
    let key = (job.tenant_id.clone(), job.job_id.clone());
    let Some(run) = job.latest_run() else { return };
    if job.status == JobStatus::Running {
        // an entry of an earlier process keeps its mark
        if let std::collections::hash_map::Entry::Vacant(entry) = running.entry(key) {
            entry.insert(false);
            if is_own {
                let waited = run.timings.queued_ms.unwrap_or(0) as f64 / 1000.0;
                app.metrics.jobs.claimed(waited, job.trace_id.as_str());
            }
        }
        return;
    }
    let Some(found) = running.remove(&key).filter(|_| is_own) else { return };
    count_end(app, job, run);
    if found {
        let lost = run.cause == Some(Cause::WorkerLost);
        app.metrics.jobs.run_recovered(if lost { "lost" } else { "adopted" });
    }
}

fn count_end(app: &App, job: &JobRecord, run: &Run) {
    if run.status == RunStatus::Running {
        return;
    }
    let template = job.plan.as_ref().and_then(|plan| app.ctx.library.get(&plan.template.template_id));
    let family = template.map_or("unknown", |t| t.meta.family.as_str());
    let seconds = run.ended_at.map_or(0.0, |end| (end - run.started_at).as_seconds_f64().max(0.0));
    let cause = run.cause.map_or("none", Cause::as_str);
    app.metrics.jobs.run_finished(family, run.status.as_str(), cause, seconds, job.trace_id.as_str());
    for check in run.checks.iter().filter(|check| check.status == "warn") {
        app.metrics.jobs.run_warned(&check.id);
    }
}
