//! Health over HTTP: every status with its reasons, checks with their age, and checks that hang, which hold nobody.

use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use serde_json::{Value, json};
use stata_service::adapters::host::LocalHost;
use stata_service::app::options::{LlmWire, Options};
use stata_service::domain::job::JobStatus;
use stata_service::domain::job::record::QueueEntry;
use stata_service::ports::clock::Clock;
use stata_service::service::operations::check_health::Found;
use stata_service::service::operations::check_health::looks::{self, Work};

use crate::support::app::{Answer, PATIENCE, TestApp};
use crate::support::clock::ManualClock;
use crate::support::context::context;
use crate::support::provider::{Provider, model};
use crate::support::records::{commit, job, put};
use crate::support::runs::interpreters;

async fn ask(app: &TestApp, path: &str) -> Answer {
    Answer::of(app.http.get(format!("{}{path}", app.base))).await
}

/// Asks until readiness has a status.
async fn until(app: &TestApp, status: &str) -> Answer {
    let started = Instant::now();
    loop {
        let answer = ask(app, "/health/ready").await;
        if answer.body["status"] == status {
            return answer;
        }
        assert!(started.elapsed() < PATIENCE, "never {status}: {}", answer.body);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn reasons(answer: &Answer) -> Vec<&str> {
    answer.body["reasons"].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sound_service_is_ok_and_tells_the_age_of_every_check() {
    let mut app = TestApp::start().await;
    let ready = ask(&app, "/health/ready").await;
    assert_eq!((ready.status.as_u16(), &ready.body["status"]), (200, &json!("ok")), "{}", ready.body);
    let checks = ready.body["checks"].as_object().expect("checks");
    let names: Vec<&str> = checks.keys().map(String::as_str).collect();
    assert_eq!(names, ["blobs", "disk", "engine", "llm", "queue", "store", "workers"]);
    for (name, check) in checks {
        assert_eq!((&check["ok"], &check["status"]), (&json!(true), &json!("ok")), "{name} {check}");
        assert!(check["latency_ms"].as_f64().is_some_and(|ms| ms >= 0.0), "{name} {check}");
        assert!(check["checked_at"].as_str().is_some_and(|at| at.ends_with('Z')), "{name} {check}");
    }
    // the report is as old as its oldest check
    let oldest = checks.values().map(|c| c["checked_at"].as_str().expect("a time")).min();
    assert_eq!(ready.body["checked_at"].as_str(), oldest);
    // and checks are made again
    let started = Instant::now();
    while ask(&app, "/health/ready").await.body["checks"]["store"]["checked_at"]
        == checks["store"]["checked_at"]
    {
        assert!(started.elapsed() < PATIENCE, "the store is not looked at again");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_without_its_engine_is_not_ready_and_says_why() {
    let gone = |options: &mut Options| options.engine.command = vec!["/nonexistent/stata".to_owned()];
    let mut app = TestApp::start_with(gone).await;
    let ready = until(&app, "not_ready").await;
    assert_eq!(ready.status, 503);
    assert!(reasons(&ready)[0].starts_with("engine: "), "{}", ready.body);
    let traffic = ask(&app, "/health/ready?scope=traffic").await;
    assert_eq!(
        (traffic.status.as_u16(), &traffic.body["status"]),
        (200, &json!("degraded")),
        "{}",
        traffic.body
    );
    assert_eq!(ask(&app, "/health/live").await.status, 200);
    let health = |url: &str| {
        let program = env!("CARGO_BIN_EXE_stata-service");
        Command::new(program).args(["health", "--url", url]).output().expect("runs").status.code()
    };
    assert_eq!(health(&app.base), Some(69), "the command says so too");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_that_stopped_claiming_are_told_with_the_cause() {
    let gone = |options: &mut Options| options.engine.command = vec!["/nonexistent/stata".to_owned()];
    let mut app = TestApp::start_with(gone).await;
    let job = app.job("How is y related to x?").await;
    app.upload(
        &job,
        "data.csv",
        "y,x\n1,2\n2,4.1\n3,5.9\n4,8.2\n5,9.7\n6,12.3\n7,13.8\n8,16.1\n9,18.2\n10,19.9\n",
    )
    .await
    .ok();
    let draft =
        json!({"template_id": "linear.ols_robust", "roles": {"outcome_var": "y", "regressors": ["x"]}});
    app.put(&job, "/draft", &draft).await.ok();
    app.post(&job, "/plan/freeze", &json!({})).await.ok();
    app.post(&job, "/run", &json!({})).await.ok();
    let started = Instant::now();
    loop {
        let ready = ask(&app, "/health/ready").await;
        if ready.body["checks"]["workers"]["detail"] == "claims are stopped: engine_missing" {
            assert_eq!(ready.status, 503);
            break;
        }
        assert!(started.elapsed() < PATIENCE, "{}", ready.body);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_ends_is_draining_and_lives() {
    let delay = |options: &mut Options| options.shutdown.drain_delay = Duration::from_secs(2);
    let app = TestApp::start_with(delay).await;
    let base = app.base.clone();
    let http = app.http.clone();
    let mut app = app;
    let ending = tokio::spawn(async move {
        app.stop().await;
        app
    });
    let started = Instant::now();
    let draining = loop {
        let answer = Answer::of(http.get(format!("{base}/health/ready?scope=traffic"))).await;
        if answer.body["status"] == "draining" {
            break answer;
        }
        assert!(started.elapsed() < PATIENCE, "{}", answer.body);
    };
    assert_eq!(draining.status, 503);
    assert_eq!(reasons(&draining), ["the service is shutting down"]);
    assert_eq!(Answer::of(http.get(format!("{base}/health/live"))).await.status, 200);
    ending.await.expect("ends");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_is_out_degrades_and_one_that_hangs_holds_nobody() {
    let provider = Provider::start("").await;
    let listening = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let hanging = listening.local_addr().expect("bound");
    // accepts, reads nothing, answers nothing
    let accepting = tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((connection, _)) = listening.accept().await {
            held.push(connection);
        }
    });
    for (base, said) in [
        (format!("http://{hanging}/v1"), "openai: no answer within 1 s"),
        ("http://127.0.0.1:9/v1".to_owned(), "openai: it cannot be reached"),
    ] {
        let mut endpoint = provider.endpoint(LlmWire::OpenAi);
        endpoint.base_url = base;
        let looked = |options: &mut Options| {
            options.llm = Some(model(vec![endpoint]));
            options.llm.as_mut().expect("just set").look_every = Duration::from_millis(100);
        };
        let mut app = TestApp::start_with(looked).await;
        let ready = until(&app, "degraded").await;
        assert_eq!(ready.status, 200, "clients can state drafts themselves");
        assert_eq!(reasons(&ready), [format!("llm: {said}")], "{}", ready.body);
        assert_eq!(ready.body["checks"]["llm"]["required"], false);
        app.stop().await;
    }
    accepting.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_answers_is_told_and_a_refused_key_is_not_it() {
    let provider = Provider::start("").await;
    for wire in [LlmWire::OpenAi, LlmWire::Anthropic] {
        for (key, status) in [(None, "ok"), (Some("sk-other"), "degraded")] {
            let mut endpoint = provider.endpoint(wire);
            if let Some(key) = key {
                endpoint.api_key = key.to_owned().into();
            }
            let looked = |options: &mut Options| {
                options.llm = Some(model(vec![endpoint]));
                options.llm.as_mut().expect("just set").look_every = Duration::from_secs(1);
            };
            let mut app = TestApp::start_with(looked).await;
            let started = Instant::now();
            let llm = loop {
                let llm = until(&app, status).await.body["checks"]["llm"].take();
                if llm["detail"] != "configured; not checked yet" {
                    break llm;
                }
                assert!(started.elapsed() < PATIENCE, "{llm}");
            };
            let said = llm["detail"].as_str().expect("text");
            match key {
                None => assert!(said.ends_with(" answers"), "{said}"),
                Some(key) => assert!(said.contains("refuses the key") && !said.contains(key), "{said}"),
            }
            app.stop().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_that_hangs_does_not_hang_readiness() {
    let beside = tempfile::tempdir().expect("a directory");
    let script = beside.path().join("stata");
    let text = "#!/bin/sh\nwhile [ ! -e \"$(dirname \"$0\")/go\" ]; do sleep 0.05; done\n";
    std::fs::write(&script, text).expect("writes");
    std::fs::set_permissions(&script, PermissionsExt::from_mode(0o755)).expect("permits");
    let production = |options: &mut Options| {
        options.env = "production".to_owned();
        options.gate.required = true;
        options.engine.command = vec![script.display().to_string()];
        options.engine.readable = interpreters();
    };
    let mut app = TestApp::start_with(production).await;
    // the attestation is under way and does not come to its end
    let ready = ask(&app, "/health/ready").await;
    assert_eq!((ready.status.as_u16(), &ready.body["status"]), (503, &json!("not_ready")), "{}", ready.body);
    assert_eq!(ready.body["checks"]["gate"]["detail"], "not evaluated yet", "{}", ready.body);
    assert_eq!(ready.body["checks"]["store"]["ok"], true);
    assert_eq!(ask(&app, "/health/live").await.status, 200);
    std::fs::write(beside.path().join("go"), "").expect("writes");
    let started = Instant::now();
    while ask(&app, "/health/ready").await.body["checks"]["gate"]["detail"] == "not evaluated yet" {
        assert!(started.elapsed() < PATIENCE, "the gate is never evaluated");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_that_nobody_works_at_is_told() {
    let dir = tempfile::tempdir().expect("a directory");
    let clock = Arc::new(ManualClock::new());
    let ctx = context(dir.path(), Arc::clone(&clock) as Arc<dyn Clock>);
    let idle = Work { active: 0, claims: true };
    assert_eq!(looks::queue(&ctx, idle), Found::Well("empty".to_owned()));
    let mut queued = job("acme", "job_1", 0);
    queued.status = JobStatus::Queued;
    queued.queue = Some(QueueEntry { queued_at: clock.now(), ready_at: clock.now() });
    ctx.store.commit(commit(vec![put(queued)])).await.expect("commits");
    assert!(matches!(looks::queue(&ctx, idle), Found::Well(_)));
    clock.advance(TimeDelta::seconds(61));
    assert_eq!(
        looks::queue(&ctx, idle),
        Found::Limited("1 queued, the oldest ready for 61 s, and nobody works".to_owned())
    );
    for busy in [Work { active: 1, ..idle }, Work { claims: false, ..idle }] {
        assert!(matches!(looks::queue(&ctx, busy), Found::Well(_)), "{busy:?}");
    }
    let folders = [dir.path().to_owned(), dir.path().join("gone")];
    assert!(matches!(looks::blobs(&LocalHost, &folders[..1], ctx.blobs.as_ref()), Found::Well(_)));
    assert!(matches!(looks::blobs(&LocalHost, &folders, ctx.blobs.as_ref()), Found::Out(_)));
}
