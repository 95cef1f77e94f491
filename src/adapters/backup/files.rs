//! Which files of a job belong into a backup: what its record names, and other files kept with it.

use std::collections::BTreeMap;
use std::io;

use super::manifest::Content;
use crate::domain::artifact::safe_rel_path;
use crate::domain::job::JobRecord;
use crate::ports::blob_store::BlobStore;

/// Folders of a job that hold stored files.
const FOLDERS: [&str; 2] = ["artifacts", "inputs"];

/// Returns what the record says of the files in its directory; nothing of a job whose content was removed.
pub(super) fn named(job: &JobRecord) -> BTreeMap<String, Content> {
    job.kept_artifacts()
        .filter(|artifact| *job.holder_of(artifact.stored_path()) == job.job_id)
        .filter(|artifact| safe_rel_path(artifact.stored_path()).is_some())
        .map(|a| (a.stored_path().to_owned(), Content { size_bytes: a.size_bytes, sha256: a.sha256.clone() }))
        .collect()
}

/// Returns the stored files of a job, without temporary ones.
///
/// # Errors
/// Any I/O error.
pub(super) fn found(blobs: &dyn BlobStore, job: &JobRecord) -> io::Result<Vec<String>> {
    let mut files = Vec::new();
    for folder in FOLDERS {
        let listed = blobs.list(&job.tenant_id, &job.job_id, folder)?;
        files.extend(listed.into_iter().map(|info| info.rel_path).filter(|path| !is_temporary(path)));
    }
    files.sort();
    Ok(files)
}

fn is_temporary(path: &str) -> bool {
    path.split('/').any(|part| part.starts_with('.'))
}
