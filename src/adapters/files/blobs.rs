//! Blobs on the local file system.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use rustix::fs::{CWD, RenameFlags};
use rustix::io::Errno;
use tracing::field::Empty;

use super::durable::{
    create_dir_durably, create_dir_noting, remove_tree, sync_and_hash, sync_dir, temporary_beside,
};
use super::{JobDirs, listed};
use crate::domain::ids::{JobId, TenantId};
use crate::ports::blob_store::{BlobInfo, BlobReader, BlobStore, Promotion, Shard, Written, copy_hashing};

/// Keeps blobs below a data directory.
#[derive(Debug, Clone)]
pub struct LocalBlobStore {
    dirs: JobDirs,
}

impl LocalBlobStore {
    /// Uses a data directory that exists.
    pub fn new(data_dir: PathBuf) -> Self {
        Self { dirs: JobDirs { data_dir } }
    }
}

impl BlobStore for LocalBlobStore {
    fn put(
        &self,
        tenant: &TenantId,
        job_id: &JobId,
        rel_path: &str,
        source: &mut dyn Read,
    ) -> io::Result<Written> {
        let span = tracing::debug_span!("files.put", ss.files = 1, ss.bytes = Empty).entered();
        let target = self.dirs.path(tenant, job_id, rel_path);
        let dir = target.parent().expect("a relative path below a job has a parent");
        create_dir_durably(dir)?;
        let temporary = temporary_beside(&target);
        let written = write_new(&temporary, &target, source).inspect_err(|_| {
            // nothing is visible under the blob's path
            let _ = fs::remove_file(&temporary);
        })?;
        span.record("ss.bytes", written.size_bytes);
        sync_dir(dir)?;
        Ok(written)
    }

    fn promote(&self, tenant: &TenantId, job_id: &JobId, files: &[Promotion]) -> io::Result<Vec<Written>> {
        let span = tracing::debug_span!("files.publish", ss.files = files.len(), ss.bytes = Empty).entered();
        let place = |rel_path: &String| self.dirs.path(tenant, job_id, rel_path);
        let mut dirs = BTreeSet::new();
        let mut moved: Vec<(PathBuf, PathBuf)> = Vec::with_capacity(files.len());
        // nothing cites the new names yet, so that files and names may become durable together
        let written = files.iter().try_for_each(|file| {
            let (from, target) = (place(&file.staged), place(&file.rel_path));
            let dir = target.parent().expect("a relative path below a job has a parent");
            create_dir_noting(dir, &mut dirs)?;
            fs::rename(&from, &target)?;
            dirs.insert(dir.to_owned());
            moved.push((from, target));
            Ok(())
        });
        let written = written.and_then(|()| {
            let targets = moved.iter().map(|(_, target)| target.clone());
            let known = files.iter().map(|file| file.known.clone());
            sync_and_hash(&targets.zip(known).collect::<Vec<_>>(), &dirs)
        });
        let written = written.inspect_err(|_| {
            // what is not published stays with its writer
            for (from, target) in &moved {
                let _ = fs::rename(target, from);
            }
        })?;
        span.record("ss.bytes", written.iter().map(|file| file.size_bytes).sum::<u64>());
        Ok(written)
    }

    fn get(&self, tenant: &TenantId, job_id: &JobId, rel_path: &str) -> io::Result<BlobReader> {
        let _span = tracing::debug_span!("files.open", ss.files = 1).entered();
        Ok(Box::new(self.dirs.open(tenant, job_id, rel_path)?))
    }

    fn get_range(
        &self,
        tenant: &TenantId,
        job_id: &JobId,
        rel_path: &str,
        range: Range<u64>,
    ) -> io::Result<BlobReader> {
        let _span = tracing::debug_span!("files.open", ss.files = 1).entered();
        let mut file = self.dirs.open(tenant, job_id, rel_path)?;
        file.seek(SeekFrom::Start(range.start))?;
        Ok(Box::new(file.take(range.end.saturating_sub(range.start))))
    }

    fn head(&self, tenant: &TenantId, job_id: &JobId, rel_path: &str) -> io::Result<BlobInfo> {
        let facts = self.dirs.open(tenant, job_id, rel_path)?.metadata()?;
        info(rel_path.to_owned(), &facts)
    }

    fn list(&self, tenant: &TenantId, job_id: &JobId, dir: &str) -> io::Result<Vec<BlobInfo>> {
        let mut found = Vec::new();
        let mut open = vec![dir.trim_end_matches('/').to_owned()];
        while let Some(rel) = open.pop() {
            for entry in listed(&self.dirs.path(tenant, job_id, &rel))? {
                let (Ok(name), Ok(facts)) = (entry.file_name().into_string(), entry.metadata()) else {
                    continue;
                };
                let path = if rel.is_empty() { name.clone() } else { format!("{rel}/{name}") };
                if facts.is_dir() {
                    open.push(path);
                } else if facts.is_file() && !name.starts_with('.') {
                    found.push(info(path, &facts)?);
                }
            }
        }
        found.sort_by(|a, b| a.rel_path.cmp(&b.rel_path));
        Ok(found)
    }

    fn delete(&self, tenant: &TenantId, job_id: &JobId, rel_path: &str) -> io::Result<()> {
        let _span = tracing::debug_span!("files.remove").entered();
        remove_tree(&self.dirs.path(tenant, job_id, rel_path))
    }

    fn next_shard(&self, after: Option<&str>) -> io::Result<Option<Shard>> {
        self.dirs.next_shard(after)
    }
}

/// Writes a temporary file durably and gives it a name that must be free.
fn write_new(temporary: &Path, target: &Path, source: &mut dyn Read) -> io::Result<Written> {
    let mut file = File::create(temporary)?;
    let written = copy_hashing(source, &mut file)?;
    file.sync_all()?;
    rename_to_new(temporary, target)?;
    Ok(written)
}

/// Gives a file a name that must be free, in one step where the file system can (renameat2(2)).
fn rename_to_new(from: &Path, to: &Path) -> io::Result<()> {
    match rustix::fs::renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        Err(Errno::INVAL | Errno::NOSYS) => {
            // a second name fails if the target exists, too
            fs::hard_link(from, to)?;
            fs::remove_file(from)
        }
        renamed => Ok(renamed?),
    }
}

fn info(rel_path: String, facts: &fs::Metadata) -> io::Result<BlobInfo> {
    let changed_at = facts.modified().map(DateTime::<Utc>::from)?;
    Ok(BlobInfo { rel_path, size_bytes: facts.len(), changed_at, tag: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_symbolic_link_does_not_lead_out_of_the_job() {
        let dir = tempfile::tempdir().expect("a directory");
        let blobs = LocalBlobStore::new(dir.path().to_owned());
        let (tenant, job) = (TenantId::default_tenant(), JobId::parse("j1").expect("valid"));
        blobs.put(&tenant, &job, "artifacts/a.txt", &mut &b"hello"[..]).expect("written");
        let root = blobs.dirs.path(&tenant, &job, "artifacts");
        std::os::unix::fs::symlink("/etc/passwd", root.join("leak")).expect("linked");
        assert!(blobs.get(&tenant, &job, "artifacts/leak").is_err());
        assert!(blobs.get(&tenant, &job, "artifacts").is_err());
        assert_eq!(blobs.list(&tenant, &job, "artifacts").expect("listed").len(), 1);
    }
}
