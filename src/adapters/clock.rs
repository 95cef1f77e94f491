//! The system clock.

use chrono::{DateTime, SubsecRound, Utc};

use crate::domain::cluster::BootTime;
use crate::ports::clock::Clock;

/// Reads the time of the operating system.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the system clock")]
    fn now(&self) -> DateTime<Utc> {
        Utc::now().trunc_subsecs(3)
    }
}

/// Returns the time since the boot of this machine, sleep included.
pub fn since_boot() -> BootTime {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    let (seconds, nanos) = (u64::try_from(now.tv_sec).unwrap_or(0), u32::try_from(now.tv_nsec).unwrap_or(0));
    BootTime::new(std::time::Duration::new(seconds, nanos))
}
