//! Metrics of the export of traces: what became of the spans that were sampled and ended.

use std::sync::{Arc, OnceLock};

use edge::otel::Counters;
use prometheus::IntCounterVec;

use super::Registrar;

/// The family `ss_otel_*`.
pub struct OtelMetrics {
    spans: IntCounterVec,
    /// Set where traces are exported.
    counters: OnceLock<Arc<Counters>>,
}

impl OtelMetrics {
    pub(super) fn new(r: &Registrar<'_>) -> Self {
        let spans = r.counters(
            "ss_otel_spans_total",
            "Spans that ended and were to be sent: exported, dropped for want of room, or failed.",
            &["outcome"],
        );
        for outcome in ["exported", "dropped", "failed"] {
            spans.with_label_values(&[outcome]);
        }
        Self { spans, counters: OnceLock::new() }
    }

    /// Says where the export counts.
    pub fn follow(&self, counters: Arc<Counters>) {
        // one process has one export
        let _ = self.counters.set(counters);
    }

    /// Takes over what was counted since.
    pub(super) fn renew(&self) {
        let Some(now) = self.counters.get() else { return };
        let counted = [("exported", now.exported()), ("dropped", now.dropped()), ("failed", now.failed())];
        for (outcome, n) in counted {
            let counter = self.spans.with_label_values(&[outcome]);
            counter.inc_by(n.saturating_sub(counter.get()));
        }
    }
}
