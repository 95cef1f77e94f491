//! Counts what committed changes tell of jobs and runs, and passes them on to those who follow a job:
//! metrics are a projection of the records, so that no use case has to remember to count.

use std::collections::HashMap;
use std::future::Future;

use crate::domain::bundle::Bundle;
use crate::domain::ids::{JobId, TenantId};
use crate::domain::job::{JobRecord, JobStatus};
use crate::domain::run::{Cause, Run, RunStatus};
use crate::http::state::App;
use crate::ports::store::ChangedRecord;

/// Jobs seen running; true for those that an earlier process left so.
type Running = HashMap<(TenantId, JobId), bool>;

/// Open upload sessions of jobs that have some.
type Uploads = HashMap<(TenantId, JobId), usize>;

fn count_uploads(app: &App, uploads: &mut Uploads, job: &JobRecord) {
    let open = job.bundle.as_ref().map_or(0, Bundle::open_sessions);
    let key = (job.tenant_id.clone(), job.job_id.clone());
    let changed = match open {
        0 => uploads.remove(&key).is_some(),
        open => uploads.insert(key, open) != Some(open),
    };
    if changed {
        app.metrics.upload_sessions(uploads.values().sum());
    }
}

/// Listens from now on; the answer counts until the store closes.
///
/// # Errors
/// The store's, where running jobs cannot be listed.
pub async fn count_changes(app: App) -> std::io::Result<impl Future<Output = ()> + Send> {
    let mut changes = app.ctx.store.changes();
    let found = app.ctx.store.running().await.map_err(std::io::Error::other)?;
    let mut running: Running = found.into_iter().map(|job| ((job.tenant_id, job.job_id), true)).collect();
    let mut uploads = Uploads::new();
    Ok(async move {
        while let Some(change) = changes.recv().await {
            if let ChangedRecord::Job(job) = change.record {
                count_uploads(&app, &mut uploads, &job);
                app.ctx.watch.changed(&job.tenant_id, &job.job_id);
                count(&app, &mut running, &job);
            }
        }
    })
}

fn count(app: &App, running: &mut Running, job: &JobRecord) {
    app.metrics.job_changed(job.status.as_str());
    let key = (job.tenant_id.clone(), job.job_id.clone());
    let Some(run) = job.latest_run() else { return };
    if job.status == JobStatus::Running {
        // an entry of an earlier process keeps its mark
        if let std::collections::hash_map::Entry::Vacant(entry) = running.entry(key) {
            entry.insert(false);
            app.metrics.claimed(run.timings.queued_ms.unwrap_or(0) as f64 / 1000.0);
        }
        return;
    }
    let Some(found) = running.remove(&key) else { return };
    count_end(app, job, run);
    if found {
        let lost = run.cause == Some(Cause::WorkerLost);
        app.metrics.run_recovered(if lost { "lost" } else { "adopted" });
    }
}

fn count_end(app: &App, job: &JobRecord, run: &Run) {
    let verdict = match run.status {
        RunStatus::Running => return,
        RunStatus::Succeeded => "succeeded",
        RunStatus::Failed => "failed",
        RunStatus::Cancelled => "cancelled",
    };
    let template = job.plan.as_ref().and_then(|plan| app.ctx.library.get(&plan.template.template_id));
    let family = template.map_or("unknown", |t| t.meta.family.as_str());
    let seconds = run.ended_at.map_or(0.0, |end| (end - run.started_at).as_seconds_f64());
    app.metrics.run_finished(family, verdict, run.cause.map_or("none", Cause::as_str), seconds);
}
