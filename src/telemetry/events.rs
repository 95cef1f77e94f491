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
    event(
        "SS_ARTIFACT_DAMAGED",
        "error",
        "An artifact is not what its hash says; it is not served. Restore it from a backup.",
        "rel_path",
    ),
    event(
        "SS_ARTIFACT_UNREADABLE",
        "error",
        "An indexed artifact is gone or cannot be read. Check the data volume.",
        "rel_path, error",
    ),
    event(
        "SS_AUDIT_FILE_DAMAGED",
        "error",
        "A file of the exported audit log did not agree with the store; it was set aside and written anew.",
        "file",
    ),
    event(
        "SS_AUDIT_HEAD",
        "info",
        "The last event of an audit chain, every minute in which it moved and at the end. Keep it elsewhere: it is an anchor for `audit verify`.",
        "chain, seq, hash",
    ),
    event(
        "SS_BACKUP_DONE",
        "info",
        "A backup was made; files that are missing are named in its report.",
        "id, sequence, audit_seq, new_bytes, missing",
    ),
    event("SS_BACKUP_FAILED", "error", "No backup was made. Look at the directory of the backup.", "error"),
    event(
        "SS_COMMIT_UNKNOWN",
        "error",
        "Whether a commit was applied is not known; the client was told to ask again.",
        "commit",
    ),
    event(
        "SS_CONFIG_RELOADED",
        "info",
        "The settings were read again; those that need a restart are named.",
        "applied, restart_needed",
    ),
    event(
        "SS_CONFIG_RELOAD_FAILED",
        "error",
        "The settings were read again and refused; the old ones stay in force. Correct them.",
        "problems",
    ),
    event(
        "SS_CONFIG_WITHOUT_EFFECT",
        "warn",
        "A setting was given that nothing acts on in this release.",
        "key",
    ),
    event(
        "SS_CONTENT_NOT_REMOVED",
        "warn",
        "Files of removed content could not be removed; the sweeper tries again. Look at the data volume.",
        "error",
    ),
    event("SS_CONTROL_FAILED", "warn", "The control socket or one of its requests failed.", "error"),
    event(
        "SS_CONTROL_REFUSED",
        "warn",
        "A request on the control socket came from another user.",
        "uid, error",
    ),
    event("SS_DATA_IO_FAILED", "error", "The data volume could not be read or written. Check it.", "error"),
    event(
        "SS_DEFECT",
        "error",
        "Something that must not happen happened; the caller got 500. Report it.",
        "reason, misfits",
    ),
    event(
        "SS_DISK_LOW",
        "error",
        "The data volume is nearly full: claims stop, new work is refused. Make room.",
        "free_bytes, needed_bytes",
    ),
    event("SS_DISK_OK", "info", "There is room on the data volume again; claims go on.", "free_bytes"),
    event(
        "SS_DISK_RESERVE_USED",
        "warn",
        "The volume is full; the space held back for the ends of runs was given up. Make room.",
        "",
    ),
    event("SS_ENGINE_ATTESTED", "info", "The engine proved to be a Stata.", "version, edition"),
    event(
        "SS_ENGINE_DOWN",
        "error",
        "The engine cannot be used here; claims stop until a probe succeeds. Look at licence and command.",
        "cause",
    ),
    event(
        "SS_ENGINE_ENDED",
        "debug",
        "The launcher of an attempt told how the engine ended; the verdict follows.",
        "ended, cpu_ms",
    ),
    event("SS_ENGINE_PROBE_FAILED", "warn", "The engine could not be probed.", "error"),
    event(
        "SS_ENGINE_REFUSED",
        "error",
        "The engine did not prove to be a Stata; see docs/gate.md for the reason.",
        "reason, detail",
    ),
    event("SS_ENGINE_UP", "info", "The engine can be used again; claims go on.", ""),
    event(
        "SS_EXPORT_FAILED",
        "error",
        "The readable copies (`job.json`, `audit/*.jsonl`) lag behind; no data is at risk.",
        "error",
    ),
    event("SS_GATE_OPEN", "info", "Every rule of the production gate holds; business routes are served.", ""),
    event(
        "SS_GATE_VIOLATED",
        "error",
        "A rule of the production gate is violated. Do what the remedy says.",
        "rule, detail, remedy",
    ),
    event("SS_HTTP_PANIC", "error", "A handler panicked; the client got 500. Report it.", "message"),
    event("SS_HTTP_REQUEST", "debug, warn from 500", "A request was answered.", "status, duration_ms, path"),
    event(
        "SS_IDEMPOTENCY_NOT_STORED",
        "warn",
        "The answer for an idempotency key was not stored; a repeat would do the work again.",
        "error",
    ),
    event(
        "SS_INGEST_IO_FAILED",
        "error",
        "A file of an upload could not be read or written. Look at the data volume.",
        "what, error",
    ),
    event("SS_INGEST_PANICKED", "error", "A reader panicked on a damaged file; the upload was refused.", ""),
    event("SS_INGEST_REFUSED", "info", "An upload was refused; the client knows why.", "code"),
    event(
        "SS_LAUNCHER_FAILED",
        "error or warn",
        "The launcher of a run could not be started or signalled.",
        "run_id, error",
    ),
    event(
        "SS_LOGIN_FAILED",
        "warn",
        "A login of the administrator failed, or the record of one could not be written or read.",
        "address, code",
    ),
    event("SS_MIGRATION_BEGIN", "info", "Records of older releases are looked for and migrated.", ""),
    event("SS_MIGRATION_DONE", "info", "Every old place was looked at.", "found, migrated, failed"),
    event(
        "SS_MIGRATION_FAILED",
        "error",
        "Migration was interrupted by the store or the disk; it goes on by itself.",
        "error",
    ),
    event("SS_MIGRATION_PAUSED", "info", "Migration goes on with the next start.", "migrated"),
    event(
        "SS_MIGRATION_REFUSED",
        "error",
        "An old record cannot be migrated; it stays where it is. Mend or remove it, then run `migrate`.",
        "place, reason",
    ),
    event(
        "SS_LLM_ATTEMPT",
        "info",
        "An attempt at the language model ended: answered, or with the cause of its failure.",
        "provider, model, purpose, attempt, elapsed_ms, outcome, status, next_delay_ms",
    ),
    event(
        "SS_LLM_BREAKER",
        "warn or info",
        "Calls to a provider are held back after failures in a row, or go on again.",
        "provider, open, open_seconds",
    ),
    event(
        "SS_LLM_DRAFT_DROPPED",
        "warn",
        "A model's draft came too late: requirement, inputs or draft had changed.",
        "code",
    ),
    event(
        "SS_LLM_FAILED",
        "warn",
        "The language model gave no usable draft or interpretation; clients get the same failure until they ask again.",
        "cause, attempts, code",
    ),
    event(
        "SS_LLM_INTERPRETATION_DROPPED",
        "warn",
        "An interpretation came too late: the job's content was removed, or the store could not take it.",
        "code",
    ),
    event(
        "SS_LLM_TIMEOUT",
        "warn",
        "An attempt at the language model ran out of time.",
        "provider, model, purpose, attempt, elapsed_ms, outcome, next_delay_ms",
    ),
    event(
        "SS_OPEN_FILES_LOW",
        "warn",
        "The limit of open files is too low for `http.max_connections`; fewer connections are let in. Raise it.",
        "open_files, needed, connections",
    ),
    event(
        "SS_ORPHANS_REAPED",
        "debug",
        "Orphans were collected by the first process of a container.",
        "count",
    ),
    event(
        "SS_POOL_PANICKED",
        "error",
        "Blocking work panicked; its request got 500. Report it.",
        "pool, error",
    ),
    event(
        "SS_PREVIEW_FAILED",
        "error",
        "Canonical data could not be read back. Check the data volume.",
        "error",
    ),
    event(
        "SS_QUEUE_UNREADABLE",
        "error",
        "The queue could not be loaded from the store; it is tried again.",
        "error",
    ),
    event("SS_READY", "info", "The service answers.", "address"),
    event(
        "SS_RECORD_DAMAGED",
        "error",
        "A stored record fails its checksum; it is quarantined and everything else is served. Restore it.",
        "key, reason, seq, error",
    ),
    event(
        "SS_RECORD_NEWER",
        "error",
        "A stored record was written by a newer release and is left as it is. Start that release again.",
        "key",
    ),
    event(
        "SS_RENDERING_FAILED",
        "warn",
        "A format that was asked for could not be made of a succeeded run; the run says so among its checks.",
        "run_id, format, reason",
    ),
    event("SS_RETENTION_POSTPONED", "warn", "A removal was left to a later pass of the sweeper.", "error"),
    event(
        "SS_RETENTION_REMOVED",
        "info",
        "The sweeper removed what was due; the audit trail names each thing.",
        "removed, held",
    ),
    event("SS_RUN_ADOPTED", "info", "An attempt of an earlier process goes on.", "run_id"),
    event(
        "SS_RUN_DIR_NOT_REMOVED",
        "warn",
        "The working folder of an ended run could not be removed.",
        "run_id, error",
    ),
    event(
        "SS_RUN_FILE_DAMAGED",
        "error",
        "A file of an attempt is damaged and is not believed; the attempt is lost and tried again.",
        "run_id, file, reason",
    ),
    event(
        "SS_RUN_FINISHED",
        "info",
        "An attempt ended with a verdict.",
        "attempt, status, cause, job_status",
    ),
    event(
        "SS_RUN_NOT_PREPARED",
        "error",
        "The run directory of an attempt could not be built; the attempt failed.",
        "run_id, detail",
    ),
    event(
        "SS_RUN_NOT_PUBLISHED",
        "error",
        "The artifacts of an attempt could not be stored. Check the data volume.",
        "run_id, error",
    ),
    event(
        "SS_RUN_PANICKED",
        "error",
        "The code around an attempt panicked; the attempt failed. Report it.",
        "run_id",
    ),
    event(
        "SS_RUN_STALE",
        "warn",
        "An attempt lost its job to a newer one and was dropped; nothing of it is published.",
        "run_id",
    ),
    event("SS_RUN_STARTED", "info", "An attempt was claimed and begins.", "attempt, waited_ms"),
    event(
        "SS_RUN_UNREADABLE",
        "error",
        "What became of an attempt of an earlier process cannot be seen.",
        "run_id, error",
    ),
    event("SS_SHUTDOWN_BEGIN", "info", "The orderly end began.", ""),
    event("SS_SHUTDOWN_DONE", "info", "Everything is at rest; the process ends.", "duration_ms"),
    event("SS_SHUTDOWN_STEP", "info", "A part is at rest, or its time ran out.", "step, in_time"),
    event(
        "SS_STORE_COMMITS_LOST",
        "error",
        "The store is behind what it acknowledged. The records named are withheld: restore them from a backup.",
        "lost_commits, records",
    ),
    event(
        "SS_STORE_FAULT",
        "error",
        "The store stopped for good; the service ends with 74. Check the data volume.",
        "fault",
    ),
    event("SS_STORE_FULL", "error", "The store's volume is full; commits are refused. Make room.", ""),
    event(
        "SS_STORE_HEADS_REPAIRED",
        "error",
        "The store's kept heads disagreed with its tables at the start and were taken from the tables.",
        "",
    ),
    event(
        "SS_STORE_LOG_DAMAGED",
        "error",
        "The write-ahead log was damaged before durable commits; a copy of it was kept.",
        "lost_commits, copy",
    ),
    event("SS_STORE_PANICKED", "error", "A thread of the store panicked. Report it.", ""),
    event("SS_STORE_STOPPED", "error", "The store stopped or refuses work because it has stopped.", "reason"),
    event(
        "SS_STORE_TABLE_DAMAGED",
        "error",
        "A table of the store or one of its indexes is damaged; the indexes are made anew. Run `store check`.",
        "table, what",
    ),
    event(
        "SS_STORE_TABLE_MENDED",
        "info",
        "The indexes of a damaged table were made anew, and it is whole.",
        "table",
    ),
    event(
        "SS_TENANTS_UNREADABLE",
        "warn",
        "The tenants' settings could not be read again; the old ones stay in force.",
        "error",
    ),
    event(
        "SS_THREAD_NOT_STARTED",
        "error",
        "The system gave no thread for an attempt. Look at its limits.",
        "error",
    ),
    event(
        "SS_TRACES_LOST",
        "warn",
        "Spans did not reach the collector before the process ended. Look at the collector.",
        "dropped, failed, in_time",
    ),
    event("SS_WORKER_COMMIT_REFUSED", "error", "The store refused a commit of the worker.", "job_id, error"),
    event(
        "SS_WORKER_NOT_STARTED",
        "error",
        "The worker could not start once the gate was open; the service ends.",
        "error",
    ),
];

/// Writes `docs/logging.md`.
pub fn markdown() -> String {
    let mut out = String::from(
        "# Logs\n\nLog lines go to standard error: `json` (one object per line) or `pretty`, chosen by `log.format`; `auto` is \
         pretty in a\nterminal. `log.level` is a level or a filter by module. Nothing that a user uploaded, typed or keeps \
         secret is logged.\n\nA JSON line has `time` (RFC 3339, UTC), `level`, `target`, `message`, `event` where the line has \
         a stable name, the fields\nof the event, and those of the request or run that it belongs to: `trace_id`, \
         `span_id`, `tenant_id`, `job_id`, `run_id`,\n`http.method`, `http.route`. The filter does not take these from a \
         line. A request whose client names no trace of its own is in\nthe trace of its job, from the line on that follows \
         the check of its credential; so are all lines of a run. `docs/tracing.md`\nsays more. Where a request or run is \
         traced, `span_id` is that of its span at the collector.\n\nThe launcher of a run logs nothing here: what it has \
         to say stands in the run\'s outcome, which `SS_ENGINE_ENDED` tells.\n\nThis table is generated from \
         `src/telemetry/events.rs`; `tests/it/operations/logs.rs` compares it and says how to renew it.\n\n\
         | event | level | meaning | fields |\n|---|---|---|---|\n",
    );
    for e in EVENTS {
        out.push_str(&format!("| `{}` | {} | {} | {} |\n", e.name, e.level, e.meaning, e.fields));
    }
    out
}
