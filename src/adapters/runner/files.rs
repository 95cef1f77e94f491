//! The files by which server and launcher talk: specification, launcher's identity, lock and outcome.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use rustix::fs::FlockOperation;
use serde::{Deserialize, Serialize};

use crate::domain::checksummed::{ChecksumError, read_checksummed, with_checksum};
use crate::domain::run_outcome::{CONTRACT_VERSION, Outcome, UNSEALED_CONTRACT};
use crate::ports::runner::RunSpec;

/// Paths of one run directory.
#[derive(Debug, Clone)]
pub(super) struct RunDir(pub PathBuf);

impl RunDir {
    /// The engine's working directory.
    pub(super) fn work(&self) -> PathBuf {
        self.0.join("work")
    }
    /// The engine's private temporary folder; its path also marks the engine's processes.
    pub(super) fn tmp(&self) -> PathBuf {
        self.0.join("work/tmp")
    }
    /// The specification.
    pub(super) fn spec(&self) -> PathBuf {
        self.0.join("spec.json")
    }
    /// Held by the launcher for its life.
    pub(super) fn lock(&self) -> PathBuf {
        self.0.join("launcher.lock")
    }
    /// Identity of the launcher.
    pub(super) fn launcher(&self) -> PathBuf {
        self.0.join("launcher.json")
    }
    /// How the attempt ended.
    pub(super) fn outcome(&self) -> PathBuf {
        self.0.join("outcome.json")
    }
    /// The launcher's own messages, normally none.
    pub(super) fn launcher_messages(&self) -> PathBuf {
        self.0.join("launcher.log")
    }
    /// Captured standard output or standard error of the engine.
    pub(super) fn stream(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

/// Identity of the launcher (`launcher.json`): for signals only, together with a held lock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct LauncherFacts {
    pub contract_version: u32,
    pub pid: i32,
    /// Clock ticks after boot, as in `/proc/<pid>/stat`.
    pub start_time: u64,
    pub boot_id: String,
}

/// Opens the lock file and tries to take it; `None` if a launcher lives.
///
/// # Errors
/// Any I/O error of the file.
pub(super) fn try_lock(path: &Path) -> io::Result<Option<File>> {
    let file = open_lock(path)?;
    match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(Some(file)),
        Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Waits until no launcher of this run lives; the lock is held until the file is dropped.
///
/// # Errors
/// Any I/O error of the file.
pub(super) fn wait_lock(path: &Path) -> io::Result<File> {
    let file = open_lock(path)?;
    loop {
        match rustix::fs::flock(&file, FlockOperation::LockExclusive) {
            Ok(()) => return Ok(file),
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

fn open_lock(path: &Path) -> io::Result<File> {
    File::options().read(true).write(true).create(true).truncate(false).open(path)
}

/// Reads the outcome; `None` if there is none, or none that this release understands.
///
/// # Errors
/// The outcome is damaged and must not be believed.
pub(super) fn read_outcome(dir: &RunDir) -> Result<Option<Outcome>, ChecksumError> {
    match fs::read(dir.outcome()) {
        Ok(bytes) => {
            let outcome: Outcome = read_checksummed(&bytes, UNSEALED_CONTRACT.into())?;
            Ok(Some(outcome).filter(|o| o.contract_version <= CONTRACT_VERSION))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(_) => Err(ChecksumError::Unreadable),
    }
}

/// Reads the launcher's identity; `None` if it is absent or damaged.
pub(super) fn read_launcher(dir: &RunDir) -> Option<LauncherFacts> {
    read_sealed(&dir.launcher())
}

/// Reads the specification; `None` if it is absent or damaged.
pub(super) fn read_spec(path: &Path) -> Option<RunSpec> {
    read_sealed(path)
}

fn read_sealed<T: serde::de::DeserializeOwned>(path: &Path) -> Option<T> {
    read_checksummed(&fs::read(path).ok()?, UNSEALED_CONTRACT.into()).ok()
}

/// Writes a sealed file that appears whole or not at all; it need not survive a crash of the machine.
///
/// # Errors
/// Any I/O error.
pub(super) fn write_sealed<T: Serialize>(path: &Path, value: &T) -> io::Result<()> {
    let temporary = path.with_extension("tmp");
    fs::write(&temporary, with_checksum(value))?;
    fs::rename(&temporary, path)
}

/// Most bytes of an outcome.
const OUTCOME_BYTES: u64 = 16 * 1024;

/// Room on the disk for the outcome, taken before the engine starts: a disk that the engine fills must not
/// cost the attempt its end.
pub(super) struct OutcomeFile {
    file: File,
    temporary: PathBuf,
    target: PathBuf,
}

impl OutcomeFile {
    /// Takes the room.
    ///
    /// # Errors
    /// Any I/O error; `StorageFull` where there is no room.
    pub(super) fn reserve(dir: &RunDir) -> io::Result<Self> {
        let target = dir.outcome();
        let temporary = target.with_extension("tmp");
        let file = File::create(&temporary)?;
        match rustix::fs::fallocate(&file, rustix::fs::FallocateFlags::empty(), 0, OUTCOME_BYTES) {
            // A file system that cannot reserve is written when the time comes.
            Ok(()) | Err(rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::NOSYS) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(Self { file, temporary, target })
    }

    /// Writes the outcome whole under its name. It outlives the launcher and the server. It need not survive a
    /// crash of the machine: after one no outcome is believed, since what the engine wrote was not made durable
    /// with it.
    ///
    /// # Errors
    /// Any I/O error; there is no outcome then.
    pub(super) fn write(mut self, outcome: &Outcome) -> io::Result<()> {
        let bytes = with_checksum(outcome);
        self.file.write_all(&bytes)?;
        self.file.set_len(bytes.len() as u64)?;
        fs::rename(&self.temporary, &self.target)
    }
}
