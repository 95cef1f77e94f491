//! Kill -9 of launcher, engine and server at points of a run's life: nothing is left behind, the attempt
//! ends once or is adopted.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use stata_service::domain::run_outcome::{Ended, Outcome};
use stata_service::ports::runner::{Adopted, Runner};

use crate::support::runs::{eventually, kill_9, launcher_pid, processes_of, runner, spec};

const ROOT: &str = "SS_TEST_SERVER_ROOT";
const BEHAVIOUR: &str = "SS_TEST_SERVER_BEHAVIOUR";

/// Runs a server in a process of its own that starts one run, until the condition holds; then kills it.
fn killed_server(root: &Path, behaviour: &str, until: impl FnMut() -> bool) {
    let mut server = Command::new(std::env::current_exe().expect("this test"))
        .args(["runs::runner_faults::server_in_a_process_of_its_own", "--exact", "--test-threads=1"])
        .env(ROOT, root)
        .env(BEHAVIOUR, behaviour)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the server starts");
    eventually("the run is where the test wants it", until);
    server.kill().expect("killed");
    server.wait().expect("reaped");
}

/// Not a test of its own: the server of the tests here, which only acts when they start it.
#[test]
#[expect(clippy::disallowed_methods, reason = "tells the child process of a test what to do")]
fn server_in_a_process_of_its_own() {
    let (Some(root), Ok(behaviour)) = (std::env::var_os(ROOT), std::env::var(BEHAVIOUR)) else { return };
    let outcome = runner().start(spec(Path::new(&root), &behaviour)).expect("started").wait();
    assert!(outcome.engine_started);
}

fn adopted_end(root: &Path) -> Outcome {
    match runner().adopt("run_t", &root.join("run")).expect("the directory is readable") {
        Adopted::Alive(handle) => handle.wait(),
        Adopted::Ended(outcome) => outcome,
    }
}

#[test]
fn a_run_survives_its_server_and_is_adopted() {
    let dir = tempfile::tempdir().expect("a directory");
    let run = dir.path().join("run");
    killed_server(dir.path(), "short", || {
        run.join("launcher.json").exists() && !processes_of(dir.path()).is_empty()
    });
    assert!(matches!(runner().adopt("run_t", &run).expect("readable"), Adopted::Alive(_)));
    assert_eq!(adopted_end(dir.path()).ended, Ended::Exited { status: 0 });
    assert!(run.join("work/done").exists());
    assert_eq!(processes_of(dir.path()), [0_i32; 0]);
}

#[test]
fn an_adopted_run_can_be_cancelled() {
    let dir = tempfile::tempdir().expect("a directory");
    let run = dir.path().join("run");
    killed_server(dir.path(), "family", || run.join("work/started").exists());
    let Adopted::Alive(handle) = runner().adopt("run_t", &run).expect("readable") else {
        panic!("the launcher must live")
    };
    handle.cancel();
    assert_eq!(handle.wait().ended, Ended::Cancelled);
    assert_eq!(processes_of(dir.path()), [0_i32; 0]);
}

#[test]
fn the_outcome_of_a_run_that_ended_without_a_server_is_read() {
    let dir = tempfile::tempdir().expect("a directory");
    let run = dir.path().join("run");
    killed_server(dir.path(), "short", || run.join("launcher.json").exists());
    eventually("the launcher ends", || run.join("outcome.json").exists());
    assert_eq!(adopted_end(dir.path()).ended, Ended::Exited { status: 0 });
    assert_eq!(adopted_end(dir.path()).ended, Ended::Exited { status: 0 }, "as often as one asks");
}

#[test]
fn a_lost_launcher_leaves_no_process() {
    let dir = tempfile::tempdir().expect("a directory");
    let run = dir.path().join("run");
    let handle = runner().start(spec(dir.path(), "family")).expect("started");
    eventually("the family runs", || run.join("work/started").exists());
    kill_9(launcher_pid(&run).expect("a launcher"));
    assert_eq!(handle.wait().ended, Ended::Lost { detail: "launcher".into() });
    assert_eq!(processes_of(dir.path()), [0_i32; 0]);
}

#[test]
fn launcher_and_server_lost_together_leave_no_process() {
    let dir = tempfile::tempdir().expect("a directory");
    let run = dir.path().join("run");
    killed_server(dir.path(), "family", || run.join("work/started").exists());
    kill_9(launcher_pid(&run).expect("a launcher"));
    let outcome = adopted_end(dir.path());
    assert_eq!(outcome.ended, Ended::Lost { detail: "launcher".into() });
    assert_eq!(processes_of(dir.path()), [0_i32; 0]);
}

#[test]
fn a_killed_engine_is_told() {
    let dir = tempfile::tempdir().expect("a directory");
    let run = dir.path().join("run");
    let handle = runner().start(spec(dir.path(), "forever")).expect("started");
    eventually("the engine runs", || run.join("work/started").exists());
    let launcher = launcher_pid(&run).expect("a launcher");
    let engine = processes_of(dir.path())
        .into_iter()
        .find(|pid| {
            let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            let parent = stat.rsplit(')').next().and_then(|rest| rest.split_ascii_whitespace().nth(1));
            parent == Some(launcher.to_string().as_str())
        })
        .expect("the engine");
    kill_9(engine);
    assert_eq!(handle.wait().ended, Ended::Signalled { signal: 9 });
}

#[test]
fn a_run_that_never_started_is_lost_and_never_starts() {
    let dir = tempfile::tempdir().expect("a directory");
    let absent = runner().adopt("run_t", &dir.path().join("none")).expect("readable");
    assert!(matches!(absent, Adopted::Ended(Outcome { ended: Ended::Lost { .. }, .. })));
    let prepared = spec(dir.path(), "ok");
    let found = runner().adopt("run_t", &prepared.run_dir).expect("readable");
    assert!(
        matches!(found, Adopted::Ended(Outcome { ended: Ended::Lost { detail }, .. }) if detail == "not_started")
    );
}

#[test]
fn an_outcome_of_another_run_or_of_a_later_release_is_not_believed() {
    for (run_id, contract) in [("other", 1), ("run_t", 99)] {
        let dir = tempfile::tempdir().expect("a directory");
        let prepared = spec(dir.path(), "ok");
        let mut outcome = Outcome::unstarted(run_id, Ended::Exited { status: 0 });
        outcome.contract_version = contract;
        let json = serde_json::to_vec(&outcome).expect("serialises");
        fs::write(prepared.run_dir.join("outcome.json"), json).expect("written");
        assert!(matches!(adopted_end(dir.path()).ended, Ended::Lost { .. }), "{run_id} {contract}");
    }
}
