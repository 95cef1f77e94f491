//! Metrics of webhooks.

use std::time::Duration;

use prometheus::{HistogramVec, IntCounter, IntCounterVec, IntGauge};

use super::{Registrar, as_gauge};

/// Upper bounds of attempts, in seconds.
const BUCKETS: &[f64] = &[0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0];
/// How attempts end.
const OUTCOMES: [&str; 3] = ["delivered", "refused", "unreachable"];

/// The family `ss_webhook_*`.
pub struct WebhookMetrics {
    attempts: IntCounterVec,
    duration: HistogramVec,
    deliveries: IntCounter,
    given_up: IntCounter,
    disabled: IntCounter,
    pending: IntGauge,
}

impl WebhookMetrics {
    /// Builds and registers the family.
    pub(super) fn new(r: &Registrar<'_>) -> Self {
        let metrics = Self {
            attempts: r.counters(
                "ss_webhook_attempts_total",
                "Attempts at deliveries by outcome.",
                &["outcome"],
            ),
            duration: r.histograms(
                "ss_webhook_attempt_duration_seconds",
                "Time of one attempt at a delivery.",
                BUCKETS,
                &["outcome"],
            ),
            deliveries: r.counter("ss_webhook_deliveries_total", "Deliveries made out of events of jobs."),
            given_up: r.counter("ss_webhook_given_up_total", "Deliveries that were given up."),
            disabled: r.counter("ss_webhook_disabled_total", "Endpoints that the service disabled."),
            pending: r.gauge("ss_webhook_pending_endpoints", "Endpoints with pending deliveries."),
        };
        for outcome in OUTCOMES {
            metrics.attempts.with_label_values(&[outcome]);
            metrics.duration.with_label_values(&[outcome]);
        }
        metrics
    }

    /// An attempt ended.
    pub fn attempt(&self, outcome: &str, elapsed: Duration) {
        self.attempts.with_label_values(&[outcome]).inc();
        self.duration.with_label_values(&[outcome]).observe(elapsed.as_secs_f64());
    }

    /// Deliveries were made.
    pub fn made(&self, count: usize) {
        self.deliveries.inc_by(count as u64);
    }

    /// A delivery was given up.
    pub fn given_up(&self) {
        self.given_up.inc();
    }

    /// The service disabled an endpoint.
    pub fn disabled(&self) {
        self.disabled.inc();
    }

    /// Sets how many endpoints have pending deliveries.
    pub fn set_pending(&self, count: usize) {
        self.pending.set(as_gauge(count));
    }
}
