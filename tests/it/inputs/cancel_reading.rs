//! The end of a reading on request, in the real program: at once, for good, with nothing left on the disk, and with room for
//! another upload. The reader is held by a signal, as in `late_ingest`.

use std::path::Path;

use futures_util::future::join_all;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::late_ingest::{Bench, PAY, ROWS, hold_reader, readers_of, until};
use crate::support::app::{ADMIN_KEY, Answer};
use crate::support::program::{Start, short_leases};
use crate::support::{objects, postgres};

async fn cancel(bench: &Bench) -> Answer {
    bench.call(Method::POST, "/inputs/cancel", &json!({"reason": "the wrong file"})).await
}

fn facts(answer: &Answer) -> (StatusCode, &Value, &Value) {
    (answer.status, &answer.body["error_code"], &answer.body["context"]["reason"])
}

fn cancelled() -> (StatusCode, Value, Value) {
    (StatusCode::CONFLICT, json!("INPUTS_MISSING"), json!("ingest_cancelled"))
}

/// Waits until a bench has no reader, and no file of an upload that was cancelled.
async fn is_clean(bench: &Bench) {
    until("the reader ends", || readers_of(bench.program.pid()).is_empty()).await;
    until("the upload goes", || files_of_uploads(&bench.start.data).is_empty()).await;
}

/// The files of uploads and of what was read of them.
fn files_of_uploads(data: &Path) -> Vec<String> {
    let mut find = std::process::Command::new("find");
    find.arg(data.join("tenants")).args([
        "-type",
        "f",
        "(",
        "-path",
        "*/inputs/*",
        "-o",
        "-path",
        "*/uploads/*",
        ")",
    ]);
    let found = find.output().expect("runs");
    String::from_utf8_lossy(&found.stdout).lines().map(str::to_owned).collect()
}

async fn cancels_in_the_audit(bench: &Bench) -> Vec<Value> {
    let path = format!("/v1/admin/audit?resource=job:{}", bench.job);
    let events = bench.program.call(Method::GET, &path, ADMIN_KEY, &json!({})).await.ok();
    let all = events["events"].as_array().expect("a list").iter();
    all.filter(|event| event["action"] == "inputs.reading_cancelled").cloned().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_reading_ends_leaves_nothing_and_makes_room_for_another_file() {
    let dir = tempfile::tempdir().expect("a directory");
    let bench = Bench::new(dir.path()).await;
    bench.upload_held(None).await;
    let job = bench.call(Method::GET, "", &json!({})).await.ok();
    assert_eq!(job["next_actions"][0]["action"], "cancel_reading", "{job}");
    assert_eq!(cancel(&bench).await.ok()["status"], "cancelled");
    let (status, code, reason) = cancelled();
    assert_eq!(facts(&bench.preview().await), (status, &code, &reason));
    // the next file does not wait for anything of the first one
    bench.program.upload(&bench.job, &bench.token, PAY).await.ok();
    assert_eq!(bench.preview().await.ok()["row_count"], 800);
    until("the reader ends", || readers_of(bench.program.pid()).is_empty()).await;
    // original, canonical data, manifest
    until("the first upload goes", || files_of_uploads(&bench.start.data).len() == 3).await;
    let version = bench.call(Method::GET, "", &json!({})).await.ok()["version"].clone();
    assert_eq!(cancel(&bench).await.ok()["status"], "inputs_ready", "there is nothing to cancel any more");
    let job = bench.call(Method::GET, "", &json!({})).await.ok();
    assert_eq!(job["version"], version, "and nothing changes");
    let told = cancels_in_the_audit(&bench).await;
    assert_eq!((told.len(), &told[0]["reason"]), (1, &json!("the wrong file")), "{told:?}");
    bench.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn eight_cancels_at_once_are_one_and_outlive_a_kill() {
    let dir = tempfile::tempdir().expect("a directory");
    let bench = Bench::new(dir.path()).await;
    bench.upload_held(Some("\"v1\"")).await;
    let answers = join_all((0..8).map(|_| cancel(&bench))).await;
    for answer in answers {
        assert_eq!(answer.ok()["status"], "cancelled");
    }
    assert_eq!(cancels_in_the_audit(&bench).await.len(), 1);
    is_clean(&bench).await;
    let bench = bench.killed();
    let (status, code, reason) = cancelled();
    assert_eq!(facts(&bench.preview().await), (status, &code, &reason), "the next server does not read it");
    assert_eq!(readers_of(bench.program.pid()), Vec::<i32>::new());
    assert_eq!(cancel(&bench).await.ok()["status"], "cancelled", "again is the same");
    bench.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reading_whose_request_waits_is_cancelled_too() {
    let dir = tempfile::tempdir().expect("a directory");
    let bench = Bench::answering_within(Start::on(dir.path()), 60).await;
    assert_eq!(cancel(&bench).await.ok()["status"], "inputs_missing");
    let (_held, sent) = bench.send_held(None).await;
    assert_eq!(cancel(&bench).await.ok()["status"], "cancelled");
    let (status, code, reason) = cancelled();
    assert_eq!(facts(&sent.await.expect("no panic")), (status, &code, &reason), "the sender is told");
    is_clean(&bench).await;
    bench.program.upload(&bench.job, &bench.token, PAY).await.ok();
    assert_eq!(bench.preview().await.ok()["row_count"], 800);
    bench.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_bundle_is_given_up_with_its_files_and_can_be_sent_again() {
    let dir = tempfile::tempdir().expect("a directory");
    let bench = Bench::new(dir.path()).await;
    let finish = |path: String| {
        Answer::of(bench.program.request(Method::POST, &path, &bench.token).json(&json!({"parts": []})))
    };
    let first = tokio::spawn(finish(bench.send_bundle().await));
    hold_reader(bench.program.pid()).await;
    assert_eq!(first.await.expect("no panic").ok()["status"], "ingesting");
    assert_eq!(cancel(&bench).await.ok()["status"], "cancelled");
    is_clean(&bench).await;
    let bundle = bench.call(Method::GET, "/inputs/bundle", &json!({})).await;
    assert_eq!(bundle.body["error_code"], "UPLOAD_SESSION_NOT_FOUND", "{}", bundle.body);
    finish(bench.send_bundle().await).await.ok();
    assert_eq!(bench.read().await.ok()["row_count"], ROWS);
    bench.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn earlier_inputs_stay_when_the_reading_of_others_is_cancelled() {
    let dir = tempfile::tempdir().expect("a directory");
    let bench = Bench::new(dir.path()).await;
    bench.program.upload(&bench.job, &bench.token, PAY).await.ok();
    bench.upload_held(None).await;
    assert_eq!(cancel(&bench).await.ok()["status"], "cancelled");
    assert_eq!(bench.preview().await.ok()["row_count"], 800);
    until("the reader ends", || readers_of(bench.program.pid()).is_empty()).await;
    until("the upload goes", || files_of_uploads(&bench.start.data).len() == 3).await;
    bench.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn another_server_cancels_what_this_one_reads() {
    let (Some(database), Some(server)) = (postgres::shared(), objects::rclone()) else { return };
    let dirs = [(); 2].map(|()| tempfile::tempdir().expect("a directory"));
    let (_, url) = database.database();
    let prefix = server.options().prefix;
    let start = |dir: &tempfile::TempDir| {
        server.settings(short_leases(Start::on_postgres(dir.path(), &url)), &prefix)
    };
    let bench = Bench::of(start(&dirs[0])).await;
    bench.upload_held(None).await;
    let other = tokio::task::block_in_place(|| start(&dirs[1]).go());
    let path = format!("/v1/jobs/{}/inputs/cancel", bench.job);
    let answer = other.call(Method::POST, &path, &bench.token, &json!({})).await.ok();
    assert_eq!(answer["status"], "cancelled");
    until("the reader ends", || readers_of(bench.program.pid()).is_empty()).await;
    let (status, code, reason) = cancelled();
    assert_eq!(facts(&bench.preview().await), (status, &code, &reason));
    tokio::task::block_in_place(|| other.end());
    bench.end();
}
