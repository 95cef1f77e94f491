//! The time of day as a port, so that tests can move it.

use chrono::{DateTime, Utc};

/// Source of the current time.
pub trait Clock: Send + Sync {
    /// Returns the current time in UTC, at millisecond resolution.
    fn now(&self) -> DateTime<Utc>;
}
