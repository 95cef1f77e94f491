//! The stable names of log events, for searches and alerts of operators. A test finds every name in
//! the sources here and in `docs/logging.md`.

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
        "An artifact does not match its hash and is not served. Restore it from a backup.",
        "rel_path",
    ),
    event(
        "SS_ARTIFACT_UNREADABLE",
        "error",
        "An indexed artifact is missing or cannot be read. Check the data volume.",
        "rel_path, error",
    ),
    event(
        "SS_AUDIT_FILE_DAMAGED",
        "error",
        "A file of the exported audit log did not match the store; it was set aside and rewritten.",
        "file",
    ),
    event(
        "SS_AUDIT_HEAD",
        "info",
        "The last event of an audit chain, once a minute if it changed and at shutdown. Keep it on another machine: it is an anchor for `audit verify`.",
        "chain, seq, hash",
    ),
    event(
        "SS_BACKUP_DONE",
        "info",
        "A backup was made; its report names missing files.",
        "id, sequence, audit_seq, new_bytes, missing",
    ),
    event("SS_BACKUP_FAILED", "error", "No backup was made. Check the directory of the backup.", "error"),
    event(
        "SS_COMMIT_UNKNOWN",
        "error",
        "It is not known whether a commit was applied; the client was asked to repeat the request.",
        "commit",
    ),
    event(
        "SS_CONFIG_RELOADED",
        "info",
        "The settings were reloaded; the line names those that need a restart.",
        "applied, restart_needed",
    ),
    event(
        "SS_CONFIG_RELOAD_FAILED",
        "error",
        "The settings could not be reloaded because they are invalid; the old ones stay in force. Correct them.",
        "problems",
    ),
    event(
        "SS_CONFIG_WITHOUT_EFFECT",
        "warn",
        "A setting was given that has no effect in this release.",
        "key",
    ),
    event(
        "SS_CONTENT_NOT_REMOVED",
        "warn",
        "Files of removed content could not be removed; the sweeper tries again. Check the data volume.",
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
        "An internal invariant was violated; the caller got 500. Report it.",
        "reason, misfits",
    ),
    event(
        "SS_DISK_LOW",
        "error",
        "The data volume is nearly full: claims stop, new work is refused. Free space.",
        "free_bytes, needed_bytes",
    ),
    event("SS_DISK_OK", "info", "The data volume has enough free space again; claims resume.", "free_bytes"),
    event(
        "SS_DISK_RESERVE_USED",
        "warn",
        "The volume is full; the space reserved for the ends of runs was released. Free space.",
        "",
    ),
    event("SS_ENGINE_ATTESTED", "info", "The engine was attested as Stata.", "version, edition"),
    event(
        "SS_ENGINE_DOWN",
        "error",
        "The engine cannot be used here; claims stop until a probe succeeds. Check licence and command.",
        "cause",
    ),
    event(
        "SS_ENGINE_ENDED",
        "debug",
        "The launcher of an attempt reported how the engine ended; the verdict follows.",
        "ended, cpu_ms",
    ),
    event(
        "SS_ENGINE_PATHS",
        "warn",
        "Runs may not read a path that the engine's command needs; the text names path and setting.",
        "problem",
    ),
    event("SS_ENGINE_PROBE_FAILED", "warn", "The engine could not be probed.", "error"),
    event(
        "SS_ENGINE_REFUSED",
        "error",
        "The engine could not be attested as Stata; see docs/gate.md for the reason.",
        "reason, detail",
    ),
    event("SS_ENGINE_UP", "info", "The engine can be used again; claims resume.", ""),
    event(
        "SS_EXPORT_FAILED",
        "error",
        "The readable copies (`job.json`, `audit/*.jsonl`) lag behind; no data is at risk.",
        "error",
    ),
    event(
        "SS_FILES_RESTORED",
        "info",
        "The last owner of the data directory did not end by itself: published files were compared with their journal and \
         written again where they had not reached the disk. `head_damaged` or many `incomplete` frames point to a damaged \
         disk: run `stata-service store check`.",
        "files, restored, incomplete, head_damaged",
    ),
    event(
        "SS_FILES_UNAVAILABLE",
        "error",
        "A request or a run needs files that cannot be reached. Check the object store.",
        "error, left_out",
    ),
    event("SS_GATE_OPEN", "info", "Every rule of the production gate holds; business routes are served.", ""),
    event(
        "SS_GATE_VIOLATED",
        "error",
        "A rule of the production gate is violated. Follow the remedy.",
        "rule, detail, remedy",
    ),
    event("SS_HTTP_PANIC", "error", "A handler panicked; the client got 500. Report it.", "message"),
    event("SS_HTTP_REQUEST", "debug, warn from 500", "A request was answered.", "status, duration_ms, path"),
    event(
        "SS_IDEMPOTENCY_NOT_STORED",
        "warn",
        "The response for an idempotency key was not stored; a repeated request would do the work again.",
        "error",
    ),
    event(
        "SS_INGEST_CONTINUED",
        "info",
        "The server that read an upload has ended; this one continues the reading.",
        "ss.job_id",
    ),
    event(
        "SS_INGEST_IO_FAILED",
        "error",
        "A file of an upload could not be read or written. Check the data volume.",
        "what, error",
    ),
    event("SS_INGEST_KILLED", "warn", "A reader was killed from outside; another one starts.", ""),
    event(
        "SS_INGEST_LEFT",
        "warn",
        "The reading of an upload whose server has ended could not be continued now; it is tried again.",
        "code or error",
    ),
    event("SS_INGEST_PANICKED", "error", "A reader panicked on a damaged file; the upload was rejected.", ""),
    event("SS_INGEST_REFUSED", "info", "An upload was rejected; the response has the reason.", "code"),
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
    event(
        "SS_MIGRATION_BEGIN",
        "info",
        "The search for records of older releases, and their migration, begins.",
        "",
    ),
    event("SS_MIGRATION_DONE", "info", "Every legacy path was checked.", "found, migrated, failed"),
    event(
        "SS_MIGRATION_FAILED",
        "error",
        "Migration was interrupted by the store or the disk; it continues automatically.",
        "error",
    ),
    event("SS_MIGRATION_PAUSED", "info", "Migration continues with the next start.", "migrated"),
    event(
        "SS_MIGRATION_REFUSED",
        "error",
        "An old record cannot be migrated; it stays unchanged. Fix or remove it, then run `migrate`.",
        "place, reason",
    ),
    event(
        "SS_LLM_ATTEMPT",
        "info",
        "An attempt of a language model call ended: answered, or with the cause of its failure.",
        "provider, model, purpose, attempt, elapsed_ms, outcome, status, next_delay_ms",
    ),
    event(
        "SS_LLM_BREAKER",
        "warn or info",
        "Calls to a provider are suspended after consecutive failures, or resumed.",
        "provider, open, open_seconds",
    ),
    event(
        "SS_LLM_DRAFT_DROPPED",
        "warn",
        "A model's draft arrived too late: requirement, inputs or draft had changed.",
        "code",
    ),
    event(
        "SS_LLM_FAILED",
        "warn",
        "The language model gave no usable draft or interpretation; clients get the same failure until they request a new one.",
        "cause, attempts, code",
    ),
    event(
        "SS_LLM_INTERPRETATION_DROPPED",
        "warn",
        "An interpretation arrived too late: the job's content was removed, or the store refused it.",
        "code",
    ),
    event(
        "SS_LLM_TIMEOUT",
        "warn",
        "An attempt of a language model call timed out.",
        "provider, model, purpose, attempt, elapsed_ms, outcome, next_delay_ms",
    ),
    event(
        "SS_OBJECT_STORE_AWAY",
        "error",
        "The object store does not answer, or refuses requests.",
        "place, reason",
    ),
    event("SS_OBJECT_STORE_BACK", "info", "The object store answers again.", "place"),
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
        "The queue could not be loaded from the store; loading is retried.",
        "error",
    ),
    event("SS_READY", "info", "The service accepts requests.", "address"),
    event(
        "SS_RECORD_DAMAGED",
        "error",
        "A stored record fails its checksum; it is quarantined and all other records are served. Restore it.",
        "key, reason, seq, error",
    ),
    event(
        "SS_RECORD_NEWER",
        "error",
        "A stored record was written by a newer release and is left unchanged. Start that release again.",
        "key",
    ),
    event(
        "SS_RENDERING_FAILED",
        "warn",
        "A requested format of a succeeded run could not be rendered; the checks of the run report it.",
        "run_id, format, reason",
    ),
    event(
        "SS_RETENTION_POSTPONED",
        "warn",
        "A removal was postponed to a later pass of the sweeper.",
        "error",
    ),
    event(
        "SS_RETENTION_REMOVED",
        "info",
        "The sweeper removed expired content; the audit trail names each item.",
        "removed, held",
    ),
    event("SS_RUN_ADOPTED", "info", "An attempt started by an earlier process was adopted.", "run_id"),
    event(
        "SS_RUN_DIR_NOT_REMOVED",
        "warn",
        "The working folder of an ended run could not be removed.",
        "run_id, error",
    ),
    event(
        "SS_RUN_FILE_DAMAGED",
        "error",
        "A file of an attempt is damaged and ignored; the attempt is lost and retried.",
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
        "An attempt lost its job to a newer one and was dropped; none of its results is published.",
        "run_id",
    ),
    event("SS_RUN_STARTED", "info", "An attempt was claimed and begins.", "attempt, waited_ms"),
    event(
        "SS_RUN_UNREADABLE",
        "error",
        "The state of an attempt started by an earlier process cannot be read.",
        "run_id, error",
    ),
    event("SS_SHUTDOWN_BEGIN", "info", "The orderly shutdown began.", ""),
    event("SS_SHUTDOWN_DONE", "info", "All parts have stopped; the process ends.", "duration_ms"),
    event("SS_SHUTDOWN_STEP", "info", "A part has stopped, or its time ran out.", "step, in_time"),
    event(
        "SS_STORE_COMMITS_LOST",
        "error",
        "The store lost acknowledged commits. The named records are withheld: restore them from a backup.",
        "lost_commits, records",
    ),
    event(
        "SS_STORE_FAULT",
        "error",
        "The store stopped permanently; the service exits with 74. Check the data volume.",
        "fault",
    ),
    event("SS_STORE_FULL", "error", "The store's volume is full; commits are refused. Free space.", ""),
    event(
        "SS_STORE_HEADS_REPAIRED",
        "error",
        "The store's saved heads did not match its tables at the start and were restored from the tables.",
        "",
    ),
    event(
        "SS_STORE_LOG_DAMAGED",
        "error",
        "The write-ahead log was damaged before durable commits; a copy of it was kept.",
        "lost_commits, copy",
    ),
    event("SS_STORE_PANICKED", "error", "A thread of the store panicked. Report it.", ""),
    event(
        "SS_LEADER",
        "info",
        "This server does what one server does for all: webhooks, records of batches.",
        "term",
    ),
    event("SS_LEADER_ENDED", "info", "Another server does what one server does for all.", ""),
    event(
        "SS_LEADER_POSTPONED",
        "warn",
        "What one server does for all could not begin; it is tried again. Check the store if it repeats.",
        "error",
    ),
    event(
        "SS_NODE_DECLARED_LOST",
        "warn",
        "A server did not renew its lease; its runs are queued again. See the runbook `lost-node`.",
        "node, epoch",
    ),
    event(
        "SS_NODE_LOST",
        "warn",
        "This server did not renew its lease for so long that others declared it lost; it joined again, and its earlier runs \
         belong to others. Check the network between server and database.",
        "epoch, now",
    ),
    event(
        "SS_RUN_NODE_LOST",
        "warn",
        "The server of a run is lost; the run ended as `worker_lost` and its job was queued again within its budget.",
        "run_id, attempt, job_status",
    ),
    event("SS_ROLE", "info", "The server starts no runs, by its role (`server.role`).", "role"),
    event(
        "SS_STORE_NO_WAKE",
        "info",
        "No notification of PostgreSQL arrives, as behind a pooler: changes of other servers are seen about a second late. Set \
         `store.listen_url` to an address without the pooler.",
        "",
    ),
    event(
        "SS_STORE_POOLED",
        "info",
        "A pooler is between the service and PostgreSQL: statements have no names, and are parsed and planned again each time. \
         Commits and reads cost the database about twice as much.",
        "",
    ),
    event("SS_STORE_STOPPED", "error", "The store stopped or refuses work because it has stopped.", "reason"),
    event(
        "SS_STORE_TABLE_DAMAGED",
        "error",
        "A table of the store or one of its indexes is damaged; the indexes are rebuilt. Run `store check`.",
        "table, what",
    ),
    event(
        "SS_STORE_TABLE_MENDED",
        "info",
        "The indexes of a damaged table were rebuilt, and the table passes its check.",
        "table",
    ),
    event(
        "SS_STORE_NOT_DURABLE",
        "warn",
        "PostgreSQL may lose acknowledged changes: by a power failure with `fsync` or `full_page_writes` off, or by a failover \
         to an asynchronous standby. Turn both on; set `synchronous_standby_names`.",
        "reason",
    ),
    event("SS_STORE_BACK", "info", "PostgreSQL answers again.", "seconds, left_out"),
    event(
        "SS_STORE_UNREACHABLE",
        "warn",
        "PostgreSQL does not answer or refuses a statement. Requests are refused until it answers; nothing needs a restart. One line at the \
         beginning and one a minute; `left_out` counts the failures between.",
        "why, left_out, error",
    ),
    event(
        "SS_TENANTS_UNREADABLE",
        "warn",
        "The tenants' settings could not be reloaded; the old ones stay in force.",
        "error",
    ),
    event(
        "SS_THREAD_NOT_STARTED",
        "error",
        "The system could not start a thread for an attempt. Check its limits.",
        "error",
    ),
    event(
        "SS_TRACES_LOST",
        "warn",
        "Spans did not reach the collector before the process ended. Check the collector.",
        "dropped, failed, in_time",
    ),
    event(
        "SS_BATCH_POSTPONED",
        "warn",
        "The record of a batch waits for the store; its cells run all the same. Check the store if it repeats.",
        "batch_id, code",
    ),
    event(
        "SS_WEBHOOKS_POSTPONED",
        "warn",
        "Deliveries of webhooks wait for the store. Nothing is lost; check the store if it repeats.",
        "code, left_out, error",
    ),
    event(
        "SS_SERVER_KEYS",
        "error",
        "Servers of one store have different keys, so that one refuses links of the other or cannot sign webhooks. Set \
         `tokens.link_keys` and `webhooks.keys` the same on all; a new key goes behind the old one first, on all servers, and \
         before it afterwards.",
        "reason",
    ),
    event(
        "SS_SERVER_NOT_REACHED",
        "warn",
        "The server that runs a job cannot be reached at the address of its row, so that its live log cannot be read here. Check \
         `node.address` and the network between the servers.",
        "node, address, why",
    ),
    event(
        "SS_WEBHOOK_DISABLED",
        "warn",
        "An endpoint was disabled: its receiver is gone, or failed for long. Its owner can enable it again.",
        "webhook_id",
    ),
    event(
        "SS_WEBHOOK_GIVEN_UP",
        "info",
        "A delivery was given up after its last attempt. A replay sends it again.",
        "webhook_id, delivery_id",
    ),
    event("SS_WORKER_COMMIT_REFUSED", "error", "The store refused a commit of the worker.", "job_id, error"),
    event(
        "SS_WORKER_NOT_STARTED",
        "error",
        "The worker could not start after the gate opened; the service ends.",
        "error",
    ),
];

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
         `SS_ENGINE_ENDED`.\n\nThis table is generated from `src/telemetry/events.rs`; \
         `SS_TEST_RENEW=1 cargo test --test it operations::logs` renews it.\n\n\
         | event | level | meaning | fields |\n|---|---|---|---|\n",
    );
    for e in EVENTS {
        out.push_str(&format!("| `{}` | {} | {} | {} |\n", e.name, e.level, e.meaning, e.fields));
    }
    out
}
