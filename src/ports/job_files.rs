//! The files of jobs (inputs, artifacts, run directories) as a port. Calls block: use them from a pool.

use std::fs::File;
use std::io;
use std::path::PathBuf;

use chrono::{DateTime, Utc};

use crate::domain::ids::{JobId, TenantId};

/// Size and hash of a file that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    pub size_bytes: u64,
    /// Lower-case hexadecimal SHA-256.
    pub sha256: String,
}

/// An entry of a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub name: String,
    pub is_dir: bool,
    pub changed_at: DateTime<Utc>,
}

/// The directories of jobs that lie together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shard {
    /// Its place in the order of shards.
    pub name: String,
    pub jobs: Vec<(TenantId, JobId)>,
}

/// Files below a job's directory. `rel_path` has passed [`crate::domain::artifact::safe_rel_path`].
pub trait JobFiles: Send + Sync {
    /// Returns the local path of a file or directory of a job; it need not exist.
    fn path(&self, tenant: &TenantId, job_id: &JobId, rel_path: &str) -> PathBuf;

    /// Writes a whole file durably: temporary file, fsync, rename, fsync of the directory.
    ///
    /// # Errors
    /// Any I/O error; the file is then as it was.
    fn put(&self, tenant: &TenantId, job_id: &JobId, rel_path: &str, bytes: &[u8]) -> io::Result<Written>;

    /// Makes an existing local file of the job (just written elsewhere below its directory) durable
    /// under `rel_path`: fsync, rename, fsync of the directory.
    ///
    /// # Errors
    /// Any I/O error.
    fn publish(
        &self,
        tenant: &TenantId,
        job_id: &JobId,
        from: &std::path::Path,
        rel_path: &str,
    ) -> io::Result<Written>;

    /// As [`JobFiles::publish`] for several files at once, which costs few waits for the disk. Files that
    /// are renamed onto another name of themselves keep both names.
    ///
    /// # Errors
    /// Any I/O error; some of the files may be published then.
    fn publish_all(
        &self,
        tenant: &TenantId,
        job_id: &JobId,
        files: &[(PathBuf, String)],
    ) -> io::Result<Vec<Written>>;

    /// Opens a file of a job for reading without following symbolic links out of the job's directory.
    ///
    /// # Errors
    /// `NotFound`, or any I/O error.
    fn open(&self, tenant: &TenantId, job_id: &JobId, rel_path: &str) -> io::Result<File>;

    /// Removes a file, or a directory with all that is in it; what is not there is removed already.
    /// Symbolic links are removed, not followed.
    ///
    /// # Errors
    /// Any I/O error; part of it may be removed then.
    fn remove(&self, tenant: &TenantId, job_id: &JobId, rel_path: &str) -> io::Result<()>;

    /// Removes the directories that older releases used for a job, with all that is in them.
    ///
    /// # Errors
    /// Any I/O error; part of it may be removed then.
    fn remove_older(&self, tenant: &TenantId, job_id: &JobId) -> io::Result<()>;

    /// Lists a directory of a job; one that is not there is empty.
    ///
    /// # Errors
    /// Any I/O error.
    fn entries(&self, tenant: &TenantId, job_id: &JobId, rel_path: &str) -> io::Result<Vec<Entry>>;

    /// Lists the directories of jobs by shards, in an order that stays: returns the next shard after one
    /// (the first without one) with its jobs, or `None` behind the last.
    ///
    /// # Errors
    /// Any I/O error.
    fn next_shard(&self, after: Option<&str>) -> io::Result<Option<Shard>>;

    /// Gives up the space that is held back for the ends of runs; true if there was some.
    fn make_room(&self) -> bool;

    /// Returns the free and total bytes of the volume.
    ///
    /// # Errors
    /// Any I/O error.
    fn free_bytes(&self) -> io::Result<(u64, u64)>;
}
