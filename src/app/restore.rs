//! Restoring a backup: the files, then the deletions that were recorded after it, then the name.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use secrecy::SecretString;
use serde_json::json;

use super::maintenance::blocking;
use crate::adapters::backup::{
    BackupError, Begin, Deletion, DeletionKind, RestoreSpec, Restored, Staged, finished, restore,
};
use crate::adapters::clock::SystemClock;
use crate::adapters::ids::SystemIds;
use crate::adapters::postgres;
use crate::adapters::postgres::moving::{MoveError, MoveSpec, move_store};
use crate::adapters::store::{Options as StoreOptions, SqliteStore};
use crate::domain::audit::{Actor, AuditEvent};
use crate::domain::batch::{BatchRecord, BatchStatus};
use crate::domain::ids::BatchId;
use crate::domain::job::{JobRecord, JobStatus};
use crate::domain::run::{Cause, RunStatus};
use crate::ports::clock::Clock;
use crate::ports::ids::IdSource;
use crate::ports::store::{Commit, Expect, Record, Store, StoreExt, Write};

/// Restores a backup into a data directory that is absent or empty, its files into a bucket where `spec` says so, and its
/// records into an empty database where there is one. The same request continues what was interrupted.
///
/// # Errors
/// [`BackupError`]; the data directory is as it was, or has everything but the records of the database.
pub async fn restore_backup(
    spec: RestoreSpec,
    database: Option<SecretString>,
) -> Result<Restored, BackupError> {
    let to = std::path::absolute(&spec.to)?;
    let spec = RestoreSpec { continues: database.is_some(), ..spec };
    let begun = blocking(move || restore(&spec)).await.map_err(|e| BackupError::Refused(e.to_string()))?;
    let restored = match begun? {
        Begin::Named(restored) => restored,
        Begin::Staged(mut staged) => {
            staged.restored.deletions_applied = repeat_deletions(&mut staged).await?;
            let finish = blocking(move || staged.finish());
            finish.await.map_err(|e| BackupError::Refused(e.to_string()))??
        }
    };
    if let Some(url) = database {
        let finish = blocking(move || {
            // what the backup names as damaged stays as it is
            let clock = Arc::new(SystemClock);
            let spec =
                MoveSpec { data_dir: to.clone(), url, clock, lock_wait: Duration::ZERO, keep_damaged: true };
            move_store(&spec, &mut |_| {}).map_err(not_moved)?;
            Ok::<(), BackupError>(finished(&to)?)
        });
        finish.await.map_err(|e| BackupError::Refused(e.to_string()))??;
    }
    Ok(restored)
}

/// Why the records did not come into the database; the data directory has them.
fn not_moved(error: MoveError) -> BackupError {
    match error {
        MoveError::Postgres(postgres::OpenError::Database(text)) => BackupError::Unavailable(text),
        MoveError::Postgres(postgres::OpenError::Io(error)) => BackupError::Io(error),
        error => BackupError::Refused(error.to_string()),
    }
}

/// Repeats the deletions in the restored store, before anyone else opens it.
async fn repeat_deletions(staged: &mut Staged) -> Result<u64, BackupError> {
    if staged.deletions.is_empty() {
        return Ok(0);
    }
    let failed = |error: &dyn std::fmt::Display| BackupError::Io(std::io::Error::other(error.to_string()));
    let mut options = StoreOptions::new(staged.dir.clone(), Arc::new(SystemClock));
    options.readers = 1;
    let store = SqliteStore::open(options).map_err(|error| failed(&error))?;
    let mut applied = BTreeSet::new();
    let mut batches = BTreeSet::new();
    for deletion in staged.deletions.clone() {
        // a job that came after the backup is not there
        let Some(job) =
            store.job(&deletion.tenant_id, &deletion.job_id).await.map_err(|error| failed(&error))?
        else {
            continue;
        };
        let now = SystemClock.now();
        let Some(next) = without(&job, &deletion, now) else { continue };
        batches.extend(job.cell.iter().map(|cell| cell.batch_id.clone()));
        batches.extend(job.batches.iter().map(|mark| mark.batch_id.clone()));
        let commit = Commit {
            id: SystemIds.id("commit"),
            audit: vec![event(&job, &next, &deletion, now)],
            writes: vec![Write::Put { record: Record::from(next), expect: Expect::Version(job.version) }],
            housekeeping: None,
            within: None,
        };
        store.commit(commit).await.map_err(|error| failed(&error))?;
        staged.remove_files(&deletion)?;
        applied.insert(deletion.seq);
    }
    for batch_id in batches {
        empty_batch(store.as_ref(), &batch_id).await.map_err(|error| failed(&error))?;
    }
    store.shutdown();
    Ok(applied.len() as u64)
}

/// Removes the content of a batch whose cells, or whose job, lost theirs.
async fn empty_batch(store: &SqliteStore, batch_id: &BatchId) -> Result<(), String> {
    let text = |error: &dyn std::fmt::Display| error.to_string();
    let Some(batch) = store.batch(batch_id).await.map_err(|e| text(&e))?.filter(|b| b.removed.is_none())
    else {
        return Ok(());
    };
    let now = SystemClock.now();
    let owner = store.job(&batch.tenant_id, &batch.job_id).await.map_err(|e| text(&e))?;
    let mut is_empty = owner.as_ref().is_none_or(JobRecord::is_removed);
    if !is_empty {
        let mut kept = 0;
        for (_, job_id) in batch.jobs() {
            let cell = store.job(&batch.tenant_id, job_id).await.map_err(|e| text(&e))?;
            kept += usize::from(cell.is_some_and(|cell| !cell.is_removed()));
        }
        is_empty = kept == 0;
    }
    if !is_empty {
        return Ok(());
    }
    let closed = BatchRecord { status: BatchStatus::Cancelled, ..batch.clone() };
    let next = closed.remove_content("request", Some("restore".to_owned()), now).map_err(|e| e.message)?;
    let put = |record: Record, version| Write::Put { record, expect: Expect::Version(version) };
    let mut writes = vec![put(next.into(), batch.version)];
    let resource = format!("job:{}", batch.job_id);
    if let Some(owner) = owner.filter(|owner| owner.kept_batches().any(|mark| mark.batch_id == *batch_id)) {
        writes.push(put(Record::from(owner.batch_removed(batch_id, now)), owner.version));
    }
    let event = AuditEvent {
        time: now,
        tenant: batch.tenant_id.clone(),
        actor: Actor::system("restore"),
        action: "batch.deleted".to_owned(),
        resource,
        before: None,
        after: None,
        reason: Some("it was recorded after the backup that was restored".to_owned()),
        trace_id: None,
        address: None,
        detail: json!({"batch_id": batch_id}),
    };
    let commit =
        Commit { id: SystemIds.id("commit"), writes, audit: vec![event], housekeeping: None, within: None };
    store.commit(commit).await.map(drop).map_err(|e| text(&e))
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
    for mark in &mut job.batches {
        mark.ended_at.get_or_insert(now);
    }
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
