//! The row of a job: its columns for lists and sums, its file, its place in the queue.

use rusqlite::Connection;

use super::apply::Current;
use super::heads::Heads;
use super::prepare::Put;
use crate::domain::job::{JobRecord, JobStatus};

/// Writes a job; returns its place in the queue. A job gets a place when it becomes queued.
pub(super) fn write_job(
    conn: &Connection,
    heads: &mut Heads,
    job: &JobRecord,
    put: &Put,
    stored: Option<Current>,
) -> rusqlite::Result<Option<u64>> {
    let before = stored.as_ref().and_then(|c| c.job);
    let queue_seq = match before {
        _ if job.status != JobStatus::Queued => None,
        Some((JobStatus::Queued, Some(seq))) => Some(seq.cast_unsigned()),
        _ => {
            heads.queue_seq += 1;
            Some(heads.queue_seq)
        }
    };
    heads.count(before.map(|b| b.0), Some(job.status));
    let stock = IndexColumns::of(job);
    let held = stored.as_ref().and_then(|c| c.bytes);
    heads.usage.change(&job.tenant_id, (held, before.map(|b| b.0)), (stock.bytes, Some(job.status)));
    let (version, fence) = (job.version.cast_signed(), job.fence.cast_signed());
    let sequence = heads.sequence.cast_signed();
    // columns that indexes hold are left alone where they cannot have changed
    if let Some(Current { row, job: Some((status, _)), .. }) = &stored
        && *status == job.status
        && job.status != JobStatus::Queued
    {
        conn.prepare_cached(
            "UPDATE jobs SET version = ?2, fence = ?3, sequence = ?4, checksum = ?5, json = ?6 WHERE row = ?1",
        )?
        .execute((row, version, fence, sequence, &put.checksum, &put.json))?;
        update_listed(conn, *row, job, &stock)?;
        return Ok(None);
    }
    let ready_at = job.queue.as_ref().filter(|_| queue_seq.is_some()).map(|q| q.ready_at.timestamp_millis());
    conn.prepare_cached(
        "INSERT INTO jobs (row, tenant, job_id, version, status, queue_seq, ready_at, client_ref, created_at,
                           fence, sequence, checksum, json, ended_at, inputs_at, bytes, files_at,
                           uploads_at, batch_id)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)
         ON CONFLICT (row) DO UPDATE SET
           version = ?4, status = ?5, queue_seq = ?6, ready_at = ?7, client_ref = ?8, created_at = ?9,
           fence = ?10, sequence = ?11, checksum = ?12, json = ?13, ended_at = ?14, inputs_at = ?15,
           bytes = ?16, files_at = ?17, uploads_at = ?18",
    )?
    .execute(rusqlite::params![
        stored.as_ref().map(|c| c.row),
        job.tenant_id.as_str(),
        job.job_id.as_str(),
        version,
        job.status.as_str(),
        queue_seq.map(u64::cast_signed),
        ready_at,
        &job.client_ref,
        job.timestamps.created_at.timestamp_millis(),
        fence,
        sequence,
        &put.checksum,
        &put.json,
        stock.ended_at,
        stock.inputs_at,
        stock.bytes,
        stock.files_at,
        stock.uploads_at,
        job.cell.as_ref().map(|cell| cell.batch_id.as_str()),
    ])?;
    Ok(queue_seq)
}

/// Columns of a job for retention and quotas.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::adapters) struct IndexColumns {
    pub ended_at: Option<i64>,
    pub files_at: Option<i64>,
    pub inputs_at: Option<i64>,
    pub bytes: Option<i64>,
    /// When the last open upload session expires; the end of time while an upload is being read.
    pub uploads_at: Option<i64>,
}

impl IndexColumns {
    pub(in crate::adapters) fn of(job: &JobRecord) -> Self {
        Self {
            ended_at: job.ended_at().map(|at| at.timestamp_millis()),
            files_at: job.files_due_since().map(|at| at.timestamp_millis()),
            inputs_at: job.inputs_since().map(|at| at.timestamp_millis()),
            bytes: job.stock_bytes().map(|bytes| i64::try_from(bytes).unwrap_or(i64::MAX)),
            uploads_at: job.uploads_until().map(|at| at.timestamp_millis()),
        }
    }
}

/// Updates what lists filter by, only where it differs.
fn update_listed(conn: &Connection, row: i64, job: &JobRecord, stock: &IndexColumns) -> rusqlite::Result<()> {
    conn.prepare_cached(
        "UPDATE jobs SET client_ref = ?2, created_at = ?3, ended_at = ?4, inputs_at = ?5, bytes = ?6, files_at = ?7,
                         uploads_at = ?8
         WHERE row = ?1 AND (client_ref IS NOT ?2 OR created_at <> ?3 OR ended_at IS NOT ?4
                             OR inputs_at IS NOT ?5 OR bytes IS NOT ?6 OR files_at IS NOT ?7
                             OR uploads_at IS NOT ?8)",
    )?
    .execute((
        row,
        &job.client_ref,
        job.timestamps.created_at.timestamp_millis(),
        stock.ended_at,
        stock.inputs_at,
        stock.bytes,
        stock.files_at,
        stock.uploads_at,
    ))
    .map(|_| ())
}
