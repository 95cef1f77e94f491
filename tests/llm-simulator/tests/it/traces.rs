//! Traces: a caller's trace goes on in the program's span, as a collector sees it.
//!
//! The test runs the program. Within the process of the tests, a thread that has no subscriber may be the first to meet
//! the span, and `tracing` would then switch it off for all threads.

use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::routing::post as route;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;
use serde_json::json;

use crate::program::run;
use crate::support::*;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_sees_calls_in_their_callers_trace() {
    let received = Arc::new(Mutex::new(Vec::<Span>::new()));
    let kept = Arc::clone(&received);
    let take = route(async move |body: Bytes| {
        let request = ExportTraceServiceRequest::decode(body).unwrap();
        let scopes = request.resource_spans.into_iter().flat_map(|r| r.scope_spans);
        kept.lock().unwrap().extend(scopes.flat_map(|s| s.spans));
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let collector = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async { axum::serve(listener, axum::Router::new().route("/v1/traces", take)).await });

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("simulator.toml");
    std::fs::write(&file, format!("[telemetry]\nendpoint = '{collector}'\ninterval_ms = 20")).unwrap();
    let mut program = run(&["--config", file.to_str().unwrap()]);
    let base = format!("http://{}", program.address);

    let url = format!("{base}/v1/chat/completions");
    let caller = format!("00-{TRACE}-00f067aa0ba902b7-01");
    let faults = json!([{"kind": "no_usage"}]).to_string();
    let mut body = chat("wages");
    body["stream"] = json!(true);
    let answer = post(&url, &body, &[("traceparent", &caller), ("x-simulator-faults", &faults)]).await;
    assert_eq!(answer.headers()["x-trace-id"], TRACE);
    answer.text().await.unwrap();
    let own = post(&url, &json!({}), &[]).await;
    assert_ne!(own.headers()["x-trace-id"], TRACE);
    let metrics = get(&format!("{base}/metrics")).await.text().await.unwrap();
    assert!(metrics.contains("llm_simulator_spans_lost_total 0"), "{metrics}");
    tokio::task::block_in_place(|| assert!(program.end().success()));
    let spans = received.lock().unwrap().clone();
    assert_eq!(spans.len(), 2, "{spans:?}");
    let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
    let span = spans.iter().find(|span| hex(&span.trace_id) == TRACE).unwrap();
    assert_eq!(hex(&span.parent_span_id), "00f067aa0ba902b7");
    let attribute = |name: &str| {
        let found = span.attributes.iter().find(|a| a.key == name);
        format!("{:?}", found.and_then(|a| a.value.clone()))
    };
    assert!(attribute("gen_ai.provider.name").contains("openai"));
    assert!(attribute("gen_ai.request.model").contains("\"m\""));
    assert!(attribute("http.response.status_code").contains("200"));
    assert!(attribute("simulator.faults").contains("no_usage"));
    assert!(attribute("gen_ai.usage.output_tokens").contains("IntValue"));
}
