//! The object store in trouble: cut off in each step of a publication, answers that ask to slow down, break off or come
//! slowly, minutes without it. Nothing that was acknowledged is lost, and nothing that nobody cites stays.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use stata_service::adapters::clock::SystemClock;
use stata_service::adapters::objects::Options;
use stata_service::app::options::FilesOptions;
use stata_service::app::sweep;
use stata_service::domain::canonical::sha256_hex;
use stata_service::domain::ids::{JobId, TenantId};
use stata_service::ports::clock::Clock;
use stata_service::ports::store::StoreExt;
use stata_service::service::operations::retention::Sweeper;

use crate::support::app::{Answer, Job, PATIENCE, TestApp};
use crate::support::clock::ManualClock;
use crate::support::fault_proxy::{FAULTS, FaultProxy};
use crate::support::objects::Server;
use crate::support::servers::variable;

const PAY: &str = include_str!("../../../assets/stata_do_library/datasets/pay.csv");
const QUESTION: &str = "What is the effect of schooling on pay?";

/// A service whose object store is behind a proxy.
struct Bench {
    server: Server,
    app: TestApp,
    prefix: String,
}

impl Bench {
    async fn new() -> Option<Self> {
        let server = Server::rclone()?;
        let options = server.options();
        let prefix = options.prefix.clone();
        // short, so that outages of the tests are over soon
        let options = Options { patience: Duration::from_secs(4), ..options };
        let app = TestApp::start_with(|all| {
            all.files =
                FilesOptions { objects: Some(options), copies_bytes: 1 << 30, ..FilesOptions::default() };
        })
        .await;
        Some(Self { server, app, prefix })
    }

    fn proxy(&self) -> &FaultProxy {
        self.server.front()
    }

    /// A job with a frozen plan.
    async fn planned(&self) -> Job {
        let job = self.app.job(QUESTION).await;
        self.app.upload(&job, "pay.csv", PAY).await.ok();
        let draft = json!({"roles": {"outcome_var": "log_pay", "regressors": ["schooling"]}});
        self.app.put(&job, "/draft", &draft).await.ok();
        self.app.post(&job, "/plan/freeze", &json!({})).await.ok();
        job
    }

    async fn succeeds(&self, job: &Job) {
        let ended = self.app.wait_for_end(job).await;
        assert_eq!(ended["status"], "succeeded", "{}", self.app.get(job, "/runs").await.ok());
    }

    /// Downloads every artifact and compares it with the list, each again while the store asks for that.
    async fn download_all(&self, job: &Job) -> usize {
        let listed = self.app.get(job, "/artifacts").await.ok();
        let artifacts = listed["artifacts"].as_array().expect("a list");
        for artifact in artifacts {
            let path = format!(
                "/v1/jobs/{}/artifacts/{}",
                job.job_id,
                artifact["rel_path"].as_str().expect("a path")
            );
            let deadline = Instant::now() + PATIENCE;
            let (before, mut last) = (self.proxy().seen().len(), String::new());
            loop {
                let seen = || self.proxy().seen()[before..].to_vec();
                assert!(Instant::now() < deadline, "{path}: {last}; the store saw {:#?}", seen());
                let answer = self.app.request(Method::GET, &path, &job.token).send().await.expect("answers");
                let status = answer.status();
                match answer.bytes().await {
                    Ok(bytes) if status == 200 => {
                        assert_eq!(json!(sha256_hex(bytes)), artifact["sha256"], "{artifact}");
                        break;
                    }
                    Ok(bytes) => {
                        let body: Value = serde_json::from_slice(&bytes).unwrap_or_default();
                        assert_eq!(
                            (status.as_u16(), &body["error_code"]),
                            (503, &json!("DEPENDENCY_UNAVAILABLE"))
                        );
                        last = body.to_string();
                    }
                    // a download that broke off is sent again
                    Err(error) => last = error.to_string(),
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
        artifacts.len()
    }

    /// Repeats a request while it is refused for now; every refusal says when to come again. A repetition may find that
    /// the one before was done although its answer said otherwise.
    async fn repeated(&self, mut send: impl AsyncFnMut() -> Answer) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let answer = send().await;
            if answer.status.is_success() {
                return answer.body;
            }
            assert_eq!(answer.status, 503, "{}", answer.body);
            assert_eq!(answer.body["error_code"], "DEPENDENCY_UNAVAILABLE", "{}", answer.body);
            assert!(answer.headers.contains_key("retry-after"), "{}", answer.body);
            assert!(Instant::now() < deadline, "{}", answer.body);
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// Sweeps as if days had passed, then compares the bucket with what the records cite.
    async fn nothing_is_left(&self, jobs: &[Job]) {
        let ctx = self.app.context();
        let clock = Arc::new(ManualClock::new());
        clock.advance((SystemClock.now() - clock.now()).max(TimeDelta::zero()) + TimeDelta::hours(30));
        let mut deps = sweep::deps(&ctx);
        deps.clock = Arc::clone(&clock) as Arc<dyn Clock>;
        let mut sweeper = Sweeper::default();
        while sweeper.pass(&deps, 100, false).await.expect("sweeps").more {}
        let mut cited = BTreeSet::new();
        for job in jobs {
            let id = JobId::parse(job.job_id.as_str()).expect("an id");
            let record =
                ctx.store.job(&TenantId::default_tenant(), &id).await.expect("reads").expect("there");
            cited.extend(record.kept_artifacts().map(|a| format!("{id}/{}", a.stored_path())));
        }
        let root = self.server.bucket().join(&self.prefix).join("v1");
        let found =
            std::process::Command::new("find").arg(&root).args(["-type", "f"]).output().expect("runs");
        let found = String::from_utf8_lossy(&found.stdout).into_owned();
        // <tenant>/<shard>/<job>/<path>
        let below = |line: &str| {
            let path = line.strip_prefix(root.to_str().expect("text")).expect("below it");
            path.splitn(4, '/').nth(3).map(str::to_owned)
        };
        let stored: BTreeSet<String> = found.lines().filter_map(below).collect();
        let lost: Vec<&String> = cited.difference(&stored).collect();
        let left: Vec<&String> = stored.difference(&cited).collect();
        assert!(lost.is_empty() && left.is_empty(), "lost {lost:?}, left {left:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_cut_off_in_any_step_of_a_run_loses_nothing() {
    let Some(mut bench) = Bench::new().await else { return };
    let first = bench.planned().await;
    bench.proxy().rule(|_, _| None);
    bench.app.post(&first, "/run", &json!({})).await.ok();
    bench.succeeds(&first).await;
    let seen = bench.proxy().seen();
    let puts =
        seen.iter().filter(|(method, path)| method == "PUT" && path.contains("/artifacts/runs/")).count();
    assert!(puts > 3, "the run publishes: {seen:?}");
    let mut jobs = vec![first];
    let every = if variable("SS_TEST_FULL").is_some() { 1 } else { (seen.len() / 6).max(1) };
    for step in (0..seen.len()).step_by(every) {
        let job = bench.planned().await;
        bench.proxy().cut_at(step, Duration::from_millis(1_500));
        bench.app.post(&job, "/run", &json!({})).await.ok();
        bench.succeeds(&job).await;
        let runs = bench.app.get(&job, "/runs").await.ok();
        assert_eq!(runs["runs"].as_array().map(Vec::len), Some(1), "the run keeps its outcome: {runs}");
        bench.proxy().heal();
        assert!(bench.download_all(&job).await > 10, "cut at {step}: {:?}", seen[step]);
        jobs.push(job);
    }
    bench.nothing_is_left(&jobs).await;
    bench.app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_in_trouble_delay_work_and_lose_nothing() {
    let Some(mut bench) = Bench::new().await else { return };
    let mut jobs = Vec::new();
    for fault in FAULTS {
        // trials of the store are spared, so that each request meets the fault by itself
        bench.proxy().rule(move |n, (_, path)| (n % 3 == 1 && !path.contains("/trials/")).then_some(fault));
        let job = bench.app.job(QUESTION).await;
        let upload = async || {
            let form = Form::new().part("file", Part::bytes(PAY.as_bytes()).file_name("pay.csv"));
            let path = format!("/v1/jobs/{}/inputs/upload", job.job_id);
            Answer::of(bench.app.request(Method::POST, &path, &job.token).multipart(form)).await
        };
        bench.repeated(upload).await;
        let file = json!({"filename": "pay.csv", "size_bytes": PAY.len(), "role": "primary_dataset"});
        let bundle = bench.app.post(&job, "/inputs/bundle", &json!({"files": [file]})).await.ok();
        let body = json!({"bundle_id": bundle["bundle_id"], "file_id": bundle["files"][0]["file_id"]});
        let session = bench.app.post(&job, "/inputs/upload-sessions", &body).await.ok();
        let session =
            format!("/v1/upload-sessions/{}", session["upload_session_id"].as_str().expect("an id"));
        let part = async || {
            let request = bench.app.request(Method::PUT, &format!("{session}/parts/1"), &job.token);
            Answer::of(request.body(PAY)).await
        };
        bench.repeated(part).await;
        let finalize = async || {
            let request = bench.app.request(Method::POST, &format!("{session}/finalize"), &job.token);
            Answer::of(request.json(&json!({"parts": []}))).await
        };
        let done = bench.repeated(finalize).await;
        assert_eq!(done["sha256"], sha256_hex(PAY), "{fault:?}: {done}");
        let preview = async || {
            let mut answer = bench.app.get(&job, "/inputs/preview").await;
            while answer.body["context"]["reason"] == "ingesting" {
                tokio::time::sleep(Duration::from_millis(100)).await;
                answer = bench.app.get(&job, "/inputs/preview").await;
            }
            answer
        };
        assert_eq!(bench.repeated(preview).await["row_count"], 800, "{fault:?}");
        let draft = json!({"roles": {"outcome_var": "log_pay", "regressors": ["schooling"]}});
        bench.repeated(async || bench.app.put(&job, "/draft", &draft).await).await;
        bench.repeated(async || bench.app.post(&job, "/plan/freeze", &json!({})).await).await;
        bench.app.post(&job, "/run", &json!({})).await.ok();
        bench.succeeds(&job).await;
        assert!(bench.download_all(&job).await > 10, "{fault:?}");
        jobs.push(job);
    }
    bench.proxy().heal();
    bench.nothing_is_left(&jobs).await;
    bench.app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_store_files_are_refused_for_now_and_runs_keep_their_outcome() {
    let Some(mut bench) = Bench::new().await else { return };
    let seconds = if variable("SS_TEST_FULL").is_some() { 600 } else { 5 };
    let (running, uploading) = (bench.planned().await, bench.app.job(QUESTION).await);
    let file = json!({"filename": "pay.csv", "size_bytes": PAY.len(), "role": "primary_dataset"});
    let bundle = bench.app.post(&uploading, "/inputs/bundle", &json!({"files": [file]})).await.ok();
    let body = json!({"bundle_id": bundle["bundle_id"], "file_id": bundle["files"][0]["file_id"]});
    let session = bench.app.post(&uploading, "/inputs/upload-sessions", &body).await.ok();
    let session = format!("/v1/upload-sessions/{}", session["upload_session_id"].as_str().expect("an id"));
    let request = bench.app.request(Method::PUT, &format!("{session}/parts/1"), &uploading.token);
    Answer::of(request.body(PAY)).await.ok();
    // it goes with the first file that the run publishes
    let shared = Duration::from_secs(seconds);
    let from = Instant::now();
    bench.app.post(&running, "/run", &json!({})).await.ok();
    bench.server.kill();
    for (method, path, job) in [
        (Method::GET, format!("/v1/jobs/{}/artifacts/artifacts/plan.json", running.job_id), &running),
        (Method::GET, session.clone(), &uploading),
        (Method::POST, format!("{session}/finalize"), &uploading),
    ] {
        let away = Answer::of(bench.app.request(method, &path, &job.token)).await;
        assert!(away.headers.contains_key("retry-after"), "{path}: {}", away.body);
        let away = away.refused(503, "DEPENDENCY_UNAVAILABLE");
        assert_eq!(away["context"]["dependency"], "files", "{path}: {away}");
    }
    let request = bench.app.request(Method::PUT, &format!("{session}/parts/1"), &uploading.token);
    Answer::of(request.body(PAY)).await.refused(503, "DEPENDENCY_UNAVAILABLE");
    bench.app.upload(&uploading, "pay.csv", PAY).await.refused(503, "DEPENDENCY_UNAVAILABLE");
    // records, lists and events go on
    assert_eq!(bench.app.get(&running, "").await.ok()["job_id"], running.job_id.as_str());
    while from.elapsed() < shared {
        let seen = bench.app.get(&running, "").await.ok();
        assert!(["queued", "running"].contains(&seen["status"].as_str().unwrap_or_default()), "{seen}");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    bench.server.run();
    bench.succeeds(&running).await;
    assert!(bench.download_all(&running).await > 10);
    let finalize = async || {
        let request = bench.app.request(Method::POST, &format!("{session}/finalize"), &uploading.token);
        Answer::of(request.json(&json!({"parts": []}))).await
    };
    assert_eq!(bench.repeated(finalize).await["sha256"], sha256_hex(PAY));
    bench.nothing_is_left(&[running, uploading]).await;
    bench.app.stop().await;
}
