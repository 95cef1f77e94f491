//! Calls to a model that are under way: one per job and thing asked for, however many clients poll.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use crate::domain::ids::{JobId, TenantId};
use crate::domain::job::JobRecord;

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

/// Tracker of calls in progress.
#[derive(Debug, Default)]
pub struct CallTracker(Mutex<HashMap<CallKey, watch::Receiver<()>>>);

/// The right to make a call; it may move into a task, and the pollers hear when it is dropped.
pub struct Turn {
    board: Arc<CallTracker>,
    key: CallKey,
    _ended: watch::Sender<()>,
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.board.lock().remove(&self.key);
    }
}

impl CallTracker {
    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<CallKey, watch::Receiver<()>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the turn of a call; none if it is under way.
    pub fn begin(self: &Arc<Self>, key: CallKey) -> Option<Turn> {
        let mut map = self.lock();
        if map.contains_key(&key) {
            return None;
        }
        let (sender, receiver) = watch::channel(());
        map.insert(key.clone(), receiver);
        Some(Turn { board: Arc::clone(self), key, _ended: sender })
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
