//! The attempts that this process looks after, by run: what they are doing, and how to reach them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::domain::ids::RunId;
use crate::ports::runner::RunHandle;

/// Stage of an attempt's thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Preparing or starting.
    Starting,
    /// The engine works; this process only waits.
    Waiting,
    /// Verdict, artifacts, commit.
    Finishing,
}

struct Entry {
    stage: Stage,
    cancelled: bool,
    stopped: bool,
    handle: Option<Arc<dyn RunHandle>>,
}

/// The attempts under way.
#[derive(Default)]
pub(super) struct Active(Mutex<HashMap<RunId, Entry>>);

impl Active {
    fn attempts(&self) -> MutexGuard<'_, HashMap<RunId, Entry>> {
        // The map is consistent between any two statements, so a panic elsewhere does not matter.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds an attempt at its beginning.
    pub(super) fn add(&self, run_id: &RunId) {
        let entry = Entry { stage: Stage::Starting, cancelled: false, stopped: false, handle: None };
        self.attempts().insert(run_id.clone(), entry);
    }

    /// Forgets an attempt.
    pub(super) fn remove(&self, run_id: &RunId) {
        self.attempts().remove(run_id);
    }

    /// True if this process looks after the attempt.
    pub(super) fn has(&self, run_id: &RunId) -> bool {
        self.attempts().contains_key(run_id)
    }

    /// Notes what an attempt does now.
    pub(super) fn stage(&self, run_id: &RunId, stage: Stage) {
        if let Some(entry) = self.attempts().get_mut(run_id) {
            entry.stage = stage;
        }
    }

    /// Connects an attempt with its launcher; a wish that came earlier is passed on.
    pub(super) fn started(&self, run_id: &RunId, handle: &Arc<dyn RunHandle>) {
        let (cancelled, stopped) = match self.attempts().get_mut(run_id) {
            Some(entry) => {
                entry.handle = Some(Arc::clone(handle));
                entry.stage = Stage::Waiting;
                (entry.cancelled, entry.stopped)
            }
            None => return,
        };
        if cancelled {
            handle.cancel();
        } else if stopped {
            handle.stop_for_host();
        }
    }

    /// True if a user asked for the end of an attempt.
    pub(super) fn is_cancelled(&self, run_id: &RunId) -> bool {
        self.attempts().get(run_id).is_some_and(|e| e.cancelled)
    }

    /// Asks an attempt to end for its user. Blocks for a few system calls.
    pub(super) fn cancel(&self, run_id: &RunId) {
        let handle = match self.attempts().get_mut(run_id) {
            Some(entry) if !entry.cancelled => {
                entry.cancelled = true;
                entry.handle.clone()
            }
            _ => None,
        };
        if let Some(handle) = handle {
            handle.cancel();
        }
    }

    /// Asks every attempt to end because the host stops.
    pub(super) fn stop_all(&self) {
        let handles: Vec<Arc<dyn RunHandle>> = self
            .attempts()
            .values_mut()
            .filter_map(|entry| {
                entry.stopped = true;
                entry.handle.clone()
            })
            .collect();
        for handle in handles {
            handle.stop_for_host();
        }
    }

    /// Number of attempts.
    pub(super) fn len(&self) -> usize {
        self.attempts().len()
    }

    /// Number of attempts that do more than wait for their engine.
    pub(super) fn busy(&self) -> usize {
        self.attempts().values().filter(|e| e.stage != Stage::Waiting).count()
    }
}
