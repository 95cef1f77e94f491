//! Uploads whose reading takes longer than their request, in the real program: what clients poll is in the record, and
//! neither a kill nor a restart forgets it. The reader is held by a signal, so that no test depends on a slow file.

use std::path::Path;
use std::time::{Duration, Instant};

use reqwest::multipart::{Form, Part};
use reqwest::{Method, StatusCode};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::support::app::{ADMIN_KEY, Answer, PATIENCE};
use crate::support::program::{Program, Start, short_leases};
use crate::support::{objects, postgres};

pub(super) const PAY: &str = include_str!("../../../assets/stata_do_library/datasets/pay.csv");

/// Rows of a file that takes a reader some time, so that it is there to be held.
pub(super) const ROWS: usize = 600_000;

fn large() -> String {
    let rows = (0..ROWS).map(|n| format!("{n},{}.5,text {}\n", n % 977, n % 13));
    std::iter::once("id,value,word\n".to_owned()).chain(rows).collect()
}

/// A program with one job.
pub(super) struct Bench {
    pub(super) start: Start,
    pub(super) program: Program,
    pub(super) job: String,
    pub(super) token: String,
}

/// A reader that is held, by its process id.
pub(super) struct Held(Pid);

impl Held {
    fn go_on(&self) {
        kill_process(self.0, Signal::CONT).expect("the reader is there");
    }

    pub(super) fn kill(&self) {
        let _ = kill_process(self.0, Signal::KILL);
    }
}

impl Bench {
    pub(super) async fn new(dir: &Path) -> Self {
        Self::of(Start::on(dir)).await
    }

    pub(super) async fn of(start: Start) -> Self {
        Self::answering_within(start, 2).await
    }

    /// Whose uploads are answered after these seconds at the latest.
    pub(super) async fn answering_within(start: Start, seconds: u32) -> Self {
        let start = start.with("SS_UPLOAD__ANSWER_SECONDS", &seconds.to_string());
        let program = start.go();
        let codes =
            program.call(Method::POST, "/v1/admin/task-codes", ADMIN_KEY, &json!({"count": 1})).await.ok();
        let body = json!({"task_code": codes["task_codes"][0]["task_code"], "requirement": "q"});
        let request = program.http.post(format!("{}/v1/task-codes/redeem", program.base)).json(&body);
        let redeemed = Answer::of(request).await.ok();
        let text = |name: &str| redeemed[name].as_str().expect("text").to_owned();
        Self { start, program, job: text("job_id"), token: text("token") }
    }

    pub(super) async fn call(&self, method: Method, path: &str, body: &Value) -> Answer {
        self.program.call(method, &format!("/v1/jobs/{}{path}", self.job), &self.token, body).await
    }

    pub(super) async fn preview(&self) -> Answer {
        self.call(Method::GET, "/inputs/preview", &json!({})).await
    }

    /// Asks again until the upload is no longer being read.
    pub(super) async fn read(&self) -> Answer {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let seen = self.preview().await;
            if seen.body["context"]["reason"] != "ingesting" {
                return seen;
            }
            assert!(Instant::now() < deadline, "the upload is read without an end");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Sends a large file, perhaps for a version of the job; returns the reader, held, and the answer to come.
    pub(super) async fn send_held(&self, if_match: Option<&str>) -> (Held, JoinHandle<Answer>) {
        let form = Form::new().part("file", Part::bytes(large().into_bytes()).file_name("large.csv"));
        let path = format!("/v1/jobs/{}/inputs/upload", self.job);
        let mut request = self.program.request(Method::POST, &path, &self.token);
        if let Some(version) = if_match {
            request = request.header("If-Match", version);
        }
        let sent = tokio::spawn(Answer::of(request.multipart(form)));
        (hold_reader(self.program.pid()).await, sent)
    }

    /// Sends a large file as [`Bench::send_held`]; returns the reader, held, after the answer.
    pub(super) async fn upload_held(&self, if_match: Option<&str>) -> Held {
        let (held, sent) = self.send_held(if_match).await;
        let answer = sent.await.expect("no panic");
        let seen = (answer.status, &answer.body["status"]);
        assert_eq!(seen, (StatusCode::ACCEPTED, &json!("ingesting")), "{}", answer.body);
        held
    }

    /// Sends a large file as a bundle, up to its end; returns the path of that.
    pub(super) async fn send_bundle(&self) -> String {
        let bytes = large();
        let file = json!({"filename": "large.csv", "size_bytes": bytes.len(), "role": "primary_dataset"});
        let bundle = self.call(Method::POST, "/inputs/bundle", &json!({"files": [file]})).await.ok();
        let body = json!({"bundle_id": bundle["bundle_id"], "file_id": bundle["files"][0]["file_id"]});
        let session = self.call(Method::POST, "/inputs/upload-sessions", &body).await.ok();
        let url = format!("{}{}", self.program.base, session["presigned_url"].as_str().expect("a path"));
        Answer::of(self.program.http.put(url).body(bytes)).await.ok();
        format!("/v1/upload-sessions/{}/finalize", session["upload_session_id"].as_str().expect("an id"))
    }

    /// Kills the program and starts it again on the same data.
    pub(super) fn killed(self) -> Self {
        let start = self.start.clone();
        self.killed_for(start)
    }

    /// Kills the program and starts another one.
    fn killed_for(self, start: Start) -> Self {
        let Self { program, job, token, .. } = self;
        let program = tokio::task::block_in_place(|| {
            program.kill();
            start.go()
        });
        Self { start, program, job, token }
    }

    pub(super) fn end(self) {
        tokio::task::block_in_place(|| self.program.end());
    }
}

pub(super) fn readers_of(pid: i32) -> Vec<i32> {
    let Ok(tasks) = std::fs::read_dir(format!("/proc/{pid}/task")) else { return Vec::new() };
    let lists = tasks.flatten().filter_map(|task| std::fs::read_to_string(task.path().join("children")).ok());
    let lists: Vec<String> = lists.collect();
    let children = lists.iter().flat_map(|list| list.split_ascii_whitespace());
    let reads = |child: &i32| {
        let words = std::fs::read(format!("/proc/{child}/cmdline")).unwrap_or_default();
        words.split(|byte| *byte == 0).any(|word| word == b"read-table")
    };
    children.filter_map(|text| text.parse().ok()).filter(reads).collect()
}

/// Waits for a reader of a program and holds it.
pub(super) async fn hold_reader(pid: i32) -> Held {
    let search = move || {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(reader) = readers_of(pid).first().and_then(|reader| Pid::from_raw(*reader)) {
                kill_process(reader, Signal::STOP).expect("the reader is there");
                return Held(reader);
            }
            assert!(Instant::now() < deadline, "no reader starts");
        }
    };
    let (sender, found) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || sender.send(search()));
    found.await.expect("no panic")
}

fn reason(answer: &Answer) -> (StatusCode, &Value, &Value) {
    (answer.status, &answer.body["error_code"], &answer.body["context"]["reason"])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_upload_becomes_the_inputs_of_the_version_that_it_was_sent_for() {
    let dir = tempfile::tempdir().expect("a directory");
    let bench = Bench::new(dir.path()).await;
    let held = bench.upload_held(Some("\"v1\"")).await;
    let waiting = bench.preview().await;
    assert_eq!(reason(&waiting), (StatusCode::CONFLICT, &json!("INPUTS_MISSING"), &json!("ingesting")));
    assert_eq!(waiting.headers["retry-after"], "1");
    let draft = bench.call(Method::GET, "/draft/preview", &json!({})).await;
    assert_eq!((draft.status, &draft.body["reason"]), (StatusCode::ACCEPTED, &json!("ingesting")));
    held.go_on();
    assert_eq!(bench.read().await.ok()["row_count"], ROWS);
    bench.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_was_being_read_when_the_server_was_killed_is_read_by_the_next_one() {
    for if_match in [None, Some("\"v1\"")] {
        let dir = tempfile::tempdir().expect("a directory");
        let bench = Bench::new(dir.path()).await;
        let held = bench.upload_held(if_match).await;
        let bench = bench.killed();
        held.kill();
        let next = hold_reader(bench.program.pid()).await;
        // the second one is killed as well
        let waiting = bench.preview().await;
        assert_eq!(reason(&waiting), (StatusCode::CONFLICT, &json!("INPUTS_MISSING"), &json!("ingesting")));
        let bench = bench.killed();
        next.kill();
        let draft = bench.call(Method::GET, "/draft/preview", &json!({})).await;
        assert_eq!((draft.status, &draft.body["reason"]), (StatusCode::ACCEPTED, &json!("ingesting")));
        assert_eq!(bench.read().await.ok()["row_count"], ROWS);
        let audit = format!("/v1/admin/audit?resource=job:{}", bench.job);
        let events = bench.program.call(Method::GET, &audit, ADMIN_KEY, &json!({})).await.ok();
        let replaced: Vec<&Value> = events["events"]
            .as_array()
            .expect("a list")
            .iter()
            .filter(|event| event["action"] == "inputs.replaced")
            .collect();
        assert_eq!(replaced.len(), 1, "{events}");
        assert_eq!(replaced[0]["actor"]["kind"], "job_token", "the sender changed the inputs: {events}");
        let folder = bench.start.data.join("tenants");
        assert_eq!(files_named(&folder, "main.dta"), 1, "only the last reader's data stay");
        bench.end();
    }
}

/// Waits for a condition.
pub(super) async fn until(what: &str, is_met: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_met() {
        assert!(Instant::now() < deadline, "never: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// How many files below a folder have a name.
fn files_named(folder: &Path, name: &str) -> usize {
    let found = std::process::Command::new("find").arg(folder).args(["-name", name]).output().expect("runs");
    String::from_utf8_lossy(&found.stdout).lines().count()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_for_a_version_that_has_passed_is_not_read_again_after_a_kill() {
    let dir = tempfile::tempdir().expect("a directory");
    let bench = Bench::new(dir.path()).await;
    let held = bench.upload_held(Some("\"v1\"")).await;
    bench.call(Method::PATCH, "", &json!({"title": "another version"})).await.ok();
    let bench = bench.killed();
    held.kill();
    let refused = bench.read().await;
    assert_eq!(refused.body["error_code"], "JOB_VERSION_CONFLICT", "{}", refused.body);
    assert_eq!(files_named(&bench.start.data.join("tenants"), "original_1"), 1, "the sweeper takes it");
    bench.program.upload(&bench.job, &bench.token, PAY).await.ok();
    assert_eq!(bench.preview().await.ok()["row_count"], 800);
    bench.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_comes_while_another_is_read_wins() {
    let dir = tempfile::tempdir().expect("a directory");
    let bench = Bench::new(dir.path()).await;
    bench.upload_held(None).await;
    bench.program.upload(&bench.job, &bench.token, PAY).await.ok();
    until("the earlier reader ends", || readers_of(bench.program.pid()).is_empty()).await;
    until("the earlier upload is refused", || bench.start.log().contains("SS_INGEST_REFUSED")).await;
    let folder = bench.start.data.join("tenants");
    until("the earlier files go", || files_named(&folder, "original_1") == 1).await;
    assert_eq!(bench.preview().await.ok()["row_count"], 800, "the earlier upload does not come back");
    bench.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_something_else_kills_is_started_again() {
    let dir = tempfile::tempdir().expect("a directory");
    let bench = Bench::new(dir.path()).await;
    bench.upload_held(None).await.kill();
    assert_eq!(bench.read().await.ok()["row_count"], ROWS);
    assert!(bench.start.log().contains("SS_INGEST_KILLED"), "the operator is told");
    bench.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_refusal_is_the_same_after_a_restart() {
    let dir = tempfile::tempdir().expect("a directory");
    let bench = Bench::new(dir.path()).await;
    let first = bench.upload_held(Some("\"v1\"")).await;
    first.kill();
    // another reader is started once
    let gone = || !readers_of(bench.program.pid()).contains(&first.0.as_raw_nonzero().get());
    until("the first reader ends", gone).await;
    hold_reader(bench.program.pid()).await.kill();
    let refused = bench.read().await;
    assert_eq!(refused.body["error_code"], "INPUT_PARSE_FAILED", "{}", refused.body);
    assert!(refused.body["message"].as_str().is_some_and(|m| m.contains("killed twice")), "{}", refused.body);
    let bench = bench.killed();
    let again = bench.preview().await;
    let facts = |answer: &Answer| {
        (
            answer.status,
            answer.body["error_code"].clone(),
            answer.body["message"].clone(),
            answer.body["context"].clone(),
        )
    };
    assert_eq!(facts(&again), facts(&refused));
    bench.program.upload(&bench.job, &bench.token, PAY).await.ok();
    assert_eq!(bench.preview().await.ok()["row_count"], 800);
    bench.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_is_read_once_and_by_the_next_server_after_a_kill() {
    let dir = tempfile::tempdir().expect("a directory");
    let bench = Bench::new(dir.path()).await;
    let path = bench.send_bundle().await;
    let finalize = |program: &Program| {
        Answer::of(program.request(Method::POST, &path, &bench.token).json(&json!({"parts": []})))
    };
    let first = tokio::spawn(finalize(&bench.program));
    let held = hold_reader(bench.program.pid()).await;
    assert_eq!(first.await.expect("no panic").ok()["status"], "ingesting");
    assert_eq!(finalize(&bench.program).await.ok()["status"], "ingesting");
    assert_eq!(readers_of(bench.program.pid()).len(), 1, "it is read once");
    let bench = bench.killed();
    held.kill();
    assert_eq!(bench.read().await.ok()["row_count"], ROWS);
    let again = bench.program.call(Method::POST, &path, &bench.token, &json!({"parts": []})).await.ok();
    assert_eq!((&again["success"], &again["status"]), (&json!(true), &json!("inputs_ready")), "{again}");
    bench.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_is_read_by_another_server_that_shares_nothing_but_database_and_bucket() {
    let (Some(database), Some(server)) = (postgres::shared(), objects::rclone()) else { return };
    let dirs = [(); 2].map(|()| tempfile::tempdir().expect("a directory"));
    let (_, url) = database.database();
    let prefix = server.options().prefix;
    // the other server waits until the lease of the one that was killed is over
    let start = |dir: &tempfile::TempDir| {
        server.settings(short_leases(Start::on_postgres(dir.path(), &url)), &prefix)
    };
    let bench = Bench::of(start(&dirs[0])).await;
    let held = bench.upload_held(None).await;
    let bench = bench.killed_for(start(&dirs[1]));
    held.kill();
    assert_eq!(bench.read().await.ok()["row_count"], ROWS);
    bench.end();
}
