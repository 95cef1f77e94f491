//! Scratch space on the local file system.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::copies::{Copies, CopyFolder};
use super::durable::{create_dir, open_no_follow, remove_tree, sync_dir};
use super::tree::{remove_folder, space_taken};
use super::{JobDirs, listed};
use crate::domain::ids::{JobId, TenantId};
use crate::ports::blob_store::{BlobStore, Shard};
use crate::ports::workspace::{Entry, ReadScratch, ScratchFacts, Workspace, WriteScratch};

/// Scratch space in the directories of jobs below a data directory.
#[derive(Clone)]
pub struct LocalWorkspace {
    dirs: JobDirs,
    /// Copies of blobs that are elsewhere; absent where the blobs themselves are below the data directory.
    copies: Option<Arc<Copies>>,
}

impl LocalWorkspace {
    /// Uses a data directory that exists.
    pub fn new(data_dir: PathBuf) -> Self {
        Self { dirs: JobDirs { data_dir }, copies: None }
    }

    /// Uses a data directory that exists, with blobs that are elsewhere: local copies of them are fetched, and kept
    /// until they take more than `most_bytes`.
    pub fn with_copies(data_dir: PathBuf, blobs: Arc<dyn BlobStore>, most_bytes: u64) -> Self {
        let copies = Copies::new(CopyFolder::below(&data_dir), blobs, most_bytes);
        Self { dirs: JobDirs { data_dir }, copies: Some(Arc::new(copies)) }
    }
}

impl WriteScratch for File {
    fn sync(&mut self) -> io::Result<()> {
        self.flush()?;
        self.sync_all()
    }
}

impl Workspace for LocalWorkspace {
    fn path(&self, tenant: &TenantId, job_id: &JobId, rel_path: &str) -> PathBuf {
        self.dirs.path(tenant, job_id, rel_path)
    }

    fn local_copy(
        &self,
        tenant: &TenantId,
        job_id: &JobId,
        rel_path: &str,
        sha256: &str,
    ) -> io::Result<PathBuf> {
        match &self.copies {
            None => Ok(self.dirs.path(tenant, job_id, rel_path)),
            Some(copies) => copies.fetch(tenant, job_id, rel_path, sha256),
        }
    }

    fn open_below(
        &self,
        tenant: &TenantId,
        job_id: &JobId,
        rel_path: &str,
    ) -> io::Result<(Box<dyn ReadScratch>, u64)> {
        let file = self.dirs.open(tenant, job_id, rel_path)?;
        let size_bytes = file.metadata()?.len();
        Ok((Box::new(file), size_bytes))
    }

    fn entries(&self, tenant: &TenantId, job_id: &JobId, rel_path: &str) -> io::Result<Vec<Entry>> {
        let mut found = entries(listed(&self.dirs.path(tenant, job_id, rel_path))?)?;
        // the service gives no other names
        found.retain(|entry| entry.is_text);
        Ok(found)
    }

    fn remove(&self, tenant: &TenantId, job_id: &JobId, rel_path: &str) -> io::Result<()> {
        let _span = tracing::debug_span!("files.remove").entered();
        if rel_path == "inputs" {
            self.remove_copies(tenant, job_id)?;
        } else if rel_path.starts_with("inputs/") {
            // another upload of the job, of the same bytes too, may be being read
            self.remove_unused_copies(tenant, job_id, &|_| false)?;
        }
        remove_tree(&self.dirs.path(tenant, job_id, rel_path))
    }

    fn next_shard(&self, after: Option<&str>) -> io::Result<Option<Shard>> {
        self.dirs.next_shard(after)
    }

    fn jobs_with_copies(&self) -> io::Result<Vec<(TenantId, JobId)>> {
        self.copies.as_ref().map_or_else(|| Ok(Vec::new()), |copies| copies.jobs())
    }

    fn remove_copies(&self, tenant: &TenantId, job_id: &JobId) -> io::Result<()> {
        self.copies.as_ref().map_or(Ok(()), |copies| copies.remove(tenant, job_id))
    }

    fn remove_unused_copies(
        &self,
        tenant: &TenantId,
        job_id: &JobId,
        keeps: &dyn Fn(&str) -> bool,
    ) -> io::Result<()> {
        self.copies.as_ref().map_or(Ok(()), |copies| copies.remove_unused(tenant, job_id, keeps))
    }

    fn create_dir(&self, dir: &Path) -> io::Result<()> {
        create_dir(dir)
    }

    fn create_new_dir(&self, dir: &Path) -> io::Result<()> {
        if let Some(parent) = dir.parent() {
            create_dir(parent)?;
        }
        fs::create_dir(dir)
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<Entry>> {
        entries(fs::read_dir(dir)?.collect::<io::Result<_>>()?)
    }

    fn remove_dir(&self, dir: &Path) -> io::Result<()> {
        remove_folder(dir)
    }

    fn create(&self, file: &Path) -> io::Result<Box<dyn WriteScratch>> {
        Ok(Box::new(File::create(file)?))
    }

    fn write(&self, file: &Path, bytes: &[u8]) -> io::Result<()> {
        fs::write(file, bytes)
    }

    fn open(&self, file: &Path) -> io::Result<Box<dyn ReadScratch>> {
        let file = open_no_follow(file)?;
        if !file.metadata()?.is_file() {
            return Err(io::ErrorKind::NotFound.into());
        }
        Ok(Box::new(file))
    }

    fn facts(&self, path: &Path) -> io::Result<ScratchFacts> {
        let facts = fs::symlink_metadata(path)?;
        let seconds = u64::try_from(facts.mtime()).unwrap_or(0);
        Ok(ScratchFacts {
            is_file: facts.is_file(),
            is_dir: facts.is_dir(),
            size_bytes: facts.len(),
            modified_ns: seconds * 1_000_000_000 + u64::try_from(facts.mtime_nsec()).unwrap_or(0),
        })
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        let facts = fs::symlink_metadata(from)?;
        if facts.is_file() && space_taken(facts.len(), facts.blocks()) > facts.len() {
            // blocks beyond the end would be kept as long as the second name
            return io::copy(&mut open_no_follow(from)?, &mut File::create_new(to)?).map(drop);
        }
        fs::hard_link(from, to)
    }

    fn remove_file(&self, file: &Path) -> io::Result<()> {
        fs::remove_file(file)
    }

    fn sync(&self, path: &Path) -> io::Result<()> {
        sync_dir(path)
    }
}

/// The name as text, with bytes that are no UTF-8 as `\xff`.
fn readable(name: &OsStr) -> String {
    let mut text = String::new();
    for chunk in name.as_bytes().utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|byte| format!("\\x{byte:02x}")));
    }
    text
}

/// Returns the entries with their facts.
fn entries(found: Vec<fs::DirEntry>) -> io::Result<Vec<Entry>> {
    let mut entries = Vec::with_capacity(found.len());
    for entry in found {
        let Ok(facts) = entry.metadata() else { continue };
        let changed_at = facts.modified().map(DateTime::<Utc>::from)?;
        let name = entry.file_name();
        let is_text = name.to_str().is_some();
        entries.push(Entry { name: readable(&name), is_text, is_dir: facts.is_dir(), changed_at });
    }
    Ok(entries)
}
