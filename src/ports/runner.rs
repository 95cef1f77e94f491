//! Running one do-file in an external engine, as a port. A run is carried by a launcher process that
//! outlives the server; calls block: use them from owned threads.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::domain::run_outcome::{Outcome, RunLimits};

/// How strictly the engine is confined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SandboxMode {
    /// Every step must succeed, else the attempt ends as `sandbox_denied`.
    Enforce,
    /// Every step that this kernel supports; refused in production.
    BestEffort,
    /// No confinement; refused in production.
    Off,
}

/// The confinement of one run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SandboxSpec {
    /// How strictly the steps of the confinement are required.
    pub mode: SandboxMode,
    /// Further files and folders that the engine may read and execute, such as an interpreter's.
    #[serde(default)]
    pub read: Vec<PathBuf>,
}

/// One attempt as it is handed to the launcher (`spec.json` in the run directory).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunSpec {
    /// [`CONTRACT_VERSION`](crate::domain::run_outcome::CONTRACT_VERSION) of the release that wrote the file.
    pub contract_version: u32,
    /// Id of the attempt, repeated in the outcome.
    pub run_id: String,
    /// Absolute; holds `work/` with `main.do`, the engine's working directory.
    pub run_dir: PathBuf,
    /// The engine's command as words; the first is an absolute path. `-q -b do main.do` is appended.
    pub command: Vec<String>,
    /// Limits that the launcher enforces.
    pub limits: RunLimits,
    /// Confinement of the engine's process tree.
    pub sandbox: SandboxSpec,
    /// `TZ` of the engine, such as `UTC`.
    pub timezone: String,
    /// The file by which the server tells how long its lease lasts; the launcher ends the run when it is over. Absent where
    /// one server has the store to itself.
    #[serde(default)]
    pub lease: Option<PathBuf>,
}

/// An attempt that is under way.
pub trait RunHandle: Send + Sync {
    /// Waits until the process tree is gone and returns how it ended. May be called more than once. While it waits,
    /// `meanwhile` runs on this thread once `first` has passed, and again after each time that it returns.
    fn wait_with(&self, first: Duration, meanwhile: &mut dyn FnMut() -> Duration) -> Outcome;
    /// Waits as [`wait_with`](Self::wait_with) does, with nothing to do meanwhile.
    fn wait(&self) -> Outcome {
        self.wait_with(Duration::MAX, &mut || Duration::MAX)
    }
    /// Asks the launcher to end the attempt for its user; harmless when it has ended.
    fn cancel(&self);
    /// Asks the launcher to end the attempt because the host stops.
    fn stop_for_host(&self);
}

/// State of an attempt of an earlier process.
#[expect(clippy::large_enum_variant, reason = "one short-lived value for each attempt")]
pub enum Adopted {
    /// Its launcher lives.
    Alive(Arc<dyn RunHandle>),
    /// It ended and says how; or it was lost, its leftovers are gone, and the outcome says so.
    Ended(Outcome),
}

/// Starts, adopts and confines runs.
pub trait Runner: Send + Sync {
    /// Starts the launcher of an attempt; returns once it has taken the attempt over.
    ///
    /// # Errors
    /// An I/O error where no launcher was started.
    fn start(&self, spec: RunSpec) -> io::Result<Arc<dyn RunHandle>>;

    /// Finds out what became of an attempt by trying its lock, never by a process id alone.
    ///
    /// # Errors
    /// An I/O error of the run directory.
    fn adopt(&self, run_id: &str, run_dir: &Path) -> io::Result<Adopted>;

    /// Ends every process of an attempt whose directory cannot be read, its launcher included, and
    /// returns it as lost.
    fn end(&self, run_id: &str, run_dir: &Path) -> Outcome;
}
