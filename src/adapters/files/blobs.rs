//! Blobs on the local file system.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use rustix::fs::{CWD, RenameFlags};
use rustix::io::Errno;
use tracing::field::Empty;

use super::durable::{
    create_dir_durably, create_dir_noting, open_no_follow, remove_tree, sync_and_hash, sync_dir,
    temporary_beside,
};
use super::journal::{Journal, KeptFile, MOST_BYTES};
use super::{JobDirs, listed, parent};
use crate::domain::canonical::sha256_hex;
use crate::domain::ids::{JobId, TenantId};
use crate::ports::blob_store::{BlobInfo, BlobReader, BlobStore, Promotion, Shard, Written, copy_hashing};

/// Keeps blobs below a data directory.
#[derive(Debug, Clone)]
pub struct LocalBlobStore {
    dirs: JobDirs,
    /// Where small blobs become durable first.
    pub(super) journal: Option<Arc<Journal>>,
}

impl LocalBlobStore {
    /// Uses a data directory that exists.
    pub fn new(data_dir: PathBuf) -> Self {
        Self { dirs: JobDirs { data_dir }, journal: None }
    }

    /// Uses a data directory whose lock this process has, and its journal of files.
    ///
    /// # Errors
    /// Any I/O error.
    pub fn with_journal(data_dir: PathBuf) -> io::Result<Self> {
        let journal = Some(Arc::new(Journal::open(&data_dir)?));
        Ok(Self { dirs: JobDirs { data_dir }, journal })
    }

    /// Stores a new blob that the journal may take.
    fn put_small(&self, file: KeptFile) -> io::Result<Written> {
        let target = self.dirs.path(&file.tenant, &file.job_id, &file.rel_path);
        let dir = parent(&target);
        let mut dirs = BTreeSet::from([dir.to_owned()]);
        create_dir_noting(dir, &mut dirs)?;
        with_new_name(&target, |temporary| fs::write(temporary, &file.bytes))?;
        let written = written_of(&file.bytes);
        let kept =
            self.journal.as_ref().is_some_and(|journal| journal.keep(std::slice::from_ref(&file), &dirs));
        if !kept {
            let synced = sync_and_hash(&[(target.clone(), Some(written.clone()))], &dirs);
            synced.inspect_err(|_| _ = fs::remove_file(&target))?;
        }
        Ok(written)
    }

    /// Makes blobs durable that have their names, with the directories whose entries are new; returns what is in them.
    fn make_durable(
        &self,
        (tenant, job_id): (&TenantId, &JobId),
        files: &[Promotion],
        moved: &[(PathBuf, PathBuf)],
        dirs: &BTreeSet<PathBuf>,
    ) -> io::Result<Vec<Written>> {
        let targets: Vec<&PathBuf> = moved.iter().map(|(_, target)| target).collect();
        if let Some(journal) = &self.journal
            && let Some(contents) = small_files(&targets)?
        {
            let kept = |(file, bytes): (&Promotion, Vec<u8>)| KeptFile {
                tenant: tenant.clone(),
                job_id: job_id.clone(),
                rel_path: file.rel_path.clone(),
                bytes,
            };
            let kept: Vec<KeptFile> = files.iter().zip(contents).map(kept).collect();
            if journal.keep(&kept, dirs) {
                let hashed = |(file, kept): (&Promotion, &KeptFile)| {
                    file.known.clone().unwrap_or_else(|| written_of(&kept.bytes))
                };
                return Ok(files.iter().zip(&kept).map(hashed).collect());
            }
        }
        let known = files.iter().map(|file| file.known.clone());
        sync_and_hash(&targets.into_iter().cloned().zip(known).collect::<Vec<_>>(), dirs)
    }

    /// Has what waits in the journal at a path or below it synced in its place.
    fn settle_below(&self, path: &Path) -> io::Result<()> {
        self.journal.iter().try_for_each(|journal| journal.settle_below(path))
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
        let mut start = Vec::new();
        if self.journal.is_some() {
            (&mut *source).take(MOST_BYTES + 1).read_to_end(&mut start)?;
        }
        let written = if self.journal.is_some() && start.len() as u64 <= MOST_BYTES {
            let (tenant, job_id, rel_path) = (tenant.clone(), job_id.clone(), rel_path.to_owned());
            self.put_small(KeptFile { tenant, job_id, rel_path, bytes: start })?
        } else {
            let target = self.dirs.path(tenant, job_id, rel_path);
            put_synced(&target, &mut io::Cursor::new(start).chain(source))?
        };
        span.record("ss.bytes", written.size_bytes);
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
            let dir = parent(&target);
            create_dir_noting(dir, &mut dirs)?;
            self.settle_below(&target)?;
            fs::rename(&from, &target)?;
            dirs.insert(dir.to_owned());
            moved.push((from, target));
            Ok(())
        });
        let written = written.and_then(|()| self.make_durable((tenant, job_id), files, &moved, &dirs));
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
        let path = self.dirs.path(tenant, job_id, rel_path);
        self.settle_below(&path)?;
        remove_tree(&path)
    }

    fn next_shard(&self, after: Option<&str>) -> io::Result<Option<Shard>> {
        self.dirs.next_shard(after)
    }
}

/// Reads files that are small enough for the journal together; nothing where they are not.
fn small_files(paths: &[&PathBuf]) -> io::Result<Option<Vec<Vec<u8>>>> {
    let mut room = MOST_BYTES;
    let mut contents = Vec::with_capacity(paths.len());
    for path in paths {
        let mut bytes = Vec::new();
        open_no_follow(path)?.take(room + 1).read_to_end(&mut bytes)?;
        let Some(left) = room.checked_sub(bytes.len() as u64) else { return Ok(None) };
        room = left;
        contents.push(bytes);
    }
    Ok(Some(contents))
}

fn written_of(bytes: &[u8]) -> Written {
    Written { size_bytes: bytes.len() as u64, sha256: sha256_hex(bytes) }
}

/// Stores a new blob of any size and syncs it.
fn put_synced(target: &Path, source: &mut dyn Read) -> io::Result<Written> {
    create_dir_durably(parent(target))?;
    let written = with_new_name(target, |temporary| {
        let mut file = File::create(temporary)?;
        let written = copy_hashing(source, &mut file)?;
        file.sync_all()?;
        Ok(written)
    })?;
    sync_dir(parent(target))?;
    Ok(written)
}

/// Writes a temporary file and gives it a name that must be free; nothing is visible under it before, or after an error.
fn with_new_name<T>(target: &Path, write: impl FnOnce(&Path) -> io::Result<T>) -> io::Result<T> {
    let temporary = temporary_beside(target);
    let written = write(&temporary).and_then(|written| {
        rename_to_new(&temporary, target)?;
        Ok(written)
    });
    written.inspect_err(|_| _ = fs::remove_file(&temporary))
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
