//! Bodies of answers about jobs that were read lately. A job that neither waits nor runs is answered with the same bytes
//! until its record changes, and clients ask again and again.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use axum::body::Bytes;
use chrono::{DateTime, Utc};

use crate::domain::job::JobRecord;

/// Jobs whose bodies are kept; one that falls on another's place takes it.
const PLACES: usize = 1024;
/// Longest body that is kept, in bytes: all together take no more than this times the places.
const LONGEST: usize = 8 << 10;

/// What a body was made from.
struct Kept {
    /// The record itself and no copy: a change is another record, and this one's place in memory is not used again while it
    /// is named here.
    job: Weak<JobRecord>,
    expires_at: Option<DateTime<Utc>>,
    body: Bytes,
}

/// The bodies, each at the place that follows from its record's address.
pub struct KeptBodies(Box<[Mutex<Option<Kept>>]>);

impl Default for KeptBodies {
    fn default() -> Self {
        Self((0..PLACES).map(|_| Mutex::default()).collect())
    }
}

impl KeptBodies {
    fn place(&self, job: &Arc<JobRecord>) -> MutexGuard<'_, Option<Kept>> {
        // Fibonacci hashing (Knuth, The Art of Computer Programming, volume 3, section 6.4): addresses are multiples of 16
        let spread = (Arc::as_ptr(job) as u64 >> 4).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let place = &self.0[(spread >> 54) as usize % PLACES];
        place.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the body of an answer about this record with this end of its time.
    pub fn get(&self, job: &Arc<JobRecord>, expires_at: Option<DateTime<Utc>>) -> Option<Bytes> {
        let place = self.place(job);
        let kept = place.as_ref()?;
        let is_same = std::ptr::eq(kept.job.as_ptr(), Arc::as_ptr(job)) && kept.expires_at == expires_at;
        is_same.then(|| kept.body.clone())
    }

    /// Keeps a body.
    pub fn keep(&self, job: &Arc<JobRecord>, expires_at: Option<DateTime<Utc>>, body: &Bytes) {
        if body.len() <= LONGEST {
            // a copy has no spare room
            let body = Bytes::copy_from_slice(body);
            *self.place(job) = Some(Kept { job: Arc::downgrade(job), expires_at, body });
        }
    }
}
