//! Traces as a collector sees them, over both protocols, and what a collector that is dead or slow costs.

#![cfg(feature = "otel")]

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::routing::post;
use edge::otel::{Protocol, Settings, Telemetry, adopt, adopt_text, inject, trace_id, traceparent};
use http::HeaderMap;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;
use tracing_subscriber::layer::SubscriberExt as _;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// Requests received by a collector.
#[derive(Clone, Default)]
struct Received(Arc<Mutex<Vec<ExportTraceServiceRequest>>>);

impl Received {
    fn take(&self, request: ExportTraceServiceRequest) {
        self.0.lock().expect("no test panics with it").push(request);
    }

    fn spans(&self) -> Vec<Span> {
        let requests = self.0.lock().expect("no test panics with it");
        let scopes = requests.iter().flat_map(|r| &r.resource_spans).flat_map(|r| &r.scope_spans);
        scopes.flat_map(|s| s.spans.clone()).collect()
    }

    fn service_name(&self) -> String {
        let requests = self.0.lock().expect("no test panics with it");
        let resource = requests[0].resource_spans[0].resource.as_ref().expect("a resource");
        let name = resource.attributes.iter().find(|a| a.key == "service.name").expect("a name");
        format!("{:?}", name.value)
    }
}

#[tonic::async_trait]
impl TraceService for Received {
    async fn export(
        &self,
        request: tonic::Request<ExportTraceServiceRequest>,
    ) -> Result<tonic::Response<ExportTraceServiceResponse>, tonic::Status> {
        self.take(request.into_inner());
        Ok(tonic::Response::new(ExportTraceServiceResponse::default()))
    }
}

async fn http_collector(answers_after: Duration) -> (SocketAddr, Received) {
    let received = Received::default();
    let kept = received.clone();
    let take = post(async move |body: Bytes| {
        kept.take(ExportTraceServiceRequest::decode(body).expect("protobuf"));
        tokio::time::sleep(answers_after).await;
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    let router = Router::new().route("/v1/traces", take);
    tokio::spawn(edge::serve::serve(
        listener,
        edge::serve::Plain,
        router,
        edge::serve::Bounds::default(),
        std::future::pending(),
    ));
    (address, received)
}

async fn grpc_collector() -> (SocketAddr, Received) {
    let received = Received::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    let service = TraceServiceServer::new(received.clone());
    let incoming = tonic::transport::server::TcpIncoming::from(listener);
    tokio::spawn(tonic::transport::Server::builder().add_service(service).serve_with_incoming(incoming));
    (address, received)
}

fn settings(endpoint: String) -> Settings {
    Settings {
        interval: Duration::from_millis(20),
        export_timeout: Duration::from_millis(500),
        ..Settings::new(&endpoint, "tested", &["otel"])
    }
}

/// A request of a caller who sampled his trace, with a child, a span of another target and a log line.
fn traced_request(telemetry: &Telemetry) -> String {
    let subscriber = tracing_subscriber::registry().with(telemetry.layer());
    tracing::subscriber::with_default(subscriber, || {
        let request = tracing::info_span!("request", route = "/v1/x");
        let mut headers = HeaderMap::new();
        headers.insert("traceparent", CALLER.parse().expect("a header"));
        headers.insert("tracestate", "vendor=1".parse().expect("a header"));
        assert!(adopt(&request, &headers));
        let _entered = request.enter();
        let child = tracing::info_span!("child");
        drop(tracing::info_span!(target: "h2::client", "of the exporter").entered());
        tracing::info!(secret = "in a log line", "said");
        let mut onward = HeaderMap::new();
        inject(&child, &mut onward);
        assert_eq!(onward["tracestate"], "vendor=1");
        drop(child.entered());
        onward["traceparent"].to_str().expect("text").to_owned()
    })
}

async fn sees_the_callers_trace(telemetry: Telemetry, received: Received) {
    let onward = traced_request(&telemetry);
    let counters = telemetry.counters();
    assert!(telemetry.shutdown(Duration::from_secs(10)).await);
    let spans = received.spans();
    let names: Vec<&str> = spans.iter().map(|span| span.name.as_str()).collect();
    assert_eq!(names, ["child", "request"], "and no other target's");
    let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
    for span in &spans {
        assert_eq!(hex(&span.trace_id), TRACE);
        assert!(span.events.is_empty(), "log lines do not leave with traces");
    }
    assert_eq!(hex(&spans[1].parent_span_id), "00f067aa0ba902b7");
    assert_eq!(spans[0].parent_span_id, spans[1].span_id);
    assert_eq!(onward, format!("00-{TRACE}-{}-01", hex(&spans[0].span_id)));
    assert!(spans[1].attributes.iter().any(|a| a.key == "route"), "{:?}", spans[1].attributes);
    assert!(received.service_name().contains("tested"));
    assert_eq!((counters.exported(), counters.dropped(), counters.failed()), (2, 0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_sees_the_callers_trace_over_http() {
    let (address, received) = http_collector(Duration::ZERO).await;
    let telemetry = Telemetry::start(&settings(format!("http://{address}"))).expect("starts");
    sees_the_callers_trace(telemetry, received).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_sees_the_callers_trace_over_grpc() {
    let (address, received) = grpc_collector().await;
    let settings = Settings { protocol: Protocol::Grpc, ..settings(format!("http://{address}")) };
    let telemetry = Telemetry::start(&settings).expect("starts");
    sees_the_callers_trace(telemetry, received).await;
}

fn spans(telemetry: &Telemetry, n: usize) {
    let subscriber = tracing_subscriber::registry().with(telemetry.layer());
    tracing::subscriber::with_default(subscriber, || {
        (0..n).for_each(|_| drop(tracing::info_span!("one").entered()));
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_collector_costs_a_counter() {
    // nobody listens on a port that was just given back
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = free.local_addr().expect("bound");
    drop(free);
    for protocol in [Protocol::HttpProtobuf, Protocol::Grpc] {
        let settings = Settings { protocol, ..settings(format!("http://{address}")) };
        let telemetry = Telemetry::start(&settings).expect("starts all the same");
        let counters = telemetry.counters();
        spans(&telemetry, 10);
        assert!(telemetry.shutdown(Duration::from_secs(10)).await);
        assert_eq!((counters.exported(), counters.failed()), (0, 10), "{protocol:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_collector_costs_dropped_spans_and_the_end_is_bounded() {
    let (address, _received) = http_collector(Duration::from_secs(60)).await;
    let settings = Settings {
        queue: 4,
        batch: 2,
        export_timeout: Duration::from_secs(30),
        ..settings(format!("http://{address}"))
    };
    let telemetry = Telemetry::start(&settings).expect("starts");
    let counters = telemetry.counters();
    spans(&telemetry, 100);
    // at most the queue and the batch under way are kept
    assert!(counters.dropped() >= 94, "{}", counters.dropped());
    assert!(!telemetry.shutdown(Duration::from_millis(100)).await, "spans are lost, and it says so");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_callers_decision_counts_before_the_ratio() {
    let (address, received) = http_collector(Duration::ZERO).await;
    let settings = Settings { sample_ratio: 0.0, ..settings(format!("http://{address}")) };
    let telemetry = Telemetry::start(&settings).expect("starts");
    spans(&telemetry, 5);
    traced_request(&telemetry);
    assert!(telemetry.shutdown(Duration::from_secs(10)).await);
    assert_eq!(received.spans().len(), 2, "those of the caller's trace only");
}

#[tokio::test]
async fn a_trace_goes_on_after_it_was_kept_in_a_record() {
    let telemetry = Telemetry::start(&settings("http://127.0.0.1:1".to_owned())).expect("starts");
    let subscriber = tracing_subscriber::registry().with(telemetry.layer());
    tracing::subscriber::with_default(subscriber, || {
        let first = tracing::info_span!("first");
        let kept = traceparent(&first).expect("traced");
        let later = tracing::info_span!("later");
        assert!(adopt_text(&later, &kept));
        assert_eq!(trace_id(&later), trace_id(&first));
        for bad in ["", "00-00000000000000000000000000000000-00f067aa0ba902b7-01", "x\ny", "00-1-2-3"] {
            assert!(!adopt_text(&tracing::info_span!("own"), bad), "{bad:?}");
        }
    });
    assert_eq!(trace_id(&tracing::Span::none()), None, "nobody traces here");
}

#[tokio::test]
async fn settings_that_make_no_exporter_are_refused() {
    for endpoint in ["", "collector:4318", "ftp://collector", "http://", "not an address"] {
        assert!(Telemetry::start(&settings(endpoint.to_owned())).is_err(), "{endpoint:?}");
    }
    let sound = settings("http://127.0.0.1:1".to_owned());
    assert!(Telemetry::start(&Settings { sample_ratio: 1.5, ..sound.clone() }).is_err());
    assert!(Telemetry::start(&Settings { queue: 0, ..sound }).is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_span_that_another_process_began_is_ended_under_its_own_id() {
    let (address, received) = http_collector(Duration::ZERO).await;
    let telemetry = Telemetry::start(&settings(format!("http://{address}"))).expect("starts");
    let subscriber = tracing_subscriber::registry().with(telemetry.layer());
    tracing::subscriber::with_default(subscriber, || {
        let late = tracing::info_span!("late", otel.parent = tracing::field::Empty, trace_id = TRACE);
        late.record("otel.parent", CALLER);
        let run = tracing::info_span!(
            parent: &late, "run", otel.span_id = "0123456789abcdef", otel.start_ns = 1_000_000_000_u64,
            otel.end_ns = 3_500_000_000_u64, otel.kind = "consumer", otel.status_code = "error",
            otel.link = "00-11111111111111111111111111111111-2222222222222222-00", http.method = "GET", n = 7_u64,
        );
        late.record("otel.parent", "00-99999999999999999999999999999999-2222222222222222-01");
        drop(run);
        drop(tracing::info_span!("not sent", otel.discard = true));
        let root = tracing::info_span!("root", trace_id = TRACE);
        assert_eq!(trace_id(&root).as_deref(), Some(TRACE));
    });
    assert!(telemetry.shutdown(Duration::from_secs(10)).await);
    let spans = received.spans();
    let names: Vec<&str> = spans.iter().map(|span| span.name.as_str()).collect();
    assert_eq!(names, ["run", "root", "late"]);
    let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
    let [run, root, late] = &spans[..] else { unreachable!("three names") };
    assert_eq!((hex(&late.trace_id), hex(&late.parent_span_id)), (TRACE.into(), "00f067aa0ba902b7".into()));
    assert!(late.attributes.is_empty(), "the trace id is no attribute: {:?}", late.attributes);
    assert_eq!((hex(&run.span_id).as_str(), &run.parent_span_id), ("0123456789abcdef", &late.span_id));
    assert_eq!((run.start_time_unix_nano, run.end_time_unix_nano), (1_000_000_000, 3_500_000_000));
    // SPAN_KIND_CONSUMER and STATUS_CODE_ERROR of trace.proto
    assert_eq!((run.kind, run.status.as_ref().map(|s| s.code)), (5, Some(2)));
    assert_eq!(hex(&run.links[0].trace_id), "1".repeat(32));
    let keys: Vec<&str> = run.attributes.iter().map(|a| a.key.as_str()).collect();
    assert_eq!(keys, ["http.request.method", "n"]);
    assert_eq!((hex(&root.trace_id), root.parent_span_id.len()), (TRACE.into(), 0));
}
