//! A launcher that is stopped or hangs: the server has a bound of its own, and nothing is left behind.

use std::fs;
use std::path::Path;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use stata_service::adapters::runner::LocalRunner;
use stata_service::domain::job::JobStatus;
use stata_service::domain::run::Cause;
use stata_service::domain::run_outcome::{Ended, RunLimits};
use stata_service::ports::runner::{Adopted, Runner};

use crate::support::runs::{SERVICE, eventually, launcher_pid, processes_of, runner, spec};
use crate::support::worker_harness::WorkerHarness;

fn stop(pid: i32) {
    kill_process(Pid::from_raw(pid).expect("a process id"), Signal::STOP).expect("the process is there");
}

fn stop_launcher(run_dir: &Path) {
    stop(launcher_pid(run_dir).expect("a launcher"));
}

#[test]
fn a_stopped_launcher_holds_its_run_no_longer_than_the_bound() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut spec = spec(dir.path(), "family");
    spec.limits.wall_seconds = 1;
    let handle = runner().start(spec).expect("started");
    let run = dir.path().join("run");
    eventually("the family runs", || run.join("work/started").exists());
    stop_launcher(&run);
    let launcher = launcher_pid(&run).expect("a launcher");
    assert_eq!(handle.wait().ended, Ended::Lost { detail: "launcher_unresponsive".into() });
    assert_eq!(processes_of(dir.path()), [0_i32; 0]);
    assert!(!Path::new(&format!("/proc/{launcher}")).exists(), "the launcher is gone too");
}

#[test]
fn a_cancel_and_a_stop_of_the_host_are_carried_out_without_the_launcher() {
    for by_user in [true, false] {
        let dir = tempfile::tempdir().expect("a directory");
        let run = dir.path().join("run");
        let started = runner().start(spec(dir.path(), "family")).expect("started");
        eventually("the family runs", || run.join("work/started").exists());
        stop_launcher(&run);
        // as a server that was started since
        let Adopted::Alive(handle) = runner().adopt("run_t", &run).expect("readable") else {
            panic!("the launcher lives")
        };
        if by_user {
            handle.cancel();
        } else {
            handle.stop_for_host();
        }
        assert_eq!(handle.wait().ended, if by_user { Ended::Cancelled } else { Ended::HostStopped });
        assert_eq!(processes_of(dir.path()), [0_i32; 0]);
        // the one that started it collects its child
        assert!(matches!(started.wait().ended, Ended::Lost { .. }));
    }
}

/// Process ids of the launchers that wait for a run, by the name that they were started under.
fn waiting(program: &Path) -> Vec<i32> {
    let start = format!("{}\0exec-run\0--wait\0", program.display());
    let entries = fs::read_dir("/proc").expect("processes").flatten();
    let pids = entries.filter_map(|e| e.file_name().to_str()?.parse::<i32>().ok());
    pids.filter(|pid| fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|words| words == start.as_bytes()))
        .collect()
}

#[test]
fn a_launcher_that_does_not_take_its_run_over_is_given_up() {
    let dir = tempfile::tempdir().expect("a directory");
    let program = dir.path().join("service");
    std::os::unix::fs::symlink(SERVICE, &program).expect("linked");
    let runner = LocalRunner::with_launcher(&program);
    let (first, second) = (dir.path().join("first"), dir.path().join("second"));
    assert_eq!(runner.start(spec(&first, "ok")).expect("started").wait().ended, Ended::Exited { status: 0 });
    eventually("the next launcher waits", || waiting(&program).len() == 1);
    stop(waiting(&program)[0]);
    let refused = runner.start(spec(&second, "ok")).map(drop).expect_err("nobody takes it over");
    assert_eq!(refused.kind(), std::io::ErrorKind::TimedOut);
    assert_eq!((waiting(&program), processes_of(dir.path())), (Vec::new(), Vec::new()));
    let third = dir.path().join("third");
    assert_eq!(runner.start(spec(&third, "ok")).expect("started").wait().ended, Ended::Exited { status: 0 });
    eventually("the next launcher waits", || waiting(&program).len() == 1);
    stop(waiting(&program)[0]);
    // ends although the launcher that waits is stopped
    drop(runner);
    assert_eq!(waiting(&program), [0_i32; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_whose_launcher_is_stopped_can_be_cancelled_and_gives_its_place_free() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut harness = WorkerHarness::open(dir.path());
    harness.options.concurrency = 1;
    harness.options.limits = RunLimits { wall_seconds: 600, ..harness.options.limits };
    let _worker = harness.worker().await;
    harness.queue("acme", "hung", "forever").await;
    harness.queue("acme", "next", "good").await;
    let job = harness.until("acme", "hung", |job| job.running_run().is_some()).await;
    let work = harness.work_file(&job, "started");
    while !work.exists() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    stop_launcher(work.parent().and_then(Path::parent).expect("the run directory"));
    harness.cancel("acme", "hung").await;
    let job = harness.ended("acme", "hung").await;
    assert_eq!((job.status, job.runs[0].cause), (JobStatus::Cancelled, Some(Cause::Cancelled)));
    assert_eq!(harness.ended("acme", "next").await.status, JobStatus::Succeeded);
    assert_eq!(processes_of(&harness.root), [0_i32; 0]);
}
