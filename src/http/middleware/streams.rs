//! How many streams of events one credential has open. A stream holds a connection for up to an hour, which the rate of
//! requests does not bound.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::domain::error::{ErrorCode, Problem};

/// When a client may try again, in seconds.
const RETRY_AFTER: u64 = 5;

/// The open streams.
#[derive(Debug)]
pub struct Streams {
    most: AtomicUsize,
    open: Arc<Mutex<HashMap<String, usize>>>,
}

/// One open stream, counted until it is dropped.
#[derive(Debug)]
pub struct OpenStream {
    credential: String,
    open: Arc<Mutex<HashMap<String, usize>>>,
}

fn locked(open: &Mutex<HashMap<String, usize>>) -> MutexGuard<'_, HashMap<String, usize>> {
    // counts are changed by single statements
    open.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Streams {
    /// At most so many of each credential.
    pub fn new(most: usize) -> Self {
        Self { most: AtomicUsize::new(most), open: Arc::default() }
    }

    /// Puts another bound in force; streams that are open stay.
    pub fn set_most(&self, most: usize) {
        self.most.store(most, Ordering::Relaxed);
    }

    /// Opens a stream of a credential.
    ///
    /// # Errors
    /// `RATE_LIMITED {limit: streams}`.
    pub fn open(&self, credential: String) -> Result<OpenStream, Problem> {
        let mut open = locked(&self.open);
        let now = open.get(&credential).copied().unwrap_or(0);
        if now >= self.most.load(Ordering::Relaxed) {
            let message = "this credential has too many open streams of events; close one first";
            return Err(Problem::new(ErrorCode::RateLimited, message)
                .with("limit", "streams")
                .with("open", now)
                .retry_after(RETRY_AFTER));
        }
        open.insert(credential.clone(), now + 1);
        drop(open);
        Ok(OpenStream { credential, open: Arc::clone(&self.open) })
    }
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        let mut open = locked(&self.open);
        if let Some(now) = open.get_mut(&self.credential) {
            *now -= 1;
            if *now == 0 {
                open.remove(&self.credential);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_credential_has_its_own_bound_and_a_closed_stream_makes_room() {
        let streams = Streams::new(2);
        let first = streams.open("a".to_owned()).expect("open");
        let _second = streams.open("a".to_owned()).expect("open");
        let refused = streams.open("a".to_owned()).expect_err("too many");
        assert_eq!((refused.code, refused.retry_after_seconds), (ErrorCode::RateLimited, Some(5)));
        let _other = streams.open("b".to_owned()).expect("another credential");
        drop(first);
        let _third = streams.open("a".to_owned()).expect("open");
        streams.set_most(1);
        assert!(streams.open("b".to_owned()).is_err());
        assert_eq!(locked(&streams.open).len(), 2, "nobody is counted who has nothing open");
    }
}
