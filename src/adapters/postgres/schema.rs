//! The tables in PostgreSQL, how they are made, and whether this release can use them.

use tokio_postgres::{Client, Error, Row};

use super::connect::{OpenError, Target};

/// Format of the tables, kept in `ss.meta`.
pub const FORMAT: i64 = 7;
/// The oldest format whose releases may go on beside these tables. A format that only adds, where an earlier release misses
/// nothing that it needs, leaves it as it is; one that takes away what an earlier release used raises it.
const MIN_WRITER: i64 = 7;
/// Reads [`TablesFormat`]. Tables of a format up to 7 may lack the column.
pub(super) const TABLES_FORMAT: &str =
    "SELECT m.format, coalesce((to_jsonb(m) ->> 'min_writer')::int8, m.format) FROM ss.meta m";
/// Format while records are copied into the tables: no release opens them.
pub(super) const MOVING: i64 = 0;
/// Oldest server that is supported, as `server_version_num`.
const OLDEST_SERVER: i32 = 150_000;

/// Lists are ordered by creation time, then by `nr`. `json` is the record as text, so that the bytes under `checksum`
/// stay; the other columns are copies for conditions and lists. Names compare by bytes, whatever the database's locale.
const TABLES: &str = r#"
CREATE SCHEMA IF NOT EXISTS ss;
CREATE TABLE ss.meta (
  one boolean PRIMARY KEY DEFAULT true CHECK (one), format bigint NOT NULL, min_writer bigint
);
CREATE TABLE ss.heads (
  one boolean PRIMARY KEY DEFAULT true CHECK (one), epoch bigint NOT NULL, owner text NOT NULL,
  sequence bigint NOT NULL, queue_seq bigint NOT NULL, nr bigint NOT NULL, audit_seq bigint NOT NULL,
  audit_hash text NOT NULL, job_counts text NOT NULL
) WITH (fillfactor = 10, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
INSERT INTO ss.heads (epoch, owner, sequence, queue_seq, nr, audit_seq, audit_hash, job_counts)
  VALUES (0, '', 0, 0, 0, 0, '', '{}');

CREATE TABLE ss.jobs (
  nr bigint NOT NULL, tenant text COLLATE "C" NOT NULL, job_id text COLLATE "C" NOT NULL, version bigint NOT NULL,
  status text COLLATE "C" NOT NULL, queue_seq bigint, ready_at bigint, client_ref text COLLATE "C",
  created_at bigint NOT NULL, fence bigint NOT NULL, sequence bigint NOT NULL, checksum bytea NOT NULL,
  json text NOT NULL, ended_at bigint, files_at bigint, inputs_at bigint, bytes bigint, uploads_at bigint,
  PRIMARY KEY (job_id, tenant)
) WITH (fillfactor = 85);
CREATE INDEX jobs_by_time ON ss.jobs (created_at, nr);
CREATE INDEX jobs_by_tenant ON ss.jobs (tenant, created_at, nr);
CREATE INDEX jobs_by_status ON ss.jobs (status, created_at, nr);
CREATE INDEX jobs_by_tenant_status ON ss.jobs (tenant, status, created_at, nr);
CREATE INDEX jobs_by_client_ref ON ss.jobs (client_ref, created_at, nr) WHERE client_ref IS NOT NULL;
CREATE INDEX jobs_ended ON ss.jobs (ended_at, nr) WHERE ended_at IS NOT NULL;
CREATE INDEX jobs_with_files ON ss.jobs (files_at, nr) WHERE files_at IS NOT NULL;
CREATE INDEX jobs_with_inputs ON ss.jobs (inputs_at, nr) WHERE inputs_at IS NOT NULL;
CREATE INDEX jobs_with_uploads ON ss.jobs (uploads_at) WHERE uploads_at IS NOT NULL;

CREATE TABLE ss.task_codes (
  nr bigint NOT NULL, code_id text COLLATE "C" PRIMARY KEY, tenant text COLLATE "C" NOT NULL,
  code_sha256 text COLLATE "C" NOT NULL UNIQUE, version bigint NOT NULL, created_at bigint NOT NULL,
  checksum bytea NOT NULL, json text NOT NULL
);
CREATE INDEX task_codes_by_time ON ss.task_codes (created_at, nr);
CREATE INDEX task_codes_by_tenant ON ss.task_codes (tenant, created_at, nr);

CREATE TABLE ss.api_keys (
  nr bigint NOT NULL, key_id text COLLATE "C" PRIMARY KEY, tenant text COLLATE "C" NOT NULL, version bigint NOT NULL,
  created_at bigint NOT NULL, checksum bytea NOT NULL, json text NOT NULL
);

CREATE TABLE ss.idempotency (
  key_sha256 text COLLATE "C" PRIMARY KEY, version bigint NOT NULL, expires_at bigint NOT NULL,
  checksum bytea NOT NULL, json text NOT NULL
);
CREATE INDEX idempotency_by_expiry ON ss.idempotency (expires_at);

CREATE TABLE ss.tenants (
  tenant text COLLATE "C" PRIMARY KEY, version bigint NOT NULL, checksum bytea NOT NULL, json text NOT NULL
);
CREATE TABLE ss.tenant_usage (
  tenant text COLLATE "C" PRIMARY KEY, jobs bigint NOT NULL, bytes bigint NOT NULL, queued bigint NOT NULL
) WITH (fillfactor = 50);

CREATE TABLE ss.audit (seq bigint PRIMARY KEY, resource text COLLATE "C" NOT NULL, json text NOT NULL);
CREATE INDEX audit_by_resource ON ss.audit (resource, seq);

CREATE TABLE ss.commits (
  sequence bigint PRIMARY KEY, id text COLLATE "C" NOT NULL UNIQUE, committed_at bigint NOT NULL,
  versions text NOT NULL
);
"#;

/// The tables of webhooks, which format 1 does not have. `job_id` is empty for an endpoint of a tenant; `due_at` is null
/// unless a delivery is pending.
const WEBHOOKS: &str = r#"
CREATE TABLE ss.webhooks (
  nr bigint NOT NULL, webhook_id text COLLATE "C" PRIMARY KEY, tenant text COLLATE "C" NOT NULL,
  job_id text COLLATE "C" NOT NULL, version bigint NOT NULL, created_at bigint NOT NULL, checksum bytea NOT NULL,
  json text NOT NULL
);
CREATE INDEX webhooks_by_job ON ss.webhooks (tenant, job_id, created_at, nr);
CREATE TABLE ss.deliveries (
  nr bigint NOT NULL, delivery_id text COLLATE "C" PRIMARY KEY, webhook_id text COLLATE "C" NOT NULL,
  version bigint NOT NULL, created_at bigint NOT NULL, due_at bigint, checksum bytea NOT NULL, json text NOT NULL
);
CREATE INDEX deliveries_by_webhook ON ss.deliveries (webhook_id, created_at, nr);
CREATE INDEX deliveries_due ON ss.deliveries (webhook_id, due_at, nr) WHERE due_at IS NOT NULL;
CREATE INDEX deliveries_by_time ON ss.deliveries (created_at, nr);
CREATE TABLE ss.cursors (
  name text COLLATE "C" PRIMARY KEY, version bigint NOT NULL, checksum bytea NOT NULL, json text NOT NULL
);
"#;

/// The tables of moves, which format 2 does not have: records that were known to be damaged, and the move that filled
/// the tables. `progress` is the newest key of each table that was copied, as JSON.
const MOVES: &str = r#"
CREATE TABLE ss.quarantine (key text COLLATE "C" PRIMARY KEY, reason text NOT NULL, found_at bigint NOT NULL);
CREATE TABLE ss.moves (
  one boolean PRIMARY KEY DEFAULT true CHECK (one), id text NOT NULL, source text NOT NULL, state text NOT NULL,
  format bigint NOT NULL, sequence bigint NOT NULL, audit_seq bigint NOT NULL, audit_hash text NOT NULL,
  progress text NOT NULL
);
"#;

/// The table of batches, and the column by which their cells are told from other jobs, which format 3 does not have.
/// `open` is 1 while a cell is open, else null; `ended_at` is null while one is, and once the content was removed.
const BATCHES: &str = r#"
CREATE TABLE ss.batches (
  nr bigint NOT NULL, batch_id text COLLATE "C" PRIMARY KEY, tenant text COLLATE "C" NOT NULL,
  job_id text COLLATE "C" NOT NULL, version bigint NOT NULL, created_at bigint NOT NULL, open bigint, ended_at bigint,
  checksum bytea NOT NULL, json text NOT NULL
);
CREATE INDEX batches_by_job ON ss.batches (tenant, job_id, created_at, nr);
CREATE INDEX batches_open ON ss.batches (created_at, nr) WHERE open IS NOT NULL;
CREATE INDEX batches_ended ON ss.batches (ended_at, nr) WHERE ended_at IS NOT NULL;
ALTER TABLE ss.jobs ADD COLUMN batch_id text COLLATE "C";
"#;

/// The tables of claims, which format 3 does not have. `ss.queue` is insert and delete only, apart from delayed jobs, and
/// narrow: rows that were taken are cheap to step over and to clear away. `lane` is the batch of a cell, else empty: the
/// lanes of a tenant take turns, in the order of `turn`. `delayed_until` is null once a job may start.
const CLAIMS: &str = r#"
ALTER TABLE ss.heads ADD COLUMN claim_after text COLLATE "C" NOT NULL DEFAULT '';
CREATE TABLE ss.queue (
  queue_seq bigint PRIMARY KEY, tenant text COLLATE "C" NOT NULL, job_id text COLLATE "C" NOT NULL,
  lane text COLLATE "C" NOT NULL, turn bigint NOT NULL, delayed_until bigint
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX queue_ready ON ss.queue (tenant, turn, queue_seq) WHERE delayed_until IS NULL;
CREATE INDEX queue_lanes ON ss.queue (tenant, lane, turn);
CREATE INDEX queue_delayed ON ss.queue (delayed_until) WHERE delayed_until IS NOT NULL;
CREATE TABLE ss.active_runs (
  tenant text COLLATE "C" NOT NULL, job_id text COLLATE "C" NOT NULL, run_id text COLLATE "C" NOT NULL,
  fence bigint NOT NULL, started_at bigint NOT NULL, PRIMARY KEY (tenant, job_id)
) WITH (fillfactor = 70);
"#;

/// The tables of several servers, which format 4 does not have. A start of a server is a row of `ss.nodes`; `lineage` is
/// the first of the starts that took over from each other, `host` the boot of the machine and the work volume, `files` the
/// object store, or empty for the data directory. Runs name the start that holds them.
const SERVERS: &str = r#"
CREATE SEQUENCE ss.epochs;
CREATE TABLE ss.nodes (
  node_id text COLLATE "C" NOT NULL, epoch bigint NOT NULL, lineage bigint NOT NULL, host text COLLATE "C" NOT NULL,
  state text COLLATE "C" NOT NULL, role text COLLATE "C" NOT NULL, version text NOT NULL, address text NOT NULL,
  config_sha256 text NOT NULL, files text NOT NULL, started_at timestamptz NOT NULL, lease_until timestamptz NOT NULL,
  PRIMARY KEY (node_id, epoch)
) WITH (fillfactor = 50);
ALTER TABLE ss.active_runs ADD COLUMN node_id text COLLATE "C" NOT NULL DEFAULT '',
  ADD COLUMN epoch bigint NOT NULL DEFAULT 0;
CREATE INDEX active_runs_by_node ON ss.active_runs (node_id, epoch);
CREATE TABLE ss.seat_pools (pool text COLLATE "C" PRIMARY KEY, seats bigint NOT NULL CHECK (seats >= 0));
CREATE TABLE ss.seats (
  pool text COLLATE "C" NOT NULL, seat bigint NOT NULL, run_id text COLLATE "C", fence bigint,
  node_id text COLLATE "C", epoch bigint, PRIMARY KEY (pool, seat)
) WITH (fillfactor = 50);
CREATE TABLE ss.leader (
  name text COLLATE "C" PRIMARY KEY, node_id text COLLATE "C" NOT NULL, epoch bigint NOT NULL, term bigint NOT NULL,
  until timestamptz NOT NULL
) WITH (fillfactor = 50);
CREATE TABLE ss.claims_of_work (
  key text COLLATE "C" PRIMARY KEY, node_id text COLLATE "C" NOT NULL, epoch bigint NOT NULL, until timestamptz NOT NULL
) WITH (fillfactor = 50);
CREATE UNLOGGED TABLE ss.guesses (
  subject bytea PRIMARY KEY, remaining real NOT NULL, at timestamptz NOT NULL
) WITH (fillfactor = 50);
CREATE UNLOGGED TABLE ss.rate_use (
  key text COLLATE "C" NOT NULL, node text COLLATE "C" NOT NULL, used real NOT NULL, at timestamptz NOT NULL,
  PRIMARY KEY (key, node)
) WITH (fillfactor = 50);
"#;

/// The engine of a server, which format 5 does not have: what was attested, empty where nothing was.
const ENGINES: &str = "ALTER TABLE ss.nodes ADD COLUMN engine text NOT NULL DEFAULT '';";

/// How far runs are, for other servers, which format 6 does not have. Its seats and rates were never used: `ss.active_runs` has
/// the seats that are taken.
const PROGRESS: &str = r#"
CREATE UNLOGGED TABLE ss.progress (run_id text COLLATE "C" PRIMARY KEY, json text NOT NULL) WITH (fillfactor = 50);
DROP TABLE ss.seat_pools, ss.seats, ss.rate_use;
"#;

/// Fills the queue with the queued jobs. Those whose time has come take their places with the next claim.
pub(super) const QUEUE: &str = "INSERT INTO ss.queue (queue_seq, tenant, job_id, lane, turn, delayed_until) \
     SELECT queue_seq, tenant, job_id, coalesce(batch_id, ''), \
            row_number() OVER (PARTITION BY tenant, batch_id ORDER BY queue_seq), ready_at \
     FROM ss.jobs WHERE queue_seq IS NOT NULL";

/// What a migration did.
#[derive(Debug, PartialEq, Eq, serde::Serialize)]
pub struct Migrated {
    /// Format before; absent where there were no tables.
    pub from: Option<i64>,
    /// Format afterwards.
    pub to: i64,
}

/// Makes the tables, or brings them to this format. Several at once wait for each other.
///
/// # Errors
/// [`OpenError`].
pub(super) async fn migrate(target: &Target) -> Result<Migrated, OpenError> {
    let link = target.connect().await?;
    check_server(&link.client).await?;
    // one lock for all migrations, which ends with the transaction
    link.client
        .batch_execute("BEGIN; SET LOCAL lock_timeout = '60s'; SELECT pg_advisory_xact_lock(7311, 1)")
        .await?;
    let found = tables(&link.client).await?;
    let from = found.map(|tables| tables.format);
    match from {
        // a later release has migrated before this one, and lets it go on
        Some(later) if found.is_some_and(|tables| later > FORMAT && tables.fit()) => {
            return Ok(Migrated { from, to: later });
        }
        None => {
            let made = format!(
                "{TABLES} {WEBHOOKS} {MOVES} {BATCHES} {CLAIMS} {SERVERS} {ENGINES} {PROGRESS} \
                 INSERT INTO ss.meta (format, min_writer) VALUES ({FORMAT}, {MIN_WRITER})"
            );
            link.client.batch_execute(&made).await?;
        }
        Some(found @ 1..FORMAT) => {
            let webhooks = if found == 1 { WEBHOOKS } else { "" };
            let moves = if found <= 2 { MOVES } else { "" };
            let claims = if found <= 3 {
                format!("{BATCHES} {CLAIMS} DROP INDEX ss.jobs_queued; {QUEUE};")
            } else {
                String::new()
            };
            let servers = if found <= 4 { SERVERS } else { "" };
            let engines = if found <= 5 { ENGINES } else { "" };
            // a service of a release that cannot go on stops with its next commit
            let stopped = if found < MIN_WRITER { "UPDATE ss.heads SET epoch = epoch + 1" } else { "" };
            let added = format!(
                "{webhooks} {moves} {claims} {servers} {engines} {PROGRESS} \
                 ALTER TABLE ss.meta ADD COLUMN IF NOT EXISTS min_writer bigint; \
                 UPDATE ss.meta SET format = {FORMAT}, min_writer = {MIN_WRITER}; {stopped}"
            );
            link.client.batch_execute(&added).await?;
        }
        Some(MOVING) => return Err(OpenError::Moving),
        Some(FORMAT) => {}
        Some(found) => return Err(OpenError::NewerFormat { found, known: FORMAT }),
    }
    link.client.batch_execute("COMMIT").await?;
    Ok(Migrated { from, to: FORMAT })
}

/// Makes the queue again out of the jobs; returns the number of queued jobs.
///
/// # Errors
/// [`OpenError`].
pub(super) async fn rebuild_queue(target: &Target) -> Result<u64, OpenError> {
    let link = target.connect().await?;
    check(&link.client).await?;
    link.client.batch_execute("BEGIN; SET LOCAL lock_timeout = '60s'").await?;
    link.client.query_typed("SELECT one FROM ss.heads FOR UPDATE", &[]).await?;
    link.client.batch_execute("DELETE FROM ss.queue").await?;
    let queued = link.client.query_typed(&format!("{QUEUE} RETURNING 1"), &[]).await?.len();
    link.client.batch_execute("COMMIT").await?;
    Ok(queued as u64)
}

/// Checks that server and tables are those that this release knows.
///
/// # Errors
/// [`OpenError`].
pub(super) async fn check(client: &Client) -> Result<(), OpenError> {
    check_server(client).await?;
    match tables(client).await? {
        Some(found) if found.fit() => Ok(()),
        Some(TablesFormat { format: MOVING, .. }) => Err(OpenError::Moving),
        Some(TablesFormat { format: found, .. }) if found < FORMAT => {
            Err(OpenError::OlderFormat { found, known: FORMAT })
        }
        Some(TablesFormat { format: found, .. }) => Err(OpenError::NewerFormat { found, known: FORMAT }),
        None => Err(OpenError::NotMigrated),
    }
}

pub(super) async fn check_server(client: &Client) -> Result<(), OpenError> {
    let sql = "SELECT current_setting('server_version_num')::int4";
    let version: i32 = client.query_typed_one(sql, &[]).await?.try_get(0)?;
    if version < OLDEST_SERVER { Err(OpenError::OldServer { found: version / 10_000 }) } else { Ok(()) }
}

/// The form of tables, and who may use them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TablesFormat {
    /// Their format.
    pub format: i64,
    /// The oldest format whose releases may use them.
    pub min_writer: i64,
}

impl TablesFormat {
    /// The tables of this release.
    pub(super) const OWN: Self = Self { format: FORMAT, min_writer: MIN_WRITER };

    /// Reads the columns of [`TABLES_FORMAT`], from one on.
    ///
    /// # Errors
    /// Any error of the row.
    pub(super) fn of(row: &Row, from: usize) -> Result<Self, Error> {
        Ok(Self { format: row.try_get(from)?, min_writer: row.try_get(from + 1)? })
    }

    /// True if this release can use them: they are its own, or those of a later one that lets it go on.
    pub(super) fn fit(self) -> bool {
        self.format == FORMAT || self.format > FORMAT && self.min_writer <= FORMAT
    }
}

/// Returns the form of the tables, if there are any.
///
/// # Errors
/// [`OpenError`].
pub(super) async fn tables(client: &Client) -> Result<Option<TablesFormat>, OpenError> {
    let sql = "SELECT to_regclass('ss.meta') IS NOT NULL";
    if !client.query_typed_one(sql, &[]).await?.try_get::<_, bool>(0)? {
        return Ok(None);
    }
    let found = client.query_typed_opt(TABLES_FORMAT, &[]).await?;
    Ok(found.map(|row| TablesFormat::of(&row, 0)).transpose()?)
}

/// Returns the format of the tables, if there are any.
///
/// # Errors
/// [`OpenError`].
pub(super) async fn format(client: &Client) -> Result<Option<i64>, OpenError> {
    Ok(tables(client).await?.map(|tables| tables.format))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_of_a_later_release_are_used_where_it_lets_this_one_go_on() {
        let fit = |format, min_writer| TablesFormat { format, min_writer }.fit();
        assert!(TablesFormat::OWN.fit());
        assert!(fit(FORMAT, FORMAT) && fit(FORMAT + 1, FORMAT) && fit(FORMAT + 3, FORMAT - 1));
        assert!(!fit(FORMAT + 1, FORMAT + 1), "one that takes something away");
        assert!(!fit(FORMAT - 1, FORMAT - 1), "a migration is due");
        assert!(!fit(MOVING, MOVING) && !fit(MOVING, FORMAT));
    }
}
