//! A copy of the records as the file of an embedded store: what a backup holds, whichever store it was made of.

use std::fs::{self, File};
use std::path::Path;

use rusqlite::Connection;
use rusqlite::types::Value;
use secrecy::SecretString;
use tokio_postgres::{Client, Row};

use super::cells::{Kind, from_postgres, in_sqlite, kind};
use super::connect::{OpenError, Target};
use super::rows::{Cell, Table, clean, query};
use super::schema;
use super::store::apart;
use super::tables::ALL;
use super::verify::walk;
use crate::adapters::store::schema::open_writer;
use crate::domain::job::JobRecord;

impl From<rusqlite::Error> for OpenError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Io(std::io::Error::other(error))
    }
}

/// Writes every row, as of one moment, into a new database file without a log next to it. It may be done while the
/// service runs, and does not take the store over. Blocks.
///
/// # Errors
/// [`OpenError`].
pub fn dump(url: &SecretString, to: &Path) -> Result<(), OpenError> {
    let target = Target::parse(url)?;
    File::options().write(true).create_new(true).open(to)?;
    fs::set_permissions(to, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    let conn = open_writer(to).map_err(std::io::Error::other)?;
    // one file, without a log next to it
    conn.pragma_update_and_check(None, "journal_mode", "DELETE", |row| row.get::<_, String>(0))?;
    apart(async move || {
        let link = target.connect().await?;
        schema::check(&link.client).await?;
        link.client.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
        conn.execute_batch("BEGIN")?;
        for table in ALL {
            copy(&link.client, &conn, table).await?;
        }
        copy_heads(&link.client, &conn).await?;
        conn.execute_batch("COMMIT")?;
        Ok(())
    })
}

async fn copy(client: &Client, conn: &Connection, table: &'static Table) -> Result<(), OpenError> {
    let columns: Vec<&str> = table.columns.iter().copied().filter(|c| is_kept(table, c)).collect();
    let names: Vec<&str> = columns.iter().map(|column| in_sqlite(table, column)).collect();
    let marks = vec!["?"; names.len()].join(", ");
    let sql = format!("INSERT INTO {} ({}) VALUES ({marks})", table.name, names.join(", "));
    let mut insert = conn.prepare(&sql)?;
    let select = format!("SELECT {} FROM ss.{}", table.columns.join(", "), table.name);
    walk(client, &select, |row| {
        let cells = table.columns.iter().zip(from_postgres(table, row)?);
        let kept = cells.filter(|(column, _)| is_kept(table, column));
        let values = kept.map(|(column, cell)| value(cell, column, row)).collect::<Result<Vec<_>, _>>()?;
        insert.execute(rusqlite::params_from_iter(values))?;
        Ok(())
    })
    .await
}

/// True for a column that SQLite has too: the resource of an event is a member of its text there.
fn is_kept(table: &Table, column: &str) -> bool {
    (table.name, column) != ("audit", "resource")
}

fn value(cell: Cell, column: &str, row: &Row) -> Result<Value, OpenError> {
    Ok(match cell {
        Cell::Number(Some(number)) => Value::Integer(number),
        Cell::Bytes(bytes) => Value::Blob(bytes),
        Cell::MaybeText(Some(text)) if column == "client_ref" => Value::Text(whole_ref(text, row)?),
        Cell::Text(text) | Cell::MaybeText(Some(text)) => Value::Text(text),
        Cell::Number(None) | Cell::MaybeText(None) => {
            debug_assert!(kind(column) != Kind::Bytes, "checksums are there");
            Value::Null
        }
    })
}

/// Returns a client's reference with the U+0000 that a column of PostgreSQL cannot hold.
fn whole_ref(column: String, row: &Row) -> Result<String, OpenError> {
    if !column.contains('\u{FFFD}') {
        return Ok(column);
    }
    let record: Option<JobRecord> = serde_json::from_str(row.try_get("json")?).ok();
    let own = record.and_then(|job| job.client_ref);
    Ok(own.filter(|own| clean(own) == column).unwrap_or(column))
}

async fn copy_heads(client: &Client, conn: &Connection) -> Result<(), OpenError> {
    let sql = "SELECT sequence, queue_seq, audit_seq, audit_hash, job_counts FROM ss.heads";
    let rows = query(client, sql, &[]).await?;
    let row = rows.first().ok_or_else(|| OpenError::Database("the row of ss.heads is gone".to_owned()))?;
    let number = |at| row.try_get::<_, i64>(at);
    let text = |at| row.try_get::<_, String>(at);
    conn.execute(
        "UPDATE heads SET sequence = ?1, queue_seq = ?2, audit_seq = ?3, audit_hash = ?4, job_counts = ?5",
        (number(0)?, number(1)?, number(2)?, text(3)?, text(4)?),
    )?;
    Ok(())
}
