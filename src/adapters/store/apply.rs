//! Applies one prepared commit inside the open transaction: first all conditions are checked, then
//! everything is written, so that a refused commit leaves nothing to take back.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension};

use super::apply_job::write_job;
use super::heads::Heads;
use super::job_cache::Written;
use super::keys;
use super::prepare::{Prepared, PreparedEvent, PreparedWrite, Put};
use super::rows::table_of;
use super::{accounts, batches, usage, webhooks};
use crate::domain::audit::{Actor, AuditEvent};
use crate::domain::ids::TenantId;
use crate::domain::job::JobStatus;
use crate::ports::store::{Change, ChangedRecord, CommitError, Expect, Key, Receipt, Record};

/// Effects of an applied commit once it is durable.
pub(super) struct Applied {
    pub receipt: Receipt,
    pub changes: Vec<Change>,
    /// Jobs as they are now; their readable copies are behind.
    pub jobs: Vec<Written>,
}

/// The stored columns that conditions and writes check.
pub(super) struct Current {
    pub(super) row: i64,
    pub(super) version: u64,
    /// Of a job: status and place in the queue.
    pub(super) job: Option<(JobStatus, Option<i64>)>,
    /// Of a job: bytes of its content, while it counts.
    pub(super) bytes: Option<i64>,
}

/// Checks and writes one commit.
///
/// # Errors
/// Any error of the database, which stops the store; the inner error is the refusal of this commit alone.
pub(super) fn apply(
    conn: &Connection,
    heads: &mut Heads,
    now_ms: i64,
    commit: &Prepared,
) -> rusqlite::Result<Result<Applied, CommitError>> {
    if let Some(receipt) = receipt_of(conn, &commit.id)? {
        return Ok(Ok(Applied { receipt, changes: Vec::new(), jobs: Vec::new() }));
    }
    let mut current = Vec::with_capacity(commit.writes.len());
    for write in &commit.writes {
        let stored = load(conn, &write.key, now_ms)?;
        if let Some(conflict) = conflict(conn, write, stored.as_ref())? {
            return Ok(Err(conflict));
        }
        current.push(stored);
    }
    if let Some(bounds) = &commit.within {
        let held = |stored: &Current| (stored.bytes, stored.job.map(|job| job.0));
        let writes = commit.writes.iter().zip(current.iter().map(|stored| stored.as_ref().map(held)));
        let today = |most| usage::made_today(conn, &bounds.tenant_id, now_ms, most);
        if let Some(passed) = heads.usage.passed(
            bounds,
            writes,
            today,
            DateTime::from_timestamp_millis(now_ms).unwrap_or_default(),
        )? {
            return Ok(Err(CommitError::OverBound(passed)));
        }
        if let Some(bound) = &bounds.webhooks {
            let used = webhooks::count(conn, &bounds.tenant_id, bound.job_id.as_ref())?;
            if let Some(passed) = bound.passed(used, commit.new_webhooks()) {
                return Ok(Err(CommitError::OverBound(passed)));
            }
        }
    }
    heads.sequence += 1;
    let mut applied = Applied {
        receipt: Receipt { sequence: heads.sequence, versions: Vec::with_capacity(commit.writes.len()) },
        changes: Vec::with_capacity(commit.writes.len()),
        jobs: Vec::new(),
    };
    for (write, stored) in commit.writes.iter().zip(current) {
        let (change, queue_seq, version) = match &write.put {
            Some(put) => write_record(conn, heads, write, put, stored)?,
            None => (delete(conn, heads, &write.key, stored)?, None, expected(write.expect).unwrap_or(0)),
        };
        if let Key::Job(tenant, job_id) = &write.key {
            let record = match (&change.record, &write.put) {
                (ChangedRecord::Job(job), Some(put)) => Some((Arc::clone(job), put.json.len())),
                _ => None,
            };
            applied.jobs.push(Written { tenant: tenant.clone(), job_id: job_id.clone(), record, queue_seq });
        }
        applied.changes.push(change);
        applied.receipt.versions.push((write.key.clone(), version));
    }
    for event in &commit.audit {
        append_event(conn, heads, event)?;
    }
    conn.prepare_cached(
        "INSERT INTO commits (sequence, id, committed_at, versions) VALUES (?1, ?2, ?3, ?4)",
    )?
    .execute((
        heads.sequence.cast_signed(),
        &commit.id,
        now_ms,
        keys::encode_versions(&applied.receipt.versions),
    ))?;
    Ok(Ok(applied))
}

/// Returns the receipt of an applied commit.
///
/// # Errors
/// Any error of the database.
pub(super) fn receipt_of(conn: &Connection, id: &str) -> rusqlite::Result<Option<Receipt>> {
    conn.prepare_cached("SELECT sequence, versions FROM commits WHERE id = ?1")?
        .query_row([id], |row| {
            let versions: String = row.get(1)?;
            Ok(Receipt {
                sequence: row.get::<_, i64>(0)?.cast_unsigned(),
                versions: keys::decode_versions(&versions).unwrap_or_default(),
            })
        })
        .optional()
}

/// Appends one event to the chain.
fn append_event(conn: &Connection, heads: &mut Heads, event: &PreparedEvent) -> rusqlite::Result<()> {
    let seq = heads.audit_seq + 1;
    let (hash, json) = event.chain(seq, &heads.audit_hash);
    conn.prepare_cached("INSERT INTO audit (seq, json) VALUES (?1, ?2)")?
        .execute((seq.cast_signed(), json))?;
    heads.audit_seq = seq;
    heads.audit_hash = hash;
    Ok(())
}

/// Notes a damaged record, with its audit event.
///
/// # Errors
/// Any error of the database.
pub(super) fn quarantine(
    conn: &Connection,
    heads: &mut Heads,
    now: DateTime<Utc>,
    key: &Key,
    reason: &str,
) -> rusqlite::Result<()> {
    let name = keys::encode(key);
    let new = conn
        .prepare_cached(
            "INSERT INTO quarantine (key, reason, found_at) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
        )?
        .execute((&name, reason, now.timestamp_millis()))?;
    if new == 0 {
        return Ok(());
    }
    let tenant = match key {
        Key::Job(tenant, _) | Key::Tenant(tenant) => tenant.clone(),
        _ => TenantId::default_tenant(),
    };
    let event = AuditEvent {
        time: now,
        tenant,
        actor: Actor::system("store"),
        action: "record.quarantined".to_owned(),
        resource: resource(key),
        before: None,
        after: None,
        reason: Some(reason.to_owned()),
        trace_id: None,
        address: None,
        detail: serde_json::Value::Null,
    };
    append_event(conn, heads, &PreparedEvent::new(&event))
}

fn resource(key: &Key) -> String {
    match key {
        Key::Job(_, id) => format!("job:{id}"),
        Key::TaskCode(id) => format!("task_code:{id}"),
        Key::ApiKey(id) => format!("api_key:{id}"),
        Key::Idempotency(id) => format!("idempotency:{id}"),
        Key::Tenant(id) => format!("tenant:{id}"),
        Key::Webhook(id) => format!("webhook:{id}"),
        Key::Delivery(id) => format!("delivery:{id}"),
        Key::Cursor(name) => format!("cursor:{name}"),
        Key::Batch(id) => format!("batch:{id}"),
    }
}

fn expected(expect: Expect) -> Option<u64> {
    match expect {
        Expect::Absent | Expect::Import => None,
        Expect::Version(n) => Some(n),
    }
}

fn load(conn: &Connection, key: &Key, now_ms: i64) -> rusqlite::Result<Option<Current>> {
    let plain = |row: &rusqlite::Row<'_>| {
        Ok(Current {
            row: row.get(0)?,
            version: row.get::<_, i64>(1)?.cast_unsigned(),
            job: None,
            bytes: None,
        })
    };
    let named = |column: &str, name: &str| {
        conn.prepare_cached(&format!("SELECT row, version FROM {} WHERE {column} = ?1", table_of(key)))?
            .query_row([name], plain)
            .optional()
    };
    match key {
        Key::Job(tenant, id) => conn
            .prepare_cached(
                "SELECT row, version, status, queue_seq, bytes FROM jobs WHERE tenant = ?1 AND job_id = ?2",
            )?
            .query_row((tenant.as_str(), id.as_str()), |row| {
                let status: String = row.get(2)?;
                // a status that cannot be read counts as none, so that a damaged record can be replaced
                let status = JobStatus::ALL.into_iter().find(|s| s.as_str() == status);
                let queue_seq: Option<i64> = row.get(3)?;
                Ok(Current {
                    row: row.get(0)?,
                    version: row.get::<_, i64>(1)?.cast_unsigned(),
                    job: status.map(|status| (status, queue_seq)),
                    bytes: row.get(4)?,
                })
            })
            .optional(),
        Key::TaskCode(id) => named("code_id", id.as_str()),
        Key::ApiKey(id) => named("key_id", id.as_str()),
        Key::Tenant(id) => named("tenant", id.as_str()),
        Key::Webhook(id) => named("webhook_id", id.as_str()),
        Key::Delivery(id) => named("delivery_id", id.as_str()),
        Key::Cursor(name) => named("name", name),
        Key::Batch(id) => named("batch_id", id.as_str()),
        Key::Idempotency(id) => {
            let found = conn
                .prepare_cached("SELECT row, version, expires_at FROM idempotency WHERE key_sha256 = ?1")?
                .query_row([id.as_str()], |row| Ok((plain(row)?, row.get::<_, i64>(2)?)))
                .optional()?;
            match found {
                Some((current, expires_at)) if expires_at <= now_ms => {
                    conn.execute("DELETE FROM idempotency WHERE row = ?1", [current.row])?;
                    Ok(None)
                }
                other => Ok(other.map(|(current, _)| current)),
            }
        }
    }
}

/// Checks a write's condition; a task code's hash must also be free or its own.
fn conflict(
    conn: &Connection,
    write: &PreparedWrite,
    stored: Option<&Current>,
) -> rusqlite::Result<Option<CommitError>> {
    let (want, have) = (expected(write.expect), stored.map(|c| c.version));
    if want != have {
        return Ok(Some(CommitError::Conflict { key: write.key.clone(), expected: want, actual: have }));
    }
    if let Some(Put { record: Record::TaskCode(code), .. }) = &write.put {
        let other: Option<(i64, i64)> = conn
            .prepare_cached("SELECT row, version FROM task_codes WHERE code_sha256 = ?1")?
            .query_row([&code.code_sha256], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        if let Some((row, version)) = other
            && stored.is_none_or(|c| c.row != row)
        {
            let actual = Some(version.cast_unsigned());
            return Ok(Some(CommitError::Conflict { key: write.key.clone(), expected: want, actual }));
        }
    }
    Ok(None)
}

fn write_record(
    conn: &Connection,
    heads: &mut Heads,
    write: &PreparedWrite,
    put: &Put,
    stored: Option<Current>,
) -> rusqlite::Result<(Change, Option<u64>, u64)> {
    let row = stored.as_ref().map(|c| c.row);
    let (mut record, mut queue_seq) = (ChangedRecord::Other(write.key.clone()), None);
    let rows = match &put.record {
        Record::Job(job) => {
            record = ChangedRecord::Job(Arc::clone(job));
            queue_seq = write_job(conn, heads, job, put, stored)?;
            1
        }
        Record::TaskCode(r) => accounts::write_task_code(conn, row, r, put)?,
        Record::ApiKey(r) => accounts::write_api_key(conn, row, r, put)?,
        Record::Tenant(r) => accounts::write_tenant(conn, row, r, put)?,
        Record::Idempotency(r) => accounts::write_idempotency(conn, row, r, put)?,
        Record::Webhook(r) => webhooks::write_webhook(conn, row, r, put)?,
        Record::Delivery(r) => webhooks::write_delivery(conn, row, r, put)?,
        Record::Cursor(r) => webhooks::write_cursor(conn, row, r, put)?,
        Record::Batch(r) => batches::write(conn, row, r, put)?,
    };
    debug_assert_eq!(rows, 1, "a record is one row");
    let change = Change { sequence: heads.sequence, is_own: true, record };
    Ok((change, queue_seq, put.record.version()))
}

fn delete(
    conn: &Connection,
    heads: &mut Heads,
    key: &Key,
    stored: Option<Current>,
) -> rusqlite::Result<Change> {
    let stored = stored.expect("the condition of a deletion found the record");
    let table = table_of(key);
    conn.prepare_cached(&format!("DELETE FROM {table} WHERE row = ?1"))?.execute([stored.row])?;
    if let Key::Job(tenant, _) = key {
        heads.count(stored.job.map(|j| j.0), None);
        heads.usage.change(tenant, (stored.bytes, stored.job.map(|j| j.0)), (None, None));
    }
    Ok(Change { sequence: heads.sequence, is_own: true, record: ChangedRecord::Deleted(key.clone()) })
}
