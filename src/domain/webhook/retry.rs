//! When a failed delivery is repeated.

use chrono::{DateTime, Duration, Utc};

/// Most attempts of one delivery.
pub const MAX_TRIES: u32 = 11;
/// Longest time between two attempts.
const LONGEST: Duration = Duration::hours(6);
/// Longest time that a receiver can ask for with `Retry-After`.
const LONGEST_ASKED: Duration = Duration::hours(24);

/// Returns the time of the attempt after `tries` attempts, or `None` once they are used up.
///
/// The delay is `first · 4^(tries − 1)`, at most 6 hours, times 0.8 to 1.2. With a first delay of 5 s the 11 attempts span
/// 25 hours. `jitter` is 0 to 1. A receiver may ask for more time, not for less.
pub fn next_attempt(
    tries: u32,
    first: Duration,
    jitter: f64,
    asked: Option<Duration>,
    now: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    if tries >= MAX_TRIES {
        return None;
    }
    let factor = 4_i32.saturating_pow(tries.saturating_sub(1));
    let delay = first.checked_mul(factor).unwrap_or(LONGEST).min(LONGEST);
    let milliseconds = delay.num_milliseconds() as f64 * (0.8 + 0.4 * jitter.clamp(0.0, 1.0));
    let delay = Duration::milliseconds(milliseconds as i64);
    let asked = asked.map_or(Duration::zero(), |asked| asked.min(LONGEST_ASKED));
    Some(now + delay.max(asked))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_grow_fourfold_to_six_hours_and_end_after_a_day() {
        let (now, first) = (DateTime::UNIX_EPOCH, Duration::seconds(5));
        let delays: Vec<i64> = (1..=MAX_TRIES)
            .filter_map(|tries| next_attempt(tries, first, 0.5, None, now))
            .map(|at| (at - now).num_seconds())
            .collect();
        assert_eq!(delays, [5, 20, 80, 320, 1280, 5120, 20480, 21600, 21600, 21600]);
        assert_eq!(delays.iter().sum::<i64>() / 3600, 25);
    }

    #[test]
    fn jitter_spreads_and_receivers_may_ask_for_more_time_within_a_bound() {
        let (now, first) = (DateTime::UNIX_EPOCH, Duration::seconds(10));
        let after = |jitter, asked: Option<i64>| {
            let at = next_attempt(1, first, jitter, asked.map(Duration::seconds), now).expect("another");
            (at - now).num_milliseconds()
        };
        assert_eq!((after(0.0, None), after(1.0, None)), (8_000, 12_000));
        assert_eq!((after(0.5, Some(1)), after(0.5, Some(90))), (10_000, 90_000));
        assert_eq!(after(0.5, Some(10_000_000)), 86_400_000);
    }
}
