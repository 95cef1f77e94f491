//! The steps of a run's life as its files show them, and the processes that live at each.

use std::fs;
use std::path::{Path, PathBuf};

use stata_service::domain::ids::{JobId, TenantId};
use stata_service::domain::layout::job_dir;

use crate::support::runs::{kill_9, launcher_pid, processes_of};

/// The steps, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    /// Claimed; no launcher yet.
    Claimed,
    /// The launcher runs, the engine does not.
    Launcher,
    Engine,
    /// The engine has done its work; there is no outcome yet.
    EngineEnded,
    /// There is an outcome and no verdict.
    Outcome,
    /// Artifacts are being published.
    Publishing,
    /// The last commit is being made, or was just made.
    Verdict,
}

/// Every step.
pub(super) const STEPS: [Step; 7] = [
    Step::Claimed,
    Step::Launcher,
    Step::Engine,
    Step::EngineEnded,
    Step::Outcome,
    Step::Publishing,
    Step::Verdict,
];

/// The directory of a job of the default tenant.
pub(super) fn job_path(data: &Path, job: &str) -> PathBuf {
    data.join(job_dir(&TenantId::default_tenant(), &JobId::parse(job).expect("valid")))
}

/// The directories of the attempts that are under way.
pub(crate) fn run_dirs(job_path: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(job_path.join("runs")) else { return Vec::new() };
    entries.flatten().map(|entry| entry.path()).collect()
}

/// The step that a run directory shows.
pub(super) fn step_of(run_dir: &Path, engine: &Path) -> Step {
    let id = run_dir.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let published = run_dir
        .ancestors()
        .nth(2)
        .is_some_and(|job| job.join("artifacts/runs").join(&id).join("run.meta.json").exists());
    if published {
        Step::Verdict
    } else if run_dir.join("publish").exists() {
        Step::Publishing
    } else if run_dir.join("outcome.json").exists() {
        Step::Outcome
    } else if run_dir.join("work/tmp/ended").exists() {
        Step::EngineEnded
    } else if starts(engine).contains(&id) {
        Step::Engine
    } else if run_dir.join("launcher.json").exists() {
        Step::Launcher
    } else {
        Step::Claimed
    }
}

/// The ids that the counting engine noted, one for each start.
pub(super) fn starts(engine: &Path) -> Vec<String> {
    let text = fs::read_to_string(engine.join("starts")).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

/// A process that a kill is aimed at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Victim {
    Server,
    Launcher,
    Engine,
}

/// Each, and each pair, and all.
pub(super) const VICTIMS: [&[Victim]; 7] = [
    &[Victim::Server],
    &[Victim::Launcher],
    &[Victim::Engine],
    &[Victim::Server, Victim::Launcher],
    &[Victim::Launcher, Victim::Server],
    &[Victim::Server, Victim::Engine],
    &[Victim::Launcher, Victim::Engine],
];

/// Kills the launcher or the engine's processes of a run; returns how many there were.
pub(crate) fn kill_of_run(victim: Victim, run_dir: &Path) -> usize {
    match victim {
        Victim::Server => 0,
        Victim::Launcher => launcher_pid(run_dir).filter(|pid| is_launcher(*pid)).map_or(0, |pid| {
            kill_9(pid);
            1
        }),
        Victim::Engine => {
            let found = processes_of(run_dir);
            found.iter().for_each(|pid| kill_9(*pid));
            found.len()
        }
    }
}

fn is_launcher(pid: i32) -> bool {
    fs::read(format!("/proc/{pid}/cmdline"))
        .is_ok_and(|words| words.split(|b| *b == 0).nth(1) == Some(b"exec-run"))
}

/// Process ids of launchers of runs below a directory.
pub(crate) fn launchers_below(data: &Path) -> Vec<i32> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    entries
        .flatten()
        .filter_map(|e| e.file_name().to_str()?.parse().ok())
        .filter(|pid: &i32| {
            let words = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            let mut words = words.split(|b| *b == 0).skip(1);
            words.next() == Some(b"exec-run")
                && words
                    .next()
                    .is_some_and(|spec| String::from_utf8_lossy(spec).starts_with(&*data.to_string_lossy()))
        })
        .collect()
}
