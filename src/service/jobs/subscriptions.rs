//! Subscriptions to changes of a job. A reader that falls behind costs one mark, not a queue: changes are
//! read from the store.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::domain::ids::{JobId, TenantId};

type Key = (TenantId, JobId);

/// The jobs that somebody waits for.
#[derive(Debug, Default)]
pub struct JobSubscriptions {
    waiting: Mutex<HashMap<Key, watch::Sender<()>>>,
    closed: CancellationToken,
}

impl JobSubscriptions {
    /// Waits from now on for changes of a job.
    pub fn of(self: &Arc<Self>, tenant: &TenantId, job_id: &JobId) -> Subscription {
        let key = (tenant.clone(), job_id.clone());
        let mut waiting = self.lock();
        let sender = waiting.entry(key.clone()).or_insert_with(|| watch::Sender::new(()));
        let receiver = sender.subscribe();
        drop(waiting);
        Subscription { board: Arc::clone(self), key, receiver }
    }

    /// Wakes the subscribers of a job after a change.
    pub fn changed(&self, tenant: &TenantId, job_id: &JobId) {
        let waiting = self.lock();
        if waiting.is_empty() {
            return;
        }
        if let Some(sender) = waiting.get(&(tenant.clone(), job_id.clone())) {
            sender.send_replace(());
        }
    }

    /// Ends every wait, for the end of the service.
    pub fn close(&self) {
        self.closed.cancel();
    }

    /// How many jobs are waited for.
    pub fn len(&self) -> usize {
        self.lock().len()
    }

    /// True if nobody waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, watch::Sender<()>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One wait; dropping it ends it.
#[derive(Debug)]
pub struct Subscription {
    board: Arc<JobSubscriptions>,
    key: Key,
    receiver: watch::Receiver<()>,
}

impl Subscription {
    /// Returns at the next change, or at once if there was one since the last call; false once the service
    /// ends.
    pub async fn next(&mut self) -> bool {
        tokio::select! {
            biased;
            () = self.board.closed.cancelled() => false,
            changed = self.receiver.changed() => changed.is_ok(),
        }
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let mut waiting = self.board.lock();
        if waiting.get(&self.key).is_some_and(|sender| sender.receiver_count() <= 1) {
            waiting.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(job: &str) -> Key {
        (TenantId::default_tenant(), JobId::parse(job).expect("valid"))
    }

    #[tokio::test]
    async fn a_change_is_seen_once_and_of_its_job_only() {
        let board = Arc::new(JobSubscriptions::default());
        let (one, two) = (key("job_1"), key("job_2"));
        let mut first = board.of(&one.0, &one.1);
        let mut other = board.of(&two.0, &two.1);
        board.changed(&one.0, &one.1);
        board.changed(&one.0, &one.1);
        assert!(first.next().await, "a change before the wait counts");
        for waits in [&mut first, &mut other] {
            let soon = tokio::time::timeout(std::time::Duration::from_millis(20), waits.next()).await;
            assert!(soon.is_err(), "nothing else changed");
        }
        board.close();
        assert!(!first.next().await);
    }

    #[test]
    fn nothing_is_kept_for_those_who_left() {
        let board = Arc::new(JobSubscriptions::default());
        let one = key("job_1");
        let (a, b) = (board.of(&one.0, &one.1), board.of(&one.0, &one.1));
        drop(a);
        assert_eq!(board.len(), 1);
        drop(b);
        assert!(board.is_empty());
    }
}
