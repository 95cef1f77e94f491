//! Slows down guessing: how often each address and each account may fail, in bounded memory. What is a
//! failure, and whom it counts against, the callers say; requests in general are limited elsewhere.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::domain::canonical::sha256_hex;
use crate::domain::error::{ErrorCode, Problem};
use crate::ports::cluster::Tries;

/// Most failures of one subject that are remembered.
const MAX_SEEN: usize = 16;
/// Most subjects that are remembered. One that has all its failures left again is forgotten first.
const MAX_SUBJECTS: usize = 20_000;

/// Subject that failures count against.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Subject(String);

impl Subject {
    /// A client's address, or its network, for one kind of guess (`login`, `redeem`).
    pub fn address(kind: &str, address: &str) -> Self {
        Self(format!("{kind}\0{address}"))
    }

    /// An account; the name is hashed, so that a long one takes no more memory.
    pub fn account(name: &str) -> Self {
        Self(format!("account\0{}", sha256_hex(name)))
    }

    /// Its name for other servers, which does not show it.
    pub fn digest(&self) -> String {
        sha256_hex(&self.0)
    }

    /// A key or job that one address fails to authenticate as.
    pub fn credential(address: &str, id: &str) -> Self {
        Self(format!("credential\0{address}\0{id}"))
    }
}

/// A token bucket: full with the failures of a window, refilled evenly over it.
#[derive(Debug, Clone)]
struct Bucket {
    left: f64,
    at: DateTime<Utc>,
    /// Beginnings of the hashes of the last failed secrets: one of them once more tells its maker nothing new and
    /// is not counted, so that a client with an old secret is not taken for a guesser.
    seen: Vec<u64>,
}

/// The failures of the last minute, or other tries of another window.
#[derive(Debug)]
pub struct FailureLimiter {
    most: AtomicU32,
    /// Length of the window, in seconds.
    window: f64,
    /// Name of the limit in refusals.
    limit: &'static str,
    buckets: Mutex<HashMap<Subject, Bucket>>,
}

impl FailureLimiter {
    /// Allows a number of failures a minute to each subject.
    pub fn new(per_minute: u32) -> Self {
        Self::with_window(per_minute, 60.0, "failures_per_minute")
    }

    /// Allows a number of tries to each subject within a window of seconds; `limit` names the limit in refusals.
    pub fn with_window(most: u32, window: f64, limit: &'static str) -> Self {
        Self { most: AtomicU32::new(most.max(1)), window, limit, buckets: Mutex::default() }
    }

    /// Changes how many failures a minute are allowed.
    pub fn set_per_minute(&self, per_minute: u32) {
        self.most.store(per_minute.max(1), Ordering::Relaxed);
    }

    /// Refuses anyone who has no failure left.
    ///
    /// # Errors
    /// `RATE_LIMITED` with the time until the next try.
    pub fn check(&self, now: DateTime<Utc>, subjects: &[Subject]) -> Result<(), Problem> {
        let most = self.most();
        let buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let least = subjects
            .iter()
            .filter_map(|subject| buckets.get(subject))
            .map(|bucket| bucket.refilled(now, most, self.window))
            .fold(most, f64::min);
        if least >= 1.0 {
            return Ok(());
        }
        Err(self.refusal((1.0 - least) * self.window / most))
    }

    /// The refusal of someone who has the next try after so many seconds.
    pub(super) fn refusal(&self, seconds: f64) -> Problem {
        let seconds = seconds.ceil().clamp(1.0, self.window);
        Problem::new(ErrorCode::RateLimited, "too many attempts; wait before the next one")
            .with("limit", self.limit)
            .retry_after(seconds as u64)
    }

    /// What each subject may try on all servers together.
    pub(super) fn tries(&self) -> Tries {
        Tries { most: self.most.load(Ordering::Relaxed), window: Duration::from_secs_f64(self.window) }
    }

    /// Counts a failure against each subject, and returns those that it was counted against. A `guess` that is one of the
    /// subject's last ones is not counted.
    pub fn failed<'a>(
        &self,
        now: DateTime<Utc>,
        subjects: &'a [Subject],
        guess: Option<&str>,
    ) -> Vec<&'a Subject> {
        let most = self.most();
        let mut counted = Vec::with_capacity(subjects.len());
        let guess = guess.map(|guess| beginning(&sha256_hex(guess)));
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        for subject in subjects {
            make_room(&mut buckets, now, most, self.window);
            let bucket =
                buckets.entry(subject.clone()).or_insert(Bucket { left: most, at: now, seen: Vec::new() });
            if let Some(guess) = guess {
                if bucket.seen.contains(&guess) {
                    continue;
                }
                if bucket.seen.len() == MAX_SEEN {
                    bucket.seen.remove(0);
                }
                bucket.seen.push(guess);
            }
            bucket.left = (bucket.refilled(now, most, self.window) - 1.0).max(0.0);
            bucket.at = now;
            counted.push(subject);
        }
        counted
    }

    /// Takes back the failure that was counted ahead of a success.
    pub fn succeeded(&self, subjects: &[Subject]) {
        let most = self.most();
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        for subject in subjects {
            if let Some(bucket) = buckets.get_mut(subject) {
                bucket.left = (bucket.left + 1.0).min(most);
            }
        }
    }

    fn most(&self) -> f64 {
        self.most.load(Ordering::Relaxed).into()
    }
}

impl Bucket {
    fn refilled(&self, now: DateTime<Utc>, most: f64, window: f64) -> f64 {
        let seconds = (now - self.at).as_seconds_f64();
        // a last failure far in the future shows that the clock was set back: nobody is kept out until that time, but
        // has one try, whose failure counts from now on
        if seconds < -window {
            return self.left.max(1.0);
        }
        (self.left + seconds.max(0.0) * most / window).min(most)
    }
}

/// The first 64 bits of a hash in hexadecimal digits.
fn beginning(hash: &str) -> u64 {
    hash.get(..16).and_then(|digits| u64::from_str_radix(digits, 16).ok()).unwrap_or(0)
}

/// Forgets subjects when there are too many: those with nothing against them, else the one whose last
/// failure is longest ago.
fn make_room(buckets: &mut HashMap<Subject, Bucket>, now: DateTime<Utc>, most: f64, window: f64) {
    if buckets.len() < MAX_SUBJECTS {
        return;
    }
    buckets.retain(|_, bucket| bucket.refilled(now, most, window) < most);
    while buckets.len() >= MAX_SUBJECTS {
        // a tenth at once, so that a flood of addresses does not search the table every time
        let mut times: Vec<DateTime<Utc>> = buckets.values().map(|bucket| bucket.at).collect();
        let place = times.len() / 10;
        let (_, &mut oldest, _) = times.select_nth_unstable(place);
        let mut spare = place + 1;
        buckets.retain(|_, bucket| {
            let goes = spare > 0 && bucket.at <= oldest;
            spare -= usize::from(goes);
            !goes
        });
    }
}

#[cfg(test)]
mod tests {
    use chrono::Duration;

    use super::*;

    fn start() -> DateTime<Utc> {
        DateTime::UNIX_EPOCH
    }

    #[test]
    fn ten_thousand_guesses_take_a_thousand_minutes() {
        let failure_limiter = FailureLimiter::new(10);
        let subject = [Subject::account("admin")];
        let (mut now, mut refused) = (start(), 0);
        for n in 0..10_000 {
            while let Err(problem) = failure_limiter.check(now, &subject) {
                let wait = problem.retry_after_seconds.expect("says when");
                now += Duration::seconds(i64::try_from(wait).expect("short"));
                refused += 1;
            }
            failure_limiter.failed(now, &subject, Some(&n.to_string()));
        }
        // the first ten at once, then one every six seconds
        assert!(refused > 0);
        assert_eq!((now - start()).num_seconds(), (10_000 - 10) * 6);
    }

    #[test]
    fn a_clock_that_was_set_back_keeps_nobody_out_and_gives_one_guess() {
        let failure_limiter = FailureLimiter::new(10);
        let subject = [Subject::account("admin")];
        let late = start() + Duration::hours(1);
        for n in 0..10 {
            failure_limiter.failed(late, &subject, Some(&n.to_string()));
        }
        failure_limiter.check(late, &subject).expect_err("none is left");
        failure_limiter.check(start(), &subject).expect("nobody waits for an hour");
        failure_limiter.failed(start(), &subject, Some("more"));
        failure_limiter.check(start(), &subject).expect_err("one guess was given");
        failure_limiter.check(start() + Duration::seconds(6), &subject).expect("one is back");
    }

    #[test]
    fn the_same_guess_again_is_not_counted_and_others_are_not_touched() {
        let failure_limiter = FailureLimiter::new(2);
        let (one, other) = ([Subject::credential("192.0.2.1", "k")], [Subject::credential("192.0.2.2", "k")]);
        for _ in 0..100 {
            failure_limiter.failed(start(), &one, Some("same"));
        }
        assert!(failure_limiter.check(start(), &one).is_ok());
        failure_limiter.check(start(), &one).expect("one guess was made");
        failure_limiter.failed(start(), &one, Some("another"));
        let refused = failure_limiter.check(start(), &one).expect_err("two were made");
        assert_eq!((refused.code, refused.retry_after_seconds), (ErrorCode::RateLimited, Some(30)));
        failure_limiter.check(start(), &other).expect("another address");
        failure_limiter.check(start() + Duration::seconds(30), &one).expect("one is back");
    }

    #[test]
    fn the_memory_is_bounded_and_the_latest_failures_stay() {
        let failure_limiter = FailureLimiter::new(10);
        for n in 0..3 * MAX_SUBJECTS {
            let at = start() + Duration::milliseconds(i64::try_from(n).expect("small"));
            failure_limiter.failed(at, &[Subject::address("login", &n.to_string())], None);
        }
        let buckets = failure_limiter.buckets.lock().expect("not poisoned");
        assert!(buckets.len() <= MAX_SUBJECTS, "{}", buckets.len());
        let last = Subject::address("login", &(3 * MAX_SUBJECTS - 1).to_string());
        assert!(buckets.contains_key(&last));
    }
}
