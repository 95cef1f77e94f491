//! Moments by the two clocks of a cluster, as two types that cannot be compared with each other.

use std::time::Duration;

/// A moment by the clock of one machine since its boot, which counts while the machine sleeps (`CLOCK_BOOTTIME`).
/// Moments of different machines, or of different boots, have nothing to do with each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BootTime(Duration);

impl BootTime {
    /// Wraps the time since the boot.
    pub const fn new(since_boot: Duration) -> Self {
        Self(since_boot)
    }

    /// Returns the time since the boot.
    pub const fn since_boot(self) -> Duration {
        self.0
    }

    /// Returns the time from an earlier moment to this one; zero if that one is later.
    pub const fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }

    /// Returns the moment after a time.
    #[must_use]
    pub const fn after(self, time: Duration) -> Self {
        Self(self.0.saturating_add(time))
    }
}

/// A moment by the database's clock (`clock_timestamp()`): microseconds since 1970-01-01 00:00 UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DatabaseTime(i64);

impl DatabaseTime {
    /// Wraps microseconds since 1970-01-01 00:00 UTC.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Returns the microseconds since 1970-01-01 00:00 UTC.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Returns the moment after a time.
    #[must_use]
    pub fn after(self, time: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(time.as_micros()).unwrap_or(i64::MAX)))
    }

    /// Returns the microseconds from another moment to this one; negative if that one is later.
    pub const fn micros_since(self, other: Self) -> i64 {
        self.0.saturating_sub(other.0)
    }
}
