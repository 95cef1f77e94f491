//! The metrics registry: names follow Prometheus conventions, labels are bounded, and every family is there
//! from the start. `docs/metrics.md` lists them. Each file holds the families of one concept.

mod exemplars;
mod exposition;
mod host;
mod http;
mod jobs;
mod llm;
mod otel;
mod process;
mod store;
mod webhooks;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use prometheus::core::Collector;
use prometheus::{
    Gauge, GaugeVec, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts,
    Registry,
};

use exemplars::Exemplars;
pub use exposition::Format;
pub use host::{HostMetrics, Seats, Servers};
pub use http::{HttpMetrics, InFlight};
pub use jobs::JobMetrics;
pub use llm::LlmMetrics;
pub use otel::OtelMetrics;
use process::ProcessMetrics;
pub use store::StoreMetrics;
pub use webhooks::WebhookMetrics;

/// Known values of labels: they bound the labels, and create series before
/// anything happens, so that a rate or an alert finds a zero instead of nothing.
#[derive(Debug, Clone, Default)]
pub struct Vocabulary {
    /// Version of the service.
    pub version: String,
    /// `stata` or `open`.
    pub engine: String,
    /// The store's kind, such as `sqlite`.
    pub backend: String,
    /// The operations that wait for the store.
    pub store_ops: Vec<String>,
    /// Every status of a job.
    pub statuses: Vec<String>,
    /// Every cause of a failed attempt.
    pub causes: Vec<String>,
    /// The families of the templates.
    pub families: Vec<String>,
    /// Ids of the checks that templates make.
    pub run_checks: Vec<String>,
    /// Providers with their models.
    pub models: Vec<(String, String)>,
    /// Rules of the production gate, and whether it is required.
    pub rules: Vec<String>,
    /// True where the service is ready only if the gate is open.
    pub gate_required: bool,
    /// Checks of health.
    pub checks: Vec<String>,
    /// Kinds of what retention removes.
    pub removals: Vec<String>,
    /// Versions of what is written, by kind.
    pub schemas: Vec<(String, u64)>,
    /// Start of the process in seconds of Unix time.
    pub started_at: f64,
}

/// Every metric of the process.
pub struct Metrics {
    registry: Registry,
    exemplars: Arc<Exemplars>,
    /// Requests and connections.
    pub http: HttpMetrics,
    /// Jobs, runs and the queue.
    pub jobs: JobMetrics,
    /// Commits and reads of the store.
    pub store: StoreMetrics,
    /// Calls to language models.
    pub llm: LlmMetrics,
    /// Deliveries of webhooks.
    pub webhooks: WebhookMetrics,
    /// Seats for runs, disk, settings and certificates.
    pub host: HostMetrics,
    /// Export of traces.
    pub otel: OtelMetrics,
    /// One reader at a time brings gauges up to date.
    reading: Mutex<()>,
}

impl Metrics {
    /// Builds and registers every metric.
    pub fn new(words: &Vocabulary) -> Self {
        let registry = Registry::new();
        let exemplars = Arc::new(Exemplars::new(words.started_at));
        let r = Registrar(&registry);
        r.register(ProcessMetrics::new());
        Self {
            http: HttpMetrics::new(&r, &exemplars),
            jobs: JobMetrics::new(&r, &exemplars, words),
            store: StoreMetrics::new(&r, words),
            llm: LlmMetrics::new(&r, &words.models),
            webhooks: WebhookMetrics::new(&r),
            host: HostMetrics::new(&r, words),
            otel: OtelMetrics::new(&r),
            exemplars,
            registry,
            reading: Mutex::default(),
        }
    }

    /// Held by who brings gauges up to date before [`Metrics::render`].
    pub fn reading(&self) -> MutexGuard<'_, ()> {
        self.reading.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes all metrics in a format. Reads memory and `/proc/self` only.
    pub fn render(&self, format: Format) -> String {
        self.otel.renew();
        exposition::write(&self.registry.gather(), &self.exemplars, format)
    }
}

/// Makes metrics and registers them.
struct Registrar<'a>(&'a Registry);

impl Registrar<'_> {
    fn register(&self, collector: impl Collector + 'static) {
        self.0.register(Box::new(collector)).expect("each metric is registered once");
    }

    fn kept<T: Collector + Clone + 'static>(&self, made: prometheus::Result<T>) -> T {
        let metric = made.expect("metric names and labels are constants");
        self.register(metric.clone());
        metric
    }

    fn counter(&self, name: &str, help: &str) -> IntCounter {
        self.kept(IntCounter::new(name, help))
    }

    fn counters(&self, name: &str, help: &str, labels: &[&str]) -> IntCounterVec {
        self.kept(IntCounterVec::new(Opts::new(name, help), labels))
    }

    fn gauge(&self, name: &str, help: &str) -> IntGauge {
        self.kept(IntGauge::new(name, help))
    }

    fn float_gauge(&self, name: &str, help: &str) -> Gauge {
        self.kept(Gauge::new(name, help))
    }

    fn gauges(&self, name: &str, help: &str, labels: &[&str]) -> IntGaugeVec {
        self.kept(IntGaugeVec::new(Opts::new(name, help), labels))
    }

    fn float_gauges(&self, name: &str, help: &str, labels: &[&str]) -> GaugeVec {
        self.kept(GaugeVec::new(Opts::new(name, help), labels))
    }

    fn histograms(&self, name: &str, help: &str, bounds: &[f64], labels: &[&str]) -> HistogramVec {
        self.kept(HistogramVec::new(HistogramOpts::new(name, help).buckets(bounds.to_vec()), labels))
    }
}

/// A count as a gauge holds it.
fn as_gauge(count: impl TryInto<i64>) -> i64 {
    count.try_into().unwrap_or(i64::MAX)
}
