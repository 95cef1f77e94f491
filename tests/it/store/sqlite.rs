//! The embedded store: ownership, damage, readable copies, faults.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::Value;
use stata_service::adapters::store::{LockError, OpenError, Options, SqliteStore};
use stata_service::domain::canonical::sha256_of;
use stata_service::domain::job::{JobRecord, JobStatus};
use stata_service::domain::layout::job_dir;
use stata_service::ports::audit_log::AuditLog;
use stata_service::ports::store::{CommitError, JobFilter, ReadError, Store, StoreExt};

use crate::support::chain::audit_lines;
use crate::support::clock::ManualClock;
use crate::support::records::*;

pub(super) fn options(dir: &Path) -> Options {
    let mut options = Options::new(dir.to_owned(), Arc::new(ManualClock::new()));
    // a process that another test starts holds every lock of this one for a moment, between its fork and its program
    options.lock_wait = Duration::from_secs(60);
    options
}

pub(super) fn open(dir: &Path) -> Arc<SqliteStore> {
    SqliteStore::open(options(dir)).expect("opens")
}

fn job_file(dir: &Path, job: &JobRecord) -> PathBuf {
    dir.join(job_dir(&job.tenant_id, &job.job_id)).join("job.json")
}

/// Checks the integrity mark of a `job.json` and returns its content without the mark.
pub(crate) fn check_job_file(path: &Path) -> Value {
    let mut value: Value =
        serde_json::from_str(&std::fs::read_to_string(path).expect("reads")).expect("is JSON");
    let mark = value.as_object_mut().expect("an object").remove("_integrity").expect("marked");
    assert_eq!(mark["sha256"], sha256_of(&value), "{}", path.display());
    value
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_hundred_concurrent_writers_lose_no_update() {
    let dir = tempfile::tempdir().expect("a directory");
    let store = open(dir.path());
    let first = job("default", "job_1", 0);
    store.commit(commit(vec![put(first.clone())])).await.expect("commits");
    let writers = (0..200).map(|i| {
        let (store, first) = (Arc::clone(&store), first.clone());
        tokio::spawn(async move {
            loop {
                let read = store.job(&first.tenant_id, &first.job_id).await.expect("reads").expect("exists");
                let mut changed = next(&read, read.status);
                changed.retention.insert(format!("writer_{i}"), Value::Bool(true));
                match store.commit(commit(vec![put(changed)])).await {
                    Ok(_) => return,
                    Err(CommitError::Conflict { .. }) => {}
                    Err(other) => panic!("{other:?}"),
                }
            }
        })
    });
    for writer in join_all(writers).await {
        writer.expect("does not panic");
    }
    let last = store.job(&first.tenant_id, &first.job_id).await.expect("reads").expect("exists");
    assert_eq!((last.version, last.retention.len()), (201, 200));
}

#[tokio::test]
async fn the_log_begins_again_under_steady_writes() {
    let dir = tempfile::tempdir().expect("a directory");
    let store = open(dir.path());
    let mut last = job("default", "job_1", 0);
    store.commit(commit(vec![put(last.clone())])).await.expect("commits");
    // about eight pages each: 130 MB of log if it never began again
    for _ in 0..4_000 {
        last = next(&last, last.status);
        store.commit(commit(vec![put(last.clone())])).await.expect("commits");
    }
    let log = dir.path().join("store/store.sqlite3-wal").metadata().expect("there").len();
    assert!(log < 40 << 20, "the log has {log} bytes");
    store.shutdown();
    let store = open(dir.path());
    let read = store.job(&last.tenant_id, &last.job_id).await.expect("reads").expect("exists");
    assert_eq!(read.version, last.version);
}

#[tokio::test]
async fn everything_is_there_after_a_restart_and_orders_go_on() {
    let dir = tempfile::tempdir().expect("a directory");
    let store = open(dir.path());
    let first = job("default", "job_1", 0);
    let queued = next(&first, JobStatus::Queued);
    store.commit(commit(vec![put(first.clone()), put(code("default", "c", "h", 0))])).await.expect("commits");
    store.commit(commit(vec![put(queued.clone())])).await.expect("commits");
    let before = store.status();
    store.shutdown();
    let closed = store.commit(commit(vec![put(job("default", "job_2", 0))])).await;
    assert!(matches!(closed, Err(CommitError::Stopped { .. })), "{closed:?}");
    drop(store);
    let store = open(dir.path());
    let after = store.status();
    assert_eq!((after.sequence, &after.jobs, &after.audit_heads), (2, &before.jobs, &before.audit_heads));
    assert_eq!(store.job(&first.tenant_id, &first.job_id).await, Ok(Some(queued)));
    let other = job("default", "job_2", 0);
    store.commit(commit(vec![put(other.clone())])).await.expect("commits");
    let receipt = store.commit(commit(vec![put(next(&other, JobStatus::Queued))])).await.expect("commits");
    assert_eq!(receipt.sequence, 4);
    let order: Vec<u64> = store.queued(0, 9).await.expect("reads").iter().map(|q| q.queue_seq).collect();
    assert_eq!(order, [1, 2]);
}

#[test]
fn a_store_has_one_owner() {
    let dir = tempfile::tempdir().expect("a directory");
    let store = open(dir.path());
    let mut at_once = options(dir.path());
    at_once.lock_wait = Duration::ZERO;
    match SqliteStore::open(at_once) {
        Err(OpenError::Lock(LockError::Held(Some(holder)))) => assert_eq!(holder.pid, std::process::id()),
        Err(other) => panic!("another reason: {other}"),
        Ok(_) => panic!("opened twice"),
    }
    let waiting = std::thread::spawn({
        let options = options(dir.path());
        move || SqliteStore::open(options).map(|_| ())
    });
    store.shutdown();
    waiting.join().expect("does not panic").expect("opens once the owner has ended");
}

#[tokio::test]
async fn readable_copies_follow_without_secrets_and_go_with_the_record() {
    let dir = tempfile::tempdir().expect("a directory");
    let store = open(dir.path());
    let many: Vec<JobRecord> = (0..40).map(|i| job("default", &format!("job_{i}"), i)).collect();
    store.commit(commit(many.iter().cloned().map(put).collect())).await.expect("commits");
    let changed = next(&many[3], JobStatus::DraftReady);
    store.commit(commit(vec![put(changed.clone()), delete(job_key(&many[4]), 1)])).await.expect("commits");
    while store.status().exported_sequence < 2 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    for job in &many {
        if job.job_id == many[4].job_id {
            assert!(!job_file(dir.path(), job).exists());
            continue;
        }
        let value = check_job_file(&job_file(dir.path(), job));
        assert_eq!(value["job_id"], job.job_id.as_str());
        let token = value["token"].as_object().expect("kept");
        assert!(token.contains_key("generation") && !token.contains_key("secret_sha256"));
    }
    assert_eq!(check_job_file(&job_file(dir.path(), &changed))["status"], "draft_ready");
    let raw = std::fs::read_to_string(job_file(dir.path(), &changed)).expect("reads");
    assert!(raw.contains("\"sequence\": 2") && !raw.contains("5ec2e7"), "{raw}");
    let events = store.events(0, 0, 100).await.expect("reads");
    let lines: Vec<Value> =
        audit_lines(dir.path()).iter().map(|l| serde_json::from_str(l).expect("is JSON")).collect();
    let expected: Vec<Value> = events.iter().map(|e| serde_json::to_value(e).expect("serialises")).collect();
    assert_eq!(lines, expected);
}

#[tokio::test]
async fn copies_that_were_lost_or_behind_are_made_at_the_next_start() {
    let dir = tempfile::tempdir().expect("a directory");
    let store = open(dir.path());
    let record = job("default", "job_1", 0);
    store.commit(commit(vec![put(record.clone())])).await.expect("commits");
    store.shutdown();
    let file = job_file(dir.path(), &record);
    check_job_file(&file);
    std::fs::remove_file(&file).expect("removes");
    std::fs::remove_dir_all(dir.path().join("audit")).expect("removes");
    std::fs::write(dir.path().join("store/exported"), "0").expect("writes");
    drop(store);
    open(dir.path()).shutdown();
    check_job_file(&file);
    assert_eq!(audit_lines(dir.path()).len(), 1);
}

#[tokio::test]
async fn a_damaged_record_is_quarantined_and_everything_else_is_served() {
    let dir = tempfile::tempdir().expect("a directory");
    let store = open(dir.path());
    let jobs: Vec<JobRecord> = (0..3).map(|i| job("default", &format!("job_{i}"), i)).collect();
    store.commit(commit(jobs.iter().cloned().map(put).collect())).await.expect("commits");
    store.shutdown();
    drop(store);
    let conn = rusqlite::Connection::open(dir.path().join("store/store.sqlite3")).expect("opens");
    let n = conn
        .execute("UPDATE jobs SET json = replace(json, 'raise', 'raisf') WHERE job_id = 'job_1'", [])
        .expect("damages");
    assert_eq!(n, 1);
    drop(conn);
    let store = open(dir.path());
    let key = job_key(&jobs[1]);
    let read = store.job(&jobs[1].tenant_id, &jobs[1].job_id).await;
    assert_eq!(read, Err(ReadError::Corrupt { key: key.clone() }));
    let page = store.list_jobs(JobFilter { limit: 10, ..Default::default() }).await.expect("lists");
    assert_eq!(page.items.len(), 2);
    assert_eq!(store.job(&jobs[0].tenant_id, &jobs[0].job_id).await, Ok(Some(jobs[0].clone())));
    // a commit behind the report makes the report durable as well
    store.commit(commit(vec![put(job("default", "job_9", 9))])).await.expect("commits");
    let events = store.events(0, 0, 100).await.expect("reads");
    let noted = events.iter().find(|e| e.event.action == "record.quarantined").expect("audited");
    assert_eq!(noted.event.resource, "job:job_1");
    assert_eq!((store.status().quarantined_records, store.status().fault), (1, None));
    store.shutdown();
    drop(store);
    let store = open(dir.path());
    assert_eq!(store.status().quarantined_records, 1, "known again after a restart");
    store.commit(commit(vec![put(next(&jobs[1], JobStatus::Created))])).await.expect("restores");
    assert_eq!(store.status().quarantined_records, 0);
    assert!(store.job(&jobs[1].tenant_id, &jobs[1].job_id).await.expect("reads").is_some());
}

#[tokio::test]
async fn a_queue_that_is_full_refuses_with_a_time_to_retry() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut options = options(dir.path());
    options.queue = 1;
    let store = SqliteStore::open(options).expect("opens");
    let mut big = job("default", "big", 0);
    big.requirement = "x".repeat(4 * 1024 * 1024);
    let mut outcomes = vec![store.commit(commit(vec![put(big)]))];
    outcomes
        .extend((0..2000).map(|i| store.commit(commit(vec![put(job("default", &format!("job_{i}"), 0))]))));
    let outcomes = join_all(outcomes).await;
    let refused = outcomes.iter().filter(|o| matches!(o, Err(CommitError::Unavailable { .. }))).count();
    let done = outcomes.iter().filter(|o| o.is_ok()).count();
    assert_eq!(done + refused, 2001);
    assert!(refused > 0 && done > 0, "{done} done, {refused} refused");
    assert_eq!(store.status().jobs[&JobStatus::Created], done as u64, "refused means not applied");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn reads_never_go_back_in_time_and_see_every_acknowledged_write() {
    use std::sync::atomic::{AtomicU64, Ordering};
    let dir = tempfile::tempdir().expect("a directory");
    let store = open(dir.path());
    let first = job("default", "job_1", 0);
    store.commit(commit(vec![put(first.clone())])).await.expect("commits");
    let acknowledged = Arc::new(AtomicU64::new(1));
    const LAST: u64 = 400;
    let readers: Vec<_> = (0..6)
        .map(|n| {
            let (store, first, acknowledged) = (Arc::clone(&store), first.clone(), Arc::clone(&acknowledged));
            tokio::spawn(async move {
                let mut seen = 0;
                while seen < LAST {
                    let known = acknowledged.load(Ordering::SeqCst).max(seen);
                    let read = if n % 3 == 0 {
                        store
                            .list_jobs(JobFilter { limit: 1, ..Default::default() })
                            .await
                            .expect("lists")
                            .items
                            .pop()
                    } else {
                        store.job(&first.tenant_id, &first.job_id).await.expect("reads")
                    };
                    let version = read.expect("exists").version;
                    assert!(version >= known, "read {version} after {known}");
                    seen = version;
                }
            })
        })
        .collect();
    let mut current = first;
    while current.version < LAST {
        current = next(&current, current.status);
        store.commit(commit(vec![put(current.clone())])).await.expect("commits");
        acknowledged.store(current.version, Ordering::SeqCst);
    }
    for reader in readers {
        reader.await.expect("does not panic");
    }
}

#[test]
fn racing_openings_never_make_two_owners() {
    use std::sync::atomic::{AtomicUsize, Ordering};
    let dir = tempfile::tempdir().expect("a directory");
    let owners = AtomicUsize::new(0);
    let opened = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                for _ in 0..100 {
                    match SqliteStore::open(options(dir.path())) {
                        Ok(store) => {
                            assert_eq!(owners.fetch_add(1, Ordering::SeqCst), 0, "two owners");
                            opened.fetch_add(1, Ordering::SeqCst);
                            owners.fetch_sub(1, Ordering::SeqCst);
                            drop(store);
                        }
                        Err(OpenError::Lock(LockError::Held(_))) => {}
                        Err(other) => panic!("{other}"),
                    }
                }
            });
        }
    });
    assert!(opened.into_inner() > 0);
}

/// Flips one bit at many places of the database file: the store may refuse, name damage or miss what an
/// index lost, but it never serves a record that is not the one that was written.
#[tokio::test]
async fn one_flipped_bit_anywhere_never_serves_a_wrong_record() {
    let dir = tempfile::tempdir().expect("a directory");
    let store = open(dir.path());
    let jobs: Vec<JobRecord> = (0..30).map(|i| job("default", &format!("job_{i}"), i)).collect();
    for job in &jobs {
        store.commit(commit(vec![put(job.clone())])).await.expect("commits");
    }
    store.shutdown();
    drop(store);
    let file = dir.path().join("store/store.sqlite3");
    let good = std::fs::read(&file).expect("reads");
    let (mut opened, mut named, mut served, mut mended) = (0, 0, 0, 0);
    let flips = if crate::faults::full() { 2000 } else { 120 };
    for n in 0..flips {
        let at = good.len() * n / flips + n * 37 % 97;
        let mut bad = good.clone();
        bad[at] ^= 1 << (n % 8);
        std::fs::write(&file, &bad).expect("writes");
        let mut options = options(dir.path());
        options.verify_after = Duration::ZERO;
        // A header that is no database's is refused by name, which is all that can be done.
        let store = match SqliteStore::open(options) {
            Ok(store) => store,
            Err(OpenError::Lock(error)) => panic!("{error}"),
            Err(_) => continue,
        };
        opened += 1;
        while !store.status().verified {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        // Behind the look through the database, and the mending that it asked for.
        let later = store.commit(commit(vec![put(job("default", "later", 99))])).await;
        let status = store.status();
        mended += usize::from(status.damaged_tables.is_empty() && later.is_ok());
        for job in &jobs {
            match store.job(&job.tenant_id, &job.job_id).await {
                Ok(Some(read)) => {
                    served += 1;
                    assert_eq!(read, *job, "a flip at {at}");
                }
                Ok(None) => {
                    let said = status.fault.is_some() || !status.damaged_tables.is_empty();
                    assert!(said, "a flip at {at} hides {} and nothing says so", job.job_id);
                }
                Err(ReadError::Corrupt { .. } | ReadError::Stopped { .. }) => named += 1,
                Err(other) => panic!("{other:?}"),
            }
        }
    }
    eprintln!("{opened} of {flips} opened, {mended} whole; records: {served} served, {named} named");
    assert!(opened * 10 > flips * 9 && named > 0, "{opened} opened, {named} named");
    assert!(served * 10 > opened * jobs.len() * 7, "{served} served in {opened} stores");
}

#[tokio::test]
async fn receipts_are_kept_for_a_day() {
    let dir = tempfile::tempdir().expect("a directory");
    let clock = Arc::new(ManualClock::new());
    let store = SqliteStore::open(Options::new(dir.path().to_owned(), clock.clone())).expect("opens");
    let first = commit(vec![put(job("default", "job_1", 0))]);
    store.commit(first.clone()).await.expect("commits");
    // the export catches up from receipts, so those it still needs are kept longer
    while store.status().exported_sequence < 1 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    clock.advance(chrono::Duration::hours(23));
    store.commit(commit(vec![put(job("default", "job_2", 0))])).await.expect("commits");
    assert!(store.committed(&first.id).await.expect("reads").is_some());
    clock.advance(chrono::Duration::hours(2));
    store.commit(commit(vec![put(job("default", "job_3", 0))])).await.expect("commits");
    assert_eq!(store.committed(&first.id).await, Ok(None));
}
