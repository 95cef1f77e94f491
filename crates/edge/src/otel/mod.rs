//! Traces over OTLP: from settings to a layer for `tracing`, with a bounded queue between the program and the
//! collector, so that a dead or slow collector costs counted spans and nothing else. Which spans there are, and
//! what stands in them, is the program's matter.

mod context;
mod layer;
mod queue;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_otlp::{
    ExporterBuildError, Protocol as WireProtocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _,
    WithTonicConfig as _,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SpanExporter as _;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tracing::Subscriber;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{FilterFn, LevelFilter};
use tracing_subscriber::registry::LookupSpan;

pub use self::context::{adopt, adopt_text, caller, inject, is_traced, trace_id, traceparent};
pub use self::layer::ids;
pub use self::queue::Counters;

/// How spans travel.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Protocol {
    /// OTLP/HTTP with protobuf, usually port 4318.
    #[default]
    HttpProtobuf,
    /// OTLP/gRPC, usually port 4317.
    Grpc,
}

/// Destination and share of spans.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `http://collector:4318`; for HTTP `/v1/traces` is added where it does not end so.
    pub endpoint: String,
    /// How spans travel.
    pub protocol: Protocol,
    /// `service.name` of the resource.
    pub service_name: String,
    /// `service.version` of the resource.
    pub service_version: String,
    /// Further attributes of the resource.
    pub attributes: Vec<(String, String)>,
    /// Sent with each export, such as a token of the collector.
    pub headers: Vec<(String, String)>,
    /// Share of traces that begin here and are kept; a caller's own decision counts before it.
    pub sample_ratio: f64,
    /// Targets (module paths) whose spans are traced. The exporter's own libraries must not be among them.
    pub targets: Vec<String>,
    /// Spans that wait at most; more are dropped and counted.
    pub queue: usize,
    /// Spans of one export.
    pub batch: usize,
    /// Longest wait of a span for others to join it.
    pub interval: Duration,
    /// Longest time of one export.
    pub export_timeout: Duration,
}

impl Settings {
    /// Everything sampled over HTTP, with the queue of the OpenTelemetry specification (2,048 spans, 512 a
    /// batch, 5 s, 30 s) but a shorter time-out.
    pub fn new(endpoint: &str, service_name: &str, targets: &[&str]) -> Self {
        Self {
            endpoint: endpoint.to_owned(),
            protocol: Protocol::default(),
            service_name: service_name.to_owned(),
            service_version: String::new(),
            attributes: Vec::new(),
            headers: Vec::new(),
            sample_ratio: 1.0,
            targets: targets.iter().map(|target| (*target).to_owned()).collect(),
            queue: 2_048,
            batch: 512,
            interval: Duration::from_secs(5),
            export_timeout: Duration::from_secs(10),
        }
    }
}

/// Settings that make no exporter.
#[derive(Debug, thiserror::Error)]
pub enum BadSettings {
    /// The endpoint is not an address with scheme and host.
    #[error("{0:?} is no endpoint: write http://host:port or https://host:port")]
    Endpoint(String),
    /// The sample ratio is outside 0 to 1.
    #[error("a sample ratio must be between 0 and 1, not {0}")]
    Ratio(f64),
    /// The queue or the batch holds nothing.
    #[error("queue and batch must be above 0")]
    Empty,
    /// Name or value of a header is not valid.
    #[error("header {0:?} is no header")]
    Header(String),
    /// The OTLP exporter cannot be built.
    #[error("the exporter cannot be built: {0}")]
    Exporter(#[from] ExporterBuildError),
    /// The HTTP client of the exporter cannot be built.
    #[error("the exporter's client cannot be built: {0}")]
    Client(#[from] reqwest::Error),
}

/// A running export. Dropping it ends the export without a last batch; see [`Telemetry::shutdown`].
#[derive(Debug)]
pub struct Telemetry {
    queue: queue::Queue,
    sample_ratio: f64,
    scope: InstrumentationScope,
    counters: Arc<Counters>,
    targets: Vec<String>,
    stopping: watch::Sender<bool>,
    worker: JoinHandle<()>,
}

impl Telemetry {
    /// Starts the export on the current tokio runtime. The collector need not be there.
    ///
    /// # Errors
    /// Settings that make no exporter.
    pub fn start(settings: &Settings) -> Result<Self, BadSettings> {
        if !(0.0..=1.0).contains(&settings.sample_ratio) {
            return Err(BadSettings::Ratio(settings.sample_ratio));
        }
        if settings.queue == 0 || settings.batch == 0 {
            return Err(BadSettings::Empty);
        }
        let resource = Resource::builder_empty()
            .with_service_name(settings.service_name.clone())
            .with_attribute(KeyValue::new("service.version", settings.service_version.clone()))
            .with_attributes(settings.attributes.iter().map(|(k, v)| KeyValue::new(k.clone(), v.clone())))
            .build();
        let mut exporter = exporter(settings)?;
        exporter.set_resource(&resource);
        let counters = Arc::new(Counters::default());
        let (stopping, stopped) = watch::channel(false);
        let (queue, worker) = queue::start(exporter, settings, Arc::clone(&counters), stopped);
        let scope = InstrumentationScope::builder(settings.service_name.clone())
            .with_version(settings.service_version.clone())
            .build();
        Ok(Self {
            queue,
            sample_ratio: settings.sample_ratio,
            scope,
            counters,
            targets: settings.targets.clone(),
            stopping,
            worker: tokio::spawn(worker),
        })
    }

    /// The layer that makes OpenTelemetry spans of those of the stated targets, down to the level `debug`. Log
    /// events stay out of them: they have their own way. The subscriber below must be a
    /// [`Registry`](tracing_subscriber::Registry) for [`adopt`], [`inject`] and the like to find its spans.
    pub fn layer<S>(&self) -> impl Layer<S> + Send + Sync + 'static
    where
        S: Subscriber + for<'span> LookupSpan<'span> + Send + Sync,
    {
        let targets = self.targets.clone();
        let is_traced = move |target: &str| {
            targets.iter().any(|known| {
                target
                    .strip_prefix(known.as_str())
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
            })
        };
        // without the hint every trace-level call site of every library would be asked
        layer::Spans::new(self.queue.clone(), self.sample_ratio, self.scope.clone()).with_filter(
            FilterFn::new(move |metadata| metadata.is_span() && is_traced(metadata.target()))
                .with_max_level_hint(LevelFilter::DEBUG),
        )
    }

    /// Counters of exported and lost spans.
    pub fn counters(&self) -> Arc<Counters> {
        Arc::clone(&self.counters)
    }

    /// Sends what waits and ends, within a bound; false if time ran out and spans were lost.
    pub async fn shutdown(self, bound: Duration) -> bool {
        self.stopping.send_replace(true);
        let stop = self.worker.abort_handle();
        let is_in_time = tokio::time::timeout(bound, self.worker).await.is_ok();
        stop.abort();
        is_in_time
    }
}

fn exporter(settings: &Settings) -> Result<SpanExporter, BadSettings> {
    let uri: http::Uri =
        settings.endpoint.parse().map_err(|_| BadSettings::Endpoint(settings.endpoint.clone()))?;
    if !matches!(uri.scheme_str(), Some("http" | "https")) || uri.host().is_none_or(str::is_empty) {
        return Err(BadSettings::Endpoint(settings.endpoint.clone()));
    }
    // fails where the program has chosen a provider already, which is as good
    let _ = rustls::crypto::ring::default_provider().install_default();
    match settings.protocol {
        Protocol::HttpProtobuf => {
            let base = settings.endpoint.trim_end_matches('/');
            let is_whole = base.ends_with("/v1/traces");
            let endpoint = if is_whole { base.to_owned() } else { format!("{base}/v1/traces") };
            let client = reqwest::Client::builder().timeout(settings.export_timeout).build()?;
            Ok(SpanExporter::builder()
                .with_http()
                .with_http_client(client)
                .with_protocol(WireProtocol::HttpBinary)
                .with_endpoint(endpoint)
                .with_headers(settings.headers.iter().cloned().collect::<HashMap<_, _>>())
                .with_timeout(settings.export_timeout)
                .build()?)
        }
        Protocol::Grpc => {
            let mut metadata = http::HeaderMap::new();
            for (name, value) in &settings.headers {
                let bad = || BadSettings::Header(name.clone());
                let name: http::HeaderName = name.parse().map_err(|_| bad())?;
                metadata.insert(name.clone(), value.parse().map_err(|_| bad())?);
            }
            Ok(SpanExporter::builder()
                .with_tonic()
                .with_endpoint(settings.endpoint.clone())
                .with_metadata(opentelemetry_otlp::tonic_types::metadata::MetadataMap::from_headers(metadata))
                .with_timeout(settings.export_timeout)
                .build()?)
        }
    }
}
