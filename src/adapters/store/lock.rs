//! Ownership of a data directory: an exclusive `flock` for the life of the process, on a local file system.

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use rustix::fs::FlockOperation;
use serde::{Deserialize, Serialize};

use crate::adapters::files::replay_journal;
use crate::adapters::machine;

/// Owner of a store, as written into `store.lock`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// Process id, within the namespace of its host or container.
    pub pid: u32,
    /// Name of its host or container.
    pub host: String,
    /// Time when it took the lock (UTC).
    pub started_at: DateTime<Utc>,
}

/// Why the lock was not taken.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process owns the store; `None` where it has not written its name yet.
    #[error("the store is owned by another process: {}", describe(.0.as_ref()))]
    Held(Option<Holder>),
    /// `flock` is not reliable on this file system, named here.
    #[error("the store lies on a network file system ({0}), which does not keep its promises")]
    NetworkFileSystem(&'static str),
    /// The lock file could not be opened, read or locked.
    #[error("cannot take the store's lock: {0}")]
    Io(#[from] io::Error),
}

fn describe(holder: Option<&Holder>) -> String {
    match holder {
        Some(h) => format!("pid {} on {}, started {}", h.pid, h.host, h.started_at.to_rfc3339()),
        None => "not yet named".to_owned(),
    }
}

/// The lock; freed when dropped, or by the kernel when the process ends.
#[derive(Debug)]
pub(in crate::adapters) struct OwnerLock {
    _file: File,
}

impl OwnerLock {
    /// Takes the lock of a data directory, waiting up to `wait` for another owner to end, and replays the journal of files
    /// that the last owner left. `store/` must exist.
    ///
    /// # Errors
    /// [`LockError`].
    pub(in crate::adapters) fn acquire(
        data_dir: &Path,
        wait: Duration,
        now: DateTime<Utc>,
    ) -> Result<Self, LockError> {
        let path = data_dir.join("store").join("store.lock");
        let mut file = File::options().create(true).truncate(false).read(true).write(true).open(path)?;
        let start = Instant::now();
        loop {
            match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => break,
                Err(rustix::io::Errno::WOULDBLOCK | rustix::io::Errno::INTR) if start.elapsed() < wait => {
                    std::thread::sleep(Duration::from_millis(20).min(wait));
                }
                Err(rustix::io::Errno::WOULDBLOCK) => return Err(LockError::Held(read_holder(&mut file))),
                Err(other) => return Err(LockError::Io(other.into())),
            }
        }
        let holder = Holder { pid: std::process::id(), host: machine::hostname(), started_at: now };
        file.set_len(0)?;
        file.rewind()?;
        file.write_all(serde_json::to_string(&holder).map_err(io::Error::from)?.as_bytes())?;
        replay_journal(data_dir)?;
        Ok(Self { _file: file })
    }
}

fn read_holder(file: &mut File) -> Option<Holder> {
    let mut text = String::new();
    file.rewind().ok()?;
    file.take(4096).read_to_string(&mut text).ok()?;
    serde_json::from_str(&text).ok()
}

/// File system magics of statfs(2) where neither `flock` nor the shared memory of the write-ahead log
/// can be trusted between hosts.
const NETWORK: &[(u64, &str)] = &[
    (0x6969, "nfs"),
    (0x517b, "smb"),
    (0xff53_4d42, "cifs"),
    (0xfe53_4d42, "smb2"),
    (0x5346_414f, "afs"),
    (0x6b41_4653, "kafs"),
    (0x7375_7245, "coda"),
    (0x0102_1997, "9p"),
    (0x00c3_6400, "ceph"),
    (0x0bd0_0bd0, "lustre"),
    (0x4750_4653, "gpfs"),
    (0x0116_1970, "gfs2"),
    (0x7461_636f, "ocfs2"),
];

/// Refuses a directory on a network file system.
///
/// # Errors
/// [`LockError::NetworkFileSystem`], or an I/O error.
pub(in crate::adapters) fn refuse_network_file_system(dir: &Path) -> Result<(), LockError> {
    let magic = rustix::fs::statfs(dir).map_err(io::Error::from)?.f_type;
    // the kernel's type is a signed word; magics are 32 bits
    let magic = u64::from(magic as u32);
    match NETWORK.iter().find(|(known, _)| *known == magic) {
        Some((_, name)) => Err(LockError::NetworkFileSystem(name)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_owner_is_told_who_holds_the_store() {
        let dir = tempfile::tempdir().expect("a directory");
        std::fs::create_dir(dir.path().join("store")).expect("made");
        let now = DateTime::UNIX_EPOCH;
        let first = OwnerLock::acquire(dir.path(), Duration::ZERO, now).expect("free");
        match OwnerLock::acquire(dir.path(), Duration::from_millis(30), now) {
            Err(LockError::Held(Some(holder))) => {
                assert_eq!((holder.pid, holder.started_at), (std::process::id(), now));
            }
            other => panic!("taken twice: {other:?}"),
        }
        drop(first);
        OwnerLock::acquire(dir.path(), Duration::ZERO, now).expect("free again");
    }

    #[test]
    fn a_local_directory_is_accepted() {
        let dir = tempfile::tempdir().expect("a directory");
        refuse_network_file_system(dir.path()).expect("local");
    }
}
