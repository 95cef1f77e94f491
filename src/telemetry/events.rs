//! The stable names of log events: what operators may search for and alert on. A test finds every name in
//! the sources here and in `docs/logging.md`.

/// One event.
#[derive(Debug, Clone, Copy)]
pub struct Event {
    /// Never renamed, never reused.
    pub name: &'static str,
    pub level: &'static str,
    /// What happened, and what an operator should do where that is needed.
    pub meaning: &'static str,
    /// Fields beside time, level, target, message and those of the spans.
    pub fields: &'static str,
}

const fn event(
    name: &'static str,
    level: &'static str,
    meaning: &'static str,
    fields: &'static str,
) -> Event {
    Event { name, level, meaning, fields }
}

/// Every event, by name.
pub const EVENTS: &[Event] = &[
    event("SS_HTTP_PANIC", "error", "A handler panicked; the client got 500. Report it.", "message"),
    event("SS_HTTP_REQUEST", "debug, warn from 500", "A request was answered.", "status, duration_ms, path"),
    event(
        "SS_INGEST_IO_FAILED",
        "error",
        "A file of an upload could not be read or written. Look at the data volume.",
        "what, error",
    ),
    event("SS_INGEST_PANICKED", "error", "A reader panicked on a damaged file; the upload was refused.", ""),
    event("SS_INGEST_REFUSED", "info", "An upload was refused; the client knows why.", "code"),
    event(
        "SS_PREVIEW_FAILED",
        "error",
        "Canonical data could not be read back. Check the data volume.",
        "error",
    ),
    event(
        "SS_RUN_FINISHED",
        "info",
        "An attempt ended with a verdict.",
        "trace_id, tenant_id, job_id, run_id, attempt, status, cause, job_status",
    ),
    event("SS_SHUTDOWN_BEGIN", "info", "The orderly end began.", ""),
    event("SS_SHUTDOWN_DONE", "info", "Everything is at rest; the process ends.", "duration_ms"),
    event("SS_SHUTDOWN_STEP", "info", "A part is at rest, or its time ran out.", "step, in_time"),
];

/// Writes `docs/logging.md`.
pub fn markdown() -> String {
    let mut out = String::from(
        "# Logs\n\nLog lines go to standard error: `json` (one object per line) or `pretty`, chosen by `log.format`; `auto` is \
         pretty in a\nterminal. `log.level` is a level or a filter by module. Nothing that a user uploaded, typed or keeps \
         secret is logged.\n\nA JSON line has `time` (RFC 3339, UTC), `level`, `target`, `message`, `event` where the line has \
         a stable name, the fields\nof the event, and those of the request or run that it belongs to: `trace_id`, \
         `span_id`, `tenant_id`, `job_id`, `run_id`,\n`http.method`, `http.route`.\n\nThis table is generated from \
         `src/telemetry/events.rs`; `tests/it/telemetry_logs.rs` compares it and says how to renew it.\n\n\
         | event | level | meaning | fields |\n|---|---|---|---|\n",
    );
    for e in EVENTS {
        out.push_str(&format!("| `{}` | {} | {} | {} |\n", e.name, e.level, e.meaning, e.fields));
    }
    out
}
