//! One flipped bit in every kind of file: what is damaged is found and named, everything else is served.
//! Bits of the database's own pages are flipped in `store_sqlite`.

use std::fs;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use stata_service::adapters::clock::SystemClock;
use stata_service::adapters::store::{Options, SqliteStore};
use stata_service::domain::checksummed::{read_checksummed, with_checksum};
use stata_service::domain::ids::{JobId, TenantId};
use stata_service::domain::job::{JobRecord, JobStatus};
use stata_service::domain::run::{Cause, RunStatus};
use stata_service::domain::run_outcome::{Ended, Outcome};
use stata_service::ports::runner::{Adopted, Runner};
use stata_service::ports::store::{ReadError, Store, StoreExt};
use stata_service::worker::Drain;

use super::{Rng, full, seed};
use crate::support::app::{Answer, TestApp};
use crate::support::records::{commit, job, job_key, next, put};
use crate::support::runs::{SERVICE, eventually, processes_of, runner, spec};
use crate::support::worker_harness::WorkerHarness;

const PAY: &str = include_str!("../../../assets/stata_do_library/datasets/pay.csv");

/// Flips one bit of a file.
fn flip(path: &Path, bit: usize) {
    let mut bytes = fs::read(path).expect("readable");
    bytes[bit / 8 % fs::metadata(path).expect("there").len() as usize] ^= 1 << (bit % 8);
    fs::write(path, bytes).expect("written");
}

fn options(dir: &Path) -> Options {
    Options { verify_after: Duration::from_secs(3600), ..Options::new(dir.to_owned(), Arc::new(SystemClock)) }
}

fn copy_dir(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("created");
    for entry in fs::read_dir(from).expect("listed").flatten() {
        let target = to.join(entry.file_name());
        if entry.file_type().expect("known").is_dir() {
            copy_dir(&entry.path(), &target);
        } else if entry.file_type().expect("known").is_file() {
            fs::copy(entry.path(), target).expect("copied");
        }
    }
}

/// A store as a kill leaves it, with everything in its write-ahead log, and the jobs that it acknowledged.
async fn killed_store(dir: &Path) -> (PathBuf, Vec<JobRecord>) {
    let live = dir.join("live");
    let store = SqliteStore::open(options(&live)).expect("opens");
    let mut jobs = Vec::new();
    for i in 0..12 {
        let id = format!("job_{i}");
        let mut record = job("default", &id, i);
        let audited = |record: &JobRecord| {
            let mut commit = commit(vec![put(record.clone())]);
            commit.audit[0].resource = format!("job:{id}");
            commit
        };
        store.commit(audited(&record)).await.expect("commits");
        record = next(&record, JobStatus::DraftReady);
        store.commit(audited(&record)).await.expect("commits");
        jobs.push(record);
    }
    let sequence = store.status().sequence;
    while store.status().exported_sequence < sequence {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let killed = dir.join("killed");
    copy_dir(&live, &killed);
    store.shutdown();
    (killed, jobs)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flipped_bit_of_the_write_ahead_log_never_serves_an_older_record_as_if_it_were_the_latest() {
    let dir = tempfile::tempdir().expect("a directory");
    let (killed, jobs) = killed_store(dir.path()).await;
    let log = |dir: &Path| dir.join("store/store.sqlite3-wal");
    let length = fs::metadata(log(&killed)).expect("a log").len() as usize;
    let flips = if full() { 400 } else { 24 };
    let mut dice = Rng(seed());
    let (mut named, mut served, mut refused) = (0, 0, 0);
    for n in 0..flips {
        let copy = dir.path().join(format!("copy_{n}"));
        copy_dir(&killed, &copy);
        let byte = length * n / flips + dice.below(length / flips);
        flip(&log(&copy), byte * 8 + dice.below(8));
        // A log whose first commits are gone holds no tables: refused, by name.
        let Ok(store) = SqliteStore::open(options(&copy)) else {
            refused += 1;
            continue;
        };
        for job in &jobs {
            match store.job(&job.tenant_id, &job.job_id).await {
                Ok(Some(read)) => {
                    assert_eq!(read.version, job.version, "byte {byte}: {} is older", job.job_id);
                    served += 1;
                }
                Err(ReadError::Corrupt { key }) => {
                    assert_eq!(key, job_key(job));
                    named += 1;
                }
                other => panic!("byte {byte}: {}: {other:?}", job.job_id),
            }
        }
        let behind = store.status().quarantined_records;
        assert!(behind > 0 || served > 0);
        // The store goes on, and the loss is known after the next start too.
        store.commit(commit(vec![put(job("default", "later", 1))])).await.expect("commits");
        store.shutdown();
        let store = SqliteStore::open(options(&copy)).expect("opens again");
        assert!(store.status().quarantined_records >= behind, "byte {byte}");
        for job in &jobs {
            if let Ok(Some(read)) = store.job(&job.tenant_id, &job.job_id).await {
                assert_eq!(read.version, job.version, "byte {byte}: {} is older", job.job_id);
            }
        }
        store.shutdown();
        drop(store);
        fs::remove_dir_all(&copy).expect("removed");
    }
    eprintln!("{flips} flips: {served} served, {named} named, {refused} stores refused");
    assert!(named > 0 && served > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_torn_end_of_the_write_ahead_log_is_no_damage() {
    let dir = tempfile::tempdir().expect("a directory");
    let (killed, jobs) = killed_store(dir.path()).await;
    // What a crash leaves of a commit that was never acknowledged: a piece of a frame, or of several.
    for (n, tail) in [1, 24, 500, 4120, 9000].into_iter().enumerate() {
        let copy = dir.path().join(format!("copy_{n}"));
        copy_dir(&killed, &copy);
        let log = copy.join("store/store.sqlite3-wal");
        let mut bytes = fs::read(&log).expect("a log");
        let again = bytes[32..32 + tail].to_vec();
        bytes.extend(again);
        fs::write(&log, bytes).expect("written");
        let store = SqliteStore::open(options(&copy)).expect("opens");
        for job in &jobs {
            let read = store.job(&job.tenant_id, &job.job_id).await.expect("readable").expect("there");
            assert_eq!(read.version, job.version);
        }
        assert_eq!(store.status().quarantined_records, 0, "{tail}");
        store.shutdown();
    }
}

/// An attempt whose engine ended while no server lived.
async fn ended_alone(harness: &WorkerHarness) -> (JobRecord, PathBuf) {
    let worker = harness.worker().await;
    harness.queue("acme", "j1", "slow").await;
    let job = harness
        .until("acme", "j1", |job| job.running_run().is_some_and(|r| r.phase.as_deref() == Some("running")))
        .await;
    worker.drain(Drain::Detach).await;
    let run_dir = harness.work_file(&job, "").join("..").canonicalize().expect("the run directory");
    eventually("the launcher ends", || run_dir.join("outcome.json").exists());
    eventually("it frees the lock", || {
        matches!(
            runner().adopt(job.latest_run().expect("one").run_id.as_str(), &run_dir),
            Ok(Adopted::Ended(_))
        )
    });
    (job, run_dir)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_outcome_or_manifest_is_not_believed_and_the_run_is_tried_again() {
    for (file, cause, detail) in [
        ("outcome.json", Cause::WorkerLost, "outcome_damaged"),
        ("manifest.json", Cause::Internal, "manifest_damaged"),
    ] {
        let dir = tempfile::tempdir().expect("a directory");
        let harness = WorkerHarness::open(dir.path());
        let (_, run_dir) = ended_alone(&harness).await;
        flip(&run_dir.join(file), 8 * 40 + 1);
        let _worker = harness.worker().await;
        let job = harness.ended("acme", "j1").await;
        assert_eq!((job.status, job.runs.len()), (JobStatus::Succeeded, 2), "{file}");
        let first = &job.runs[0];
        assert_eq!((first.status, first.cause), (RunStatus::Failed, Some(cause)), "{file}");
        assert_eq!(first.cause_detail.as_deref(), Some(detail));
        assert!(!first.next_actions.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outcome_of_before_a_restart_of_the_host_is_not_believed() {
    let dir = tempfile::tempdir().expect("a directory");
    let harness = WorkerHarness::open(dir.path());
    let (_, run_dir) = ended_alone(&harness).await;
    let path = run_dir.join("outcome.json");
    let mut outcome: Outcome = read_checksummed(&fs::read(&path).expect("there"), 1).expect("sealed");
    assert_eq!(outcome.boot_id.len(), 36, "the launcher notes the boot");
    outcome.boot_id = "00000000-0000-0000-0000-000000000000".to_owned();
    fs::write(&path, with_checksum(&outcome)).expect("written");
    let _worker = harness.worker().await;
    let job = harness.ended("acme", "j1").await;
    assert_eq!((job.status, job.runs.len()), (JobStatus::Succeeded, 2));
    assert_eq!(job.runs[0].cause_detail.as_deref(), Some("host_restarted"));
}

/// How the attempt in a directory ended. A process that another test is just starting may hold the lock for
/// the moment between its fork and its program.
fn adopted_end(run_dir: &Path) -> Outcome {
    match runner().adopt("run_t", run_dir).expect("readable") {
        Adopted::Alive(handle) => handle.wait(),
        Adopted::Ended(outcome) => outcome,
    }
}

#[test]
fn every_bit_of_an_outcome_is_covered() {
    let dir = tempfile::tempdir().expect("a directory");
    let prepared = spec(dir.path(), "ok");
    let path = prepared.run_dir.join("outcome.json");
    let mut outcome = Outcome::unstarted("run_t", Ended::Exited { status: 0 });
    outcome.engine_started = true;
    let whole = with_checksum(&outcome);
    for bit in (0..whole.len() * 8).step_by(7) {
        let mut bytes = whole.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        fs::write(&path, bytes).expect("written");
        let found = adopted_end(&prepared.run_dir);
        assert!(matches!(found.ended, Ended::Lost { .. }), "bit {bit}: {:?}", found.ended);
    }
    fs::write(&path, whole).expect("written");
    assert_eq!(adopted_end(&prepared.run_dir), outcome);
}

#[test]
fn a_damaged_specification_starts_nothing() {
    let dir = tempfile::tempdir().expect("a directory");
    let prepared = spec(dir.path(), "ok");
    let path = prepared.run_dir.join("spec.json");
    let whole = with_checksum(&prepared);
    for bit in (3..whole.len() * 8).step_by(whole.len() * 8 / 12) {
        let mut bytes = whole.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        fs::write(&path, bytes).expect("written");
        let lock = fs::File::create(prepared.run_dir.join("launcher.lock")).expect("created");
        let ended = Command::new(SERVICE)
            .arg("exec-run")
            .arg(&path)
            .stdin(Stdio::from(OwnedFd::from(lock)))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .expect("starts");
        assert_eq!(ended.code(), Some(2), "bit {bit}");
        assert!(!prepared.run_dir.join("launcher.json").exists(), "bit {bit}");
    }
}

#[test]
fn a_launcher_whose_identity_is_damaged_can_still_be_cancelled() {
    let dir = tempfile::tempdir().expect("a directory");
    let run = dir.path().join("run");
    let handle = runner().start(spec(dir.path(), "family")).expect("started");
    eventually("the family runs", || run.join("work/started").exists());
    flip(&run.join("launcher.json"), 8 * 30);
    handle.cancel();
    assert_eq!(handle.wait().ended, Ended::Cancelled);
    assert_eq!(processes_of(dir.path()), [0_i32; 0]);
}

#[test]
fn an_attempt_whose_directory_cannot_be_used_is_ended_with_its_launcher() {
    let dir = tempfile::tempdir().expect("a directory");
    let run = dir.path().join("run");
    let handle = runner().start(spec(dir.path(), "family")).expect("started");
    eventually("the family runs", || run.join("work/started").exists());
    let outcome = runner().end("run_t", &run);
    assert_eq!(outcome.ended, Ended::Lost { detail: "unreadable".into() });
    assert!(outcome.leftovers >= 4, "{}", outcome.leftovers);
    assert_eq!(processes_of(dir.path()), [0_i32; 0]);
    assert!(matches!(handle.wait().ended, Ended::Lost { .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_artifact_is_named_and_not_served_and_all_others_are() {
    let mut app = TestApp::start().await;
    let job = app.job("").await;
    app.upload(&job, "pay.csv", PAY).await.ok();
    let draft = json!({"template_id": "linear.ols_robust", "outcome_var": "log_pay",
                       "roles": {"regressors": ["schooling"]}});
    app.put(&job, "/draft", &draft).await.ok();
    app.post(&job, "/plan/freeze", &json!({})).await.ok();
    app.post(&job, "/run", &json!({})).await.ok();
    assert_eq!(app.wait_for_end(&job).await["status"], "succeeded");
    let list = app.get(&job, "/artifacts").await.ok();
    let artifacts: Vec<&Value> = list["artifacts"].as_array().expect("a list").iter().collect();
    let folder = super::steps::job_path(&app.dir.path().join("data"), &job.job_id);
    let job_id = JobId::parse(job.job_id.as_str()).expect("an id");
    let record = app.context().load_job(&TenantId::default_tenant(), &job_id).await.expect("reads");
    let mut dice = Rng(seed());
    for damaged in &artifacts {
        let rel_path = damaged["rel_path"].as_str().expect("a path");
        let file = folder.join(record.artifact(rel_path).expect("listed").stored_path());
        let good = fs::read(&file).expect("there");
        if good.is_empty() {
            continue;
        }
        flip(&file, dice.below(good.len() * 8));
        let path = format!("/v1/jobs/{}/artifacts/{rel_path}", job.job_id);
        let refused =
            Answer::of(app.request(Method::GET, &path, &job.token)).await.refused(500, "JOB_CORRUPT");
        assert_eq!(refused["context"]["rel_path"], rel_path);
        let other = artifacts.iter().find(|a| a["rel_path"] != rel_path).expect("another");
        app.artifact(&job, other["rel_path"].as_str().expect("a path")).await;
        fs::write(&file, good).expect("written");
        app.artifact(&job, rel_path).await;
    }
    app.stop().await;
}
