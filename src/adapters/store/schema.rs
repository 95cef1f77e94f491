//! The tables of the embedded store and how connections to it are opened.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

/// Format of the tables, kept in `user_version`.
pub const FORMAT: i64 = 1;

/// Lists are ordered by creation time, then by `row`, which every index carries at its end.
/// `json` is the record; `checksum` its SHA-256; the other columns are copies for conditions and lists.
const TABLES: &str = "
CREATE TABLE jobs (
  row INTEGER PRIMARY KEY, tenant TEXT NOT NULL, job_id TEXT NOT NULL, version INTEGER NOT NULL,
  status TEXT NOT NULL, queue_seq INTEGER, ready_at INTEGER, client_ref TEXT, created_at INTEGER NOT NULL,
  fence INTEGER NOT NULL, sequence INTEGER NOT NULL, checksum BLOB NOT NULL, json TEXT NOT NULL,
  ended_at INTEGER, files_at INTEGER, inputs_at INTEGER, bytes INTEGER, uploads_at INTEGER, batch_id TEXT
) STRICT;
CREATE UNIQUE INDEX jobs_by_id ON jobs (job_id, tenant);
CREATE INDEX jobs_by_time ON jobs (created_at);
CREATE INDEX jobs_by_tenant ON jobs (tenant, created_at);
CREATE INDEX jobs_by_status ON jobs (status, created_at);
CREATE INDEX jobs_by_tenant_status ON jobs (tenant, status, created_at);
CREATE INDEX jobs_by_client_ref ON jobs (client_ref, created_at) WHERE client_ref IS NOT NULL;
CREATE INDEX jobs_ended ON jobs (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX jobs_with_files ON jobs (files_at) WHERE files_at IS NOT NULL;
CREATE INDEX jobs_with_inputs ON jobs (inputs_at) WHERE inputs_at IS NOT NULL;
CREATE INDEX jobs_with_uploads ON jobs (uploads_at) WHERE uploads_at IS NOT NULL;
CREATE INDEX jobs_queued ON jobs (queue_seq, ready_at, tenant, job_id) WHERE queue_seq IS NOT NULL;

CREATE TABLE task_codes (
  row INTEGER PRIMARY KEY, code_id TEXT NOT NULL, tenant TEXT NOT NULL, code_sha256 TEXT NOT NULL,
  version INTEGER NOT NULL, created_at INTEGER NOT NULL, checksum BLOB NOT NULL, json TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX task_codes_by_id ON task_codes (code_id);
CREATE UNIQUE INDEX task_codes_by_hash ON task_codes (code_sha256);
CREATE INDEX task_codes_by_time ON task_codes (created_at);
CREATE INDEX task_codes_by_tenant ON task_codes (tenant, created_at);

CREATE TABLE api_keys (
  row INTEGER PRIMARY KEY, key_id TEXT NOT NULL, tenant TEXT NOT NULL, version INTEGER NOT NULL,
  created_at INTEGER NOT NULL, checksum BLOB NOT NULL, json TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX api_keys_by_id ON api_keys (key_id);

CREATE TABLE idempotency (
  row INTEGER PRIMARY KEY, key_sha256 TEXT NOT NULL, version INTEGER NOT NULL, expires_at INTEGER NOT NULL,
  checksum BLOB NOT NULL, json TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX idempotency_by_key ON idempotency (key_sha256);
CREATE INDEX idempotency_by_expiry ON idempotency (expires_at);

CREATE TABLE audit (seq INTEGER PRIMARY KEY, json TEXT NOT NULL) STRICT;
CREATE INDEX audit_by_resource ON audit (CASE WHEN json_valid(json) THEN json ->> '$.resource' END);

CREATE TABLE commits (
  sequence INTEGER PRIMARY KEY, id TEXT NOT NULL, committed_at INTEGER NOT NULL, versions TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX commits_by_id ON commits (id);

CREATE TABLE tenants (
  row INTEGER PRIMARY KEY, tenant TEXT NOT NULL, version INTEGER NOT NULL, checksum BLOB NOT NULL,
  json TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX tenants_by_id ON tenants (tenant);

CREATE TABLE tenant_usage (
  tenant TEXT PRIMARY KEY, jobs INTEGER NOT NULL, bytes INTEGER NOT NULL, queued INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE quarantine (
  key TEXT PRIMARY KEY, reason TEXT NOT NULL, found_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE heads (
  one INTEGER PRIMARY KEY CHECK (one = 1), sequence INTEGER NOT NULL, queue_seq INTEGER NOT NULL,
  audit_seq INTEGER NOT NULL, audit_hash TEXT NOT NULL, job_counts TEXT NOT NULL
) STRICT;
INSERT INTO heads VALUES (1, 0, 0, 0, '', '{}');
";

/// The tables of webhooks, which an earlier build of this format does not make. `job_id` is empty for an endpoint of a
/// tenant; `due_at` is null unless a delivery is pending.
pub(super) const WEBHOOKS: &str = "
CREATE TABLE webhooks (
  row INTEGER PRIMARY KEY, webhook_id TEXT NOT NULL, tenant TEXT NOT NULL, job_id TEXT NOT NULL,
  version INTEGER NOT NULL, created_at INTEGER NOT NULL, checksum BLOB NOT NULL, json TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX webhooks_by_id ON webhooks (webhook_id);
CREATE INDEX webhooks_by_job ON webhooks (tenant, job_id, created_at);

CREATE TABLE deliveries (
  row INTEGER PRIMARY KEY, delivery_id TEXT NOT NULL, webhook_id TEXT NOT NULL, version INTEGER NOT NULL,
  created_at INTEGER NOT NULL, due_at INTEGER, checksum BLOB NOT NULL, json TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX deliveries_by_id ON deliveries (delivery_id);
CREATE INDEX deliveries_by_webhook ON deliveries (webhook_id, created_at);
CREATE INDEX deliveries_due ON deliveries (webhook_id, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX deliveries_by_time ON deliveries (created_at);

CREATE TABLE cursors (
  row INTEGER PRIMARY KEY, name TEXT NOT NULL, version INTEGER NOT NULL, checksum BLOB NOT NULL, json TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX cursors_by_name ON cursors (name);
";

/// The table of batches, which an earlier build of this format does not make. `open` is 1 while a cell is open, else null;
/// `ended_at` is null while one is, and once the content was removed.
pub(super) const BATCHES: &str = "
CREATE TABLE batches (
  row INTEGER PRIMARY KEY, batch_id TEXT NOT NULL, tenant TEXT NOT NULL, job_id TEXT NOT NULL, version INTEGER NOT NULL,
  created_at INTEGER NOT NULL, open INTEGER, ended_at INTEGER, checksum BLOB NOT NULL, json TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX batches_by_id ON batches (batch_id);
CREATE INDEX batches_by_job ON batches (tenant, job_id, created_at);
CREATE INDEX batches_open ON batches (open, created_at) WHERE open IS NOT NULL;
CREATE INDEX batches_ended ON batches (ended_at) WHERE ended_at IS NOT NULL;
";

/// Why the tables cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SchemaError {
    #[error("{0}")]
    Sqlite(#[from] rusqlite::Error),
    #[error("the store has format {found}, which is newer than this release knows ({known})")]
    NewerFormat { found: i64, known: i64 },
}

/// Opens the connection that writes and brings the tables to this format.
///
/// # Errors
/// [`SchemaError`].
pub(in crate::adapters) fn open_writer(path: &Path) -> Result<Connection, SchemaError> {
    let conn = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    configure(&conn)?;
    conn.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get::<_, String>(0))?;
    conn.pragma_update(None, "synchronous", "FULL")?;
    // the checkpoint thread does it, outside the committer's way
    conn.pragma_update(None, "wal_autocheckpoint", 0)?;
    conn.pragma_update(None, "cache_size", -8192)?;
    let format: i64 = conn.pragma_query_value(None, "user_version", |row| row.get(0))?;
    match format {
        0 => {
            conn.execute_batch(&format!(
                "BEGIN IMMEDIATE; {TABLES} {WEBHOOKS} {BATCHES} PRAGMA user_version = {FORMAT}; COMMIT;"
            ))?;
        }
        FORMAT => super::migrations::add_missing(&conn)?,
        found => return Err(SchemaError::NewerFormat { found, known: FORMAT }),
    }
    Ok(conn)
}

/// Opens a connection that only reads.
///
/// # Errors
/// Any error of the database.
pub(super) fn open_reader(path: &Path) -> rusqlite::Result<Connection> {
    let conn = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    configure(&conn)?;
    conn.pragma_update(None, "query_only", true)?;
    conn.pragma_update(None, "wal_autocheckpoint", 0)?;
    Ok(conn)
}

/// Opens the connection that moves the write-ahead log into the database file.
///
/// # Errors
/// Any error of the database.
pub(super) fn open_checkpointer(path: &Path) -> rusqlite::Result<Connection> {
    let conn = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    configure(&conn)?;
    conn.pragma_update(None, "synchronous", "FULL")?;
    Ok(conn)
}

fn configure(conn: &Connection) -> rusqlite::Result<()> {
    conn.busy_timeout(Duration::from_secs(10))?;
    // the checkpoint thread empties the log in an orderly end; after a fault nothing may touch it
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    conn.set_prepared_statement_cache_capacity(64);
    conn.pragma_update(None, "cell_size_check", true)?;
    conn.pragma_update(None, "trusted_schema", false)
}
