//! Files left by crashes and broken uploads in the directories of jobs: working folders of runs that ended, and
//! uploads that never became inputs. Found by walking the data directory, a few shards per pass.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Duration, Utc};
use serde_json::json;

use super::pass::{Pass, event, noted, removal, send};
use super::{Deps, Place};
use crate::domain::ids::{JobId, RunId, TenantId};
use crate::domain::job::JobRecord;
use crate::domain::layout::{SESSIONS_DIR, publication_of, session_dir, set_of};
use crate::domain::run::RunStatus;
use crate::ports::blob_store::{BlobInfo, BlobStore, Shard};
use crate::ports::store::{ReadError, StoreExt};
use crate::ports::workspace::{Entry, Workspace};
use crate::service::jobs::delete_job::SCRATCH;

/// Which files a walk looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Share {
    /// Blobs, and the scratch space of this server.
    All,
    /// The scratch space alone: another server looks at the blobs.
    Local,
}

/// Folders of a job in which something may be left: with the names of their entries and when they changed.
struct Found {
    tenant: TenantId,
    job_id: JobId,
    runs: Vec<Entry>,
    uploads: Vec<Entry>,
    /// Upload sessions with files in the scratch space.
    sessions: Vec<Entry>,
    /// Published sets, each with its last change. A lost race or a later commit may have left some that no
    /// record lists.
    sets: BTreeMap<String, DateTime<Utc>>,
    /// Blobs of uploads, upload sessions and runs, each directory with its last change. An attempt that ended between its
    /// first and its last file, or an upload that broke off, may have left some that no record lists.
    published: BTreeMap<String, DateTime<Utc>>,
}

/// Walks on from the last shard until about `limit` jobs were checked.
pub(super) async fn walk(last: &mut Place, share: Share, pass: &mut Pass<'_>) -> Result<(), ReadError> {
    let deps = pass.deps;
    let mut looked = 0;
    while looked < pass.limit {
        let (blobs, workspace) = (Arc::clone(&deps.blobs), Arc::clone(&deps.workspace));
        let after = last.clone();
        let list = move || list_shard(share, blobs.as_ref(), workspace.as_ref(), after.as_deref());
        let shard = deps.pool.run(list).await;
        let Ok(Ok(shard)) = shard else {
            noted(shard.map(|listed| listed.map(drop)));
            return Ok(());
        };
        let Some((name, jobs, found)) = shard else {
            *last = None;
            return Ok(());
        };
        *last = Some(name);
        looked += jobs.max(1);
        for found in found {
            pass.summary.looked_at += 1;
            look_at(share, found, pass).await?;
        }
    }
    pass.summary.more = true;
    Ok(())
}

/// Lists what may be left in the jobs of the next shard.
fn list_shard(
    share: Share,
    blobs: &dyn BlobStore,
    workspace: &dyn Workspace,
    after: Option<&str>,
) -> std::io::Result<Option<(String, usize, Vec<Found>)>> {
    let shard = match share {
        Share::All => blobs.next_shard(after)?,
        Share::Local => workspace.next_shard(after)?,
    };
    let Some(Shard { name, jobs }) = shard else { return Ok(None) };
    let count = jobs.len();
    let mut found = Vec::new();
    for (tenant, job_id) in jobs {
        let runs = workspace.entries(&tenant, &job_id, "runs")?;
        let uploads = workspace.entries(&tenant, &job_id, "inputs")?;
        let sessions = workspace.entries(&tenant, &job_id, SESSIONS_DIR)?;
        let stored = |dir| match share {
            Share::All => blobs.list(&tenant, &job_id, dir),
            Share::Local => Ok(Vec::new()),
        };
        let artifacts = stored("artifacts")?;
        let mut uploaded = stored("inputs")?;
        uploaded.extend(stored(SESSIONS_DIR)?);
        let sets = changes(&artifacts, set_of);
        let published = changes(artifacts.iter().chain(&uploaded), publication_of);
        if !sets.is_empty()
            || !published.is_empty()
            || [&runs, &uploads, &sessions].iter().any(|entries| !entries.is_empty())
        {
            found.push(Found { tenant, job_id, runs, uploads, sessions, sets, published });
        }
    }
    Ok(Some((name, count, found)))
}

/// Groups blobs by a directory, with the last change in it.
fn changes<'a>(
    blobs: impl IntoIterator<Item = &'a BlobInfo>,
    dir_of: impl Fn(&str) -> Option<&str>,
) -> BTreeMap<String, DateTime<Utc>> {
    let mut dirs = BTreeMap::new();
    for blob in blobs {
        let Some(dir) = dir_of(&blob.rel_path) else { continue };
        let last = dirs.entry(dir.to_owned()).or_insert(blob.changed_at);
        *last = blob.changed_at.max(*last);
    }
    dirs
}

async fn look_at(share: Share, found: Found, pass: &mut Pass<'_>) -> Result<(), ReadError> {
    let (deps, now) = (pass.deps, pass.now);
    let Found { tenant, job_id, runs, uploads, sessions, sets, published } = found;
    let policy = pass.rules.of(&tenant);
    let job = match deps.store.shared_job(&tenant, &job_id).await {
        Ok(Some(job)) => job,
        // Without a readable record nothing says what may go.
        Ok(None) | Err(ReadError::Corrupt { .. }) => return Ok(()),
        Err(error) => return Err(error),
    };
    if share == Share::Local && job.is_removed() && !pass.holds(&tenant).await {
        // the server that removed the content could not reach the scratch space of this one
        remove_scratch(deps, &job).await;
        return Ok(());
    }
    let hours = |hours: u32| Duration::hours(hours.into());
    for entry in runs {
        let kept_since = run_over(&job, &entry);
        let due_at = kept_since.map(|since| since + hours(policy.run_workdirs_hours));
        let Some(due_at) = due_at.filter(|due_at| *due_at <= now) else { continue };
        remove(pass, &job, ("workdir", format!("runs/{}", entry.name), due_at)).await;
    }
    for entry in uploads.into_iter().filter(|entry| entry.is_dir && job.is_left_upload(&entry.name, now)) {
        // an upload that is under way looks the same as one that broke off
        let due_at = entry.changed_at + hours(policy.upload_sessions_hours.max(1));
        if due_at <= now {
            remove(pass, &job, ("upload", format!("inputs/{}", entry.name), due_at)).await;
        }
    }
    for entry in sessions.into_iter().filter(|entry| !is_open_session(&job, &entry.name, now)) {
        // every part that arrives changes the folder
        let due_at = entry.changed_at + hours(policy.upload_sessions_hours.max(1));
        if due_at <= now {
            remove(pass, &job, ("upload", session_dir(&entry.name), due_at)).await;
        }
    }
    if !pass.summary.dry_run {
        let grace = hours(policy.upload_sessions_hours.max(1));
        let is_old = |changed_at: &DateTime<Utc>| *changed_at + grace <= now;
        let sets = sets.into_iter().filter(|(set, changed_at)| is_old(changed_at) && !job.cites_set(set));
        let published = published
            .into_iter()
            .filter(|(dir, changed_at)| is_old(changed_at) && is_left_publication(&job, dir, now));
        let dirs: Vec<String> = sets.chain(published).map(|(dir, _)| dir).collect();
        if !dirs.is_empty() && !pass.holds(&tenant).await {
            remove_unlisted(deps, &job, dirs).await;
        }
    }
    Ok(())
}

/// Removes the copies of blobs that the records do not name any more: content that was removed, or inputs.
///
/// # Errors
/// As reads of the store; what was removed before stays removed.
pub(super) async fn remove_copies(pass: &Pass<'_>) -> Result<(), ReadError> {
    let deps = pass.deps;
    let workspace = Arc::clone(&deps.workspace);
    let Ok(Ok(jobs)) = deps.pool.run(move || workspace.jobs_with_copies()).await else { return Ok(()) };
    for (tenant, job_id) in jobs {
        let job = match deps.store.shared_job(&tenant, &job_id).await {
            Ok(Some(job)) => job,
            Ok(None) | Err(ReadError::Corrupt { .. }) => continue,
            Err(error) => return Err(error),
        };
        let (is_removed, is_expired) =
            (job.is_removed(), job.inputs.is_none() && job.inputs_removed_at().is_some());
        if (is_removed || is_expired) && pass.holds(&tenant).await {
            continue;
        }
        let workspace = Arc::clone(&deps.workspace);
        // uploads that were given up, or came second, left some that the record does not name
        let record = serde_json::to_string(&*job).unwrap_or_default();
        let named = move |sha256: &str| !is_expired && record.contains(sha256);
        // a job that lost its inputs alone may be getting new ones
        let remove = move || match is_removed {
            true => workspace.remove_copies(&tenant, &job_id),
            false => workspace.remove_unused_copies(&tenant, &job_id, &named),
        };
        noted(deps.pool.run(remove).await);
    }
    Ok(())
}

/// Removes the scratch files of a job whose content was removed.
async fn remove_scratch(deps: &Deps, job: &JobRecord) {
    let workspace = Arc::clone(&deps.workspace);
    let (tenant, job_id) = (job.tenant_id.clone(), job.job_id.clone());
    let remove = move || SCRATCH.iter().try_for_each(|dir| workspace.remove(&tenant, &job_id, dir));
    noted(deps.pool.run(remove).await);
}

/// Returns since when a run's folder is not needed: its verdict is committed, with everything published.
fn run_over(job: &JobRecord, entry: &Entry) -> Option<DateTime<Utc>> {
    let run_id = RunId::parse(entry.name.as_str()).ok()?;
    match job.run(&run_id) {
        Some(run) if run.status == RunStatus::Running => None,
        Some(run) => Some(run.ended_at.unwrap_or(entry.changed_at).max(run.started_at)),
        // A folder is made while its claim becomes durable; an hour later no claim will name it.
        None => Some(entry.changed_at + Duration::hours(1)),
    }
}

/// True for a session that has not its file yet and takes parts.
fn is_open_session(job: &JobRecord, session_id: &str, now: DateTime<Utc>) -> bool {
    job.bundle.as_ref().is_some_and(|bundle| bundle.needs(&session_dir(session_id), now))
}

/// True for blobs of an upload, an upload session or a run that no record lists, and that nothing under way will list.
fn is_left_publication(job: &JobRecord, dir: &str, now: DateTime<Utc>) -> bool {
    if let Some(upload) = dir.strip_prefix("inputs/") {
        return job.is_left_upload(upload, now);
    }
    if let Some((SESSIONS_DIR, session)) = dir.split_once('/') {
        return !is_open_session(job, session, now);
    }
    let is_running = job.running_run().is_some_and(|run| dir.ends_with(&format!("/{}", run.run_id)));
    let prefix = format!("{dir}/");
    !is_running && !job.artifacts_index.iter().any(|a| a.stored_path().starts_with(&prefix))
}

/// Removes blobs that no record lists: content that nobody was shown, or that a later commit
/// replaced. The record is read before; a directory that it does not list so long after is never listed.
async fn remove_unlisted(deps: &Deps, job: &JobRecord, dirs: Vec<String>) {
    let blobs = Arc::clone(&deps.blobs);
    let (tenant, job_id) = (job.tenant_id.clone(), job.job_id.clone());
    let remove = move || dirs.iter().try_for_each(|dir| blobs.delete(&tenant, &job_id, dir));
    noted(deps.pool.run(remove).await);
}

async fn remove(
    pass: &mut Pass<'_>,
    job: &JobRecord,
    (kind, path, due_at): (&'static str, String, DateTime<Utc>),
) {
    let deps = pass.deps;
    if pass.holds(&job.tenant_id).await {
        pass.summary.held += 1;
        return;
    }
    let removal = removal(kind, job, Some(path.clone()), due_at);
    if pass.summary.dry_run {
        return pass.summary.note(removal);
    }
    let action = if kind == "workdir" { "run.workdir_removed" } else { "upload.expired" };
    let told = event(deps, &job.tenant_id, &job.resource(), action, json!({"path": path}));
    if !send(deps, Vec::new(), told).await {
        pass.summary.postponed += 1;
        return;
    }
    let (blobs, workspace) = (Arc::clone(&deps.blobs), Arc::clone(&deps.workspace));
    let (tenant, job_id) = (job.tenant_id.clone(), job.job_id.clone());
    let remove = move || {
        if !path.starts_with("runs/") {
            blobs.delete(&tenant, &job_id, &path)?;
        }
        workspace.remove(&tenant, &job_id, &path)
    };
    if noted(deps.pool.run(remove).await) {
        pass.summary.note(removal);
    } else {
        pass.summary.postponed += 1;
    }
}
