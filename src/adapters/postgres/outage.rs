//! What the log says of a database that is away: a line when it begins, one now and then, and one when it is over. Every
//! request and every task would have its own otherwise.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Time between two lines of one outage.
const REMINDER: Duration = Duration::from_secs(60);
/// Shortest time between the line of one outage and the first of the next, so that a connection that comes and goes does not
/// fill the log.
const SHORTEST: Duration = Duration::from_secs(10);

static LOG: Mutex<Outage> = Mutex::new(Outage { began: None, told: None, is_told: false, left_out: 0 });
/// False while there is nothing to end: answers look no further.
static IS_AWAY: AtomicBool = AtomicBool::new(false);

/// Tells of a request that the database did not answer or refused, unless that was told a moment ago.
pub(super) fn away(why: &str, what: &str) {
    let left_out = LOG.lock().unwrap_or_else(PoisonError::into_inner).failed(Instant::now());
    IS_AWAY.store(true, Ordering::Relaxed);
    if let Some(left_out) = left_out {
        tracing::warn!(event = "SS_STORE_UNREACHABLE", why, left_out, "{what}");
    }
}

/// Tells of the first answer after an outage that was told.
pub(super) fn answered() {
    if !IS_AWAY.swap(false, Ordering::Relaxed) {
        return;
    }
    let over = LOG.lock().unwrap_or_else(PoisonError::into_inner).answered(Instant::now());
    if let Some((time, left_out)) = over {
        let seconds = time.as_secs();
        tracing::info!(event = "SS_STORE_BACK", seconds, left_out, "the database answers again");
    }
}

/// The outage under way.
struct Outage {
    began: Option<Instant>,
    /// When the last line was written.
    told: Option<Instant>,
    /// A line of this outage was written.
    is_told: bool,
    /// Failures without a line since the last one.
    left_out: u64,
}

impl Outage {
    /// Notes a failure; returns how many were left out where it is to be told.
    fn failed(&mut self, now: Instant) -> Option<u64> {
        self.began.get_or_insert(now);
        let pause = if self.is_told { REMINDER } else { SHORTEST };
        if self.told.is_some_and(|told| now.duration_since(told) < pause) {
            self.left_out += 1;
            return None;
        }
        (self.told, self.is_told) = (Some(now), true);
        Some(std::mem::take(&mut self.left_out))
    }

    /// Notes an answer; returns how long the outage was and what was left out, where it had been told.
    fn answered(&mut self, now: Instant) -> Option<(Duration, u64)> {
        let began = self.began.take()?;
        if !std::mem::take(&mut self.is_told) {
            return None;
        }
        Some((now.duration_since(began), std::mem::take(&mut self.left_out)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calm() -> Outage {
        Outage { began: None, told: None, is_told: false, left_out: 0 }
    }

    #[test]
    fn an_outage_has_a_line_at_its_beginning_one_a_minute_and_one_at_its_end() {
        let (mut outage, start) = (calm(), Instant::now());
        let at = |tenths: u64| start + Duration::from_millis(100 * tenths);
        let told: Vec<(u64, u64)> = (0..1_500).filter_map(|n| Some((n, outage.failed(at(n))?))).collect();
        assert_eq!(told, [(0, 0), (600, 599), (1_200, 599)]);
        assert_eq!(outage.answered(at(1_500)), Some((Duration::from_secs(150), 299)));
        assert_eq!(outage.answered(at(1_501)), None, "it is over");
    }

    #[test]
    fn a_database_that_comes_and_goes_has_few_lines() {
        let (mut outage, start) = (calm(), Instant::now());
        let mut lines = 0;
        for second in 0..60 {
            let now = start + Duration::from_secs(second);
            lines += usize::from(outage.failed(now).is_some()) + usize::from(outage.answered(now).is_some());
        }
        assert_eq!(lines, 12);
        // a later one is told at once, with what was left out before it
        assert_eq!(outage.failed(start + Duration::from_secs(70)), Some(9));
    }
}
