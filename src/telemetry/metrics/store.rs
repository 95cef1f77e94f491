//! Metrics of the store and the audit chain.

use prometheus::{Histogram, HistogramVec, IntCounter, IntGauge};

use super::{Registrar, Vocabulary, as_gauge};

/// Upper bounds of the store's operations, in seconds: from memory to a slow disk.
const BUCKETS: &[f64] = &[0.000_01, 0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 1.0, 5.0];

/// The family `ss_store_*` and those of the audit chain.
pub struct StoreMetrics {
    ops: HistogramVec,
    conflicts: IntCounter,
    fault: IntGauge,
    quarantined: IntGauge,
    audit_events: IntCounter,
    audit_write_failures: IntCounter,
    backend: String,
}

impl StoreMetrics {
    pub(super) fn new(r: &Registrar<'_>, words: &Vocabulary) -> Self {
        let metrics = Self {
            ops: r.histograms(
                "ss_store_op_duration_seconds",
                "Time from the call of the store to its answer.",
                BUCKETS,
                &["op", "backend"],
            ),
            conflicts: r.counter(
                "ss_store_conflicts_total",
                "Commits refused because a record was at another version.",
            ),
            fault: r.gauge("ss_store_fault", "1 after the store stopped for good."),
            quarantined: r.gauge("ss_store_quarantined_records", "Records that fail their checksum."),
            audit_events: r.counter("ss_audit_events_total", "Events of the audit chains."),
            audit_write_failures: r.counter(
                "ss_audit_write_failures_total",
                "Times that audit events could not be written, to the chain or to its exported files.",
            ),
            backend: words.backend.clone(),
        };
        words.store_ops.iter().for_each(|op| drop(metrics.op(op)));
        metrics
    }

    /// Returns the histogram of an operation.
    pub fn op(&self, op: &str) -> Histogram {
        self.ops.with_label_values(&[op, self.backend.as_str()])
    }

    /// Counts a commit that met another version.
    pub fn conflict(&self) {
        self.conflicts.inc();
    }

    /// Sets the facts that the store tells. `audit_events` and `audit_write_failures` only grow.
    pub fn set(&self, fault: bool, quarantined: u64, audit_events: u64, audit_write_failures: u64) {
        self.fault.set(i64::from(fault));
        self.quarantined.set(as_gauge(quarantined));
        self.audit_events.inc_by(audit_events.saturating_sub(self.audit_events.get()));
        let counted = self.audit_write_failures.get();
        self.audit_write_failures.inc_by(audit_write_failures.saturating_sub(counted));
    }
}
