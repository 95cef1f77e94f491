//! Removes what is kept no longer, a bounded piece at a time: contents of ended and abandoned jobs, old
//! inputs, and what crashes left on the disk. The record changes first, in an audited commit; files follow,
//! and a removal that was cut short is found by the record and done again. A tenant's hold stops it all.

mod batches;
mod rules;
mod summary;

use std::sync::Arc;
use std::time::Instant;

use chrono::{DateTime, Duration, Utc};
use serde_json::{Value, json};

use self::batches::{ended_batches, without_batches};
pub(super) use self::rules::Rules;
pub use self::summary::{KINDS, Removal, Summary};
use super::steady_clock::{SteadyClock, difference};
use super::{orphans, trials};
use crate::domain::audit::{Actor, AuditEvent};
use crate::domain::error::Problem;
use crate::domain::ids::TenantId;
use crate::domain::job::{JobRecord, JobStatus};
use crate::domain::tenant::{RetentionPolicy, days_after};
use crate::ports::blob_store::BlobStore;
use crate::ports::clock::Clock;
use crate::ports::ids::IdSource;
use crate::ports::legacy::LegacyRecords;
use crate::ports::store::{
    Commit, CommitError, Due, Expect, JobFilter, ReadError, Record, Store, StoreExt, Write,
};
use crate::ports::workspace::Workspace;
use crate::service::batches::remove::Remover;
use crate::service::jobs::delete_job::ContentFiles;
use crate::service::shared::pools::Pool;

/// How long after a removal its files are looked for once more: a request that was under way may have
/// written some meanwhile.
const SECOND_LOOK: Duration = Duration::minutes(10);
/// States of jobs that wait for their client.
const OPEN: [JobStatus; 3] = [JobStatus::Created, JobStatus::DraftReady, JobStatus::Confirmed];

/// Dependencies of the sweeper.
#[derive(Clone)]
pub struct Deps {
    /// Job records, credentials and the audit chain; every write is a conditional commit.
    pub store: Arc<dyn Store>,
    /// Source of the current time (UTC).
    pub clock: Arc<dyn Clock>,
    /// Source of new ids and of secrets.
    pub ids: Arc<dyn IdSource>,
    /// Published files that records cite; immutable.
    pub blobs: Arc<dyn BlobStore>,
    /// Local scratch space: uploads and working folders of runs.
    pub workspace: Arc<dyn Workspace>,
    /// Job records in the places of older releases.
    pub legacy: Arc<dyn LegacyRecords>,
    /// Pool for blocking work on files.
    pub pool: Pool,
    /// The service's policy; tenants override it.
    pub policy: RetentionPolicy,
}

impl Deps {
    fn remover(&self) -> Remover {
        Remover {
            store: Arc::clone(&self.store),
            clock: Arc::clone(&self.clock),
            ids: Arc::clone(&self.ids),
            blobs: Arc::clone(&self.blobs),
            files: self.content_files(),
            pool: self.pool.clone(),
        }
    }

    fn content_files(&self) -> ContentFiles {
        ContentFiles {
            blobs: Arc::clone(&self.blobs),
            workspace: Arc::clone(&self.workspace),
            legacy: Arc::clone(&self.legacy),
        }
    }
}

/// Why a sweep was not made.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    /// The store could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A clock is wrong, and it cannot be known which: what is removed stays removed.
    #[error("{0}: nothing is removed until both show the same time")]
    Clocks(String),
}

/// Positions of the sweep. Every list has its own, so that records which stay cost one read per round.
#[derive(Debug, Default)]
pub struct Sweeper {
    ended: Place,
    inputs: Place,
    files: Place,
    open: [Place; OPEN.len()],
    trials: trials::Round,
    /// The last shard of the data directory that was walked.
    pub(super) shard: Option<String>,
    /// Tells of a clock that was set; without one every age counts.
    steady: Option<SteadyClock>,
}

pub(super) type Place = Option<String>;

impl Sweeper {
    /// A sweeper that leaves files alone whose age cannot be judged, because the clock was set.
    pub fn beside(clock: &dyn Clock) -> Self {
        Self { steady: Some(SteadyClock::new(clock.now(), Instant::now())), ..Self::default() }
    }

    /// Checks about `limit` records and folders of each kind and removes what is due.
    ///
    /// # Errors
    /// [`SweepError`]; what was removed before stays removed.
    pub async fn pass(&mut self, deps: &Deps, limit: usize, dry_run: bool) -> Result<Summary, SweepError> {
        agree(deps.clock.as_ref())?;
        let rules = Rules::load(deps).await?;
        let now = deps.clock.now();
        let mut summary = Summary { dry_run, ..Summary::default() };
        self.ended_jobs(deps, &rules, now, limit, &mut summary).await?;
        self.open_jobs(deps, &rules, now, limit, &mut summary).await?;
        ended_batches(deps, &rules, now, limit, &mut summary).await?;
        trials::sweep(&mut self.trials, deps, &rules, now, limit, &mut summary).await?;
        self.old_inputs(deps, &rules, now, limit, &mut summary).await?;
        if !dry_run {
            self.files_of_removed(deps, &rules, now, limit, &mut summary).await?;
        }
        if self.steady.as_mut().is_none_or(|clock| clock.is_steady(now, Instant::now())) {
            let share = orphans::Share::All;
            orphans::walk((self, share), deps, &rules, now, limit, &mut summary).await?;
        }
        Ok(summary)
    }

    /// Removes what this server alone has: working folders and broken uploads in its scratch space, about `limit` jobs at a
    /// time, and the scratch files and copies of content that another server removed.
    ///
    /// # Errors
    /// [`SweepError`]; what was removed before stays removed.
    pub async fn pass_local(&mut self, deps: &Deps, limit: usize) -> Result<Summary, SweepError> {
        agree(deps.clock.as_ref())?;
        let rules = Rules::load(deps).await?;
        let now = deps.clock.now();
        let mut summary = Summary::default();
        if self.shard.is_none() {
            orphans::remove_copies(deps, &rules).await?;
        }
        if self.steady.as_mut().is_none_or(|clock| clock.is_steady(now, Instant::now())) {
            let share = orphans::Share::Local;
            orphans::walk((self, share), deps, &rules, now, limit, &mut summary).await?;
        }
        Ok(summary)
    }

    async fn ended_jobs(
        &mut self,
        deps: &Deps,
        rules: &Rules,
        now: DateTime<Utc>,
        limit: usize,
        summary: &mut Summary,
    ) -> Result<(), ReadError> {
        let Some(days) = rules.shortest(|p| p.jobs_days) else { return Ok(()) };
        let before = due_before(now, days);
        let page = deps.store.due_jobs(Due::Ended, before, self.ended.take(), limit).await?;
        summary.more |= page.next_cursor.is_some();
        self.ended = page.next_cursor;
        for job in page.items {
            expire("job", deps, rules, &job, now, summary).await;
        }
        Ok(())
    }

    async fn open_jobs(
        &mut self,
        deps: &Deps,
        rules: &Rules,
        now: DateTime<Utc>,
        limit: usize,
        summary: &mut Summary,
    ) -> Result<(), ReadError> {
        let shortest = [rules.shortest(|p| p.unfinished_jobs_days), rules.shortest(|p| p.jobs_days)];
        let Some(days) = shortest.into_iter().flatten().min() else { return Ok(()) };
        let created_before = Some(due_before(now, days));
        for (place, status) in self.open.iter_mut().zip(OPEN) {
            let filter = JobFilter {
                status: Some(status),
                created_before,
                cursor: place.take(),
                limit,
                ..JobFilter::default()
            };
            let page = deps.store.list_jobs(filter).await?;
            summary.more |= page.next_cursor.is_some();
            *place = page.next_cursor;
            for job in page.items {
                let kind = if job.has_no_results() { "unfinished" } else { "job" };
                expire(kind, deps, rules, &job, now, summary).await;
            }
        }
        Ok(())
    }

    async fn old_inputs(
        &mut self,
        deps: &Deps,
        rules: &Rules,
        now: DateTime<Utc>,
        limit: usize,
        summary: &mut Summary,
    ) -> Result<(), ReadError> {
        let Some(days) = rules.shortest(|p| p.inputs_days) else { return Ok(()) };
        let before = due_before(now, days);
        let page = deps.store.due_jobs(Due::Inputs, before, self.inputs.take(), limit).await?;
        summary.more |= page.next_cursor.is_some();
        self.inputs = page.next_cursor;
        for job in page.items {
            summary.looked_at += 1;
            let kept = rules.of(&job.tenant_id).inputs_days;
            let due_at = job.inputs_since().and_then(|at| days_after(at, kept)).filter(|at| *at <= now);
            let Some(due_at) = due_at else { continue };
            // A run reads them; they go once it has ended.
            let has_open_batch = job.open_batches().next().is_some();
            if has_open_batch || matches!(job.status, JobStatus::Queued | JobStatus::Running) {
                continue;
            }
            if rules.holds(deps, &job.tenant_id).await {
                summary.held += 1;
                continue;
            }
            let removal = removal("inputs", &job, Some("inputs".to_owned()), due_at);
            if !summary.dry_run {
                let next = job.remove_inputs(now);
                if !commit(deps, &job, next, "inputs.expired", json!({"due_at": due_at})).await {
                    summary.postponed += 1;
                    continue;
                }
                delete_inputs(deps, &job).await;
            }
            summary.note(removal);
        }
        Ok(())
    }

    /// Looks once more for files of removed content, and notes that they are gone.
    async fn files_of_removed(
        &mut self,
        deps: &Deps,
        rules: &Rules,
        now: DateTime<Utc>,
        limit: usize,
        summary: &mut Summary,
    ) -> Result<(), ReadError> {
        let page = deps.store.due_jobs(Due::Files, now - SECOND_LOOK, self.files.take(), limit).await?;
        summary.more |= page.next_cursor.is_some();
        self.files = page.next_cursor;
        for job in page.items {
            summary.looked_at += 1;
            if rules.holds(deps, &job.tenant_id).await || !delete_files(deps, &job).await {
                summary.postponed += 1;
                continue;
            }
            if !commit(deps, &job, job.files_gone(now), "job.files_removed", Value::Null).await {
                summary.postponed += 1;
            }
        }
        Ok(())
    }
}

/// Refuses to judge ages while this machine and the database show different times.
fn agree(clock: &dyn Clock) -> Result<(), SweepError> {
    difference(clock.machine_ahead()).map_or(Ok(()), |differ| Err(SweepError::Clocks(differ)))
}

/// Removes the content of a job that is due.
pub(super) async fn expire(
    kind: &'static str,
    deps: &Deps,
    rules: &Rules,
    job: &JobRecord,
    now: DateTime<Utc>,
    summary: &mut Summary,
) {
    summary.looked_at += 1;
    let due_at = job.expires_at(&rules.of(&job.tenant_id)).filter(|due_at| *due_at <= now);
    let Some(due_at) = due_at else { return };
    if rules.holds(deps, &job.tenant_id).await {
        summary.held += 1;
        return;
    }
    let removal = removal(kind, job, None, due_at);
    if summary.dry_run {
        return summary.note(removal);
    }
    let Some(job) = &without_batches(deps, job).await else { return summary.postponed += 1 };
    let next = match job.remove_content("retention", Some(format!("{kind} expired")), now) {
        Ok(next) => next,
        Err(_) => return summary.postponed += 1,
    };
    if !commit(deps, job, next, "job.expired", json!({"kind": kind, "due_at": due_at})).await {
        return summary.postponed += 1;
    }
    delete_files(deps, job).await;
    summary.note(removal);
}

/// Returns the bound of lists, which is exclusive, so that what is due at this very time is in them.
fn due_before(now: DateTime<Utc>, days: u32) -> DateTime<Utc> {
    now - Duration::days(days.into()) + Duration::milliseconds(1)
}

pub(super) fn removal(
    kind: &'static str,
    job: &JobRecord,
    path: Option<String>,
    due_at: DateTime<Utc>,
) -> Removal {
    Removal { kind, tenant_id: job.tenant_id.to_string(), job_id: job.job_id.to_string(), path, due_at }
}

/// Removes the files of removed content; true if none is left.
async fn delete_files(deps: &Deps, job: &JobRecord) -> bool {
    let files = deps.content_files();
    let (tenant, job_id) = (job.tenant_id.clone(), job.job_id.clone());
    noted(deps.pool.run(move || files.remove(&tenant, &job_id)).await)
}

async fn delete_inputs(deps: &Deps, job: &JobRecord) {
    let files = deps.content_files();
    let (tenant, job_id, uploads) = (job.tenant_id.clone(), job.job_id.clone(), job.cited_uploads());
    noted(deps.pool.run(move || files.remove_inputs(&tenant, &job_id, &uploads)).await);
}

pub(super) fn noted(done: Result<std::io::Result<()>, Problem>) -> bool {
    match done {
        Ok(Ok(())) => true,
        Ok(Err(error)) => {
            tracing::warn!(event = "SS_CONTENT_NOT_REMOVED", %error, "files of removed content are left for the sweeper");
            false
        }
        Err(_) => false,
    }
}

/// Commits the next version of a job; false where another writer was first or the store cannot.
async fn commit(deps: &Deps, before: &JobRecord, after: JobRecord, action: &str, detail: Value) -> bool {
    let mut event = event(deps, &after.tenant_id, &after.resource(), action, detail);
    event.before = Some(before.status.as_str().to_owned());
    event.after = Some(after.status.as_str().to_owned());
    event.trace_id = Some(after.trace_id.to_string());
    let write = Write::Put { record: Record::from(after), expect: Expect::Version(before.version) };
    send(deps, vec![write], event).await
}

/// Commits an event with the writes that it tells of; false where that was refused.
pub(super) async fn send(deps: &Deps, writes: Vec<Write>, event: AuditEvent) -> bool {
    let commit =
        Commit { id: deps.ids.id("commit"), writes, audit: vec![event], housekeeping: None, within: None };
    match deps.store.commit(commit).await {
        Ok(_) => true,
        Err(CommitError::Conflict { .. }) => false,
        Err(error) => {
            tracing::warn!(event = "SS_RETENTION_POSTPONED", %error, "a removal is left to a later pass");
            false
        }
    }
}

pub(super) fn event(
    deps: &Deps,
    tenant: &TenantId,
    resource: &str,
    action: &str,
    detail: Value,
) -> AuditEvent {
    AuditEvent {
        time: deps.clock.now(),
        tenant: tenant.clone(),
        actor: Actor::system("retention"),
        action: action.to_owned(),
        resource: resource.to_owned(),
        before: None,
        after: None,
        reason: None,
        trace_id: None,
        address: None,
        detail,
    }
}
