//! Durable writes: files and directory entries that a power loss does not undo.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use sha2::{Digest, Sha256};

use super::is_absent;
use super::tree::remove_folder;
use crate::ports::blob_store::Written;

/// How many files are synced at once: concurrent waits share one write of the journal.
const SYNC_AT_ONCE: usize = 8;

/// Makes the contents of files durable and returns their sizes and hashes, in order.
pub(super) fn sync_and_hash(files: &[(PathBuf, Option<Written>)]) -> io::Result<Vec<Written>> {
    let one = |(path, known): &(PathBuf, Option<Written>)| {
        let mut file = open_no_follow(path)?;
        file.sync_all()?;
        known.clone().map_or_else(|| hash_reader(&mut file), Ok)
    };
    let mut written = Vec::with_capacity(files.len());
    for some in files.chunks(SYNC_AT_ONCE) {
        let results: Vec<io::Result<Written>> = std::thread::scope(|scope| {
            let threads: Vec<_> = some.iter().map(|file| scope.spawn(move || one(file))).collect();
            let failed = || io::Error::other("a file could not be hashed");
            threads.into_iter().map(|t| t.join().unwrap_or_else(|_| Err(failed()))).collect()
        });
        for result in results {
            written.push(result?);
        }
    }
    Ok(written)
}

/// Opens a file for reading without following a symbolic link in the last component.
pub(super) fn open_no_follow(path: &Path) -> io::Result<File> {
    let flags = (OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK).bits().cast_signed();
    File::options().read(true).custom_flags(flags).open(path)
}

/// Returns a temporary name in the same directory, unique within this process.
pub(in crate::adapters) fn temporary_beside(target: &Path) -> PathBuf {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    target.with_file_name(format!(
        ".{name}.{}.{}.tmp",
        std::process::id(),
        NEXT.fetch_add(1, Ordering::Relaxed)
    ))
}

/// Removes a file or a directory tree durably; symbolic links are removed, not followed.
///
/// # Errors
/// Any I/O error other than absence.
pub fn remove_tree(target: &Path) -> io::Result<()> {
    let removed = match fs::symlink_metadata(target) {
        Ok(facts) if facts.is_dir() => remove_folder(target),
        Ok(_) => fs::remove_file(target),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if is_absent(&error) => Ok(()),
        Err(error) => Err(error),
        Ok(()) => target.parent().map_or(Ok(()), sync_dir),
    }
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
pub(super) fn create_dir_noting(dir: &Path, changed: &mut BTreeSet<PathBuf>) -> io::Result<()> {
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

/// Returns size and SHA-256 of the rest of a reader.
///
/// # Errors
/// Any I/O error of the reader.
pub fn hash_reader(reader: &mut impl Read) -> io::Result<Written> {
    copy_hashing(reader, &mut io::sink())
}

/// Copies the rest of a reader and returns its size and SHA-256.
pub(super) fn copy_hashing(
    reader: &mut (impl Read + ?Sized),
    out: &mut impl io::Write,
) -> io::Result<Written> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 256 * 1024];
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
