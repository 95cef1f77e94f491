//! A disk that refuses: errors of write, fsync and rename, and writes that stop half way, on every kind of
//! file that the program writes. A library that is preloaded lets the calls fail; the program knows nothing of it.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;

use super::check_chain;
use crate::support::app::{ADMIN_KEY, Answer, PATIENCE};
use crate::support::program::{Program, Start};

const PAY: &str = include_str!("../../../assets/stata_do_library/datasets/pay.csv");

/// What is refused.
#[derive(Debug, Clone, Copy)]
enum Refusal {
    Sync = 1,
    Write = 2,
    HalfWrite = 3,
    Rename = 4,
}

/// The control file of the preloaded library.
struct Disk {
    file: File,
    path: PathBuf,
    library: PathBuf,
}

impl Disk {
    /// Builds the library; `None`, with the reason on standard error, where that is not possible.
    fn build(folder: &Path) -> Option<Self> {
        let library = super::preloaded("refusing_disk", folder)?;
        let path = folder.join("control");
        let file =
            File::options().create(true).truncate(true).read(true).write(true).open(&path).expect("opens");
        file.set_len(128).expect("grows");
        Some(Self { file, path, library })
    }

    fn start(&self, folder: &Path) -> Start {
        Start::on(folder)
            .with("LD_PRELOAD", &self.library.display().to_string())
            .with("REFUSING_DISK", &self.path.display().to_string())
    }

    /// From now on calls on files whose path has this part fail: the first one only, or all.
    fn refuse(&self, what: Refusal, error: rustix::io::Errno, part: &str, all: bool) {
        let mut bytes = [0_u8; 128];
        let number = error.raw_os_error().unsigned_abs();
        for (at, word) in [(8, number), (12, u32::from(all))] {
            bytes[at..at + 4].copy_from_slice(&word.to_ne_bytes());
        }
        bytes[24..24 + part.len()].copy_from_slice(part.as_bytes());
        self.file.write_all_at(&bytes, 0).expect("written");
        // Last, so that nothing fails before all is said.
        self.file.write_all_at(&(what as u32).to_ne_bytes(), 0).expect("written");
    }

    fn heal(&self) {
        self.file.write_all_at(&0_u32.to_ne_bytes(), 0).expect("written");
    }

    fn hits(&self) -> u32 {
        let mut word = [0; 4];
        self.file.read_exact_at(&mut word, 16).expect("read");
        u32::from_ne_bytes(word)
    }
}

async fn codes(program: &Program, count: usize) -> Answer {
    program.call(Method::POST, "/v1/admin/task-codes", ADMIN_KEY, &json!({"count": count})).await
}

/// A job up to its confirmed plan; returns its id and token.
async fn confirmed(program: &Program) -> (String, String) {
    let (job, token) = created(program).await;
    program.upload(&job, &token, PAY).await.ok();
    let draft = json!({"template_id": "linear.ols_robust", "outcome_var": "log_pay",
                       "roles": {"regressors": ["schooling"]}});
    program.call(Method::PUT, &format!("/v1/jobs/{job}/draft"), &token, &draft).await.ok();
    program.call(Method::POST, &format!("/v1/jobs/{job}/plan/freeze"), &token, &json!({})).await.ok();
    (job, token)
}

async fn created(program: &Program) -> (String, String) {
    let made = codes(program, 1).await.ok();
    let body = json!({"task_code": made["task_codes"][0]["task_code"], "requirement": "q"});
    let request = program.http.post(format!("{}/v1/task-codes/redeem", program.base)).json(&body);
    let redeemed = Answer::of(request).await.ok();
    let text = |key: &str| redeemed[key].as_str().expect("a text").to_owned();
    (text("job_id"), text("token"))
}

async fn status(program: &Program, job: &(String, String)) -> serde_json::Value {
    program.call(Method::GET, &format!("/v1/jobs/{}", job.0), &job.1, &json!({})).await.ok()
}

async fn ended(program: &Program, job: &(String, String)) -> serde_json::Value {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let seen = status(program, job).await;
        if ["succeeded", "failed", "cancelled"].contains(&seen["status"].as_str().unwrap_or_default()) {
            return seen;
        }
        assert!(Instant::now() < deadline, "{seen}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// After one refused call of the store nothing is acknowledged any more, the process ends with 74, and what
/// was acknowledged before is there.
async fn stops_for_good(what: Refusal) {
    let dir = tempfile::tempdir().expect("a directory");
    let Some(disk) = Disk::build(dir.path()) else { return };
    // so that the metrics can be read after the fault
    let mut program = disk.start(dir.path()).with("SS_DRAIN_DELAY_SECONDS", "1").go();
    let before = created(&program).await;
    disk.refuse(what, rustix::io::Errno::IO, "store.sqlite3-wal", false);
    let refused = codes(&program, 1).await;
    assert_eq!(refused.status, 503, "{what:?}: {}", refused.body);
    assert_eq!(refused.body["error_code"], "STORE_UNAVAILABLE");
    assert_eq!(disk.hits(), 1, "{what:?}");
    let metrics = program.http.get(format!("{}/metrics", program.base)).send().await.expect("answers");
    let metrics = metrics.text().await.expect("text");
    for line in ["ss_store_fault 1", "ss_audit_write_failures_total 1"] {
        assert!(metrics.lines().any(|l| l == line), "{line} in\n{metrics}");
    }
    // The disk is well again, but nobody knows what it holds.
    for _ in 0..20 {
        let request = program.request(Method::POST, "/v1/admin/task-codes", ADMIN_KEY);
        // No answer at all is no success either: the program may have ended.
        if let Ok(answer) = request.json(&json!({"count": 1})).send().await {
            assert_eq!(answer.status(), 503, "{what:?}");
        }
    }
    let ended = tokio::task::block_in_place(|| program.wait());
    assert_eq!(ended.code(), Some(74), "{what:?}");
    let again = Start::on(dir.path()).go();
    assert_eq!(status(&again, &before).await["status"], "created");
    codes(&again, 1).await.ok();
    tokio::task::block_in_place(|| again.end());
    check_chain(&dir.path().join("data")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_failed_fsync_no_success_is_answered_and_the_process_ends() {
    stops_for_good(Refusal::Sync).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_failed_write_no_success_is_answered_and_the_process_ends() {
    stops_for_good(Refusal::Write).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_stops_half_way_is_finished_and_loses_nothing() {
    let dir = tempfile::tempdir().expect("a directory");
    let Some(disk) = Disk::build(dir.path()) else { return };
    let program = disk.start(dir.path()).go();
    disk.refuse(Refusal::HalfWrite, rustix::io::Errno::IO, "store.sqlite3-wal", false);
    let job = created(&program).await;
    assert_eq!(disk.hits(), 1);
    program.kill();
    let again = Start::on(dir.path()).go();
    assert_eq!(status(&again, &job).await["status"], "created");
    tokio::task::block_in_place(|| again.end());
    check_chain(&dir.path().join("data")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_without_room_refuses_with_507_and_goes_on_when_there_is_room() {
    let dir = tempfile::tempdir().expect("a directory");
    let Some(disk) = Disk::build(dir.path()) else { return };
    let program = disk.start(dir.path()).go();
    let job = created(&program).await;
    disk.refuse(Refusal::Write, rustix::io::Errno::NOSPC, "store.sqlite3-wal", true);
    for _ in 0..5 {
        let refused = codes(&program, 1).await;
        assert!(refused.headers.contains_key("retry-after"));
        refused.refused(507, "STORAGE_FULL");
        assert_eq!(status(&program, &job).await["status"], "created", "reads go on");
    }
    assert!(disk.hits() >= 5);
    disk.heal();
    codes(&program, 1).await.ok();
    let ended = tokio::task::block_in_place(|| program.end());
    assert!(ended.success(), "{ended}");
    check_chain(&dir.path().join("data")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_checkpoint_at_the_end_is_told_and_loses_nothing() {
    let dir = tempfile::tempdir().expect("a directory");
    let Some(disk) = Disk::build(dir.path()) else { return };
    let program = disk.start(dir.path()).go();
    let job = created(&program).await;
    // The path of the database is a part of that of its log; the log is synced too.
    disk.refuse(Refusal::Write, rustix::io::Errno::IO, "store.sqlite3", false);
    let ended = tokio::task::block_in_place(|| program.end());
    assert!(disk.hits() == 1 && ended.code() == Some(74), "{} {ended}", disk.hits());
    let again = Start::on(dir.path()).go();
    assert_eq!(status(&again, &job).await["status"], "created");
    tokio::task::block_in_place(|| again.end());
    check_chain(&dir.path().join("data")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn readable_copies_that_cannot_be_written_catch_up_and_stop_nothing() {
    for part in ["/audit/", "job.json"] {
        let dir = tempfile::tempdir().expect("a directory");
        let Some(disk) = Disk::build(dir.path()) else { return };
        let program = disk.start(dir.path()).go();
        disk.refuse(Refusal::Sync, rustix::io::Errno::IO, part, true);
        created(&program).await;
        crate::support::runs::eventually("the copy is refused", || disk.hits() > 0);
        created(&program).await;
        disk.refuse(Refusal::Write, rustix::io::Errno::NOSPC, part, true);
        created(&program).await;
        crate::support::runs::eventually("the copy is refused again", || disk.hits() > 0);
        let metrics = program.http.get(format!("{}/metrics", program.base)).send().await.expect("answers");
        let metrics = metrics.text().await.expect("text");
        let none = metrics.contains("\nss_audit_write_failures_total 0\n");
        assert_eq!(none, part == "job.json", "{metrics}");
        if part == "job.json" {
            disk.refuse(Refusal::Rename, rustix::io::Errno::IO, part, true);
            created(&program).await;
            crate::support::runs::eventually("the new name is refused", || disk.hits() > 0);
        }
        disk.heal();
        let ended = tokio::task::block_in_place(|| program.end());
        assert!(ended.success(), "{part}: {ended}");
        check_chain(&dir.path().join("data")).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_cannot_be_kept_changes_nothing() {
    let dir = tempfile::tempdir().expect("a directory");
    let Some(disk) = Disk::build(dir.path()) else { return };
    let program = disk.start(dir.path()).go();
    let job = created(&program).await;
    let refusals = [
        (Refusal::Write, rustix::io::Errno::NOSPC, 507),
        (Refusal::Write, rustix::io::Errno::IO, 500),
        (Refusal::Sync, rustix::io::Errno::IO, 500),
        (Refusal::Rename, rustix::io::Errno::IO, 500),
    ];
    for (what, error, expected) in refusals {
        disk.refuse(what, error, "/inputs/", false);
        let refused = program.upload(&job.0, &job.1, PAY).await;
        assert_eq!(refused.status.as_u16(), expected, "{what:?} {error}: {}", refused.body);
        assert_eq!(disk.hits(), 1);
        assert!(status(&program, &job).await["inputs"].is_null());
    }
    disk.heal();
    program.upload(&job.0, &job.1, PAY).await.ok();
    assert!(!status(&program, &job).await["inputs"].is_null());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_whose_files_are_refused_is_tried_again() {
    let dir = tempfile::tempdir().expect("a directory");
    let Some(disk) = Disk::build(dir.path()) else { return };
    let program = disk.start(dir.path()).go();
    let refusals =
        [(Refusal::Rename, "/artifacts/runs/", "publish"), (Refusal::Write, "/manifest.json", "prepare")];
    for (what, part, detail) in refusals {
        let job = confirmed(&program).await;
        disk.refuse(what, rustix::io::Errno::IO, part, false);
        program.call(Method::POST, &format!("/v1/jobs/{}/run", job.0), &job.1, &json!({})).await.ok();
        assert_eq!(ended(&program, &job).await["status"], "succeeded");
        assert_eq!(disk.hits(), 1, "{part}");
        let runs =
            program.call(Method::GET, &format!("/v1/jobs/{}/runs", job.0), &job.1, &json!({})).await.ok();
        let first = &runs["runs"][0];
        assert_eq!(
            (&first["cause"], &first["cause_detail"]),
            (&json!("internal"), &json!(detail)),
            "{first}"
        );
        assert_eq!(runs["runs"].as_array().map(Vec::len), Some(2));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn results_that_a_disk_refuses_to_sync_are_written_again_or_elsewhere() {
    let dir = tempfile::tempdir().expect("a directory");
    let Some(disk) = Disk::build(dir.path()) else { return };
    let start = disk.start(dir.path());
    let program = start.go();
    for part in ["/artifacts/runs/", "-0.journal", "-1.journal"] {
        let job = confirmed(&program).await;
        let path = format!("/v1/jobs/{}", job.0);
        disk.refuse(Refusal::Sync, rustix::io::Errno::IO, part, false);
        program.call(Method::POST, &format!("{path}/run"), &job.1, &json!({})).await.ok();
        assert_eq!(ended(&program, &job).await["status"], "succeeded");
        let runs = program.call(Method::GET, &format!("{path}/runs"), &job.1, &json!({})).await.ok();
        assert_eq!(runs["runs"].as_array().map(Vec::len), Some(1), "{part}");
        let deadline = Instant::now() + PATIENCE;
        while disk.hits() == 0 && part == "/artifacts/runs/" {
            assert!(Instant::now() < deadline, "nothing was synced in its place");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        disk.heal();
    }
    let ended = tokio::task::block_in_place(|| program.end());
    assert!(ended.success(), "{ended}");
    assert!(start.log().contains("published files are written again"), "{}", start.log());
    let checked = start.tool(&["store", "check", "--deep", "--json"]).output().expect("runs");
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stdout));
}
