//! Calls to a model that are under way: one per job and thing asked for, however many clients poll.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use crate::domain::error::Problem;
use crate::domain::ids::{JobId, TenantId};
use crate::domain::job::JobRecord;
use crate::service::shared::context::Context;
use crate::service::shared::sole_work::SoleWork;

/// Time that a call's outcome may take to be committed, after which another server may call for itself.
const TO_COMMIT: Duration = Duration::from_secs(60);

/// Key of a call: the job, and the product (`draft`, or an interpretation of one run).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CallKey {
    tenant: TenantId,
    job: JobId,
    subject: String,
}

impl CallKey {
    /// The call for a subject of a job.
    pub fn new(job: &JobRecord, subject: impl Into<String>) -> Self {
        Self { tenant: job.tenant_id.clone(), job: job.job_id.clone(), subject: subject.into() }
    }

    /// The call for the draft of a job.
    pub fn draft(job: &JobRecord) -> Self {
        Self::new(job, "draft")
    }
}

impl std::fmt::Display for CallKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "model {} {} {}", self.tenant, self.job, self.subject)
    }
}

/// Tracker of calls in progress.
#[derive(Debug, Default)]
pub struct CallTracker(Mutex<HashMap<CallKey, watch::Receiver<()>>>);

/// The right to make a call; it may move into a task, and the pollers hear when it is dropped.
pub struct Turn {
    board: Arc<CallTracker>,
    key: CallKey,
    _ended: watch::Sender<()>,
}

/// The right to make a call, among all servers.
pub type AloneTurn = SoleWork<Turn>;

impl Drop for Turn {
    fn drop(&mut self) {
        self.board.lock().remove(&self.key);
    }
}

impl CallTracker {
    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<CallKey, watch::Receiver<()>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the turn of a call in this process; none if it is under way here.
    fn begin(self: &Arc<Self>, key: CallKey) -> Option<Turn> {
        let mut map = self.lock();
        if map.contains_key(&key) {
            return None;
        }
        let (sender, receiver) = watch::channel(());
        map.insert(key.clone(), receiver);
        Some(Turn { board: Arc::clone(self), key, _ended: sender })
    }

    /// Takes the turn of a call among all servers, for at most so long; none if it is under way here or elsewhere.
    ///
    /// # Errors
    /// `STORE_UNAVAILABLE`.
    pub async fn begin_alone(
        self: &Arc<Self>,
        ctx: &Context,
        key: CallKey,
        budget: Duration,
    ) -> Result<Option<AloneTurn>, Problem> {
        let name = key.to_string();
        let Some(turn) = self.begin(key) else { return Ok(None) };
        Ok(SoleWork::claim(ctx, name, budget + TO_COMMIT, turn).await?.ok())
    }

    /// Waits for the end of a call, at most so long; true if none is under way any more.
    pub async fn ended(&self, key: &CallKey, most: Duration) -> bool {
        let receiver = self.lock().get(key).cloned();
        match receiver {
            None => true,
            // an error means that the sender is gone: the call has ended
            Some(mut receiver) => tokio::time::timeout(most, receiver.changed()).await.is_ok(),
        }
    }
}
