//! Attests the configured engine: one probe through the launcher and the sandbox of every run, judged by
//! `domain::attestation`, and remembered until the program changes or the answer grows old.

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::attestation::{Attested, Challenge, Refusal, probe, verify};
use crate::domain::ids::RunId;
use crate::domain::run_outcome::{CONTRACT_VERSION, Ended, RunLimits};
use crate::ports::clock::Clock;
use crate::ports::host::{Host, ProgramIdentity};
use crate::ports::ids::IdSource;
use crate::ports::runner::{RunSpec, Runner, SandboxSpec};
use crate::ports::workspace::Workspace;

/// How long an answer holds while no run has succeeded.
const HOLDS: TimeDelta = TimeDelta::minutes(15);
/// Longest time that a probe may take; a Stata needs about two seconds.
const WALL_SECONDS: u64 = 60;
/// Prefix of the probes' ids.
const PREFIX: &str = "attest";
/// Probes that a killed process left behind are removed when they are this old.
const LEFT_BEHIND: TimeDelta = TimeDelta::hours(1);

/// Dependencies of the probe.
pub struct Deps {
    /// Starts, adopts and ends attempts through the launcher.
    pub runner: Arc<dyn Runner>,
    /// Source of new ids and of secrets.
    pub ids: Arc<dyn IdSource>,
    /// Source of the current time (UTC).
    pub clock: Arc<dyn Clock>,
    /// Facts on the machine.
    pub host: Arc<dyn Host>,
    /// Local scratch space: uploads and working folders of runs.
    pub workspace: Arc<dyn Workspace>,
    /// A folder for short-lived runs.
    pub scratch_dir: PathBuf,
    /// The engine's command; empty where none is configured.
    pub command: Vec<String>,
    /// Bounds of the probe's run.
    pub limits: RunLimits,
    /// Confinement of the probe, that of every run.
    pub sandbox: SandboxSpec,
    /// Time zone of the probe, that of every run.
    pub timezone: String,
}

/// The last answer.
struct Last {
    program: ProgramIdentity,
    answer: Result<Attested, Refusal>,
    at: DateTime<Utc>,
    successes: u64,
}

/// Attests and remembers.
pub struct AttestEngine {
    deps: Deps,
    last: Mutex<Option<Last>>,
}

impl AttestEngine {
    /// Prepares; nothing is started yet.
    pub fn new(deps: Deps) -> Self {
        Self { deps, last: Mutex::new(None) }
    }

    /// Returns whether the engine is attested, trying it where that is due. `successes` counts the runs that
    /// have succeeded so far: one more is evidence as good as a probe. Blocks while a probe runs.
    ///
    /// # Errors
    /// Why the engine is not attested.
    pub fn execute(&self, successes: u64) -> Result<Attested, Refusal> {
        let Some(word) = self.deps.command.first() else {
            return Err(Refusal::NotStarted("no command is configured".to_owned()));
        };
        let program =
            self.deps.host.program(word.as_ref()).map_err(|error| {
                Refusal::NotStarted(format!("the program cannot be used: {}", error.kind()))
            })?;
        let now = self.deps.clock.now();
        // one probe at a time; the value is replaced as a whole
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(last) = last.as_mut().filter(|last| last.program == program) {
            if successes > last.successes && last.answer.is_ok() {
                (last.successes, last.at) = (successes, now);
            }
            if now - last.at < HOLDS {
                return last.answer.clone();
            }
        }
        let answer = self.attest();
        match &answer {
            Ok(found) => tracing::info!(
                event = "SS_ENGINE_ATTESTED",
                version = found.version,
                edition = found.edition,
                "the engine was attested"
            ),
            Err(reason) => tracing::error!(
                event = "SS_ENGINE_REFUSED", reason = reason.id(), detail = %reason, "the engine was not attested"
            ),
        }
        *last = Some(Last { program, answer: answer.clone(), at: now, successes });
        answer
    }

    /// Returns what the last probe found, without trying the engine.
    pub fn last(&self) -> Option<Attested> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.as_ref()?.answer.clone().ok()
    }

    fn attest(&self) -> Result<Attested, Refusal> {
        let seed = self.deps.ids.secret(4);
        let seed = u32::from_le_bytes([seed[0], seed[1], seed[2], seed[3]]) & 0x7FFF_FFFF;
        let challenge = Challenge { text: hex::encode(self.deps.ids.secret(32)), seed };
        let (ended, log) =
            self.run(&challenge).map_err(|error| Refusal::NotStarted(format!("{}", error.kind())))?;
        match ended {
            Ended::CannotExecute { .. } | Ended::SandboxDenied { .. } | Ended::LauncherFailed { .. } => {
                Err(Refusal::NotStarted(describe(&ended)))
            }
            Ended::Exited { status: 0 } => verify(&challenge, &log),
            // shells end so where they cannot start a program
            Ended::Exited { status: status @ (126 | 127) } => {
                let line = log.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
                let line: String = line.chars().take(200).collect();
                Err(Refusal::NotStarted(format!("status {status}: {line}; see run.sandbox_read")))
            }
            // What the log says of the engine explains more than how the process ended.
            _ => match verify(&challenge, &log) {
                Ok(_) | Err(Refusal::NoLog | Refusal::NoEvidence) => Err(Refusal::NotEnded(describe(&ended))),
                Err(reason) => Err(reason),
            },
        }
    }

    fn run(&self, challenge: &Challenge) -> io::Result<(Ended, String)> {
        self.clear_left_behind();
        let workspace = self.deps.workspace.as_ref();
        let run_id = RunId::parse(self.deps.ids.id(PREFIX)).map_err(io::Error::other)?;
        let run_dir = std::path::absolute(&self.deps.scratch_dir)?.join(run_id.as_str());
        let work = run_dir.join("work");
        workspace.create_dir(&work)?;
        workspace.write(&work.join("main.do"), probe(challenge).as_ref())?;
        let started = self.deps.runner.start(RunSpec {
            contract_version: CONTRACT_VERSION,
            run_id: run_id.to_string(),
            run_dir: run_dir.clone(),
            command: self.deps.command.clone(),
            limits: RunLimits { wall_seconds: WALL_SECONDS, ..self.deps.limits.clone() },
            sandbox: self.deps.sandbox.clone(),
            timezone: self.deps.timezone.clone(),
            lease: None,
        });
        let ended = started.map(|handle| handle.wait().ended);
        let mut log = workspace.read(&work.join("main.log")).unwrap_or_default();
        // A refusal for want of a licence comes on the streams, before there is a log.
        for stream in ["stdout", "stderr"] {
            if log.is_empty() {
                log = workspace.read(&run_dir.join(stream)).unwrap_or_default();
            }
        }
        workspace.remove_dir(&run_dir)?;
        Ok((ended?, String::from_utf8_lossy(&log).into_owned()))
    }
}

impl AttestEngine {
    fn clear_left_behind(&self) {
        let (workspace, scratch_dir) = (self.deps.workspace.as_ref(), &self.deps.scratch_dir);
        let Ok(entries) = workspace.list(scratch_dir) else { return };
        let now = self.deps.clock.now();
        for entry in entries.into_iter().filter(|entry| entry.name.starts_with(PREFIX)) {
            if now - entry.changed_at > LEFT_BEHIND {
                // What cannot be removed now is tried again by the next probe.
                let _ = workspace.remove_dir(&scratch_dir.join(&entry.name));
            }
        }
    }
}

fn describe(ended: &Ended) -> String {
    match ended {
        Ended::Exited { status } => format!("status {status}"),
        Ended::Signalled { signal } => format!("signal {signal}"),
        Ended::SandboxDenied { step, detail } => format!("the sandbox's step {step} failed: {detail}"),
        Ended::CannotExecute { detail } => {
            format!("the program cannot be executed inside the sandbox: {detail}")
        }
        Ended::LauncherFailed { .. } => "the launcher failed".to_owned(),
        Ended::Timeout => format!("it took longer than {WALL_SECONDS} seconds"),
        Ended::OutputLimit { .. } | Ended::CpuLimit | Ended::MemoryLimit | Ended::ProcessLimit => {
            "it went over a limit".to_owned()
        }
        Ended::Cancelled | Ended::HostStopped | Ended::LeaseLost | Ended::Lost { .. } => {
            "it was ended from outside".to_owned()
        }
    }
}
