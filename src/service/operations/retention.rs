//! Removes what is kept no longer, a bounded piece at a time: contents of ended and abandoned jobs, old
//! inputs, and what crashes left on the disk. The record changes first, in an audited commit; files follow,
//! and a removal that was cut short is found by the record and done again. A tenant's hold stops it all.

mod batches;
mod orphans;
mod pass;
mod rules;
mod summary;
mod trials;

use std::sync::Arc;
use std::time::Instant;

use chrono::{DateTime, Duration, Utc};
use serde_json::Value;

use self::batches::ended_batches;
use self::pass::{Pass, commit, delete_files};
use self::rules::Rules;
pub use self::summary::{KINDS, Removal, Summary};
use super::steady_clock::SteadyClock;
use crate::domain::job::JobStatus;
use crate::domain::tenant::RetentionPolicy;
use crate::ports::blob_store::BlobStore;
use crate::ports::clock::Clock;
use crate::ports::ids::IdSource;
use crate::ports::legacy::LegacyRecords;
use crate::ports::store::{Due, JobFilter, ReadError, Store, StoreExt};
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
    shard: Place,
    /// Tells of a clock that was set; without one every age counts.
    steady: Option<SteadyClock>,
}

type Place = Option<String>;

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
        let mut pass = Pass::begin(deps, limit, dry_run).await?;
        self.ended_jobs(&mut pass).await?;
        self.open_jobs(&mut pass).await?;
        ended_batches(&mut pass).await?;
        trials::sweep(&mut self.trials, &mut pass).await?;
        self.old_inputs(&mut pass).await?;
        if !dry_run {
            self.files_of_removed(&mut pass).await?;
        }
        if self.knows_ages(pass.now) {
            orphans::walk(&mut self.shard, orphans::Share::All, &mut pass).await?;
        }
        Ok(pass.summary)
    }

    /// Removes what this server alone has: working folders and broken uploads in its scratch space, about `limit` jobs at a
    /// time, and the scratch files and copies of content that another server removed.
    ///
    /// # Errors
    /// [`SweepError`]; what was removed before stays removed.
    pub async fn pass_local(&mut self, deps: &Deps, limit: usize) -> Result<Summary, SweepError> {
        let mut pass = Pass::begin(deps, limit, false).await?;
        if self.shard.is_none() {
            orphans::remove_copies(&pass).await?;
        }
        if self.knows_ages(pass.now) {
            orphans::walk(&mut self.shard, orphans::Share::Local, &mut pass).await?;
        }
        Ok(pass.summary)
    }

    /// False for a while after the clock was set.
    fn knows_ages(&mut self, now: DateTime<Utc>) -> bool {
        self.steady.as_mut().is_none_or(|clock| clock.is_steady(now, Instant::now()))
    }

    async fn ended_jobs(&mut self, pass: &mut Pass<'_>) -> Result<(), ReadError> {
        let Some(days) = pass.rules.shortest(|p| p.jobs_days) else { return Ok(()) };
        let before = pass.due_before(days);
        let page = pass.deps.store.due_jobs(Due::Ended, before, self.ended.take(), pass.limit).await?;
        pass.summary.more |= page.next_cursor.is_some();
        self.ended = page.next_cursor;
        for job in page.items {
            pass.expire("job", &job).await;
        }
        Ok(())
    }

    async fn open_jobs(&mut self, pass: &mut Pass<'_>) -> Result<(), ReadError> {
        let shortest =
            [pass.rules.shortest(|p| p.unfinished_jobs_days), pass.rules.shortest(|p| p.jobs_days)];
        let Some(days) = shortest.into_iter().flatten().min() else { return Ok(()) };
        let created_before = Some(pass.due_before(days));
        for (place, status) in self.open.iter_mut().zip(OPEN) {
            let filter = JobFilter {
                status: Some(status),
                created_before,
                cursor: place.take(),
                limit: pass.limit,
                ..JobFilter::default()
            };
            let page = pass.deps.store.list_jobs(filter).await?;
            pass.summary.more |= page.next_cursor.is_some();
            *place = page.next_cursor;
            for job in page.items {
                let kind = if job.has_no_results() { "unfinished" } else { "job" };
                pass.expire(kind, &job).await;
            }
        }
        Ok(())
    }

    async fn old_inputs(&mut self, pass: &mut Pass<'_>) -> Result<(), ReadError> {
        let Some(days) = pass.rules.shortest(|p| p.inputs_days) else { return Ok(()) };
        let before = pass.due_before(days);
        let page = pass.deps.store.due_jobs(Due::Inputs, before, self.inputs.take(), pass.limit).await?;
        pass.summary.more |= page.next_cursor.is_some();
        self.inputs = page.next_cursor;
        for job in page.items {
            pass.expire_inputs(&job).await;
        }
        Ok(())
    }

    /// Looks once more for files of removed content, and notes that they are gone.
    async fn files_of_removed(&mut self, pass: &mut Pass<'_>) -> Result<(), ReadError> {
        let before = pass.now - SECOND_LOOK;
        let page = pass.deps.store.due_jobs(Due::Files, before, self.files.take(), pass.limit).await?;
        pass.summary.more |= page.next_cursor.is_some();
        self.files = page.next_cursor;
        for job in page.items {
            pass.summary.looked_at += 1;
            if pass.holds(&job.tenant_id).await || !delete_files(pass.deps, &job).await {
                pass.summary.postponed += 1;
                continue;
            }
            let gone = job.files_gone(pass.now);
            if !commit(pass.deps, &job, gone, "job.files_removed", Value::Null).await {
                pass.summary.postponed += 1;
            }
        }
        Ok(())
    }
}
