//! Names, times and contexts of spans for all rooms. The spans themselves are `tracing` spans whose `otel.` fields the
//! exporter in `crates/edge` reads; `docs/tracing.md` lists them.

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use tracing::Span;

/// The `traceparent` of what is under way here, for a record; none where nobody traces.
pub fn current() -> Option<String> {
    edge::otel::traceparent(&Span::current())
}

/// The `traceparent` of a run's own span, asked for within the run; where nobody traces, the one it would have.
pub fn of_run(trace_id: &str, run_id: &str) -> String {
    let here = current();
    let flags = here.as_deref().and_then(|text| text.rsplit('-').next()).unwrap_or("00");
    format!("00-{trace_id}-{}-{flags}", run_span_id(run_id))
}

/// The span id of a run: 16 hexadecimal digits that follow from the run's id, so that each process that takes the run
/// up continues the same span.
pub fn run_span_id(run_id: &str) -> String {
    let digest = Sha256::digest(format!("run span of {run_id}"));
    hex::encode(&digest[..8])
}

/// Nanoseconds since 1970, for `otel.start_ns` and `otel.end_ns`.
pub fn nanos(at: DateTime<Utc>) -> u64 {
    at.timestamp_nanos_opt().and_then(|ns| u64::try_from(ns).ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_has_the_same_span_in_every_process() {
        // printf %s 'run span of run_1' | sha256sum | cut -c1-16
        assert_eq!(run_span_id("run_1"), "aab8c93910f4250d");
        assert_ne!(run_span_id("run_1"), run_span_id("run_2"));
        assert_eq!(of_run(&"a".repeat(32), "run_1"), format!("00-{}-aab8c93910f4250d-00", "a".repeat(32)));
    }
}
