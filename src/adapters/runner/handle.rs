//! The server's side of an attempt under way: waiting for its launcher, and ending what a launcher that does not answer
//! holds.

use std::fs::File;
use std::io;
use std::process::Child;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::fs::FlockOperation;
use rustix::process::Signal;

use super::files::{self, RunDir};
use super::{conclude, end_unreadable, orphans, process_tree};
use crate::domain::run_outcome::{Ended, Outcome, RunLimits};
use crate::ports::runner::RunHandle;

/// How often a lock that cannot be waited for is tried again.
const LOCK_TRIES: u32 = 20;
/// Pause between two such tries, and between two looks at the bound.
const LOCK_PAUSE: Duration = Duration::from_millis(250);
/// Time that a launcher may take beyond its limits and the grace period: to kill, count and write the outcome.
pub(super) const MARGIN: Duration = Duration::from_secs(15);
/// Longest wait for a process that was killed.
const KILLED: Duration = Duration::from_secs(5);
/// Detail of an attempt whose launcher did not end it in time.
const UNRESPONSIVE: &str = "launcher_unresponsive";

/// An attempt that is under way.
pub(super) struct LocalHandle {
    run_id: String,
    dir: RunDir,
    /// Present where this process started the launcher and has to reap it.
    child: Mutex<Option<Child>>,
    grace: Duration,
    bound: Mutex<Bound>,
    /// Its outcome was read: the launcher ends by itself.
    ended: AtomicBool,
}

/// When a launcher that has not ended its attempt is taken for lost, and how the attempt ended then.
struct Bound {
    at: Instant,
    end: Ended,
}

impl LocalHandle {
    /// Watches an attempt from now on.
    pub(super) fn new(run_id: String, dir: RunDir, child: Option<Child>, limits: &RunLimits) -> Self {
        let grace = Duration::from_millis(limits.grace_ms);
        let all = Duration::from_secs(limits.wall_seconds).saturating_add(grace).saturating_add(MARGIN);
        let end = Ended::Lost { detail: UNRESPONSIVE.to_owned() };
        // a limit beyond what the clock can count is none
        let at = Instant::now()
            .checked_add(all)
            .unwrap_or_else(|| Instant::now() + Duration::from_secs(u32::MAX.into()));
        Self {
            run_id,
            dir,
            child: Mutex::new(child),
            grace,
            bound: Mutex::new(Bound { at, end }),
            ended: AtomicBool::new(false),
        }
    }

    fn bound(&self) -> MutexGuard<'_, Bound> {
        // both fields are replaced together
        self.bound.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks the launcher to end the attempt; one that does not within its grace period is ended with it.
    fn ask(&self, signal: Signal, end: Ended) {
        {
            let mut bound = self.bound();
            let at = Instant::now() + self.grace + MARGIN;
            if at < bound.at {
                *bound = Bound { at, end };
            }
        }
        self.signal(signal);
    }

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

    /// Waits for the lock until the bound; the sender ends where the directory cannot be used any more.
    fn wait_until_bound(
        &self,
        lock: &Receiver<File>,
        first: Duration,
        meanwhile: &mut dyn FnMut() -> Duration,
    ) -> Result<File, RecvTimeoutError> {
        let (mut since, mut pause) = (Instant::now(), first);
        loop {
            let left = self.bound().at.saturating_duration_since(Instant::now());
            let next = pause.saturating_sub(since.elapsed());
            match lock.recv_timeout(left.min(next).min(LOCK_PAUSE)) {
                Err(RecvTimeoutError::Timeout) if left > Duration::ZERO => {}
                other => return other,
            }
            if since.elapsed() >= pause {
                pause = meanwhile();
                since = Instant::now();
            }
        }
    }

    /// Waits for the lock on a thread of its own, since such a wait has no bound of its own.
    fn wait_lock(&self) -> Receiver<File> {
        let (send, lock) = channel();
        let (run_id, dir) = (self.run_id.clone(), self.dir.clone());
        let wait = move || {
            if let Some(lock) = lock_of(&run_id, &dir) {
                // nobody waits any more where the receiver is gone
                let _ = send.send(lock);
            }
        };
        if let Err(error) = std::thread::Builder::new().name("launcher-end".to_owned()).spawn(wait) {
            tracing::warn!(event = "SS_RUN_UNREADABLE", run_id = self.run_id, %error, "an attempt cannot be waited for");
        }
        lock
    }

    /// Ends an attempt whose launcher does not: everything that carries its mark, and the launcher itself.
    fn end_unresponsive(&self, lock: &Receiver<File>) -> Outcome {
        let end = self.bound().end.clone();
        tracing::error!(
            event = "SS_LAUNCHER_FAILED",
            run_id = self.run_id,
            ended = end.kind(),
            "the launcher did not end its run in time; both are ended by the run's mark"
        );
        if let Some(child) = self.child().as_mut() {
            // also one that has not marked itself yet
            let _ = child.kill();
        }
        let facts = files::read_launcher(&self.dir);
        let leftovers = process_tree::end_leftovers(&self.dir, facts.as_ref());
        process_tree::end_holders(&self.dir.lock());
        let mut outcome = match lock.recv_timeout(KILLED) {
            Ok(lock) => conclude(&self.run_id, &self.dir, &lock),
            Err(_) => Outcome::lost(&self.run_id, UNRESPONSIVE),
        };
        // one that was written at the last moment is believed
        if matches!(outcome.ended, Ended::Lost { .. }) {
            outcome.ended = end;
            outcome.leftovers = outcome.leftovers.max(leftovers);
        }
        outcome
    }

    fn child(&self) -> MutexGuard<'_, Option<Child>> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Collects the launcher, whose lock is free: it is at its end, or stopped just before it.
    fn collect(&self) {
        let child = self.child().take();
        if let Some(mut child) = child {
            collect(&mut child);
        }
    }
}

impl Drop for LocalHandle {
    fn drop(&mut self) {
        let child = self.child().take().filter(|_| self.ended.load(Ordering::Relaxed));
        let Some(mut child) = child else { return };
        if matches!(child.try_wait(), Ok(None)) {
            // without a thread the sweep of orphans collects it
            orphans::collected(&child);
            let _ = std::thread::Builder::new().spawn(move || collect(&mut child));
        } else {
            orphans::collected(&child);
        }
    }
}

/// Collects a child that ends now; kills it where it does not.
pub(super) fn collect(child: &mut Child) {
    let deadline = Instant::now() + KILLED;
    let mut pause = Duration::from_micros(200);
    while matches!(child.try_wait(), Ok(None)) {
        if Instant::now() >= deadline {
            let _ = child.kill();
            let _ = child.wait();
            break;
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(20));
    }
    orphans::collected(child);
}

/// Waits for the lock; `None` if the directory cannot be used any more.
fn lock_of(run_id: &str, dir: &RunDir) -> Option<File> {
    for _ in 0..LOCK_TRIES {
        match files::wait_lock(&dir.lock()) {
            Ok(lock) => return Some(lock),
            Err(error) => {
                tracing::warn!(event = "SS_RUN_UNREADABLE", run_id, %error, "an attempt could not be looked at");
                std::thread::sleep(LOCK_PAUSE);
            }
        }
    }
    None
}

impl RunHandle for LocalHandle {
    fn wait_with(&self, first: Duration, meanwhile: &mut dyn FnMut() -> Duration) -> Outcome {
        let lock = self.wait_lock();
        match self.wait_until_bound(&lock, first, meanwhile) {
            // The launcher is at its end, which nobody waits for: dropping this collects it.
            Ok(lock) => {
                let outcome = conclude(&self.run_id, &self.dir, &lock);
                let _ = rustix::fs::flock(&lock, FlockOperation::Unlock);
                self.ended.store(true, Ordering::Relaxed);
                outcome
            }
            Err(RecvTimeoutError::Timeout) => {
                let outcome = self.end_unresponsive(&lock);
                self.collect();
                outcome
            }
            Err(RecvTimeoutError::Disconnected) => {
                let outcome = end_unreadable(&self.run_id, &self.dir);
                self.collect();
                outcome
            }
        }
    }

    fn cancel(&self) {
        self.ask(Signal::USR1, Ended::Cancelled);
    }

    fn stop_for_host(&self) {
        self.ask(Signal::TERM, Ended::HostStopped);
    }
}

/// Waits for the byte by which a launcher says that it took its run over; true also where it ended, which waiting for
/// it finds out.
pub(super) fn took_over(child: &mut Child) -> bool {
    use std::os::fd::AsFd;

    use rustix::event::{PollFd, PollFlags, Timespec, poll};

    let Some(mut stdout) = child.stdout.take() else { return true };
    let deadline = Instant::now() + MARGIN;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let timeout = Timespec::try_from(left).ok();
        let mut watched = [PollFd::from_borrowed_fd(stdout.as_fd(), PollFlags::IN)];
        match poll(&mut watched, timeout.as_ref()) {
            Ok(0) => return false,
            Err(rustix::io::Errno::INTR) => {}
            _ => break,
        }
    }
    let _ = io::Read::read(&mut stdout, &mut [0; 1]);
    true
}
