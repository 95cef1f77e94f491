//! Subscribers to the changes of a store.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::mpsc;

use crate::ports::store::Change;

/// Everyone who listens.
#[derive(Default)]
pub(in crate::adapters) struct Listeners(Mutex<Vec<mpsc::UnboundedSender<Change>>>);

impl Listeners {
    fn all(&self) -> MutexGuard<'_, Vec<mpsc::UnboundedSender<Change>>> {
        // the list is whole between any two statements
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Registers a listener.
    pub(in crate::adapters) fn listen(&self) -> mpsc::UnboundedReceiver<Change> {
        let (sender, receiver) = mpsc::unbounded_channel();
        self.all().push(sender);
        receiver
    }

    /// Delivers changes in order to everyone who listens.
    pub(in crate::adapters) fn deliver(&self, changes: &[Change]) {
        self.all().retain(|listener| changes.iter().all(|change| listener.send(change.clone()).is_ok()));
    }

    /// Ends all streams.
    pub(in crate::adapters) fn end(&self) {
        self.all().clear();
    }
}
