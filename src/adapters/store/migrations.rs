//! Additions to the tables within one format: columns, tables and indexes that an earlier build does not
//! create. Such a build still works with them, because it names the columns that it writes.

use rusqlite::Connection;

use super::apply_job::IndexColumns;
use super::schema::{BATCHES, SchemaError, WEBHOOKS};
use super::usage::Usages;
use crate::domain::job::JobRecord;

const ADDED: &str = "
ALTER TABLE jobs ADD COLUMN ended_at INTEGER;
ALTER TABLE jobs ADD COLUMN files_at INTEGER;
ALTER TABLE jobs ADD COLUMN inputs_at INTEGER;
ALTER TABLE jobs ADD COLUMN bytes INTEGER;
CREATE INDEX jobs_ended ON jobs (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX jobs_with_files ON jobs (files_at) WHERE files_at IS NOT NULL;
CREATE INDEX jobs_with_inputs ON jobs (inputs_at) WHERE inputs_at IS NOT NULL;
CREATE TABLE tenants (
  row INTEGER PRIMARY KEY, tenant TEXT NOT NULL, version INTEGER NOT NULL, checksum BLOB NOT NULL,
  json TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX tenants_by_id ON tenants (tenant);
CREATE TABLE tenant_usage (
  tenant TEXT PRIMARY KEY, jobs INTEGER NOT NULL, bytes INTEGER NOT NULL, queued INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
";

/// Adds what is missing, in one transaction, and fills it from the records. A damaged record is left as it
/// is: reading it reports it.
///
/// # Errors
/// Any error of the database.
pub(super) fn add_missing(conn: &Connection) -> Result<(), SchemaError> {
    add_life_of_data(conn)?;
    add_uploads(conn)?;
    if !exists(conn, "webhooks")? {
        conn.execute_batch(&format!("BEGIN IMMEDIATE; {WEBHOOKS} COMMIT;"))?;
    }
    add_batches(conn)?;
    if !exists(conn, "audit_by_resource")? {
        conn.execute_batch(
            "CREATE INDEX audit_by_resource
             ON audit (CASE WHEN json_valid(json) THEN json ->> '$.resource' END)",
        )?;
    }
    Ok(())
}

/// True if the schema has a table or an index.
fn exists(conn: &Connection, name: &str) -> rusqlite::Result<bool> {
    conn.query_row("SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = ?1)", [name], |row| row.get(0))
}

/// Adds the column by which open upload sessions are found.
fn add_uploads(conn: &Connection) -> Result<(), SchemaError> {
    if has_column(conn, "uploads_at")? {
        return Ok(());
    }
    let tx = conn.unchecked_transaction()?;
    tx.execute_batch(
        "ALTER TABLE jobs ADD COLUMN uploads_at INTEGER;
         CREATE INDEX jobs_with_uploads ON jobs (uploads_at) WHERE uploads_at IS NOT NULL;",
    )?;
    {
        let mut some =
            tx.prepare("SELECT row, json FROM jobs WHERE instr(json, '\"upload_session_id\"') > 0")?;
        let mut fill = tx.prepare("UPDATE jobs SET uploads_at = ?2 WHERE row = ?1")?;
        let mut rows = some.query([])?;
        while let Some(row) = rows.next()? {
            let (id, json): (i64, String) = (row.get(0)?, row.get(1)?);
            let Ok(job) = serde_json::from_str::<JobRecord>(&json) else { continue };
            if let Some(at) = IndexColumns::of(&job).uploads_at {
                fill.execute((id, at))?;
            }
        }
    }
    tx.commit()?;
    Ok(())
}

/// Adds the table of batches, and the column by which their cells are told from other jobs. No earlier build makes any.
fn add_batches(conn: &Connection) -> Result<(), SchemaError> {
    if !has_column(conn, "batch_id")? {
        conn.execute_batch("ALTER TABLE jobs ADD COLUMN batch_id TEXT;")?;
    }
    if !exists(conn, "batches")? {
        conn.execute_batch(&format!("BEGIN IMMEDIATE; {BATCHES} COMMIT;"))?;
    }
    Ok(())
}

fn has_column(conn: &Connection, name: &str) -> rusqlite::Result<bool> {
    conn.query_row("SELECT EXISTS (SELECT 1 FROM pragma_table_info('jobs') WHERE name = ?1)", [name], |row| {
        row.get(0)
    })
}

fn add_life_of_data(conn: &Connection) -> Result<(), SchemaError> {
    if has_column(conn, "ended_at")? {
        return Ok(());
    }
    let tx = conn.unchecked_transaction()?;
    tx.execute_batch(ADDED)?;
    let mut usage = Usages::default();
    {
        let mut all = tx.prepare("SELECT row, json FROM jobs")?;
        let mut fill = tx.prepare(
            "UPDATE jobs SET ended_at = ?2, inputs_at = ?3, bytes = ?4, files_at = ?5 WHERE row = ?1",
        )?;
        let mut rows = all.query([])?;
        while let Some(row) = rows.next()? {
            let (id, json): (i64, String) = (row.get(0)?, row.get(1)?);
            let Ok(job) = serde_json::from_str::<JobRecord>(&json) else { continue };
            let stock = IndexColumns::of(&job);
            usage.change(&job.tenant_id, (None, None), (stock.bytes, Some(job.status)));
            fill.execute((id, stock.ended_at, stock.inputs_at, stock.bytes, stock.files_at))?;
        }
    }
    usage.save(&tx)?;
    tx.commit()?;
    Ok(())
}
