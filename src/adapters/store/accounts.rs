//! The rows of task codes, API keys, tenants and idempotency keys.

use rusqlite::Connection;

use super::prepare::Put;
use crate::domain::credential::{ApiKeyRecord, IdempotencyRecord, TaskCodeRecord};
use crate::domain::tenant::TenantRecord;

/// Writes a task code over the row that it has.
///
/// # Errors
/// Any error of the database.
pub(super) fn write_task_code(
    conn: &Connection,
    row: Option<i64>,
    r: &TaskCodeRecord,
    put: &Put,
) -> rusqlite::Result<usize> {
    conn.prepare_cached(
        "INSERT INTO task_codes (row, code_id, tenant, code_sha256, version, created_at, checksum, json)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (row) DO UPDATE SET
         tenant = ?3, code_sha256 = ?4, version = ?5, created_at = ?6, checksum = ?7, json = ?8",
    )?
    .execute((
        row,
        r.code_id.as_str(),
        r.tenant_id.as_str(),
        &r.code_sha256,
        r.version.cast_signed(),
        r.created_at.timestamp_millis(),
        &put.checksum,
        &put.json,
    ))
}

/// Writes an API key over the row that it has.
///
/// # Errors
/// Any error of the database.
pub(super) fn write_api_key(
    conn: &Connection,
    row: Option<i64>,
    r: &ApiKeyRecord,
    put: &Put,
) -> rusqlite::Result<usize> {
    conn.prepare_cached(
        "INSERT INTO api_keys (row, key_id, tenant, version, created_at, checksum, json)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (row) DO UPDATE SET
         tenant = ?3, version = ?4, created_at = ?5, checksum = ?6, json = ?7",
    )?
    .execute((
        row,
        r.key_id.as_str(),
        r.tenant_id.as_str(),
        r.version.cast_signed(),
        r.created_at.timestamp_millis(),
        &put.checksum,
        &put.json,
    ))
}

/// Writes a tenant over the row that it has.
///
/// # Errors
/// Any error of the database.
pub(super) fn write_tenant(
    conn: &Connection,
    row: Option<i64>,
    r: &TenantRecord,
    put: &Put,
) -> rusqlite::Result<usize> {
    conn.prepare_cached(
        "INSERT INTO tenants (row, tenant, version, checksum, json) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (row) DO UPDATE SET version = ?3, checksum = ?4, json = ?5",
    )?
    .execute((row, r.tenant_id.as_str(), r.version.cast_signed(), &put.checksum, &put.json))
}

/// Writes an idempotency key over the row that it has.
///
/// # Errors
/// Any error of the database.
pub(super) fn write_idempotency(
    conn: &Connection,
    row: Option<i64>,
    r: &IdempotencyRecord,
    put: &Put,
) -> rusqlite::Result<usize> {
    conn.prepare_cached(
        "INSERT INTO idempotency (row, key_sha256, version, expires_at, checksum, json)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (row) DO UPDATE SET
         version = ?3, expires_at = ?4, checksum = ?5, json = ?6",
    )?
    .execute((
        row,
        &r.key_sha256,
        r.version.cast_signed(),
        r.expires_at.timestamp_millis(),
        &put.checksum,
        &put.json,
    ))
}
