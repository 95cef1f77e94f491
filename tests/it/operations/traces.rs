//! Traces of the real program at a collector of the test: what is sampled, what a dead or slow collector costs, what
//! a shutdown sends, and which ids log lines have. `scripts/checks/tracing.py` reads whole traces at a real collector.

use std::io::Write;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::routing::post;
use reqwest::Method;
use serde_json::{Value, json};
use stata_service::telemetry::logging::{Format, traced_subscriber};

use crate::support::app::{ADMIN_KEY, Answer, PATIENCE};
use crate::support::program::{Program, Start};

const CALLERS: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

/// The bodies that a collector was sent.
#[derive(Clone, Default)]
struct Received(Arc<Mutex<Vec<Bytes>>>);

impl Received {
    /// True if some span has this trace id, which OTLP carries as 16 bytes.
    fn has_trace(&self, id: &str) -> bool {
        let id = hex::decode(id).expect("a trace id");
        let bodies = self.0.lock().expect("no test panics with it");
        bodies.iter().any(|body| body.windows(16).any(|bytes| bytes == id))
    }

    fn has_text(&self, text: &str) -> bool {
        let bodies = self.0.lock().expect("no test panics with it");
        bodies.iter().any(|body| body.windows(text.len()).any(|bytes| bytes == text.as_bytes()))
    }
}

/// A collector that takes everything, or that never answers.
async fn collector(answers: bool) -> (SocketAddr, Received) {
    let received = Received::default();
    let kept = received.clone();
    let take = post(async move |body: Bytes| {
        kept.0.lock().expect("no test panics with it").push(body);
        if !answers {
            std::future::pending::<()>().await;
        }
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    let router = Router::new().route("/v1/traces", take);
    let bounds = edge::serve::Bounds::default();
    tokio::spawn(edge::serve::serve(listener, edge::serve::Plain, router, bounds, std::future::pending()));
    (address, received)
}

fn traced(folder: &std::path::Path, address: SocketAddr) -> Start {
    Start::on(folder).with("OTEL_EXPORTER_OTLP_ENDPOINT", &format!("http://{address}"))
}

/// A job of a caller with this `traceparent`; returns the answer's trace id.
async fn redeem(program: &Program, traceparent: Option<&str>) -> String {
    let made = program.call(Method::POST, "/v1/admin/task-codes", ADMIN_KEY, &json!({"count": 1})).await.ok();
    let body = json!({"task_code": made["task_codes"][0]["task_code"], "requirement": "q"});
    let mut request = program.http.post(format!("{}/v1/task-codes/redeem", program.base)).json(&body);
    if let Some(text) = traceparent {
        request = request.header("traceparent", text);
    }
    let answer = Answer::of(request).await;
    let trace = answer.headers["x-trace-id"].to_str().expect("text").to_owned();
    let redeemed = answer.ok();
    let (job, token) = (redeemed["job_id"].as_str(), redeemed["token"].as_str());
    let path = format!("/v1/jobs/{}", job.expect("an id"));
    let read = program.call(Method::GET, &path, token.expect("a token"), &json!({})).await;
    assert_eq!(read.headers["x-trace-id"], trace.as_str(), "a job is read in its own trace");
    assert_eq!(read.ok()["trace_id"], trace.as_str());
    trace
}

fn lost(start: &Start) -> Option<Value> {
    let log = start.log();
    let line = log.lines().find(|line| line.contains("SS_TRACES_LOST"))?;
    Some(serde_json::from_str(line).expect("a JSON line"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shutdown_sends_the_spans_that_wait() {
    let dir = tempfile::tempdir().expect("a directory");
    let (address, received) = collector(true).await;
    let start = traced(dir.path(), address);
    let program = start.go();
    let trace = redeem(&program, None).await;
    assert!(program.end().success());
    assert!(received.has_trace(&trace));
    assert!(received.has_text("POST /v1/task-codes/redeem") && received.has_text("store.commit"));
    assert!(lost(&start).is_none(), "{:?}", lost(&start));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ratio_decides_on_new_traces_and_the_caller_on_its_own() {
    let dir = tempfile::tempdir().expect("a directory");
    let (address, received) = collector(true).await;
    let program = traced(dir.path(), address).with("OTEL_TRACES_SAMPLER_ARG", "0").go();
    let unasked = redeem(&program, None).await;
    let asked = redeem(&program, Some(&format!("00-{CALLERS}-00f067aa0ba902b7-01"))).await;
    assert_eq!(asked, CALLERS);
    assert!(program.end().success());
    assert!(received.has_trace(CALLERS), "the caller's decision counts before the ratio");
    assert!(!received.has_trace(&unasked));

    let (address, received) = collector(true).await;
    let program = traced(dir.path(), address).go();
    redeem(&program, Some(&format!("00-{CALLERS}-00f067aa0ba902b7-00"))).await;
    let own = redeem(&program, Some("00-00000000000000000000000000000000-00f067aa0ba902b7-01")).await;
    assert!(program.end().success());
    assert!(!received.has_trace(CALLERS), "a caller who does not sample is obeyed");
    assert!(received.has_trace(&own), "an invalid parent is none");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_collector_fails_no_request_and_is_counted() {
    let dir = tempfile::tempdir().expect("a directory");
    // nobody listens on a port that was just given back
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = free.local_addr().expect("bound");
    drop(free);
    for protocol in ["http/protobuf", "grpc"] {
        let folder = dir.path().join(protocol.replace('/', "-"));
        std::fs::create_dir(&folder).expect("created");
        let start = traced(&folder, address).with("OTEL_EXPORTER_OTLP_PROTOCOL", protocol);
        let program = start.go();
        redeem(&program, None).await;
        let deadline = std::time::Instant::now() + PATIENCE;
        loop {
            let text = program.http.get(format!("{}/metrics", program.base)).send().await.expect("answered");
            let text = text.text().await.expect("text");
            let row = "ss_otel_spans_total{outcome=\"failed\"} ";
            let count = text.lines().find_map(|line| line.strip_prefix(row)).expect("a row");
            if count != "0" {
                break;
            }
            assert!(std::time::Instant::now() < deadline, "the loss is counted");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert!(program.end().success());
        let lost = lost(&start).expect("the loss is told");
        assert!(lost["failed"].as_u64() > Some(0), "{lost}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_never_answers_holds_up_neither_requests_nor_the_end() {
    let dir = tempfile::tempdir().expect("a directory");
    let (address, received) = collector(false).await;
    let start = traced(dir.path(), address);
    let program = start.go();
    let trace = redeem(&program, None).await;
    let deadline = std::time::Instant::now() + PATIENCE;
    while !received.has_trace(&trace) {
        assert!(std::time::Instant::now() < deadline, "the first spans are sent");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // an export is under way and does not end; requests go on
    for _ in 0..20 {
        redeem(&program, None).await;
    }
    assert!(program.end().success());
    assert_eq!(lost(&start).expect("the loss is told")["in_time"], false);
}

#[tokio::test]
async fn lines_below_every_filter_have_the_ids_of_their_traced_span() {
    #[derive(Clone, Default)]
    struct Sink(Arc<Mutex<Vec<u8>>>);
    impl Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().expect("no test panics with it").extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let settings = edge::otel::Settings::new("http://127.0.0.1:1", "tested", &["it"]);
    let telemetry = edge::otel::Telemetry::start(&settings).expect("starts");
    let sink = Sink::default();
    let out = sink.clone();
    let subscriber =
        traced_subscriber(Format::Json, "error", &telemetry, move || out.clone()).expect("a filter");
    let context = tracing::subscriber::with_default(subscriber, || {
        let span = tracing::error_span!("run", trace_id = CALLERS, run_id = "run_1", otel.kind = "consumer");
        let _entered = span.enter();
        let inner = tracing::debug_span!("store.commit").entered();
        tracing::error!(event = "SS_DEFECT", "said");
        tracing::warn!(event = "SS_DEFECT", "not shown");
        drop(inner);
        edge::otel::traceparent(&span).expect("traced")
    });
    let text = String::from_utf8(sink.0.lock().expect("no test panics with it").clone()).expect("UTF-8");
    assert_eq!(text.lines().count(), 1, "{text}");
    let line: Value = serde_json::from_str(&text).expect("a JSON line");
    assert_eq!((line["trace_id"].as_str(), line["run_id"].as_str()), (Some(CALLERS), Some("run_1")));
    assert_eq!(context, format!("00-{CALLERS}-{}-01", line["span_id"].as_str().expect("an id")));
    assert!(!text.contains("otel."), "{text}");
}
