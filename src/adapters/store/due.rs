//! The queries of retention and quotas: jobs by their end or the age of their inputs, and the age of a
//! tenant's newest jobs.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension};

use super::readers::QueryError;
use super::reads::{decode_cursor, encode_cursor, report};
use super::rows::{column_count, columns, decode};
use super::shared::Core;
use crate::domain::job::JobRecord;
use crate::ports::store::{Due, Page, ReadError};

/// Most jobs of one page.
const MAX_LIMIT: usize = 1000;

/// Reads one page of jobs, oldest first. Damaged records are reported and left out.
///
/// # Errors
/// [`ReadError::InvalidCursor`], or an error of the database.
pub(super) fn page(
    conn: &Connection,
    core: &Core,
    due: Due,
    before_ms: i64,
    cursor: Option<&str>,
    limit: usize,
) -> Result<Page<JobRecord>, QueryError> {
    let limit = limit.clamp(1, MAX_LIMIT);
    let column = match due {
        Due::Ended => "ended_at",
        Due::Files => "files_at",
        Due::Inputs => "inputs_at",
    };
    let (at, row) = match cursor {
        None => (i64::MIN, i64::MIN),
        Some(cursor) => decode_cursor(cursor).ok_or(QueryError::Final(ReadError::InvalidCursor))?,
    };
    let sql = format!(
        "SELECT {}, {column}, row FROM jobs
         WHERE {column} IS NOT NULL AND {column} < ?1 AND ({column}, row) > (?2, ?3)
         ORDER BY {column}, row LIMIT ?4",
        columns::<JobRecord>()
    );
    let mut statement = conn.prepare_cached(&sql)?;
    let asked = i64::try_from(limit + 1).unwrap_or(i64::MAX);
    let mut rows = statement.query((before_ms, at, row, asked))?;
    let mut page = Page { items: Vec::new(), next_cursor: None };
    let (mut last, mut seen) = (None, 0);
    while let Some(row) = rows.next()? {
        if seen == limit {
            page.next_cursor = last.map(|(at, row)| encode_cursor(at, row));
            break;
        }
        seen += 1;
        let n = column_count::<JobRecord>();
        last = Some((row.get::<_, i64>(n)?, row.get::<_, i64>(n + 1)?));
        match decode::<JobRecord>(row)? {
            Ok(job) => page.items.push(job),
            Err(damage) => report(core, &damage),
        }
    }
    Ok(page)
}

/// Returns when the `nth` newest job of a tenant was created. Reads index entries only, as many as `nth`.
///
/// # Errors
/// An error of the database.
pub(super) fn nth_newest_job(
    conn: &Connection,
    tenant: &str,
    nth: u64,
) -> Result<Option<DateTime<Utc>>, QueryError> {
    let skip = i64::try_from(nth.saturating_sub(1)).unwrap_or(i64::MAX);
    let at: Option<i64> = conn
        .prepare_cached(
            "SELECT created_at FROM jobs WHERE tenant = ?1 ORDER BY created_at DESC LIMIT 1 OFFSET ?2",
        )?
        .query_row((tenant, skip), |row| row.get(0))
        .optional()?;
    Ok(at.and_then(DateTime::from_timestamp_millis))
}
