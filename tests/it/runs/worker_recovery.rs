//! Every prefix of an attempt's writes recovers: the worker starts on what a crash left behind.

use std::time::Duration;

use stata_service::adapters::clock::SystemClock;
use stata_service::domain::ids::RunId;
use stata_service::domain::job::{JobRecord, JobStatus};
use stata_service::domain::run::{Cause, RunStatus};
use stata_service::ports::clock::Clock;
use stata_service::ports::runner::{Adopted, Runner};
use stata_service::ports::store::{CommitError, Expect, Record, Store, Write};
use stata_service::worker::Drain;

use crate::support::flaky_store::FlakyStore;
use crate::support::records::commit;
use crate::support::runs::{eventually, processes_of, runner, spec};
use crate::support::worker_harness::WorkerHarness;

/// A job that a worker claimed right before it was lost.
async fn claimed(harness: &WorkerHarness, behaviour: &str) -> JobRecord {
    harness.queue("acme", "j1", behaviour).await;
    let job = harness.job("acme", "j1").await;
    let claimed = job.claim(RunId::parse("run_lost").expect("valid"), SystemClock.now()).expect("queued");
    harness.put(claimed.clone(), Expect::Version(job.version)).await;
    claimed
}

/// After the lost attempt the job runs again and succeeds, under another run id.
async fn recovers(harness: &WorkerHarness, detail: &str) {
    let _worker = harness.worker().await;
    let job = harness.ended("acme", "j1").await;
    assert_eq!((job.status, job.runs.len(), job.fence), (JobStatus::Succeeded, 2, 2));
    let first = &job.runs[0];
    assert_eq!((first.status, first.cause), (RunStatus::Failed, Some(Cause::WorkerLost)));
    assert_eq!(first.cause_detail.as_deref(), Some(detail));
    assert_ne!(job.runs[1].run_id, first.run_id);
    assert_eq!(processes_of(&harness.root), [0_i32; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_without_a_run_directory_costs_one_attempt() {
    let dir = tempfile::tempdir().expect("a directory");
    let harness = WorkerHarness::open(dir.path());
    claimed(&harness, "good").await;
    recovers(&harness, "not_started").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_half_built_run_directory_is_never_started() {
    let dir = tempfile::tempdir().expect("a directory");
    let harness = WorkerHarness::open(dir.path());
    let job = claimed(&harness, "good").await;
    let work = harness.work_file(&job, "");
    std::fs::create_dir_all(&work).expect("created");
    std::fs::write(work.join("main.do"), "half").expect("written");
    recovers(&harness, "not_started").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_publication_that_a_crash_interrupted_is_repeated() {
    let dir = tempfile::tempdir().expect("a directory");
    let harness = WorkerHarness::open(dir.path());
    let worker = harness.worker().await;
    harness.queue("acme", "j1", "slow").await;
    let job = harness
        .until("acme", "j1", |job| job.running_run().is_some_and(|r| r.phase.as_deref() == Some("running")))
        .await;
    worker.drain(Drain::Detach).await;
    let run_dir = harness.work_file(&job, "").join("..").canonicalize().expect("the run directory");
    let run_id = job.latest_run().expect("an attempt").run_id.clone();
    let Ok(Adopted::Alive(handle)) = runner().adopt(run_id.as_str(), &run_dir) else {
        panic!("it must live")
    };
    assert!(handle.wait().clean());
    // As a crash between two renames leaves it: one file published, one only linked, none in the record.
    let published = harness
        .root
        .join(stata_service::domain::layout::job_dir(&job.tenant_id, &job.job_id))
        .join(format!("artifacts/runs/{run_id}"));
    std::fs::create_dir_all(&published).expect("created");
    std::fs::hard_link(run_dir.join("work/main.do"), published.join("main.do")).expect("linked");
    std::fs::create_dir_all(run_dir.join("publish")).expect("created");
    std::fs::hard_link(run_dir.join("work/main.log"), run_dir.join("publish/0")).expect("linked");
    std::fs::write(published.join("run.meta.json"), "{").expect("written");
    let _next = harness.worker().await;
    let job = harness.ended("acme", "j1").await;
    assert_eq!((job.status, job.runs.len()), (JobStatus::Succeeded, 1));
    let meta = harness.published(&job, &format!("artifacts/runs/{run_id}/run.meta.json"));
    assert!(serde_json::from_slice::<serde_json::Value>(&meta).is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn writes_of_others_during_a_run_do_not_end_the_worker_or_the_attempt() {
    let dir = tempfile::tempdir().expect("a directory");
    let harness = WorkerHarness::open(dir.path());
    let _worker = harness.worker().await;
    harness.queue("acme", "j1", "slow").await;
    let mut written = 0;
    loop {
        let job = harness.job("acme", "j1").await;
        if job.status.is_terminal() {
            break;
        }
        let mut next = job.clone();
        next.version += 1;
        next.title = Some(format!("title {written}"));
        let write = Write::Put { record: Record::from(next), expect: Expect::Version(job.version) };
        match harness.store.commit(commit(vec![write])).await {
            Ok(_) => written += 1,
            Err(CommitError::Conflict { .. }) => {}
            Err(error) => panic!("{error}"),
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let job = harness.job("acme", "j1").await;
    assert_eq!((job.status, job.runs.len()), (JobStatus::Succeeded, 1));
    assert!(written > 10 && job.title.is_some_and(|t| t.starts_with("title")));
    harness.queue("acme", "j2", "good").await;
    assert_eq!(harness.ended("acme", "j2").await.status, JobStatus::Succeeded);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_that_lost_its_job_publishes_no_result() {
    let dir = tempfile::tempdir().expect("a directory");
    let harness = WorkerHarness::open(dir.path());
    let _worker = harness.worker().await;
    harness.queue("acme", "j1", "slow").await;
    let job = harness.until("acme", "j1", |job| job.running_run().is_some_and(|r| r.phase.is_some())).await;
    // Another host took the job over, as after an expired lease.
    let lost = loop {
        let job = harness.job("acme", "j1").await;
        let mut run =
            job.latest_run().expect("an attempt").clone().failed(Cause::WorkerLost, None, SystemClock.now());
        run.retryable = true;
        let lost = job.finish_run(run, vec![], None, SystemClock.now()).expect("running");
        let write = Write::Put { record: Record::from(lost.clone()), expect: Expect::Version(job.version) };
        if harness.store.commit(commit(vec![write])).await.is_ok() {
            break lost;
        }
    };
    let run_dir = harness.work_file(&job, "").join("..");
    eventually("the engine ended", || run_dir.join("outcome.json").exists());
    harness.queue("acme", "j2", "good").await;
    harness.ended("acme", "j2").await;
    assert_eq!(harness.job("acme", "j1").await, lost, "the stale attempt wrote nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn progress_tells_the_step_of_the_live_log() {
    let dir = tempfile::tempdir().expect("a directory");
    let harness = WorkerHarness::open(dir.path());
    let _worker = harness.worker().await;
    harness.queue("acme", "j1", "slow").await;
    let job = harness.until("acme", "j1", |job| job.running_run().is_some()).await;
    let run_id = job.latest_run().expect("an attempt").run_id.clone();
    let mut seen = None;
    while seen.is_none() && !harness.job("acme", "j1").await.status.is_terminal() {
        seen = harness.progress.get(&run_id);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let seen = seen.expect("progress while the engine works");
    assert_eq!((seen.step.as_str(), seen.index, seen.total), ("estimate", 1, 1));
    harness.ended("acme", "j1").await;
    eventually("it is forgotten", || harness.progress.get(&run_id).is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_probe_that_an_earlier_process_left_is_ended() {
    let dir = tempfile::tempdir().expect("a directory");
    let harness = WorkerHarness::open(dir.path());
    let mut probe = spec(dir.path(), "family");
    probe.run_dir = harness.root.join("probe_left");
    std::fs::create_dir_all(probe.run_dir.join("work")).expect("created");
    std::fs::write(probe.run_dir.join("work/main.do"), "display 1\n").expect("written");
    let folder = probe.run_dir.clone();
    runner().start(probe).expect("started");
    eventually("it runs", || folder.join("work/started").exists());
    let _worker = harness.worker().await;
    eventually("its folder is gone", || !folder.exists());
    assert_eq!(processes_of(&harness.root), [0_i32; 0]);
}

/// Size of a job's record as the store counts it.
fn size(job: &JobRecord) -> usize {
    serde_json::to_string(job).expect("serialises").len()
}

#[tokio::test(flavor = "multi_thread")]
async fn results_that_do_not_fit_into_the_record_end_the_attempt() {
    let dir = tempfile::tempdir().expect("a directory");
    let harness = WorkerHarness::open(dir.path());
    let running = size(&claimed(&harness, "good").await);
    let worker = harness.worker().await;
    harness.queue("acme", "j2", "good").await;
    let finished = size(&harness.ended("acme", "j2").await);
    worker.drain(Drain::Detach).await;
    // Room for the claim and its audit event, not for the results.
    let limit = running + 1200;
    assert!(finished > limit, "{finished} is no larger than {limit}");
    let other = tempfile::tempdir().expect("a directory");
    let harness = WorkerHarness::open_with(other.path(), |options| options.max_commit_bytes = limit);
    let _worker = harness.worker().await;
    harness.queue("acme", "j1", "good").await;
    let job = harness.ended("acme", "j1").await;
    assert_eq!((job.status, job.runs.len()), (JobStatus::Failed, 1));
    let run = &job.runs[0];
    assert_eq!((run.cause, run.cause_detail.as_deref()), (Some(Cause::Internal), Some("record_too_large")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_whose_outcome_was_not_known_is_carried_out() {
    for action in ["run.started", "run.succeeded"] {
        let dir = tempfile::tempdir().expect("a directory");
        let harness = WorkerHarness::open(dir.path());
        let inner = std::sync::Arc::clone(&harness.store) as std::sync::Arc<dyn Store>;
        let _worker = harness.worker_on(std::sync::Arc::new(FlakyStore::new(inner, action))).await;
        harness.queue("acme", "j1", "good").await;
        let job = harness.ended("acme", "j1").await;
        assert_eq!((job.status, job.runs.len()), (JobStatus::Succeeded, 1), "{action}");
        // Not only the record: the worker is free for the next job.
        harness.queue("acme", "j2", "good").await;
        assert_eq!(harness.ended("acme", "j2").await.status, JobStatus::Succeeded);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_was_queued_before_the_clock_was_set_back_runs() {
    let dir = tempfile::tempdir().expect("a directory");
    let harness = WorkerHarness::open(dir.path());
    let _worker = harness.worker().await;
    let job = harness.confirm("acme", "j1", "good").await;
    // as the clock was an hour ahead
    let queued =
        job.enqueue(SystemClock.now() + chrono::TimeDelta::hours(1)).expect("a confirmed job can be queued");
    harness.put(queued, Expect::Version(1)).await;
    assert_eq!(harness.ended("acme", "j1").await.status, JobStatus::Succeeded);
}
