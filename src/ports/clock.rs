//! The time of day as a port, so that tests can move it.

use chrono::{DateTime, TimeDelta, Utc};

/// Source of the current time.
pub trait Clock: Send + Sync {
    /// Returns the current time in UTC, at millisecond resolution.
    fn now(&self) -> DateTime<Utc>;

    /// Returns how far the clock of this machine is ahead of this one; negative where it is behind, zero where this is the
    /// machine's.
    fn machine_ahead(&self) -> TimeDelta {
        TimeDelta::zero()
    }
}
