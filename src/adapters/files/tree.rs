//! Walks over folders that an engine filled, which may be hostile: nested without end, without rights, with links.
//! Everything is opened by its folder's descriptor and no link is followed, so that a name that is replaced meanwhile
//! leads nowhere else.

use std::ffi::CStr;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::Path;

use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, Stat};

/// How deep folders may be nested before they count as hostile: no engine needs more, and each level of a walk holds a
/// descriptor.
pub const MOST_LEVELS: usize = 64;

/// Most passes over a folder that is to be removed: somebody who fills it meanwhile must not hold its removal for ever.
const MOST_PASSES: usize = 10_000;

const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// Bytes of a block in `st_blocks`, whatever the file system's own are (stat(2)).
pub const BLOCK: u64 = 512;

/// Most space that a file may occupy beyond its size: file systems round up.
const ROUNDING: u64 = 64 << 10;

/// Returns the bytes that a file takes: its size, or its blocks where they are more than rounding explains.
pub fn space_taken(size: u64, blocks: u64) -> u64 {
    let occupied = blocks.saturating_mul(BLOCK);
    if occupied > size.saturating_add(ROUNDING) { occupied } else { size }
}

/// Files found by a walk.
pub struct Found<'a> {
    /// Result of `fstatat`; links are not followed.
    pub facts: &'a Stat,
    /// True for a folder; a symbolic link to a folder is none.
    pub is_dir: bool,
}

/// How a walk ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Walked {
    /// Everything below the folder was visited.
    Whole,
    /// `visit` stopped it.
    Stopped,
    /// Folders are nested deeper than [`MOST_LEVELS`].
    TooDeep,
}

/// Visits everything below a folder, each folder before what is in it; gives folders and files without rights for
/// their owner these rights back. Stops where `visit` returns false. Entries that vanish meanwhile are left out.
///
/// # Errors
/// The folder itself cannot be read.
pub fn walk(folder: &Path, mut visit: impl FnMut(Found<'_>) -> bool) -> io::Result<Walked> {
    let mut open = vec![Dir::new(rustix::fs::openat(CWD, folder, FOLDER, Mode::empty())?)?];
    while let Some(dir) = open.last_mut() {
        let entry = match dir.read() {
            Some(Ok(entry)) if is_dot(entry.file_name()) => continue,
            Some(Ok(entry)) => entry,
            Some(Err(_)) | None => {
                open.pop();
                continue;
            }
        };
        let at = dir.fd()?;
        let Ok(facts) = rustix::fs::statat(at, entry.file_name(), AtFlags::SYMLINK_NOFOLLOW) else {
            continue;
        };
        let kind = FileType::from_raw_mode(facts.st_mode);
        if !visit(Found { facts: &facts, is_dir: kind.is_dir() }) {
            return Ok(Walked::Stopped);
        }
        if kind.is_file() && !Mode::from_raw_mode(facts.st_mode).contains(Mode::RUSR | Mode::WUSR) {
            // without the rights the file counts, and its publication says what is wrong
            let _ = give_rights(at, entry.file_name());
        } else if kind.is_dir() {
            let inner = open_folder(at, entry.file_name());
            if open.len() >= MOST_LEVELS {
                return Ok(Walked::TooDeep);
            }
            open.extend(inner.ok().and_then(|inner| Dir::new(inner).ok()));
        }
    }
    Ok(Walked::Whole)
}

/// Removes a folder with all its contents, however it is nested and whatever rights its owner has left.
///
/// # Errors
/// `NotFound`; `NotADirectory`; any other I/O error, part of it may be removed then.
pub fn remove_folder(target: &Path) -> io::Result<()> {
    let parent = target.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = target.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    let parent = rustix::fs::openat(CWD, parent, FOLDER.difference(OFlags::NOFOLLOW), Mode::empty())?;
    let name = std::ffi::CString::new(std::os::unix::ffi::OsStrExt::as_bytes(name))?;
    let root = open_folder(parent.as_fd(), &name)?;
    let mut moved = 0;
    for _ in 0..MOST_PASSES {
        if !empty_once(&root, &mut moved)? {
            break;
        }
    }
    Ok(rustix::fs::unlinkat(&parent, name.as_c_str(), AtFlags::REMOVEDIR)?)
}

/// Goes through a folder once and removes what it finds; true if there was something. Folders that are nested too
/// deep for one pass are moved up into the folder itself, where the next pass finds them.
fn empty_once(root: &OwnedFd, moved: &mut u64) -> io::Result<bool> {
    let mut open = vec![(Dir::read_from(root)?, None)];
    let mut any = false;
    loop {
        let depth = open.len();
        let Some((dir, _)) = open.last_mut() else { return Ok(any) };
        let entry = match dir.read().transpose()? {
            Some(entry) if is_dot(entry.file_name()) => continue,
            Some(entry) => entry,
            None => {
                let done = open.pop().and_then(|(_, name)| name);
                if let (Some(name), Some((above, _))) = (done, open.last()) {
                    let name: std::ffi::CString = name;
                    // what came in meanwhile is found by the next pass
                    absent_or(rustix::fs::unlinkat(above.fd()?, name.as_c_str(), AtFlags::REMOVEDIR), true)?;
                }
                continue;
            }
        };
        any = true;
        let (at, name) = (dir.fd()?, entry.file_name());
        match rustix::fs::unlinkat(at, name, AtFlags::empty()) {
            Err(rustix::io::Errno::ISDIR) => {}
            other => {
                absent_or(other, false)?;
                continue;
            }
        }
        let inner = open_folder(at, name)?;
        if depth < MOST_LEVELS {
            let entered = (Dir::new(inner)?, Some(name.to_owned()));
            open.push(entered);
        } else {
            *moved += 1;
            rustix::fs::renameat(at, name, root, format!(".removing-{}-{moved}", std::process::id()))?;
        }
    }
}

fn absent_or(result: rustix::io::Result<()>, may_be_full: bool) -> io::Result<()> {
    match result {
        Err(rustix::io::Errno::NOENT) => Ok(()),
        Err(rustix::io::Errno::NOTEMPTY) if may_be_full => Ok(()),
        other => Ok(other?),
    }
}

fn is_dot(name: &CStr) -> bool {
    matches!(name.to_bytes(), b"." | b"..")
}

/// Opens a folder to read and change it, with the rights of its owner given back where they are missing.
fn open_folder(at: BorrowedFd<'_>, name: &CStr) -> rustix::io::Result<OwnedFd> {
    let facts = rustix::fs::statat(at, name, AtFlags::SYMLINK_NOFOLLOW)?;
    let is_dir = FileType::from_raw_mode(facts.st_mode).is_dir();
    if is_dir && !Mode::from_raw_mode(facts.st_mode).contains(Mode::RWXU) {
        give_rights(at, name)?;
    }
    rustix::fs::openat(at, name, FOLDER, Mode::empty())
}

/// Gives a file or folder all rights for its owner.
fn give_rights(at: BorrowedFd<'_>, name: &CStr) -> rustix::io::Result<()> {
    let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let found = rustix::fs::openat(at, name, flags, Mode::empty())?;
    let facts = rustix::fs::fstat(&found)?;
    let kind = FileType::from_raw_mode(facts.st_mode);
    if !kind.is_dir() && !kind.is_file() {
        return Ok(());
    }
    let mode =
        Mode::from_raw_mode(facts.st_mode) | if kind.is_dir() { Mode::RWXU } else { Mode::RUSR | Mode::WUSR };
    // the descriptor's own link: chmod(2) takes no descriptor that was opened for its path only
    rustix::fs::chmod(format!("/proc/self/fd/{}", found.as_raw_fd()), mode)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use rustix::thread::{CapabilitySet, capabilities, set_capabilities};

    use super::*;

    /// Runs on a thread that has no right to pass over modes, also where the tests run as the superuser.
    fn as_ordinary_user<T: Send>(work: impl FnOnce() -> T + Send) -> T {
        let lowered = || {
            if let Ok(mut sets) = capabilities(None) {
                let overriding = CapabilitySet::DAC_OVERRIDE | CapabilitySet::DAC_READ_SEARCH;
                sets.effective -= overriding;
                set_capabilities(None, sets).expect("rights can be given up");
            }
            work()
        };
        std::thread::scope(|scope| scope.spawn(lowered).join().expect("no panic"))
    }

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("set");
    }

    /// A chain of folders that no path can name: each lies in the one before.
    fn nest(root: &Path, levels: usize) {
        let mut at = rustix::fs::openat(CWD, root, FOLDER, Mode::empty()).expect("opened");
        let name = "d".repeat(100);
        for _ in 0..levels {
            rustix::fs::mkdirat(&at, name.as_str(), Mode::RWXU).expect("made");
            at = rustix::fs::openat(&at, name.as_str(), FOLDER, Mode::empty()).expect("opened");
        }
        rustix::fs::openat(&at, "file", OFlags::CREATE | OFlags::WRONLY, Mode::RWXU).expect("made");
    }

    #[test]
    fn folders_and_files_without_rights_are_seen_and_removed() {
        for mode in [0o000, 0o300, 0o400, 0o500] {
            let dir = tempfile::tempdir().expect("a directory");
            let root = dir.path().join("work");
            fs::create_dir_all(root.join("closed/inner")).expect("made");
            fs::write(root.join("closed/inner/hidden"), b"12345").expect("written");
            set_mode(&root.join("closed/inner/hidden"), 0o000);
            set_mode(&root.join("closed/inner"), mode);
            set_mode(&root.join("closed"), mode);
            as_ordinary_user(|| {
                let (mut files, mut bytes) = (0, 0);
                let seen = walk(&root, |found| {
                    files += 1;
                    bytes += if found.is_dir { 0 } else { found.facts.st_size };
                    true
                });
                seen.expect("walked");
                assert_eq!((files, bytes), (3, 5), "{mode:o}");
                assert_eq!(fs::read(root.join("closed/inner/hidden")).expect("readable now"), b"12345");
            });
            set_mode(&root.join("closed/inner"), mode);
            set_mode(&root.join("closed"), mode);
            as_ordinary_user(|| remove_folder(&root).expect("removed"));
            assert!(!root.exists(), "{mode:o}");
        }
    }

    #[test]
    fn folders_that_no_path_can_name_are_noticed_and_removed() {
        let dir = tempfile::tempdir().expect("a directory");
        let root = dir.path().join("work");
        fs::create_dir(&root).expect("made");
        nest(&root, 3 * MOST_LEVELS);
        assert_eq!(walk(&root, |_| true).expect("walked"), Walked::TooDeep);
        remove_folder(&root).expect("removed");
        assert!(!root.exists());
    }

    #[test]
    fn links_are_neither_followed_nor_given_rights() {
        let dir = tempfile::tempdir().expect("a directory");
        let (root, outside) = (dir.path().join("work"), dir.path().join("outside"));
        fs::create_dir(&root).expect("made");
        fs::create_dir(&outside).expect("made");
        fs::write(outside.join("canary"), b"x").expect("written");
        set_mode(&outside, 0o500);
        symlink(&outside, root.join("link")).expect("linked");
        let mut seen = 0;
        walk(&root, |_| {
            seen += 1;
            true
        })
        .expect("walked");
        assert_eq!(seen, 1);
        remove_folder(&root).expect("removed");
        assert!(outside.join("canary").exists());
        assert_eq!(fs::metadata(&outside).expect("there").permissions().mode() & 0o777, 0o500);
        assert!(remove_folder(&root).is_err_and(|error| error.kind() == io::ErrorKind::NotFound));
        symlink(&outside, &root).expect("linked");
        assert!(remove_folder(&root).is_err(), "a link is no folder");
    }
}
