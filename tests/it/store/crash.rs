//! The embedded store under real faults: killed while it commits, and with a disk that refuses writes.
//! The other process is this test binary, told by an environment variable where to work.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use stata_service::adapters::clock::SystemClock;
use stata_service::adapters::store::{Options, SqliteStore};
use stata_service::domain::ids::JobId;
use stata_service::domain::job::JobStatus;
use stata_service::domain::layout::job_dir;
use stata_service::ports::store::{CommitError, ReadError, Store, StoreExt};

use crate::store::sqlite::check_job_file;
use crate::support::chain::{check_exported, whole_chain};
use crate::support::records::*;

const DIRECTORY: &str = "STORE_CRASH_DIRECTORY";

fn open(dir: &Path) -> Arc<SqliteStore> {
    SqliteStore::open(Options::new(dir.join("data"), Arc::new(SystemClock))).expect("opens")
}

/// Creates and updates jobs until told otherwise, noting each acknowledged commit as `job version`.
async fn write_jobs(store: Arc<SqliteStore>, noted: Arc<Mutex<File>>, writer: u32, rounds: u32) {
    let run = std::process::id();
    for i in 0..rounds {
        let mut record = job("default", &format!("job_{run}_{writer}_{i}"), i64::from(i));
        for status in [JobStatus::Created, JobStatus::Queued, JobStatus::Running] {
            if status != JobStatus::Created {
                record = next(&record, status);
            }
            store.commit(commit(vec![put(record.clone())])).await.expect("commits");
            let line = format!("{} {}\n", record.job_id, record.version);
            noted.lock().expect("not poisoned").write_all(line.as_bytes()).expect("notes");
        }
    }
}

async fn write_with_eight(dir: &Path, rounds: u32) -> Arc<SqliteStore> {
    let store = open(dir);
    let noted = File::options().create(true).append(true).open(dir.join("acknowledged")).expect("opens");
    let noted = Arc::new(Mutex::new(noted));
    let writers: Vec<_> = (0..8)
        .map(|writer| tokio::spawn(write_jobs(Arc::clone(&store), Arc::clone(&noted), writer, rounds)))
        .collect();
    for writer in writers {
        writer.await.expect("does not panic");
    }
    store
}

#[expect(clippy::disallowed_methods, reason = "how the parent tells its child where to work")]
fn told_directory() -> Option<std::path::PathBuf> {
    std::env::var_os(DIRECTORY).map(Into::into)
}

/// As a child: writes until it is killed. On its own: a short run of the same, checked.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn eight_writers() {
    if let Some(dir) = told_directory() {
        write_with_eight(&dir, u32::MAX).await;
        return;
    }
    let dir = tempfile::tempdir().expect("a directory");
    write_with_eight(dir.path(), 3).await.shutdown();
    check_everything(dir.path()).await;
}

/// As a child under a file size limit: writes until the store stops. On its own: nothing stops it.
#[tokio::test]
async fn one_writer_of_large_records() {
    let own = tempfile::tempdir().expect("a directory");
    let told = told_directory();
    let dir = told.as_deref().unwrap_or(own.path());
    let store = open(dir);
    let mut noted = File::options().create(true).append(true).open(dir.join("acknowledged")).expect("opens");
    for i in 0..200 {
        let mut record = job("default", &format!("job_{i}"), i);
        record.requirement = "x".repeat(64 * 1024);
        match store.commit(commit(vec![put(record.clone())])).await {
            Ok(_) => writeln!(noted, "{} 1", record.job_id).expect("notes"),
            // The write that failed may have been the one that completes the commit.
            Err(error @ (CommitError::Stopped { .. } | CommitError::Indeterminate { .. })) => {
                assert!(told.is_some(), "stopped without a limit: {error}");
                let again = store.commit(commit(vec![put(job("default", "later", 0))])).await;
                assert!(matches!(again, Err(CommitError::Stopped { .. })), "{again:?}");
                let read = store.job(&record.tenant_id, &record.job_id).await;
                assert!(matches!(read, Err(ReadError::Stopped { .. })), "{read:?}");
                assert!(store.status().fault.is_some());
                fs::write(dir.join("stopped"), "").expect("notes");
                return;
            }
            Err(other) => panic!("{other:?}"),
        }
    }
    assert!(told.is_none(), "the limit did not bite");
    assert_eq!(store.status().jobs[&JobStatus::Created], 200);
}

fn child(dir: &Path, test: &str, shell_prefix: &str) -> Child {
    let binary = std::env::current_exe().expect("known");
    let script = format!("{shell_prefix} exec \"$0\" --exact store::crash::{test} --nocapture");
    Command::new("sh")
        .args(["-c", &script])
        .arg(binary)
        .env(DIRECTORY, dir)
        .stdout(Stdio::null())
        .stderr(File::create(dir.join("stderr")).expect("creates"))
        .spawn()
        .expect("starts")
}

/// Every acknowledged commit is there, the audit chain verifies, and the copies agree with the store.
async fn check_everything(dir: &Path) -> usize {
    let store = open(dir);
    let text = fs::read_to_string(dir.join("acknowledged")).unwrap_or_default();
    let mut latest = std::collections::BTreeMap::new();
    for line in text.lines() {
        let (id, version) = line.split_once(' ').expect("job version");
        latest.insert(id.to_owned(), version.parse::<u64>().expect("a number"));
    }
    let default = tenant("default");
    let mut records = Vec::new();
    for (id, version) in &latest {
        let id = JobId::parse(id.as_str()).expect("valid");
        let record = store.job(&default, &id).await.expect("reads").expect("an acknowledged job is there");
        assert!(record.version >= *version, "{id}: {} < {version}", record.version);
        records.push(record);
    }
    let events = whole_chain(store.as_ref()).await;
    let status = store.status();
    assert_eq!(status.sequence, events.len() as u64, "one event per commit");
    store.shutdown();
    for record in &records {
        let copy = check_job_file(&dir.join("data").join(job_dir(&default, &record.job_id)).join("job.json"));
        assert_eq!(copy["version"], record.version);
    }
    check_exported(&dir.join("data"), &events);
    latest.len()
}

#[tokio::test]
async fn a_kill_at_any_moment_loses_no_acknowledged_commit() {
    let dir = tempfile::tempdir().expect("a directory");
    let acknowledged =
        || fs::read_to_string(dir.path().join("acknowledged")).map_or(0, |t| t.lines().count());
    let mut jobs = 0;
    for round in 0..4_u64 {
        let before = acknowledged();
        let mut writers = child(dir.path(), "eight_writers", "");
        while acknowledged() < before + 50 {
            assert!(writers.try_wait().expect("waits").is_none(), "the writers ended by themselves");
            std::thread::sleep(Duration::from_millis(5));
        }
        std::thread::sleep(Duration::from_millis(round * 97));
        writers.kill().expect("kills");
        writers.wait().expect("waits");
        let found = check_everything(dir.path()).await;
        assert!(found > jobs, "the round wrote something");
        jobs = found;
    }
}

#[tokio::test]
async fn a_disk_that_refuses_writes_stops_the_store_and_loses_nothing() {
    let dir = tempfile::tempdir().expect("a directory");
    // 4 MiB per file, in the shell's blocks of 512 or 1024 bytes; the signal is ignored so that writes fail
    let mut writer = child(dir.path(), "one_writer_of_large_records", "trap '' XFSZ; ulimit -f 4096;");
    let ended = writer.wait().expect("waits");
    let said = fs::read_to_string(dir.path().join("stderr")).unwrap_or_default();
    assert!(ended.success() && dir.path().join("stopped").exists(), "{said}");
    assert!(check_everything(dir.path()).await > 5);
}
