//! How far the uploads are that this server reads. Like the progress of a run it is for people who wait: nothing depends on
//! it, and it ends with the process.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::domain::job::JobRecord;
use crate::ports::tabular::Advance;
use crate::service::shared::context::Context;

/// Seconds before a pace is known.
const PACE_SECONDS: u64 = 2;

/// How far an upload is read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct ReadingProgress {
    /// Bytes read so far. A file is read twice, to find the types of its columns and to convert it: half of its bytes count
    /// each time.
    pub read_bytes: u64,
    /// Bytes of the files.
    pub total_bytes: u64,
    /// Seconds since this server began to read.
    pub elapsed_seconds: u64,
    /// Seconds until the files are read, at the pace so far; null before the pace is known.
    pub remaining_seconds: Option<u64>,
}

/// The uploads under way, by the id of the upload.
#[derive(Debug, Default)]
pub struct ReadingTracker(Mutex<HashMap<String, Standing>>);

#[derive(Debug, Clone)]
struct Standing {
    since: DateTime<Utc>,
    total_bytes: u64,
    /// Of the files that were read.
    done_bytes: u64,
    /// Size of the file that is being read, and how far it is.
    file_bytes: u64,
    advance: Advance,
}

/// One upload; dropping it ends the entry.
#[derive(Debug)]
pub struct Followed {
    tracker: Arc<ReadingTracker>,
    upload_id: String,
}

impl ReadingTracker {
    /// Enters an upload of so many bytes that is read from now on.
    pub fn follow(self: &Arc<Self>, upload_id: &str, total_bytes: u64, now: DateTime<Utc>) -> Followed {
        let standing =
            Standing { since: now, total_bytes, done_bytes: 0, file_bytes: 0, advance: Advance::default() };
        self.lock().insert(upload_id.to_owned(), standing);
        Followed { tracker: Arc::clone(self), upload_id: upload_id.to_owned() }
    }

    /// Returns how far an upload is; `None` where another server reads it.
    pub fn get(&self, upload_id: &str, now: DateTime<Utc>) -> Option<ReadingProgress> {
        self.lock().get(upload_id).map(|standing| standing.at(now))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Standing>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Standing {
    fn at(&self, now: DateTime<Utc>) -> ReadingProgress {
        let of_file = (self.file_bytes as f64 * self.advance.share()) as u64;
        let read_bytes = (self.done_bytes + of_file).min(self.total_bytes);
        let elapsed_seconds = u64::try_from((now - self.since).num_seconds()).unwrap_or(0);
        let left = (self.total_bytes - read_bytes) as f64;
        let known = read_bytes > 0 && elapsed_seconds >= PACE_SECONDS;
        let remaining_seconds =
            known.then(|| (elapsed_seconds as f64 * left / read_bytes as f64).ceil() as u64);
        ReadingProgress { read_bytes, total_bytes: self.total_bytes, elapsed_seconds, remaining_seconds }
    }
}

impl Followed {
    /// Begins the next file; returns what notes how far it is.
    pub fn next(&self, file_bytes: u64) -> Advance {
        let advance = Advance::default();
        if let Some(standing) = self.tracker.lock().get_mut(&self.upload_id) {
            standing.done_bytes += std::mem::replace(&mut standing.file_bytes, file_bytes);
            standing.advance = advance.clone();
        }
        advance
    }
}

impl Drop for Followed {
    fn drop(&mut self) {
        self.tracker.lock().remove(&self.upload_id);
    }
}

/// Returns how far the upload of a job is, if this server reads it.
pub fn reading_progress(ctx: &Context, job: &JobRecord) -> Option<ReadingProgress> {
    let ingest = job.ingest.as_ref().filter(|ingest| ingest.failure.is_none())?;
    ctx.reading_progress.get(&ingest.upload_id, ctx.clock.now())
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn files_count_one_after_the_other() {
        let tracker = Arc::new(ReadingTracker::default());
        let began = DateTime::<Utc>::UNIX_EPOCH;
        let after = |seconds| began + TimeDelta::seconds(seconds);
        let followed = tracker.follow("up_1", 300, began);
        assert_eq!(tracker.get("up_2", began), None);
        let first = followed.next(100);
        first.set(50, 200);
        let seen = tracker.get("up_1", after(5)).expect("followed");
        assert_eq!((seen.read_bytes, seen.total_bytes, seen.elapsed_seconds), (25, 300, 5));
        // 275 bytes at 5 a second
        assert_eq!(seen.remaining_seconds, Some(55));
        followed.next(200).set(400, 400);
        let seen = tracker.get("up_1", after(10)).expect("followed");
        assert_eq!((seen.read_bytes, seen.remaining_seconds), (300, Some(0)));
        drop(followed);
        assert_eq!(tracker.get("up_1", after(10)), None);
    }

    #[test]
    fn without_a_byte_or_a_pace_nothing_is_estimated() {
        let tracker = Arc::new(ReadingTracker::default());
        let began = DateTime::<Utc>::UNIX_EPOCH;
        let followed = tracker.follow("up_1", 100, began);
        let advance = followed.next(100);
        assert_eq!(
            tracker.get("up_1", began + TimeDelta::seconds(9)).and_then(|s| s.remaining_seconds),
            None
        );
        advance.set(1, 2);
        assert_eq!(tracker.get("up_1", began).and_then(|s| s.remaining_seconds), None);
    }
}
