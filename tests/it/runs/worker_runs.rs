//! The worker on a real store and real processes: what a run publishes, cancel, fairness, restarts.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest, Sha256};
use stata_service::adapters::clock::SystemClock;
use stata_service::domain::artifact::ArtifactKind;
use stata_service::domain::job::{JobRecord, JobStatus};
use stata_service::domain::run::{Cause, RunStatus};
use stata_service::ports::audit_log::AuditLog;
use stata_service::ports::clock::Clock;
use stata_service::worker::Drain;

use crate::support::flaky_store::FlakyStore;
use crate::support::runs::{eventually, kill_9, launcher_pid, processes_of};
use crate::support::worker_harness::WorkerHarness;

fn paths(job: &JobRecord) -> Vec<String> {
    let run = job.latest_run().expect("an attempt");
    let prefix = format!("artifacts/runs/{}/", run.run_id);
    let mut found: Vec<String> = job
        .artifacts_index
        .iter()
        .filter_map(|a| a.rel_path.strip_prefix(&prefix).map(str::to_owned))
        .collect();
    found.sort();
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn a_good_run_publishes_its_files_with_their_hashes() {
    let dir = tempfile::tempdir().expect("a directory");
    let harness = WorkerHarness::open(dir.path());
    let worker = harness.worker().await;
    harness.queue("acme", "j1", "good").await;
    let job = harness.ended("acme", "j1").await;
    let run = job.latest_run().expect("an attempt");
    assert_eq!((job.status, run.status, run.cause), (JobStatus::Succeeded, RunStatus::Succeeded, None));
    assert_eq!(
        paths(&job),
        ["main.do", "main.log", "notes.txt", "run.meta.json", "stderr", "stdout", "table_coefficients.csv"]
    );
    for artifact in job.artifacts_index.iter().filter(|a| a.rel_path.contains(run.run_id.as_str())) {
        let bytes = harness.published(&job, &artifact.rel_path);
        assert_eq!(artifact.sha256, hex::encode(Sha256::digest(&bytes)), "{}", artifact.rel_path);
        assert_eq!(artifact.size_bytes, bytes.len() as u64);
    }
    let kind = |file: &str| {
        job.artifact(&format!("artifacts/runs/{}/{file}", run.run_id)).map(|a| a.kind).expect(file)
    };
    assert_eq!(kind("table_coefficients.csv"), ArtifactKind::ExportTable);
    assert_eq!(kind("notes.txt"), ArtifactKind::ExportOther);
    assert_eq!(run.results.len(), 2, "the term and the constant");
    assert_eq!((run.results[0].term.as_str(), run.results[0].estimate), ("x", Some(1.5)));
    assert_eq!(run.checks.iter().map(|c| c.id.as_str()).collect::<Vec<_>>(), ["few_df"]);
    assert_eq!(run.sample_flow.last().map(|s| (s.rows, s.dropped)), Some((40, 10)));
    let do_file = harness.published(&job, &format!("artifacts/runs/{}/main.do", run.run_id));
    let at = usize::try_from(run.body_offset.expect("an offset")).expect("small");
    let len = usize::try_from(run.body_bytes.expect("a length")).expect("small");
    let plan = job.plan.as_ref().expect("a plan");
    assert_eq!(hex::encode(Sha256::digest(&do_file[at..at + len])), plan.template.sha256);
    let meta = harness.published(&job, &format!("artifacts/runs/{}/run.meta.json", run.run_id));
    let meta: serde_json::Value = serde_json::from_slice(&meta).expect("JSON");
    assert_eq!((meta["process"]["sandbox"].as_str(), meta["attempt"].as_u64()), (Some("enforced"), Some(1)));
    assert!(meta["not_archived"].to_string().contains("profile.do"));
    eventually("the working space is gone", || !harness.work_file(&job, "").exists());
    assert_eq!(worker.drain(Drain::Wait(Duration::from_secs(5))).await, 0);
    let actions: Vec<String> = harness
        .store
        .events(0, 0, 100)
        .await
        .expect("readable")
        .into_iter()
        .map(|e| e.event.action)
        .filter(|a| a.starts_with("run."))
        .collect();
    assert_eq!(actions, ["run.started", "run.succeeded"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_cannot_change_the_data_of_the_job() {
    let dir = tempfile::tempdir().expect("a directory");
    let harness = WorkerHarness::open(dir.path());
    let _worker = harness.worker().await;
    harness.queue("acme", "j1", "changes_data").await;
    let job = harness.ended("acme", "j1").await;
    assert_eq!(job.status, JobStatus::Succeeded);
    assert_eq!(harness.published(&job, "inputs/main.dta"), b"canonical data");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_body_or_data_set_never_runs() {
    for file in ["artifacts/template.do", "inputs/main.dta"] {
        let dir = tempfile::tempdir().expect("a directory");
        let harness = WorkerHarness::open(dir.path());
        harness.queue("acme", "j1", "good").await;
        let job = harness.job("acme", "j1").await;
        let path =
            harness.root.join(stata_service::domain::layout::job_dir(&job.tenant_id, &job.job_id)).join(file);
        std::fs::write(path, "tampered\n").expect("written");
        let _worker = harness.worker().await;
        let job =
            harness.until("acme", "j1", |job| job.runs.first().is_some_and(|r| r.cause.is_some())).await;
        assert_eq!(job.runs[0].cause, Some(Cause::Internal), "{file}");
        assert!(job.runs[0].evidence[0].text.contains("differs"), "{:?}", job.runs[0].evidence);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_committed_cancel_ends_the_running_attempt_and_its_family() {
    let dir = tempfile::tempdir().expect("a directory");
    let harness = WorkerHarness::open(dir.path());
    let _worker = harness.worker().await;
    harness.queue("acme", "j1", "family").await;
    harness
        .until("acme", "j1", |job| job.running_run().is_some_and(|r| r.phase.as_deref() == Some("running")))
        .await;
    let job = harness.job("acme", "j1").await;
    eventually("the engine works", || harness.work_file(&job, "started").exists());
    harness.cancel("acme", "j1").await;
    let job = harness.ended("acme", "j1").await;
    assert_eq!(job.status, JobStatus::Cancelled);
    let run = job.latest_run().expect("an attempt");
    assert_eq!(
        (run.status, run.cause, run.cancel_requested.is_some()),
        (RunStatus::Cancelled, Some(Cause::Cancelled), true)
    );
    assert_eq!(processes_of(&harness.root), [0_i32; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_with_many_jobs_does_not_hold_up_another() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut harness = WorkerHarness::open(dir.path());
    harness.options.concurrency = 1;
    for i in 0..4 {
        harness.queue("many", &format!("m{i}"), "good").await;
    }
    harness.queue("few", "f0", "good").await;
    let _worker = harness.worker().await;
    let few = harness.ended("few", "f0").await;
    let last = harness.ended("many", "m3").await;
    let started = |job: &JobRecord| job.latest_run().expect("an attempt").started_at;
    assert!(started(&few) <= started(&last));
    let second = harness.ended("many", "m1").await;
    assert!(started(&few) <= started(&second), "the other tenant is second in turn");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drain_that_waits_ends_what_outlives_it_without_using_the_budget() {
    let dir = tempfile::tempdir().expect("a directory");
    let harness = WorkerHarness::open(dir.path());
    let worker = harness.worker().await;
    harness.queue("acme", "j1", "forever").await;
    let job = harness.until("acme", "j1", |job| job.running_run().is_some()).await;
    eventually("the engine works", || harness.work_file(&job, "started").exists());
    assert_eq!(worker.drain(Drain::Wait(Duration::from_millis(50))).await, 0);
    let job = harness.job("acme", "j1").await;
    assert_eq!((job.status, job.automatic_attempts_used), (JobStatus::Queued, 0));
    let run = job.latest_run().expect("an attempt");
    assert_eq!((run.cause, run.cause_detail.as_deref()), (Some(Cause::WorkerLost), Some("shutdown")));
    assert_eq!(processes_of(&harness.root), [0_i32; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drain_that_detaches_leaves_the_attempt_to_the_next_worker() {
    let dir = tempfile::tempdir().expect("a directory");
    let harness = WorkerHarness::open(dir.path());
    let worker = harness.worker().await;
    harness.queue("acme", "j1", "slow").await;
    let job = harness.until("acme", "j1", |job| job.running_run().is_some()).await;
    eventually("the engine works", || harness.work_file(&job, "started").exists());
    assert_eq!(worker.drain(Drain::Detach).await, 1);
    assert_eq!(harness.job("acme", "j1").await.status, JobStatus::Running);
    let _next = harness.worker().await;
    let job = harness.ended("acme", "j1").await;
    assert_eq!((job.status, job.runs.len()), (JobStatus::Succeeded, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_without_a_licence_stops_claims_until_the_engine_works_again() {
    let dir = tempfile::tempdir().expect("a directory");
    let licences = tempfile::tempdir().expect("a directory");
    let refusal = licences.path().join("unlicensed");
    std::fs::write(&refusal, "").expect("written");
    let mut harness = WorkerHarness::open(dir.path());
    harness.options.command.push(licences.path().display().to_string());
    harness.options.sandbox.read.push(licences.path().to_owned());
    let worker = harness.worker().await;
    harness.queue("acme", "j1", "good").await;
    let job = harness.until("acme", "j1", |job| job.runs.len() == 1 && job.status == JobStatus::Queued).await;
    assert_eq!((job.runs[0].cause, job.automatic_attempts_used), (Some(Cause::Licence), 0));
    eventually("the fault shows", || worker.status().host_fault == Some(Cause::Licence));
    harness.queue("acme", "j2", "good").await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(harness.job("acme", "j2").await.runs.is_empty(), "claims must stand still");
    std::fs::remove_file(&refusal).expect("removed");
    assert_eq!(harness.ended("acme", "j1").await.status, JobStatus::Succeeded);
    assert_eq!(harness.ended("acme", "j2").await.runs.len(), 1);
    assert_eq!(worker.status().host_fault, None);
}

const ROOT: &str = "SS_TEST_WORKER_ROOT";

/// Not a test of its own: the server of the tests below, which only acts when they start it.
#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::disallowed_methods, reason = "tells the child process of a test what to do")]
async fn worker_in_a_process_of_its_own() {
    let Some(root) = std::env::var_os(ROOT) else { return };
    let harness = WorkerHarness::open(Path::new(&root));
    let _worker = harness.worker().await;
    tokio::time::sleep(Duration::from_secs(60)).await;
}

/// Runs a worker in a process of its own until a run directory satisfies the condition; then kills it.
fn killed_worker(root: &Path, until: impl Fn(&Path) -> bool) -> std::path::PathBuf {
    let mut server = Command::new(std::env::current_exe().expect("this test"))
        .args(["runs::worker_runs::worker_in_a_process_of_its_own", "--exact", "--test-threads=1"])
        .env(ROOT, root)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the server starts");
    let mut found = None;
    eventually("the run is where the test wants it", || {
        found = run_dirs(root).into_iter().find(|dir| until(dir));
        found.is_some()
    });
    server.kill().expect("killed");
    server.wait().expect("reaped");
    found.expect("just found")
}

fn run_dirs(root: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![root.join("tenants")];
    while let Some(dir) = open.pop() {
        for entry in std::fs::read_dir(&dir).into_iter().flatten().flatten().filter(|e| e.path().is_dir()) {
            if dir.ends_with("runs") && !dir.ends_with("artifacts/runs") {
                found.push(entry.path());
            } else {
                open.push(entry.path());
            }
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn attempt_one_succeeds_after_the_server_was_killed() {
    let dir = tempfile::tempdir().expect("a directory");
    let harness = WorkerHarness::open(dir.path());
    harness.queue("acme", "j1", "slow").await;
    harness.store.shutdown();
    drop(harness);
    killed_worker(dir.path(), |run| run.join("work/started").exists());
    let harness = WorkerHarness::open(dir.path());
    assert_eq!(harness.job("acme", "j1").await.status, JobStatus::Running);
    let _worker = harness.worker().await;
    let job = harness.ended("acme", "j1").await;
    assert_eq!((job.status, job.runs.len(), job.fence), (JobStatus::Succeeded, 1, 1));
    assert_eq!(processes_of(&harness.root), [0_i32; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_ended_while_no_server_lived_gets_its_verdict() {
    let dir = tempfile::tempdir().expect("a directory");
    let harness = WorkerHarness::open(dir.path());
    harness.queue("acme", "j1", "slow").await;
    harness.store.shutdown();
    drop(harness);
    let run = killed_worker(dir.path(), |run| run.join("work/started").exists());
    eventually("the engine ends", || run.join("outcome.json").exists());
    let harness = WorkerHarness::open(dir.path());
    let _worker = harness.worker().await;
    let job = harness.ended("acme", "j1").await;
    assert_eq!((job.status, job.runs.len()), (JobStatus::Succeeded, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn server_and_launcher_killed_together_cost_one_attempt_and_leave_no_process() {
    let dir = tempfile::tempdir().expect("a directory");
    let harness = WorkerHarness::open(dir.path());
    harness.queue("acme", "j1", "family").await;
    harness.store.shutdown();
    drop(harness);
    let run = killed_worker(dir.path(), |run| run.join("work/started").exists());
    kill_9(launcher_pid(&run).expect("a launcher"));
    let harness = WorkerHarness::open(dir.path());
    let worker = harness.worker().await;
    let job = harness
        .until("acme", "j1", |job| job.runs.first().is_some_and(|r| r.status != RunStatus::Running))
        .await;
    assert_eq!(job.runs[0].cause, Some(Cause::WorkerLost));
    assert_eq!(job.automatic_attempts_used, 1);
    worker.drain(Drain::Wait(Duration::ZERO)).await;
    assert_eq!(processes_of(&harness.root), [0_i32; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_that_the_server_did_not_live_to_pass_on_is_repeated() {
    let dir = tempfile::tempdir().expect("a directory");
    let harness = WorkerHarness::open(dir.path());
    harness.queue("acme", "j1", "forever").await;
    harness.store.shutdown();
    drop(harness);
    killed_worker(dir.path(), |run| run.join("work/started").exists());
    let harness = WorkerHarness::open(dir.path());
    harness.cancel("acme", "j1").await;
    let _worker = harness.worker().await;
    assert_eq!(harness.ended("acme", "j1").await.status, JobStatus::Cancelled);
    assert_eq!(processes_of(&harness.root), [0_i32; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_launcher_costs_one_attempt_and_the_job_runs_again() {
    let dir = tempfile::tempdir().expect("a directory");
    let harness = WorkerHarness::open(dir.path());
    let _worker = harness.worker().await;
    harness.queue("acme", "j1", "slow").await;
    let job = harness.until("acme", "j1", |job| job.running_run().is_some()).await;
    eventually("the engine works", || harness.work_file(&job, "started").exists());
    let run = harness.work_file(&job, "");
    kill_9(launcher_pid(run.parent().expect("a run directory")).expect("a launcher"));
    let job = harness.ended("acme", "j1").await;
    assert_eq!((job.status, job.runs.len()), (JobStatus::Succeeded, 2));
    assert_eq!(job.runs[0].cause, Some(Cause::WorkerLost));
    assert_eq!(processes_of(&harness.root), [0_i32; 0]);
}

/// Waits until no attempt has a folder any more.
async fn no_run_dirs(harness: &WorkerHarness) {
    for _ in 0..400 {
        if run_dirs(&harness.root).is_empty() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("left: {:?}", run_dirs(&harness.root));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_that_loses_its_job_leaves_no_folder_and_its_place_is_free() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut harness = WorkerHarness::open(dir.path());
    harness.options.concurrency = 1;
    let store = FlakyStore::overtaken(harness.store.clone(), |job| {
        job.cancel(SystemClock.now()).expect("a queued job can be cancelled")
    });
    harness.queue("acme", "lost", "good").await;
    let worker = harness.worker_on(Arc::new(store)).await;
    let lost = harness.ended("acme", "lost").await;
    assert_eq!((lost.status, lost.runs.len()), (JobStatus::Cancelled, 0));
    harness.queue("acme", "next", "good").await;
    assert_eq!(harness.ended("acme", "next").await.status, JobStatus::Succeeded);
    no_run_dirs(&harness).await;
    worker.drain(Drain::Wait(Duration::from_secs(20))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_changes_while_it_is_claimed_runs_once_as_it_is_then() {
    let dir = tempfile::tempdir().expect("a directory");
    let harness = WorkerHarness::open(dir.path());
    let store = FlakyStore::overtaken(harness.store.clone(), |job| JobRecord {
        version: job.version + 1,
        client_ref: Some("later".to_owned()),
        ..job.clone()
    });
    harness.queue("acme", "j1", "good").await;
    let worker = harness.worker_on(Arc::new(store)).await;
    let job = harness.ended("acme", "j1").await;
    assert_eq!((job.status, job.runs.len()), (JobStatus::Succeeded, 1));
    assert_eq!(job.client_ref.as_deref(), Some("later"));
    no_run_dirs(&harness).await;
    worker.drain(Drain::Wait(Duration::from_secs(20))).await;
}
