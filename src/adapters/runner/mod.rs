//! Runs a do-file in an external engine, through a launcher process that outlives the server. This file
//! is the server's side: start, adopt, wait and signal.

mod cgroup;
mod child;
mod clone;
mod files;
mod handle;
mod hidden;
pub mod launcher;
mod lease;
mod limits;
mod orphans;
mod process_tree;
mod sandbox;
mod script;
mod seccomp;
mod spare;
mod streams;
mod supervise;

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use crate::domain::run_outcome::{Outcome, RunLimits};
use crate::ports::runner::{Adopted, RunHandle, RunSpec, Runner};
use files::RunDir;
use handle::LocalHandle;
pub use orphans::{collected as child_collected, reap as reap_orphans, spawn as spawn_child};
pub use sandbox::probe as probe_confinement;
pub use script::engine_problems;
use spare::Spare;

/// Runs attempts on this machine.
#[derive(Debug, Clone)]
pub struct LocalRunner {
    /// The program that has the launcher behind `exec-run`; normally this one.
    launcher: PathBuf,
    /// A launcher that waits for the next run; the first run finds none.
    spare: Arc<Mutex<Option<Spare>>>,
}

impl LocalRunner {
    /// Uses this program's own launcher.
    pub fn new() -> Self {
        Self::with_launcher("/proc/self/exe")
    }

    /// Uses the launcher of another build of the service.
    pub fn with_launcher(program: impl Into<PathBuf>) -> Self {
        Self { launcher: program.into(), spare: Arc::default() }
    }

    /// Gives the run to the launcher that waits, or starts one.
    fn launch(&self, dir: &RunDir, lock: File) -> io::Result<Child> {
        let messages = File::create(dir.launcher_messages())?;
        let waiting = self.spare.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(child) = waiting.and_then(|spare| spare.give(&dir.spec(), &lock, &messages)) {
            return Ok(child);
        }
        let mut command = Command::new(&self.launcher);
        command.arg("exec-run").arg(dir.spec()).env_clear().current_dir("/");
        command.stdin(Stdio::from(lock)).stdout(Stdio::piped()).stderr(Stdio::from(messages));
        // The command's copy of the lock, which must not outlive the launcher's, ends with it here.
        orphans::spawn(&mut command)
    }

    /// Has a launcher wait for the next run, without keeping this one.
    fn prepare_next(&self) {
        let (slot, program) = (Arc::clone(&self.spare), self.launcher.clone());
        let prepare = move || {
            let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
            if slot.is_none() {
                // Without one the next run starts its own and tells what is wrong.
                *slot = Spare::start(&program).ok();
            }
        };
        // A thread that cannot be had is the same.
        let _ = std::thread::Builder::new().name("launcher".to_owned()).spawn(prepare);
    }
}

impl Default for LocalRunner {
    fn default() -> Self {
        Self::new()
    }
}

impl Runner for LocalRunner {
    fn start(&self, spec: RunSpec) -> io::Result<Arc<dyn RunHandle>> {
        let dir = RunDir(spec.run_dir.clone());
        // Not durable: after a crash of the machine no launcher lives, and the attempt is lost anyway.
        files::write_sealed(&dir.spec(), &spec)?;
        let lock = files::try_lock(&dir.lock())?
            .ok_or_else(|| io::Error::other("another launcher holds this run's lock"))?;
        if dir.outcome().exists() {
            return Err(io::Error::other("this run has ended before"));
        }
        let mut child = self.launch(&dir, lock)?;
        if !handle::took_over(&mut child) {
            let _ = child.kill();
            handle::collect(&mut child);
            process_tree::end_leftovers(&dir, files::read_launcher(&dir).as_ref());
            return Err(io::Error::new(io::ErrorKind::TimedOut, "the launcher did not take the run over"));
        }
        self.prepare_next();
        Ok(Arc::new(LocalHandle::new(spec.run_id, dir, Some(child), &spec.limits)))
    }

    fn adopt(&self, run_id: &str, run_dir: &Path) -> io::Result<Adopted> {
        let dir = RunDir(run_dir.to_owned());
        if !run_dir.try_exists()? {
            return Ok(Adopted::Ended(Outcome::lost(run_id, "not_started")));
        }
        match files::try_lock(&dir.lock())? {
            None => {
                // From now on: when the launcher began is told by a clock that counts the machine's sleep.
                let limits =
                    files::read_spec(&dir.spec()).map_or_else(RunLimits::default, |spec| spec.limits);
                Ok(Adopted::Alive(Arc::new(LocalHandle::new(run_id.to_owned(), dir, None, &limits))))
            }
            Some(lock) => Ok(Adopted::Ended(conclude(run_id, &dir, &lock))),
        }
    }

    fn end(&self, run_id: &str, run_dir: &Path) -> Outcome {
        end_unreadable(run_id, &RunDir(run_dir.to_owned()))
    }
}

/// Reads the outcome of an attempt whose lock is held here; without one that can be believed, ends what is
/// left of it.
fn conclude(run_id: &str, dir: &RunDir, _lock: &File) -> Outcome {
    let detail = match files::read_outcome(dir) {
        Ok(Some(outcome)) if outcome.run_id == run_id => {
            // What the engine wrote was not made durable with the outcome.
            if outcome.boot_id.is_empty() || outcome.boot_id == process_tree::boot_id() {
                return outcome;
            }
            Some("host_restarted")
        }
        Ok(_) => None,
        Err(reason) => {
            tracing::error!(
                event = "SS_RUN_FILE_DAMAGED", run_id, file = "outcome.json", %reason,
                "a file of an attempt is damaged and is not believed"
            );
            Some("outcome_damaged")
        }
    };
    let facts = files::read_launcher(dir);
    let ended = process_tree::end_leftovers(dir, facts.as_ref());
    let started = facts.is_some() || dir.launcher().exists();
    let mut outcome =
        Outcome::lost(run_id, detail.unwrap_or(if started { "launcher" } else { "not_started" }));
    outcome.leftovers = ended;
    outcome
}

/// Ends an attempt whose directory cannot be used: everything that carries its mark, launcher included.
fn end_unreadable(run_id: &str, dir: &RunDir) -> Outcome {
    let mut outcome = Outcome::lost(run_id, "unreadable");
    outcome.leftovers = process_tree::end_leftovers(dir, None);
    outcome
}
