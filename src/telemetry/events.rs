//! The stable names of log events, for searches and alerts of operators. A test finds every name in
//! the sources here and in `docs/logging.md`. They are in `events.tsv`: name, level, meaning and fields, with tabs between them.

/// One event.
#[derive(Debug, Clone, Copy)]
pub struct Event {
    /// Never renamed, never reused.
    pub name: &'static str,
    /// `error`, `warn`, `info` or `debug`.
    pub level: &'static str,
    /// Meaning of the event, and the operator's action if one is needed.
    pub meaning: &'static str,
    /// Fields in addition to time, level, target, message and those of the spans.
    pub fields: &'static str,
}

/// Every event, by name.
pub fn events() -> impl Iterator<Item = Event> {
    include_str!("events.tsv").lines().map(|line| {
        let mut columns = line.split('\t');
        let mut next = || columns.next().unwrap_or_default();
        Event { name: next(), level: next(), meaning: next(), fields: next() }
    })
}

/// Writes `docs/logging.md`.
pub fn markdown() -> String {
    let mut out = String::from(
        "# Logs\n\nLog lines go to standard error: `json` (one object per line) or `pretty`, chosen by `log.format`; `auto` is \
         pretty in a\nterminal. `log.level` is a level or a filter by module. Uploaded data, texts of users and secrets are \
         never logged.\n\nA JSON line has `time` (RFC 3339, UTC), `level`, `target`, `message`, `event` if the line has a \
         stable name, the fields of the\nevent, and those of its request or run: `trace_id`, `span_id`, `tenant_id`, \
         `job_id`, `run_id`, `http.method`, `http.route`. The\nfilter never removes these from a line. If the client sends \
         no `traceparent`, log lines carry the job's trace id once the credential\nhas been verified. All lines of a run \
         carry it. See `docs/tracing.md`. If a request or run is traced, `span_id` is the id of its span\nat the \
         collector.\n\nThe launcher does not log here. Its report is part of the run's outcome and is summarised by \
         `SS_ENGINE_ENDED`.\n\nThis table is generated from `src/telemetry/events.tsv`; \
         `SS_TEST_RENEW=1 cargo test --test it operations::logs` renews it.\n\n\
         | event | level | meaning | fields |\n|---|---|---|---|\n",
    );
    for e in events() {
        out.push_str(&format!("| `{}` | {} | {} | {} |\n", e.name, e.level, e.meaning, e.fields));
    }
    out
}
