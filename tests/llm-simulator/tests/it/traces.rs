//! Traces: a caller's trace goes on in the simulator's span, as a collector sees it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Bytes;
use axum::routing::post as route;
use llm_simulator::Simulator;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;
use serde_json::json;
use tracing_subscriber::layer::SubscriberExt as _;

use crate::support::*;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

#[tokio::test]
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

    let settings = settings(&format!("[telemetry]\nendpoint = '{collector}'\ninterval_ms = 20"));
    let telemetry = settings.start_telemetry().unwrap().unwrap();
    let counters = telemetry.counters();
    let subscriber = tracing_subscriber::registry().with(telemetry.layer());
    // the server's tasks run on this thread, as the test does
    let _default = tracing::subscriber::set_default(subscriber);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let simulator = Simulator::new(settings).with_spans(Arc::clone(&counters));
    tokio::spawn(simulator.serve(listener, std::future::pending()));

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
    for _ in 0..200 {
        if counters.exported() == 2 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
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
    let text = get(&format!("{base}/metrics")).await.text().await.unwrap();
    assert!(text.contains("llm_simulator_spans_lost_total 0"), "{text}");
}
