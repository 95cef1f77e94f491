//! Waiting for a run's process tree: one loop over signals, streams and time that ends when no process
//! of the run is left, whatever the engine did.

use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::Signal;

use super::cgroup::RunGroup;
use super::lease::LeaseWatch;
use super::limits::Meter;
use super::process_tree::{kill_descendants, signal_descendants};
use super::streams::Stream;
use crate::domain::cluster::Order;
use crate::domain::run_outcome::{Ended, RunLimits};

/// How the tree ended and what it used.
pub(super) struct Supervised {
    pub ended: Ended,
    pub leftovers: u32,
    pub cpu_ms: u64,
    pub peak_memory_bytes: u64,
}

/// Time between two samples of memory, processes and files.
const SAMPLE: Duration = Duration::from_millis(100);
/// How long processes may outlive the engine before they are killed.
const LINGER: Duration = Duration::from_millis(500);
/// Time between two sweeps while the tree is being killed.
const SWEEP: Duration = Duration::from_millis(5);

struct Loop<'a> {
    engine: i32,
    launcher: i32,
    limits: &'a RunLimits,
    /// Ends all processes at once, where the run has a group.
    group: Option<&'a RunGroup>,
    meter: Meter<'a>,
    lease: Option<LeaseWatch>,
    deadline: Instant,
    next_sample: Instant,
    /// How the engine ended, once it has.
    engine_ended: Option<Ended>,
    /// Why the launcher is ending the tree, once it is.
    stopping: Option<Ended>,
    /// From when on processes are killed, not asked.
    kill_at: Option<Instant>,
    leftovers: u32,
}

/// Waits until the tree is empty. The engine is a child of this process, which is the subreaper of its
/// descendants: "no child" means "no process of the run".
pub(super) fn supervise(
    engine: i32,
    signals: &OwnedFd,
    limits: &RunLimits,
    (meter, lease): (Meter<'_>, Option<LeaseWatch>),
    group: Option<&RunGroup>,
    streams: [&mut Stream; 2],
) -> Supervised {
    let now = Instant::now();
    let mut state = Loop {
        engine,
        launcher: std::process::id().cast_signed(),
        limits,
        group,
        meter,
        lease,
        deadline: now + Duration::from_secs(limits.wall_seconds),
        next_sample: now + Duration::from_millis(20),
        engine_ended: None,
        stopping: None,
        kill_at: None,
        leftovers: 0,
    };
    while !state.reap() {
        wait(signals, &streams, state.next_wake());
        state.read_signals(signals);
        streams[0].take();
        streams[1].take();
        state.tick(Instant::now());
    }
    streams[0].take();
    streams[1].take();
    state.finish()
}

impl Loop<'_> {
    /// Collects ended children; true when there is none left.
    fn reap(&mut self) -> bool {
        loop {
            let mut status = 0;
            // SAFETY: waits for any child without blocking; the status is a local.
            let pid = unsafe { libc::waitpid(-1, &raw mut status, libc::WNOHANG) };
            match pid {
                0 => return false,
                -1 if last_errno() == libc::EINTR => {}
                -1 => return true,
                pid if pid == self.engine => {
                    self.engine_ended = Some(ended(status));
                    self.kill_at.get_or_insert(Instant::now() + LINGER);
                }
                _ => {}
            }
        }
    }

    fn next_wake(&self) -> Duration {
        let now = Instant::now();
        let mut next = self.next_sample.min(self.deadline.max(now + SWEEP));
        if let Some(kill_at) = self.kill_at {
            next = next.min(kill_at.max(now + SWEEP));
        }
        next.saturating_duration_since(now)
    }

    fn read_signals(&mut self, signals: &OwnedFd) {
        const SIZE: usize = size_of::<libc::signalfd_siginfo>();
        let mut buffer = [0_u8; SIZE];
        while matches!(rustix::io::read(signals, &mut buffer), Ok(SIZE)) {
            let number = u32::from_ne_bytes([buffer[0], buffer[1], buffer[2], buffer[3]]);
            match number.cast_signed() {
                libc::SIGUSR1 => self.stop(Ended::Cancelled, true),
                libc::SIGTERM | libc::SIGINT => self.stop(Ended::HostStopped, true),
                _ => {}
            }
        }
    }

    /// Begins to end the tree; the first reason stays. Nothing is stopped that has ended by itself.
    fn stop(&mut self, reason: Ended, ask_first: bool) {
        if self.stopping.is_some() || self.engine_ended.is_some() {
            return;
        }
        self.stopping = Some(reason);
        let grace = if ask_first { Duration::from_millis(self.limits.grace_ms) } else { Duration::ZERO };
        if ask_first {
            signal_descendants(self.launcher, Signal::TERM);
        }
        self.kill_at = Some(Instant::now() + grace);
    }

    fn tick(&mut self, now: Instant) {
        if now >= self.deadline {
            self.stop(Ended::Timeout, true);
        }
        self.obey_lease(now);
        if now >= self.next_sample {
            self.next_sample = now + SAMPLE;
            if let Some(broken) = self.meter.sample(self.launcher) {
                self.stop(broken, false);
            }
        }
        if self.kill_at.is_some_and(|at| now >= at) {
            let in_group = self.group.map_or(0, |group| {
                let count = group.processes().len();
                group.kill();
                count
            });
            let killed = kill_descendants(self.launcher).max(in_group);
            if self.stopping.is_none() && self.leftovers == 0 {
                self.leftovers = u32::try_from(killed).unwrap_or(u32::MAX);
            }
        }
    }

    /// Ends the tree where the server's lease is over, within the time that the lease leaves.
    fn obey_lease(&mut self, now: Instant) {
        match self.lease.as_mut().map(|lease| lease.order(now)) {
            None | Some(Order::Run) => {}
            Some(Order::End) => self.stop(Ended::LeaseLost, true),
            Some(Order::Kill) => {
                self.stop(Ended::LeaseLost, false);
                self.kill_at = Some(self.kill_at.map_or(now, |at| at.min(now)));
            }
        }
    }

    fn finish(self) -> Supervised {
        let usage = children_usage();
        let by_itself = self.engine_ended.unwrap_or(Ended::Lost { detail: "engine".to_owned() });
        let ended = match self.stopping {
            Some(reason) => reason,
            None => match (&by_itself, self.meter.disk()) {
                (Ended::Exited { .. }, Some(broken)) => broken,
                _ => by_itself,
            },
        };
        Supervised {
            ended,
            leftovers: self.leftovers,
            cpu_ms: usage.0,
            peak_memory_bytes: self.meter.peak_memory_bytes.max(usage.1),
        }
    }
}

/// Waits for a signal, output or the time.
fn wait(signals: &OwnedFd, streams: &[&mut Stream; 2], timeout: Duration) {
    let mut watched = vec![PollFd::from_borrowed_fd(signals.as_fd(), PollFlags::IN)];
    for stream in streams {
        if let Some(descriptor) = stream.descriptor() {
            watched.push(PollFd::from_borrowed_fd(descriptor, PollFlags::IN));
        }
    }
    let timeout = Timespec::try_from(timeout).ok();
    // An error is the same as a time that is over: the loop checks everything again.
    let _ = poll(&mut watched, timeout.as_ref());
}

fn last_errno() -> i32 {
    std::io::Error::last_os_error().raw_os_error().unwrap_or(0)
}

fn ended(status: i32) -> Ended {
    if libc::WIFEXITED(status) {
        return Ended::Exited { status: libc::WEXITSTATUS(status) };
    }
    match libc::WTERMSIG(status) {
        libc::SIGXCPU => Ended::CpuLimit,
        libc::SIGXFSZ => Ended::OutputLimit { what: "file_size".to_owned() },
        signal => Ended::Signalled { signal },
    }
}

/// CPU time in milliseconds and peak resident bytes of the largest reaped process.
fn children_usage() -> (u64, u64) {
    // SAFETY: fills a local structure.
    let usage = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        libc::getrusage(libc::RUSAGE_CHILDREN, &raw mut usage);
        usage
    };
    let ms = |t: libc::timeval| t.tv_sec * 1000 + t.tv_usec / 1000;
    let cpu = u64::try_from(ms(usage.ru_utime) + ms(usage.ru_stime)).unwrap_or(0);
    (cpu, u64::try_from(usage.ru_maxrss).unwrap_or(0) * 1024)
}
