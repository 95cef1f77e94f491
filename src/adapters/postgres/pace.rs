//! How often signs are sent and looked at: on average once in five milliseconds, several at once after a rest. One request of
//! a client is often several commits, and who waits for the last of them must not wait for the rest of the first one's pause.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// Mean time between two.
const APART: Duration = Duration::from_millis(5);
/// How many may come at once.
const AT_ONCE: u32 = 8;

/// A bound on how often something is done, by a virtual schedule (ITU-T I.371, generic cell rate algorithm).
pub(super) struct Pace {
    /// When the last one would have ended, had all come evenly.
    ends: Instant,
}

impl Pace {
    /// Nothing was done yet.
    pub(super) fn new() -> Self {
        Self { ends: Instant::now() }
    }

    /// Notes that it was done, and waits until it may be done again.
    pub(super) async fn rest(&mut self) {
        sleep_until(self.after(Instant::now())).await;
    }

    /// Notes that it was done at a time; returns when it may be done again.
    fn after(&mut self, now: Instant) -> Instant {
        self.ends = self.ends.max(now) + APART;
        now.max(self.ends - APART * AT_ONCE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_may_come_at_once_and_on_average_one_in_five_milliseconds() {
        let mut pace = Pace::new();
        let mut now = Instant::now() + Duration::from_secs(60);
        let started = now;
        for _ in 0..AT_ONCE {
            assert_eq!(pace.after(now), started, "at once");
        }
        for _ in 0..200 {
            now = pace.after(now);
        }
        assert_eq!(now - started, 200 * APART);
        now += Duration::from_secs(1);
        for _ in 0..AT_ONCE {
            assert_eq!(pace.after(now), now, "at once after a rest");
        }
    }
}
