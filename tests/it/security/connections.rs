//! Connections and streams that are held open: one caller leaves room for others, and probes are answered in any case.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use reqwest::{Method, Response, StatusCode};
use serde_json::Value;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::support::app::{ADMIN_KEY, Answer, Job, PATIENCE, TestApp};
use crate::support::program::Start;

/// A client that keeps no connection open, from an address of this machine.
fn client(from: Ipv4Addr) -> reqwest::Client {
    stata_service::adapters::llm::install_tls();
    let builder = reqwest::Client::builder().pool_max_idle_per_host(0).local_address(IpAddr::V4(from));
    builder.build().expect("a client")
}

const HERE: Ipv4Addr = Ipv4Addr::LOCALHOST;
const THERE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 9);

async fn follow(app: &TestApp, job: &Job) -> Response {
    let path = format!("/v1/jobs/{}/events", job.job_id);
    app.request(Method::GET, &path, &job.token).send().await.expect("answers")
}

#[tokio::test(flavor = "multi_thread")]
async fn one_credential_has_so_many_streams_and_others_have_theirs() {
    let mut app = TestApp::start_with(|options| options.edge.streams_per_credential = 2).await;
    let (job, other) = (app.job("q").await, app.job("q").await);
    let first = follow(&app, &job).await;
    let second = follow(&app, &job).await;
    assert_eq!((first.status(), second.status()), (StatusCode::OK, StatusCode::OK));
    let path = format!("/v1/jobs/{}/events", job.job_id);
    let refused = Answer::of(app.request(Method::GET, &path, &job.token)).await;
    assert!(refused.headers.contains_key("retry-after"));
    assert_eq!(refused.refused(429, "RATE_LIMITED")["context"]["limit"], "streams");
    assert_eq!(follow(&app, &other).await.status(), StatusCode::OK);
    assert!(app.get(&job, "").await.status.is_success(), "other requests go on");
    drop(first);
    let started = std::time::Instant::now();
    while follow(&app, &job).await.status() != StatusCode::OK {
        assert!(started.elapsed() < PATIENCE, "a closed stream makes no room");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    drop(second);
    app.stop().await;
}

/// Connections that ask nothing.
async fn idle(app: &TestApp, count: usize) -> Vec<TcpStream> {
    let address = app.base.strip_prefix("http://").expect("an address");
    let mut open = Vec::new();
    for _ in 0..count {
        let mut stream = TcpStream::connect(address).await.expect("connects");
        stream.write_all(b"GET /").await.expect("sent");
        open.push(stream);
    }
    open
}

async fn status(client: &reqwest::Client, app: &TestApp, path: &str) -> (u16, Value) {
    let answer =
        client.get(format!("{}{path}", app.base)).bearer_auth(ADMIN_KEY).send().await.expect("answers");
    (answer.status().as_u16(), answer.json().await.unwrap_or_default())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_holds_its_connections_is_refused_and_probes_and_others_are_served() {
    let mut app = TestApp::start_with(|options| {
        options.edge.max_connections = 100;
        options.edge.max_connections_per_address = 3;
    })
    .await;
    let (here, there) = (client(HERE), client(THERE));
    let held = idle(&app, 3).await;
    let (code, refused) = status(&here, &app, "/v1/admin/task-codes").await;
    assert_eq!((code, &refused["error_code"]), (429, &Value::from("RATE_LIMITED")), "{refused}");
    assert_eq!(refused["context"]["limit"], "connections");
    for probe in ["/health/live", "/health/ready", "/metrics"] {
        assert_eq!(status(&here, &app, probe).await.0, 200, "{probe}");
    }
    assert_eq!(status(&there, &app, "/v1/admin/task-codes").await.0, 200, "another address");
    drop(held);
    let started = std::time::Instant::now();
    while status(&here, &app, "/v1/admin/task-codes").await.0 != 200 {
        assert!(started.elapsed() < PATIENCE, "closed connections make no room");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_of_a_trusted_proxy_are_those_of_many_clients() {
    let mut app = TestApp::start_with(|options| {
        options.edge.max_connections_per_address = 2;
        options.edge.trusted_proxies = vec!["127.0.0.1".to_owned()];
    })
    .await;
    let _held = idle(&app, 10).await;
    assert_eq!(status(&client(HERE), &app, "/v1/admin/task-codes").await.0, 200);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn probes_are_answered_when_every_connection_is_taken() {
    let mut app = TestApp::start_with(|options| options.edge.max_connections = 4).await;
    let _held = idle(&app, 4).await;
    let there = client(THERE);
    for _ in 0..20 {
        assert_eq!(status(&there, &app, "/health/live").await.0, 200);
    }
    let (code, refused) = status(&there, &app, "/v1/admin/task-codes").await;
    assert_eq!((code, &refused["context"]["limit"]), (429, &Value::from("connections")), "{refused}");
    // also where the reserve is held: each place of it is free again after a moment
    let _reserve = idle(&app, 4).await;
    assert_eq!(status(&there, &app, "/health/live").await.0, 200);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_limit_of_open_files_is_raised_and_fewer_connections_are_let_in_where_it_is_too_low() {
    let dir = tempfile::tempdir().expect("a directory");
    let start = Start::on(dir.path()).through(&["prlimit", "--nofile=256:1200"]);
    let program = start.go();
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", program.pid())).expect("readable");
    let line = limits.lines().find(|line| line.starts_with("Max open files")).expect("a line");
    let words: Vec<&str> = line.split_ascii_whitespace().collect();
    assert_eq!(words[3..5], ["1200", "1200"], "{line}");
    let low = start.log().lines().find(|line| line.contains("SS_OPEN_FILES_LOW")).map(str::to_owned);
    assert!(low.as_ref().is_some_and(|line| line.contains("\"connections\":624")), "{low:?}");
    let ended = tokio::task::block_in_place(|| program.end());
    assert!(ended.success(), "{ended}");
}
