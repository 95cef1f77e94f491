//! How an attempt's process tree ended, as its launcher wrote it down, and the limits it ran under.
//! What that means for the run is decided in `verdict`.

use serde::{Deserialize, Serialize};

/// Version of `spec.json`, `launcher.json`, `outcome.json` and `manifest.json`; a server reads its own and
/// the previous. Since 2 the files carry a checksum.
pub const CONTRACT_VERSION: u32 = 3;
/// The last version whose files carry no checksum.
pub const UNSEALED_CONTRACT: u32 = 1;

/// Why the process tree came to its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Ended {
    /// The engine ended by itself.
    Exited {
        /// Exit status of the engine; 0 does not prove a success.
        status: i32,
    },
    /// A signal ended the engine that the launcher did not send.
    Signalled {
        /// Number of the signal, such as 9.
        signal: i32,
    },
    /// The wall clock of the run is used up.
    Timeout,
    /// A process used up its processor time.
    CpuLimit,
    /// The processes reached the limit of memory.
    MemoryLimit,
    /// `files`, `bytes` or `file_size`.
    OutputLimit {
        /// The limit that was reached.
        what: String,
    },
    /// The run reached the limit of processes.
    ProcessLimit,
    /// Asked for by a user.
    Cancelled,
    /// The host is stopping.
    HostStopped,
    /// The server did not renew its lease, so that another server may start the job again.
    LeaseLost,
    /// A step of the sandbox failed in enforce mode; the engine was not started.
    SandboxDenied {
        /// Name of the step, such as `landlock`.
        step: String,
        /// Error of the step, for operators.
        detail: String,
    },
    /// The engine's program cannot be executed.
    CannotExecute {
        /// Error of the system call, for operators.
        detail: String,
    },
    /// The launcher itself failed before the engine started.
    LauncherFailed {
        /// Error of the launcher, for operators.
        detail: String,
    },
    /// The launcher ended without an outcome.
    Lost {
        /// Facts that show the loss, for operators.
        detail: String,
    },
}

impl Ended {
    /// The name of the kind, as `outcome.json` writes it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Exited { .. } => "exited",
            Self::Signalled { .. } => "signalled",
            Self::Timeout => "timeout",
            Self::CpuLimit => "cpu_limit",
            Self::MemoryLimit => "memory_limit",
            Self::OutputLimit { .. } => "output_limit",
            Self::ProcessLimit => "process_limit",
            Self::Cancelled => "cancelled",
            Self::HostStopped => "host_stopped",
            Self::LeaseLost => "lease_lost",
            Self::SandboxDenied { .. } => "sandbox_denied",
            Self::CannotExecute { .. } => "cannot_execute",
            Self::LauncherFailed { .. } => "launcher_failed",
            Self::Lost { .. } => "lost",
        }
    }
}

/// The outcome of one attempt (`outcome.json`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// [`CONTRACT_VERSION`] of the release that wrote the file.
    pub contract_version: u32,
    /// Id of the attempt; an outcome with another one is ignored.
    pub run_id: String,
    /// Reason of the end.
    pub ended: Ended,
    /// True once the engine's program was executed.
    pub engine_started: bool,
    /// Nanoseconds since 1970, by the clock that stamps files; output older than this is stale.
    pub started_at_ns: u64,
    /// Nanoseconds since 1970, by the clock that stamps files; 0 if no engine was started.
    pub ended_at_ns: u64,
    /// From start to end by a clock that nobody sets; 0 where it is not known.
    #[serde(default)]
    pub elapsed_ns: u64,
    /// When the engine's program was executed, by the precise clock.
    #[serde(default)]
    pub spawned_at_ns: u64,
    /// Processor time of all processes of the run, in milliseconds.
    pub cpu_ms: u64,
    /// Most memory of the processes together, in bytes; 0 where it is not known.
    pub peak_memory_bytes: u64,
    /// Processes that were still there after the engine ended and had to be killed.
    #[serde(default)]
    pub leftovers: u32,
    /// `cgroup`, `pid_namespace` or `session`.
    pub containment: String,
    /// `enforced`, `partial` or `off`: Landlock, the system-call filter and the loss of capabilities.
    pub sandbox: String,
    /// Bytes of standard output and standard error, including what the cap dropped.
    #[serde(default)]
    pub stdout_bytes: u64,
    /// Bytes of standard error, including those dropped.
    #[serde(default)]
    pub stderr_bytes: u64,
    /// The boot of the machine under which the engine ran; empty where it is not known. The outcome is
    /// durable, the engine's files need not be: after another boot they may be torn.
    #[serde(default)]
    pub boot_id: String,
}

impl Outcome {
    /// The outcome of an attempt whose launcher left none.
    pub fn lost(run_id: &str, detail: &str) -> Self {
        Self::unstarted(run_id, Ended::Lost { detail: detail.to_owned() })
    }

    /// An outcome in which no engine was started, or nothing is known of it.
    pub fn unstarted(run_id: &str, ended: Ended) -> Self {
        Self {
            contract_version: CONTRACT_VERSION,
            run_id: run_id.to_owned(),
            ended,
            engine_started: false,
            started_at_ns: 0,
            ended_at_ns: 0,
            elapsed_ns: 0,
            spawned_at_ns: 0,
            cpu_ms: 0,
            peak_memory_bytes: 0,
            leftovers: 0,
            containment: String::new(),
            sandbox: String::new(),
            stdout_bytes: 0,
            stderr_bytes: 0,
            boot_id: String::new(),
        }
    }

    /// True if the engine ended by itself with status 0 and left no process behind.
    pub fn clean(&self) -> bool {
        self.ended == (Ended::Exited { status: 0 }) && self.leftovers == 0
    }

    /// Time of the engine in milliseconds, whatever became of the wall clock meanwhile.
    pub fn wall_ms(&self) -> u64 {
        let elapsed = match self.elapsed_ns {
            0 => self.ended_at_ns.saturating_sub(self.started_at_ns),
            elapsed => elapsed,
        };
        elapsed / 1_000_000
    }

    /// The stamp below which an output is older than the run, in nanoseconds since 1970. Where the clock was set back
    /// during the run, files that were written since carry stamps before its start.
    pub fn fresh_since_ns(&self) -> u64 {
        // between the end of the engine and the stamp of the end the launcher counts and cleans up
        const SLACK_NS: u64 = 10_000_000_000;
        match self.ended_at_ns.saturating_sub(self.elapsed_ns) {
            began if self.elapsed_ns > 0 && began < self.started_at_ns => began.saturating_sub(SLACK_NS),
            _ => self.started_at_ns,
        }
    }
}

/// Limits of a run. The operator sets all of them; a template's own figures are estimates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunLimits {
    /// Longest time by the wall clock, in seconds.
    pub wall_seconds: u64,
    /// Longest processor time of each process, in seconds.
    pub cpu_seconds: u64,
    /// Most memory of all processes together, in bytes.
    pub memory_bytes: u64,
    /// Most processes at once.
    pub processes: u32,
    /// Most open files of one process.
    pub open_files: u64,
    /// Largest single file.
    pub file_bytes: u64,
    /// All files in the working directory together.
    pub output_bytes: u64,
    /// Most files in the working directory.
    pub output_files: u64,
    /// Kept bytes of standard output and of standard error; the rest is dropped.
    pub stream_bytes: u64,
    /// Between the request to end and the kill.
    pub grace_ms: u64,
    /// Free bytes of the volume below which a run that wrote much is ended; 0 for none.
    #[serde(default)]
    pub free_bytes: u64,
}

impl Default for RunLimits {
    fn default() -> Self {
        const GIB: u64 = 1 << 30;
        Self {
            wall_seconds: 3600,
            cpu_seconds: 4 * 3600,
            memory_bytes: 4 * GIB,
            processes: 64,
            open_files: 1024,
            file_bytes: 2 * GIB,
            output_bytes: 4 * GIB,
            output_files: 1000,
            stream_bytes: 1 << 20,
            grace_ms: 2000,
            free_bytes: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    fn ended(started: u64, ended: u64, elapsed: u64) -> Outcome {
        Outcome {
            started_at_ns: started * SECOND,
            ended_at_ns: ended * SECOND,
            elapsed_ns: elapsed * SECOND,
            ..Outcome::unstarted("r", Ended::Exited { status: 0 })
        }
    }

    #[test]
    fn a_clock_that_was_set_during_the_run_changes_neither_its_time_nor_what_is_fresh() {
        let steady = ended(10_000, 10_060, 60);
        assert_eq!((steady.wall_ms(), steady.fresh_since_ns()), (60_000, 10_000 * SECOND));
        let back_an_hour = ended(10_000, 6_460, 60);
        assert_eq!((back_an_hour.wall_ms(), back_an_hour.fresh_since_ns()), (60_000, 6_390 * SECOND));
        let forward_a_day = ended(10_000, 96_460, 60);
        assert_eq!((forward_a_day.wall_ms(), forward_a_day.fresh_since_ns()), (60_000, 10_000 * SECOND));
        let of_an_earlier_release = ended(10_000, 10_060, 0);
        assert_eq!(
            (of_an_earlier_release.wall_ms(), of_an_earlier_release.fresh_since_ns()),
            (60_000, 10_000 * SECOND)
        );
    }
}
