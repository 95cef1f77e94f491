//! The spans of a run. Their identity and times come from the record and the outcome, so that a run which another
//! process began, or ends, is one span in one trace all the same.

use chrono::{DateTime, Utc};
use tracing::Span;
use tracing::field::Empty;

use super::JobKey;
use crate::domain::ids::RunId;
use crate::domain::job::JobRecord;
use crate::domain::run::{Cause, Run, RunStatus};
use crate::domain::run_outcome::Outcome;
use crate::telemetry::traces::{nanos, run_span_id};

/// The span of an attempt, of the highest level so that no filter of log lines takes their ids from them.
pub(super) fn of_run(key: &JobKey, run_id: &RunId, job: &JobRecord) -> Span {
    let span = tracing::error_span!(
        "run",
        trace_id = Empty,
        tenant_id = key.0.as_str(),
        job_id = key.1.as_str(),
        run_id = run_id.as_str(),
        run.attempt = Empty,
        run.adopted = Empty,
        run.status = Empty,
        run.cause = Empty,
        run.job_status = Empty,
        run.template = Empty,
        otel.kind = "consumer",
        otel.span_id = run_span_id(run_id.as_str()),
        otel.parent = Empty,
        otel.link = Empty,
        otel.start_ns = Empty,
        otel.status_code = Empty,
        otel.discard = Empty,
    );
    place(&span, job);
    span
}

/// Puts a span that hangs from nothing yet into the trace of a job.
fn place(span: &Span, job: &JobRecord) {
    let (parent, link) = job.trace.of_run(&job.trace_id);
    if let Some(parent) = parent {
        span.record("otel.parent", parent);
    }
    if let Some(link) = link {
        span.record("otel.link", link);
    }
    span.record("trace_id", job.trace_id.as_str());
}

/// Says that nothing of an attempt is to be reported: it did not begin, or another process ends it.
pub(super) fn discard() {
    Span::current().record("otel.discard", true);
}

/// Completes the beginning of an attempt, whose span is current, from its record.
pub(super) fn began(job: &JobRecord, run: &Run, is_adopted: bool) {
    let span = Span::current();
    span.record("otel.start_ns", nanos(run.started_at));
    span.record("run.attempt", run.attempt);
    span.record("run.adopted", is_adopted);
    if let Some(plan) = &job.plan {
        span.record("run.template", plan.template.template_id.as_str());
    }
}

/// Records the wait in the queue that a claim ended, with the times of the record: it may be older than this process.
pub(super) fn waited(job: &JobRecord, run: &Run) {
    let Some(queued_at) = run.queued_at else { return };
    let span = tracing::debug_span!(
        parent: None,
        "queue.wait",
        trace_id = Empty,
        otel.parent = Empty,
        otel.link = Empty,
        otel.start_ns = nanos(queued_at),
        otel.end_ns = nanos(run.started_at),
        tenant_id = job.tenant_id.as_str(),
        job_id = job.job_id.as_str(),
        run_id = run.run_id.as_str(),
        run.attempt = run.attempt,
    );
    place(&span, job);
}

/// Records the preparation of an attempt, which began before the attempt had its job.
pub(super) fn prepared(began_at: DateTime<Utc>, ended_at: DateTime<Utc>) {
    tracing::debug_span!("run.prepare", otel.start_ns = nanos(began_at), otel.end_ns = nanos(ended_at));
}

/// Records the spans of the launcher and of the engine, by the times that the launcher wrote down.
pub(super) fn engine_ended(outcome: &Outcome) {
    if outcome.started_at_ns == 0 || outcome.ended_at_ns == 0 {
        return;
    }
    let launcher = tracing::debug_span!(
        "launcher",
        otel.start_ns = outcome.started_at_ns,
        otel.end_ns = outcome.ended_at_ns,
        run.containment = outcome.containment.as_str(),
        run.sandbox = outcome.sandbox.as_str(),
        run.leftovers = outcome.leftovers,
    );
    if !outcome.engine_started {
        return;
    }
    tracing::debug_span!(
        parent: &launcher,
        "engine",
        otel.start_ns = outcome.spawned_at_ns.max(outcome.started_at_ns),
        otel.end_ns = outcome.ended_at_ns.max(outcome.spawned_at_ns),
        process.ended = outcome.ended.kind(),
        process.cpu_ms = outcome.cpu_ms,
        process.peak_memory_bytes = outcome.peak_memory_bytes,
    );
}

/// Completes the span of an attempt whose end is committed.
pub(super) fn ended(run: &Run, after: &JobRecord) {
    let span = Span::current();
    span.record("run.status", run.status.as_str());
    span.record("run.job_status", after.status.as_str());
    if let Some(cause) = run.cause.map(Cause::as_str) {
        span.record("run.cause", cause);
    }
    if run.status == RunStatus::Failed {
        span.record("otel.status_code", "error");
    }
}
