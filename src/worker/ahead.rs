//! Attempts that begin while the claim of their job becomes durable: the folder of a run needs nothing but the record that
//! the claim writes. An attempt whose claim got nothing removes its folder again.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, channel};
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
        match self.spawn(job.clone(), run_id.clone(), wins) {
            Ok(()) => _ = waiting.insert(run_id.clone(), won),
            Err(error) => tracing::error!(
                event = "SS_THREAD_NOT_STARTED", %error,
                "a thread for an attempt could not be started"
            ),
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

    fn spawn(&self, job: JobRecord, run_id: RunId, wins: Receiver<Won>) -> std::io::Result<()> {
        let (shared, told) = (Arc::clone(&self.shared), self.told.clone());
        let work = move || {
            if let Some(end) = shared.run_ahead(&job, &run_id, &wins) {
                // Without a scheduler nobody waits for the answer.
                let _ = told.send(Told::Finished(run_id, end));
            }
        };
        std::thread::Builder::new().name("attempt".to_owned()).spawn(work).map(drop)
    }
}
