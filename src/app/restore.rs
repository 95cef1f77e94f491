//! Restoring a backup: the files, then the deletions that were recorded after it, then the name.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::json;

use super::maintenance::blocking;
use crate::adapters::backup::{BackupError, Deletion, DeletionKind, RestoreSpec, Restored, Staged, restore};
use crate::adapters::clock::SystemClock;
use crate::adapters::ids::SystemIds;
use crate::adapters::store::{Options as StoreOptions, SqliteStore};
use crate::domain::audit::{Actor, AuditEvent};
use crate::domain::job::{JobRecord, JobStatus};
use crate::domain::run::{Cause, RunStatus};
use crate::ports::clock::Clock;
use crate::ports::ids::IdSource;
use crate::ports::store::{Commit, Expect, Record, Store, StoreExt, Write};

/// Restores a backup into a data directory that is absent or empty.
///
/// # Errors
/// [`BackupError`]; the data directory is as it was.
pub async fn restore_backup(spec: RestoreSpec) -> Result<Restored, BackupError> {
    let staged = blocking(move || restore(&spec)).await.map_err(|e| BackupError::Refused(e.to_string()))?;
    let mut staged = staged?;
    staged.restored.deletions_applied = repeat_deletions(&staged).await?;
    blocking(move || staged.finish()).await.map_err(|e| BackupError::Refused(e.to_string()))?
}

/// Repeats the deletions in the restored store, before anyone else opens it.
async fn repeat_deletions(staged: &Staged) -> Result<u64, BackupError> {
    if staged.deletions.is_empty() {
        return Ok(0);
    }
    let failed = |error: &dyn std::fmt::Display| BackupError::Io(std::io::Error::other(error.to_string()));
    let mut options = StoreOptions::new(staged.dir.clone(), Arc::new(SystemClock));
    options.readers = 1;
    let store = SqliteStore::open(options).map_err(|error| failed(&error))?;
    let mut applied = BTreeSet::new();
    for deletion in &staged.deletions {
        // a job that came after the backup is not there
        let Some(job) =
            store.job(&deletion.tenant_id, &deletion.job_id).await.map_err(|error| failed(&error))?
        else {
            continue;
        };
        let now = SystemClock.now();
        let Some(next) = without(&job, deletion, now) else { continue };
        let commit = Commit {
            id: SystemIds.id("commit"),
            audit: vec![event(&job, &next, deletion, now)],
            writes: vec![Write::Put { record: Record::from(next), expect: Expect::Version(job.version) }],
            housekeeping: None,
        };
        store.commit(commit).await.map_err(|error| failed(&error))?;
        staged.remove_files(deletion)?;
        applied.insert(deletion.seq);
    }
    store.shutdown();
    Ok(applied.len() as u64)
}

fn event(job: &JobRecord, next: &JobRecord, deletion: &Deletion, now: DateTime<Utc>) -> AuditEvent {
    let action = match deletion.kind {
        DeletionKind::Requested => "job.deleted",
        DeletionKind::Expired => "job.expired",
        DeletionKind::Inputs => "inputs.expired",
    };
    AuditEvent {
        time: now,
        tenant: job.tenant_id.clone(),
        actor: Actor::system("restore"),
        action: action.to_owned(),
        resource: job.resource(),
        before: Some(job.status.as_str().to_owned()),
        after: Some(next.status.as_str().to_owned()),
        reason: Some("it was recorded after the backup that was restored".to_owned()),
        trace_id: None,
        address: None,
        detail: json!({"recorded_at": deletion.at, "recorded_seq": deletion.seq}),
    }
}

/// An attempt that was under way is not any more: nothing of it was restored.
fn at_rest(job: &JobRecord, now: DateTime<Utc>) -> JobRecord {
    let mut job = job.clone();
    if job.status == JobStatus::Running {
        job.status = JobStatus::Failed;
        if let Some(run) = job.runs.last_mut().filter(|run| run.status == RunStatus::Running) {
            run.status = RunStatus::Failed;
            run.phase = None;
            run.cause = Some(Cause::WorkerLost);
            run.ended_at = Some(now);
        }
    }
    job
}

/// Returns the record after a deletion; `None` where that was done before the backup.
fn without(job: &JobRecord, deletion: &Deletion, now: DateTime<Utc>) -> Option<JobRecord> {
    if job.is_removed() {
        return None;
    }
    let reason = Some("restore".to_owned());
    match deletion.kind {
        DeletionKind::Requested => at_rest(job, now).remove_content("request", reason, now).ok(),
        DeletionKind::Expired => at_rest(job, now).remove_content("retention", reason, now).ok(),
        DeletionKind::Inputs => job.inputs_removed_at().is_none().then(|| job.remove_inputs(now)),
    }
}
