//! The queries of the store: single records, lists in pages, the queue and the audit chain.

use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::DateTime;
use rusqlite::types::Value;
use rusqlite::{Connection, ErrorCode, OptionalExtension};

use super::loss::BEHIND;
use super::readers::QueryError;
use super::rows::{Damage, Stored, column_count, columns, decode, withheld};
use super::shared::Core;
use crate::domain::audit::ChainedEvent;
use crate::domain::ids::{JobId, TenantId};
use crate::domain::job::{JobRecord, JobStatus};
use crate::ports::store::{JobFilter, Key, Page, QueuedJob, ReadError};

/// Most items of one page or of one read of the queue.
const MAX_LIMIT: usize = 10_000;

/// Conditions of a list, with the values they bind.
#[derive(Default)]
pub(super) struct Conditions {
    sql: Vec<&'static str>,
    values: Vec<Value>,
}

impl Conditions {
    /// Adds a condition with one value.
    pub(super) fn with(mut self, sql: &'static str, value: Option<impl Into<Value>>) -> Self {
        if let Some(value) = value {
            self.sql.push(sql);
            self.values.push(value.into());
        }
        self
    }

    /// Returns the conditions of a list of jobs.
    pub(super) fn of_jobs(filter: &JobFilter) -> Self {
        Self { sql: vec!["batch_id IS NULL"], values: Vec::new() }
            .with("tenant = ?", filter.tenant.as_ref().map(|t| t.as_str().to_owned()))
            .with("status = ?", filter.status.map(|s| s.as_str().to_owned()))
            .with("client_ref = ?", filter.client_ref.clone())
            .with("created_at > ?", filter.created_after.map(|t| t.timestamp_millis()))
            .with("created_at < ?", filter.created_before.map(|t| t.timestamp_millis()))
    }
}

/// Reads one page, newest first. Damaged records are reported and left out.
///
/// # Errors
/// [`ReadError::InvalidCursor`], or an error of the database.
pub(super) fn page<T: Stored>(
    conn: &Connection,
    core: &Core,
    conditions: Conditions,
    cursor: Option<&str>,
    limit: usize,
) -> Result<Page<T>, QueryError> {
    page_of::<T, T>(conn, core, conditions, (cursor, limit), |row| sound::<T>(core, row))
}

/// Reads one page of jobs, newest first. A job that is in memory in the row's version is not parsed again: the jobs
/// that people list are mostly those that they read. Damaged records are reported and left out.
///
/// # Errors
/// As [`page`].
pub(super) fn jobs_page(
    conn: &Connection,
    core: &Core,
    filter: &JobFilter,
) -> Result<Page<Arc<JobRecord>>, QueryError> {
    let place = (filter.cursor.as_deref(), filter.limit);
    page_of::<JobRecord, _>(conn, core, Conditions::of_jobs(filter), place, |row| {
        match remembered(core, row).filter(|job| withheld(core, job.as_ref()).is_none()) {
            Some(job) => Ok(Ok(job)),
            None => Ok(sound::<JobRecord>(core, row)?.map(Arc::new)),
        }
    })
}

/// The job of a row, if it is in memory in the row's version.
fn remembered(core: &Core, row: &rusqlite::Row<'_>) -> Option<Arc<JobRecord>> {
    let text = |at: usize| row.get_ref(at).ok()?.as_str().ok();
    let version = row.get_ref(JobRecord::NAMES.len()).ok()?.as_i64().ok()?;
    core.cache.of_version(text(0)?, text(1)?, version.cast_unsigned())
}

/// Reads one page of what `read` makes of the rows of a table.
fn page_of<T: Stored, R>(
    conn: &Connection,
    core: &Core,
    mut conditions: Conditions,
    (cursor, limit): (Option<&str>, usize),
    read: impl Fn(&rusqlite::Row<'_>) -> rusqlite::Result<Result<R, Damage>>,
) -> Result<Page<R>, QueryError> {
    let limit = limit.clamp(1, MAX_LIMIT);
    if let Some(cursor) = cursor {
        let (created_at, row) = decode_cursor(cursor).ok_or(QueryError::Final(ReadError::InvalidCursor))?;
        conditions.sql.push("(created_at, row) < (?, ?)");
        conditions.values.extend([Value::from(created_at), Value::from(row)]);
    }
    let filter = match conditions.sql.is_empty() {
        true => String::new(),
        false => format!("WHERE {}", conditions.sql.join(" AND ")),
    };
    let sql = format!(
        "SELECT {}, created_at, row FROM {} {filter} ORDER BY created_at DESC, row DESC LIMIT {}",
        columns::<T>(),
        T::TABLE,
        limit + 1,
    );
    let mut statement = conn.prepare_cached(&sql)?;
    let mut rows = statement.query(rusqlite::params_from_iter(conditions.values))?;
    let mut page = Page { items: Vec::new(), next_cursor: None };
    let mut last = None;
    let mut seen = 0;
    while let Some(row) = rows.next()? {
        if seen == limit {
            page.next_cursor = last.map(|(created_at, row)| encode_cursor(created_at, row));
            break;
        }
        seen += 1;
        let n = column_count::<T>();
        last = Some((row.get::<_, i64>(n)?, row.get::<_, i64>(n + 1)?));
        match read(row)? {
            Ok(item) => page.items.push(item),
            Err(damage) => report(core, &damage),
        }
    }
    Ok(page)
}

/// Reads a record that is neither damaged nor withheld.
pub(super) fn sound<T: Stored>(core: &Core, row: &rusqlite::Row<'_>) -> rusqlite::Result<Result<T, Damage>> {
    Ok(decode::<T>(row)?.and_then(|record| match withheld(core, &record) {
        Some(damage) => Err(damage),
        None => Ok(record),
    }))
}

pub(super) fn report(core: &Core, damage: &Damage) {
    match &damage.key {
        Some(key) if damage.newer => {
            tracing::error!(
                event = "SS_RECORD_NEWER",
                ?key,
                "a stored record was written by a newer release"
            );
        }
        Some(key) => core.report_damage(key, damage.reason),
        None => tracing::error!(
            event = "SS_RECORD_DAMAGED",
            damage.reason,
            "a damaged record has no readable name"
        ),
    }
}

pub(in crate::adapters) fn encode_cursor(created_at: i64, row: i64) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(format!("{created_at}.{row}"))
}

pub(in crate::adapters) fn decode_cursor(cursor: &str) -> Option<(i64, i64)> {
    let text = String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
    let (created_at, row) = text.split_once('.')?;
    Some((created_at.parse().ok()?, row.parse().ok()?))
}

/// Reads queued jobs after a place, in order.
///
/// # Errors
/// An error of the database.
pub(super) fn queued(conn: &Connection, after: u64, limit: usize) -> Result<Vec<QueuedJob>, QueryError> {
    let mut statement = conn.prepare_cached(
        "SELECT queue_seq, ready_at, tenant, job_id, batch_id FROM jobs WHERE queue_seq > ?1
         ORDER BY queue_seq LIMIT ?2",
    )?;
    let limit = i64::try_from(limit.min(MAX_LIMIT)).unwrap_or(i64::MAX);
    let mut rows = statement.query((i64::try_from(after).unwrap_or(i64::MAX), limit))?;
    let mut jobs = Vec::new();
    while let Some(row) = rows.next()? {
        let (tenant, job_id): (String, String) = (row.get(2)?, row.get(3)?);
        let (Ok(tenant), Ok(job_id)) = (TenantId::parse(tenant), JobId::parse(job_id)) else {
            tracing::error!(event = "SS_RECORD_DAMAGED", "a queued job has no readable name and is left out");
            continue;
        };
        let ready_at: Option<i64> = row.get(1)?;
        let batch_id: Option<String> = row.get(4)?;
        jobs.push(QueuedJob {
            tenant,
            job_id,
            queue_seq: row.get::<_, i64>(0)?.cast_unsigned(),
            ready_at: ready_at.and_then(DateTime::from_timestamp_millis).unwrap_or_default(),
            batch_id: batch_id.and_then(|id| id.parse().ok()),
        });
    }
    Ok(jobs)
}

/// The jobs with one id, with the sizes of their serialised records.
pub(super) struct JobsWithId {
    pub jobs: Vec<(Arc<JobRecord>, usize)>,
    /// False if a damaged one was left out.
    pub complete: bool,
}

/// Reads the jobs with an id in every tenant.
///
/// # Errors
/// The damage of the job that is `asked` for, or an error of the database.
pub(super) fn jobs_with_id(
    conn: &Connection,
    core: &Core,
    job_id: &JobId,
    asked: Option<&Key>,
) -> Result<JobsWithId, QueryError> {
    let sql = format!("SELECT {}, length(json) FROM jobs WHERE job_id = ?1", columns::<JobRecord>());
    let mut statement = conn.prepare_cached(&sql)?;
    let mut rows = statement.query([job_id.as_str()])?;
    let mut found = JobsWithId { jobs: Vec::new(), complete: true };
    while let Some(row) = rows.next()? {
        match sound::<JobRecord>(core, row)? {
            Ok(job) => {
                let bytes: i64 = row.get(column_count::<JobRecord>())?;
                found.jobs.push((Arc::new(job), usize::try_from(bytes).unwrap_or(usize::MAX)));
            }
            Err(damage) if asked.is_some() && damage.key.as_ref() == asked => return Err(damage.into()),
            Err(damage) => {
                report(core, &damage);
                found.complete = false;
            }
        }
    }
    // Every commit of it may be among those that were lost.
    if let Some(key) = core.withheld_job(job_id).filter(|_| found.jobs.is_empty()) {
        return Err(Damage { key: Some(key), reason: BEHIND, newer: false }.into());
    }
    Ok(found)
}

/// Counts the jobs queued before one.
///
/// # Errors
/// An error of the database.
pub(super) fn queue_position(
    conn: &Connection,
    tenant: &str,
    job_id: &str,
) -> Result<Option<u64>, QueryError> {
    let seq: Option<Option<i64>> = conn
        .prepare_cached("SELECT queue_seq FROM jobs WHERE tenant = ?1 AND job_id = ?2")?
        .query_row((tenant, job_id), |row| row.get(0))
        .optional()?;
    let Some(Some(seq)) = seq else { return Ok(None) };
    let before: i64 = conn
        .prepare_cached("SELECT COUNT(*) FROM jobs WHERE queue_seq < ?1")?
        .query_row([seq], |row| row.get(0))?;
    Ok(Some(before.cast_unsigned()))
}

/// Reads every running job. A damaged record or page costs the jobs on it, never the others.
///
/// # Errors
/// An error of the database other than damage.
pub(super) fn running(conn: &Connection, core: &Core) -> Result<Vec<JobRecord>, QueryError> {
    let sql = format!("SELECT {} FROM jobs WHERE row = ?1", columns::<JobRecord>());
    let mut one = conn.prepare_cached(&sql)?;
    let mut jobs = Vec::new();
    for row in running_rows(conn)? {
        match one.query_row([row], |row| sound::<JobRecord>(core, row)).optional() {
            // What ended in the meantime needs nobody.
            Ok(Some(Ok(job))) if job.status == JobStatus::Running => jobs.push(job),
            Ok(Some(Ok(_)) | None) => {}
            Ok(Some(Err(damage))) => report(core, &damage),
            Err(error) if is_damage(&error) => damaged_page(&error),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(jobs)
}

/// Reads every job with an upload session that is open at a time, in milliseconds of Unix time.
///
/// # Errors
/// An error of the database.
pub(super) fn with_uploads(
    conn: &Connection,
    core: &Core,
    now_ms: i64,
) -> Result<Vec<JobRecord>, QueryError> {
    let sql = format!("SELECT {} FROM jobs WHERE uploads_at > ?1", columns::<JobRecord>());
    all(conn, core, &sql, [now_ms])
}

fn running_rows(conn: &Connection) -> rusqlite::Result<Vec<i64>> {
    let mut statement =
        conn.prepare_cached("SELECT row FROM jobs WHERE status = 'running' ORDER BY created_at, row")?;
    let mut rows = statement.query([])?;
    let mut found = Vec::new();
    loop {
        match rows.next() {
            Ok(Some(row)) => found.push(row.get(0)?),
            Ok(None) => return Ok(found),
            Err(error) if is_damage(&error) => {
                damaged_page(&error);
                return Ok(found);
            }
            Err(error) => return Err(error),
        }
    }
}

fn is_damage(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::DatabaseCorrupt)
}

fn damaged_page(error: &rusqlite::Error) {
    tracing::error!(event = "SS_RECORD_DAMAGED", %error, "a page of the database is damaged");
}

/// Reads every record that a statement finds; damaged ones are reported and left out.
///
/// # Errors
/// An error of the database.
pub(super) fn all<T: Stored, P: rusqlite::Params>(
    conn: &Connection,
    core: &Core,
    sql: &str,
    params: P,
) -> Result<Vec<T>, QueryError> {
    let mut statement = conn.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    let mut items = Vec::new();
    while let Some(row) = rows.next()? {
        match sound::<T>(core, row)? {
            Ok(item) => items.push(item),
            Err(damage) => report(core, &damage),
        }
    }
    Ok(items)
}

/// Reads the stored JSON of events after a sequence, in order.
///
/// # Errors
/// An error of the database.
pub(super) fn audit_json(
    conn: &Connection,
    after: u64,
    limit: usize,
) -> rusqlite::Result<Vec<(u64, String)>> {
    let limit = i64::try_from(limit.min(MAX_LIMIT)).unwrap_or(i64::MAX);
    conn.prepare_cached("SELECT seq, json FROM audit WHERE seq > ?1 ORDER BY seq LIMIT ?2")?
        .query_map((i64::try_from(after).unwrap_or(i64::MAX), limit), |row| {
            // damaged text stays visible: verification must find it, not skip it
            let text = row.get_ref(1)?.as_bytes().map(|b| String::from_utf8_lossy(b).into_owned());
            Ok((row.get::<_, i64>(0)?.cast_unsigned(), text.unwrap_or_default()))
        })?
        .collect()
}

/// Reads chained events after a sequence, in order.
///
/// # Errors
/// `Stopped` naming the event that cannot be read, or an error of the database.
pub(super) fn audit_events(
    conn: &Connection,
    after: u64,
    limit: usize,
) -> Result<Vec<ChainedEvent>, QueryError> {
    audit_json(conn, after, limit)?
        .into_iter()
        .map(|(seq, json)| {
            serde_json::from_str(&json).map_err(|_| super::audit_query::damaged(seq.cast_signed()))
        })
        .collect()
}
