//! Start of a worker: it looks for attempts of an earlier process.

use super::WorkerDeps;
use crate::domain::ids::RunId;
use crate::domain::job::JobRecord;
use crate::ports::runner::Adopted;
use crate::ports::store::{ReadError, StoreExt};

/// Returns the attempts that were running when the last process ended. Where several servers share the store only
/// those that this server holds: the engines of all others run elsewhere.
///
/// # Errors
/// As the store's.
pub(super) async fn running(deps: &WorkerDeps) -> Result<Vec<(JobRecord, RunId)>, ReadError> {
    let held = match &deps.cluster {
        Some(cluster) => Some(cluster.held().await?),
        None => None,
    };
    let jobs = deps.store.running().await?;
    Ok(jobs
        .into_iter()
        .filter_map(|job| job.running_run().map(|r| r.run_id.clone()).map(|id| (job, id)))
        .filter(|(_, id)| held.as_ref().is_none_or(|held| held.contains(id)))
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
