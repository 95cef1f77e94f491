//! Durable writes: files and directory entries that a power loss does not undo.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read, Write as _};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use rustix::fs::OFlags;

use super::is_absent;
use super::spread::before_new_dir_in;
use super::tree::remove_folder;
use crate::ports::blob_store::{Written, copy_hashing};

/// How many files and directories are synced at once: concurrent waits share one write of the journal.
const SYNC_AT_ONCE: usize = 16;
/// A directory is tried so often: others may remove the one above it as long as that is empty.
const TRIES: usize = 8;
/// Most files that are open at once.
const OPEN_AT_ONCE: usize = 64;

/// Makes the contents of files and the entries of directories durable; returns the files' sizes and hashes, in order.
///
/// Directories do not wait for the files in them: nobody is told of either before all are durable.
pub(super) fn sync_and_hash(
    files: &[(PathBuf, Option<Written>)],
    dirs: &BTreeSet<PathBuf>,
) -> io::Result<Vec<Written>> {
    let paths: Vec<&PathBuf> = files.iter().map(|(path, _)| path).collect();
    sync_each(&paths, dirs, |n, mut file| files[n].1.clone().map_or_else(|| hash_reader(&mut file), Ok))
}

/// Makes the contents of files and the entries of directories durable; returns what `facts` says of each file, by its
/// number, once it is synced.
pub(super) fn sync_each<T: Send>(
    files: &[&PathBuf],
    dirs: &BTreeSet<PathBuf>,
    facts: impl Fn(usize, &File) -> io::Result<T> + Sync,
) -> io::Result<Vec<T>> {
    let dirs: Vec<&PathBuf> = dirs.iter().collect();
    let (first, rest) = files.split_at(files.len().min(OPEN_AT_ONCE));
    let mut found = sync_set(first, &dirs, &facts)?;
    for some in rest.chunks(OPEN_AT_ONCE) {
        let before = found.len();
        found.extend(sync_set(some, &[], &|n, file: &File| facts(before + n, file))?);
    }
    Ok(found)
}

/// Syncs files and directories at once; returns the facts of the files.
fn sync_set<T: Send>(
    files: &[&PathBuf],
    dirs: &[&PathBuf],
    facts: &(impl Fn(usize, &File) -> io::Result<T> + Sync),
) -> io::Result<Vec<T>> {
    let open: Vec<File> = files.iter().map(|path| open_no_follow(path)).collect::<io::Result<_>>()?;
    open.iter().for_each(begin_writing);
    let found = in_parallel(files.len() + dirs.len(), SYNC_AT_ONCE, |n| {
        let Some(file) = open.get(n) else {
            return sync_dir(dirs[n - files.len()]).map(|()| None);
        };
        file.sync_data()?;
        facts(n, file).map(Some)
    })?;
    Ok(found.into_iter().flatten().collect())
}

/// Has the kernel begin to write a file, without waiting: the journal's next write then covers all files of a set.
fn begin_writing(file: &File) {
    use std::os::fd::AsRawFd;
    // SAFETY: passes an open descriptor. What it cannot do the sync that follows does.
    unsafe { libc::sync_file_range(file.as_raw_fd(), 0, 0, libc::SYNC_FILE_RANGE_WRITE) };
}

/// Does numbered pieces of work, up to `at_once` of them at a time, on this thread and others; returns their results in order.
///
/// # Errors
/// The first error in that order; no further piece is begun after one.
pub(in crate::adapters) fn in_parallel<T: Send>(
    count: usize,
    at_once: usize,
    work: impl Fn(usize) -> io::Result<T> + Sync,
) -> io::Result<Vec<T>> {
    let next = AtomicUsize::new(0);
    let some = || {
        let mut done = Vec::new();
        loop {
            let n = next.fetch_add(1, Ordering::Relaxed);
            if n >= count {
                return done;
            }
            let result = work(n);
            if result.is_err() {
                next.store(count, Ordering::Relaxed);
            }
            done.push((n, result));
        }
    };
    let mut done = std::thread::scope(|scope| {
        let others: Vec<_> = (1..count.min(at_once)).map(|_| scope.spawn(some)).collect();
        let mut done = some();
        for other in others {
            match other.join() {
                Ok(more) => done.extend(more),
                Err(_) => return Err(io::Error::other("work on a file ended by a panic")),
            }
        }
        Ok(done)
    })?;
    done.sort_unstable_by_key(|(n, _)| *n);
    done.into_iter().map(|(_, result)| result).collect()
}

/// Opens a file for reading without following a symbolic link in the last component.
pub(super) fn open_no_follow(path: &Path) -> io::Result<File> {
    let flags = (OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK).bits().cast_signed();
    File::options().read(true).custom_flags(flags).open(path)
}

/// Returns a temporary name in the same directory, unique within this process.
pub(in crate::adapters) fn temporary_beside(target: &Path) -> PathBuf {
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

/// Creates a directory and those above it that are absent; a loss of power may take them.
///
/// # Errors
/// Any I/O error.
pub fn create_dir(dir: &Path) -> io::Result<()> {
    create_dir_noting(dir, &mut BTreeSet::new())
}

/// Creates a directory and notes the directories whose entries are new, which are to be made durable.
pub(super) fn create_dir_noting(dir: &Path, changed: &mut BTreeSet<PathBuf>) -> io::Result<()> {
    if dir.is_dir() {
        return Ok(());
    }
    let parent = dir.parent().ok_or(io::ErrorKind::InvalidInput)?;
    for _ in 0..TRIES {
        before_new_dir_in(parent);
        match fs::create_dir(dir) {
            Err(error) if is_absent(&error) => create_dir_noting(parent, changed)?,
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists || !dir.is_dir() => return Err(error),
            _ => {
                changed.insert(parent.to_owned());
                return Ok(());
            }
        }
    }
    Err(io::ErrorKind::NotFound.into())
}

/// Replaces a small file durably: whoever reads it, after a kill or a loss of power too, finds all of the old content or
/// all of the new one. Its extension becomes `tmp` in the name of what is being written.
///
/// # Errors
/// Any I/O error; the file has its old content then.
pub fn replace_file(path: &Path, content: &[u8]) -> io::Result<()> {
    let dir = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    let temporary = path.with_extension("tmp");
    let mut file = File::create(&temporary)?;
    file.write_all(content)?;
    file.sync_all()?;
    fs::rename(&temporary, path)?;
    sync_dir(dir)
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
