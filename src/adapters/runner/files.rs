//! The files by which server and launcher talk: specification, launcher's identity, lock and outcome.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use rustix::fs::FlockOperation;
use serde::{Deserialize, Serialize};

use crate::domain::run_outcome::{CONTRACT_VERSION, Outcome};
use crate::ports::runner::RunSpec;

/// Paths of one run directory.
#[derive(Debug, Clone)]
pub struct RunDir(pub PathBuf);

impl RunDir {
    /// The engine's working directory.
    pub fn work(&self) -> PathBuf {
        self.0.join("work")
    }
    /// The engine's private temporary folder; its path also marks the engine's processes.
    pub fn tmp(&self) -> PathBuf {
        self.0.join("work/tmp")
    }
    /// The specification.
    pub fn spec(&self) -> PathBuf {
        self.0.join("spec.json")
    }
    /// Held by the launcher for its life.
    pub fn lock(&self) -> PathBuf {
        self.0.join("launcher.lock")
    }
    /// Who the launcher is.
    pub fn launcher(&self) -> PathBuf {
        self.0.join("launcher.json")
    }
    /// How the attempt ended.
    pub fn outcome(&self) -> PathBuf {
        self.0.join("outcome.json")
    }
    /// What the launcher itself had to say, normally nothing.
    pub fn launcher_messages(&self) -> PathBuf {
        self.0.join("launcher.log")
    }
    /// Captured standard output or standard error of the engine.
    pub fn stream(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

/// Who the launcher is (`launcher.json`): for signals only, together with a busy lock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LauncherFacts {
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
pub fn try_lock(path: &Path) -> io::Result<Option<File>> {
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
pub fn wait_lock(path: &Path) -> io::Result<File> {
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

/// Reads the outcome; `None` if there is none that this release understands.
pub fn read_outcome(dir: &RunDir) -> Option<Outcome> {
    let outcome: Outcome = read_json(&dir.outcome())?;
    (outcome.contract_version <= CONTRACT_VERSION).then_some(outcome)
}

/// Reads the launcher's identity.
pub fn read_launcher(dir: &RunDir) -> Option<LauncherFacts> {
    read_json(&dir.launcher())
}

/// Reads the specification.
pub fn read_spec(path: &Path) -> Option<RunSpec> {
    read_json(path)
}

fn read_json<T: serde::de::DeserializeOwned>(path: &Path) -> Option<T> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

/// Writes a file that appears whole or not at all. With `durable` it survives a crash of the machine.
///
/// # Errors
/// Any I/O error.
pub fn write_json<T: Serialize>(path: &Path, value: &T, durable: bool) -> io::Result<()> {
    let temporary = path.with_extension("tmp");
    let mut file = File::create(&temporary)?;
    file.write_all(&serde_json::to_vec(value)?)?;
    if durable {
        file.sync_all()?;
    }
    fs::rename(&temporary, path)?;
    if durable && let Some(parent) = path.parent() {
        File::open(parent)?.sync_all()?;
    }
    Ok(())
}
