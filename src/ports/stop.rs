//! Stops blocking work from outside, as long as it may be stopped.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Ends the part of the work that is under way.
type End = Box<dyn FnOnce() + Send>;

/// A handle of work that others may stop; its clones are the same handle.
#[derive(Clone, Default)]
pub struct Stop(Arc<Mutex<State>>);

enum State {
    /// Under way, perhaps with a way to end it at once.
    Working(Option<End>),
    /// Too late: what the work found is being committed.
    Ending,
    /// Asked to stop.
    Stopped,
}

impl Default for State {
    fn default() -> Self {
        Self::Working(None)
    }
}

impl fmt::Debug for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match *self.lock() {
            State::Working(_) => "Stop(working)",
            State::Ending => "Stop(ending)",
            State::Stopped => "Stop(stopped)",
        })
    }
}

impl Stop {
    /// Asks the work to stop and ends what is under way; false where that is too late.
    pub fn stop(&self) -> bool {
        let mut state = self.lock();
        if matches!(*state, State::Ending) {
            return false;
        }
        let before = std::mem::replace(&mut *state, State::Stopped);
        drop(state);
        if let State::Working(Some(end)) = before {
            end();
        }
        true
    }

    /// States how to end what is under way; it is ended at once if the work was asked to stop before.
    pub fn ends_by(&self, end: impl FnOnce() + Send + 'static) {
        let mut state = self.lock();
        if let State::Working(present) = &mut *state {
            *present = Some(Box::new(end));
            return;
        }
        let is_stopped = matches!(*state, State::Stopped);
        drop(state);
        if is_stopped {
            end();
        }
    }

    /// From here on it is too late to stop the work; false where it was asked to stop before.
    pub fn end(&self) -> bool {
        let mut state = self.lock();
        let may = !matches!(*state, State::Stopped);
        if may {
            *state = State::Ending;
        }
        may
    }

    /// True once it is too late to stop the work.
    pub fn is_ending(&self) -> bool {
        matches!(*self.lock(), State::Ending)
    }

    /// True once the work was asked to stop in time.
    pub fn is_stopped(&self) -> bool {
        matches!(*self.lock(), State::Stopped)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[test]
    fn work_is_ended_once_and_not_after_it_is_too_late() {
        let ends = Arc::new(AtomicU32::new(0));
        let end = |ends: &Arc<AtomicU32>| {
            let ends = Arc::clone(ends);
            move || {
                ends.fetch_add(1, Ordering::Relaxed);
            }
        };
        let stop = Stop::default();
        stop.ends_by(end(&ends));
        assert!(stop.clone().stop() && stop.stop() && stop.is_stopped(), "again is the same");
        assert_eq!(ends.load(Ordering::Relaxed), 1);
        stop.ends_by(end(&ends));
        assert_eq!(ends.load(Ordering::Relaxed), 2, "what begins afterwards ends at once");
        assert!(!stop.end(), "stopped work does not go on");
        let late = Stop::default();
        late.ends_by(end(&ends));
        assert!(late.end() && late.is_ending() && !late.stop() && !late.is_stopped());
        assert_eq!(ends.load(Ordering::Relaxed), 2);
    }
}
