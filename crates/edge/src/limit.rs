//! Token buckets, one per key, in bounded memory, and the headers that tell callers of them. What a key stands
//! for and how a refusal is written is the caller's matter.
//!
//! Each bucket is one number, the time at which it will be full again (the "theoretical arrival time" of the
//! generic cell rate algorithm, ITU-T I.371, annex A). A bucket that is full again equals one that was never
//! used, so it can be forgotten without loss. `governor` was weighed: its keyed store grows until it is swept
//! by hand.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

mod headers;
mod rate;

pub use headers::{RATE_LIMIT, RATE_LIMIT_POLICY, write_headers};
pub use rate::{BadRate, Rate};

const SHARDS: usize = 16;

/// Decision of a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision {
    /// The limiter's name, as it stands in the headers.
    pub name: &'static str,
    /// False where the request is refused.
    pub is_allowed: bool,
    /// Tokens of a full bucket.
    pub burst: u32,
    /// Whole tokens that are left.
    pub remaining: u32,
    /// Until the refused request would be let through; zero where it was.
    pub retry_after: Duration,
    /// Until the bucket is full.
    pub full_after: Duration,
    /// For an empty bucket to fill.
    pub window: Duration,
}

/// A bucket, and what was taken out of it of late.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    /// When it is full again, in nanoseconds since the limiter's `epoch`.
    full_at: u64,
    /// The turn in which it was used last, and the tokens taken in it.
    turn: u32,
    taken: u32,
}

/// What one key took here in the last turn, for the other servers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Used<K> {
    /// The key.
    pub key: K,
    /// Its tokens.
    pub tokens: u32,
}

/// Buckets by key. Cheap to share behind an `Arc`; every method takes `&self`.
///
/// Several servers can have buckets in common: each ends a [`turn`](Self::turn) now and then, tells the others what
/// its busy keys took, and [lowers](Self::lower) its buckets to what all of them left. Between two turns each server
/// decides by itself.
#[derive(Debug)]
pub struct Limiter<K> {
    name: &'static str,
    interval: AtomicU64,
    burst: AtomicU32,
    hasher: RandomState,
    shards: Box<[Mutex<HashMap<K, Bucket>>]>,
    most_per_shard: usize,
    epoch: Instant,
    /// Counts the turns.
    turn: AtomicU32,
    /// Tokens of a turn from which a key is busy.
    busy_from: AtomicU32,
    /// The busy keys of this turn.
    busy: Mutex<Vec<K>>,
}

impl<K: Hash + Eq + Clone> Limiter<K> {
    /// At most about `most_keys` buckets are kept (rounded up to a multiple of 16). With more keys than that
    /// the buckets that are closest to full are forgotten: their owners gain the least by it.
    pub fn new(name: &'static str, rate: Rate, most_keys: usize) -> Self {
        Self {
            name,
            interval: AtomicU64::new(rate.interval),
            burst: AtomicU32::new(rate.burst),
            hasher: RandomState::new(),
            shards: (0..SHARDS).map(|_| Mutex::new(HashMap::new())).collect(),
            most_per_shard: most_keys.div_ceil(SHARDS).max(1),
            epoch: Instant::now(),
            turn: AtomicU32::new(0),
            busy_from: AtomicU32::new(u32::MAX),
            busy: Mutex::default(),
        }
    }

    /// Returns the tokens of a full bucket, and the time in which an empty one is full.
    pub fn bucket(&self) -> (u32, Duration) {
        let burst = self.burst.load(Ordering::Relaxed);
        (burst, Duration::from_nanos(self.window()))
    }

    /// Ends a turn: returns what its busy keys took. In the next one a key is busy once it took `busy_from` tokens.
    pub fn turn(&self, busy_from: u32) -> Vec<Used<K>> {
        let ended = self.turn.fetch_add(1, Ordering::Relaxed);
        let least = self.busy_from.swap(busy_from.max(1), Ordering::Relaxed);
        let busy = std::mem::take(&mut *self.busy.lock().unwrap_or_else(PoisonError::into_inner));
        let used = |key: K| {
            let bucket = lock(self.shard(&key)).get(&key).copied().filter(|bucket| bucket.turn == ended);
            // one that was used since began to count anew: it took at least what made it busy
            Used { key, tokens: bucket.map_or(least, |bucket| bucket.taken) }
        };
        busy.into_iter().map(used).collect()
    }

    /// Lowers a bucket to the tokens that are left of it elsewhere, negative where more were taken than it holds. It is
    /// never filled by this.
    pub fn lower(&self, key: &K, left: f64, at: Instant) {
        let missing = (f64::from(self.burst.load(Ordering::Relaxed)) - left).max(0.0);
        let now = self.nanos(at);
        // a bucket of a year from now on is as good as any
        let full_at = now.saturating_add((missing * self.interval.load(Ordering::Relaxed) as f64) as u64);
        if let Some(bucket) = lock(self.shard(key)).get_mut(key) {
            bucket.full_at = bucket.full_at.max(full_at);
        }
    }

    /// Changes the rate of all buckets, as a reload of settings does. What was taken stays taken.
    pub fn set_rate(&self, rate: Rate) {
        self.interval.store(rate.interval, Ordering::Relaxed);
        self.burst.store(rate.burst, Ordering::Relaxed);
    }

    /// Takes a token.
    pub fn take(&self, key: &K) -> Decision {
        self.take_at(key, 1, Instant::now())
    }

    /// Takes so many tokens at a time, all or none. More than the burst are never let through.
    pub fn take_at(&self, key: &K, tokens: u32, at: Instant) -> Decision {
        self.decide(key, tokens, at, true)
    }

    /// Asks whether a token is there, and takes none: for limits on failures, which are known only later.
    pub fn peek(&self, key: &K) -> Decision {
        self.peek_at(key, Instant::now())
    }

    /// As [`Self::peek`], at a time.
    pub fn peek_at(&self, key: &K, at: Instant) -> Decision {
        self.decide(key, 1, at, false)
    }

    /// Buckets that are kept now.
    pub fn keys(&self) -> usize {
        self.shards.iter().map(|shard| lock(shard).len()).sum()
    }

    fn window(&self) -> u64 {
        self.interval.load(Ordering::Relaxed).saturating_mul(u64::from(self.burst.load(Ordering::Relaxed)))
    }

    fn nanos(&self, at: Instant) -> u64 {
        u64::try_from(at.saturating_duration_since(self.epoch).as_nanos()).unwrap_or(u64::MAX / 2)
    }

    fn shard(&self, key: &K) -> &Mutex<HashMap<K, Bucket>> {
        &self.shards[self.hasher.hash_one(key) as usize % SHARDS]
    }

    fn decide(&self, key: &K, tokens: u32, at: Instant, is_taken: bool) -> Decision {
        let interval = self.interval.load(Ordering::Relaxed);
        let window = self.window();
        let now = self.nanos(at);
        let mut buckets = lock(self.shard(key));
        // looked up once: a key is hashed with every look
        let mut known = buckets.get_mut(key);
        let full_at = known.as_ref().map_or(0, |bucket| bucket.full_at).max(now);
        let wanted = full_at.saturating_add(interval.saturating_mul(u64::from(tokens)));
        let over = wanted.saturating_sub(now).saturating_sub(window);
        let is_allowed = over == 0;
        let mut full_after = full_at - now;
        let mut is_busy = false;
        if is_allowed && is_taken {
            full_after = wanted - now;
            let (turn, busy_from) =
                (self.turn.load(Ordering::Relaxed), self.busy_from.load(Ordering::Relaxed));
            let before = known.as_ref().filter(|bucket| bucket.turn == turn).map_or(0, |bucket| bucket.taken);
            let taken = before.saturating_add(tokens);
            is_busy = before < busy_from && taken >= busy_from;
            let filled = Bucket { full_at: wanted, turn, taken };
            match &mut known {
                Some(bucket) => **bucket = filled,
                None => {
                    if buckets.len() >= self.most_per_shard {
                        make_room(&mut buckets, self.most_per_shard, now);
                    }
                    buckets.insert(key.clone(), filled);
                }
            }
        }
        drop(buckets);
        if is_busy {
            self.busy.lock().unwrap_or_else(PoisonError::into_inner).push(key.clone());
        }
        Decision {
            name: self.name,
            is_allowed,
            burst: self.burst.load(Ordering::Relaxed),
            remaining: u32::try_from(window.saturating_sub(full_after) / interval).unwrap_or(u32::MAX),
            retry_after: Duration::from_nanos(over),
            full_after: Duration::from_nanos(full_after),
            window: Duration::from_nanos(window),
        }
    }
}

fn lock<K>(shard: &Mutex<HashMap<K, Bucket>>) -> std::sync::MutexGuard<'_, HashMap<K, Bucket>> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Forgets the full buckets, then those closest to full, until an eighth of the places is free: the walk over
/// all of them is then paid by many insertions.
fn make_room<K: Hash + Eq>(buckets: &mut HashMap<K, Bucket>, most: usize, now: u64) {
    buckets.retain(|_, bucket| bucket.full_at > now);
    let allowed = most - (most / 8).max(1);
    if buckets.len() <= allowed {
        return;
    }
    let mut times: Vec<u64> = buckets.values().map(|bucket| bucket.full_at).collect();
    let surplus = times.len() - allowed;
    let (_, last_forgotten, _) = times.select_nth_unstable(surplus - 1);
    let last_forgotten = *last_forgotten;
    let mut left = surplus;
    buckets.retain(|_, bucket| {
        let stays = left == 0 || bucket.full_at > last_forgotten;
        left -= usize::from(!stays);
        stays
    });
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn limiter(per_second: f64, burst: u32, most_keys: usize) -> Limiter<u32> {
        Limiter::new("t", Rate::per_second(per_second, burst).expect("sound"), most_keys)
    }

    #[test]
    fn a_burst_is_let_through_and_then_the_rate() {
        let limiter = limiter(10.0, 3, 100);
        let start = limiter.epoch;
        let left: Vec<u32> = (0..3).map(|_| limiter.take_at(&1, 1, start).remaining).collect();
        assert_eq!(left, [2, 1, 0]);
        let refused = limiter.take_at(&1, 1, start);
        assert!(!refused.is_allowed);
        assert_eq!(refused.retry_after, Duration::from_millis(100));
        assert!(!limiter.take_at(&1, 1, start + Duration::from_millis(99)).is_allowed);
        assert!(limiter.take_at(&1, 1, start + Duration::from_millis(100)).is_allowed);
        assert!(limiter.take_at(&2, 1, start).is_allowed, "another key has a bucket of its own");
        assert!(!limiter.take_at(&3, 4, start).is_allowed, "more than a bucket holds");
    }

    #[test]
    fn a_peek_takes_nothing() {
        let limiter = limiter(1.0, 1, 10);
        let start = limiter.epoch;
        for _ in 0..5 {
            assert!(limiter.peek_at(&1, start).is_allowed);
        }
        assert_eq!(limiter.keys(), 0);
        limiter.take_at(&1, 1, start);
        assert!(!limiter.peek_at(&1, start).is_allowed);
    }

    #[test]
    fn a_new_rate_holds_for_old_buckets() {
        let limiter = limiter(1.0, 1, 10);
        let start = limiter.epoch;
        assert!(limiter.take_at(&1, 1, start).is_allowed);
        assert!(!limiter.take_at(&1, 1, start).is_allowed);
        limiter.set_rate(Rate::per_second(1.0, 2).expect("sound"));
        assert!(limiter.take_at(&1, 1, start).is_allowed);
        assert!(!limiter.take_at(&1, 1, start).is_allowed);
    }

    #[test]
    fn a_turn_tells_what_busy_keys_took_and_what_others_took_counts() {
        let limiter = limiter(10.0, 20, 100);
        let start = limiter.epoch;
        for _ in 0..5 {
            limiter.take_at(&1, 1, start);
        }
        assert_eq!(limiter.turn(3), [], "nobody asked for busy keys before");
        for (key, times) in [(1, 4), (2, 3), (3, 2)] {
            for _ in 0..times {
                assert!(limiter.take_at(&key, 1, start).is_allowed);
            }
        }
        let mut used = limiter.turn(3);
        used.sort_by_key(|used| used.key);
        assert_eq!(used, [Used { key: 1, tokens: 4 }, Used { key: 2, tokens: 3 }]);
        assert_eq!(limiter.turn(3), [], "a turn without requests");

        // others took 15 of key 2 and more than there was of key 3
        limiter.lower(&2, 2.0, start);
        limiter.lower(&3, -5.0, start);
        limiter.lower(&1, 20.0, start);
        limiter.lower(&4, 0.0, start);
        assert_eq!([1, 2, 3, 4].map(|key| limiter.peek_at(&key, start).remaining), [11, 2, 0, 20]);
        let refused = limiter.take_at(&3, 1, start);
        assert_eq!((refused.is_allowed, refused.retry_after), (false, Duration::from_millis(600)));
        assert!(limiter.take_at(&3, 1, start + Duration::from_millis(600)).is_allowed);
    }

    #[test]
    fn very_many_keys_stay_within_the_bound_and_the_worst_caller_is_remembered() {
        let limiter = limiter(1.0, 50, 1_000);
        let start = limiter.epoch;
        while limiter.take_at(&0, 1, start).is_allowed {}
        for key in 1..200_000 {
            limiter.take_at(&key, 1, start);
        }
        assert!(limiter.keys() <= 1_008, "{}", limiter.keys());
        assert!(!limiter.take_at(&0, 1, start).is_allowed, "the emptiest bucket is kept");
    }

    #[test]
    fn full_buckets_are_forgotten_first() {
        let limiter = limiter(1.0, 2, 16);
        let start = limiter.epoch;
        for key in 0..1_000 {
            limiter.take_at(&key, 1, start + Duration::from_secs(u64::from(key) * 2));
        }
        assert!(limiter.keys() <= 16);
    }

    proptest! {
        /// The model: tokens as a real number that grows with time up to the burst.
        #[test]
        fn decisions_are_those_of_a_bucket_that_fills(
            rate in 1u32..1000, burst in 1u32..20, steps in prop::collection::vec((0u64..3_000, 1u32..4), 1..60),
        ) {
            let limiter = limiter(f64::from(rate), burst, 10);
            let (mut now_ms, mut tokens, mut last_ms) = (0u64, f64::from(burst), 0u64);
            for (wait, wanted) in steps {
                now_ms += wait;
                tokens = (tokens + (now_ms - last_ms) as f64 * f64::from(rate) / 1e3).min(f64::from(burst));
                last_ms = now_ms;
                let said = limiter.take_at(&1, wanted, limiter.epoch + Duration::from_millis(now_ms));
                // the interval is rounded to a nanosecond: at a tie either answer is right
                let tie = (tokens - f64::from(wanted)).abs() < 1e-3;
                if !tie {
                    prop_assert_eq!(said.is_allowed, tokens >= f64::from(wanted));
                }
                if said.is_allowed {
                    tokens -= f64::from(wanted);
                }
            }
        }
    }
}
