//! Runs a do-file in an external engine, through a launcher process that outlives the server. This file
//! is the server's side: start, adopt, wait and signal.

mod child;
mod files;
pub mod launcher;
mod limits;
mod process_tree;
mod sandbox;
mod streams;
mod supervise;

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::fs::FlockOperation;
use rustix::process::Signal;

use crate::domain::run_outcome::Outcome;
use crate::ports::runner::{Adopted, RunHandle, RunSpec, Runner};
use files::RunDir;
pub use sandbox::probe as probe_sandbox;

/// Runs attempts on this machine.
#[derive(Debug, Clone)]
pub struct LocalRunner {
    /// The program that has the launcher behind `exec-run`; normally this one.
    launcher: PathBuf,
}

impl LocalRunner {
    /// Uses this program's own launcher.
    pub fn new() -> Self {
        Self::with_launcher("/proc/self/exe")
    }

    /// Uses the launcher of another build of the service.
    pub fn with_launcher(program: impl Into<PathBuf>) -> Self {
        Self { launcher: program.into() }
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
        files::write_json(&dir.spec(), &spec, false)?;
        let lock = files::try_lock(&dir.lock())?
            .ok_or_else(|| io::Error::other("another launcher holds this run's lock"))?;
        if dir.outcome().exists() {
            return Err(io::Error::other("this run has ended before"));
        }
        let mut child = Command::new(&self.launcher)
            .arg("exec-run")
            .arg(dir.spec())
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::from(lock))
            .stdout(Stdio::piped())
            .stderr(Stdio::from(File::create(dir.launcher_messages())?))
            .spawn()?;
        // One byte when the launcher has taken over; nothing if it died, which waiting finds out.
        let mut ready = [0; 1];
        if let Some(mut stdout) = child.stdout.take() {
            let _ = stdout.read(&mut ready);
        }
        Ok(Arc::new(LocalHandle { run_id: spec.run_id, dir, child: Mutex::new(Some(child)) }))
    }

    fn adopt(&self, run_id: &str, run_dir: &Path) -> io::Result<Adopted> {
        let dir = RunDir(run_dir.to_owned());
        if !run_dir.exists() {
            return Ok(Adopted::Ended(Outcome::lost(run_id, "not_started")));
        }
        match files::try_lock(&dir.lock())? {
            None => {
                let handle = LocalHandle { run_id: run_id.to_owned(), dir, child: Mutex::new(None) };
                Ok(Adopted::Alive(Arc::new(handle)))
            }
            Some(lock) => Ok(Adopted::Ended(conclude(run_id, &dir, &lock))),
        }
    }
}

/// Reads the outcome of an attempt whose lock is held here; without one, ends what is left of it.
fn conclude(run_id: &str, dir: &RunDir, _lock: &File) -> Outcome {
    if let Some(outcome) = files::read_outcome(dir).filter(|o| o.run_id == run_id) {
        return outcome;
    }
    let facts = files::read_launcher(dir);
    let ended = process_tree::end_leftovers(dir, facts.as_ref());
    let mut outcome = Outcome::lost(run_id, if facts.is_some() { "launcher" } else { "not_started" });
    outcome.leftovers = ended;
    outcome
}

struct LocalHandle {
    run_id: String,
    dir: RunDir,
    /// Present where this process started the launcher and has to reap it.
    child: Mutex<Option<Child>>,
}

impl LocalHandle {
    fn signal(&self, signal: Signal) {
        let Some(facts) = files::read_launcher(&self.dir) else { return };
        // A busy lock proves that the launcher lives, so that its process id is its own.
        if !matches!(files::try_lock(&self.dir.lock()), Ok(None)) {
            return;
        }
        if !process_tree::signal_launcher(&facts, signal) {
            tracing::warn!(
                event = "SS_LAUNCHER_FAILED",
                run_id = self.run_id,
                "the launcher could not be signalled"
            );
        }
    }
}

impl RunHandle for LocalHandle {
    fn wait(&self) -> Outcome {
        let lock = match files::wait_lock(&self.dir.lock()) {
            Ok(lock) => lock,
            Err(error) => return Outcome::lost(&self.run_id, &format!("lock: {error}")),
        };
        if let Some(mut child) = self.child.lock().unwrap_or_else(PoisonError::into_inner).take() {
            // The lock is free, so the launcher is at its end; this only collects it.
            let _ = child.wait();
        }
        let outcome = conclude(&self.run_id, &self.dir, &lock);
        let _ = rustix::fs::flock(&lock, FlockOperation::Unlock);
        outcome
    }

    fn cancel(&self) {
        self.signal(Signal::USR1);
    }

    fn stop_for_host(&self) {
        self.signal(Signal::TERM);
    }
}
