//! The tables of webhooks: how their rows are written and listed.

use rusqlite::Connection;

use super::prepare::Put;
use super::readers::QueryError;
use super::reads::{self, Conditions};
use super::rows::columns;
use super::shared::Core;
use crate::domain::ids::{JobId, TenantId, WebhookId};
use crate::domain::webhook::{CursorRecord, DeliveryRecord, WebhookRecord};
use crate::ports::store::{Page, WebhookScope};

/// Most rows of a list.
const MAX_LIMIT: usize = 10_000;

/// Writes an endpoint over the row that it has.
///
/// # Errors
/// Any error of the database.
pub(super) fn write_webhook(
    conn: &Connection,
    row: Option<i64>,
    r: &WebhookRecord,
    put: &Put,
) -> rusqlite::Result<usize> {
    conn.prepare_cached(
        "INSERT INTO webhooks (row, webhook_id, tenant, job_id, version, created_at, checksum, json)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (row) DO UPDATE SET
         tenant = ?3, job_id = ?4, version = ?5, created_at = ?6, checksum = ?7, json = ?8",
    )?
    .execute((
        row,
        r.webhook_id.as_str(),
        r.tenant_id.as_str(),
        r.job_id.as_ref().map_or("", |id| id.as_str()),
        r.version.cast_signed(),
        r.created_at.timestamp_millis(),
        &put.checksum,
        &put.json,
    ))
}

/// Writes a delivery over the row that it has.
///
/// # Errors
/// Any error of the database.
pub(super) fn write_delivery(
    conn: &Connection,
    row: Option<i64>,
    r: &DeliveryRecord,
    put: &Put,
) -> rusqlite::Result<usize> {
    conn.prepare_cached(
        "INSERT INTO deliveries (row, delivery_id, webhook_id, version, created_at, due_at, checksum, json)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (row) DO UPDATE SET
         webhook_id = ?3, version = ?4, created_at = ?5, due_at = ?6, checksum = ?7, json = ?8",
    )?
    .execute((
        row,
        r.delivery_id.as_str(),
        r.webhook_id.as_str(),
        r.version.cast_signed(),
        r.created_at.timestamp_millis(),
        r.due_at.map(|at| at.timestamp_millis()),
        &put.checksum,
        &put.json,
    ))
}

/// Writes a position over the row that it has.
///
/// # Errors
/// Any error of the database.
pub(super) fn write_cursor(
    conn: &Connection,
    row: Option<i64>,
    r: &CursorRecord,
    put: &Put,
) -> rusqlite::Result<usize> {
    conn.prepare_cached(
        "INSERT INTO cursors (row, name, version, checksum, json) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (row) DO UPDATE SET version = ?3, checksum = ?4, json = ?5",
    )?
    .execute((row, &r.name, r.version.cast_signed(), &put.checksum, &put.json))
}

/// Reads the endpoints of a tenant, or of all, oldest first.
///
/// # Errors
/// Any error of the database.
pub(super) fn webhooks(
    conn: &Connection,
    core: &Core,
    tenant: Option<&TenantId>,
    scope: &WebhookScope,
    limit: usize,
) -> Result<Vec<WebhookRecord>, QueryError> {
    let job = match scope {
        WebhookScope::All => None,
        WebhookScope::Tenant => Some(""),
        WebhookScope::Job(job_id) => Some(job_id.as_str()),
    };
    let mut given: Vec<(&str, &str)> = Vec::new();
    given.extend(tenant.map(|tenant| ("tenant = ?", tenant.as_str())));
    given.extend(job.map(|job| ("job_id = ?", job)));
    let conditions: Vec<&str> = given.iter().map(|(condition, _)| *condition).collect();
    let filter = match conditions.is_empty() {
        true => String::new(),
        false => format!("WHERE {}", conditions.join(" AND ")),
    };
    let sql = format!(
        "SELECT {} FROM webhooks {filter} ORDER BY created_at, row LIMIT {}",
        columns::<WebhookRecord>(),
        limit.min(MAX_LIMIT)
    );
    reads::all(conn, core, &sql, rusqlite::params_from_iter(given.iter().map(|(_, value)| *value)))
}

/// Counts the endpoints of a tenant that receive the events of every job, or those of one job.
///
/// # Errors
/// Any error of the database.
pub(super) fn count(conn: &Connection, tenant: &TenantId, job_id: Option<&JobId>) -> rusqlite::Result<u64> {
    conn.prepare_cached("SELECT count(*) FROM webhooks WHERE tenant = ?1 AND job_id = ?2")?
        .query_row((tenant.as_str(), job_id.map_or("", JobId::as_str)), |row| {
            row.get(0).map(i64::cast_unsigned)
        })
}

/// Reads the endpoints with pending deliveries, oldest first.
///
/// # Errors
/// Any error of the database.
pub(super) fn pending_webhooks(conn: &Connection, core: &Core) -> Result<Vec<WebhookRecord>, QueryError> {
    let sql = format!(
        "SELECT {} FROM webhooks WHERE EXISTS (SELECT 1 FROM deliveries d
         WHERE d.webhook_id = webhooks.webhook_id AND d.due_at IS NOT NULL) ORDER BY created_at, row",
        columns::<WebhookRecord>()
    );
    reads::all(conn, core, &sql, [])
}

/// Reads one page of the deliveries to an endpoint, newest first.
///
/// # Errors
/// [`crate::ports::store::ReadError::InvalidCursor`], or an error of the database.
pub(super) fn deliveries(
    conn: &Connection,
    core: &Core,
    webhook_id: &WebhookId,
    cursor: Option<&str>,
    limit: usize,
) -> Result<Page<DeliveryRecord>, QueryError> {
    let conditions = Conditions::default().with("webhook_id = ?", Some(webhook_id.to_string()));
    reads::page(conn, core, conditions, cursor, limit)
}

/// Reads the pending deliveries to an endpoint, by the time of their next attempt.
///
/// # Errors
/// Any error of the database.
pub(super) fn pending(
    conn: &Connection,
    core: &Core,
    webhook_id: &WebhookId,
    limit: usize,
) -> Result<Vec<DeliveryRecord>, QueryError> {
    let sql = format!(
        "SELECT {} FROM deliveries WHERE webhook_id = ?1 AND due_at IS NOT NULL ORDER BY due_at, row LIMIT {}",
        columns::<DeliveryRecord>(),
        limit.min(MAX_LIMIT)
    );
    reads::all(conn, core, &sql, [webhook_id.as_str()])
}

/// Reads deliveries that were made before a time and have no later attempt, oldest first.
///
/// # Errors
/// Any error of the database.
pub(super) fn old(
    conn: &Connection,
    core: &Core,
    before_ms: i64,
    limit: usize,
) -> Result<Vec<DeliveryRecord>, QueryError> {
    let sql = format!(
        "SELECT {} FROM deliveries WHERE created_at < ?1 AND (due_at IS NULL OR due_at < ?1) ORDER BY created_at, row LIMIT {}",
        columns::<DeliveryRecord>(),
        limit.min(MAX_LIMIT)
    );
    reads::all(conn, core, &sql, [before_ms])
}
