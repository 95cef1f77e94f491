//! Lines of the log that many requests or tasks would write at once about one thing.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Lets one line through in a while, and counts the others.
#[derive(Debug)]
pub struct Sparse {
    every: Duration,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    told: Option<Instant>,
    left_out: u64,
}

impl Sparse {
    /// At most one line in this time.
    pub const fn new(every: Duration) -> Self {
        Self { every, state: Mutex::new(State { told: None, left_out: 0 }) }
    }

    /// Returns how many lines were left out since the last one where a line is to be written now.
    pub fn turn(&self) -> Option<u64> {
        self.turn_at(Instant::now())
    }

    fn turn_at(&self, now: Instant) -> Option<u64> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.told.is_some_and(|told| now.duration_since(told) < self.every) {
            state.left_out += 1;
            return None;
        }
        state.told = Some(now);
        Some(std::mem::take(&mut state.left_out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_is_let_through_in_a_while_and_the_others_are_counted() {
        let (sparse, start) = (Sparse::new(Duration::from_secs(10)), Instant::now());
        let told: Vec<_> =
            (0..25).filter_map(|n| Some((n, sparse.turn_at(start + Duration::from_secs(n))?))).collect();
        assert_eq!(told, [(0, 0), (10, 9), (20, 9)]);
    }
}
