//! Local copies of blobs that are elsewhere, for readers that need a path: by tenant, job and SHA-256, so that a copy
//! never goes stale and is removed with its job.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use rustix::fs::{Timespec, Timestamps, UTIME_NOW, futimens};

use super::durable::{remove_tree, temporary_beside};
use super::{is_absent, listed, names};
use crate::domain::ids::{JobId, TenantId};
use crate::ports::blob_store::{BlobStore, copy_hashing};

/// A copy that was handed out so recently may be about to be opened; it is not removed.
const IN_USE: Duration = Duration::from_secs(600);

/// The folder of copies below a data directory.
#[derive(Debug, Clone)]
pub(in crate::adapters) struct CopyFolder {
    root: PathBuf,
}

impl CopyFolder {
    /// Names the folder; it need not exist.
    pub(in crate::adapters) fn below(data_dir: &Path) -> Self {
        Self { root: data_dir.join("copies") }
    }

    fn of_job(&self, tenant: &TenantId, job_id: &JobId) -> PathBuf {
        self.root.join(tenant.as_str()).join(job_id.as_str())
    }

    /// Takes over a file whose bytes have this hash and are durable elsewhere.
    ///
    /// # Errors
    /// Any I/O error.
    pub(in crate::adapters) fn adopt(
        &self,
        tenant: &TenantId,
        job_id: &JobId,
        sha256: &str,
        file: &Path,
    ) -> io::Result<()> {
        let folder = self.of_job(tenant, job_id);
        fs::create_dir_all(&folder)?;
        // a copy that a power loss cut short would be handed out as whole
        File::open(file)?.sync_all()?;
        fs::rename(file, folder.join(sha256))
    }
}

/// Fetches blobs into the folder and bounds it.
pub(super) struct Copies {
    folder: CopyFolder,
    blobs: Arc<dyn BlobStore>,
    most_bytes: u64,
    /// One removal of old copies at a time.
    tidying: Mutex<()>,
}

impl Copies {
    /// Copies of these blobs.
    pub(super) fn new(folder: CopyFolder, blobs: Arc<dyn BlobStore>, most_bytes: u64) -> Self {
        Self { folder, blobs, most_bytes, tidying: Mutex::default() }
    }

    /// Returns the path of a copy, which is fetched and compared with its hash if it is not there.
    ///
    /// # Errors
    /// `InvalidData` for other bytes than those of the hash; any error of the blob store or the volume.
    pub(super) fn fetch(
        &self,
        tenant: &TenantId,
        job_id: &JobId,
        rel_path: &str,
        sha256: &str,
    ) -> io::Result<PathBuf> {
        let folder = self.folder.of_job(tenant, job_id);
        let copy = folder.join(sha256);
        if let Ok(file) = File::open(&copy) {
            // the time says when it was used last
            let now = Timespec { tv_sec: 0, tv_nsec: UTIME_NOW };
            let _ = futimens(&file, &Timestamps { last_access: now, last_modification: now });
            return Ok(copy);
        }
        let _span = tracing::debug_span!("files.copy").entered();
        let mut source = self.blobs.get(tenant, job_id, rel_path)?;
        fs::create_dir_all(&folder)?;
        let temporary = temporary_beside(&copy);
        let written = File::create(&temporary).and_then(|mut file| {
            let written = copy_hashing(&mut source, &mut file)?;
            file.sync_all()?;
            Ok(written)
        });
        let kept = written.and_then(|written| {
            if written.sha256 != sha256 {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "a blob differs from its hash"));
            }
            fs::rename(&temporary, &copy)
        });
        if let Err(error) = kept {
            let _ = fs::remove_file(&temporary);
            return Err(error);
        }
        self.tidy();
        Ok(copy)
    }

    /// Lists the jobs that have a folder of copies.
    ///
    /// # Errors
    /// Any I/O error.
    pub(super) fn jobs(&self) -> io::Result<Vec<(TenantId, JobId)>> {
        let mut jobs = Vec::new();
        for tenant in names(&self.folder.root)? {
            let Ok(id) = TenantId::parse(tenant.as_str()) else { continue };
            let found = names(&self.folder.root.join(&tenant))?.into_iter();
            jobs.extend(found.filter_map(|job| Some((id.clone(), JobId::parse(job).ok()?))));
        }
        Ok(jobs)
    }

    /// Removes the copies of a job.
    ///
    /// # Errors
    /// Any I/O error.
    pub(super) fn remove(&self, tenant: &TenantId, job_id: &JobId) -> io::Result<()> {
        remove_tree(&self.folder.of_job(tenant, job_id))
    }

    /// Removes the copies of a job that are not in use, but those whose hash is to be kept. The folder stays, which an upload may
    /// be about to put one into.
    ///
    /// # Errors
    /// Any I/O error.
    pub(super) fn remove_unused(
        &self,
        tenant: &TenantId,
        job_id: &JobId,
        keeps: &dyn Fn(&str) -> bool,
    ) -> io::Result<()> {
        for copy in listed(&self.folder.of_job(tenant, job_id))? {
            let is_in_use = copy.metadata()?.modified()?.elapsed().is_ok_and(|age| age < IN_USE);
            if !is_in_use && !copy.file_name().to_str().is_some_and(keeps) {
                fs::remove_file(copy.path())?;
            }
        }
        Ok(())
    }

    /// Removes the copies that were not used for longest until the rest is within the bound.
    fn tidy(&self) {
        let _one = self.tidying.lock().unwrap_or_else(PoisonError::into_inner);
        let mut found = match copies_below(&self.folder.root) {
            Ok(found) => found,
            Err(error) => {
                return tracing::warn!(event = "SS_DATA_IO_FAILED", %error, "local copies cannot be listed");
            }
        };
        found.sort_unstable();
        let mut total: u64 = found.iter().map(|(_, size, _)| size).sum();
        for (used_at, size, path) in found {
            let is_in_use = used_at.elapsed().is_ok_and(|age| age < IN_USE);
            if total <= self.most_bytes || is_in_use {
                return;
            }
            if fs::remove_file(&path).is_ok() {
                total -= size;
            }
        }
    }
}

/// Lists copies with the time of their last use and their size, in bytes.
fn copies_below(root: &Path) -> io::Result<Vec<(SystemTime, u64, PathBuf)>> {
    let mut found = Vec::new();
    for tenant in listed(root)? {
        for job in listed(&tenant.path())? {
            for copy in listed(&job.path())? {
                let facts = match copy.metadata() {
                    Err(error) if is_absent(&error) => continue,
                    facts => facts?,
                };
                found.push((facts.modified()?, facts.len(), copy.path()));
            }
        }
    }
    Ok(found)
}
