//! Local scratch space as a port: uploads in flight, ingest, run directories, staging. Engines and table
//! readers need local paths, so this port hands them out. What a record cites is a blob
//! ([`super::blob_store`]). Calls block: use them from a pool.

use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};

use super::blob_store::Shard;
use crate::domain::ids::{JobId, TenantId};

/// An entry of a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Last component of the path. Bytes that are no UTF-8 are written as `\xff`: such a name opens nothing.
    pub name: String,
    /// True if the name is UTF-8.
    pub is_text: bool,
    /// True for a directory; false for a symbolic link to one.
    pub is_dir: bool,
    /// Time of the last change of the content (UTC).
    pub changed_at: DateTime<Utc>,
}

/// Facts of a file or directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScratchFacts {
    /// True for a regular file.
    pub is_file: bool,
    /// True for a directory; a symbolic link is neither.
    pub is_dir: bool,
    /// Size, in bytes; without meaning for a directory.
    pub size_bytes: u64,
    /// Time of the last change in nanoseconds since 1970, by the clock that stamps files.
    pub modified_ns: u64,
}

/// An open file for reading.
pub trait ReadScratch: Read + Seek + Send {}

impl<T: Read + Seek + Send> ReadScratch for T {}

/// An open file for writing.
pub trait WriteScratch: Write + Send {
    /// Makes the written bytes durable.
    ///
    /// # Errors
    /// Any I/O error.
    fn sync(&mut self) -> io::Result<()>;
}

/// Scratch space of jobs, with the operations on the paths that it hands out. No operation follows a symbolic
/// link in the last component, since engines can leave links in their directories.
pub trait Workspace: Send + Sync {
    /// Returns the local path of a file or directory of a job's scratch space; it need not exist.
    fn path(&self, tenant: &TenantId, job_id: &JobId, rel_path: &str) -> PathBuf;

    /// Returns the path of a local copy of a blob, to be read only. A copy that is fetched has the SHA-256 `sha256`,
    /// in lower-case hexadecimal digits.
    ///
    /// # Errors
    /// `NotFound`, `InvalidData` where the fetched bytes have another hash, or any I/O error of fetching them.
    fn local_copy(
        &self,
        tenant: &TenantId,
        job_id: &JobId,
        rel_path: &str,
        sha256: &str,
    ) -> io::Result<PathBuf>;

    /// Opens a file of a job's scratch space, with its size. No symbolic link is followed anywhere in the path.
    ///
    /// # Errors
    /// `NotFound`, or any I/O error.
    fn open_below(
        &self,
        tenant: &TenantId,
        job_id: &JobId,
        rel_path: &str,
    ) -> io::Result<(Box<dyn ReadScratch>, u64)>;

    /// Lists a directory of a job; one that does not exist is empty.
    ///
    /// # Errors
    /// Any I/O error.
    fn entries(&self, tenant: &TenantId, job_id: &JobId, rel_path: &str) -> io::Result<Vec<Entry>>;

    /// Removes a file, or a directory with its contents. Removing what does not exist succeeds.
    ///
    /// # Errors
    /// Any I/O error; part of it may be removed then.
    fn remove(&self, tenant: &TenantId, job_id: &JobId, rel_path: &str) -> io::Result<()>;

    /// Lists the jobs with scratch files of the shard after `after`, in the order of
    /// [`BlobStore::next_shard`](super::blob_store::BlobStore::next_shard); `None` after the last one.
    ///
    /// # Errors
    /// Any I/O error.
    fn next_shard(&self, after: Option<&str>) -> io::Result<Option<Shard>>;

    /// Lists the jobs of which there are copies of blobs; none where the blobs themselves are local.
    ///
    /// # Errors
    /// Any I/O error.
    fn jobs_with_copies(&self) -> io::Result<Vec<(TenantId, JobId)>>;

    /// Removes the copies of a job's blobs; what is needed again is fetched again.
    ///
    /// # Errors
    /// Any I/O error; part of them may be removed then.
    fn remove_copies(&self, tenant: &TenantId, job_id: &JobId) -> io::Result<()>;

    /// Removes those of them that were not used for a while, but those whose SHA-256 is to be kept: an upload that is being read
    /// makes and uses some.
    ///
    /// # Errors
    /// Any I/O error; part of them may be removed then.
    fn remove_unused_copies(
        &self,
        tenant: &TenantId,
        job_id: &JobId,
        keeps: &dyn Fn(&str) -> bool,
    ) -> io::Result<()>;

    /// Creates a directory and its parents.
    ///
    /// # Errors
    /// Any I/O error.
    fn create_dir(&self, dir: &Path) -> io::Result<()>;

    /// Creates a directory that must not exist yet, and its parents.
    ///
    /// # Errors
    /// `AlreadyExists`, or any I/O error.
    fn create_new_dir(&self, dir: &Path) -> io::Result<()>;

    /// Lists a directory.
    ///
    /// # Errors
    /// `NotFound`, or any I/O error.
    fn list(&self, dir: &Path) -> io::Result<Vec<Entry>>;

    /// Removes a directory with its contents.
    ///
    /// # Errors
    /// `NotFound`, or any I/O error.
    fn remove_dir(&self, dir: &Path) -> io::Result<()>;

    /// Creates a file for writing; an existing one is truncated.
    ///
    /// # Errors
    /// Any I/O error.
    fn create(&self, file: &Path) -> io::Result<Box<dyn WriteScratch>>;

    /// Writes a file with all its bytes.
    ///
    /// # Errors
    /// Any I/O error.
    fn write(&self, file: &Path, bytes: &[u8]) -> io::Result<()>;

    /// Opens a regular file for reading.
    ///
    /// # Errors
    /// `NotFound`, also for what is no regular file; any I/O error.
    fn open(&self, file: &Path) -> io::Result<Box<dyn ReadScratch>>;

    /// Reads all bytes of a regular file.
    ///
    /// # Errors
    /// As [`Workspace::open`].
    fn read(&self, file: &Path) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.open(file)?.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Returns facts of a file or directory.
    ///
    /// # Errors
    /// `NotFound`, or any I/O error.
    fn facts(&self, path: &Path) -> io::Result<ScratchFacts>;

    /// Gives a file or directory a new name; a file of that name is replaced.
    ///
    /// # Errors
    /// Any I/O error.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Gives a file a second name, or copies it.
    ///
    /// # Errors
    /// Any I/O error.
    fn link(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file.
    ///
    /// # Errors
    /// `NotFound`, or any I/O error.
    fn remove_file(&self, file: &Path) -> io::Result<()>;

    /// Makes the contents of a file, or the entries of a directory, durable.
    ///
    /// # Errors
    /// Any I/O error.
    fn sync(&self, path: &Path) -> io::Result<()>;
}
