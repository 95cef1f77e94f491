//! Reads stored records back: checks the checksum, parses the record and compares it with its columns.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Row};
use serde::de::DeserializeOwned;

use super::loss::BEHIND;
use super::prepare::checksum;
use super::shared::Core;
use crate::domain::batch::BatchRecord;
use crate::domain::credential::{ApiKeyRecord, IdempotencyRecord, TaskCodeRecord};
use crate::domain::job::{JobRecord, SCHEMA_VERSION};
use crate::domain::tenant::TenantRecord;
use crate::domain::webhook::{CursorRecord, DeliveryRecord, WebhookRecord};
use crate::ports::store::Key;

/// A record type and the table that holds it.
pub(in crate::adapters) trait Stored: DeserializeOwned + Send + 'static {
    const TABLE: &'static str;
    /// Columns that name a record, in the order of [`Stored::name`].
    const NAMES: &'static [&'static str];

    /// Returns the record's name as its columns hold it, with its version.
    fn name(&self) -> (Vec<&str>, u64);
    /// Returns the name from the columns, for the report of a damaged record.
    fn key(names: &[String]) -> Option<Key>;
    /// Returns what [`Stored::CHECKED`] must hold.
    fn checked(&self) -> Option<&str> {
        None
    }
    /// True if the record, which is whole, was written in a newer form than this release knows.
    fn is_newer(_json: &[u8]) -> bool {
        false
    }
    /// Another column that decides what becomes of the record; it follows `json` in the row.
    const CHECKED: Option<&'static str> = None;
}

impl Stored for JobRecord {
    const TABLE: &'static str = "jobs";
    const NAMES: &'static [&'static str] = &["tenant", "job_id"];
    const CHECKED: Option<&'static str> = Some("status");

    fn name(&self) -> (Vec<&str>, u64) {
        (vec![self.tenant_id.as_str(), self.job_id.as_str()], self.version)
    }
    fn key(names: &[String]) -> Option<Key> {
        let [tenant, job_id] = names else { return None };
        Some(Key::Job(tenant.parse().ok()?, job_id.parse().ok()?))
    }
    fn is_newer(json: &[u8]) -> bool {
        #[derive(serde::Deserialize)]
        struct Stated {
            schema_version: u64,
        }
        // records of this release begin with their schema version, which spares a second parse
        let usual = format!("{{\"schema_version\":{SCHEMA_VERSION},");
        !json.starts_with(usual.as_bytes())
            && serde_json::from_slice::<Stated>(json)
                .is_ok_and(|stated| stated.schema_version > SCHEMA_VERSION.into())
    }
    fn checked(&self) -> Option<&str> {
        Some(self.status.as_str())
    }
}

impl Stored for TaskCodeRecord {
    const TABLE: &'static str = "task_codes";
    const NAMES: &'static [&'static str] = &["code_id"];
    const CHECKED: Option<&'static str> = Some("code_sha256");

    fn name(&self) -> (Vec<&str>, u64) {
        (vec![self.code_id.as_str()], self.version)
    }
    fn key(names: &[String]) -> Option<Key> {
        Some(Key::TaskCode(names.first()?.parse().ok()?))
    }
    fn checked(&self) -> Option<&str> {
        Some(&self.code_sha256)
    }
}

impl Stored for ApiKeyRecord {
    const TABLE: &'static str = "api_keys";
    const NAMES: &'static [&'static str] = &["key_id"];

    fn name(&self) -> (Vec<&str>, u64) {
        (vec![self.key_id.as_str()], self.version)
    }
    fn key(names: &[String]) -> Option<Key> {
        Some(Key::ApiKey(names.first()?.parse().ok()?))
    }
}

impl Stored for IdempotencyRecord {
    const TABLE: &'static str = "idempotency";
    const NAMES: &'static [&'static str] = &["key_sha256"];

    fn name(&self) -> (Vec<&str>, u64) {
        (vec![self.key_sha256.as_str()], self.version)
    }
    fn key(names: &[String]) -> Option<Key> {
        Some(Key::Idempotency(names.first()?.clone()))
    }
}

impl Stored for TenantRecord {
    const TABLE: &'static str = "tenants";
    const NAMES: &'static [&'static str] = &["tenant"];

    fn name(&self) -> (Vec<&str>, u64) {
        (vec![self.tenant_id.as_str()], self.version)
    }
    fn key(names: &[String]) -> Option<Key> {
        Some(Key::Tenant(names.first()?.parse().ok()?))
    }
}

impl Stored for WebhookRecord {
    const TABLE: &'static str = "webhooks";
    const NAMES: &'static [&'static str] = &["webhook_id"];

    fn name(&self) -> (Vec<&str>, u64) {
        (vec![self.webhook_id.as_str()], self.version)
    }
    fn key(names: &[String]) -> Option<Key> {
        Some(Key::Webhook(names.first()?.parse().ok()?))
    }
}

impl Stored for DeliveryRecord {
    const TABLE: &'static str = "deliveries";
    const NAMES: &'static [&'static str] = &["delivery_id"];

    fn name(&self) -> (Vec<&str>, u64) {
        (vec![self.delivery_id.as_str()], self.version)
    }
    fn key(names: &[String]) -> Option<Key> {
        Some(Key::Delivery(names.first()?.parse().ok()?))
    }
}

impl Stored for CursorRecord {
    const TABLE: &'static str = "cursors";
    const NAMES: &'static [&'static str] = &["name"];

    fn name(&self) -> (Vec<&str>, u64) {
        (vec![self.name.as_str()], self.version)
    }
    fn key(names: &[String]) -> Option<Key> {
        Some(Key::Cursor(names.first()?.clone()))
    }
}

impl Stored for BatchRecord {
    const TABLE: &'static str = "batches";
    const NAMES: &'static [&'static str] = &["batch_id"];

    fn name(&self) -> (Vec<&str>, u64) {
        (vec![self.batch_id.as_str()], self.version)
    }
    fn key(names: &[String]) -> Option<Key> {
        Some(Key::Batch(names.first()?.parse().ok()?))
    }
}

/// A damaged record: its name, where the columns still hold one, and what is wrong.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::adapters) struct Damage {
    pub key: Option<Key>,
    pub reason: &'static str,
    /// It is whole, and written by a newer release.
    pub newer: bool,
}

/// Returns the columns that [`decode`] reads, in its order.
pub(in crate::adapters) fn columns<T: Stored>() -> String {
    let mut list: Vec<&str> = T::NAMES.to_vec();
    list.extend(["version", "checksum", "json"]);
    list.extend(T::CHECKED);
    list.join(", ")
}

/// Number of columns that [`decode`] reads.
pub(in crate::adapters) fn column_count<T: Stored>() -> usize {
    T::NAMES.len() + 3 + usize::from(T::CHECKED.is_some())
}

/// Reads one record out of a row that starts with [`columns`].
///
/// # Errors
/// Any error of the database; the inner error is a damaged record.
pub(super) fn decode<T: Stored>(row: &Row<'_>) -> rusqlite::Result<Result<T, Damage>> {
    let n = T::NAMES.len();
    let mut names = Vec::with_capacity(n);
    for i in 0..n {
        names.push(
            bytes(row.get_ref(i)?).map(|b| String::from_utf8_lossy(b).into_owned()).unwrap_or_default(),
        );
    }
    let damaged = |reason| Ok(Err(Damage { key: T::key(&names), reason, newer: false }));
    let (Some(checksum), Some(json)) = (bytes(row.get_ref(n + 1)?), bytes(row.get_ref(n + 2)?)) else {
        return damaged("columns have the wrong type");
    };
    let version = row.get_ref(n)?.as_i64().unwrap_or(-1);
    let checked = T::CHECKED.map(|_| row.get_ref(n + 3)).transpose()?.and_then(bytes);
    Ok(read(&Columns { names: &names, version, checksum, json, checked }))
}

/// The columns of one stored record.
pub(in crate::adapters) struct Columns<'a> {
    pub names: &'a [String],
    pub version: i64,
    pub checksum: &'a [u8],
    pub json: &'a [u8],
    /// The column [`Stored::CHECKED`], if there is one and it holds a text.
    pub checked: Option<&'a [u8]>,
}

/// Reads one record out of its columns.
///
/// # Errors
/// A damaged record.
pub(in crate::adapters) fn read<T: Stored>(columns: &Columns<'_>) -> Result<T, Damage> {
    let damage = |reason, newer| Damage { key: T::key(columns.names), reason, newer };
    if checksum(columns.json) != columns.checksum {
        return Err(damage("the checksum does not match", false));
    }
    if T::is_newer(columns.json) {
        let reason = "the record has a schema version that is newer than this release knows";
        return Err(damage(reason, true));
    }
    let record: T = serde_json::from_slice(columns.json)
        .map_err(|_| damage("the record cannot be read by this release", false))?;
    let (names, version) = record.name();
    let agrees = names == columns.names
        && version.cast_signed() == columns.version
        && record.checked().is_none_or(|own| columns.checked == Some(own.as_bytes()));
    if agrees { Ok(record) } else { Err(damage("the columns do not match the record", false)) }
}

fn bytes(value: ValueRef<'_>) -> Option<&[u8]> {
    match value {
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Some(bytes),
        _ => None,
    }
}

/// Finds one record by columns that hold texts.
///
/// # Errors
/// As [`decode`].
pub(super) fn find<T: Stored>(
    conn: &Connection,
    by: &[&str],
    values: &[&str],
) -> rusqlite::Result<Option<Result<T, Damage>>> {
    let conditions: Vec<String> = by.iter().enumerate().map(|(i, c)| format!("{c} = ?{}", i + 1)).collect();
    let sql = format!("SELECT {} FROM {} WHERE {}", columns::<T>(), T::TABLE, conditions.join(" AND "));
    conn.prepare_cached(&sql)?.query_row(rusqlite::params_from_iter(values), decode::<T>).optional()
}

/// Returns the name of a record that was read.
pub(in crate::adapters) fn key_of<T: Stored>(record: &T) -> Option<Key> {
    let (names, _) = record.name();
    T::key(&names.into_iter().map(str::to_owned).collect::<Vec<_>>())
}

/// Returns the damage of a record that was read whole but is kept from readers.
pub(super) fn withheld<T: Stored>(core: &Core, record: &T) -> Option<Damage> {
    let key = key_of(record).filter(|key| core.is_withheld(key))?;
    Some(Damage { key: Some(key), reason: BEHIND, newer: false })
}

/// Returns the table that holds a record.
pub(in crate::adapters) fn table_of(key: &Key) -> &'static str {
    match key {
        Key::Job(..) => JobRecord::TABLE,
        Key::TaskCode(_) => TaskCodeRecord::TABLE,
        Key::ApiKey(_) => ApiKeyRecord::TABLE,
        Key::Idempotency(_) => IdempotencyRecord::TABLE,
        Key::Tenant(_) => TenantRecord::TABLE,
        Key::Webhook(_) => WebhookRecord::TABLE,
        Key::Delivery(_) => DeliveryRecord::TABLE,
        Key::Cursor(_) => CursorRecord::TABLE,
        Key::Batch(_) => BatchRecord::TABLE,
    }
}
