//! The files that records cite, as a port. A blob has a tenant, a job and a path below the job's directory.
//! Calls block: use them from a pool. An object store fits behind it; nothing here names a local path.

use std::io::{self, Read, Write};
use std::ops::Range;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::domain::ids::{JobId, TenantId};

/// Size and hash of a blob that was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    /// Size, in bytes.
    pub size_bytes: u64,
    /// Lower-case hexadecimal SHA-256.
    pub sha256: String,
}

/// Copies the rest of a reader and returns its size and SHA-256.
///
/// # Errors
/// Any I/O error of the two.
pub fn copy_hashing(
    reader: &mut (impl Read + ?Sized),
    out: &mut (impl Write + ?Sized),
) -> io::Result<Written> {
    let mut hasher = Sha256::new();
    // larger ones are no faster, and most files are small
    let mut buffer = [0; 32 * 1024];
    let mut size_bytes = 0;
    loop {
        let n = reader.read(&mut buffer)?;
        if n == 0 {
            return Ok(Written { size_bytes, sha256: hex::encode(hasher.finalize()) });
        }
        hasher.update(&buffer[..n]);
        out.write_all(&buffer[..n])?;
        size_bytes += n as u64;
    }
}

/// Size and age of a stored blob.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlobInfo {
    /// Path below the job's directory, with `/`.
    pub rel_path: String,
    /// Size, in bytes.
    pub size_bytes: u64,
    /// When the blob was stored (UTC).
    pub changed_at: DateTime<Utc>,
    /// The place's own tag of the bytes, where it has one.
    pub tag: Option<String>,
}

/// A file of the job's workspace that becomes a blob.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Promotion {
    /// Path of the file in the job's workspace.
    pub staged: String,
    /// Path of the blob.
    pub rel_path: String,
    /// Size and hash, where the writer of the file computed them; the file is then not read again.
    pub known: Option<Written>,
}

/// The bytes of a blob, in order.
pub type BlobReader = Box<dyn Read + Send>;

/// Jobs whose directories are listed together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shard {
    /// Its position in the order of shards.
    pub name: String,
    /// The jobs, each with its tenant; their order is fixed.
    pub jobs: Vec<(TenantId, JobId)>,
}

/// Why the place of the blobs does not answer now. Callers find it in an I/O error by [`is_unavailable`].
#[derive(Debug, thiserror::Error)]
#[error("the files cannot be reached: {0}")]
struct Unavailable(String);

/// Returns the error of a call that the place of the blobs did not answer, as opposed to "not found". The reason is
/// for logs and holds no secret.
pub fn unavailable(reason: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::NotConnected, Unavailable(reason.into()))
}

/// Returns true if the place of the blobs did not answer: the same call may succeed later.
pub fn is_unavailable(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|inner| inner.is::<Unavailable>())
}

/// Result of the last trial of a place that is not the data directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trial {
    /// Name of the place and what was found, or the reason of the failure.
    pub found: Result<String, String>,
    /// The trial showed that a put with `If-None-Match` is refused where the object exists.
    pub conditional: bool,
}

/// A request that a client sends to the place of the blobs itself, without the service in between.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DirectRequest {
    /// Reads a blob; the response has this media type and disposition.
    Get {
        /// Media type of the response.
        media_type: String,
        /// Value of `Content-Disposition`.
        disposition: String,
    },
    /// Writes a file of exactly so many bytes, replacing one of that path.
    Put {
        /// Size, in bytes.
        size_bytes: u64,
    },
}

/// Blobs by tenant, job and path. A path has passed [`crate::domain::artifact::safe_rel_path`].
///
/// A blob is immutable: `put` refuses a path that exists. Writers therefore choose paths that are unique to the
/// commit that cites them.
///
/// A place that does not answer is an error for which [`is_unavailable`] is true, in every call; it is never
/// `NotFound`.
pub trait BlobStore: Send + Sync {
    /// Stores a new blob durably. It is visible with all its bytes or not at all.
    ///
    /// # Errors
    /// `AlreadyExists` if the path is taken, any error of `source`, any I/O error. No blob is left then.
    fn put(
        &self,
        tenant: &TenantId,
        job_id: &JobId,
        rel_path: &str,
        source: &mut dyn Read,
    ) -> io::Result<Written>;

    /// Makes files of the job's workspace durable blobs, several in one step. The files are moved: they may be
    /// absent from the workspace afterwards.
    ///
    /// A blob of the same path is replaced, so that an attempt can repeat a promotion that a crash interrupted.
    /// Only the owner of a path may promote to it.
    ///
    /// # Errors
    /// Any I/O error; some of the files may be blobs then, but each is in the workspace still.
    fn promote(&self, tenant: &TenantId, job_id: &JobId, files: &[Promotion]) -> io::Result<Vec<Written>>;

    /// Reads a blob from its first byte.
    ///
    /// # Errors
    /// `NotFound`, or any I/O error.
    fn get(&self, tenant: &TenantId, job_id: &JobId, rel_path: &str) -> io::Result<BlobReader>;

    /// Reads a part of a blob. A range that ends beyond the last byte ends with it.
    ///
    /// # Errors
    /// `NotFound`, or any I/O error.
    fn get_range(
        &self,
        tenant: &TenantId,
        job_id: &JobId,
        rel_path: &str,
        range: Range<u64>,
    ) -> io::Result<BlobReader>;

    /// Returns size and age of a blob.
    ///
    /// # Errors
    /// `NotFound`, or any I/O error.
    fn head(&self, tenant: &TenantId, job_id: &JobId, rel_path: &str) -> io::Result<BlobInfo>;

    /// Lists the blobs below a directory, at any depth, by path; none if there is no such directory.
    ///
    /// # Errors
    /// Any I/O error.
    fn list(&self, tenant: &TenantId, job_id: &JobId, dir: &str) -> io::Result<Vec<BlobInfo>>;

    /// Deletes a blob, or all blobs below a directory. Deleting what does not exist succeeds.
    ///
    /// # Errors
    /// Any I/O error; some of the blobs may be deleted then.
    fn delete(&self, tenant: &TenantId, job_id: &JobId, rel_path: &str) -> io::Result<()>;

    /// Lists jobs that have files, one shard per call in a fixed order: the shard after `after`, the first one
    /// without it, `None` after the last.
    ///
    /// # Errors
    /// Any I/O error.
    fn next_shard(&self, after: Option<&str>) -> io::Result<Option<Shard>>;

    /// Returns a URL with which a client does one request on a path for some time, without a credential; `None` where
    /// the place takes no requests of clients.
    ///
    /// # Errors
    /// Any I/O error.
    fn direct_url(
        &self,
        tenant: &TenantId,
        job_id: &JobId,
        rel_path: &str,
        request: &DirectRequest,
        ttl: Duration,
    ) -> io::Result<Option<String>> {
        let _ = (tenant, job_id, rel_path, request, ttl);
        Ok(None)
    }

    /// Returns how many reads at once end sooner than one after the other: more than one where each waits for a network.
    fn reads_at_once(&self) -> usize {
        1
    }

    /// Returns the result of the last trial; `None` where the blobs are in the data directory, which has own checks.
    /// Does not block.
    fn last_trial(&self) -> Option<Trial> {
        None
    }
}
