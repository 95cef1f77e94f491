//! Start of a worker: it looks for attempts of an earlier process and loads the queue.
//! Reads only running or queued jobs, a page at a time.

use std::sync::{Mutex, PoisonError};

use super::WorkerDeps;
use super::queue::Queue;
use crate::domain::ids::RunId;
use crate::domain::job::JobRecord;
use crate::ports::clock::Clock;
use crate::ports::runner::Adopted;
use crate::ports::store::{ReadError, Store, StoreExt};

/// Most queued jobs that are read at once.
const PAGE: usize = 1000;

/// Returns the attempts that were running when the last process ended.
///
/// # Errors
/// As the store's.
pub(super) async fn running(store: &dyn Store) -> Result<Vec<(JobRecord, RunId)>, ReadError> {
    let jobs = store.running().await?;
    Ok(jobs
        .into_iter()
        .filter_map(|job| job.running_run().map(|r| r.run_id.clone()).map(|id| (job, id)))
        .collect())
}

/// First part of the names of folders that probes of the engine work in.
pub(super) const PROBE: &str = "probe";

/// Ends the probes that an earlier process left under way and removes their folders. Blocks.
pub(super) fn clear_probes(deps: &WorkerDeps) {
    let Ok(entries) = deps.workspace.list(&deps.scratch_dir) else { return };
    for name in entries.into_iter().map(|entry| entry.name).filter(|name| name.starts_with(PROBE)) {
        let path = deps.scratch_dir.join(&name);
        let path = std::path::absolute(&path).unwrap_or(path);
        match deps.runner.adopt(&name, &path) {
            Ok(Adopted::Alive(handle)) => {
                handle.stop_for_host();
                handle.wait();
            }
            Ok(Adopted::Ended(_)) => {}
            Err(_) => {
                deps.runner.end(&name, &path);
            }
        }
        // What cannot be removed now is tried again by the next start.
        let _ = deps.workspace.remove_dir(&path);
    }
}

/// Loads the next page of the queue; returns where to continue, or `None` at its end.
///
/// # Errors
/// As the store's.
pub(super) async fn load_page(
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
