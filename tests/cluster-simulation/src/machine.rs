//! Machines: a clock since boot with its own rate, work volumes of nodes, and freezes. Also the clock of the database.

use std::time::Duration;

use stata_service::domain::cluster::{BootTime, DatabaseTime, Deadlines};

/// True time of a history, in microseconds since its start.
pub(crate) type Time = u64;
/// A second of true time.
pub(crate) const SECOND: Time = 1_000_000;

fn scaled(time: u64, ppm: i64) -> u64 {
    let scaled = i128::from(time) * i128::from(1_000_000 + ppm) / 1_000_000;
    u64::try_from(scaled).expect("a rate above zero")
}

/// A machine.
#[derive(Debug, Clone)]
pub(crate) struct Machine {
    /// Number of its boot.
    pub boot: u32,
    /// How much faster its clock is than true time, in millionths.
    pub rate_ppm: i64,
    /// How far its clock of the day is ahead of true time, in microseconds.
    pub day_offset: i64,
    /// True time until which nothing on it runs.
    pub frozen_until: Time,
    /// True time of its last thaw, and whether its clock stood still until then.
    pub woke_at: Time,
    /// Its clock did not count the last freeze.
    pub clock_stood: bool,
    /// What the file with the deadlines of each node holds, by the number of the node's process.
    pub files: Vec<Option<Deadlines>>,
    base_true: Time,
    base_boot: u64,
    stands: bool,
}

impl Machine {
    /// Returns a machine that was booted before the history began.
    pub(crate) fn new(nodes: usize, rate_ppm: i64, day_offset: i64) -> Self {
        Self {
            boot: 1,
            rate_ppm,
            day_offset,
            frozen_until: 0,
            woke_at: 0,
            clock_stood: false,
            files: vec![None; nodes],
            base_true: 0,
            base_boot: 1_000 * SECOND,
            stands: false,
        }
    }

    /// Returns its clock since boot.
    pub(crate) fn boot_time(&self, now: Time) -> BootTime {
        let passed = if self.stands { 0 } else { scaled(now - self.base_true, self.rate_ppm) };
        BootTime::new(Duration::from_micros(self.base_boot + passed))
    }

    /// Returns its clock of the day, as a wrong rule writes it into the database.
    pub(crate) fn day_time(&self, now: Time) -> DatabaseTime {
        DatabaseTime::from_micros(i64::try_from(now).expect("a short history") + self.day_offset)
    }

    /// Returns the true time that a time by its clock takes.
    pub(crate) fn true_time(&self, local: Duration) -> Time {
        let micros = u64::try_from(local.as_micros()).expect("a short time");
        // at least the local time has passed afterwards
        micros * 1_000_000 / u64::try_from(1_000_000 + self.rate_ppm).expect("a rate above zero") + 1
    }

    /// Stops everything on it until a time. With `stands` its clock does not count that time.
    pub(crate) fn freeze(&mut self, now: Time, until: Time, stands: bool) {
        self.settle(now);
        self.frozen_until = self.frozen_until.max(until);
        self.stands |= stands;
    }

    /// Continues after a freeze.
    pub(crate) fn thaw(&mut self, now: Time) {
        let stood = self.stands;
        self.settle(now);
        (self.stands, self.frozen_until, self.woke_at, self.clock_stood) = (false, 0, now, stood);
    }

    /// Boots it: its clock begins again, so that the deadlines of before mean nothing.
    pub(crate) fn reboot(&mut self, now: Time) {
        self.boot += 1;
        (self.base_true, self.base_boot) = (now, 0);
        (self.stands, self.frozen_until) = (false, 0);
        self.files.fill(None);
    }

    fn settle(&mut self, now: Time) {
        self.base_boot =
            u64::try_from(self.boot_time(now).since_boot().as_micros()).expect("a short history");
        self.base_true = now;
    }

    /// True while nothing on it runs.
    pub(crate) fn is_frozen(&self, now: Time) -> bool {
        // the thaw of this very moment is still to come
        self.frozen_until != 0 && now <= self.frozen_until
    }
}

/// The clock of the database server that is in charge.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DatabaseClock {
    /// How much faster it is than true time, in millionths.
    pub rate_ppm: i64,
    /// How far it is ahead, in microseconds.
    pub offset: i64,
}

impl DatabaseClock {
    /// Returns what it shows.
    pub(crate) fn now(&self, now: Time) -> DatabaseTime {
        let passed = i64::try_from(scaled(now, self.rate_ppm)).expect("a short history");
        DatabaseTime::from_micros(1_000_000_000 + passed + self.offset)
    }
}
