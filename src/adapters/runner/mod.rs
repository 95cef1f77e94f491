//! Runs a do-file in an external engine, through a launcher process that outlives the server. This file
//! is the server's side: start, adopt, wait and signal.

mod cgroup;
mod child;
mod files;
pub mod launcher;
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
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustix::fs::FlockOperation;
use rustix::process::Signal;

use crate::domain::run_outcome::Outcome;
use crate::ports::runner::{Adopted, RunHandle, RunSpec, Runner};
use files::RunDir;
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
        // One byte when the launcher has taken over; nothing if it died, which waiting finds out.
        let mut ready = [0; 1];
        if let Some(mut stdout) = child.stdout.take() {
            let _ = stdout.read(&mut ready);
        }
        self.prepare_next();
        Ok(Arc::new(LocalHandle { run_id: spec.run_id, dir, child: Mutex::new(Some(child)) }))
    }

    fn adopt(&self, run_id: &str, run_dir: &Path) -> io::Result<Adopted> {
        let dir = RunDir(run_dir.to_owned());
        if !run_dir.try_exists()? {
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

/// How often a lock that cannot be waited for is tried again.
const LOCK_TRIES: u32 = 20;
/// Pause between two such tries.
const LOCK_PAUSE: Duration = Duration::from_millis(250);

struct LocalHandle {
    run_id: String,
    dir: RunDir,
    /// Present where this process started the launcher and has to reap it.
    child: Mutex<Option<Child>>,
}

impl LocalHandle {
    fn signal(&self, signal: Signal) {
        // A busy lock proves that the launcher lives, so that its process id is its own.
        if !matches!(files::try_lock(&self.dir.lock()), Ok(None)) {
            return;
        }
        let told = match files::read_launcher(&self.dir) {
            Some(facts) => process_tree::signal_launcher(&facts, signal),
            None => process_tree::find_launcher(&self.dir.0)
                .is_some_and(|launcher| process_tree::signal_found(&launcher, signal)),
        };
        if !told {
            tracing::warn!(
                event = "SS_LAUNCHER_FAILED",
                run_id = self.run_id,
                "the launcher could not be signalled"
            );
        }
    }

    /// Waits for the lock; `None` if the directory cannot be used any more.
    fn wait_lock(&self) -> Option<File> {
        for _ in 0..LOCK_TRIES {
            match files::wait_lock(&self.dir.lock()) {
                Ok(lock) => return Some(lock),
                Err(error) => {
                    tracing::warn!(event = "SS_RUN_UNREADABLE", run_id = self.run_id, %error, "an attempt could not be looked at");
                    std::thread::sleep(LOCK_PAUSE);
                }
            }
        }
        None
    }
}

impl RunHandle for LocalHandle {
    fn wait(&self) -> Outcome {
        let lock = self.wait_lock();
        let unreadable = lock.is_none().then(|| end_unreadable(&self.run_id, &self.dir));
        if let Some(mut child) = self.child.lock().unwrap_or_else(PoisonError::into_inner).take() {
            // The lock is free, so the launcher is at its end; this only collects it.
            let _ = child.wait();
            orphans::collected(&child);
        }
        let Some(lock) = lock else {
            return unreadable.unwrap_or_else(|| Outcome::lost(&self.run_id, "unreadable"));
        };
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
