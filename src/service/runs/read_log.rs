//! Finds and reads the log of an attempt: in its working space while it runs, then among the artifacts.

use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::ops::Range;
use std::sync::Arc;

use crate::domain::error::Problem;
use crate::domain::ids::RunId;
use crate::domain::job::JobRecord;
use crate::domain::layout::{run_artifact, run_dir};
use crate::ports::blob_store::{BlobReader, is_unavailable};
use crate::service::inputs::receive_upload::io_problem;
use crate::service::shared::context::Context;

/// Location of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogPlace {
    /// In the working space of the attempt, where it may grow.
    Working,
    /// Among the artifacts: the attempt ended, and the log does not change.
    Published,
}

/// Finds the log where it is now, with its size; `None` before the first line.
///
/// # Errors
/// `DEPENDENCY_UNAVAILABLE` where the files cannot be reached; as the pool's.
pub async fn find_log(
    ctx: &Context,
    job: &JobRecord,
    run_id: &RunId,
) -> Result<Option<(LogPlace, u64)>, Problem> {
    let (published, working) = log_paths(run_id);
    let (blobs, workspace) = (Arc::clone(&ctx.blobs), Arc::clone(&ctx.workspace));
    let (tenant, job_id) = (job.tenant_id.clone(), job.job_id.clone());
    let find = move || -> io::Result<(LogPlace, u64)> {
        // The verdict moves the log from the working space to the artifacts.
        let published =
            || blobs.head(&tenant, &job_id, &published).map(|info| (LogPlace::Published, info.size_bytes));
        let working =
            || workspace.open_below(&tenant, &job_id, &working).map(|(_, size)| (LogPlace::Working, size));
        published().or_else(|_| working()).or_else(|_| published())
    };
    match ctx.pools.reads.run(find).await? {
        Ok(found) => Ok(Some(found)),
        Err(error) if is_unavailable(&error) => Err(io_problem(&error)),
        Err(_) => Ok(None),
    }
}

/// Reads a part of the log. One that was in the working space may have been published since.
///
/// # Errors
/// `INTERNAL_ERROR` where it cannot be read, `DEPENDENCY_UNAVAILABLE` where the files cannot be reached.
pub async fn read_log(
    ctx: &Context,
    job: &JobRecord,
    run_id: &RunId,
    place: LogPlace,
    range: Range<u64>,
) -> Result<BlobReader, Problem> {
    let (published, working) = log_paths(run_id);
    let (blobs, workspace) = (Arc::clone(&ctx.blobs), Arc::clone(&ctx.workspace));
    let (tenant, job_id) = (job.tenant_id.clone(), job.job_id.clone());
    let open = move || -> io::Result<BlobReader> {
        if place == LogPlace::Working
            && let Ok((mut file, _)) = workspace.open_below(&tenant, &job_id, &working)
        {
            file.seek(SeekFrom::Start(range.start))?;
            return Ok(Box::new(file.take(range.end.saturating_sub(range.start))));
        }
        blobs.get_range(&tenant, &job_id, &published, range)
    };
    ctx.pools.reads.run(open).await?.map_err(|error| io_problem(&error))
}

/// Returns the paths of a log: published, and in the working space.
fn log_paths(run_id: &RunId) -> (String, String) {
    (run_artifact(run_id, "main.log"), format!("{}/work/main.log", run_dir(run_id)))
}
