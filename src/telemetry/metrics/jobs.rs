//! Metrics of jobs, the queue and runs.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use prometheus::{Gauge, HistogramVec, IntCounterVec, IntGauge, IntGaugeVec};

use super::exemplars::Exemplars;
use super::{Registrar, Vocabulary, as_gauge};

/// Upper bounds of waits and runs, in seconds.
const BUCKETS: &[f64] = &[0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0, 14400.0];
const WAIT: &str = "ss_queue_wait_seconds";
const RUNS: &str = "ss_runs_total";
const DURATION: &str = "ss_run_duration_seconds";
/// Stands for what the library does not know.
const OTHER: &str = "other";

/// The families of jobs, queue, runs and upload sessions.
pub struct JobMetrics {
    events: IntCounterVec,
    jobs: IntGaugeVec,
    queue_depth: IntGaugeVec,
    queue_oldest_age: Gauge,
    queue_wait: HistogramVec,
    runs: IntCounterVec,
    run_duration: HistogramVec,
    runs_recovered: IntCounterVec,
    runs_warned: IntCounterVec,
    worker_inflight: IntGauge,
    worker_up: IntGauge,
    uploads_open: IntGauge,
    retention_removed: IntCounterVec,
    exemplars: Arc<Exemplars>,
    run_checks: HashSet<String>,
    /// 0 while nothing is known to be queued.
    oldest_ready_ms: AtomicI64,
    /// Queued jobs of tenants with settings of their own.
    queued_own: AtomicU64,
}

impl JobMetrics {
    pub(super) fn new(r: &Registrar<'_>, exemplars: &Arc<Exemplars>, words: &Vocabulary) -> Self {
        let metrics = Self {
            events: r.counters("ss_jobs_total", "Changes of jobs by their new status.", &["event"]),
            jobs: r.gauges("ss_jobs", "Jobs by status.", &["status"]),
            queue_depth: r.gauges(
                "ss_queue_depth",
                "Queued jobs, of tenants with the service's settings (default) or their own settings (own).",
                &["tenant_class"],
            ),
            queue_oldest_age: r.float_gauge(
                "ss_queue_oldest_age_seconds",
                "Time since the oldest queued job could have started; 0 for an empty queue.",
            ),
            queue_wait: r.histograms(WAIT, "Time from queueing to claim.", BUCKETS, &[]),
            runs: r.counters(RUNS, "Attempts ended.", &["verdict", "cause"]),
            run_duration: r.histograms(
                DURATION,
                "Time from claim to verdict.",
                BUCKETS,
                &["template_family", "verdict"],
            ),
            runs_recovered: r.counters(
                "ss_runs_recovered_total",
                "Attempts of an earlier process: adopted, or lost with their host.",
                &["how"],
            ),
            runs_warned: r.counters(
                "ss_runs_warned_total",
                "Checks of ended attempts that gave a warning.",
                &["check"],
            ),
            worker_inflight: r.gauge("ss_worker_inflight_jobs", "Attempts under way."),
            worker_up: r.gauge("ss_worker_up", "1 while this process claims jobs."),
            uploads_open: r.gauge(
                "ss_upload_sessions_open",
                "Upload sessions begun, not expired, and without their whole file.",
            ),
            retention_removed: r.counters(
                "ss_retention_removed_total",
                "Things removed by retention.",
                &["kind"],
            ),
            exemplars: Arc::clone(exemplars),
            run_checks: words.run_checks.iter().cloned().collect(),
            oldest_ready_ms: AtomicI64::new(0),
            queued_own: AtomicU64::new(0),
        };
        metrics.begin(words);
        metrics
    }

    /// Makes the series that are known beforehand.
    fn begin(&self, words: &Vocabulary) {
        for status in &words.statuses {
            self.events.with_label_values(&[status]);
            self.jobs.with_label_values(&[status]);
        }
        for class in ["default", "own"] {
            self.queue_depth.with_label_values(&[class]);
        }
        self.queue_wait.with_label_values::<&str>(&[]);
        self.runs.with_label_values(&["succeeded", "none"]);
        self.runs.with_label_values(&["cancelled", "cancelled"]);
        for cause in words.causes.iter().filter(|cause| *cause != "cancelled") {
            self.runs.with_label_values(&["failed", cause]);
        }
        for family in &words.families {
            self.run_duration.with_label_values(&[family.as_str(), "succeeded"]);
        }
        for how in ["adopted", "lost"] {
            self.runs_recovered.with_label_values(&[how]);
        }
        for check in &words.run_checks {
            self.runs_warned.with_label_values(&[check]);
        }
        for kind in &words.removals {
            self.retention_removed.with_label_values(&[kind]);
        }
    }

    /// Counts a committed change of a job by its new status.
    pub fn changed(&self, status: &str) {
        self.events.with_label_values(&[status]).inc();
    }

    /// Sets how many jobs have each status.
    pub fn set_jobs(&self, jobs: &[(&str, u64)]) {
        for (status, count) in jobs {
            self.jobs.with_label_values(&[status]).set(as_gauge(*count));
        }
    }

    /// Sets how many jobs are queued, of tenants without and with their own settings, and with that how
    /// long the oldest could have started at a time in milliseconds of Unix time.
    pub fn set_queue(&self, queued: u64, now_ms: i64) {
        let own = self.queued_own.load(Ordering::Relaxed).min(queued);
        self.queue_depth.with_label_values(&["default"]).set(as_gauge(queued - own));
        self.queue_depth.with_label_values(&["own"]).set(as_gauge(own));
        let ready_ms = self.oldest_ready_ms.load(Ordering::Relaxed);
        let waits = queued > 0 && ready_ms != 0;
        let age = if waits { (now_ms - ready_ms).max(0) as f64 / 1000.0 } else { 0.0 };
        self.queue_oldest_age.set(age);
    }

    /// Notes since when, in milliseconds of Unix time, the oldest queued job could have started.
    pub fn note_oldest(&self, ready_ms: Option<i64>) {
        self.oldest_ready_ms.store(ready_ms.unwrap_or(0), Ordering::Relaxed);
    }

    /// Notes how many jobs are queued of tenants with settings of their own.
    pub fn note_queued_own(&self, queued: u64) {
        self.queued_own.store(queued, Ordering::Relaxed);
    }

    /// Records how long a job waited in the queue.
    pub fn claimed(&self, waited_seconds: f64, trace_id: &str) {
        // a clock that was set back makes no negative wait: sums only grow
        let waited_seconds = waited_seconds.max(0.0);
        self.queue_wait.with_label_values::<&str>(&[]).observe(waited_seconds);
        self.exemplars.slots(WAIT, &[], BUCKETS).note(waited_seconds, trace_id);
    }

    /// Records the end of an attempt.
    pub fn run_finished(&self, family: &str, verdict: &str, cause: &str, seconds: f64, trace_id: &str) {
        let seconds = seconds.max(0.0);
        self.runs.with_label_values(&[verdict, cause]).inc();
        self.run_duration.with_label_values(&[family, verdict]).observe(seconds);
        // by the order of the labels' names
        self.exemplars.slots(RUNS, &[cause, verdict], &[]).note(1.0, trace_id);
        self.exemplars.slots(DURATION, &[family, verdict], BUCKETS).note(seconds, trace_id);
    }

    /// Counts a check that gave a warning; one that no template makes is counted as `other`.
    pub fn run_warned(&self, check: &str) {
        let known = if self.run_checks.contains(check) { check } else { OTHER };
        self.runs_warned.with_label_values(&[known]).inc();
    }

    /// Counts an attempt of an earlier process: `adopted` (it came to its end here) or `lost`.
    pub fn run_recovered(&self, how: &str) {
        self.runs_recovered.with_label_values(&[how]).inc();
    }

    /// Sets how many attempts are under way, and whether this process claims more.
    pub fn set_worker(&self, inflight: usize, claiming: bool) {
        self.worker_inflight.set(as_gauge(inflight));
        self.worker_up.set(i64::from(claiming));
    }

    /// Sets how many upload sessions are open.
    pub fn set_uploads_open(&self, open: usize) {
        self.uploads_open.set(as_gauge(open));
    }

    /// Counts what retention removed: `job`, `unfinished`, `inputs`, `workdir` or `upload`.
    pub fn retention_removed(&self, kind: &str, n: u64) {
        self.retention_removed.with_label_values(&[kind]).inc_by(n);
    }
}
