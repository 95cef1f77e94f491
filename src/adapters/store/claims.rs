//! Claims: takes jobs out of the queue in memory and commits each of them. A job that was taken and not claimed goes back.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;

use super::claim_order::{JobKey, Place};
use super::schema;
use super::shared::Core;
use super::sqlite::SqliteStore;
use super::waiting::Taken;
use crate::domain::ids::RunId;
use crate::domain::job::JobStatus;
use crate::domain::job::record::may_start;
use crate::ports::store::{
    ClaimAsk, ClaimError, Claimed, Claims, CommitError, Key, ReadError, Record, Store, Write, claim_commit,
};

/// Commits of one claim that may lose against other writers of the job; it is put back then.
const TRIES: u32 = 16;

/// A job on the way from the queue to its claim; it returns to the queue unless something else is decided.
struct Hold {
    core: Arc<Core>,
    place: Option<(JobKey, Place)>,
}

impl Hold {
    fn let_go(mut self, runs: bool) {
        if let Some((key, _)) = self.place.take() {
            self.core.waiting.let_go(&key, runs);
        }
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        if let Some((key, place)) = self.place.take() {
            self.core.waiting.put_back(key, place, self.core.clock.now());
        }
    }
}

impl SqliteStore {
    /// Answers a claim.
    ///
    /// # Errors
    /// As [`Store::claim`].
    pub(super) async fn claim_jobs(&self, ask: ClaimAsk) -> Result<Claims, ClaimError> {
        if let Some(reason) = self.core().fault() {
            return Err(ClaimError::Stopped { reason });
        }
        self.load_queue()?;
        let mut taken = Vec::new();
        let mut next_ready = None;
        while taken.len() < ask.runs.len() {
            match self.core().waiting.take(self.core().clock.now(), &ask.limits) {
                Taken::Job(key, place) => {
                    taken.push(Hold { core: Arc::clone(self.core()), place: Some((key, place)) });
                }
                Taken::Nothing(at) => {
                    next_ready = at;
                    break;
                }
                Taken::Loading => match self.core().fault() {
                    Some(reason) => return Err(ClaimError::Stopped { reason }),
                    None if self.core().is_closing() => {
                        return Err(ClaimError::Stopped { reason: "the store is closed".to_owned() });
                    }
                    None => self.core().waiting.more().await,
                },
            }
        }
        let held = taken.len();
        let claims =
            taken.into_iter().zip(&ask.runs).map(|(hold, run_id)| self.claim_one(hold, run_id, &ask));
        let (mut jobs, mut failed) = (Vec::new(), None);
        for outcome in join_all(claims).await {
            match outcome {
                Ok(claimed) => jobs.extend(claimed),
                Err(error) => failed = Some(error),
            }
        }
        // a job that was taken in vain may have stood before one that may start
        if jobs.len() < held {
            next_ready = Some(self.core().clock.now());
        }
        match failed {
            Some(error) if jobs.is_empty() => Err(error),
            _ => Ok(Claims { jobs, next_ready }),
        }
    }

    /// Has the queue read from the tables, the first time that somebody claims.
    ///
    /// # Errors
    /// `Unavailable` where no thread or connection can be had now.
    pub(super) fn load_queue(&self) -> Result<(), ClaimError> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(running) = running.as_mut().filter(|running| running.loader.is_none()) else {
            return Ok(());
        };
        let unavailable = |error: String| {
            tracing::error!(event = "SS_QUEUE_UNREADABLE", error, "the queue cannot be loaded");
            ClaimError::Unavailable { retry_after: Duration::from_secs(1) }
        };
        let conn = schema::open_reader(&self.path).map_err(|error| unavailable(error.to_string()))?;
        let core = Arc::clone(self.core());
        let load = move || core.waiting.load(&core, &conn);
        let thread = std::thread::Builder::new().name("store-queue".to_owned()).spawn(load);
        running.loader = Some(thread.map_err(|error| unavailable(error.to_string()))?);
        Ok(())
    }

    /// Claims one job, again after every lost race; `None` where it is not to be claimed.
    async fn claim_one(
        &self,
        hold: Hold,
        run_id: &RunId,
        ask: &ClaimAsk,
    ) -> Result<Option<Claimed>, ClaimError> {
        let Some(((tenant, job_id), _)) = hold.place.clone() else { return Ok(None) };
        let key = Key::Job(tenant, job_id);
        for _ in 0..TRIES {
            let job = match self.get(&key).await {
                Ok(Some(Record::Job(job))) => job,
                Ok(_) | Err(ReadError::Corrupt { .. } | ReadError::NewerSchema { .. }) => {
                    hold.let_go(false);
                    return Ok(None);
                }
                Err(error) => return Err(error.into()),
            };
            if job.status != JobStatus::Queued {
                hold.let_go(job.status == JobStatus::Running);
                return Ok(None);
            }
            // The clock may have been set back a little since the queue gave the job out.
            if job.queue.as_ref().is_some_and(|queue| !may_start(queue.ready_at, self.core().clock.now())) {
                return Ok(None);
            }
            let made = match (ask.make)(&job, run_id) {
                Ok(made) => made,
                Err(refused) => {
                    tracing::debug!(job_id = %job.job_id, %refused, "a queued job is not claimed");
                    hold.let_go(false);
                    return Ok(None);
                }
            };
            let commit = claim_commit(run_id, job.version, made);
            let Some(Write::Put { record: Record::Job(after), .. }) = commit.writes.first().cloned() else {
                return Ok(None);
            };
            match self.commit(commit).await {
                Ok(_) => {
                    hold.let_go(true);
                    return Ok(Some(Claimed { run_id: run_id.clone(), job: after }));
                }
                Err(CommitError::Conflict { .. }) => {}
                Err(error @ (CommitError::Invalid { .. } | CommitError::TooLarge { .. })) => {
                    tracing::error!(
                        event = "SS_WORKER_COMMIT_REFUSED", job_id = %job.job_id, %error,
                        "a claim was refused"
                    );
                    hold.let_go(false);
                    return Ok(None);
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(None)
    }
}
