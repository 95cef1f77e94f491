//! How far a reading is, and its end on request, over HTTP. The reader is a script that says how far it is, waits for a file and
//! has the real program read: nothing depends on the pace of a machine.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::late_ingest::PAY;
use crate::support::app::{Answer, Job, PATIENCE, TestApp};

/// A script in a folder: it leaves `began`, and goes on once there is `go`.
fn held_reader(dir: &Path) -> PathBuf {
    let path = dir.join("reader");
    let (began, go) = (dir.join("began"), dir.join("go"));
    let script = format!(
        "#!/bin/sh\nrequest=$(cat)\necho '{{\"Advance\":{{\"read\":10,\"of\":40}}}}'\n: > '{}'\nwhile [ ! -e '{}' ]; do sleep 0.02; done\n\
         printf '%s' \"$request\" | '{}' \"$@\"\n",
        began.display(),
        go.display(),
        env!("CARGO_BIN_EXE_stata-service"),
    );
    std::fs::write(&path, script).expect("a script");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("may be run");
    path
}

/// Asks until an answer is as expected.
async fn asked(app: &TestApp, job: &Job, path: &str, is_met: impl Fn(&Answer) -> bool) -> Answer {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let seen = app.get(job, path).await;
        if is_met(&seen) {
            return seen;
        }
        assert!(Instant::now() < deadline, "never: {}", seen.body);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poll_says_how_far_the_reading_is() {
    let dir = tempfile::tempdir().expect("a directory");
    let reader = held_reader(dir.path());
    let mut app = TestApp::start_with(|options| {
        options.engine.launcher = Some(reader);
        options.upload_answer_within = Duration::from_millis(1);
    })
    .await;
    let job = app.job("How does schooling change pay?").await;
    let sent = app.upload(&job, "pay.csv", PAY.as_bytes().to_vec()).await;
    assert_eq!((sent.status, &sent.body["status"]), (StatusCode::ACCEPTED, &json!("ingesting")));
    let told = |answer: &Answer| answer.body["context"]["progress"]["read_bytes"].as_u64() > Some(0);
    let progress = asked(&app, &job, "/inputs/preview", told).await.body["context"]["progress"].clone();
    let bytes = PAY.len() as u64;
    assert_eq!((&progress["total_bytes"], &progress["read_bytes"]), (&json!(bytes), &json!(bytes / 4)));
    assert!(progress["elapsed_seconds"].is_u64(), "{progress}");
    let paced = |answer: &Answer| answer.body["progress"]["remaining_seconds"].is_u64();
    let pending = asked(&app, &job, "/draft/preview", paced).await;
    let (elapsed, left) =
        (&pending.body["progress"]["elapsed_seconds"], &pending.body["progress"]["remaining_seconds"]);
    let (elapsed, left) = (elapsed.as_u64().expect("seconds"), left.as_u64().expect("seconds"));
    // a quarter is read: three times as long is left
    assert!(elapsed >= 2 && left.abs_diff(3 * elapsed) <= 1, "{}", pending.body);
    std::fs::write(dir.path().join("go"), "").expect("a file");
    let read = asked(&app, &job, "/inputs/preview", |answer| answer.status == StatusCode::OK).await;
    assert_eq!(read.body["row_count"], 800);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_reading_of_another_header_row_is_cancelled_and_the_table_stays() {
    let dir = tempfile::tempdir().expect("a directory");
    let (reader, go, began) = (held_reader(dir.path()), dir.path().join("go"), dir.path().join("began"));
    std::fs::write(&go, "").expect("a file");
    let mut app = TestApp::start_with(|options| options.engine.launcher = Some(reader)).await;
    let job = app.job("How does schooling change pay?").await;
    app.upload(&job, "pay.csv", PAY.as_bytes().to_vec()).await.ok();
    let before = app.get(&job, "/inputs/preview").await.ok();
    std::fs::remove_file(&go).expect("removed");
    std::fs::remove_file(&began).expect("removed");
    let other = json!({"header_row": 2});
    let (selected, cancelled) = tokio::join!(app.post(&job, "/inputs/primary/sheet", &other), async {
        let deadline = Instant::now() + PATIENCE;
        while !began.exists() {
            assert!(Instant::now() < deadline, "the reader does not begin");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        app.post(&job, "/inputs/cancel", &json!({})).await.ok()
    });
    assert_eq!(cancelled["status"], "cancelled");
    let seen = (&selected.body["error_code"], &selected.body["context"]["reason"]);
    assert_eq!(seen, (&json!("INPUTS_MISSING"), &json!("ingest_cancelled")));
    let without_time = |mut preview: Value| {
        preview.as_object_mut().map(|fields| fields.remove("trace_id"));
        preview
    };
    let after = app.get(&job, "/inputs/preview").await.ok();
    assert_eq!(without_time(after), without_time(before));
    assert_eq!(app.post(&job, "/inputs/cancel", &json!({})).await.ok()["status"], "inputs_ready");
    // the next choice is read as ever
    std::fs::write(&go, "").expect("a file");
    let read = app.post(&job, "/inputs/primary/sheet", &other).await.ok();
    assert_eq!(read["row_count"], 799);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_reading_of_another_header_row_may_take_longer_than_other_requests() {
    const MOST: Duration = Duration::from_secs(5);
    let dir = tempfile::tempdir().expect("a directory");
    let (reader, go, began) = (held_reader(dir.path()), dir.path().join("go"), dir.path().join("began"));
    std::fs::write(&go, "").expect("a file");
    let mut app = TestApp::start_with(|options| {
        options.engine.launcher = Some(reader);
        options.edge.request_timeout = MOST;
    })
    .await;
    let job = app.job("How does schooling change pay?").await;
    app.upload(&job, "pay.csv", PAY.as_bytes().to_vec()).await.ok();
    std::fs::remove_file(&go).expect("removed");
    std::fs::remove_file(&began).expect("removed");
    let other = json!({"header_row": 2});
    let (read, ()) = tokio::join!(app.post(&job, "/inputs/primary/sheet", &other), async {
        let deadline = Instant::now() + PATIENCE;
        while !began.exists() {
            assert!(Instant::now() < deadline, "the reader does not begin");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        tokio::time::sleep(MOST).await;
        std::fs::write(&go, "").expect("a file");
    });
    assert_eq!(read.ok()["row_count"], 799);
    app.stop().await;
}
