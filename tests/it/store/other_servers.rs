//! Servers that share a database and a bucket and nothing else: each request goes to another one, which has an empty data
//! directory, after the one before it was killed.

use reqwest::Method;
use secrecy::SecretString;
use serde_json::{Value, json};
use stata_service::domain::canonical::sha256_hex;

use crate::support::app::{ADMIN_KEY, Answer, PATIENCE};
use crate::support::objects::{self, Server};
use crate::support::postgres;
use crate::support::program::{Program, Start, short_leases};

const PAY: &str = include_str!("../../../assets/stata_do_library/datasets/pay.csv");
const SECOND: &str = "person_id,bonus\n1,10\n2,20\n3,30\n";

/// One server at a time, each time another.
struct Ring {
    folder: tempfile::TempDir,
    url: SecretString,
    server: &'static Server,
    prefix: String,
    number: usize,
    running: Option<Program>,
}

impl Ring {
    fn new() -> Option<Self> {
        let (database, server) = (postgres::shared()?, objects::rclone()?);
        let (_, url) = database.database();
        let folder = tempfile::tempdir().expect("a directory");
        Some(Self { folder, url, server, prefix: server.options().prefix, number: 0, running: None })
    }

    /// Kills the server that runs and starts another one.
    fn next(&mut self) -> &Program {
        self.number += 1;
        let folder = self.folder.path().join(self.number.to_string());
        std::fs::create_dir(&folder).expect("a folder");
        let start = self.server.settings(short_leases(Start::on_postgres(&folder, &self.url)), &self.prefix);
        tokio::task::block_in_place(|| {
            if let Some(running) = self.running.take() {
                running.kill();
            }
            self.running.insert(start.go())
        })
    }

    async fn call(&mut self, method: Method, path: &str, credential: &str, body: &Value) -> Answer {
        self.next().call(method, path, credential, body).await
    }

    /// A job with its path and token.
    async fn job(&mut self) -> (String, String) {
        let codes =
            self.call(Method::POST, "/v1/admin/task-codes", ADMIN_KEY, &json!({"count": 1})).await.ok();
        let body = json!({"task_code": codes["task_codes"][0]["task_code"], "requirement": "What is the effect of schooling on pay?"});
        let program = self.next();
        let request = program.http.post(format!("{}/v1/task-codes/redeem", program.base)).json(&body);
        let redeemed = Answer::of(request).await.ok();
        (format!("/v1/jobs/{}", text(&redeemed, "job_id")), text(&redeemed, "token"))
    }

    /// The names of all objects.
    fn objects(&self) -> Vec<String> {
        let root = self.server.bucket().join(&self.prefix);
        let found =
            std::process::Command::new("find").arg(&root).args(["-type", "f"]).output().expect("runs");
        String::from_utf8_lossy(&found.stdout).lines().map(str::to_owned).collect()
    }
}

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_else(|| panic!("{name} in {value}")).to_owned()
}

/// Declares files; returns the bundle.
async fn state(ring: &mut Ring, job: &(String, String), files: &Value) -> Value {
    ring.call(Method::POST, &format!("{}/inputs/bundle", job.0), &job.1, &json!({"files": files})).await.ok()
}

/// Opens the session of a file; returns its path.
async fn open(ring: &mut Ring, job: &(String, String), bundle: &Value, file: usize) -> String {
    let body = json!({"bundle_id": bundle["bundle_id"], "file_id": bundle["files"][file]["file_id"]});
    let path = format!("{}/inputs/upload-sessions", job.0);
    let session = ring.call(Method::POST, &path, &job.1, &body).await.ok();
    format!("/v1/upload-sessions/{}", text(&session, "upload_session_id"))
}

async fn put(ring: &mut Ring, session: &str, part: usize, token: &str, bytes: &[u8]) -> Value {
    let path = format!("{session}/parts/{part}");
    Answer::of(ring.next().request(Method::PUT, &path, token).body(bytes.to_vec())).await.ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_request_of_a_session_of_parts_may_go_to_another_server() {
    let Some(mut ring) = Ring::new() else { return };
    let job = ring.job().await;
    let bytes: Vec<u8> = (0..(64 << 20) + 5_u32).map(|i| (i >> 24) as u8 ^ i as u8).collect();
    let files = json!([
        {"filename": "large.csv", "size_bytes": bytes.len(), "role": "primary_dataset"},
        {"filename": "second.csv", "size_bytes": SECOND.len(), "role": "auxiliary_data"},
    ]);
    let bundle = state(&mut ring, &job, &files).await;
    let session = open(&mut ring, &job, &bundle, 0).await;
    let parts: Vec<&[u8]> = bytes.chunks(16 << 20).collect();
    let mut stated = Vec::new();
    for (n, part) in parts.iter().enumerate() {
        let kept = put(&mut ring, &session, n + 1, &job.1, part).await;
        assert_eq!(kept["sha256"], sha256_hex(part));
        stated.push(json!({"part_number": n + 1, "etag": kept["etag"]}));
    }
    let listed = ring.call(Method::GET, &session, &job.1, &json!({})).await.ok();
    let seen: Vec<&Value> = listed["parts"].as_array().expect("parts").iter().map(|p| &p["etag"]).collect();
    assert_eq!(seen, stated.iter().map(|part| &part["etag"]).collect::<Vec<_>>(), "{listed}");
    let path = format!("{session}/finalize");
    for _ in 0..2 {
        let done = ring.call(Method::POST, &path, &job.1, &json!({"parts": stated})).await.ok();
        assert_eq!((&done["status"], &done["sha256"]), (&json!("received"), &json!(sha256_hex(&bytes))));
    }
    let left = ring.objects();
    assert!(!left.iter().any(|name| name.contains("/uploads/")), "the parts are removed: {left:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_becomes_inputs_and_results_on_servers_that_never_saw_its_files() {
    let Some(mut ring) = Ring::new() else { return };
    let job = ring.job().await;
    let files = json!([
        {"filename": "pay.csv", "size_bytes": PAY.len(), "role": "primary_dataset"},
        {"filename": "second.csv", "size_bytes": SECOND.len(), "role": "auxiliary_data"},
    ]);
    let bundle = state(&mut ring, &job, &files).await;
    for (file, (content, status)) in [(PAY, "received"), (SECOND, "inputs_ready")].into_iter().enumerate() {
        let session = open(&mut ring, &job, &bundle, file).await;
        put(&mut ring, &session, 1, &job.1, content.as_bytes()).await;
        let path = format!("{session}/finalize");
        let done = ring.call(Method::POST, &path, &job.1, &json!({"parts": []})).await.ok();
        assert_eq!((&done["status"], &done["sha256"]), (&json!(status), &json!(sha256_hex(content))));
    }
    let preview = ring.call(Method::GET, &format!("{}/inputs/preview", job.0), &job.1, &json!({})).await.ok();
    let sums: Vec<&Value> =
        preview["datasets"].as_array().expect("sets").iter().map(|d| &d["sha256"]).collect();
    assert_eq!(sums, [&json!(sha256_hex(PAY)), &json!(sha256_hex(SECOND))]);
    let draft = json!({"roles": {"outcome_var": "log_pay", "regressors": ["schooling"]}});
    ring.call(Method::PUT, &format!("{}/draft", job.0), &job.1, &draft).await.ok();
    ring.call(Method::POST, &format!("{}/plan/freeze", job.0), &job.1, &json!({})).await.ok();
    // queued on one server, run on the next
    ring.call(Method::POST, &format!("{}/run", job.0), &job.1, &json!({})).await.ok();
    let program = ring.next();
    let deadline = std::time::Instant::now() + PATIENCE;
    let ended = loop {
        let seen = program.call(Method::GET, &job.0, &job.1, &json!({})).await.ok();
        if ["succeeded", "failed"].contains(&seen["status"].as_str().unwrap_or_default()) {
            break seen;
        }
        assert!(std::time::Instant::now() < deadline, "{seen}");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    };
    assert_eq!(ended["status"], "succeeded", "{ended}");
    let listed = ring.call(Method::GET, &format!("{}/artifacts", job.0), &job.1, &json!({})).await.ok();
    let program = ring.next();
    let artifacts = listed["artifacts"].as_array().expect("a list");
    assert!(artifacts.len() > 10, "{listed}");
    for artifact in artifacts {
        let path = format!("{}/artifacts/{}", job.0, text(artifact, "rel_path"));
        let bytes = program.request(Method::GET, &path, &job.1).send().await.expect("answers").bytes().await;
        assert_eq!(json!(sha256_hex(bytes.expect("whole"))), artifact["sha256"], "{artifact}");
    }
    let left = ring.objects();
    assert!(!left.iter().any(|name| name.contains("/uploads/")), "{left:?}");
}
