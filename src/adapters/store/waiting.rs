//! The queued jobs in memory, for claims: filled from the tables once somebody claims, kept up to date by the committer.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use rusqlite::Connection;
use tokio::sync::Notify;

use super::claim_order::{JobKey, Place, Queue};
use super::job_cache::Written;
use super::readers::QueryError;
use super::reads::queued;
use super::shared::Core;
use crate::domain::ids::{JobId, TenantId};
use crate::domain::job::JobStatus;
use crate::ports::store::RunningLimits;

/// Most queued jobs that are read at once.
const PAGE: usize = 1000;
/// Pause after a page that could not be read.
const PAUSE: Duration = Duration::from_millis(200);

/// The jobs of each tenant.
type Running = HashMap<TenantId, HashSet<JobId>>;

#[derive(Default)]
struct State {
    queue: Queue,
    /// All queued jobs of the tables are known.
    loaded: bool,
    /// Running jobs, and those that are being claimed.
    running: Running,
}

/// The queued jobs.
#[derive(Default)]
pub(super) struct Waiting {
    state: Mutex<State>,
    /// A page of the tables was read.
    page: Notify,
}

impl State {
    fn runs(&mut self, (tenant, job_id): &JobKey) {
        self.running.entry(tenant.clone()).or_default().insert(job_id.clone());
    }

    fn ended(&mut self, (tenant, job_id): &JobKey) {
        let Some(jobs) = self.running.get_mut(tenant) else { return };
        jobs.remove(job_id);
        if jobs.is_empty() {
            self.running.remove(tenant);
        }
    }
}

/// True if one more job may run, of whichever tenant.
fn has_seat(running: &Running, limits: &RunningLimits) -> bool {
    let all = running.values().map(HashSet::len).sum::<usize>() as u64;
    limits.all.is_none_or(|most| all < most)
}

/// True if one more job of a tenant may run.
fn may_run(running: &Running, limits: &RunningLimits, tenant: &TenantId) -> bool {
    let runs = running.get(tenant).map_or(0, HashSet::len) as u64;
    limits.get(tenant).is_none_or(|most| runs < most)
}

/// What a look for a job found.
pub(super) enum Taken {
    Job(JobKey, Place),
    /// None may start; when the first may that waits for its time.
    Nothing(Option<DateTime<Utc>>),
    /// None so far: the tables are still being read.
    Loading,
}

impl Waiting {
    fn state(&self) -> MutexGuard<'_, State> {
        // the maps are consistent between any two statements
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes which jobs were running when the store was opened.
    ///
    /// # Errors
    /// Any error of the database.
    pub(super) fn note_running(&self, conn: &Connection) -> rusqlite::Result<()> {
        let mut statement = conn.prepare("SELECT tenant, job_id FROM jobs WHERE status = 'running'")?;
        let mut rows = statement.query([])?;
        let mut state = self.state();
        while let Some(row) = rows.next()? {
            let (tenant, job_id): (String, String) = (row.get(0)?, row.get(1)?);
            if let (Ok(tenant), Ok(job_id)) = (TenantId::parse(tenant), JobId::parse(job_id)) {
                state.runs(&(tenant, job_id));
            }
        }
        Ok(())
    }

    /// Follows the jobs of a durable transaction.
    pub(super) fn changed(&self, jobs: &[Written], now: DateTime<Utc>) {
        if jobs.is_empty() {
            return;
        }
        let mut state = self.state();
        for job in jobs {
            let key = (job.tenant.clone(), job.job_id.clone());
            let record = job.record.as_ref().map(|(record, _)| record);
            let lane = record.and_then(|record| record.cell.as_ref()).map(|cell| cell.batch_id.clone());
            match (job.queue_seq, record.and_then(|record| record.queue.as_ref())) {
                (Some(queue_seq), Some(entry)) => {
                    state.ended(&key);
                    state.queue.put(key, Place { queue_seq, ready_at: entry.ready_at, lane }, now);
                }
                _ => {
                    state.queue.remove(&key);
                    if record.is_some_and(|record| record.status == JobStatus::Running) {
                        state.runs(&key);
                    } else {
                        state.ended(&key);
                    }
                }
            }
        }
    }

    /// Takes the next job of a tenant that is below its limit. It counts as running until it is
    /// [put back](Waiting::put_back) or [let go](Waiting::let_go).
    pub(super) fn take(&self, now: DateTime<Utc>, limits: &RunningLimits) -> Taken {
        let mut state = self.state();
        let State { queue, running, .. } = &mut *state;
        if !has_seat(running, limits) {
            return Taken::Nothing(queue.next_wake());
        }
        match queue.take(now, |tenant| may_run(running, limits, tenant)) {
            Some((key, place)) => {
                state.runs(&key);
                Taken::Job(key, place)
            }
            None if state.loaded => Taken::Nothing(state.queue.next_wake()),
            None => Taken::Loading,
        }
    }

    /// Takes a job that is being queued, where no job that waits comes before it. It counts as running until it is
    /// [let go](Waiting::let_go).
    pub(super) fn take_new(&self, key: &JobKey, now: DateTime<Utc>, limits: &RunningLimits) -> bool {
        let mut state = self.state();
        let State { queue, running, loaded, .. } = &mut *state;
        let is_first = *loaded
            && has_seat(running, limits)
            && may_run(running, limits, &key.0)
            && !running.get(&key.0).is_some_and(|jobs| jobs.contains(&key.1))
            && !queue.has_ready(now, |tenant| may_run(running, limits, tenant));
        if is_first {
            state.runs(key);
        }
        is_first
    }

    /// Queues a job again that was taken and could not be claimed now.
    pub(super) fn put_back(&self, key: JobKey, place: Place, now: DateTime<Utc>) {
        let mut state = self.state();
        state.ended(&key);
        state.queue.put(key, place, now);
    }

    /// Forgets a job that was taken and is not to be claimed. It may be running for somebody else.
    pub(super) fn let_go(&self, key: &JobKey, runs: bool) {
        if !runs {
            self.state().ended(key);
        }
    }

    /// Returns how many jobs are taken before one; `None` where it is not queued, or not all of the queue is known.
    pub(super) fn position(&self, key: &JobKey) -> Option<u64> {
        let state = self.state();
        if state.loaded { state.queue.position(key) } else { None }
    }

    /// Waits until more of the tables is read, unless a job may be taken or all is read by now.
    pub(super) async fn more(&self) {
        let notified = self.page.notified();
        if !self.state().loaded {
            // a page that comes before this line is followed by another one, or by the end
            let _ = tokio::time::timeout(PAUSE, notified).await;
        }
    }

    /// Reads the queue from the tables, a page at a time, until its end or that of the store. Blocks.
    pub(super) fn load(&self, core: &Core, conn: &Connection) {
        let mut after = 0;
        while !core.is_closing() && core.fault().is_none() {
            match queued(conn, after, PAGE) {
                Ok(page) => {
                    let whole = page.len() == PAGE;
                    after = page.last().map_or(after, |job| job.queue_seq);
                    let now = core.clock.now();
                    let mut state = self.state();
                    // what is being claimed is in the page, and must not be taken twice
                    let is_taken = |state: &State, tenant: &TenantId, job_id: &JobId| {
                        state.running.get(tenant).is_some_and(|jobs| jobs.contains(job_id))
                    };
                    for job in page {
                        if is_taken(&state, &job.tenant, &job.job_id) {
                            continue;
                        }
                        let place =
                            Place { queue_seq: job.queue_seq, ready_at: job.ready_at, lane: job.batch_id };
                        state.queue.put((job.tenant, job.job_id), place, now);
                    }
                    if !whole {
                        state.loaded = true;
                    }
                    drop(state);
                    self.page.notify_waiters();
                    if !whole {
                        return;
                    }
                }
                Err(error) => {
                    if let QueryError::Sqlite(error) = error {
                        tracing::error!(event = "SS_QUEUE_UNREADABLE", %error, "the queue cannot be loaded");
                    }
                    std::thread::sleep(PAUSE);
                }
            }
        }
    }
}
