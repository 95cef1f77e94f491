//! The files of jobs on the local file system.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use rustix::fs::{CWD, Mode, OFlags, ResolveFlags};
use sha2::{Digest, Sha256};
use tracing::field::Empty;

use super::reserve::Reserve;
use crate::domain::ids::{JobId, TenantId};
use crate::domain::layout::job_dir;
use crate::domain::migration::layout::legacy_dirs;
use crate::ports::job_files::{Entry, JobFiles, Shard, Written};

/// Keeps the files of jobs below a data directory.
#[derive(Debug, Clone)]
pub struct LocalJobFiles {
    data_dir: PathBuf,
}

impl LocalJobFiles {
    /// Uses a data directory that exists.
    pub fn new(data_dir: PathBuf) -> Self {
        Self { data_dir }
    }

    fn root(&self, tenant: &TenantId, job_id: &JobId) -> PathBuf {
        self.data_dir.join(job_dir(tenant, job_id))
    }
}

impl JobFiles for LocalJobFiles {
    fn path(&self, tenant: &TenantId, job_id: &JobId, rel_path: &str) -> PathBuf {
        self.root(tenant, job_id).join(rel_path)
    }

    fn put(&self, tenant: &TenantId, job_id: &JobId, rel_path: &str, bytes: &[u8]) -> io::Result<Written> {
        let _span = tracing::debug_span!("files.put", ss.files = 1, ss.bytes = bytes.len()).entered();
        let target = self.path(tenant, job_id, rel_path);
        let dir = target.parent().expect("a relative path below a job has a parent");
        create_dir_durably(dir)?;
        let temporary = temporary_beside(&target);
        let mut file = File::create(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&temporary, &target)?;
        sync_dir(dir)?;
        Ok(Written { size_bytes: bytes.len() as u64, sha256: hex::encode(Sha256::digest(bytes)) })
    }

    fn publish(&self, tenant: &TenantId, job_id: &JobId, from: &Path, rel_path: &str) -> io::Result<Written> {
        let mut written = self.publish_all(tenant, job_id, &[(from.to_owned(), rel_path.to_owned())])?;
        Ok(written.remove(0))
    }

    fn publish_all(
        &self,
        tenant: &TenantId,
        job_id: &JobId,
        files: &[(PathBuf, String)],
    ) -> io::Result<Vec<Written>> {
        let span = tracing::debug_span!("files.publish", ss.files = files.len(), ss.bytes = Empty).entered();
        let written = sync_and_hash(files)?;
        span.record("ss.bytes", written.iter().map(|file| file.size_bytes).sum::<u64>());
        let mut dirs = BTreeSet::new();
        for (from, rel_path) in files {
            let target = self.path(tenant, job_id, rel_path);
            let dir = target.parent().expect("a relative path below a job has a parent");
            create_dir_noting(dir, &mut dirs)?;
            fs::rename(from, &target)?;
            dirs.insert(dir.to_owned());
        }
        // all links at once: a journal brings them to the disk with its first write
        dirs.iter().try_for_each(|dir| sync_dir(dir))?;
        Ok(written)
    }

    fn open(&self, tenant: &TenantId, job_id: &JobId, rel_path: &str) -> io::Result<File> {
        let _span = tracing::debug_span!("files.open", ss.files = 1).entered();
        let root = rustix::fs::openat(
            CWD,
            self.root(tenant, job_id),
            OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC,
            Mode::empty(),
        )?;
        let file = rustix::fs::openat2(
            &root,
            rel_path,
            OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK,
            Mode::empty(),
            ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS,
        )?;
        let file = File::from(file);
        if !file.metadata()?.is_file() {
            return Err(io::ErrorKind::NotFound.into());
        }
        Ok(file)
    }

    fn remove(&self, tenant: &TenantId, job_id: &JobId, rel_path: &str) -> io::Result<()> {
        let _span = tracing::debug_span!("files.remove").entered();
        remove_tree(&self.path(tenant, job_id, rel_path))
    }

    fn remove_older(&self, tenant: &TenantId, job_id: &JobId) -> io::Result<()> {
        legacy_dirs(tenant, job_id).iter().try_for_each(|dir| remove_tree(&self.data_dir.join(dir)))
    }

    fn entries(&self, tenant: &TenantId, job_id: &JobId, rel_path: &str) -> io::Result<Vec<Entry>> {
        let mut entries = Vec::new();
        for entry in listed(&self.path(tenant, job_id, rel_path))? {
            let (Ok(name), Ok(facts)) = (entry.file_name().into_string(), entry.metadata()) else { continue };
            let changed_at = facts.modified().map(DateTime::<Utc>::from)?;
            entries.push(Entry { name, is_dir: facts.is_dir(), changed_at });
        }
        Ok(entries)
    }

    fn next_shard(&self, after: Option<&str>) -> io::Result<Option<Shard>> {
        let tenants = self.data_dir.join("tenants");
        let from = after.and_then(|place| place.split_once('/'));
        for tenant in names(&tenants)? {
            if from.is_some_and(|(last, _)| tenant.as_str() < last) {
                continue;
            }
            let Ok(id) = TenantId::parse(tenant.as_str()) else { continue };
            let shards = tenants.join(&tenant).join("jobs");
            for shard in names(&shards)? {
                if from.is_some_and(|(last, done)| tenant == last && shard.as_str() <= done) {
                    continue;
                }
                let jobs = names(&shards.join(&shard))?.into_iter();
                let jobs = jobs.filter_map(|job| Some((id.clone(), JobId::parse(job).ok()?))).collect();
                return Ok(Some(Shard { name: format!("{tenant}/{shard}"), jobs }));
            }
        }
        Ok(None)
    }

    fn make_room(&self) -> bool {
        Reserve::of(&self.data_dir).release()
    }

    fn free_bytes(&self) -> io::Result<(u64, u64)> {
        let facts = rustix::fs::statvfs(&self.data_dir)?;
        Ok((facts.f_bavail * facts.f_frsize, facts.f_blocks * facts.f_frsize))
    }
}

/// Removes a file or a directory tree durably; links are removed, not followed.
fn remove_tree(target: &Path) -> io::Result<()> {
    let removed = match fs::symlink_metadata(target) {
        Ok(facts) if facts.is_dir() => fs::remove_dir_all(target),
        Ok(_) => fs::remove_file(target),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            Ok(())
        }
        Err(error) => Err(error),
        Ok(()) => target.parent().map_or(Ok(()), sync_dir),
    }
}

/// Lists a directory; one that is not there is empty.
fn listed(dir: &Path) -> io::Result<Vec<fs::DirEntry>> {
    match fs::read_dir(dir) {
        Ok(entries) => entries.collect(),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            Ok(Vec::new())
        }
        Err(error) => Err(error),
    }
}

/// Returns the names in a directory in order; those that are not Unicode are not ours.
fn names(dir: &Path) -> io::Result<Vec<String>> {
    let mut names: Vec<String> =
        listed(dir)?.into_iter().filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort_unstable();
    Ok(names)
}

/// How many files are brought to the disk at once: concurrent waits share one write of the journal.
const SYNC_AT_ONCE: usize = 8;

/// Makes the contents of files durable and returns their sizes and hashes, in order.
fn sync_and_hash(files: &[(PathBuf, String)]) -> io::Result<Vec<Written>> {
    let one = |path: &Path| {
        let mut file = File::options().read(true).custom_flags_nofollow().open(path)?;
        file.sync_all()?;
        hash_reader(&mut file)
    };
    let mut written = Vec::with_capacity(files.len());
    for some in files.chunks(SYNC_AT_ONCE) {
        let results: Vec<io::Result<Written>> = std::thread::scope(|scope| {
            let threads: Vec<_> = some.iter().map(|(path, _)| scope.spawn(move || one(path))).collect();
            let failed = || io::Error::other("a file could not be hashed");
            threads.into_iter().map(|t| t.join().unwrap_or_else(|_| Err(failed()))).collect()
        });
        for result in results {
            written.push(result?);
        }
    }
    Ok(written)
}

/// Opens files without following a symbolic link in the last component.
trait NoFollow {
    fn custom_flags_nofollow(&mut self) -> &mut Self;
}

impl NoFollow for fs::OpenOptions {
    fn custom_flags_nofollow(&mut self) -> &mut Self {
        use std::os::unix::fs::OpenOptionsExt;
        self.custom_flags((OFlags::NOFOLLOW | OFlags::CLOEXEC).bits().cast_signed())
    }
}

/// Returns a temporary name in the same directory, unique within this process.
fn temporary_beside(target: &Path) -> PathBuf {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    target.with_file_name(format!(
        ".{name}.{}.{}.tmp",
        std::process::id(),
        NEXT.fetch_add(1, Ordering::Relaxed)
    ))
}

/// Creates a directory and makes every new link to it durable.
///
/// # Errors
/// Any I/O error.
pub fn create_dir_durably(dir: &Path) -> io::Result<()> {
    let mut changed = BTreeSet::new();
    create_dir_noting(dir, &mut changed)?;
    changed.iter().try_for_each(|dir| sync_dir(dir))
}

/// Creates a directory and notes the directories whose entries are new, which are to be made durable.
fn create_dir_noting(dir: &Path, changed: &mut BTreeSet<PathBuf>) -> io::Result<()> {
    if dir.is_dir() {
        return Ok(());
    }
    let parent = dir.parent().ok_or(io::ErrorKind::InvalidInput)?;
    create_dir_noting(parent, changed)?;
    match fs::create_dir(dir) {
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
        other => other?,
    }
    changed.insert(parent.to_owned());
    Ok(())
}

/// Makes the entries of a directory durable.
///
/// # Errors
/// Any I/O error.
pub fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

/// Returns size and SHA-256 of what a reader still holds.
///
/// # Errors
/// Any I/O error of the reader.
pub fn hash_reader(reader: &mut impl Read) -> io::Result<Written> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 256 * 1024];
    let mut size_bytes = 0;
    loop {
        let n = reader.read(&mut buffer)?;
        if n == 0 {
            return Ok(Written { size_bytes, sha256: hex::encode(hasher.finalize()) });
        }
        hasher.update(&buffer[..n]);
        size_bytes += n as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_symbolic_link_does_not_lead_out_of_the_job() {
        let dir = tempfile::tempdir().expect("a directory");
        let files = LocalJobFiles::new(dir.path().to_owned());
        let (tenant, job) = (TenantId::default_tenant(), JobId::parse("j1").expect("valid"));
        files.put(&tenant, &job, "artifacts/a.txt", b"hello").expect("written");
        let root = files.path(&tenant, &job, "artifacts");
        std::os::unix::fs::symlink("/etc/passwd", root.join("leak")).expect("linked");
        assert!(files.open(&tenant, &job, "artifacts/leak").is_err());
        assert!(files.open(&tenant, &job, "artifacts").is_err());
        let mut text = String::new();
        files
            .open(&tenant, &job, "artifacts/a.txt")
            .expect("opens")
            .read_to_string(&mut text)
            .expect("reads");
        assert_eq!(text, "hello");
    }
}
