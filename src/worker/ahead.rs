//! Attempts that begin while the claim of their job becomes durable: the folder of a run needs nothing but the record that
//! the claim writes. An attempt whose claim got nothing removes its folder again.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::mpsc::UnboundedSender;

use super::attempt::{Finished, Shared};
use super::scheduler::Told;
use crate::domain::ids::RunId;
use crate::domain::job::JobRecord;

/// What a claim gave to an attempt.
pub(super) struct Won {
    pub job: Arc<JobRecord>,
    /// The file by which the launcher follows the lease.
    pub lease: Option<PathBuf>,
}

/// The attempts that wait for their claims.
pub(super) struct Ahead {
    pub shared: Arc<Shared>,
    told: UnboundedSender<Told>,
    waiting: Mutex<HashMap<RunId, Sender<Won>>>,
}

impl Ahead {
    pub(super) fn new(shared: Arc<Shared>, told: UnboundedSender<Told>) -> Self {
        Self { shared, told, waiting: Mutex::default() }
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<RunId, Sender<Won>>> {
        // The map is consistent between any two statements, so a panic elsewhere does not matter.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins an attempt of a job that is being claimed. A claim that is made again, of a later version of the job,
    /// has its attempt already.
    pub(super) fn begin(&self, job: &JobRecord, run_id: &RunId) {
        let mut waiting = self.waiting();
        if waiting.contains_key(run_id) {
            return;
        }
        let (won, wins) = channel();
        let (job, id) = (job.clone(), run_id.clone());
        if self.spawn(run_id, move |shared| shared.run_ahead(&job, &id, &wins)) {
            waiting.insert(run_id.clone(), won);
        }
    }

    /// Gives the attempt its job.
    pub(super) fn win(&self, run_id: &RunId, won: Won) {
        if !self.waiting().contains_key(run_id) {
            self.begin(&won.job, run_id);
        }
        let waiting = self.waiting().remove(run_id);
        // an attempt that waits has the other end
        if waiting.and_then(|attempt| attempt.send(won).ok()).is_none() {
            let _ = self.told.send(Told::Finished(run_id.clone(), Finished::Nothing));
        }
    }

    /// Ends the attempts of a claim that got no job for them.
    pub(super) fn end(&self, runs: &[RunId]) {
        let mut waiting = self.waiting();
        for run_id in runs {
            waiting.remove(run_id);
        }
    }

    /// Works at an attempt on its own thread, and tells how it ended where it was one; false without a thread.
    pub(super) fn spawn(
        &self,
        run_id: &RunId,
        work: impl FnOnce(&Shared) -> Option<Finished> + Send + 'static,
    ) -> bool {
        let (shared, told, run_id) = (Arc::clone(&self.shared), self.told.clone(), run_id.clone());
        let thread = std::thread::Builder::new().name("attempt".to_owned()).spawn(move || {
            if let Some(end) = work(&shared) {
                // Without a scheduler nobody waits for the answer.
                let _ = told.send(Told::Finished(run_id, end));
            }
            shared.refill();
        });
        if let Err(error) = &thread {
            tracing::error!(event = "SS_THREAD_NOT_STARTED", %error, "a thread for an attempt could not be started");
        }
        thread.is_ok()
    }
}
