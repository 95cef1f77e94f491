//! What every runner promises: one table of cases, run for each adapter.

use std::path::Path;
use std::sync::Arc;

use stata_service::domain::run_outcome::Ended;
use stata_service::ports::runner::{Adopted, Runner};

use crate::support::runs::{eventually, processes_of, runner, spec};

type Case = fn(Arc<dyn Runner>, &Path);

macro_rules! cases {
    ($($name:ident),* $(,)?) => {
        &[$((stringify!($name), $name as Case)),*]
    };
}

/// The table.
const CASES: &[(&str, Case)] = cases![
    an_engine_that_ends_is_told_as_it_ended,
    waiting_again_gives_the_same_answer,
    an_attempt_is_alive_until_its_tree_is_empty,
    one_directory_never_starts_two_engines,
    a_cancel_after_the_end_changes_nothing,
    the_first_reason_to_end_stays,
    an_absent_attempt_is_lost,
];

#[test]
fn the_launcher_keeps_the_promises_of_a_runner() {
    for (name, case) in CASES {
        eprintln!("case {name}");
        let dir = tempfile::tempdir().expect("a directory");
        case(Arc::new(runner()), dir.path());
        assert_eq!(processes_of(dir.path()), [0_i32; 0], "{name}");
    }
}

fn an_engine_that_ends_is_told_as_it_ended(runner: Arc<dyn Runner>, root: &Path) {
    let outcome = runner.start(spec(root, "status")).expect("started").wait();
    assert_eq!((outcome.ended, outcome.run_id.as_str()), (Ended::Exited { status: 3 }, "run_t"));
    assert!(outcome.started_at_ns > 0 && outcome.ended_at_ns >= outcome.started_at_ns);
}

fn waiting_again_gives_the_same_answer(runner: Arc<dyn Runner>, root: &Path) {
    let handle = runner.start(spec(root, "ok")).expect("started");
    let waiters: Vec<_> = (0..4)
        .map(|_| {
            let handle = Arc::clone(&handle);
            std::thread::spawn(move || handle.wait())
        })
        .collect();
    let answers: Vec<_> = waiters.into_iter().map(|w| w.join().expect("waited")).collect();
    assert!(answers.iter().all(|a| *a == answers[0] && a.clean()), "{answers:?}");
}

fn an_attempt_is_alive_until_its_tree_is_empty(runner: Arc<dyn Runner>, root: &Path) {
    let handle = runner.start(spec(root, "family")).expect("started");
    eventually("the family runs", || root.join("run/work/started").exists());
    assert!(matches!(runner.adopt("run_t", &root.join("run")).expect("readable"), Adopted::Alive(_)));
    handle.cancel();
    let outcome = handle.wait();
    assert_eq!(processes_of(root), [0_i32; 0]);
    assert!(
        matches!(runner.adopt("run_t", &root.join("run")).expect("readable"), Adopted::Ended(o) if o == outcome)
    );
}

fn one_directory_never_starts_two_engines(runner: Arc<dyn Runner>, root: &Path) {
    let handle = runner.start(spec(root, "short")).expect("started");
    assert!(runner.start(spec(root, "short")).is_err());
    handle.wait();
    assert!(runner.start(spec(root, "short")).is_err());
}

fn a_cancel_after_the_end_changes_nothing(runner: Arc<dyn Runner>, root: &Path) {
    let handle = runner.start(spec(root, "ok")).expect("started");
    let outcome = handle.wait();
    handle.cancel();
    handle.stop_for_host();
    assert_eq!(handle.wait(), outcome);
}

fn the_first_reason_to_end_stays(runner: Arc<dyn Runner>, root: &Path) {
    let handle = runner.start(spec(root, "stubborn")).expect("started");
    eventually("the engine works", || root.join("run/work/started").exists());
    handle.cancel();
    handle.stop_for_host();
    assert_eq!(handle.wait().ended, Ended::Cancelled);
}

fn an_absent_attempt_is_lost(runner: Arc<dyn Runner>, root: &Path) {
    let found = runner.adopt("run_t", &root.join("absent")).expect("readable");
    assert!(matches!(found, Adopted::Ended(o) if matches!(o.ended, Ended::Lost { .. })));
}
