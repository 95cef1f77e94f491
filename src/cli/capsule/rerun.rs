//! `capsule rerun`: the do-file of a capsule in a fresh folder, by the launcher and under the limits of runs, and
//! every number of its tables next to the original one.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use super::data::place;
use super::engine::{Engine, command};
use super::{print_findings, refused};
use crate::adapters::capsule_archive::ZipCapsule;
use crate::adapters::files::LocalWorkspace;
use crate::adapters::runner::LocalRunner;
use crate::cli::Exit;
use crate::cli::plain::plain;
use crate::domain::capsule as form;
use crate::domain::run::Cause;
use crate::domain::run_outcome::RunLimits;
use crate::domain::verdict::Verdict;
use crate::ports::capsule_archive::CapsuleArchive;
use crate::ports::runner::{SandboxMode, SandboxSpec};
use crate::service::runs::capsule_check::compare::{Changed, Comparison};
use crate::service::runs::capsule_check::data::DataUnavailable;
use crate::service::runs::capsule_check::rerun::RecordedRun;
use crate::service::runs::capsule_check::verify::{Findings, inspect};
use crate::worker::rerun::{Original, Repeat};

/// Most differences that are printed one by one.
const MOST_PRINTED: usize = 50;

#[derive(Debug, Args)]
pub(super) struct RerunArgs {
    pub file: PathBuf,
    /// The engine; by default the one of the run
    #[arg(long, value_enum)]
    pub engine: Option<Engine>,
    /// Stata's program; by default the first on the search path
    #[arg(long, value_name = "PATH")]
    pub stata: Option<PathBuf>,
    /// Relative difference up to which two numbers count as equal
    #[arg(long, default_value_t = 1e-9)]
    pub tolerance: f64,
    /// New folder for the files of the rerun; by default they are removed
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Folder with the data: uploaded or canonical files, found by their hashes
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Continue although parts of the capsule disagree or the data differ
    #[arg(long)]
    pub accept_changes: bool,
    /// Time limit of the engine, in seconds
    #[arg(long, default_value_t = 3600)]
    pub timeout: u64,
    /// Confinement of the engine
    #[arg(long, value_enum, default_value = "best-effort")]
    pub sandbox: Confinement,
    /// Print the report as JSON
    #[arg(long)]
    pub json: bool,
}

/// As the setting `run.sandbox`.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(super) enum Confinement {
    Enforce,
    BestEffort,
    Off,
}

/// Why there is no comparison.
enum Stop {
    Usage(String),
    Differs(String),
    NoEngine(String),
    Failed(String),
    Io(String),
}

/// The result of a repetition.
struct Report {
    engine: String,
    then: String,
    remarks: Vec<String>,
    comparison: Comparison,
    tables: usize,
}

/// Runs the command.
pub(super) fn run(args: &RerunArgs) -> Exit {
    let mut archive = match ZipCapsule::open(&args.file) {
        Ok(archive) => archive,
        Err(reason) => return refused(reason, args.json),
    };
    let findings = inspect(&mut archive);
    if !findings.problems.is_empty() && !args.accept_changes {
        if args.json {
            println!("{:#}", findings.to_json());
        } else {
            print_findings(&findings);
            eprintln!(
                "not repeated: the capsule differs from itself; --accept-changes repeats it all the same"
            );
        }
        return Exit::Failed;
    }
    match repeat(args, &mut archive, &findings) {
        Ok(report) => self::report(args, &report),
        Err(stop) => {
            let (exit, text) = match stop {
                Stop::Usage(text) => (Exit::Usage, text),
                Stop::Differs(text) | Stop::Failed(text) => (Exit::Failed, text),
                Stop::NoEngine(text) => (Exit::Unavailable, text),
                Stop::Io(text) => (Exit::Io, text),
            };
            if args.json {
                println!("{:#}", json!({"ok": false, "not_repeated": text}));
            } else {
                eprintln!("not repeated: {text}");
            }
            exit
        }
    }
}

fn repeat(args: &RerunArgs, archive: &mut ZipCapsule, findings: &Findings) -> Result<Report, Stop> {
    if !(args.tolerance >= 0.0 && args.tolerance.is_finite()) {
        return Err(Stop::Usage("--tolerance must be 0 or more".to_owned()));
    }
    let recorded = RecordedRun::read(archive).map_err(Stop::Differs)?;
    let facts = &recorded.run.engine;
    let (engine, words) = command(args.engine, args.stata.as_deref(), facts).map_err(Stop::NoEngine)?;
    let folder = Folder::make(args.out.as_deref()).map_err(Stop::Io)?;
    let work = folder.path.join("work");
    let mut remarks: Vec<String> =
        findings.problems.iter().map(|p| format!("accepted: {}: {}", p.file, p.reason)).collect();
    unpack(archive, &work).map_err(Stop::Io)?;
    let placed = place(archive, &recorded.inputs, args.data.as_deref(), args.accept_changes, &work);
    remarks.extend(placed.map_err(|reason| match reason {
        DataUnavailable::Needed(text) => Stop::Usage(text),
        DataUnavailable::Differs { file, reason } => Stop::Differs(format!("{file}: {reason}")),
    })?);
    let verdict = executed(args, words, &folder.path, &recorded)?;
    if let Some(failure) = &verdict.failure {
        let evidence: Vec<&str> = failure.evidence.iter().map(|line| line.text.as_str()).collect();
        let text = format!("the engine's run ended as {}: {}", failure.cause.as_str(), evidence.join(" / "));
        return Err(match failure.cause {
            Cause::EngineMissing | Cause::Licence => Stop::NoEngine(text),
            _ => Stop::Failed(text),
        });
    }
    let repeated = |file: &str| std::fs::read(work.join(file)).ok();
    let (comparison, tables) = recorded.compare(archive, repeated, &verdict, args.tolerance);
    let (kind, carried) = match engine {
        Engine::Open => ("open", Some(env!("CARGO_PKG_VERSION"))),
        Engine::Stata => ("stata", None),
    };
    Ok(Report {
        engine: format!(
            "{kind} {}",
            verdict.engine.version.as_deref().or(carried).unwrap_or("of unknown version")
        ),
        then: findings.engine.clone(),
        remarks,
        comparison,
        tables,
    })
}

/// Unpacks the files that a run needs besides its data.
fn unpack(archive: &mut ZipCapsule, work: &Path) -> Result<(), String> {
    for folder in ["ado", "empty", "tmp/home"] {
        std::fs::create_dir_all(work.join(folder)).map_err(|e| e.to_string())?;
    }
    for path in archive.paths() {
        if path == form::MAIN_DO || path.starts_with(form::ADO) {
            archive.extract(&path, work).map_err(|e| format!("{path}: {e}"))?;
        }
    }
    Ok(())
}

fn executed(
    args: &RerunArgs,
    words: Vec<String>,
    folder: &Path,
    recorded: &RecordedRun,
) -> Result<Verdict, Stop> {
    let mode = match args.sandbox {
        Confinement::Enforce => SandboxMode::Enforce,
        Confinement::BestEffort => SandboxMode::BestEffort,
        Confinement::Off => SandboxMode::Off,
    };
    let wall_seconds = args.timeout.max(1);
    let limits = RunLimits { wall_seconds, cpu_seconds: 4 * wall_seconds, ..RunLimits::default() };
    let workspace = LocalWorkspace::new(folder.to_owned());
    let repeat = Repeat {
        workspace: &workspace,
        runner: &LocalRunner::new(),
        command: words,
        limits,
        sandbox: SandboxSpec { mode, read: Vec::new() },
        timezone: "UTC".to_owned(),
    };
    let original = Original {
        run_id: recorded.run.run_id.clone(),
        nonces: recorded.nonces.clone(),
        plan: &recorded.plan,
        meta: &recorded.meta,
    };
    let done =
        repeat.run(folder, &original).map_err(|e| Stop::Io(format!("the engine cannot be started: {e}")))?;
    Ok(done.1)
}

fn report(args: &RerunArgs, report: &Report) -> Exit {
    let seen = &report.comparison;
    let equal = seen.changed.is_empty();
    if args.json {
        println!(
            "{:#}",
            json!({
                "ok": equal, "engine": report.engine, "engine_then": report.then, "tolerance": args.tolerance,
                "tables": report.tables, "cells": seen.cells, "numbers": seen.numbers,
                "largest_relative_difference": seen.largest, "differences": seen.changed, "remarks": report.remarks,
                "folder": args.out.as_ref().map(|dir| dir.display().to_string()),
            })
        );
    } else {
        println!("engine   {} (then: {})", plain(&report.engine), plain(&report.then));
        for remark in &report.remarks {
            println!("note     {}", plain(remark));
        }
        seen.changed.iter().take(MOST_PRINTED).for_each(print);
        if seen.changed.len() > MOST_PRINTED {
            println!("         and {} more; --json lists them all", seen.changed.len() - MOST_PRINTED);
        }
        println!(
            "{}   {} numbers in {} tables and the metrics, {} differ by more than {:e}; largest relative difference {:.2e}",
            if equal { "equal " } else { "differs" },
            seen.numbers,
            report.tables,
            seen.changed.len(),
            args.tolerance,
            seen.largest
        );
    }
    if equal { Exit::Done } else { Exit::Failed }
}

fn print(changed: &Changed) {
    let place = match (changed.row, changed.key.as_str()) {
        (0, "") => String::new(),
        (0, key) => format!(" {key}"),
        (row, key) => format!(" row {row} ({key}) {}", changed.column),
    };
    let relative =
        changed.relative_difference.map(|r| format!(", relative difference {r:.3e}")).unwrap_or_default();
    let (file, then, now) = (plain(&changed.file), plain(&changed.then), plain(&changed.now));
    println!("DIFFERS  {file}{}: then {then}, now {now}{relative}", plain(&place));
}

/// The folder of the repetition; one that nobody named goes with the command.
struct Folder {
    path: PathBuf,
    keep: bool,
}

impl Folder {
    fn make(out: Option<&Path>) -> Result<Self, String> {
        let (path, keep) = match out {
            Some(path) => (std::path::absolute(path).map_err(|e| e.to_string())?, true),
            None => {
                let name = format!("stata-service-rerun-{}", std::process::id());
                (std::env::temp_dir().join(name), false)
            }
        };
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).map_err(|e| format!("{}: {e}", parent.display()))?;
        }
        std::fs::create_dir(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        Ok(Self { path, keep })
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if !self.keep {
            // What is left behind is a temporary folder.
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}
