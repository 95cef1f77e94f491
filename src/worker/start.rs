//! What a worker does at its start: it looks for attempts of an earlier process and loads the queue.
//! Reads only what is running or queued, a page at a time.

use std::sync::{Mutex, PoisonError};

use super::queue::Queue;
use crate::domain::ids::RunId;
use crate::domain::job::JobRecord;
use crate::ports::clock::Clock;
use crate::ports::store::{ReadError, Store};

/// Most queued jobs that are read at once.
const PAGE: usize = 1000;

/// Returns the attempts that were running when the last process ended.
///
/// # Errors
/// As the store's.
pub async fn running(store: &dyn Store) -> Result<Vec<(JobRecord, RunId)>, ReadError> {
    let jobs = store.running().await?;
    Ok(jobs
        .into_iter()
        .filter_map(|job| job.running_run().map(|r| r.run_id.clone()).map(|id| (job, id)))
        .collect())
}

/// Loads the next page of the queue; returns where to go on, or `None` at its end.
///
/// # Errors
/// As the store's.
pub async fn load_page(
    store: &dyn Store,
    clock: &dyn Clock,
    after: u64,
    queue: &Mutex<Queue>,
) -> Result<Option<u64>, ReadError> {
    let page = store.queued(after, PAGE).await?;
    let last = page.last().map(|job| job.queue_seq);
    let whole = page.len() == PAGE;
    let now = clock.now();
    let mut queue = queue.lock().unwrap_or_else(PoisonError::into_inner);
    for job in page {
        queue.put((job.tenant, job.job_id), job.queue_seq, job.ready_at, now);
    }
    Ok(last.filter(|_| whole))
}
