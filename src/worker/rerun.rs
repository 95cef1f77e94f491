//! Repeats a run that was made elsewhere: its do-file lies in the folder already, the launcher, its limits and
//! the verdict are those of every run.

use std::io;
use std::path::Path;

use super::judge::judge;
use super::prepare::{DO_FILE, Manifest};
use crate::domain::anchors::Nonces;
use crate::domain::canonical::sha256_hex;
use crate::domain::ids::RunId;
use crate::domain::plan::Plan;
use crate::domain::run_outcome::{CONTRACT_VERSION, Outcome, RunLimits};
use crate::domain::template::TemplateMeta;
use crate::domain::verdict::Verdict;
use crate::ports::runner::{RunSpec, Runner, SandboxSpec};
use crate::ports::workspace::Workspace;

/// Input of a repeated run.
pub struct Repeat<'a> {
    /// Starts, adopts and ends attempts through the launcher.
    pub runner: &'a dyn Runner,
    /// Local scratch space: uploads and working folders of runs.
    pub workspace: &'a dyn Workspace,
    /// The engine's command; the first word is an absolute path.
    pub command: Vec<String>,
    /// Time, memory and other bounds of one run.
    pub limits: RunLimits,
    /// Confinement of the engine's processes.
    pub sandbox: SandboxSpec,
    /// Time zone of the run, a name of the IANA database.
    pub timezone: String,
}

/// The run that is repeated.
pub struct Original<'a> {
    /// Id of the recorded attempt.
    pub run_id: RunId,
    /// As its do-file prints them.
    pub nonces: Nonces,
    /// Its frozen plan.
    pub plan: &'a Plan,
    /// Declaration of its template.
    pub meta: &'a TemplateMeta,
}

impl Repeat<'_> {
    /// Runs `work/main.do` below an absolute folder to its end and judges what it left.
    ///
    /// # Errors
    /// There is no do-file, or the launcher cannot be started.
    pub fn run(self, folder: &Path, original: &Original<'_>) -> io::Result<(Outcome, Verdict)> {
        let main_do_sha256 = sha256_hex(self.workspace.read(&folder.join("work").join(DO_FILE))?);
        let spec = RunSpec {
            contract_version: CONTRACT_VERSION,
            run_id: original.run_id.to_string(),
            run_dir: folder.to_owned(),
            command: self.command,
            limits: self.limits,
            sandbox: self.sandbox,
            timezone: self.timezone,
            lease: None,
        };
        let outcome = self.runner.start(spec)?.wait();
        let manifest = Manifest {
            contract_version: CONTRACT_VERSION,
            run_id: original.run_id.clone(),
            nonces: original.nonces.clone(),
            main_do_sha256,
            body_offset: 0,
            body_bytes: 0,
            data: Vec::new(),
            prepare_ms: 0,
        };
        let verdict = judge(self.workspace, folder, Some(&manifest), &outcome, original.plan, original.meta);
        Ok((outcome, verdict))
    }
}
