//! Batches in their table.

use rusqlite::Connection;

use super::prepare::Put;
use super::readers::QueryError;
use super::reads::{self, Conditions};
use super::rows::columns;
use super::shared::Core;
use crate::domain::batch::BatchRecord;
use crate::domain::ids::{JobId, TenantId};
use crate::ports::store::Page;

/// Most batches of a list.
const MAX_LIMIT: usize = 1000;

/// Columns of a batch by which lists find it.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::adapters) struct BatchColumns {
    /// 1 while a cell is open.
    pub open: Option<i64>,
    /// When the last cell ended; null while one is open, and once the content was removed.
    pub ended_at: Option<i64>,
}

impl BatchColumns {
    pub(in crate::adapters) fn of(batch: &BatchRecord) -> Self {
        let kept = batch.removed.is_none();
        let ended_at = batch.ended_at.filter(|_| kept && !batch.is_open());
        Self {
            open: (kept && batch.is_open()).then_some(1),
            ended_at: ended_at.map(|at| at.timestamp_millis()),
        }
    }
}

/// Writes a batch over the row that it has.
///
/// # Errors
/// Any error of the database.
pub(super) fn write(
    conn: &Connection,
    row: Option<i64>,
    r: &BatchRecord,
    put: &Put,
) -> rusqlite::Result<usize> {
    let listed = BatchColumns::of(r);
    conn.prepare_cached(
        "INSERT INTO batches (row, batch_id, tenant, job_id, version, created_at, open, ended_at, checksum, json)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT (row) DO UPDATE SET
         tenant = ?3, job_id = ?4, version = ?5, created_at = ?6, open = ?7, ended_at = ?8, checksum = ?9, json = ?10",
    )?
    .execute((
        row,
        r.batch_id.as_str(),
        r.tenant_id.as_str(),
        r.job_id.as_str(),
        r.version.cast_signed(),
        r.created_at.timestamp_millis(),
        listed.open,
        listed.ended_at,
        &put.checksum,
        &put.json,
    ))
}

/// Reads one page of the batches of a job, newest first.
///
/// # Errors
/// [`crate::ports::store::ReadError::InvalidCursor`], or an error of the database.
pub(super) fn of_job(
    conn: &Connection,
    core: &Core,
    (tenant, job_id): (&TenantId, &JobId),
    cursor: Option<&str>,
    limit: usize,
) -> Result<Page<BatchRecord>, QueryError> {
    let conditions = Conditions::default()
        .with("tenant = ?", Some(tenant.to_string()))
        .with("job_id = ?", Some(job_id.to_string()));
    reads::page(conn, core, conditions, cursor, limit)
}

/// Reads every batch with an open cell, oldest first.
///
/// # Errors
/// Any error of the database.
pub(super) fn open(conn: &Connection, core: &Core) -> Result<Vec<BatchRecord>, QueryError> {
    let sql = format!(
        "SELECT {} FROM batches WHERE open IS NOT NULL ORDER BY created_at, row",
        columns::<BatchRecord>()
    );
    reads::all(conn, core, &sql, [])
}

/// Reads batches that ended before a time, oldest first.
///
/// # Errors
/// Any error of the database.
pub(super) fn due(
    conn: &Connection,
    core: &Core,
    before_ms: i64,
    limit: usize,
) -> Result<Vec<BatchRecord>, QueryError> {
    let sql = format!(
        "SELECT {} FROM batches WHERE ended_at < ?1 ORDER BY ended_at, row LIMIT {}",
        columns::<BatchRecord>(),
        limit.min(MAX_LIMIT)
    );
    reads::all(conn, core, &sql, [before_ms])
}
