//! Runs a plan once in its own folder, outside the queue and without the launcher: what authors of
//! templates and tests of the library use. The verdict is the one that a job would get.

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::judge::judge;
use super::prepare::{DATA, Manifest, RESERVED};
use crate::domain::anchors::Nonces;
use crate::domain::canonical::sha256_hex;
use crate::domain::ids::RunId;
use crate::domain::plan::Plan;
use crate::domain::run_outcome::{CONTRACT_VERSION, Ended, Outcome};
use crate::domain::verdict::Verdict;
use crate::library::render::{ADO_DIR, EMPTY_DIR, RunFacts, render};
use crate::library::{Library, Template};
use crate::ports::workspace::Workspace;

/// Input of a dry run.
pub struct Trial<'a> {
    /// Local scratch space: uploads and working folders of runs.
    pub workspace: &'a dyn Workspace,
    /// The do-templates in force.
    pub library: &'a Library,
    /// Template that the plan names.
    pub template: &'a Template,
    /// Frozen plan.
    pub plan: &'a Plan,
    /// The engine's command, to which `-q -b do main.do` is appended.
    pub command: &'a [String],
    /// Nonces of the anchors: letters and digits.
    pub nonces: Nonces,
}

impl Trial<'_> {
    /// Writes the do-file below `folder`, where `work/data.dta` and `work/inputs/` lie already, runs the engine
    /// and judges what it left in `work/`.
    ///
    /// # Errors
    /// Files cannot be written, or the engine cannot be started.
    pub fn run(&self, folder: &Path) -> io::Result<Verdict> {
        let work = folder.join("work");
        let run_id = RunId::parse("run_trial").map_err(io::Error::other)?;
        let facts = RunFacts {
            run_id: run_id.to_string(),
            n1: self.nonces.begin.clone(),
            n2: self.nonces.end.clone(),
            processors: 1,
            memory_mb: 1024,
            scheme: self.library.scheme().to_owned(),
        };
        let main = render(self.plan, self.template, &facts).map_err(io::Error::other)?;
        for name in [ADO_DIR, EMPTY_DIR, "tmp"] {
            self.workspace.create_dir(&work.join(name))?;
        }
        self.workspace.write(&work.join("main.do"), &main.bytes)?;
        for (name, bytes) in self.library.reached(&main.bytes) {
            self.workspace.write(&work.join(ADO_DIR).join(name), bytes)?;
        }
        let manifest = Manifest {
            contract_version: CONTRACT_VERSION,
            run_id,
            nonces: self.nonces.clone(),
            main_do_sha256: sha256_hex(&main.bytes),
            body_offset: main.body_offset as u64,
            body_bytes: main.body_len as u64,
            data: Vec::new(),
            prepare_ms: 0,
        };
        let outcome = self.start(folder, &work)?;
        Ok(judge(self.workspace, folder, Some(&manifest), &outcome, self.plan, &self.template.meta))
    }

    fn start(&self, folder: &Path, work: &Path) -> io::Result<Outcome> {
        let (program, words) =
            self.command.split_first().ok_or_else(|| io::Error::other("no command of an engine"))?;
        let started_at_ns = self.workspace.facts(&work.join("main.do"))?.modified_ns;
        let output = Command::new(program)
            .args(words)
            .args(["-q", "-b", "do", "main.do"])
            .current_dir(work)
            .env("STATATMP", work.join("tmp"))
            .stdin(Stdio::null())
            .output()?;
        self.workspace.write(&folder.join("stdout"), &output.stdout)?;
        self.workspace.write(&folder.join("stderr"), &output.stderr)?;
        let ended = match (output.status.code(), output.status.signal()) {
            (Some(status), _) => Ended::Exited { status },
            (None, signal) => Ended::Signalled { signal: signal.unwrap_or_default() },
        };
        Ok(Outcome {
            engine_started: true,
            started_at_ns,
            ended_at_ns: started_at_ns,
            ..Outcome::unstarted("run_trial", ended)
        })
    }
}

/// Path of the main data of a dry run.
pub fn data_path(folder: &Path) -> PathBuf {
    folder.join("work").join(DATA)
}

/// Path of a further data set of a dry run.
pub fn input_path(folder: &Path, name: &str) -> PathBuf {
    folder.join("work/inputs").join(name)
}

/// True for files of a working directory that are no outputs.
pub fn is_own_file(name: &str) -> bool {
    RESERVED.contains(&name)
}
