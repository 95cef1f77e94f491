//! Whether the clock of the day was set lately. Ages of files are read from it, so that an upload under way looks as old as
//! one that broke off yesterday once the clock was set forward by a day.

use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};

/// Differences up to here are corrections, not settings.
const SLACK: TimeDelta = TimeDelta::minutes(2);
/// How long a clock must run evenly after it was set, until ages count again: longer than any upload or run takes to
/// commit what it wrote.
const EVEN: Duration = Duration::from_hours(1);

/// Says how far the clock of a machine is from the database's, where that is more than a correction.
pub fn difference(machine_ahead: TimeDelta) -> Option<String> {
    let seconds = machine_ahead.num_seconds().unsigned_abs();
    let side = if machine_ahead < TimeDelta::zero() { "behind" } else { "ahead of" };
    (machine_ahead.abs() > SLACK)
        .then(|| format!("the clock of this machine is {seconds} s {side} that of the database"))
}

/// The clock of the day beside the one that nobody sets.
#[derive(Debug)]
pub(super) struct SteadyClock {
    time: DateTime<Utc>,
    at: Instant,
    /// The first time and moment since which the clock runs evenly at another time than expected.
    set: Option<(DateTime<Utc>, Instant)>,
}

impl SteadyClock {
    /// Takes the clock as right.
    pub(super) fn new(time: DateTime<Utc>, at: Instant) -> Self {
        Self { time, at, set: None }
    }

    /// Returns true if the clock was not set since ages count.
    pub(super) fn is_steady(&mut self, time: DateTime<Utc>, at: Instant) -> bool {
        if runs_evenly((self.time, self.at), (time, at)) {
            self.set = None;
            return true;
        }
        match self.set {
            Some(since) if runs_evenly(since, (time, at)) => {
                if at.duration_since(since.1) < EVEN {
                    return false;
                }
                *self = Self::new(time, at);
                true
            }
            _ => {
                self.set = Some((time, at));
                false
            }
        }
    }
}

/// True if as much time went by on one clock as on the other.
fn runs_evenly(from: (DateTime<Utc>, Instant), to: (DateTime<Utc>, Instant)) -> bool {
    let steady = TimeDelta::from_std(to.1.duration_since(from.1)).unwrap_or(TimeDelta::MAX);
    ((to.0 - from.0) - steady).abs() <= SLACK
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64, set: TimeDelta) -> (DateTime<Utc>, Duration) {
        let time = DateTime::from_timestamp(1_800_000_000, 0).expect("a time");
        (time + TimeDelta::seconds(seconds.cast_signed()) + set, Duration::from_secs(seconds))
    }

    #[test]
    fn a_clock_that_was_set_counts_again_after_an_even_hour() {
        let start = Instant::now();
        let (time, _) = at(0, TimeDelta::zero());
        let mut clock = SteadyClock::new(time, start);
        let mut judged = |seconds, set| {
            let (time, since) = at(seconds, set);
            clock.is_steady(time, start + since)
        };
        assert!(judged(60, TimeDelta::zero()));
        assert!(judged(120, TimeDelta::seconds(90)), "a correction");
        assert!(!judged(180, TimeDelta::days(1)), "set forward");
        assert!(judged(240, TimeDelta::zero()), "set back again");
        assert!(!judged(300, TimeDelta::days(1)));
        assert!(!judged(3800, TimeDelta::hours(-1)), "set once more: the hour begins again");
        assert!(!judged(7300, TimeDelta::hours(-1)));
        assert!(judged(7400, TimeDelta::hours(-1)), "an hour went by evenly");
        assert!(judged(7460, TimeDelta::hours(-1)));
        assert!(!judged(7520, TimeDelta::zero()), "the time of before is another one now");
    }
}
