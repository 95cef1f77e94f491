//! A clock that tests move.

use std::sync::Mutex;

use chrono::{DateTime, Duration, Utc};
use stata_service::ports::clock::Clock;

/// Stands still until it is moved.
pub(crate) struct ManualClock(Mutex<DateTime<Utc>>);

impl ManualClock {
    /// Starts at a fixed time in 2026.
    pub(crate) fn new() -> Self {
        Self(Mutex::new(DateTime::from_timestamp(1_767_225_600, 0).expect("a valid time")))
    }

    /// Moves the clock.
    pub(crate) fn advance(&self, by: Duration) {
        *self.0.lock().expect("not poisoned") += by;
    }
}

impl Clock for ManualClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().expect("not poisoned")
    }
}

/// The system's clock, so far ahead.
pub(crate) struct Ahead(pub Duration);

impl Clock for Ahead {
    fn now(&self) -> DateTime<Utc> {
        stata_service::adapters::clock::SystemClock.now() + self.0
    }
}
