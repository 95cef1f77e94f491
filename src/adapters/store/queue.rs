//! A bounded hand-over queue between callers on any thread and an owned worker thread.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Why an item was not taken.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refused<T> {
    Full(T),
    Closed(T),
}

/// How a bounded wait for items ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Waited {
    /// Items were taken.
    Items,
    /// Nothing came in time.
    Time,
    /// Closed and empty.
    End,
}

struct State<T> {
    items: VecDeque<T>,
    closed: bool,
}

/// The queue. Closing it lets the worker take what is left and then end.
pub(super) struct HandOver<T> {
    state: Mutex<State<T>>,
    ready: Condvar,
    capacity: usize,
}

impl<T> HandOver<T> {
    /// Makes a queue for at most `capacity` waiting items.
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            state: Mutex::new(State { items: VecDeque::new(), closed: false }),
            ready: Condvar::new(),
            capacity,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        // the state is consistent between any two statements, so a panic elsewhere does not matter
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds an item without waiting.
    ///
    /// # Errors
    /// [`Refused`] with the item.
    pub(super) fn push(&self, item: T) -> Result<(), Refused<T>> {
        let mut state = self.lock();
        if state.closed {
            return Err(Refused::Closed(item));
        }
        if state.items.len() >= self.capacity {
            return Err(Refused::Full(item));
        }
        state.items.push_back(item);
        drop(state);
        self.ready.notify_one();
        Ok(())
    }

    /// Waits for items and moves up to `max` of them to `into`; false once closed and empty.
    pub(super) fn take_waiting(&self, max: usize, into: &mut Vec<T>) -> bool {
        let mut state = self.lock();
        while state.items.is_empty() {
            if state.closed {
                return false;
            }
            state = self.ready.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        let n = state.items.len().min(max);
        into.extend(state.items.drain(..n));
        true
    }

    /// Waits for items, up to a moment where there is one, and moves all of them to `into`.
    pub(super) fn take_until(&self, moment: Option<Instant>, into: &mut Vec<T>) -> Waited {
        let mut state = self.lock();
        while state.items.is_empty() {
            if state.closed {
                return Waited::End;
            }
            state = match moment.map(|moment| moment.saturating_duration_since(Instant::now())) {
                Some(Duration::ZERO) => return Waited::Time,
                Some(left) => self.ready.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0,
                None => self.ready.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
        into.extend(state.items.drain(..));
        Waited::Items
    }

    /// Waits for one item; `None` once closed and empty.
    pub(super) fn take(&self) -> Option<T> {
        let mut state = self.lock();
        loop {
            if let Some(item) = state.items.pop_front() {
                return Some(item);
            }
            if state.closed {
                return None;
            }
            state = self.ready.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Waits for `pause`, or until the queue is closed.
    pub(super) fn pause(&self, pause: Duration) {
        let state = self.lock();
        let _ = self.ready.wait_timeout_while(state, pause, |s| !s.closed);
    }

    /// Moves everything that waits to `into` without waiting; false once closed.
    pub(super) fn take_ready(&self, into: &mut Vec<T>) -> bool {
        let mut state = self.lock();
        into.extend(state.items.drain(..));
        !state.closed
    }

    /// Refuses new items from now on.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.ready.notify_all();
    }

    /// True once it is closed.
    pub(super) fn is_closed(&self) -> bool {
        self.lock().closed
    }

    /// Returns how many items wait.
    pub(super) fn len(&self) -> usize {
        self.lock().items.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_queue_refuses_and_a_closed_one_is_drained() {
        let queue = HandOver::new(2);
        assert_eq!(queue.push(1), Ok(()));
        assert_eq!(queue.push(2), Ok(()));
        assert_eq!(queue.push(3), Err(Refused::Full(3)));
        queue.close();
        assert_eq!(queue.push(4), Err(Refused::Closed(4)));
        let mut taken = Vec::new();
        assert!(queue.take_waiting(10, &mut taken));
        assert_eq!(taken, [1, 2]);
        assert!(!queue.take_waiting(10, &mut taken));
        assert_eq!(queue.take(), None);
    }
}
