//! The launcher on real processes: how runs end, what confines them, and that nothing is left behind.

use std::fs;

use stata_service::domain::run_outcome::{Ended, Outcome};
use stata_service::ports::runner::{RunSpec, Runner, SandboxMode};

use crate::support::runs::{eventually, fakes, processes_of, runner, spec};

/// Runs to the end; afterwards no process of the run exists.
fn run_with(behaviour: &str, change: impl FnOnce(&mut RunSpec)) -> (Outcome, tempfile::TempDir) {
    let dir = tempfile::tempdir().expect("a directory");
    let mut spec = spec(dir.path(), behaviour);
    change(&mut spec);
    let outcome = runner().start(spec).expect("the launcher starts").wait();
    assert_eq!(processes_of(dir.path()), [0_i32; 0], "{behaviour} left processes behind");
    (outcome, dir)
}

fn ended(behaviour: &str, change: impl FnOnce(&mut RunSpec)) -> Ended {
    run_with(behaviour, change).0.ended
}

fn text(dir: &tempfile::TempDir, file: &str) -> String {
    fs::read_to_string(dir.path().join("run").join(file)).expect(file)
}

#[test]
fn an_engine_sees_its_arguments_its_folder_and_a_clean_environment() {
    let (outcome, dir) = run_with("ok", |_| {});
    assert_eq!(outcome.ended, Ended::Exited { status: 0 });
    assert!(outcome.clean() && outcome.engine_started);
    let here = stata_service::adapters::runner::probe_confinement();
    assert_eq!((outcome.sandbox.as_str(), &outcome.containment), ("enforced", &here.containment));
    assert_eq!(text(&dir, "stdout"), "out -q -b do main.do\n");
    assert_eq!(text(&dir, "stderr"), "err\n");
    let names: Vec<String> = text(&dir, "work/env.txt")
        .lines()
        .filter_map(|l| l.split_once('=').map(|(name, _)| name.to_owned()))
        .filter(|n| !matches!(n.as_str(), "PWD" | "OLDPWD" | "_" | "SHLVL"))
        .collect();
    assert_eq!(names, ["HOME", "LANG", "LC_ALL", "PATH", "STATATMP", "TERM", "TMPDIR", "TZ"]);
    assert!(text(&dir, "work/pwd.txt").trim_end().ends_with("/run/work"));
    for target in text(&dir, "work/fds.txt").lines() {
        let known = target == "/dev/null" || target.starts_with("pipe:");
        assert!(known || target.ends_with("engine.sh") || target.ends_with("fds.txt"), "inherited: {target}");
    }
}

#[test]
fn the_end_of_the_engine_is_told_as_it_was() {
    assert_eq!(ended("status", |_| {}), Ended::Exited { status: 3 });
    assert_eq!(ended("kill_self", |_| {}), Ended::Signalled { signal: 9 });
}

#[test]
fn limits_end_a_run_by_their_name() {
    assert_eq!(ended("stubborn", |s| s.limits.wall_seconds = 1), Ended::Timeout);
    assert_eq!(ended("many_processes", |s| s.limits.processes = 10), Ended::ProcessLimit);
    assert_eq!(ended("memory", |s| s.limits.memory_bytes = 100_000_000), Ended::MemoryLimit);
    let bytes = Ended::OutputLimit { what: "bytes".into() };
    assert_eq!(ended("big_files", |s| s.limits.output_bytes = 1_000_000), bytes);
    assert_eq!(
        ended("big_file", |s| s.limits.output_bytes = 1_000_000),
        bytes,
        "found at the end at the latest"
    );
    let files = Ended::OutputLimit { what: "files".into() };
    assert_eq!(ended("many_files", |s| s.limits.output_files = 50), files);
}

#[test]
fn a_cpu_limit_ends_an_engine_that_only_computes() {
    assert_eq!(ended("spin", |s| s.limits.cpu_seconds = 1), Ended::CpuLimit);
}

#[test]
fn a_single_file_is_limited_by_the_kernel() {
    let (outcome, dir) = run_with("big_file", |s| s.limits.file_bytes = 1_000_000);
    assert_ne!(outcome.ended, Ended::Exited { status: 0 });
    assert!(fs::metadata(dir.path().join("run/work/big.bin")).expect("the file").len() <= 1_000_000);
}

#[test]
fn a_flood_on_standard_output_is_cut_and_counted() {
    let (outcome, dir) = run_with("flood", |s| s.limits.stream_bytes = 1000);
    assert_eq!(outcome.ended, Ended::Exited { status: 0 });
    assert_eq!((outcome.stdout_bytes, text(&dir, "stdout").len()), (5_000_000, 1000));
}

#[test]
fn processes_that_outlive_the_engine_are_ended_and_counted() {
    let (outcome, _dir) = run_with("leaves_children", |_| {});
    assert_eq!((outcome.ended, outcome.leftovers), (Ended::Exited { status: 0 }, 1));
}

#[test]
fn cancel_and_host_stop_end_the_whole_family_and_are_told_apart() {
    for by_user in [true, false] {
        let dir = tempfile::tempdir().expect("a directory");
        let handle = runner().start(spec(dir.path(), "family")).expect("started");
        eventually("the family runs", || dir.path().join("run/work/started").exists());
        if by_user {
            handle.cancel()
        } else {
            handle.stop_for_host()
        }
        let outcome = handle.wait();
        assert_eq!(outcome.ended, if by_user { Ended::Cancelled } else { Ended::HostStopped });
        assert_eq!(processes_of(dir.path()), [0_i32; 0]);
        assert_eq!(handle.wait(), outcome, "asking again gives the same answer");
    }
}

#[test]
fn the_sandbox_keeps_the_engine_inside() {
    let (outcome, dir) = run_with("escape", |_| {});
    assert_eq!(outcome.ended, Ended::Exited { status: 0 });
    assert_eq!(text(&dir, "work/escapes.txt"), "end\n");
    assert!(!dir.path().join("run/outside.txt").exists());
}

#[test]
fn without_the_sandbox_the_same_engine_reaches_outside() {
    let (outcome, dir) = run_with("escape", |s| s.sandbox.mode = SandboxMode::Off);
    assert_eq!(outcome.sandbox, "off");
    assert!(
        text(&dir, "work/escapes.txt").contains("wrote outside"),
        "the probe itself must be able to fail"
    );
}

#[test]
fn an_engine_that_cannot_be_executed_is_named() {
    let missing = ended("ok", |s| s.command[0] = "/no/such/engine".into());
    assert!(
        matches!(&missing, Ended::CannotExecute { detail } if detail.contains("/no/such/engine")),
        "{missing:?}"
    );
    let plain = fakes().join("../runs.rs").display().to_string();
    assert!(matches!(ended("ok", |s| s.command[0] = plain.clone()), Ended::CannotExecute { .. }));
    assert!(matches!(ended("ok", |s| s.command[0] = "engine".into()), Ended::CannotExecute { .. }));
}

#[test]
fn a_log_that_exists_before_the_start_is_refused() {
    let dir = tempfile::tempdir().expect("a directory");
    let spec = spec(dir.path(), "ok");
    fs::write(spec.run_dir.join("work/main.log"), "old").expect("written");
    let outcome = runner().start(spec).expect("started").wait();
    assert!(matches!(outcome.ended, Ended::LauncherFailed { .. }) && !outcome.engine_started);
}

#[test]
fn one_run_directory_starts_one_engine() {
    let dir = tempfile::tempdir().expect("a directory");
    let first = runner().start(spec(dir.path(), "short")).expect("started");
    assert!(runner().start(spec(dir.path(), "short")).is_err(), "while it runs");
    first.wait();
    assert!(runner().start(spec(dir.path(), "short")).is_err(), "after it ended");
}
