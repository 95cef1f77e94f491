//! Following a job and its log by server-sent events, and the signed links that let browsers do so.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use futures_util::StreamExt;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use sha2::Sha256;
use stata_service::adapters::clock::SystemClock;
use stata_service::domain::ids::{JobId, TenantId};
use stata_service::domain::job::JobStatus;
use stata_service::domain::run::RunStatus;
use stata_service::ports::audit_log::AuditLog;
use stata_service::ports::clock::Clock;
use stata_service::ports::store::Store;
use stata_service::service::jobs::job_events::JobFollower;

use crate::support::app::{ADMIN_KEY, Answer, Job, PATIENCE, TestApp};
use crate::support::context::context;
use crate::support::flaky_store::FlakyStore;
use crate::support::worker_harness::WorkerHarness;

const PAY: &str = include_str!("../../../assets/stata_do_library/datasets/pay.csv");

/// One event as a browser sees it; the id stays until another one comes.
#[derive(Debug, Clone, PartialEq)]
struct Seen {
    id: String,
    name: String,
    data: String,
}

impl Seen {
    fn json(&self) -> Value {
        serde_json::from_str(&self.data).expect("JSON")
    }
}

/// A reader that parses as the HTML standard says.
struct Reader {
    bytes: std::pin::Pin<Box<dyn futures_util::Stream<Item = reqwest::Result<bytes::Bytes>> + Send>>,
    text: String,
    id: String,
}

impl Reader {
    async fn open(app: &TestApp, path: &str, token: Option<&str>, last: Option<&str>) -> Self {
        let mut request = app.http.get(format!("{}{path}", app.base));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        if let Some(last) = last {
            request = request.header("Last-Event-ID", last);
        }
        let answer = request.send().await.expect("answers");
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        Self {
            bytes: Box::pin(answer.bytes_stream()),
            text: String::new(),
            id: last.unwrap_or("").to_owned(),
        }
    }

    /// The next event; `None` at the end of the stream.
    async fn next(&mut self) -> Option<Seen> {
        loop {
            while let Some(end) = self.text.find("\n\n") {
                let block = self.text[..end].to_owned();
                self.text.drain(..end + 2);
                let (mut name, mut data) = (String::new(), Vec::new());
                for line in block.lines() {
                    match line.split_once(": ").or_else(|| line.split_once(':')).unwrap_or((line, "")) {
                        ("id", value) => self.id = value.to_owned(),
                        ("event", value) => name = value.to_owned(),
                        ("data", value) => data.push(value.to_owned()),
                        _ => {}
                    }
                }
                // an event without data is dropped
                if !name.is_empty() && !data.is_empty() {
                    return Some(Seen { id: self.id.clone(), name, data: data.join("\n") });
                }
            }
            let piece = tokio::time::timeout(PATIENCE, self.bytes.next()).await.expect("comes in time")?;
            self.text.push_str(std::str::from_utf8(&piece.ok()?).expect("UTF-8 is not split here"));
        }
    }

    async fn until(&mut self, name: &str) -> Vec<Seen> {
        let mut seen = Vec::new();
        while let Some(event) = self.next().await {
            let found = event.name == name;
            seen.push(event);
            if found {
                return seen;
            }
        }
        panic!("the stream ended before {name}: {seen:?}");
    }
}

async fn confirmed(app: &TestApp) -> Job {
    let job = app.job("What goes with higher pay?").await;
    app.upload(&job, "pay.csv", PAY).await.ok();
    let draft = json!({"template_id": "linear.ols_robust", "outcome_var": "log_pay",
                       "roles": {"regressors": ["schooling", "years_work"]}});
    app.put(&job, "/draft", &draft).await.ok();
    app.post(&job, "/plan/freeze", &json!({})).await.ok();
    job
}

fn events(job: &Job) -> String {
    format!("/v1/jobs/{}/events", job.job_id)
}

/// The story to its end: the last status is that of a succeeded job.
async fn to_success(reader: &mut Reader) -> Vec<Seen> {
    let mut all = Vec::new();
    loop {
        all.extend(reader.until("job.status").await);
        if all.last().expect("one").json()["status"] == "succeeded" {
            return all;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_hears_the_whole_story_in_order() {
    let app = TestApp::start().await;
    let job = confirmed(&app).await;
    let mut reader = Reader::open(&app, &events(&job), Some(&job.token), None).await;
    app.post(&job, "/run", &json!({})).await.ok();
    let story = to_success(&mut reader).await;
    let names: Vec<&str> = story.iter().map(|e| e.name.as_str()).filter(|n| *n != "run.progress").collect();
    let first = ["job.changed", "job.status", "inputs.ready", "draft.ready", "job.status", "job.changed"];
    assert_eq!(names[..6], first, "{names:?}");
    let statuses: Vec<Value> =
        story.iter().filter(|e| e.name == "job.status").map(|e| e.json()["status"].clone()).collect();
    assert_eq!(statuses, ["created", "draft_ready", "confirmed", "queued", "running", "succeeded"]);
    let at =
        |name: &str| names.iter().position(|n| *n == name).unwrap_or_else(|| panic!("{name} in {names:?}"));
    assert!(at("run.queued") < at("run.started") && at("run.started") < at("run.check"));
    assert!(at("run.check") < at("run.finished"));
    let end = story.iter().find(|e| e.name == "run.finished").expect("one").json();
    assert_eq!((&end["verdict"], &end["cause"]), (&json!("succeeded"), &Value::Null));
    let version = app.get(&job, "").await.ok()["version"].clone();
    assert_eq!(story.last().expect("one").json()["version"], version);
    let ids: Vec<u64> = story.iter().filter_map(|e| e.id.parse().ok()).collect();
    assert!(ids.is_sorted(), "{ids:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_that_comes_back_misses_nothing_also_after_a_restart() {
    let mut app = TestApp::start().await;
    let job = confirmed(&app).await;
    let mut reader = Reader::open(&app, &events(&job), Some(&job.token), None).await;
    let heard = reader.until("draft.ready").await;
    let whole = reader.until("job.changed").await;
    let last = heard.last().expect("one").id.clone();
    drop(reader);
    app.post(&job, "/run", &json!({})).await.ok();
    app.wait_for_end(&job).await;
    app.restart().await;
    let mut back = Reader::open(&app, &events(&job), Some(&job.token), Some(&last)).await;
    let rest = to_success(&mut back).await;
    // the change in whose middle it broke off comes again as a whole
    assert_eq!(rest[0], heard[heard.len() - 1]);
    assert_eq!(rest[1..=whole.len()], whole[..]);
    let statuses: Vec<Value> =
        rest.iter().filter(|e| e.name == "job.status").map(|e| e.json()["status"].clone()).collect();
    assert_eq!(statuses, ["draft_ready", "confirmed", "queued", "running", "succeeded"]);
    let mut after = Reader::open(&app, &events(&job), Some(&job.token), Some(&back.id)).await;
    let more = tokio::time::timeout(Duration::from_millis(200), after.next()).await;
    assert!(more.is_err(), "nothing comes after the last event: {more:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn hundreds_follow_at_once_and_one_that_does_not_read_holds_up_nobody() {
    let app = TestApp::start().await;
    let job = confirmed(&app).await;
    let idle = Reader::open(&app, &events(&job), Some(&job.token), None).await;
    let mut readers = Vec::new();
    for _ in 0..500 {
        readers.push(Reader::open(&app, &events(&job), Some(&job.token), None).await);
    }
    app.post(&job, "/run", &json!({})).await.ok();
    let told = readers.into_iter().map(|mut reader| async move {
        reader.until("run.finished").await.last().expect("one").json()["verdict"].clone()
    });
    let verdicts = futures_util::future::join_all(told).await;
    assert!(verdicts.iter().all(|v| v == "succeeded"), "{verdicts:?}");
    drop(idle);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_the_service_ends_streams_and_a_revoked_token_too() {
    let mut app = TestApp::start().await;
    let code = app.task_codes(1).await.remove(0);
    let redeemed = app.redeem(&code, "q").await.ok();
    let text = |key: &str| redeemed[key].as_str().expect("a text").to_owned();
    let job = Job { job_id: text("job_id"), token: text("token") };
    let other = app.job("q").await;
    let mut revoked = Reader::open(&app, &events(&job), Some(&job.token), None).await;
    let mut open = Reader::open(&app, &events(&other), Some(&other.token), None).await;
    revoked.until("job.status").await;
    open.until("job.status").await;
    let codes = Answer::of(app.request(Method::GET, "/v1/admin/task-codes?limit=200", ADMIN_KEY)).await.ok();
    let of_job = |c: &&Value| c["job_id"] == json!(job.job_id);
    let code_id = codes["task_codes"].as_array().expect("a list").iter().find(of_job).expect("the code");
    let path = format!("/v1/admin/task-codes/{}/revoke", code_id["code_id"].as_str().expect("an id"));
    Answer::of(app.request(Method::POST, &path, ADMIN_KEY).json(&json!({}))).await.ok();
    while let Some(event) = revoked.next().await {
        assert_ne!(event.name, "stream.failed", "{event:?}");
    }
    app.stop().await;
    assert_eq!(open.next().await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_followed_log_is_the_log_and_can_be_taken_up_anywhere() {
    let app = TestApp::start().await;
    let job = confirmed(&app).await;
    app.post(&job, "/run", &json!({})).await.ok();
    let run = app.wait_for(&job, &["running", "succeeded"]).await["latest_run"]["run_id"].clone();
    let path = format!("/v1/jobs/{}/runs/{}/log", job.job_id, run.as_str().expect("an id"));
    let follow = format!("{path}?follow=true");
    let mut live = Reader::open(&app, &follow, Some(&job.token), None).await;
    let mut told = live.until("log.end").await;
    assert_eq!(told.pop().expect("one").json()["status"], "succeeded");
    let whole = app.request(Method::GET, &path, &job.token).send().await.expect("answers");
    let whole = whole.text().await.expect("text");
    let text: Vec<&str> = told.iter().map(|e| e.data.as_str()).collect();
    assert_eq!(format!("{}\n", text.join("\n")), whole);
    let middle = whole[..whole.len() / 2].rfind('\n').expect("lines") + 1;
    let mut back = Reader::open(&app, &follow, Some(&job.token), Some(&middle.to_string())).await;
    let rest: Vec<String> = back.until("log.end").await.into_iter().map(|e| e.data).collect();
    assert_eq!(rest[0], whole[middle..].strip_suffix('\n').expect("ends with a line"));
    // what is left is one line without text
    assert!(whole.ends_with("\n\n"), "{whole}");
    let last = (whole.len() - 1).to_string();
    let mut back = Reader::open(&app, &follow, Some(&job.token), Some(&last)).await;
    let rest: Vec<_> = back.until("log.end").await.into_iter().map(|e| (e.name, e.data)).collect();
    assert_eq!(rest[0], ("log".to_owned(), String::new()));
    let refused = app.request(Method::GET, &follow, &job.token).header("Last-Event-ID", "x");
    Answer::of(refused).await.refused(400, "INPUT_VALIDATION_FAILED");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_link_opens_one_path_and_nothing_else() {
    let app = TestApp::start().await;
    let job = confirmed(&app).await;
    app.post(&job, "/run", &json!({})).await.ok();
    let ended = app.wait_for_end(&job).await;
    let link = async |body: Value| app.post(&job, "/links", &body).await;
    let bare = async |method: Method, url: &str| {
        Answer::of(app.http.request(method, format!("{}{url}", app.base))).await
    };
    let of_events = link(json!({"scope": "events"})).await.ok();
    let url = of_events["url"].as_str().expect("a link").to_owned();
    let mut reader = Reader::open(&app, &url, None, None).await;
    to_success(&mut reader).await;
    let plan = link(json!({"scope": "artifact", "rel_path": "artifacts/plan.json"})).await.ok();
    let plan = plan["url"].as_str().expect("a link").to_owned();
    assert!(bare(Method::GET, &plan).await.ok()["plan_id"].is_string());
    let run = ended["latest_run"]["run_id"].as_str().expect("an id");
    let log = link(json!({"scope": "log", "run_id": run, "follow": true, "ttl_seconds": 900})).await.ok();
    let log = log["url"].as_str().expect("a link").to_owned();
    Reader::open(&app, &log, None, None).await.until("log.end").await;
    let capsule = link(json!({"scope": "capsule", "run_id": run, "data": "hash"})).await.ok();
    let capsule = capsule["url"].as_str().expect("a link").to_owned();
    let head = app.http.get(format!("{}{capsule}", app.base)).send().await.expect("an answer");
    assert_eq!(head.status(), 200);

    let query = url.split_once('?').expect("a query").1;
    let elsewhere = [
        format!("/v1/jobs/{}?{query}", job.job_id),
        format!("/v1/jobs/{}/artifacts?{query}", job.job_id),
        plan.replace("plan.json", "template/params.json"),
        url.replace("signature=", "signature=x"),
        log.replace("follow=true", "follow=false"),
        log.replace("follow=true&", ""),
        format!("{url}&more=1"),
        capsule.replace("data=hash", "data=include"),
        capsule.replace(run, "run_other"),
        format!("{capsule}&llm=include"),
        format!("{}/events?{query}", url.split("/events").next().expect("a path").replace("job_", "job_0")),
    ];
    for url in elsewhere {
        let refused = bare(Method::GET, &url).await;
        assert!([401, 403].contains(&refused.status.as_u16()), "{url}: {}", refused.body);
    }
    bare(Method::POST, &plan).await.refused(405, "METHOD_NOT_ALLOWED");
    let bad = [
        json!({"scope": "events", "ttl_seconds": 901}),
        json!({"scope": "events", "ttl_seconds": 0}),
        json!({"scope": "log"}),
        json!({"scope": "everything"}),
        json!({"scope": "capsule", "data": "all"}),
    ];
    for body in bad {
        link(body).await.refused(400, "INPUT_VALIDATION_FAILED");
    }
    link(json!({"scope": "artifact", "rel_path": "artifacts/none"})).await.refused(404, "ARTIFACT_NOT_FOUND");
    link(json!({"scope": "log", "run_id": "run_none"})).await.refused(404, "RUN_NOT_FOUND");
}

/// Whoever reads the store or a backup knows the stored hash of a token, and can sign nothing with it.
#[tokio::test(flavor = "multi_thread")]
async fn the_stored_hash_of_a_token_signs_no_link() {
    let app = TestApp::start().await;
    let job = confirmed(&app).await;
    let id = JobId::parse(job.job_id.clone()).expect("an id");
    let record = app.context().load_job(&TenantId::default_tenant(), &id).await.expect("read");
    let stored = record.token.expect("a token").secret_sha256;
    let expires = SystemClock.now().timestamp() + 300;
    for (method, path) in [("GET", "/events"), ("GET", ""), ("DELETE", ""), ("POST", "/run")] {
        let path = format!("/v1/jobs/{}{path}", job.job_id);
        for message in
            [format!("{method}\0{path}\0{expires}"), format!("{stored}\0{method}\0{path}\0\0{expires}")]
        {
            let mut mac = Hmac::<Sha256>::new_from_slice(stored.as_bytes()).expect("any length");
            mac.update(message.as_bytes());
            let signature = BASE64_URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes());
            let url = format!("{}{path}?expires={expires}&signature={signature}", app.base);
            let method = Method::from_bytes(method.as_bytes()).expect("a method");
            let refused = Answer::of(app.http.request(method.clone(), url)).await;
            refused.refused(403, "AUTH_TOKEN_INVALID");
        }
    }
    app.get(&job, "").await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_a_run_is_told_with_its_verdict_also_to_who_read_the_job_a_moment_before() {
    let dir = tempfile::tempdir().expect("a directory");
    let root = dir.path().join("harness");
    std::fs::create_dir(&root).expect("a directory");
    let harness = WorkerHarness::open(&root);
    let _worker = harness.worker().await;
    harness.queue("acme", "j1", "good").await;
    let ended = harness.ended("acme", "j1").await;
    let mut earlier = ended.clone();
    earlier.version -= 1;
    earlier.status = JobStatus::Running;
    let run = earlier.runs.last_mut().expect("an attempt");
    run.status = RunStatus::Running;
    run.checks.clear();
    let mut ctx = context(dir.path(), Arc::new(SystemClock));
    let store: Arc<dyn Store> = Arc::clone(&harness.store) as Arc<dyn Store>;
    ctx.store = Arc::new(FlakyStore::late(store, earlier.clone()));
    ctx.audit_log = Arc::clone(&harness.store) as Arc<dyn AuditLog>;
    let mut follower = JobFollower::new(&ctx, &earlier, 0);
    let soon = tokio::time::Instant::now() + PATIENCE;
    let told = follower.next(&ctx, soon).await.expect("readable").expect("a story");
    let end = told.iter().find(|event| event.name == "run.finished").expect("the end");
    assert_eq!(end.data["verdict"], "succeeded", "{told:?}");
    assert!(told.iter().any(|event| event.name == "run.check"), "{told:?}");
}
