//! The metrics registry: names follow Prometheus conventions, labels are bounded.

use prometheus::{
    Encoder, Gauge, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts,
    Registry, TextEncoder,
};

use prometheus::process_collector::ProcessCollector;

use super::llm_metrics::LlmMetrics;

/// Upper bounds of request durations, in seconds.
const HTTP_BUCKETS: &[f64] =
    &[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];
/// Upper bounds of waits and runs, in seconds.
const RUN_BUCKETS: &[f64] =
    &[0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0, 14400.0];

/// Every metric of the process.
pub struct Metrics {
    registry: Registry,
    http_requests: IntCounterVec,
    http_duration: HistogramVec,
    http_in_flight: IntGauge,
    jobs_events: IntCounterVec,
    jobs: IntGaugeVec,
    queue_wait: HistogramVec,
    runs: IntCounterVec,
    run_duration: HistogramVec,
    runs_recovered: IntCounterVec,
    worker_inflight: IntGauge,
    worker_up: IntGauge,
    engine_up: IntGauge,
    store_fault: IntGauge,
    store_quarantined: IntGauge,
    store_conflicts: IntCounterVec,
    audit_events: IntCounter,
    queue_depth: IntGaugeVec,
    queue_oldest_age: Gauge,
    upload_sessions_open: IntGauge,
    disk_free: Gauge,
    pub llm: LlmMetrics,
    backup_last_success: IntGauge,
    config_reload_success: IntGauge,
    tls_cert_expiry: IntGauge,
    uptime: Gauge,
    retention_removed: IntCounterVec,
    gate_requirement_ok: IntGaugeVec,
}

/// Counts a request as in flight until it is dropped.
pub struct InFlight<'a>(&'a IntGauge);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.dec();
    }
}

fn opts(name: &str, help: &str) -> Opts {
    Opts::new(name, help)
}

macro_rules! registered {
    ($registry:expr, $metric:expr) => {{
        let metric = $metric.expect("metric names and labels are constants");
        $registry.register(Box::new(metric.clone())).expect("each metric is registered once");
        metric
    }};
}

impl Metrics {
    /// Builds and registers every metric.
    pub fn new(version: &str, engine: &str) -> Self {
        let registry = Registry::new();
        let r = &registry;
        let build = registered!(
            r,
            IntGaugeVec::new(
                opts("ss_build_info", "Version and engine of this process."),
                &["version", "engine"]
            )
        );
        build.with_label_values(&[version, engine]).set(1);
        // CPU, memory, open files, threads and start of this process, under their customary names
        r.register(Box::new(ProcessCollector::for_self())).expect("each metric is registered once");
        Self {
            http_requests: registered!(
                r,
                IntCounterVec::new(
                    opts("ss_http_requests_total", "Requests answered."),
                    &["method", "route", "status"]
                )
            ),
            http_duration: registered!(
                r,
                HistogramVec::new(
                    HistogramOpts::new(
                        "ss_http_request_duration_seconds",
                        "Time to the answer's first byte."
                    )
                    .buckets(HTTP_BUCKETS.to_vec()),
                    &["method", "route"]
                )
            ),
            http_in_flight: registered!(r, IntGauge::new("ss_http_in_flight", "Requests being answered.")),
            jobs_events: registered!(
                r,
                IntCounterVec::new(opts("ss_jobs_total", "Changes of jobs by their new status."), &["event"])
            ),
            jobs: registered!(r, IntGaugeVec::new(opts("ss_jobs", "Jobs by status."), &["status"])),
            queue_wait: registered!(
                r,
                HistogramVec::new(
                    HistogramOpts::new("ss_queue_wait_seconds", "Time from queueing to claim.")
                        .buckets(RUN_BUCKETS.to_vec()),
                    &[]
                )
            ),
            runs: registered!(
                r,
                IntCounterVec::new(opts("ss_runs_total", "Attempts ended."), &["verdict", "cause"])
            ),
            run_duration: registered!(
                r,
                HistogramVec::new(
                    HistogramOpts::new("ss_run_duration_seconds", "Time from claim to verdict.")
                        .buckets(RUN_BUCKETS.to_vec()),
                    &["template_family", "verdict"]
                )
            ),
            runs_recovered: registered!(
                r,
                IntCounterVec::new(
                    opts("ss_runs_recovered_total", "Attempts taken over at start."),
                    &["how"]
                )
            ),
            worker_inflight: registered!(r, IntGauge::new("ss_worker_inflight_jobs", "Attempts under way.")),
            worker_up: registered!(r, IntGauge::new("ss_worker_up", "1 while this process claims jobs.")),
            engine_up: registered!(r, IntGauge::new("ss_engine_up", "1 if the engine can be started.")),
            store_fault: registered!(
                r,
                IntGauge::new("ss_store_fault", "1 after the store stopped for good.")
            ),
            store_quarantined: registered!(
                r,
                IntGauge::new("ss_store_quarantined_records", "Records that fail their checksum.")
            ),
            store_conflicts: registered!(
                r,
                IntCounterVec::new(
                    opts("ss_store_conflicts_total", "Version conflicts answered."),
                    &["status"]
                )
            ),
            audit_events: registered!(
                r,
                IntCounter::new("ss_audit_events_total", "Events of the audit chains.")
            ),
            queue_depth: registered!(
                r,
                IntGaugeVec::new(opts("ss_queue_depth", "Queued jobs."), &["tenant_class"])
            ),
            upload_sessions_open: registered!(
                r,
                IntGauge::new(
                    "ss_upload_sessions_open",
                    "Upload sessions begun and without their whole file, of jobs that changed since the start."
                )
            ),
            queue_oldest_age: registered!(
                r,
                Gauge::new(
                    "ss_queue_oldest_age_seconds",
                    "Time since the oldest queued job could have started."
                )
            ),
            disk_free: registered!(r, Gauge::new("ss_disk_free_bytes", "Free bytes of the data volume.")),
            llm: LlmMetrics::new(r),
            retention_removed: registered!(
                r,
                IntCounterVec::new(
                    opts("ss_retention_removed_total", "Things removed by retention."),
                    &["kind"]
                )
            ),
            backup_last_success: registered!(
                r,
                IntGauge::new(
                    "ss_backup_last_success_timestamp_seconds",
                    "When the last whole backup of this data directory was made; 0 for never."
                )
            ),
            config_reload_success: registered!(
                r,
                IntGauge::new(
                    "ss_config_reload_success",
                    "1 unless the last reload of the settings was refused."
                )
            ),
            tls_cert_expiry: registered!(
                r,
                IntGauge::new(
                    "ss_tls_cert_expiry_timestamp_seconds",
                    "When the certificate in force ends; 0 without TLS."
                )
            ),
            gate_requirement_ok: registered!(
                r,
                IntGaugeVec::new(
                    opts(
                        "ss_gate_requirement_ok",
                        "1 if a rule of the production gate holds; absent outside production."
                    ),
                    &["rule"]
                )
            ),
            uptime: registered!(r, Gauge::new("ss_uptime_seconds", "Time since start.")),
            registry,
        }
    }

    /// Counts a request as in flight.
    pub fn http_started(&self) -> InFlight<'_> {
        self.http_in_flight.inc();
        InFlight(&self.http_in_flight)
    }

    /// Records an answered request. `route` is the route's pattern, never a path.
    pub fn http_finished(&self, method: &str, route: &str, status: u16, seconds: f64) {
        let method = match method {
            "GET" | "POST" | "PUT" | "PATCH" | "DELETE" | "HEAD" | "OPTIONS" => method,
            _ => "other",
        };
        let mut digits = [0_u8; 3];
        for (place, digit) in digits.iter_mut().zip([status / 100 % 10, status / 10 % 10, status % 10]) {
            *place = b'0' + u8::try_from(digit).unwrap_or(0);
        }
        let status_text = std::str::from_utf8(&digits).unwrap_or("000");
        self.http_requests.with_label_values(&[method, route, status_text]).inc();
        self.http_duration.with_label_values(&[method, route]).observe(seconds);
        if status == 409 || status == 412 {
            self.store_conflicts.with_label_values(&[status_text]).inc();
        }
    }

    /// Counts a committed change of a job by its new status.
    pub fn job_changed(&self, status: &str) {
        self.jobs_events.with_label_values(&[status]).inc();
    }

    /// Records how long a job waited in the queue.
    pub fn claimed(&self, waited_seconds: f64) {
        self.queue_wait.with_label_values::<&str>(&[]).observe(waited_seconds);
    }

    /// Records the end of an attempt.
    pub fn run_finished(&self, family: &str, verdict: &str, cause: &str, seconds: f64) {
        self.runs.with_label_values(&[verdict, cause]).inc();
        self.run_duration.with_label_values(&[family, verdict]).observe(seconds);
    }

    /// Counts an attempt of an earlier process: `adopted` (it came to its end here) or `lost`.
    pub fn run_recovered(&self, how: &str) {
        self.runs_recovered.with_label_values(&[how]).inc();
    }

    /// Sets how many attempts are under way, and whether this process claims more.
    pub fn worker(&self, inflight: usize, claiming: bool) {
        self.worker_inflight.set(i64::try_from(inflight).unwrap_or(i64::MAX));
        self.worker_up.set(i64::from(claiming));
    }

    /// Sets whether the engine can be started.
    pub fn engine(&self, up: bool) {
        self.engine_up.set(i64::from(up));
    }

    /// Sets the facts that the store tells; `jobs` counts every status.
    pub fn store(&self, fault: bool, quarantined: u64, jobs: &[(&str, u64)], audit_events: u64) {
        self.store_fault.set(i64::from(fault));
        self.store_quarantined.set(i64::try_from(quarantined).unwrap_or(i64::MAX));
        for (status, count) in jobs {
            self.jobs.with_label_values(&[status]).set(i64::try_from(*count).unwrap_or(i64::MAX));
        }
        self.audit_events.inc_by(audit_events.saturating_sub(self.audit_events.get()));
    }

    /// Sets how many jobs are queued and since when the oldest of them could have started.
    pub fn queue(&self, depth: u64, oldest_age_seconds: f64) {
        self.queue_depth.with_label_values(&["all"]).set(i64::try_from(depth).unwrap_or(i64::MAX));
        self.queue_oldest_age.set(oldest_age_seconds);
    }

    /// Sets how many upload sessions are open.
    pub fn upload_sessions(&self, open: usize) {
        self.upload_sessions_open.set(i64::try_from(open).unwrap_or(i64::MAX));
    }

    /// Counts what retention removed: `job`, `unfinished`, `inputs`, `workdir` or `upload`.
    pub fn retention_removed(&self, kind: &str, n: u64) {
        self.retention_removed.with_label_values(&[kind]).inc_by(n);
    }

    /// Sets whether the settings that were read last are in force.
    pub fn config_reload(&self, ok: bool) {
        self.config_reload_success.set(i64::from(ok));
    }

    /// Sets when the certificate ends, in seconds of Unix time.
    pub fn tls_cert_expiry(&self, at: Option<i64>) {
        self.tls_cert_expiry.set(at.unwrap_or(0));
    }

    /// Sets whether a rule of the production gate holds.
    pub fn gate_requirement(&self, rule: &str, ok: bool) {
        self.gate_requirement_ok.with_label_values(&[rule]).set(i64::from(ok));
    }

    /// Sets when the last whole backup was made, in seconds of Unix time.
    pub fn backup(&self, last_success: Option<i64>) {
        self.backup_last_success.set(last_success.unwrap_or(0));
    }

    /// Sets the time since start and the free space of the data volume.
    pub fn host(&self, uptime_seconds: f64, disk_free_bytes: Option<u64>) {
        self.uptime.set(uptime_seconds);
        if let Some(bytes) = disk_free_bytes {
            self.disk_free.set(bytes as f64);
        }
    }

    /// Writes the Prometheus text format, version 0.0.4.
    pub fn render(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(16 * 1024);
        TextEncoder::new()
            .encode(&self.registry.gather(), &mut out)
            .expect("writing to memory does not fail");
        out
    }
}
