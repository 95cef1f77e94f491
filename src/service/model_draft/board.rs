//! Calls for drafts that are under way: one per job, however many clients poll.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use crate::domain::ids::{JobId, TenantId};
use crate::domain::job::JobRecord;

/// The board.
#[derive(Debug, Default)]
pub struct DraftBoard(Mutex<HashMap<(TenantId, JobId), watch::Receiver<()>>>);

/// The right to make the call of a job; the pollers hear when it is dropped.
pub struct Turn<'a> {
    board: &'a DraftBoard,
    key: (TenantId, JobId),
    _ended: watch::Sender<()>,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.board.lock().remove(&self.key);
    }
}

impl DraftBoard {
    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<(TenantId, JobId), watch::Receiver<()>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the turn of a job; none if its call is under way.
    pub fn begin(&self, job: &JobRecord) -> Option<Turn<'_>> {
        let key = (job.tenant_id.clone(), job.job_id.clone());
        let mut map = self.lock();
        if map.contains_key(&key) {
            return None;
        }
        let (sender, receiver) = watch::channel(());
        map.insert(key.clone(), receiver);
        Some(Turn { board: self, key, _ended: sender })
    }

    /// True while the call of a job is under way.
    pub fn is_working(&self, job: &JobRecord) -> bool {
        self.lock().contains_key(&(job.tenant_id.clone(), job.job_id.clone()))
    }

    /// Waits for the end of a job's call, at most so long; true if none is under way any more.
    pub async fn ended(&self, job: &JobRecord, most: Duration) -> bool {
        let receiver = self.lock().get(&(job.tenant_id.clone(), job.job_id.clone())).cloned();
        match receiver {
            None => true,
            // an error means that the sender is gone: the call has ended
            Some(mut receiver) => tokio::time::timeout(most, receiver.changed()).await.is_ok(),
        }
    }
}
