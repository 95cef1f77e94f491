//! The verdict on real runs of an engine that misbehaves: never succeeded, always the right cause.

use stata_service::domain::job::JobStatus;
use stata_service::domain::run::{Cause, RunStatus};
use stata_service::domain::run_outcome::RunLimits;
use stata_service::ports::runner::SandboxMode;

use crate::support::runs::processes_of;
use crate::support::worker_harness::WorkerHarness;

/// Behaviours of the script and the cause that each must end with. None of them may succeed.
const CASES: &[(&str, Cause, &str)] = &[
    ("nothing", Cause::LogIncomplete, "absent"),
    ("no_log", Cause::LogIncomplete, "absent"),
    ("empty_log", Cause::LogIncomplete, "begin anchor"),
    ("truncated", Cause::LogIncomplete, "end anchor"),
    ("error", Cause::DataError, "r(111)"),
    ("failed_check", Cause::DataError, "dup_key"),
    ("unsupported", Cause::EngineUnsupported, "command mixed"),
    ("wrong_nonce", Cause::LogIncomplete, "end anchor"),
    ("early_nonce", Cause::LogIncomplete, "end nonce elsewhere"),
    ("text_after_end", Cause::LogIncomplete, "text after the end"),
    ("other_run", Cause::LogIncomplete, "begin anchor"),
    ("no_table", Cause::OutputsMissing, "table_coefficients.csv"),
    ("empty_table", Cause::OutputsMissing, "table_coefficients.csv"),
    ("header_only", Cause::OutputsMissing, "table_coefficients.csv"),
    ("linked_table", Cause::OutputsMissing, "table_coefficients.csv"),
    ("broken_table", Cause::OutputsMissing, "table_coefficients.csv"),
    ("forever", Cause::Timeout, "wall_clock"),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_misbehaving_engine_never_succeeds_and_has_the_right_cause() {
    fails_with_its_cause(SandboxMode::Enforce, CASES).await;
}

/// The sandbox ignores changes of a file's times, so that this table can appear without it only.
#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_is_older_than_the_run_is_no_output_of_it() {
    let cases = [("stale_table", Cause::OutputsMissing, "table_coefficients.csv")];
    fails_with_its_cause(SandboxMode::Off, &cases).await;
}

async fn fails_with_its_cause(sandbox: SandboxMode, cases: &[(&str, Cause, &str)]) {
    let dir = tempfile::tempdir().expect("a directory");
    let mut harness = WorkerHarness::open(dir.path());
    harness.options.limits = RunLimits { wall_seconds: 6, ..harness.options.limits };
    harness.options.sandbox.mode = sandbox;
    let _worker = harness.worker().await;
    for (behaviour, ..) in cases {
        harness.queue("acme", &format!("job-{}", behaviour.replace('_', "-")), behaviour).await;
    }
    for (behaviour, cause, detail) in cases {
        let job = harness.ended("acme", &format!("job-{}", behaviour.replace('_', "-"))).await;
        assert_eq!((job.status, job.runs.len()), (JobStatus::Failed, 1), "{behaviour}");
        let run = job.latest_run().expect("an attempt");
        assert_eq!((run.status, run.cause), (RunStatus::Failed, Some(*cause)), "{behaviour}");
        assert_eq!(run.cause_detail.as_deref(), Some(*detail), "{behaviour}");
        assert!(!run.next_actions.is_empty(), "{behaviour}");
        let path = format!("artifacts/runs/{}/run.error.json", run.run_id);
        assert!(job.artifact(&path).is_some(), "{behaviour}");
    }
    assert_eq!(processes_of(&harness.root), [0_i32; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_engine_is_tried_again_within_the_budget() {
    let dir = tempfile::tempdir().expect("a directory");
    let harness = WorkerHarness::open(dir.path());
    let _worker = harness.worker().await;
    for behaviour in ["crash", "status", "children"] {
        harness.queue("acme", behaviour, behaviour).await;
    }
    for (behaviour, cause) in
        [("crash", Cause::Killed), ("status", Cause::Internal), ("children", Cause::Internal)]
    {
        let job = harness.until("acme", behaviour, |job| job.runs.len() >= 2).await;
        let first = &job.runs[0];
        assert_eq!((first.status, first.cause), (RunStatus::Failed, Some(cause)), "{behaviour}");
        assert_eq!(job.automatic_attempts_used, 2, "{behaviour}");
        assert_ne!(job.runs[0].run_id, job.runs[1].run_id);
    }
}
